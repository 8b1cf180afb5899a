//! Attributes together, and what a field promises when the session under it ends or changes.

#![allow(
    clippy::unwrap_used,
    reason = "the lint knows tests, but not what they call"
)]

mod support;

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use session::{Data, Session, SessionSchema, Typed};
use support::Site;

fn empty() -> Session {
    Session::detached(Data::new())
}

#[test]
fn an_alias_is_a_whole_key_whatever_the_prefix_and_the_case() {
    #[derive(SessionSchema)]
    #[session(prefix = "shop.", rename_all = "camelCase")]
    struct Shop {
        #[session(alias = "last_seen", alias = "old.seen", default = 100, keep)]
        last_seen_item: u64,
        #[session(key = "cc", alias = "code", ttl = "10m", secret)]
        coupon_code: Option<String>,
        #[session(flash, alias = "messages", ttl = "1h")]
        recent_notices: Vec<String>,
    }
    let session = empty();
    let shop = session.typed::<Shop>().unwrap();
    // Neither is the prefix put before it, nor the case changed.
    session.set("shop.old.seen", 1u64).unwrap();
    session.set("lastSeen", 1u64).unwrap();
    assert_eq!(shop.last_seen_item(), 100);
    session.set("old.seen", 5u64).unwrap();
    assert_eq!(shop.last_seen_item(), 5);
    shop.update_last_seen_item(|n| *n += 1);
    assert_eq!(
        (shop.last_seen_item(), session.contains("old.seen")),
        (6, false)
    );
    session.set("last_seen", 9u64).unwrap();
    shop.clear_last_seen_item();
    assert_eq!(shop.last_seen_item(), 100);
    session.set("code", "OLD".to_owned()).unwrap();
    assert_eq!(shop.coupon_code().as_deref(), Some("OLD"));
    shop.set_coupon_code("NEW".to_owned());
    shop.push_recent_notices("hello".to_owned());
    assert_eq!(
        session.keys(),
        ["lastSeen", "shop.cc", "shop.old.seen", "shop.recentNotices"]
    );
    assert!(!format!("{shop:?} {session:?}").contains("NEW"));
}

#[test]
fn a_taken_value_goes_with_its_former_keys() {
    #[derive(SessionSchema)]
    struct Otp {
        #[session(alias = "code")]
        otp: Option<u32>,
    }
    let session = empty();
    session.set("code", 5u32).unwrap();
    session.set("otp", 4u32).unwrap();
    let otp = session.typed::<Otp>().unwrap();
    assert_eq!(otp.take_otp(), Some(5));
    assert!(session.keys().is_empty());
}

#[test]
fn flashes_follow_keep_and_per_login_as_values_do() {
    #[derive(SessionSchema)]
    struct Shop {
        #[session(owner)]
        user_id: Option<u64>,
        #[session(flash)]
        plain: Vec<u8>,
        #[session(flash, keep)]
        kept: Option<u8>,
        #[session(flash, per_login)]
        of_login: Vec<u8>,
    }
    let shop = empty().typed::<Shop>().unwrap();
    let leave = || {
        shop.push_plain(1);
        shop.set_kept(2);
        shop.push_of_login(3);
    };
    let left = || (shop.peek_plain(), shop.peek_kept(), shop.peek_of_login());
    leave();
    shop.set_user_id(1);
    assert_eq!(left(), (vec![1], Some(2), vec![]));
    shop.push_of_login(3);
    shop.set_user_id(2);
    assert_eq!(left(), (vec![], Some(2), vec![]));
    leave();
    shop.clear_user_id();
    assert_eq!(left(), (vec![], Some(2), vec![]));
}

#[test]
fn what_is_read_only_here_is_written_by_another_schema() {
    #[derive(SessionSchema)]
    struct Staff {
        #[session(default = "guest".to_owned(), read_only, ttl = "1h")]
        role: String,
        #[session(owner, read_only)]
        user_id: Option<u64>,
    }
    #[derive(SessionSchema)]
    struct Admin {
        #[session(default, ttl = "1h")]
        role: String,
        #[session(owner)]
        user_id: Option<u64>,
    }
    let session = empty();
    let staff = session.typed::<Staff>().unwrap();
    assert_eq!((staff.role(), staff.user_id()), ("guest".to_owned(), None));
    let admin = session.typed::<Admin>().unwrap();
    admin.set_user_id(7);
    admin.set_role("admin".to_owned());
    assert_eq!(
        (staff.role(), staff.user_id()),
        ("admin".to_owned(), Some(7))
    );
    assert_eq!(staff.with_role(String::len), 5);
}

