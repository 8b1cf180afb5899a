//! Sessions in PostgreSQL.

mod builder;
mod call;
mod contract;
mod statements;
mod together;
mod trouble;
mod verbs;

use std::sync::Arc;

#[doc(no_inline)]
pub use ::sqlx as driver;

pub use self::builder::{PostgresSetupError, PostgresStoreBuilder};
use self::call::Engine;
pub use crate::sql::TableNameError;
use crate::sql::{Cause, TableName};

/// Keeps sessions in PostgreSQL (tested with 15; nothing that it uses is newer than 9.6).
///
/// Every verb is one statement in autocommit and one round trip, `create` and `rotate` with an owner included; what
/// several statements must decide together stands in functions that [`migrate`](Self::migrate) makes. A conflict costs one
/// more, and so do the first use of a statement on a connection and a connection that lay idle for a second. What was
/// acknowledged survives a crash as far as the engine's `synchronous_commit` says (`on` by default: it does).
///
/// Two saves at most are under way at once; what comes meanwhile waits for one of them, for 20 milliseconds at the
/// longest, and goes in one statement with all others that wait (64 at most, of 16 KiB at most). That statement leaves
/// out what somebody has locked, so a row that is locked holds up those who save it, and nobody else.
///
/// A verb that is dropped leaves the old state or the new one, and a connection that is fit for the next. Where the disk is
/// full, sessions are read and can be ended, without a tombstone if there is no room for one; what would take more room is
/// an error that changes nothing. A record of almost a gigabyte is refused with
/// [`TooLarge`](session::StoreErrorKind::TooLarge).
#[derive(Debug)]
pub struct PostgresStore {
    engine: Arc<Engine>,
}

impl PostgresStore {
    /// A store on the engine at this address, otherwise with the defaults of [`PostgresStoreBuilder`].
    ///
    /// # Errors
    ///
    /// [`PostgresSetupError`].
    pub async fn connect(address: &str) -> Result<Self, PostgresSetupError> {
        Self::builder().connect(address).await
    }

    /// Everything else.
    pub fn builder() -> PostgresStoreBuilder {
        PostgresStoreBuilder::default()
    }

    /// Makes the tables, indices and functions that are not there yet, all or none. Nodes that start at once wait for
    /// each other; repeated it changes nothing, and holds up nobody who uses them. It has no time-out of its own.
    ///
    /// The role needs the right to create in the schema. People whose application has no such right run
    /// [`migration`](Self::migration) by other means.
    ///
    /// # Errors
    ///
    /// [`PostgresSetupError::Migrate`].
    pub async fn migrate(&self) -> Result<(), PostgresSetupError> {
        let migrate = sqlx::raw_sql(self.engine.statements.migrate.clone());
        match migrate.execute(&self.engine.pool).await {
            Ok(_) => Ok(()),
            Err(error) => Err(PostgresSetupError::Migrate(Box::new(Cause::of(&error)))),
        }
    }

    /// What [`migrate`](Self::migrate) does, as SQL, for this table (`table` or `schema.table`).
    ///
    /// ```
    /// use session_stores::postgres::PostgresStore;
    ///
    /// let sql = PostgresStore::migration("web.sessions")?;
    /// assert!(sql.contains(r#"CREATE TABLE "web"."sessions" ("#));
    /// # Ok::<(), session_stores::postgres::TableNameError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNameError`].
    pub fn migration(table: &str) -> Result<String, TableNameError> {
        TableName::parse(table).map(|table| statements::migration(&table))
    }
}
