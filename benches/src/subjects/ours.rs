//! This library, on its memory store.

use axum::Router;
use axum::extract::Path;
use session::{Session, SessionLayer, SessionSchema, Typed};
use session_stores::MemoryStore;
use tower::ServiceBuilder;

use super::Subject;
use super::web::{Web, routes};
use crate::runner::in_thread;
use crate::scenario::{LOCALE, NO, NOTICE, Seed, TOKEN, USER, YES, large, said};

pub const SUBJECT: Subject = Subject {
    name: "ours",
    what: "this library, MemoryStore, Router::layer",
    build: Some(|runtime| in_thread(runtime, async || Web(router().layer(layer())))),
    sessions: true,
    by_default: true,
    engine: None,
};

pub const AROUND: Subject = Subject {
    name: "ours-around",
    what: "the same, wrapped around the router",
    build: Some(|runtime| {
        in_thread(runtime, async || {
            Web(ServiceBuilder::new().layer(layer()).service(router()))
        })
    }),
    sessions: true,
    by_default: true,
    engine: None,
};

fn layer() -> SessionLayer {
    SessionLayer::new(MemoryStore::new())
}

#[derive(SessionSchema)]
#[allow(dead_code, reason = "a field that only its accessors use")]
struct Shop {
    user_id: Option<u64>,
    token: Option<String>,
    locale: Option<String>,
    #[session(default)]
    visits: u64,
    #[session(flash)]
    notice: Option<String>,
}

async fn untouched() -> &'static str {
    YES
}

async fn read(shop: Typed<Shop>) -> &'static str {
    said(shop.user_id() == Some(USER))
}

async fn rmw(shop: Typed<Shop>) -> &'static str {
    shop.update_visits(|visits| *visits += 1);
    YES
}

async fn new(shop: Typed<Shop>) -> &'static str {
    shop.set_user_id(USER);
    YES
}

async fn set(shop: Typed<Shop>) -> &'static str {
    shop.set_notice(NOTICE.to_owned());
    YES
}

async fn take(shop: Typed<Shop>) -> &'static str {
    said(shop.take_notice().as_deref() == Some(NOTICE))
}

async fn rotate(session: Session) -> &'static str {
    session.regenerate_id();
    YES
}

async fn seed(Path(name): Path<String>, shop: Typed<Shop>) -> Result<&'static str, session::Error> {
    let Some(seed) = Seed::named(&name) else {
        return Ok(NO);
    };
    shop.set_user_id(USER);
    if seed.person {
        shop.set_token(TOKEN.to_owned());
        shop.set_locale(LOCALE.to_owned());
        shop.set_visits(0);
    }
    for (key, value) in seed.keys() {
        shop.session().set(&key, value)?;
    }
    if seed.large {
        shop.session().set("large", large())?;
    }
    Ok(YES)
}

async fn visits(shop: Typed<Shop>) -> String {
    shop.visits().to_string()
}

async fn whole(session: Session) -> String {
    let large = session
        .get("large")
        .ok()
        .flatten()
        .map_or(0, |large: String| large.len());
    super::named(session.keys().len(), large)
}

pub fn router() -> Router {
    routes!(
        untouched, read, rmw, new, set, take, rotate, seed, visits, whole
    )
}
