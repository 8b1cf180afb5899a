//! How a store is set up, and what can be wrong with that.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use session::Codec;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPool, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};
use tokio::time::timeout;

use super::MysqlStore;
use super::call::Engine;
use super::due::Due;
use super::schema::Schema;
use super::trouble::store_error;
use crate::sql::{TableName, TableNameError};

/// How long a connection may be unused. Firewalls forget those that are, and then a call over one has no answer.
const IDLE: Duration = Duration::from_secs(60);

/// Sets up a [`MysqlStore`]; made by [`MysqlStore::builder`].
///
/// The last call says where the engine is, connects to it, and looks at its version.
///
/// ```no_run
/// use std::time::Duration;
/// use session_stores::mysql::MysqlStore;
/// # async fn set_up() -> Result<(), Box<dyn std::error::Error>> {
///
/// let store = MysqlStore::builder()
///     .table("shop_sessions")
///     .response_timeout(Duration::from_millis(500))
///     .connect("mysql://shop@127.0.0.1/shop")
///     .await?;
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder makes a store once it is told where the engine is"]
pub struct MysqlStoreBuilder {
    table: String,
    codec: Codec,
    max_connections: u32,
    connect_timeout: Duration,
    response_timeout: Duration,
}

impl Default for MysqlStoreBuilder {
    fn default() -> Self {
        Self {
            table: TableName::DEFAULT.to_owned(),
            codec: Codec::default(),
            max_connections: 10,
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(1),
        }
    }
}

impl MysqlStoreBuilder {
    /// The table, `name` or `database.name`. By default `sessions` in the database of the address. A second one, for
    /// what is known of owners, has the same name and `_owners`.
    ///
    /// A name is at most 40 ASCII letters, digits and underscores and does not begin with a digit.
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.table = table.into();
        self
    }

    /// How data becomes bytes. By default JSON.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// How many connections [`connect`](Self::connect) opens at most. By default 10. A ready pool has its own bound.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections;
        self
    }

    /// How long it may take to get a connection, whether it has to be made or others have to give one back. By default
    /// a second. A ready pool has its own `acquire_timeout`.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a verb may take, with all that it needs: connecting, and repeating what the engine has undone. By
    /// default a second; keep it below the layer's commit deadline.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// A store on the server at this address (`mysql://user:password@host:3306/database`).
    ///
    /// # Errors
    ///
    /// [`MysqlSetupError`].
    pub async fn connect(self, url: &str) -> Result<MysqlStore, MysqlSetupError> {
        let options: MySqlConnectOptions = url.parse().map_err(|error| refused(&error))?;
        // In whole seconds, which is as short as engines have it.
        let patience = self
            .response_timeout
            .as_secs_f64()
            .ceil()
            .clamp(1.0, 3600.0) as u64;
        let text: Arc<str> =
            format!("SET SESSION autocommit = 1, innodb_lock_wait_timeout = {patience}").into();
        let pool = MySqlPoolOptions::new()
            .max_connections(self.max_connections)
            .acquire_timeout(self.connect_timeout)
            .test_before_acquire(false)
            .idle_timeout(IDLE)
            .after_connect(move |connection, _| {
                let text = AssertSqlSafe(Arc::clone(&text));
                Box::pin(async move { connection.execute(sqlx::raw_sql(text)).await.map(drop) })
            });
        self.finish(pool, options).await
    }

    /// A store with the settings of this pool: its address, its bounds, its hooks. The connections are the store's own,
    /// for two reasons: the driver writes statements to the log, and those of a store tell what sessions hold; and a
    /// request that is cancelled closes the connection that it used.
    ///
    /// `autocommit` has to be on, as it is by default. Let an `after_connect` hook set `innodb_lock_wait_timeout` to about
    /// [`response_timeout`](Self::response_timeout), as [`connect`](Self::connect) does: the engine does not notice that
    /// a client has given up while it waits for a lock, and by default it waits for 50 seconds before it goes on.
    ///
    /// # Errors
    ///
    /// [`MysqlSetupError`].
    pub async fn pool(self, pool: &MySqlPool) -> Result<MysqlStore, MysqlSetupError> {
        let options = MySqlConnectOptions::clone(&pool.connect_options());
        self.finish(pool.options().clone(), options).await
    }

    async fn finish(
        self,
        pool: MySqlPoolOptions,
        options: MySqlConnectOptions,
    ) -> Result<MysqlStore, MysqlSetupError> {
        let table = TableName::parse(&self.table).map_err(MysqlSetupError::Table)?;
        if self.connect_timeout.is_zero() || self.response_timeout.is_zero() {
            return Err(MysqlSetupError::Timeout);
        }
        let options = options.disable_statement_logging();
        let inspected = timeout(self.connect_timeout, inspect(&options)).await;
        let max_packet = inspected
            .map_err(|_| MysqlSetupError::Connect("no connection was made in time".into()))??;
        let engine = Engine {
            pool: pool.connect_lazy_with(options),
            schema: Schema::new(&table),
            codec: self.codec,
            timeout: self.response_timeout,
            max_packet,
            due: Due::default(),
        };
        Ok(MysqlStore { engine, table })
    }
}

