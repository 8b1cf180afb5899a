//! axum_session in memory: no database behind it.
//!
//! Without the hash of the client's address in the cookie, which its requests would need a connection for.

use axum::Router;
use axum::extract::Path;
use axum_session::{Session, SessionConfig, SessionLayer, SessionNullPool, SessionStore};

use super::Subject;
use super::web::{Web, routes};
use crate::runner::in_thread;
use crate::scenario::{LOCALE, NO, NOTICE, Seed, TOKEN, USER, YES, large, said};

pub const SUBJECT: Subject = Subject {
    name: "axum_session",
    what: "axum_session 0.22, in memory",
    build: Some(|runtime| {
        in_thread(runtime, async || {
            let config = SessionConfig::default().with_ip_and_user_agent(false);
            let store = SessionStore::new(None, config).await.expect("a store");
            Web(router().layer(SessionLayer::<SessionNullPool>::new(store)))
        })
    }),
    sessions: true,
    by_default: true,
    engine: None,
};

type Memory = Session<SessionNullPool>;

async fn untouched() -> &'static str {
    YES
}

async fn read(session: Memory) -> &'static str {
    said(session.get("user_id") == Some(USER))
}

async fn rmw(session: Memory) -> &'static str {
    let visits: u64 = session.get("visits").unwrap_or_default();
    session.set("visits", visits + 1);
    YES
}

async fn new(session: Memory) -> &'static str {
    session.set("user_id", USER);
    YES
}

async fn set(session: Memory) -> &'static str {
    session.set("notice", NOTICE);
    YES
}

async fn take(session: Memory) -> &'static str {
    let notice: Option<String> = session.get_remove("notice");
    said(notice.as_deref() == Some(NOTICE))
}

async fn rotate(session: Memory) -> &'static str {
    session.renew();
    YES
}

async fn seed(Path(name): Path<String>, session: Memory) -> &'static str {
    let Some(seed) = Seed::named(&name) else {
        return NO;
    };
    session.set("user_id", USER);
    if seed.person {
        session.set("token", TOKEN);
        session.set("locale", LOCALE);
        session.set("visits", 0_u64);
    }
    for (key, value) in seed.keys() {
        session.set(&key, value);
    }
    if seed.large {
        session.set("large", large());
    }
    YES
}

async fn visits(session: Memory) -> String {
    session.get("visits").unwrap_or(0_u64).to_string()
}

async fn whole(session: Memory) -> String {
    let there = |key: &str| session.get::<serde_json::Value>(key).is_some();
    let names = ["user_id", "token", "locale", "visits", "large"];
    let numbered = (0..256)
        .filter(|number| there(&format!("key{number:03}")))
        .count();
    let keys = names.into_iter().filter(|name| there(name)).count() + numbered;
    let large: Option<String> = session.get("large");
    super::named(keys, large.map_or(0, |large| large.len()))
}

fn router() -> Router {
    routes!(
        untouched, read, rmw, new, set, take, rotate, seed, visits, whole
    )
}
