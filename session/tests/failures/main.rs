//! What happens when the store fails, the handler fails, or the client goes away.

#![allow(clippy::unwrap_used)]

mod client;
mod handler;
mod store;
#[path = "../support/mod.rs"]
mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http::{Request, StatusCode};
use session::testing::{Counts, Fault, Verb};
use session::{
    ErrorKind, OnStoreError, Session, SessionSchema, StoreErrorKind, Typed, TypedRejection,
};
use support::App;
use tower::ServiceExt;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(default)]
    n: u64,
    #[session(flash)]
    notice: Option<String>,
}

#[derive(SessionSchema)]
struct SignedIn {
    #[session(owner)]
    user_id: u64,
}

const FAILED: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

fn routes() -> Router {
    Router::new()
        .route(
            "/read",
            get(async |a: Typed<Account>| format!("{:?} {}", a.user_id(), a.n())),
        )
        .route(
            "/write",
            post(async |a: Typed<Account>| a.update_n(|n| *n += 1)),
        )
        .route("/login", post(async |a: Typed<Account>| a.set_user_id(1)))
        .route("/logout", post(async |s: Session| s.destroy()))
        .route("/rotate", post(async |s: Session| s.regenerate_id()))
        .route(
            "/fail/write",
            post(async |a: Typed<Account>| {
                a.set_n(99);
                FAILED
            }),
        )
        .route(
            "/fail/login",
            post(async |a: Typed<Account>| {
                a.set_user_id(1);
                FAILED
            }),
        )
        .route(
            "/fail/logout",
            post(async |s: Session| {
                s.destroy();
                FAILED
            }),
        )
        .route(
            "/fail/clear",
            post(async |a: Typed<Account>| {
                a.clear_user_id();
                a.set_n(99);
                FAILED
            }),
        )
        .route(
            "/fail/rotate",
            post(async |a: Typed<Account>| {
                a.set_n(99);
                a.session().regenerate_id();
                FAILED
            }),
        )
        .route(
            "/fail/commit",
            post(async |a: Typed<Account>| {
                a.set_n(5);
                a.session().commit().await?;
                a.set_n(99);
                Ok::<_, session::Error>(FAILED)
            }),
        )
        .route(
            "/notice",
            get(async |a: Typed<Account>| a.take_notice().unwrap_or_default()),
        )
        .route(
            "/leave",
            post(async |a: Typed<Account>| a.set_notice("left".to_owned())),
        )
        .route(
            "/me",
            get(async |me: Typed<SignedIn>| me.user_id().to_string()),
        )
        .route(
            "/large",
            post(async |s: Session| s.set("large", "x".repeat(10 << 20))),
        )
        .route(
            "/odd",
            post(async |s: Session| {
                s.set("n", 7u64)?;
                s.set("odd", std::collections::BTreeMap::from([((1u8, 2u8), 3u8)]))
            }),
        )
        .route(
            "/result",
            get(
                async |me: Result<Typed<SignedIn>, TypedRejection>| match me {
                    Ok(_) => "in".to_owned(),
                    Err(rejection) => format!("{} {}", rejection.status(), rejection),
                },
            ),
        )
}

async fn signed_in(app: &App) -> support::Browser {
    let mut browser = app.browser();
    browser.post("/login").await;
    browser.post("/write").await;
    app.calls();
    browser
}

const DOWN: Fault = Fault::Fail(StoreErrorKind::Unavailable);
