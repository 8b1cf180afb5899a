//! How a store is set up, and what can be wrong with that.

use std::fmt;
use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use session::Codec;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};
use tokio::time::timeout;

use super::PostgresStore;
use super::call::Engine;
use super::statements::Statements;
use super::together::Saves;
use crate::sql::{Cause, TableName, TableNameError};

/// A connection that lay idle for so long is asked whether it still stands before it is used: the engine may have been
/// restarted since, and a save that meets a dead connection cannot be repeated.
const FRESH: Duration = Duration::from_secs(1);

/// Sets up a [`PostgresStore`]; made by [`PostgresStore::builder`].
///
/// The last call says where the engine is, and connects to it.
///
/// ```no_run
/// use std::time::Duration;
/// use session_stores::postgres::PostgresStore;
/// # async fn set_up() -> Result<(), Box<dyn std::error::Error>> {
///
/// let store = PostgresStore::builder()
///     .table("web.sessions")
///     .response_timeout(Duration::from_millis(500))
///     .connect("postgres://shop:secret@localhost/shop")
///     .await?;
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder makes a store once it is told where the engine is"]
pub struct PostgresStoreBuilder {
    table: String,
    codec: Codec,
    connections: u32,
    connect_timeout: Duration,
    response_timeout: Duration,
}

impl Default for PostgresStoreBuilder {
    fn default() -> Self {
        Self {
            table: TableName::DEFAULT.to_owned(),
            codec: Codec::default(),
            connections: 10,
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(1),
        }
    }
}

impl PostgresStoreBuilder {
    /// The table, `table` or `schema.table`; the names of all that belongs to it begin with its name. The schema has to
    /// be there. By default `sessions`, in the first schema of the search path.
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.table = table.into();
        self
    }

    /// How data becomes bytes. By default JSON.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// How many connections the store opens at most. By default 10. A ready [`pool`](Self::pool) has its own number.
    pub fn connections(mut self, connections: u32) -> Self {
        self.connections = connections;
        self
    }

    /// How long it may take to get a connection: to wait for one that is free, or to open one. By default a second. A
    /// ready [`pool`](Self::pool) has its own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a verb may take, with all that it needs: getting a connection, and repeating what the engine took
    /// back. By default a second; keep it below the layer's commit deadline.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// A store with connections of its own to the engine at this address
    /// (`postgres://user:password@host:5432/database`).
    ///
    /// The engine is told the response time-out too, as `statement_timeout`, so that it ends what nobody waits for.
    ///
    /// # Errors
    ///
    /// [`PostgresSetupError`].
    pub async fn connect(self, address: &str) -> Result<PostgresStore, PostgresSetupError> {
        self.check()?;
        let options = PgConnectOptions::from_str(address)?
            .options([
                (
                    "statement_timeout",
                    format!("{}ms", self.response_timeout.as_millis().max(1)),
                ),
                ("default_transaction_isolation", "read committed".to_owned()),
            ])
            .disable_statement_logging();
        let first = async {
            let mut connection = options.connect().await?;
            let standby = is_standby(&mut connection).await?;
            connection.close().await?;
            Ok::<_, sqlx::Error>(standby)
        };
        self.leads_to_primary(first).await?;
        let pool = PgPoolOptions::new()
            .max_connections(self.connections)
            .acquire_timeout(self.connect_timeout)
            // It would cost a round trip each time; `before_acquire` does it where that is of use.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for >= FRESH {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            // A name that leads to several engines may lead to another one by now.
            .after_connect(|connection, _| {
                Box::pin(async move {
                    match is_standby(connection).await? {
                        true => Err(sqlx::Error::Configuration("a standby".into())),
                        false => Ok(()),
                    }
                })
            })
            .connect_lazy_with(options);
        self.finish(pool)
    }

    /// A store that takes its connections from this pool, whose settings are kept. They must lead to a primary, and not
    /// through something that hands a connection on between statements unless it knows prepared statements.
    ///
    /// Turn off `test_before_acquire`, or each verb costs one round trip more; and set the engine's
    /// `statement_timeout`, or it goes on with what nobody waits for.
    ///
    /// # Errors
    ///
    /// [`PostgresSetupError`].
    pub async fn pool(self, pool: PgPool) -> Result<PostgresStore, PostgresSetupError> {
        self.check()?;
        let first = async { is_standby(&mut *pool.acquire().await?).await };
        self.leads_to_primary(first).await?;
        self.finish(pool)
    }

    async fn leads_to_primary(
        &self,
        is_standby: impl Future<Output = Result<bool, sqlx::Error>>,
    ) -> Result<(), PostgresSetupError> {
        let asked = timeout(self.connect_timeout, is_standby).await;
        match asked.unwrap_or(Err(sqlx::Error::PoolTimedOut))? {
            true => Err(PostgresSetupError::Standby),
            false => Ok(()),
        }
    }

    fn check(&self) -> Result<(), PostgresSetupError> {
        if self.connect_timeout.is_zero() || self.response_timeout.is_zero() {
            return Err(PostgresSetupError::Timeout);
        }
        if self.connections == 0 {
            return Err(PostgresSetupError::Connections);
        }
        TableName::parse(&self.table)?;
        Ok(())
    }

    fn finish(self, pool: PgPool) -> Result<PostgresStore, PostgresSetupError> {
        let engine = Engine {
            pool,
            statements: Statements::new(&TableName::parse(&self.table)?),
            codec: self.codec,
            saves: Saves::default(),
            timeout: self.response_timeout,
        };
        Ok(PostgresStore {
            engine: Arc::new(engine),
        })
    }
}

/// A standby takes nothing, and is not believed either: it may not know yet who has signed out.
async fn is_standby(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_is_in_recovery()")
        .fetch_one(connection)
        .await
}

/// Why a [`PostgresStore`] could not be set up.
#[derive(Debug)]
#[non_exhaustive]
pub enum PostgresSetupError {
    /// The table's name is none.
    Table(TableNameError),
    /// A time-out of nothing.
    Timeout,
    /// No connections at all.
    Connections,
    /// The engine is a standby: it takes no changes, and may not know yet who has signed out.
    Standby,
    /// The address is wrong, or the engine cannot be reached or refused.
    Connect(Box<dyn std::error::Error + Send + Sync>),
    /// The tables could not be made.
    Migrate(Box<dyn std::error::Error + Send + Sync>),
}

impl From<sqlx::Error> for PostgresSetupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Connect(Box::new(Cause::of(&error)))
    }
}

impl From<TableNameError> for PostgresSetupError {
    fn from(error: TableNameError) -> Self {
        Self::Table(error)
    }
}

impl fmt::Display for PostgresSetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table(error) => return error.fmt(f),
            Self::Timeout => "a time-out must be longer than nothing",
            Self::Connections => "a store needs one connection at least",
            Self::Standby => "the engine is a standby",
            Self::Connect(_) => "the engine cannot be reached, or refused",
            Self::Migrate(_) => "the tables could not be made",
        })
    }
}

impl std::error::Error for PostgresSetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connect(source) | Self::Migrate(source) => Some(source.as_ref()),
            _ => None,
        }
    }
}
