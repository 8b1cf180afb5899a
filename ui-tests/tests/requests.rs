//! Schemas behind a real layer: extraction, its answers, and what one request leaves for the next.

mod support;

use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use session::{Error, ErrorKind, Session, SessionSchema, Typed, TypedRejection};
use support::Site;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(default)]
    visits: u64,
    #[session(flash)]
    notices: Vec<String>,
    #[session(flash)]
    form: Option<String>,
    #[session(flash, ttl = "10m")]
    brief: Vec<String>,
    nonce: Option<u64>,
    #[session(ttl = "10m")]
    code: Option<String>,
}

#[derive(SessionSchema)]
#[session(redirect = "/login?from=app", next = "next")]
struct SignedIn {
    #[session(owner)]
    user_id: u64,
}

#[derive(SessionSchema)]
#[session(redirect = "/login")]
struct Plain {
    #[session(key = "user_id", owner)]
    who: u64,
}

#[derive(SessionSchema)]
#[session(status = 403)]
struct Admin {
    #[session(read_only)]
    role: String,
}

#[derive(SessionSchema)]
struct Unanswered {
    role: String,
}

#[tokio::test]
async fn a_missing_required_field_is_answered_as_the_schema_says() {
    let mut site = Site::new();
    let app = Router::new()
        .route(
            "/signed-in",
            any(|me: Typed<SignedIn>| async move { me.user_id().to_string() }),
        )
        .route("/plain", get(|_: Typed<Plain>| async {}))
        .route("/admin", get(|_: Typed<Admin>| async {}))
        .route("/unanswered", get(|_: Typed<Unanswered>| async {}))
        .route(
            "/login",
            get(|account: Typed<Account>| async move { account.set_user_id(7) }),
        )
        .layer(site.layer());

    let answer = site.get(&app, "/signed-in?a=b&c=%2F").await;
    assert_eq!(answer.status, 303);
    let location = "/login?from=app&next=%2Fsigned%2Din%3Fa%3Db%26c%3D%252F";
    assert_eq!(answer.location.as_deref(), Some(location));
    let answer = site.send(&app, "POST", "/signed-in").await;
    assert_eq!(answer.location.as_deref(), Some("/login?from=app"));
    let answer = site.get(&app, "/plain?a").await;
    assert_eq!(
        (answer.status, answer.location.as_deref()),
        (303, Some("/login"))
    );
    assert_eq!(site.get(&app, "/admin").await.status, 403);
    let answer = site.get(&app, "/unanswered").await;
    assert_eq!(
        (answer.status, answer.body.as_str(), answer.new_cookie),
        (401, "", false)
    );

    assert!(site.get(&app, "/login").await.new_cookie);
    assert_eq!(site.get(&app, "/signed-in").await.body, "7");
    assert_eq!(site.get(&app, "/plain").await.status, 200);
}

#[tokio::test]
async fn the_target_of_next_is_what_the_client_asked_for_also_below_a_nest() {
    let mut site = Site::new();
    let inner = Router::new().route("/orders", get(|_: Typed<SignedIn>| async {}));
    let app = Router::new().nest("/shop", inner).layer(site.layer());
    let answer = site.get(&app, "/shop/orders?page=2").await;
    let location = "/login?from=app&next=%2Fshop%2Forders%3Fpage%3D2";
    assert_eq!(answer.location.as_deref(), Some(location));
}

