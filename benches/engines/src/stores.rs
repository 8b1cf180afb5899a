//! A store each, set up as its documentation does.

use std::env::var;
use std::path::Path;

use tokio::runtime::Runtime;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use tower_sessions_sqlx_store::sqlx::PgPool;
use tower_sessions_sqlx_store::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous,
};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use crate::runner::{Runner, in_thread};
use crate::subjects::tower_sessions_routes::router;
use crate::subjects::web::Web;

fn web(store: impl SessionStore + Clone) -> Web {
    let expiry = Expiry::OnInactivity(Duration::hours(1));
    Web(router().layer(SessionManagerLayer::new(store).with_expiry(expiry)))
}

pub fn redis(runtime: Runtime) -> Box<dyn Runner> {
    in_thread(runtime, async || {
        let config = Config::from_url(&var("REDIS_URL").expect("REDIS_URL")).expect("a URL");
        let pool = Pool::new(config, None, None, None, 6).expect("a pool");
        pool.init().await.expect("a Redis server");
        web(RedisStore::new(pool))
    })
}

pub fn sqlite(runtime: Runtime) -> Box<dyn Runner> {
    sqlite_with(runtime, SqliteSynchronous::Full)
}

pub fn sqlite_normal(runtime: Runtime) -> Box<dyn Runner> {
    sqlite_with(runtime, SqliteSynchronous::Normal)
}

/// As durable as the same subject of this library.
fn sqlite_with(runtime: Runtime, synchronous: SqliteSynchronous) -> Box<dyn Runner> {
    in_thread(runtime, async move || {
        let folder = var("SQLITE_FOLDER").expect("SQLITE_FOLDER");
        let file = format!("tower-sessions-{:016x}.db", rand::random::<u64>());
        let options = SqliteConnectOptions::new()
            .filename(Path::new(&folder).join(file))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous);
        let pool = SqlitePool::connect_with(options).await.expect("a file");
        let store = SqliteStore::new(pool);
        store.migrate().await.expect("tables");
        web(store)
    })
}

pub fn postgres(runtime: Runtime) -> Box<dyn Runner> {
    in_thread(runtime, async || {
        let url = var("POSTGRES_URL").expect("POSTGRES_URL");
        let pool = PgPool::connect(&url).await.expect("a PostgreSQL server");
        let store = PostgresStore::new(pool);
        store.migrate().await.expect("tables");
        web(store)
    })
}
