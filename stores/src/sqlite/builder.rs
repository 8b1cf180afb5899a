//! How a store is set up, and what can be wrong with that.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use session::Codec;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};

use super::SqliteStore;
use super::engine::Engine;
use super::file;
use super::reserve::Reserve;
use super::setup;
use super::statements::Statements;
use super::trouble::{is_busy, is_damaged};
use crate::sql::{Cause, TableName, TableNameError};

/// What a [`SqliteStore`] promises to keep when the power fails.
///
/// A process that is killed loses nothing under either.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Durability {
    /// A verb that writes answers once the log is on the disk (`PRAGMA synchronous = FULL`): whatever was
    /// acknowledged is there after a power failure.
    #[default]
    Full,
    /// Nothing waits for the disk but the moving of the log into the database, some thousand pages at a time
    /// (`PRAGMA synchronous = NORMAL`). After a power failure the file is whole, but the last seconds may be missing:
    /// sessions are as they were before, and a sign-out of those seconds may be undone.
    Normal,
}

/// Sets up a [`SqliteStore`]; made by [`SqliteStore::builder`].
///
/// The last call says where the database is, and looks at it.
///
/// ```
/// use std::time::Duration;
/// use session_stores::sqlite::{Durability, SqliteStore};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("app.db");
///
/// let store = SqliteStore::builder()
///     .table("web_sessions")
///     .durability(Durability::Normal)
///     .response_timeout(Duration::from_millis(500))
///     .open(&path)
///     .await?;
/// assert!(path.is_file());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder makes a store once it is told where the database is"]
pub struct SqliteStoreBuilder {
    table: String,
    codec: Codec,
    durability: Durability,
    response_timeout: Duration,
    connections: u32,
}

impl Default for SqliteStoreBuilder {
    fn default() -> Self {
        Self {
            table: TableName::DEFAULT.to_owned(),
            codec: Codec::default(),
            durability: Durability::default(),
            response_timeout: Duration::from_secs(1),
            connections: 5,
        }
    }
}

impl SqliteStoreBuilder {
    /// The table that holds the sessions: `table` or `schema.table`, each at most 40 ASCII letters, digits and
    /// underscores. By default `sessions`. Two more are named after it, `<table>_owners` and `<table>_schema`.
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.table = table.into();
        self
    }

    /// How data becomes bytes. By default JSON.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// What is waited for. By default [`Durability::Full`]. A ready pool has its own.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How long a verb may take, with its waiting for other writers. By default a second; keep it below the layer's
    /// commit deadline.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// How many connections are opened at most, each with a thread of its own. By default five: one writes while up to
    /// four read. What is asked for meanwhile is looked up together, up to 16 sessions by one statement, so more are of
    /// use only where a disk answers many at a time. A ready pool has its own.
    pub fn connections(mut self, connections: u32) -> Self {
        self.connections = connections;
        self
    }

    /// A store in the file at this path. A file that is not there is made, for this user alone (mode 0600), and so are
    /// tables that are not there; the directory must be there.
    ///
    /// `:memory:` is refused: take `MemoryStore`, which needs no file either.
    ///
    /// # Errors
    ///
    /// [`SqliteSetupError`].
    pub async fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, SqliteSetupError> {
        let table = self.check()?;
        let path = file::prepare(path.as_ref())?;
        let synchronous = match self.durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::Normal => SqliteSynchronous::Normal,
        };
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .synchronous(synchronous)
            .busy_timeout(self.response_timeout);
        // A connection that waits for nothing costs a thread and some memory, and has its statements ready.
        let pool = SqlitePoolOptions::new()
            .max_connections(self.connections)
            .acquire_timeout(self.response_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        setup::write_ahead(&pool, self.response_timeout).await?;
        if !setup::is_ready(&pool, &table).await? {
            setup::migrate(&pool, &table).await?;
        }
        let reserve = tokio::task::spawn_blocking(move || Reserve::beside(&path));
        let reserve = reserve
            .await
            .map_err(|error| SqliteSetupError::Open(Box::new(error)))?;
        Ok(self.finish(pool, table, reserve))
    }

    /// A store that uses this pool. Its connections are left as they are, so they have to be of use:
    ///
    /// - on a file, not in memory: a connection that has failed is closed, and a database in memory goes with it;
    /// - `journal_mode` WAL, or readers and writers wait for each other (there is a warning);
    /// - `synchronous` FULL or NORMAL, see [`Durability`] (there is a warning about OFF);
    /// - `busy_timeout` about as long as [`response_timeout`](Self::response_timeout): if it is longer, a writer that
    ///   was given up stays in the way of the next; if it is shorter, another process's write is an error early.
    ///
    /// The tables are not made: call [`SqliteStore::migrate`], or run [`SqliteStore::migration`].
    ///
    /// # Errors
    ///
    /// [`SqliteSetupError`].
    pub async fn pool(self, pool: SqlitePool) -> Result<SqliteStore, SqliteSetupError> {
        let table = self.check()?;
        setup::inspect(&pool).await?;
        setup::is_ready(&pool, &table).await?;
        Ok(self.finish(pool, table, None))
    }

    fn check(&self) -> Result<TableName, SqliteSetupError> {
        // The engine counts milliseconds in 31 bits.
        let millis = self.response_timeout.as_millis();
        if millis == 0 || i32::try_from(millis).is_err() {
            return Err(SqliteSetupError::Timeout);
        }
        if self.connections == 0 {
            return Err(SqliteSetupError::Connections);
        }
        TableName::parse(&self.table).map_err(SqliteSetupError::Table)
    }

    fn finish(self, pool: SqlitePool, table: TableName, reserve: Option<Reserve>) -> SqliteStore {
        let statements = Statements::new(&table);
        let engine = Engine::new(pool, statements, self.codec, self.response_timeout, reserve);
        SqliteStore {
            engine: Arc::new(engine),
            table,
        }
    }
}

