//! Requests with the id of a session that has ended or moved on: what they are told, and how they begin anew.

use axum::Router;
use axum::routing::{get, post};
use http::{Request, StatusCode};
use session::{OnGone, Session, SessionSchema, Typed};

use crate::support::{App, Browser};

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(default)]
    n: u64,
    #[session(per_login)]
    csrf: Option<u64>,
    #[session(flash)]
    notices: Vec<String>,
}

fn routes() -> Router {
    Router::new()
        .route(
            "/gone",
            get(async |s: Session| format!("{} {:?}", s.is_gone(), s.id().is_some())),
        )
        .route(
            "/read",
            get(async |a: Typed<Account>| format!("{:?} {} {:?}", a.user_id(), a.n(), a.csrf())),
        )
        .route(
            "/write",
            post(async |a: Typed<Account>| a.update_n(|n| *n += 1)),
        )
        .route("/login", post(async |a: Typed<Account>| a.set_user_id(1)))
        .route(
            "/form",
            get(async |a: Typed<Account>| {
                a.session().start_over();
                a.set_csrf(7);
            }),
        )
        .route(
            "/start-over",
            post(async |s: Session| {
                s.start_over();
                s.is_gone().to_string()
            }),
        )
        .route("/rotate", post(async |s: Session| s.regenerate_id()))
        .route("/logout", post(async |s: Session| s.destroy()))
        .route(
            "/take",
            get(async |a: Typed<Account>| a.take_notices().join(",")),
        )
}

/// A browser with a session, and what else still has its former id.
async fn moved(app: &App) -> (Browser, Browser) {
    let mut browser = app.browser();
    browser.post("/write").await;
    let left_behind = browser.clone();
    browser.post("/rotate").await;
    (browser, left_behind)
}

#[tokio::test]
async fn s10_a_handler_is_told_beforehand() {
    let app = App::new(routes());
    assert_eq!(app.browser().get("/gone").await.body, "false false");
    let (mut browser, left_behind) = moved(&app).await;
    assert_eq!(browser.get("/gone").await.body, "false true");
    let told = left_behind.peek(Request::get("/gone")).await;
    assert_eq!((&*told.body, told.set_cookies().len()), ("true false", 0));
    let ended = browser.clone();
    browser.post("/logout").await;
    assert_eq!(ended.peek(Request::get("/gone")).await.body, "true false");
    // Nobody remembers for longer than the grace.
    app.wait(11);
    for browser in [ended, left_behind] {
        assert_eq!(
            browser.peek(Request::get("/gone")).await.body,
            "false false"
        );
    }
}

#[tokio::test]
async fn s10_a_login_page_begins_anew_and_the_sign_in_works() {
    let app = App::new(routes());
    let (mut browser, mut left_behind) = moved(&app).await;
    // Without it the write is lost, and that is said.
    let lost = left_behind.post("/write").await;
    assert_eq!(
        (lost.status, lost.set_cookies().len()),
        (StatusCode::CONFLICT, 0)
    );
    let form = left_behind.get("/form").await;
    assert_eq!((form.status, form.set_cookies().len()), (StatusCode::OK, 1));
    assert_eq!(left_behind.get("/read").await.body, "None 0 Some(7)");
    left_behind.post("/login").await;
    assert_eq!(left_behind.get("/read").await.body, "Some(1) 0 None");
    // The session that moved on is another one's by now, and lives.
    assert_eq!(browser.get("/read").await.body, "None 1 None");
}

#[tokio::test]
async fn start_over_ends_what_lives_and_leaves_alone_what_is_gone() {
    let app = App::new(routes());
    let (mut browser, left_behind) = moved(&app).await;
    let gone = left_behind.peek(Request::post("/start-over")).await;
    assert_eq!((&*gone.body, gone.set_cookies().len()), ("false", 0));
    assert_eq!(browser.get("/read").await.body, "None 1 None");
    let live = browser.clone();
    let answer = browser.post("/start-over").await;
    assert!(answer.set_cookies()[0].contains("Max-Age=0"));
    assert_eq!(live.peek(Request::get("/read")).await.body, "None 0 None");
    // With a write after it, the new id takes the place of the removal.
    browser.post("/write").await;
    let live = browser.clone();
    let answer = browser.get("/form").await;
    assert_eq!(answer.set_cookies().len(), 1);
    assert_ne!(browser.cookie, live.cookie);
    assert_eq!(browser.get("/read").await.body, "None 0 Some(7)");
    assert_eq!(live.peek(Request::get("/read")).await.body, "None 0 None");
}

#[tokio::test]
async fn on_gone_keep_drops_the_change_and_lets_the_answer_be() {
    let app = App::with(routes(), |b| b.on_gone(OnGone::Keep));
    let (mut browser, left_behind) = moved(&app).await;
    let late = left_behind.peek(Request::post("/write")).await;
    assert_eq!((late.status, late.set_cookies().len()), (StatusCode::OK, 0));
    assert_eq!(browser.get("/read").await.body, "None 1 None");
}

#[tokio::test]
async fn t22b_whoever_asks_to_be_signed_out_is_told_so_whatever_was_found() {
    let app = App::new(routes());
    let (browser, left_behind) = moved(&app).await;
    let mut unknown = app.browser();
    unknown.cookie = Some(format!("__Host-id={}", "A".repeat(43)));
    for who in [&left_behind, &left_behind, &browser, &unknown] {
        let answer = who.peek(Request::post("/logout")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.set_cookies()[0].contains("Max-Age=0"), "{answer:?}");
        assert_eq!(
            browser.peek(Request::get("/read")).await.body,
            "None 0 None"
        );
    }
}
