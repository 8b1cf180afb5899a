//! tower-sessions on its memory store, each value under a key of its own.

use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, MemoryStore, SessionManagerLayer};

use super::Subject;
use super::tower_sessions_routes::router;
use super::web::Web;
use crate::runner::in_thread;

pub const SUBJECT: Subject = Subject {
    name: "tower-sessions",
    what: "tower-sessions 0.15, MemoryStore",
    build: Some(|runtime| in_thread(runtime, async || Web(router().layer(layer())))),
    sessions: true,
    by_default: true,
    engine: None,
};

pub fn layer() -> SessionManagerLayer<MemoryStore> {
    let expiry = Expiry::OnInactivity(Duration::hours(1));
    SessionManagerLayer::new(MemoryStore::default()).with_expiry(expiry)
}
