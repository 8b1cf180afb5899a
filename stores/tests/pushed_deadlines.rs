//! T17: when a session ends stands in its record. What an engine drops it by, moved by hand, prolongs nothing.
//! (`file_root.rs` has the same of a file's time; a memory store has nothing else to go by.)

#![cfg(all(
    feature = "redis",
    feature = "postgres",
    feature = "mysql",
    feature = "sqlite"
))]
#![allow(clippy::unwrap_used)]

#[path = "support/mysql_server.rs"]
#[allow(dead_code)]
mod mysql_server;
#[path = "support/postgres_server.rs"]
#[allow(dead_code)]
mod postgres_server;
#[path = "support/redis_server.rs"]
#[allow(dead_code)]
mod redis_server;
#[path = "support/sessions.rs"]
#[allow(dead_code)]
mod sessions;
#[path = "support/sqlite_file.rs"]
#[allow(dead_code)]
mod sqlite_file;

use std::sync::Arc;
use std::time::Duration;

use session::{
    OwnerKey, ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, StoreKey, TouchOutcome,
};
use session_stores::{mysql::MysqlStore, postgres::PostgresStore, redis::RedisStore};
use sessions::{INTERVAL, key_after, live, next, now, op, owned, put};

const PATIENCE: Duration = Duration::from_secs(60);

/// Makes a session, has its end pushed, and looks for it a second after that.
async fn ends_when_it_was_to_end<S: SessionStore>(store: S, push: impl AsyncFnOnce(StoreKey)) {
    let (t, owner) = (now(), OwnerKey::of("ann"));
    let record = owned(t, "ann");
    let (key, version) = (put(&store, t, &record).await, record.header.version);
    push(key).await;
    assert!(live(&store, t, &key).await.is_some());

    let dead = op(record.header.idle_deadline + Duration::from_secs(1));
    for renew in [None, Some(INTERVAL), None] {
        let read = store.read(&dead, &key, renew).await.unwrap();
        assert!(matches!(read, ReadOutcome::Absent), "{read:?}");
    }
    assert!(!store.exists(&dead, &key).await.unwrap());
    assert!(store.sessions_of(&dead, &owner).await.unwrap().is_empty());
    let until = dead.now + INTERVAL;
    let touched = store.touch(&dead, &key, version, until).await.unwrap();
    assert_eq!(touched, TouchOutcome::Gone);
    let later = Arc::new(next(&record, 2));
    let saved = store.save(&dead, &key, Arc::clone(&later), version).await;
    assert!(matches!(saved.unwrap(), SaveOutcome::Gone));
    let new = key_after(&key);
    let moved = store.rotate(&dead, &key, &new, later, version, None).await;
    assert!(matches!(moved.unwrap(), RotateOutcome::Gone));
    assert!(live(&store, dead.now, &new).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn t17_a_redis_key_that_does_not_expire() {
    if redis_server::available() {
        let server = redis_server::Server::start(&[]);
        let builder = RedisStore::builder().response_timeout(PATIENCE);
        let store = builder.connect(server.url()).await.unwrap();
        ends_when_it_was_to_end(store, async |key| {
            let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
            let name = format!("sess:{{{}}}:{}", hex(&key.tag()), hex(key.hash()));
            let persisted: u64 = server.command(&[b"PERSIST", name.as_bytes()]);
            assert_eq!(persisted, 1);
        })
        .await;
    }
}

const PUSH: &str = "UPDATE sessions SET expires_at = expires_at + 1000000000";

#[tokio::test(flavor = "multi_thread")]
async fn t17_a_row_in_postgres() {
    if postgres_server::available() {
        let server = postgres_server::Server::start(&[]);
        let builder = PostgresStore::builder().response_timeout(PATIENCE);
        let store = builder.connect(&server.url()).await.unwrap();
        store.migrate().await.unwrap();
        ends_when_it_was_to_end(store, async |_| drop(server.sql(PUSH))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t17_a_row_in_mysql() {
    if mysql_server::available() {
        let server = mysql_server::Server::start(&[]);
        let builder = MysqlStore::builder().response_timeout(PATIENCE);
        let store = builder.connect(&server.url()).await.unwrap();
        store.migrate().await.unwrap();
        let push = format!("USE sessions; {PUSH}");
        ends_when_it_was_to_end(store, async |_| drop(server.sql(&push))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t17_a_row_in_sqlite() {
    let (_dir, path) = sqlite_file::new_file();
    let builder = session_stores::sqlite::SqliteStore::builder().response_timeout(PATIENCE);
    let store = builder.open(&path).await.unwrap();
    ends_when_it_was_to_end(store, async |_| {
        sqlite_file::run(&mut sqlite_file::other(&path).await, PUSH).await;
    })
    .await;
}
