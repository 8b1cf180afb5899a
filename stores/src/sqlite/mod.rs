//! Sessions in an SQLite database.

mod builder;
mod contract;
mod engine;
mod file;
mod owners;
mod queue;
mod reads;
mod reserve;
mod row;
mod setup;
mod statements;
mod trouble;
mod verbs;
mod writes;

use std::path::Path;
use std::sync::Arc;

#[doc(no_inline)]
pub use sqlx as driver;

pub use self::builder::{Durability, SqliteSetupError, SqliteStoreBuilder};
use self::engine::Engine;
use crate::sql::TableName;
pub use crate::sql::TableNameError;

/// Keeps sessions in an SQLite database.
///
/// For applications on one machine that want their sessions to outlive a restart and need no server for it; several
/// processes may share the file. It must not lie on a network file system, where the write-ahead log does not work.
///
/// ```
/// use session_stores::SqliteStore;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("sessions.db");
///
/// let store = SqliteStore::open(&path).await?;
/// # Ok(())
/// # }
/// ```
///
/// # What is promised
///
/// - **Atomic.** A verb is one statement, or several in one transaction that has the lock for writing from its beginning;
///   if another verb fails that stands in the same one, both are rolled back, and done again on their own. A verb
///   whose future is dropped while it waits for its turn does nothing; once it writes, it runs to its end.
/// - **Durable**, as far as [`Durability`] says. A process that is killed loses nothing.
/// - **Readers do not wait** for the one that writes, also if that is another process. What is read while a statement is
///   under way is looked up by the next one together, up to 16 sessions by one. A renewal that a read brings is a write:
///   it is given a quarter of the [`response_timeout`](SqliteStoreBuilder::response_timeout), and left out with an event
///   if it does not get the lock.
/// - **One writer.** The verbs of one process that write stand in a queue, and those that have come together in it are
///   written in one transaction, of 64 verbs at most: they share its wait for the disk, and each is answered when it is
///   committed. Between processes the engine sleeps and tries again, which is not fair. Who gets no turn within the
///   response time-out fails with [`Timeout`](session::StoreErrorKind::Timeout).
/// - **Full disk.** `open` keeps 4 MiB in a file beside the database, `<path>-reserve`. When a sign-out finds no room,
///   the reserve is given up for it, and until there is room for it again (which is looked for once a second) what adds
///   to the database fails with [`Full`](session::StoreErrorKind::Full) and changes nothing. Reading goes on, and
///   renewing as far as there is room. A ready pool has no reserve.
/// - **Private.** The file is made with mode 0600, and its log with it. Keys are hashes.
/// - **Damage is told apart.** A file that is no whole database is refused by `open`; a row that cannot be read is
///   [`ReadOutcome::Damaged`](session::ReadOutcome::Damaged); one that a newer version wrote is an error, and so are
///   tables that it made.
///
/// The file never becomes smaller: `gc` leaves its room to later sessions.
///
/// # What it costs
///
/// For a verb that is alone in the queue:
///
/// | verb | statements | waits for the disk with [`Durability::Full`] |
/// |---|---|---|
/// | `read`, `exists`, `sessions_of` | 1 | no |
/// | `read` that renews | 2 | once |
/// | `create`, `save`, `touch`, `destroy`, `destroy_of` | 1 | once |
/// | `create` with an owner, `rotate`, `destroy_all_of` | one transaction of 4 or 5, and 1 to 2 more for a limit | once |
/// | `save`, `create`, `touch` that is refused | 2 | no |
/// | `gc` | 2, of at most 500 rows each | once for each that finds something |
///
/// # Errors
///
/// A verb fails with `Timeout`, with `Full`, with `TooLarge` (a record of almost a gigabyte), with `NewerFormat`,
/// with `UnknownKey`, and otherwise with [`Unavailable`](session::StoreErrorKind::Unavailable); where the tables are not
/// there, its source says so. Errors tell the engine's code, never its text.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    engine: Arc<Engine>,
    table: TableName,
}

impl SqliteStore {
    /// A store in the file at this path, otherwise with the defaults of [`SqliteStoreBuilder`].
    ///
    /// # Errors
    ///
    /// [`SqliteSetupError`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, SqliteSetupError> {
        Self::builder().open(path).await
    }

    /// Everything else.
    pub fn builder() -> SqliteStoreBuilder {
        SqliteStoreBuilder::default()
    }

    /// Makes the tables that are not there. May be repeated, and be called by several processes at once.
    ///
    /// # Errors
    ///
    /// [`SqliteSetupError`].
    pub async fn migrate(&self) -> Result<(), SqliteSetupError> {
        setup::migrate(&self.engine.pool, &self.table).await
    }

    /// What [`migrate`](Self::migrate) runs for this table, in one transaction, for people who run their own.
    ///
    /// ```
    /// use session_stores::sqlite::SqliteStore;
    ///
    /// let migration = SqliteStore::migration("sessions")?;
    /// assert!(migration.starts_with(r#"CREATE TABLE IF NOT EXISTS "sessions" ("#));
    /// # Ok::<(), session_stores::sqlite::TableNameError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// This is no table's name.
    pub fn migration(table: &str) -> Result<String, TableNameError> {
        let statements = statements::migration(&TableName::parse(table)?);
        Ok(statements.map(|statement| statement + ";\n").concat())
    }
}
