//! Schemas change while sessions live: what a deploy, a rolling deploy and a roll-back do to them.

#![allow(
    clippy::unwrap_used,
    reason = "the lint knows tests, but not what they call"
)]

#[path = "../support/mod.rs"]
mod support;
mod v1;
mod v2;

use std::future::Future;

use axum::Router;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use session::{SessionSchema, Typed};
use support::Site;

/// An application of one handler, in the process that begins now.
async fn run<S, F, R>(site: &mut Site, handler: fn(Typed<S>) -> F) -> R
where
    S: SessionSchema,
    F: Future<Output = R> + Send + 'static,
    R: Serialize + for<'de> Deserialize<'de> + 'static,
{
    if site.cookie.is_some() {
        site.restart().await;
    }
    let handler = move |typed: Typed<S>| async move { axum::Json(handler(typed).await) };
    let app = Router::new().route("/", get(handler)).layer(site.layer());
    let answer = site.get(&app, "/").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

async fn status<S: SessionSchema>(site: &mut Site) -> u16 {
    site.restart().await;
    let app = Router::new()
        .route("/", get(|_: Typed<S>| async {}))
        .layer(site.layer());
    site.get(&app, "/").await.status
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_field_that_came_and_one_that_went_leave_each_other_alone() {
    let mut site = Site::new();
    run(&mut site, |a: Typed<v1::Account>| async move {
        a.set_only_old(1);
    })
    .await;
    let found = run(&mut site, |a: Typed<v2::Account>| async move {
        a.set_only_new(2);
        a.only_new()
    });
    assert_eq!(found.await, Some(2));
    let old = run(&mut site, |a: Typed<v1::Account>| async move {
        a.update_visits(|n| *n += 1);
        a.only_old()
    });
    assert_eq!(old.await, Some(1));
    let new = run(&mut site, |a: Typed<v2::Account>| async move {
        (a.only_new(), a.visits())
    });
    assert_eq!(new.await, (Some(2), 1));
}

#[tokio::test]
async fn a_field_that_became_required_is_missing_where_it_never_was_written() {
    #[derive(SessionSchema)]
    #[session(status = 428)]
    struct Consented {
        consent: u8,
    }
    let mut site = Site::new();
    run(&mut site, |a: Typed<v1::Account>| async move {
        a.set_only_old(1);
    })
    .await;
    assert_eq!(status::<Consented>(&mut site).await, 428);
}

#[tokio::test]
async fn under_two_names_the_later_write_wins_whoever_made_it() {
    let mut site = Site::new();
    run(&mut site, |a: Typed<v1::Account>| async move {
        a.set_name("old".into());
    })
    .await;
    let name = run(
        &mut site,
        |a: Typed<v2::Account>| async move { a.nickname() },
    );
    assert_eq!(name.await.as_deref(), Some("old"));
    let name = run(&mut site, |a: Typed<v2::Account>| async move {
        a.update_nickname(|name| name.as_mut().unwrap().push_str(", new"));
        a.nickname()
    });
    assert_eq!(name.await.as_deref(), Some("old, new"));
    let name = run(&mut site, |a: Typed<v1::Account>| async move {
        let before = a.name();
        a.set_name("old again".into());
        before
    });
    assert_eq!(
        name.await,
        None,
        "what the newer version renamed, the older cannot see"
    );
    let name = run(
        &mut site,
        |a: Typed<v2::Account>| async move { a.nickname() },
    );
    assert_eq!(name.await.as_deref(), Some("old again"));
    run(&mut site, |a: Typed<v2::Account>| async move {
        a.clear_nickname();
    })
    .await;
    let name = run(&mut site, |a: Typed<v1::Account>| async move { a.name() });
    assert_eq!(name.await, None);
}

#[tokio::test]
async fn flashes_under_two_names_are_all_delivered_once() {
    let mut site = Site::new();
    run(&mut site, |a: Typed<v1::Account>| async move {
        a.push_notices("1".into());
    })
    .await;
    run(&mut site, |a: Typed<v2::Account>| async move {
        a.push_messages("2".into());
    })
    .await;
    run(&mut site, |a: Typed<v1::Account>| async move {
        a.push_notices("3".into());
    })
    .await;
    let mut taken = run(&mut site, |a: Typed<v2::Account>| async move {
        a.take_messages()
    })
    .await;
    taken.sort();
    assert_eq!(taken, ["1", "2", "3"]);
    let left = run(&mut site, |a: Typed<v2::Account>| async move {
        a.peek_messages()
    });
    assert!(left.await.is_empty());
    let left = run(&mut site, |a: Typed<v1::Account>| async move {
        a.peek_notices()
    });
    assert!(left.await.is_empty());
}

#[tokio::test]
async fn two_versions_that_write_in_turn_lose_nothing_of_each_other() {
    let mut site = Site::new();
    for _ in 0..3 {
        run(&mut site, |a: Typed<v1::Account>| async move {
            a.update_visits(|n| *n += 1);
            a.update_only_old(|n| *n = Some(n.unwrap_or(0) + 1));
        })
        .await;
        run(&mut site, |a: Typed<v2::Account>| async move {
            a.update_visits(|n| *n += 1);
            a.update_only_new(|n| *n = Some(n.unwrap_or(0) + 1));
        })
        .await;
    }
    let seen = run(&mut site, |a: Typed<v1::Account>| async move {
        (a.visits(), a.only_old())
    });
    assert_eq!(seen.await, (6, Some(3)));
    let seen = run(&mut site, |a: Typed<v2::Account>| async move {
        (a.visits(), a.only_new())
    });
    assert_eq!(seen.await, (6, Some(3)));
}

#[tokio::test]
async fn what_an_older_version_reads_and_does_not_change_stays_byte_for_byte() {
    let mut site = Site::new();
    run(&mut site, |a: Typed<v2::Account>| async move {
        a.set_plan(v2::Plan::Team { seats: 5 });
        a.set_address(v2::Address {
            city: "Bern".into(),
            country: Some("CH".into()),
        });
    })
    .await;
    let whole = r#"{"city":"Bern","country":"CH"}"#;
    assert!(text(&site.bytes().await).contains(whole));
    let seen = run(&mut site, |a: Typed<v1::Account>| async move {
        // A variant that it does not know reads as absent; of a struct it sees what it knows.
        assert_eq!((a.plan(), a.take_plan()), (None, None));
        a.update_plan(|plan| assert_eq!(*plan, None));
        a.update_visits(|n| *n += 1);
        a.address()
    });
    assert_eq!(
        seen.await,
        Some(v1::Address {
            city: "Bern".into()
        })
    );
    let bytes = text(&site.bytes().await);
    assert!(
        bytes.contains(whole) && bytes.contains(r#"{"Team":{"seats":5}}"#),
        "{bytes}"
    );
    let seen = run(&mut site, |a: Typed<v2::Account>| async move {
        (a.plan(), a.address(), a.visits())
    });
    let (plan, address, visits) = seen.await;
    assert_eq!(plan, Some(v2::Plan::Team { seats: 5 }));
    assert_eq!(address.unwrap().country.as_deref(), Some("CH"));
    assert_eq!(visits, 1);
    // Overwriting is the older version's right.
    run(&mut site, |a: Typed<v1::Account>| async move {
        a.set_plan(v1::Plan::Paid);
    })
    .await;
    let plan = run(&mut site, |a: Typed<v2::Account>| async move { a.plan() });
    assert_eq!(plan.await, Some(v2::Plan::Paid));
    let plan = run(&mut site, |a: Typed<v1::Account>| async move { a.plan() });
    assert_ne!(plan.await, Some(v1::Plan::Free));
}

#[tokio::test]
async fn a_changed_type_reads_as_absent_or_fails_where_it_is_strict() {
    #[derive(SessionSchema)]
    struct Lenient {
        #[session(default)]
        visits: String,
    }
    #[derive(SessionSchema)]
    struct Strict {
        #[session(default, strict)]
        visits: String,
    }
    #[derive(SessionSchema)]
    #[session(status = 418)]
    struct Required {
        visits: String,
    }
    #[derive(SessionSchema)]
    struct Widened {
        #[session(default)]
        visits: i128,
    }
    let mut site = Site::new();
    run(
        &mut site,
        |a: Typed<v1::Account>| async move { a.set_visits(7) },
    )
    .await;
    assert_eq!(status::<Strict>(&mut site).await, 500);
    assert_eq!(status::<Required>(&mut site).await, 418);
    let seen = run(&mut site, |a: Typed<Lenient>| async move { a.visits() });
    assert_eq!(seen.await, "");
    let seen = run(
        &mut site,
        |a: Typed<Widened>| async move { a.visits() as u64 },
    );
    assert_eq!(
        seen.await,
        7,
        "rolled back, and compatible, it is still there"
    );
    run(&mut site, |a: Typed<Lenient>| async move {
        a.set_visits("eight".into());
    })
    .await;
    let seen = run(&mut site, |a: Typed<v1::Account>| async move { a.visits() });
    assert_eq!(seen.await, 0);
    assert_eq!(status::<Strict>(&mut site).await, 200);
}

#[tokio::test]
async fn some_none_survives_a_restart() {
    #[derive(SessionSchema)]
    struct Maybe {
        maybe: Option<Option<u8>>,
    }
    let mut site = Site::new();
    run(
        &mut site,
        |a: Typed<Maybe>| async move { a.set_maybe(None) },
    )
    .await;
    let seen = run(
        &mut site,
        |a: Typed<Maybe>| async move { a.maybe().is_some() },
    );
    assert!(seen.await);
}

#[tokio::test]
async fn an_owner_under_a_former_name_is_still_signed_in() {
    #[derive(SessionSchema)]
    struct Before {
        #[session(owner)]
        uid: Option<u64>,
        theme: Option<String>,
    }
    #[derive(SessionSchema)]
    struct After {
        #[session(owner, alias = "uid")]
        user_id: Option<u64>,
        theme: Option<String>,
    }
    let mut site = Site::new();
    run(&mut site, |b: Typed<Before>| async move {
        b.set_uid(7);
        b.set_theme("dark".into());
    })
    .await;
    let seen = run(&mut site, |a: Typed<After>| async move {
        let before = a.user_id();
        a.set_user_id(7);
        (before, a.user_id(), a.theme())
    });
    assert_eq!(seen.await, (Some(7), Some(7), Some("dark".into())));
    let seen = run(&mut site, |a: Typed<After>| async move { a.user_id() });
    assert_eq!(seen.await, Some(7));
}
