//! The stores on SQL, each with somebody else's connection to its engine.

use std::sync::Arc;
use std::time::Duration;

use session::SessionStore;
use session_stores::mysql::MysqlStore;
use session_stores::postgres::PostgresStore;
use session_stores::sqlite::driver::{
    AssertSqlSafe, Connection, MySqlConnection, PgConnection, Row, SqliteConnection, raw_sql,
};
use session_stores::sqlite::{Durability, SqliteStore};

use crate::{mysql_server, postgres_server, sqlite_file};

/// Slow is not wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A store with tables of its own, and somebody else's connection to its engine.
pub(crate) trait Engine: Sized {
    type Store: SessionStore;

    /// So many rows of 32 random bytes and this time, as a query.
    const ROWS: &str;

    /// `None` where the engine is not at hand.
    async fn start(table: &'static str) -> Option<Self>;

    fn store(&self) -> Arc<Self::Store>;

    /// What the first row begins with, if it is a number.
    async fn other(&mut self, sql: String) -> i64;

    async fn hold(&mut self, sql: &str) {
        self.other("BEGIN".to_owned()).await;
        self.other(sql.to_owned()).await;
    }
}

pub(crate) struct On<S, C> {
    store: Arc<S>,
    other: C,
    _dir: Option<tempfile::TempDir>,
}

macro_rules! other {
    () => {
        fn store(&self) -> Arc<Self::Store> {
            Arc::clone(&self.store)
        }

        async fn other(&mut self, sql: String) -> i64 {
            let rows = raw_sql(AssertSqlSafe(sql)).fetch_all(&mut self.other);
            let rows = rows.await.unwrap();
            let first = rows.first().map(|row| row.try_get(0));
            first.and_then(Result::ok).unwrap_or(0)
        }
    };
}

impl Engine for On<PostgresStore, PgConnection> {
    type Store = PostgresStore;
    const ROWS: &str = "SELECT sha256(convert_to(gen_random_uuid()::text, 'UTF8')), {at} FROM generate_series(1, {n})";

    async fn start(table: &'static str) -> Option<Self> {
        if !postgres_server::available() {
            return None;
        }
        let url = postgres_server::Server::shared().url();
        let builder = PostgresStore::builder().table(table);
        let store = builder.response_timeout(PATIENCE).connect(&url);
        let store = Arc::new(store.await.unwrap());
        store.migrate().await.unwrap();
        let other = PgConnection::connect(&url).await.unwrap();
        Some(Self {
            store,
            other,
            _dir: None,
        })
    }

    other!();
}

impl Engine for On<MysqlStore, MySqlConnection> {
    type Store = MysqlStore;
    const ROWS: &str = "SELECT UNHEX(SHA2(UUID(), 256)), {at} FROM seq_1_to_{n}";

    async fn start(table: &'static str) -> Option<Self> {
        if !mysql_server::available() {
            return None;
        }
        let url = mysql_server::Server::shared().url();
        let builder = MysqlStore::builder().table(table);
        let store = builder.response_timeout(PATIENCE).connect(&url);
        let store = Arc::new(store.await.unwrap());
        store.migrate().await.unwrap();
        let other = MySqlConnection::connect(&url).await.unwrap();
        Some(Self {
            store,
            other,
            _dir: None,
        })
    }

    other!();
}

impl Engine for On<SqliteStore, SqliteConnection> {
    type Store = SqliteStore;
    const ROWS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n}) \
         SELECT randomblob(32), {at} FROM n";

    async fn start(table: &'static str) -> Option<Self> {
        let (dir, path) = sqlite_file::new_file();
        let builder = SqliteStore::builder().durability(Durability::Normal);
        let store = builder.table(table).response_timeout(PATIENCE).open(&path);
        Some(Self {
            store: Arc::new(store.await.unwrap()),
            other: sqlite_file::other(&path).await,
            _dir: Some(dir),
        })
    }

    other!();
}

pub(crate) type Postgres = On<PostgresStore, PgConnection>;
pub(crate) type MariaDb = On<MysqlStore, MySqlConnection>;
pub(crate) type Sqlite = On<SqliteStore, SqliteConnection>;

/// Bytes in a statement.
pub(crate) fn literal<E: Engine>(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match std::any::type_name::<E::Store>().contains("postgres") {
        true => format!("'\\x{hex}'"),
        false => format!("x'{hex}'"),
    }
}