#[tokio::test]
async fn the_optional_form_is_none_only_for_a_missing_field() {
    let mut site = Site::new();
    let app = Router::new()
        .route("/", get(|me: Option<Typed<SignedIn>>| async move { format!("{:?}", me.map(|me| me.user_id())) }))
        .route("/admin", get(|admin: Option<Typed<Strict>>| async move { format!("{}", admin.is_some()) }))
        .route("/login", get(|account: Typed<Account>| async move { account.set_user_id(7) }))
        .route("/spoil", get(|session: Session| async move { session.set("level", "high".to_owned()) .unwrap() }))
        .layer(site.layer());

    #[derive(SessionSchema)]
    struct Strict {
        #[session(strict)]
        level: u8,
    }

    assert_eq!(site.get(&app, "/").await.body, "None");
    site.get(&app, "/login").await;
    assert_eq!(site.get(&app, "/").await.body, "Some(7)");
    assert_eq!(site.get(&app, "/admin").await.body, "false");
    site.get(&app, "/spoil").await;
    assert_eq!(site.get(&app, "/admin").await.status, 500);
    let without_layer = Router::new().route("/", get(|_: Option<Typed<SignedIn>>| async {}));
    let answer = site.get(&without_layer, "/").await;
    assert_eq!(answer.status, 500);
    assert!(
        answer.body.contains("`Typed<SignedIn>`: no session layer"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn the_result_form_names_schema_field_and_cause() {
    async fn page(me: Result<Typed<SignedIn>, TypedRejection>) -> String {
        match me {
            Ok(me) => format!("user {}", me.user_id()),
            Err(rejection @ TypedRejection::MissingField { .. }) => format!(
                "{} {:?} {} {:?}",
                rejection.schema(),
                rejection.field(),
                rejection.status(),
                rejection.redirect()
            ),
            Err(other) => other.to_string(),
        }
    }
    let mut site = Site::new();
    let app = Router::new().route("/", get(page)).layer(site.layer());
    let body = site.get(&app, "/").await.body;
    assert_eq!(
        body,
        r#"SignedIn Some("user_id") 303 Some("/login?from=app&next=%2F")"#
    );
    let without_layer = Router::new().route("/", get(page));
    let body = site.get(&without_layer, "/").await.body;
    assert!(
        body.starts_with("`Typed<SignedIn>`: no session layer"),
        "{body}"
    );
}

#[tokio::test]
async fn a_flash_is_delivered_once_by_a_later_request() {
    let mut site = Site::new();
    let app = Router::new()
        .route(
            "/push",
            get(|a: Typed<Account>| async move {
                a.push_notices("one".to_owned());
                a.push_notices("two".to_owned());
                a.set_form("first".to_owned());
                a.set_form("second".to_owned());
                a.push_brief("soon gone".to_owned());
            }),
        )
        .route(
            "/peek",
            get(|a: Typed<Account>| async move {
                format!("{:?} {:?}", a.peek_notices(), a.peek_form())
            }),
        )
        .route(
            "/take",
            get(|a: Typed<Account>| async move {
                let taken = format!("{:?} {:?}", a.take_notices(), a.take_form());
                assert!(a.take_notices().is_empty() && a.peek_notices().is_empty());
                a.push_notices("three".to_owned());
                assert_eq!(a.peek_notices(), ["three"]);
                taken
            }),
        )
        .route(
            "/brief",
            get(|a: Typed<Account>| async move { format!("{:?}", a.take_brief()) }),
        )
        .layer(site.layer());

    site.get(&app, "/push").await;
    site.restart().await;
    for _ in 0..2 {
        assert_eq!(
            site.get(&app, "/peek").await.body,
            r#"["one", "two"] Some("second")"#
        );
    }
    let answer = site.send(&app, "HEAD", "/take").await;
    assert_eq!(answer.status, 200);
    site.clock.advance(Duration::from_secs(601));
    let body = site.get(&app, "/take").await.body;
    assert!(
        body.starts_with(r#"["one", "two""#) && body.ends_with(r#"] Some("second")"#),
        "{body}"
    );
    let body = site.get(&app, "/peek").await.body;
    assert!(body.ends_with(r#""three"] None"#), "{body}");
    assert_eq!(site.get(&app, "/brief").await.body, "[]");
}

#[tokio::test]
async fn a_ttl_begins_with_what_creates_the_value() {
    #[derive(SessionSchema)]
    struct Ttl {
        #[session(ttl = "10m", default)]
        attempts: u8,
        #[session(ttl = "10m")]
        code: Option<String>,
    }
    #[derive(SessionSchema)]
    #[session(status = 410)]
    struct Coded {
        #[session(ttl = "10m")]
        code: String,
    }
    let mut site = Site::new();
    let app = Router::new()
        .route(
            "/set",
            get(|t: Typed<Ttl>| async move { t.set_code("1".to_owned()) }),
        )
        .route(
            "/try",
            get(|t: Typed<Ttl>| async move { t.update_attempts(|n| *n += 1) }),
        )
        .route(
            "/show",
            get(|t: Typed<Ttl>| async move { format!("{} {:?}", t.attempts(), t.code()) }),
        )
        .route("/coded", get(|c: Typed<Coded>| async move { c.code() }))
        .layer(site.layer());
    site.get(&app, "/set").await;
    site.get(&app, "/try").await;
    site.clock.advance(Duration::from_secs(590));
    site.get(&app, "/try").await;
    site.restart().await;
    assert_eq!(site.get(&app, "/show").await.body, r#"2 Some("1")"#);
    assert_eq!(site.get(&app, "/coded").await.body, "1");
    site.clock.advance(Duration::from_secs(10));
    assert_eq!(site.get(&app, "/show").await.body, "0 None");
    assert_eq!(site.get(&app, "/coded").await.status, 410);
    site.get(&app, "/try").await;
    site.clock.advance(Duration::from_secs(590));
    assert_eq!(site.get(&app, "/show").await.body, "1 None");
}

#[tokio::test]
async fn consume_hands_the_value_to_exactly_one() {
    let mut site = Site::new();
    let app = Router::new()
        .route(
            "/set",
            get(|a: Typed<Account>| async move { a.set_nonce(5) }),
        )
        .route(
            "/consume",
            get(|a: Typed<Account>| async move {
                a.consume_nonce().await.map(|nonce| format!("{nonce:?}"))
            }),
        )
        .layer(site.layer());
    site.get(&app, "/set").await;
    let send = || async {
        let mut tab = Site {
            cookie: site.cookie.clone(),
            ..Site::new()
        };
        tab.get(&app, "/consume").await.body
    };
    let (a, b, c) = tokio::join!(send(), send(), send());
    let mut all = [a, b, c];
    all.sort();
    assert_eq!(all, ["None", "None", "Some(5)"]);
    assert_eq!(send().await, "None");
}

/// Runs `meanwhile` after extraction and before the handler's changes are stored.
async fn race(
    site: &mut Site,
    change: impl Fn(&Typed<Account>) + Clone + Send + Sync + 'static,
) -> (u16, String) {
    let (started, begun) = tokio::sync::oneshot::channel::<()>();
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let once = std::sync::Arc::new(std::sync::Mutex::new(Some((started, wait))));
    let slow = {
        let change = change.clone();
        move |a: Typed<Account>| async move {
            let (started, wait) = once.lock().unwrap().take().unwrap();
            started.send(()).unwrap();
            wait.await.unwrap();
            change(&a);
        }
    };
    let app = Router::new()
        .route("/slow", get(slow))
        .route(
            "/fast",
            get(move |a: Typed<Account>| async move { change(&a) }),
        )
        .route(
            "/show",
            get(|a: Typed<Account>| async move {
                format!("{} {:?} {:?}", a.visits(), a.nonce(), a.peek_notices())
            }),
        )
        .layer(site.layer());
    let mut first = Site {
        cookie: site.cookie.clone(),
        ..Site::new()
    };
    let slow = first.get(&app, "/slow");
    let fast = async {
        begun.await.unwrap();
        site.get(&app, "/fast").await;
        go.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(slow, fast);
    (answer.status, site.get(&app, "/show").await.body)
}

#[tokio::test]
async fn concurrent_updates_and_pushes_add_up() {
    let mut site = Site::new();
    let app = Router::new()
        .route("/", get(|a: Typed<Account>| async move { a.set_visits(1) }))
        .layer(site.layer());
    site.get(&app, "/").await;
    let (status, body) = race(&mut site, |a| {
        a.update_visits(|n| *n += 1);
        a.update_nonce(|nonce| *nonce = Some(nonce.unwrap_or(0) + 10));
        a.push_notices("n".to_owned());
    })
    .await;
    assert_eq!((status, body.as_str()), (200, r#"3 Some(20) ["n", "n"]"#));
}

#[tokio::test]
async fn an_update_of_a_required_field_that_went_meanwhile_is_a_conflict() {
    #[derive(SessionSchema)]
    struct Basket {
        basket: Vec<u64>,
    }
    let mut site = Site::new();
    let app = Router::new()
        .route(
            "/fill",
            get(|s: Session| async move { s.set("basket", vec![1u64]).unwrap() }),
        )
        .route(
            "/add",
            get(|b: Typed<Basket>| async move {
                b.session().remove("basket").unwrap();
                b.session().commit().await.unwrap();
                b.update_basket(|ids| ids.push(2));
                assert_eq!(b.basket(), [1]);
                let error: Error = b.session().commit().await.unwrap_err();
                assert_eq!(
                    (error.kind(), error.key()),
                    (ErrorKind::Conflict, Some("basket"))
                );
            }),
        )
        .route(
            "/basket",
            get(|s: Session| async move { format!("{:?}", s.get::<Vec<u64>>("basket").unwrap()) }),
        )
        .layer(site.layer());
    site.get(&app, "/fill").await;
    assert_eq!(site.get(&app, "/add").await.status, 503);
    assert_eq!(site.get(&app, "/basket").await.body, "None");
}

#[tokio::test]
async fn an_owner_rotates_the_id_and_signing_out_wipes() {
    let mut site = Site::new();
    let app = Router::new()
        .route(
            "/visit",
            get(|a: Typed<Account>| async move { a.update_visits(|n| *n += 1) }),
        )
        .route(
            "/login",
            get(|a: Typed<Account>| async move { a.set_user_id(7) }),
        )
        .route(
            "/logout",
            get(|a: Typed<Account>| async move { a.clear_user_id() }),
        )
        .route(
            "/show",
            get(|a: Typed<Account>| async move { format!("{:?} {}", a.user_id(), a.visits()) }),
        )
        .layer(site.layer());
    assert!(site.get(&app, "/visit").await.new_cookie);
    assert!(!site.get(&app, "/visit").await.new_cookie);
    let before = site.cookie.clone();
    assert!(site.get(&app, "/login").await.new_cookie);
    assert_ne!(site.cookie, before);
    site.restart().await;
    assert_eq!(site.get(&app, "/show").await.body, "Some(7) 2");
    assert!(site.get(&app, "/logout").await.new_cookie);
    assert_eq!(site.get(&app, "/show").await.body, "None 0");
}

#[tokio::test]
async fn check_and_first_extraction_refuse_schemas_that_disagree() {
    #[derive(SessionSchema)]
    struct Old {
        #[session(key = "visits")]
        count: Option<i32>,
    }
    let mut site = Site::new();
    let layer = site.layer();
    assert!(layer.check::<(Account, SignedIn, Plain, Admin)>().is_ok());
    let named =
        "`Old.count: i32` and `Account.visits: u64` disagree about the type of the key `visits`";
    assert_eq!(
        layer.check::<(Account, Old)>().unwrap_err().to_string(),
        named
    );

    let app = Router::new()
        .route("/account", get(|_: Typed<Account>| async {}))
        .route("/old", get(|_: Typed<Old>| async {}))
        .layer(site.layer());
    assert_eq!(site.get(&app, "/account").await.status, 200);
    for _ in 0..2 {
        let answer = site.get(&app, "/old").await;
        assert_eq!(
            (answer.status, answer.body),
            (500, format!("`Typed<Old>`: {named}"))
        );
    }
    assert_eq!(site.get(&app, "/account").await.status, 200);
}
