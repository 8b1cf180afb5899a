//! Requests with several cookies of our name.
//
// T01 to T04, T06 and T08 stand beside the parser, in `transport/cookie/tests.rs`.

use axum::Router;
use axum::routing::{get, post};
use http::{Request, StatusCode};
use session::{CookieScope, CookieTransport, Session};

use crate::support::{App, Browser};

fn routes() -> Router {
    Router::new()
        .route(
            "/read",
            get(async |s: Session| format!("{:?}", s.get::<u64>("n").unwrap())),
        )
        .route(
            "/write/{n}",
            post(async |s: Session, n: axum::extract::Path<u64>| s.set("n", n.0)),
        )
        .route("/logout", post(async |s: Session| s.destroy()))
        .route(
            "/all",
            post(async |s: Session| {
                s.set("n", 1u64)?;
                s.commit().await?;
                s.regenerate_id();
                s.commit().await?;
                s.destroy();
                s.set("n", 2u64)
            }),
        )
}

async fn live(app: &App, n: u64) -> String {
    let mut browser = app.browser();
    browser.post(&format!("/write/{n}")).await;
    browser.cookie.unwrap()
}

fn dead() -> String {
    let id = session::SessionId::generate().unwrap();
    format!("__Host-id={}", id.expose_secret().as_str())
}

fn with(app: &App, cookies: &[&str]) -> Browser {
    let mut browser = app.browser();
    browser.cookie = Some(cookies.join("; "));
    browser
}

#[tokio::test]
async fn t05_the_only_live_one_is_used() {
    let app = App::new(routes());
    let good = live(&app, 7).await;
    for cookies in [[&dead(), &good, &dead()], [&good, &dead(), &dead()]] {
        let answer = with(&app, &cookies.map(String::as_str)).get("/read").await;
        assert_eq!(
            (answer.body.as_str(), answer.set_cookies().len()),
            ("Some(7)", 0)
        );
    }
}

#[tokio::test]
async fn t05_none_live_is_anonymous() {
    let app = App::new(routes());
    let answer = with(&app, &[&dead(), &dead()]).get("/read").await;
    assert_eq!(
        (answer.body.as_str(), answer.set_cookies().len()),
        ("None", 0)
    );
}

#[tokio::test]
async fn t05_s20_several_live_or_too_many_are_none_and_removed() {
    let app = App::new(routes());
    let (one, two) = (live(&app, 1).await, live(&app, 2).await);
    let (a, b, c) = (dead(), dead(), dead());
    for cookies in [vec![one.as_str(), &two], vec![&a, &b, &c, &one]] {
        let answer = with(&app, &cookies).get("/read").await;
        assert_eq!(answer.body, "None");
        assert_eq!(answer.set_cookies().len(), 1);
        assert!(answer.set_cookies()[0].contains("Max-Age=0"));
    }
    // Logging out reaches each of them.
    with(&app, &[&one, &two]).post("/logout").await;
    for cookie in [&one, &two] {
        assert_eq!(with(&app, &[cookie]).get("/read").await.body, "None");
    }
}

#[tokio::test]
async fn t05_former_scopes_are_removed_too() {
    let former = CookieScope {
        domain: Some("example.com".to_owned()),
        ..CookieScope::default()
    };
    let cookie = CookieTransport::new().name("id").cleanup_scope(former);
    let app = App::with(routes(), |b| b.cookie(cookie));
    let (one, two) = (live(&app, 1).await, live(&app, 2).await);
    let answer = with(&app, &[&one, &two]).get("/read").await;
    assert_eq!(answer.set_cookies().len(), 2);
    assert!(answer.set_cookies()[1].contains("Domain=example.com"));
}

#[tokio::test]
async fn t06_copies_are_one() {
    let app = App::new(routes());
    let good = live(&app, 7).await;
    let answer = with(&app, &[&good, &good]).get("/read").await;
    assert_eq!(answer.body, "Some(7)");
    let browser = app.browser();
    let split = Request::get("/read")
        .header("cookie", "a=b")
        .header("cookie", &good);
    assert_eq!(browser.peek(split).await.body, "Some(7)");
}

#[tokio::test]
async fn t07_whatever_happens_one_cookie_is_sent() {
    let app = App::new(routes());
    let mut browser = app.browser();
    for _ in 0..3 {
        let answer = browser.post("/all").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.set_cookies().len(), 1, "{answer:?}");
        assert!(!answer.set_cookies()[0].contains("Max-Age=0"));
        assert_eq!(browser.get("/read").await.body, "Some(2)");
    }
}

#[tokio::test]
async fn t03_malformed_ids_cost_no_store_call() {
    let app = App::new(routes());
    let long = "A".repeat(4096);
    let values = [
        "",
        "../",
        &"A".repeat(42),
        &"A".repeat(44),
        &long,
        "\"quoted\"",
        "%41%42",
    ];
    for value in values {
        let answer = with(&app, &[&format!("__Host-id={value}")])
            .get("/read")
            .await;
        assert_eq!(answer.body, "None");
    }
    assert_eq!(app.calls(), 0);
}

#[tokio::test]
async fn shorter_ids_are_a_choice_and_longer_ones_then_foreign() {
    let app = App::with(routes(), |b| b.id_bytes(16));
    let good = live(&app, 7).await;
    assert_eq!(good.len(), "__Host-id=".len() + 22);
    assert_eq!(with(&app, &[&good]).get("/read").await.body, "Some(7)");
    app.calls();
    with(&app, &[&dead()]).get("/read").await;
    assert_eq!(app.calls(), 0);
}

#[tokio::test]
async fn t05_another_scope_locks_nobody_out() {
    let before = App::new(routes().route("/rotate", post(async |s: Session| s.regenerate_id())));
    let old = live(&before, 7).await;
    // The same store behind a layer whose cookie has another scope: the browser goes on sending the old one too.
    let cookie = CookieTransport::new().partitioned(true);
    let layer = session::SessionLayer::builder(std::sync::Arc::clone(&before.store))
        .cookie(cookie)
        .clock(before.clock.clone())
        .build()
        .unwrap();
    let rotate = post(async |s: Session| s.regenerate_id());
    let app = App {
        router: routes().route("/rotate", rotate).layer(layer.clone()),
        layer,
        ..before
    };
    let mut browser = with(&app, &[&old]);
    assert_eq!(browser.get("/read").await.body, "Some(7)");
    let answer = browser.post("/rotate").await;
    assert!(answer.set_cookies()[0].contains("Partitioned"));
    let new = browser.cookie.clone().unwrap();
    for cookies in [[&old, &new], [&new, &old]] {
        let answer = with(&app, &cookies.map(String::as_str)).get("/read").await;
        assert_eq!(
            (answer.body.as_str(), answer.set_cookies().len()),
            ("Some(7)", 0)
        );
    }
}
