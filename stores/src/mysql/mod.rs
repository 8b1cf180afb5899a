//! Sessions in MySQL or MariaDB.

mod at_once;
mod bind;
mod builder;
mod call;
mod contract;
mod due;
mod link;
mod message;
mod owners;
mod row;
mod schema;
mod text;
mod trouble;
mod verbs;

use std::time::Duration;

#[doc(no_inline)]
pub use ::sqlx as driver;
use session::{Op, StoreError, Timestamp};

pub use self::builder::{MysqlSetupError, MysqlStoreBuilder};
use self::call::{Again, Engine};
use self::message::Call;
use crate::sql::TableName;
pub use crate::sql::TableNameError;

/// How long making the tables may take: another node may be at it.
const MIGRATION: Duration = Duration::from_secs(30);

/// Keeps sessions in MySQL 8 or MariaDB 10.6 and later, in tables of its own (`InnoDB`).
///
/// The statements are those that both understand. They are tested against MariaDB 10.11; MySQL 8 has not been at hand.
///
/// ```no_run
/// use session::SessionLayer;
/// use session_stores::mysql::MysqlStore;
/// # async fn set_up() -> Result<(), Box<dyn std::error::Error>> {
///
/// let store = MysqlStore::connect("mysql://shop@127.0.0.1/shop").await?;
/// store.migrate().await?;
/// let layer = SessionLayer::new(store);
/// # Ok(())
/// # }
/// ```
///
/// # Round trips
///
/// | verb | round trips |
/// |---|---|
/// | `create`, `rotate` | 1; 3 where several sessions of the owner have to go at once, as after a lower `max_per_owner` |
/// | `read`, `save`, `touch`, `destroy`, `exists`, `sessions_of` | 1 |
/// | `destroy_of`, `destroy_all_of`, `gc` | 2 |
///
/// A conflict, and whatever else is not stored, takes one or two more: the engine says only that no such row was found,
/// so the store looks. The first use of a statement on a connection takes one more. When a verb has its answer the
/// driver pings the connection; nobody waits for that.
///
/// The engine has no `UPDATE .. RETURNING`, so a read that may have to renew the idle deadline is three statements in
/// one message. That costs the engine nearly three times what a plain read does, and a renewal a third more than if it
/// were sent after the read (measured). So the store remembers, in half a mebibyte, of which sessions no renewal can be
/// due yet, and reads those with one prepared statement: of the reads of one session only the first in each
/// `touch_interval` is dear. Where another process has moved the deadline, or another interval is asked for, what it
/// remembers may be wrong: then the renewal is a second round trip, or the dear read was in vain. A read whose renewal
/// fails, or waits for somebody's lock to the end of the response time-out, is answered all the same, and the failure is
/// an event.
///
/// # What is asked of the engine
///
/// What was acknowledged is kept through a crash with `innodb_flush_log_at_trx_commit = 1`, its default. `sql_mode`
/// and the isolation level are of no importance; with `binlog_format = STATEMENT` the engine refuses transactions. A
/// record may be as large as `max_allowed_packet` says, less a few hundred bytes, and half as large where it is
/// rotated or has an owner: there it travels as text. What is larger is an error of kind
/// [`TooLarge`](session::StoreErrorKind::TooLarge).
///
/// Where it has no room for a tombstone, `destroy` removes the record, so that people get out of a full tablespace.
/// There, and on a full disk, MariaDB 10.11 may end itself; once there is room and it has been started again, all that
/// was acknowledged is there, and the store goes on by itself.
///
/// A server with `read_only` on is not believed, not even when it is read from: it may be a replica that does not know
/// yet who has signed out. Its connections are closed, so that the next one may lead to the primary.
///
/// For TLS turn on a TLS feature of the `sqlx` crate; for passwords of MySQL's `caching_sha2_password` without TLS, its
/// feature `mysql-rsa`.
///
/// # Cancel safety
///
/// Every verb may be dropped at any point, and is done or not done. The connection that it used is closed, and with it
/// a transaction that was open.
///
/// # Panics
///
/// None. Its verbs run within a tokio runtime, as the driver does.
#[derive(Debug)]
pub struct MysqlStore {
    engine: Engine,
    table: TableName,
}

impl MysqlStore {
    /// A store on the server at this address (`mysql://user:password@host:3306/database`), otherwise with the defaults
    /// of [`MysqlStoreBuilder`].
    ///
    /// # Errors
    ///
    /// [`MysqlSetupError`].
    pub async fn connect(url: &str) -> Result<Self, MysqlSetupError> {
        Self::builder().connect(url).await
    }

    /// Everything else.
    pub fn builder() -> MysqlStoreBuilder {
        MysqlStoreBuilder::default()
    }

    /// Makes the tables where they are not there. Nodes may do it at the same time, and again at each start.
    ///
    /// Without them every verb fails with an error that names this function.
    ///
    /// # Errors
    ///
    /// The engine cannot be reached or refused.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let op = Op {
            now: Timestamp::default(),
            grace: Duration::ZERO,
            max_skew: Duration::ZERO,
        };
        let verb = self.engine.verb_within(&op, MIGRATION);
        for statement in schema::migration(&self.table) {
            verb.call(Again::Harmless, Call::Text(&statement)).await?;
        }
        Ok(())
    }

    /// What [`migrate`](Self::migrate) does, for people who run their own migrations: two statements.
    ///
    /// ```
    /// use session_stores::mysql::MysqlStore;
    ///
    /// let statements = MysqlStore::migration("sessions")?;
    /// assert!(statements[0].starts_with("CREATE TABLE IF NOT EXISTS `sessions`"));
    /// assert!(statements[1].starts_with("CREATE TABLE IF NOT EXISTS `sessions_owners`"));
    /// # Ok::<(), session_stores::mysql::TableNameError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableNameError`] if that is not the name of a table.
    pub fn migration(table: &str) -> Result<[String; 2], TableNameError> {
        Ok(schema::migration(&TableName::parse(table)?))
    }
}
