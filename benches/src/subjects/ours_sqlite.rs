//! This library on SQLite, each time in a file of its own.

use std::path::Path;

use session::SessionLayer;
use session_stores::SqliteStore;
use session_stores::sqlite::Durability;
use tokio::runtime::Runtime;

use super::Subject;
use super::ours::router;
use super::web::Web;
use crate::engine::Engine;
use crate::runner::{Runner, in_thread};

pub const SUBJECT: Subject = Subject {
    name: "ours-sqlite",
    what: "this library, SqliteStore, synchronous = FULL",
    build: Some(|runtime| build(runtime, Durability::Full)),
    sessions: true,
    by_default: false,
    engine: Some(Engine::Sqlite),
};

pub const NORMAL: Subject = Subject {
    name: "ours-sqlite-normal",
    what: "the same, synchronous = NORMAL",
    build: Some(|runtime| build(runtime, Durability::Normal)),
    sessions: true,
    by_default: false,
    engine: Some(Engine::Sqlite),
};

fn build(runtime: Runtime, durability: Durability) -> Box<dyn Runner> {
    in_thread(runtime, async move || {
        let file = format!("ours-{:016x}.db", rand::random::<u64>());
        let path = Path::new(Engine::Sqlite.address().expect("a folder")).join(file);
        let builder = SqliteStore::builder().durability(durability);
        let store = builder.open(path).await.expect("a file that can be made");
        Web(router().layer(SessionLayer::new(store)))
    })
}
