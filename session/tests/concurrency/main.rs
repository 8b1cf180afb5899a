//! Requests that overlap: a handler stops at a gate while others come and go.

#![allow(clippy::unwrap_used)]

mod ending;
mod merging;
mod signing_in;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use http::{Request, StatusCode};
use session::testing::{Fault, Verb};
use session::{
    Clock, ErrorKind, Op, ReadOutcome, Record, Session, SessionId, SessionSchema, SessionStore,
    StoreHandle, Typed,
};
use support::{Answer, App, Browser};
use tokio::sync::Semaphore;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(default)]
    n: u64,
    otp: Option<String>,
    #[session(per_login)]
    csrf: Option<String>,
    #[session(keep)]
    theme: Option<String>,
    #[session(flash)]
    notices: Vec<String>,
}

#[derive(SessionSchema)]
struct Counted {
    n: u64,
}

/// Handlers load, wait for a permit, then act.
fn routes(gate: &Arc<Semaphore>) -> Router {
    let wait = || {
        let gate = Arc::clone(gate);
        async move || gate.acquire().await.unwrap().forget()
    };
    let routes = Router::new()
        .route(
            "/read",
            get(async |a: Typed<Account>| format!("{:?} {} {:?}", a.user_id(), a.n(), a.csrf())),
        )
        .route(
            "/now/set/{key}/{n}",
            post(async |s: Session, Path((key, n)): Path<(String, u64)>| s.set(&key, n)),
        )
        .route(
            "/get/{key}",
            get(async |s: Session, key: Path<String>| format!("{:?}", s.get::<u64>(&key).unwrap())),
        )
        .route(
            "/now/remove/{key}",
            post(async |s: Session, key: Path<String>| s.remove(&key).map(drop)),
        )
        .route("/now/logout", post(async |s: Session| s.destroy()))
        .route("/now/rotate", post(async |s: Session| s.regenerate_id()))
        .route(
            "/now/login/{id}",
            post(async |a: Typed<Account>, id: Path<u64>| a.set_user_id(id.0)),
        )
        .route(
            "/now/revoke/{id}",
            post(async |store: StoreHandle, id: Path<u64>| {
                store.destroy_all_of(&id.0).await.map(|n| n.to_string())
            }),
        )
        .route(
            "/now/others",
            post(async |s: Session| s.destroy_others().await.map(|n| n.to_string())),
        )
        .route(
            "/now/push/{text}",
            post(async |a: Typed<Account>, text: Path<String>| a.push_notices(text.0)),
        )
        .route(
            "/now/otp",
            post(async |a: Typed<Account>| a.set_otp("123456".to_owned())),
        )
        .route(
            "/now/theme",
            post(async |a: Typed<Account>| a.set_theme("dark".to_owned())),
        )
        .route(
            "/theme",
            get(async |a: Typed<Account>| format!("{:?}", a.theme())),
        )
        .route(
            "/now/csrf",
            post(async |a: Typed<Account>| a.set_csrf("token".to_owned())),
        );
    let hold = wait();
    let routes = routes.route(
        "/set/{key}/{n}",
        post(
            async move |s: Session, Path((key, n)): Path<(String, u64)>| {
                hold().await;
                s.set(&key, n)
            },
        ),
    );
    let hold = wait();
    let routes = routes.route(
        "/login/{id}",
        post(async move |a: Typed<Account>, id: Path<u64>| {
            hold().await;
            a.set_user_id(id.0);
            a.update_n(|n| *n += 1);
        }),
    );
    let hold = wait();
    let routes = routes.route(
        "/rotate",
        post(async move |s: Session| {
            hold().await;
            s.regenerate_id();
        }),
    );
    let hold = wait();
    let routes = routes.route(
        "/logout",
        post(async move |s: Session| {
            hold().await;
            s.destroy();
        }),
    );
    let hold = wait();
    let routes = routes.route(
        "/increment",
        post(async move |a: Typed<Account>| {
            a.update_n(|n| *n += 1);
            hold().await;
        }),
    );
    let hold = wait();
    let routes = routes.route(
        "/take",
        get(async move |a: Typed<Account>| {
            let taken = a.take_notices().join(",");
            hold().await;
            taken
        }),
    );
    let hold = wait();
    let routes = routes.route(
        "/consume",
        get(async move |a: Typed<Account>| {
            hold().await;
            a.consume_otp().await.map(Option::unwrap_or_default)
        }),
    );
    let hold = wait();
    routes.route(
        "/required",
        post(async move |counted: Typed<Counted>| {
            hold().await;
            counted.update_n(|n| *n += 1);
        }),
    )
}

struct Scene {
    app: App,
    gate: Arc<Semaphore>,
}

impl Scene {
    fn new() -> Self {
        let gate = Arc::new(Semaphore::new(0));
        Self {
            app: App::new(routes(&gate)),
            gate,
        }
    }

    /// A request that is held at the gate, its session loaded.
    async fn held(
        &self,
        browser: &Browser,
        method: &str,
        path: &str,
    ) -> tokio::task::JoinHandle<Answer> {
        let browser = browser.clone();
        let request = Request::builder().method(method).uri(path);
        let task = tokio::spawn(async move { browser.peek(request).await });
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        task
    }

    async fn release(&self, task: tokio::task::JoinHandle<Answer>) -> Answer {
        self.gate.add_permits(1);
        task.await.unwrap()
    }
}
