//! This library on PostgreSQL.

use session::SessionLayer;
use session_stores::PostgresStore;

use super::Subject;
use super::ours::router;
use super::web::Web;
use crate::engine::Engine;
use crate::runner::in_thread;

pub const SUBJECT: Subject = Subject {
    name: "ours-postgres",
    what: "this library, PostgresStore, a pool of 10",
    build: Some(|runtime| {
        in_thread(runtime, async || {
            let address = Engine::Postgres.address().expect("a PostgreSQL server");
            let store = PostgresStore::connect(address).await.expect("a store");
            store.migrate().await.expect("tables");
            Web(router().layer(SessionLayer::new(store)))
        })
    }),
    sessions: true,
    by_default: false,
    engine: Some(Engine::Postgres),
};
