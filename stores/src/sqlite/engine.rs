//! The way to the engine: who may read, who may write, and for how long anybody waits.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use session::{Codec, StoreError, StoreErrorKind};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{SqlSafeStr, SqlStr, Sqlite, SqlitePool};
use tokio::time::{Instant, timeout_at};

use super::queue::{Queue, broken};
use super::reads::Reads;
use super::reserve::Reserve;
use super::statements::Statements;
use super::trouble::store_error;

pub(super) struct Engine {
    pub(super) pool: SqlitePool,
    pub(super) statements: Statements,
    pub(super) codec: Codec,
    pub(super) response_timeout: Duration,
    /// The engine waits for another writer by sleeping on a thread; those of this process stand in a queue instead, and
    /// leave the other connections to the readers.
    pub(super) queue: Queue,
    pub(super) reads: Reads,
    reserve: Option<Arc<Reserve>>,
}

/// What is bound to a statement comes after this.
pub(super) fn statement(sql: &SqlStr) -> Query<'static, Sqlite, SqliteArguments> {
    sqlx::query(sql.clone())
}

pub(super) fn late() -> StoreError {
    StoreError::from_kind(StoreErrorKind::Timeout)
}

impl Engine {
    pub(super) fn new(
        pool: SqlitePool,
        statements: Statements,
        codec: Codec,
        response_timeout: Duration,
        reserve: Option<Reserve>,
    ) -> Self {
        // One connection is for who writes.
        let readers = pool.options().get_max_connections().saturating_sub(1);
        let reads = Reads::new(readers.max(1) as usize);
        Self {
            pool,
            statements,
            codec,
            response_timeout,
            queue: Queue::default(),
            reads,
            reserve: reserve.map(Arc::new),
        }
    }

    /// Runs something that only reads. It waits for no writer.
    pub(super) async fn reading<T>(
        &self,
        step: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let end = Instant::now() + self.response_timeout;
        timeout_at(end, step).await.unwrap_or_else(|_| Err(late()))
    }

    pub(super) async fn link(&self) -> Result<Link, StoreError> {
        let connection = self.pool.acquire().await.map_err(store_error)?;
        Ok(Link(connection))
    }

    /// A connection with a transaction that has the lock for writing from its first statement on.
    pub(super) async fn transaction(&self) -> Result<Transaction, StoreError> {
        let mut link = self.link().await?;
        let begin = SqlStr::from_static("BEGIN IMMEDIATE");
        link.execute(statement(&begin)).await?;
        Ok(Transaction { link, open: true })
    }

    /// Whether there is room for more than signing out.
    pub(super) async fn has_room(&self) -> bool {
        let stands = self.reserve.as_ref().is_none_or(|reserve| reserve.stands());
        stands || self.on_reserve(Reserve::look_again).await.unwrap_or(false)
    }

    /// Brings what stands in the log into the database, so that the log begins anew in the room that it has already.
    pub(super) async fn make_room(&self) -> Result<(), StoreError> {
        self.on_reserve(|reserve| {
            reserve.give_up();
            true
        })
        .await?;
        let checkpoint = SqlStr::from_static("PRAGMA wal_checkpoint(RESTART)");
        self.link().await?.rows(statement(&checkpoint)).await?;
        Ok(())
    }

    /// What a step on the reserve answers; `true` where there is none. Files may keep a thread waiting.
    async fn on_reserve(
        &self,
        step: impl FnOnce(&Reserve) -> bool + Send + 'static,
    ) -> Result<bool, StoreError> {
        let Some(reserve) = self.reserve.clone() else {
            return Ok(true);
        };
        let step = tokio::task::spawn_blocking(move || step(&reserve));
        step.await.map_err(|_| broken())
    }
}

/// A connection.
///
/// Statements run to their end here. The driver's `fetch_one` and `fetch_optional` stop at the first row: the statement
/// is then committed when it is reset, and nobody learns that this has failed.
pub(super) struct Link(PoolConnection<Sqlite>);

impl Link {
    /// How many rows were changed.
    pub(super) async fn execute(
        &mut self,
        query: Query<'static, Sqlite, SqliteArguments>,
    ) -> Result<u64, StoreError> {
        let done = query.execute(&mut *self.0).await.map_err(store_error)?;
        Ok(done.rows_affected())
    }

    pub(super) async fn rows(
        &mut self,
        query: Query<'static, Sqlite, SqliteArguments>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        query.fetch_all(&mut *self.0).await.map_err(store_error)
    }
}

/// A transaction. What drops it before its end closes the connection, and with it what was begun.
///
/// The driver's own counts how deep it is, and an engine that has rolled back by itself, as it does when the disk is
/// full, leaves that count wrong for good: the connection would come back from the pool and never begin again.
pub(super) struct Transaction {
    pub(super) link: Link,
    open: bool,
}

impl Transaction {
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.end(SqlStr::from_static("COMMIT")).await
    }

    pub(super) async fn rollback(mut self) -> Result<(), StoreError> {
        self.end(SqlStr::from_static("ROLLBACK")).await
    }

    async fn end(&mut self, how: impl SqlSafeStr) -> Result<(), StoreError> {
        self.link.execute(sqlx::query(how)).await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.open {
            self.link.0.close_on_drop();
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("response_timeout", &self.response_timeout)
            .finish_non_exhaustive()
    }
}