#[test]
fn schemas_of_one_key_agree_about_type_owner_flash_and_ttl() {
    #[derive(SessionSchema)]
    struct First {
        #[session(owner)]
        user: Option<u64>,
        note: Option<String>,
        #[session(ttl = "60s")]
        code: Option<u8>,
        #[session(flash)]
        hint: Option<u8>,
    }
    macro_rules! refused {
        ($($about:literal: { $(#[$attr:meta])* $field:ident: $ty:ty })*) => {$({
            #[derive(Debug, SessionSchema)]
            struct Later {
                $(#[$attr])*
                $field: $ty,
            }
            let session = empty();
            session.typed::<First>().unwrap();
            let refusal = session.typed::<Later>().unwrap_err();
            assert_eq!((refusal.status(), refusal.schema()), (500, "Later"));
            let text = refusal.to_string();
            let named = ["Later.", "First.", concat!("disagree about the ", $about, " of the key")];
            assert!(named.iter().all(|part| text.contains(part)), "{text}");
        })*};
    }
    refused! {
        "type": { note: Option<Vec<String>> }
        "`owner`": { user: Option<u64> }
        "`flash`": { #[session(flash)] note: Option<String> }
        "`ttl`": { #[session(ttl = "61s")] code: Option<u8> }
        "`ttl`": { code: Option<u8> }
        "`flash`": { #[session(default)] hint: u8 }
    }
    // Everything else is a schema's own affair; one minute is sixty seconds.
    #[derive(SessionSchema)]
    struct Agreeing {
        #[session(default = "none".to_owned(), keep, secret, strict)]
        note: String,
        #[session(ttl = "1m", key = "code", alias = "old_code")]
        number: Option<u8>,
        #[session(flash)]
        hint: Vec<u8>,
    }
    let session = empty();
    session.typed::<First>().unwrap();
    assert!(session.typed::<Agreeing>().is_ok());
}

#[test]
fn a_second_owner_key_is_refused_at_start_up() {
    #[derive(SessionSchema)]
    struct One {
        #[session(owner)]
        user: Option<u64>,
    }
    #[derive(SessionSchema)]
    struct Two {
        #[session(owner, key = "member")]
        user: Option<u64>,
    }
    let layer = Site::new().layer();
    layer.check::<(One,)>().unwrap();
    let refusal = layer.check::<(One, Two)>().unwrap_err().to_string();
    assert_eq!(
        refusal,
        "`Two.user: u64` and `One.user: u64` disagree about the key that names the owner: a layer has one"
    );
}

#[derive(SessionSchema)]
struct Coded {
    #[session(ttl = "10m")]
    code: String,
}

#[derive(SessionSchema)]
struct Coding {
    #[session(ttl = "10m")]
    code: Option<String>,
}

#[tokio::test]
async fn a_required_field_reads_as_proved_also_when_the_session_ends_under_it() {
    let mut site = Site::new();
    let clock = site.clock.clone();
    let app = Router::new()
        .route(
            "/set",
            get(|c: Typed<Coding>| async move { c.set_code("1".to_owned()) }),
        )
        .route(
            "/expires",
            get(move |c: Typed<Coded>| async move {
                clock.advance(Duration::from_secs(601));
                assert_eq!(c.session().typed::<Coding>().unwrap().code(), None);
                c.code() + &c.with_code(Clone::clone) + &c.snapshot().code
            }),
        )
        .route(
            "/ends",
            get(|c: Typed<Coded>| async move {
                c.session().destroy();
                assert!(!c.session().contains("code"));
                c.update_code(|code| code.push('!'));
                let read = c.code();
                c.session().start_over();
                read + &c.code()
            }),
        )
        .layer(site.layer());
    site.get(&app, "/set").await;
    assert_eq!(site.get(&app, "/expires").await.body, "111");
    assert_eq!(site.get(&app, "/expires").await.status, 401);
    site.get(&app, "/set").await;
    let answer = site.get(&app, "/ends").await;
    assert_eq!((answer.status, &*answer.body), (200, "11"));
    assert_eq!(site.cookie, None);
}

/// What an older version left and this one cannot read waits for one that can.
#[tokio::test]
async fn a_message_of_another_shape_hides_no_other_and_stays() {
    #[derive(Clone, Serialize, Deserialize)]
    struct Notice {
        text: String,
    }
    #[derive(SessionSchema)]
    struct Before {
        #[session(flash)]
        notices: Vec<String>,
    }
    #[derive(SessionSchema)]
    struct After {
        #[session(flash)]
        notices: Vec<Notice>,
    }
    let mut site = Site::new();
    let before = |site: &Site| {
        Router::new()
            .route(
                "/push",
                get(|b: Typed<Before>| async move { b.push_notices("old".to_owned()) }),
            )
            .route(
                "/take",
                get(|b: Typed<Before>| async move { b.take_notices().join(",") }),
            )
            .layer(site.layer())
    };
    let after = |site: &Site| {
        let texts = |all: Vec<Notice>| {
            all.into_iter()
                .map(|n| n.text)
                .collect::<Vec<_>>()
                .join(",")
        };
        Router::new()
            .route(
                "/push",
                get(|a: Typed<After>| async move {
                    a.push_notices(Notice {
                        text: "new".to_owned(),
                    });
                }),
            )
            .route(
                "/take",
                get(move |a: Typed<After>| async move { texts(a.take_notices()) }),
            )
            .layer(site.layer())
    };
    let (old, new) = (before(&site), after(&site));
    site.get(&old, "/push").await;
    site.restart().await;
    site.get(&new, "/push").await;
    site.restart().await;
    assert_eq!(site.get(&new, "/take").await.body, "new");
    assert_eq!(site.get(&new, "/take").await.body, "");
    site.restart().await;
    assert_eq!(site.get(&old, "/take").await.body, "old");
    assert_eq!(site.get(&old, "/take").await.body, "");
}