/// Looks at the engine's version, and gives the length of the longest statement that it takes.
async fn inspect(options: &MySqlConnectOptions) -> Result<usize, MysqlSetupError> {
    let refused = |error| refused(&error);
    let mut connection: MySqlConnection = options.connect().await.map_err(refused)?;
    let query = sqlx::query("SELECT VERSION(), CAST(@@max_allowed_packet AS SIGNED)");
    let row = query.fetch_one(&mut connection).await.map_err(refused)?;
    let version: String = row.try_get(0).map_err(refused)?;
    let packet: i64 = row.try_get(1).map_err(refused)?;
    let _ = connection.close().await;
    if is_too_old(&version) {
        return Err(MysqlSetupError::TooOld);
    }
    Ok(usize::try_from(packet).unwrap_or(usize::MAX))
}

/// Whether an engine with this version lacks `SKIP LOCKED`. What does not tell a version that is known is let pass.
fn is_too_old(version: &str) -> bool {
    let mut parts = version.split(['.', '-']);
    let mut number = || parts.next()?.parse::<u32>().ok();
    let (Some(major), Some(minor)) = (number(), number()) else {
        return false;
    };
    let needed = if version.contains("MariaDB") {
        (10, 6)
    } else {
        (8, 0)
    };
    (major, minor) < needed
}

fn refused(error: &sqlx::Error) -> MysqlSetupError {
    MysqlSetupError::Connect(Box::new(store_error(error)))
}

/// Why a [`MysqlStore`] could not be set up.
#[derive(Debug)]
#[non_exhaustive]
pub enum MysqlSetupError {
    /// That is not the name of a table.
    Table(TableNameError),
    /// A time-out of nothing.
    Timeout,
    /// The engine is older than MySQL 8.0 or MariaDB 10.6, whose `SKIP LOCKED` the sweep needs.
    TooOld,
    /// The address is wrong, or the engine cannot be reached or refused.
    Connect(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for MysqlSetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table(_) => "the table's name is none",
            Self::Timeout => "a time-out must be longer than nothing",
            Self::TooOld => "the engine is older than MySQL 8.0 and MariaDB 10.6",
            Self::Connect(_) => "the address is wrong, or the engine cannot be reached or refused",
        })
    }
}

impl std::error::Error for MysqlSetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Table(source) => Some(source),
            Self::Connect(source) => Some(source.as_ref()),
            Self::Timeout | Self::TooOld => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_too_old;

    #[test]
    fn versions_are_told_apart() {
        for (version, expected) in [
            ("5.7.44-log", true),
            ("8.0.36", false),
            ("9.1.0-commercial", false),
            ("10.5.23-MariaDB", true),
            ("10.6.0-MariaDB-log", false),
            ("10.11.19-MariaDB-0+deb12u1", false),
            ("11.4.2-MariaDB", false),
            ("something else", false),
        ] {
            assert_eq!(is_too_old(version), expected, "{version}");
        }
    }
}
