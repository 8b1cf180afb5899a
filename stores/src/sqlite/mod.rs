//! Sessions in an SQLite database.

mod builder;
mod contract;
mod engine;
mod file;
mod owners;
mod reserve;
mod row;
mod setup;
mod statements;
mod trouble;
mod verbs;

use std::path::Path;
use std::sync::Arc;

#[doc(no_inline)]
pub use sqlx as driver;

pub use self::builder::{Durability, SqliteSetupError, SqliteStoreBuilder};
use self::engine::Engine;
use crate::sql::TableName;
pub use crate::sql::TableNameError;

/// Keeps sessions in an SQLite database.
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
