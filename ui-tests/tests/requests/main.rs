//! Schemas behind a real layer: extraction, its answers, and what one request leaves for the next.

#![allow(
    clippy::unwrap_used,
    reason = "the lint knows tests, but not what they call"
)]

mod extraction;
mod several;
#[path = "../support/mod.rs"]
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
