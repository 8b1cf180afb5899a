//! An engine whose log tells what it was asked, and that can be held up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use session::{Op, Record, SaveOutcome, SessionStore, StoreError, StoreKey, Timestamp};
use session_stores::postgres::PostgresStore;
use tokio::task::JoinHandle;

use crate::postgres_server::{Server, available};
use crate::sessions::{count, live, now, op};

pub(crate) type Answer = Result<SaveOutcome, StoreError>;

/// An engine, a store with a table of its own, and what is needed to hold both up.
pub(crate) struct Place {
    pub(crate) server: Arc<Server>,
    pub(crate) store: Arc<PostgresStore>,
    pub(crate) table: String,
    pub(crate) t: Timestamp,
}

impl Place {
    pub(crate) async fn start(timeout: Duration) -> Option<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        if !available() {
            return None;
        }
        let server = Arc::new(Server::start(&["log_statement=all"]));
        let table = format!("together_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let builder = PostgresStore::builder().table(table.clone());
        let builder = builder.response_timeout(timeout);
        let builder = builder.connect_timeout(Duration::from_secs(30));
        let store = Arc::new(builder.connect(&server.url()).await.unwrap());
        store.migrate().await.unwrap();
        Some(Self {
            server,
            store,
            table,
            t: now(),
        })
    }

    pub(crate) fn op(&self) -> Op {
        op(self.t)
    }

    /// Statements begun that save several.
    pub(crate) fn together(&self) -> usize {
        self.server.log().matches("SELECT * FROM UNNEST(").count()
    }

    pub(crate) fn save(&self, key: StoreKey, record: Record, first: &Record) -> JoinHandle<Answer> {
        let (store, op, expected) = (Arc::clone(&self.store), self.op(), first.header.version);
        tokio::spawn(async move { store.save(&op, &key, Arc::new(record), expected).await })
    }

    /// Runs SQL in another session of the engine, and keeps its transaction open for so long.
    pub(crate) async fn hold(&self, sql: &str, seconds: f64) -> JoinHandle<()> {
        let sql = sql.replace("TABLE_NAME", &self.table);
        let text = format!("BEGIN; {sql}; SELECT pg_sleep({seconds}); COMMIT");
        let server = Arc::clone(&self.server);
        let held = tokio::task::spawn_blocking(move || drop(server.sql(&text)));
        let asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        self.until_some(asleep).await;
        held
    }

    /// Asks until the count that SQL gives is not nothing.
    pub(crate) async fn until_some(&self, sql: &str) {
        let start = Instant::now();
        while self.server.sql(sql) == "0" {
            assert!(start.elapsed() < Duration::from_secs(10), "never: {sql}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn counted(&self, key: &StoreKey) -> u64 {
        count(&*self.stored(key).await)
    }

    pub(crate) async fn stored(&self, key: &StoreKey) -> Arc<Record> {
        live(&*self.store, self.t, key).await.unwrap()
    }
}

pub(crate) fn is_saved(answer: &Answer) -> bool {
    matches!(answer, Ok(SaveOutcome::Saved(_)))
}