/// Why a [`SqliteStore`] could not be set up.
#[derive(Debug)]
#[non_exhaustive]
pub enum SqliteSetupError {
    /// The table's name is none.
    Table(TableNameError),
    /// A time-out of nothing, or of more than 24 days.
    Timeout,
    /// No connection at all.
    Connections,
    /// The database would be in memory, which goes with its connection: take `MemoryStore`.
    InMemory,
    /// The tables were made by a newer version of this library.
    Newer,
    /// The file is no database, or a damaged one.
    Damaged,
    /// Other processes held the database for longer than the response time-out.
    Busy,
    /// The file cannot be opened or made, or the engine failed.
    Open(Box<dyn std::error::Error + Send + Sync>),
}

impl From<sqlx::Error> for SqliteSetupError {
    fn from(error: sqlx::Error) -> Self {
        if is_damaged(&error) {
            return Self::Damaged;
        }
        if is_busy(&error) || matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy;
        }
        Self::Open(Box::new(Cause::of(&error)))
    }
}

impl fmt::Display for SqliteSetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table(_) => "the table's name is none",
            Self::Timeout => "a time-out must be longer than nothing, and at most 24 days",
            Self::Connections => "at least one connection is needed",
            Self::InMemory => {
                "a database in memory goes with its connection: take `MemoryStore` for sessions in memory"
            }
            Self::Newer => "the session tables were made by a newer version of this library",
            Self::Damaged => "the file is no SQLite database, or a damaged one",
            Self::Busy => "other processes held the database for too long",
            Self::Open(_) => "the database cannot be opened",
        })
    }
}

impl std::error::Error for SqliteSetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Table(source) => Some(source),
            Self::Open(source) => Some(source.as_ref()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_connection_is_as_durable_as_was_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        for (durability, expected) in [(Durability::Full, 2), (Durability::Normal, 1)] {
            let builder = SqliteStore::builder().durability(durability);
            let store = builder.open(dir.path().join("sessions.db")).await.unwrap();
            let mut connections = Vec::new();
            for _ in 0..5 {
                let mut connection = store.engine.pool.acquire().await.unwrap();
                let asked = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection);
                let synchronous: i64 = asked.await.unwrap();
                assert_eq!(synchronous, expected);
                connections.push(connection);
            }
        }
    }
}
