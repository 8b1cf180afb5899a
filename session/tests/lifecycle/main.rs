//! One request after another: ids, cookies, owners, deadlines, flashes, headers, and what each costs.

#![allow(clippy::unwrap_used)]

mod costs;
mod ids;
mod owners;
mod requests;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use http::{Request, StatusCode};
use session::testing::Counts;
use session::{
    Flash, HeaderTransport, LazySession, Lifetime, Session, SessionSchema, StoreHandle, Typed,
};
use support::App;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(default)]
    visits: u64,
    #[session(default, keep)]
    theme: String,
    #[session(per_login)]
    csrf: Option<String>,
    #[session(flash)]
    notices: Vec<String>,
}

#[derive(SessionSchema)]
#[session(redirect = "/login", next = "next")]
struct SignedIn {
    #[session(owner)]
    user_id: u64,
}

fn routes() -> Router {
    Router::new()
        .route("/untouched", get(async || "untouched"))
        .route(
            "/read",
            get(async |account: Typed<Account>| account.visits().to_string()),
        )
        .route(
            "/write",
            post(async |account: Typed<Account>| account.update_visits(|n| *n += 1)),
        )
        .route(
            "/theme",
            post(async |account: Typed<Account>| account.set_theme("dark".to_owned())),
        )
        .route(
            "/csrf",
            post(async |account: Typed<Account>| account.set_csrf("token".to_owned())),
        )
        .route(
            "/login/{id}",
            post(
                async |account: Typed<Account>,
                       axum::extract::Path(id): axum::extract::Path<u64>| {
                    account.set_user_id(id);
                    account.push_notices(format!("hello {id}"));
                },
            ),
        )
        .route("/logout", post(async |session: Session| session.destroy()))
        .route(
            "/lazy-logout",
            post(async |session: LazySession| session.destroy()),
        )
        .route(
            "/farewell",
            post(async |account: Typed<Account>| {
                account.set_theme("lost".to_owned());
                account.session().destroy();
                account.push_notices("signed out".to_owned());
            }),
        )
        .route(
            "/rotate",
            post(async |session: Session| session.regenerate_id()),
        )
        .route(
            "/me",
            get(async |me: Typed<SignedIn>| me.user_id().to_string()),
        )
        .route(
            "/state",
            get(async |account: Typed<Account>| {
                format!(
                    "{:?} {} {} {:?}",
                    account.user_id(),
                    account.visits(),
                    account.theme(),
                    account.csrf()
                )
            }),
        )
        .route(
            "/notices",
            get(async |account: Typed<Account>| account.take_notices().join(",")),
        )
        .route(
            "/peek",
            get(async |account: Typed<Account>| account.peek_notices().join(",")),
        )
        .route(
            "/flash/set",
            get(async |session: Session| session.set_flash("saved".to_owned())),
        )
        .route(
            "/flash",
            get(async |Flash(message): Flash<String>| message.unwrap_or_else(|| "none".to_owned())),
        )
        .route(
            "/id",
            get(async |session: Session| match session.id() {
                Some(id) => id.expose_secret().as_str().to_owned(),
                None => "none".to_owned(),
            }),
        )
        .route(
            "/public",
            get(async |_: Session| [("cache-control", "public, max-age=60")]),
        )
        .route(
            "/steal",
            post(async |session: Session| session.set("user_id", 7u64)),
        )
        .route(
            "/sign-off",
            post(async |account: Typed<Account>| account.clear_user_id()),
        )
        .route(
            "/remember",
            post(async |session: Session| {
                let day = Duration::from_secs(86_400);
                session
                    .set_lifetime(Lifetime {
                        idle: 7 * day,
                        absolute: 30 * day,
                    })
                    .unwrap();
            }),
        )
        .route(
            "/gc",
            get(async |store: StoreHandle, session: Session| {
                session.set("x", 1u8)?;
                store.gc(10).await.map(|swept| swept.removed.to_string())
            }),
        )
}

fn app() -> App {
    App::new(routes())
}

fn id(cookie: &str) -> &str {
    cookie.split_once('=').unwrap().1.split(';').next().unwrap()
}
