//! What a user sees of the sessions of their own, and how long each still lives.

use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use http::Request;
use session::{Lifetime, Session, SessionSchema, Typed};

use crate::support::App;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
}

fn routes() -> Router {
    Router::new()
        .route(
            "/login/{id}/{label}",
            post(
                async |a: Typed<Account>, Path((id, label)): Path<(u64, String)>| {
                    a.set_user_id(id);
                    a.session().set_label(label);
                },
            ),
        )
        .route(
            "/login/{id}",
            post(async |a: Typed<Account>, id: Path<u64>| a.set_user_id(id.0)),
        )
        .route(
            "/list",
            get(async |s: Session| {
                let mut lines = Vec::new();
                for info in s.sessions_of_owner().await? {
                    lines.push(format!(
                        "{}{} {}..{}",
                        info.label.as_deref().unwrap_or("none"),
                        if s.handle() == Some(info.handle) {
                            "*"
                        } else {
                            ""
                        },
                        info.created.as_millis() / 1000 - 1_700_000_000,
                        info.last_seen.as_millis() / 1000 - 1_700_000_000,
                    ));
                }
                Ok::<_, session::Error>(lines.join(", "))
            }),
        )
        .route(
            "/end-oldest",
            post(async |s: Session| {
                let oldest = s.sessions_of_owner().await?.remove(0);
                let ended = s.destroy_other(oldest.handle).await?;
                let again = s.destroy_other(oldest.handle).await?;
                Ok::<_, session::Error>(format!("{ended} {again}"))
            }),
        )
        .route(
            "/expires",
            get(async |s: Session| match s.expires_at() {
                Some(at) => (at.as_millis() / 1000 - 1_700_000_000).to_string(),
                None => "never".to_owned(),
            }),
        )
        .route("/write", post(async |s: Session| s.set("n", 1u64)))
        .route(
            "/remember",
            post(async |s: Session| {
                let lifetime = Lifetime {
                    idle: Duration::from_secs(7_200),
                    absolute: Duration::from_secs(9_000),
                };
                s.set_lifetime(lifetime).unwrap();
            }),
        )
}

#[tokio::test]
async fn t29_a_listing_tells_label_and_times_and_which_session_asks() {
    let app = App::new(routes());
    let mut phone = app.browser();
    let mut laptop = app.browser();
    assert_eq!(phone.get("/list").await.body, "");
    phone.post("/login/1/phone").await;
    app.wait(1_000);
    laptop.post("/login/1/laptop").await;
    app.browser().post("/login/2/stranger").await;
    app.wait(1_000);
    // The laptop was not seen since; the phone is as it asks.
    assert_eq!(
        phone.get("/list").await.body,
        "phone* 0..2000, laptop 1000..1000"
    );
    assert_eq!(
        laptop.get("/list").await.body,
        "phone 0..2000, laptop* 1000..2000"
    );
    assert_eq!(laptop.post("/end-oldest").await.body, "true false");
    assert_eq!(phone.get("/list").await.body, "");
    // The same owner again keeps the label and the beginning, another one does not.
    laptop.post("/login/1").await;
    assert_eq!(laptop.get("/list").await.body, "laptop* 1000..2000");
    laptop.post("/login/3").await;
    assert_eq!(laptop.get("/list").await.body, "none* 2000..2000");
}

#[tokio::test]
async fn each_request_moves_the_deadline_and_none_past_the_end() {
    let app = App::new(routes());
    let mut browser = app.browser();
    assert_eq!(browser.get("/expires").await.body, "never");
    browser.post("/write").await;
    // Idle and touch interval: an hour and a twentieth of it.
    assert_eq!(browser.get("/expires").await.body, "3780");
    app.wait(179);
    assert_eq!(browser.get("/expires").await.body, "3780");
    app.wait(1);
    assert_eq!(browser.get("/expires").await.body, "3960");
    // It lives for the whole idle timeout, though its last request renewed nothing.
    app.wait(179);
    assert_eq!(browser.get("/expires").await.body, "3960");
    let mut twin = browser.clone();
    app.wait(3_599);
    assert_eq!(twin.get("/expires").await.body, "7738");
    app.wait(3_780);
    assert_eq!(twin.get("/expires").await.body, "never");
    // A lifetime of its own: the idle part of it, until the absolute one ends both.
    browser.cookie = None;
    browser.post("/write").await;
    browser.post("/remember").await;
    assert_eq!(
        browser.get("/expires").await.body,
        (7_738 + 7_380).to_string()
    );
    app.wait(3_000);
    let end = (7_738 + 9_000).to_string();
    assert_eq!(browser.get("/expires").await.body, end);
    app.wait(5_999);
    assert_eq!(browser.get("/expires").await.body, end);
    app.wait(1);
    let answer = browser.peek(Request::get("/expires")).await;
    assert_eq!(answer.body, "never");
}
