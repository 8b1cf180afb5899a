//! The connections of a store: each call borrows one, and gives it back only if it is known to be as it was.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::mysql::{MySql, MySqlConnection, MySqlPool};
use sqlx::pool::PoolConnection;
use tokio::time::timeout;

/// How long the driver may take to see whether a connection that comes back is in order. Without a bound, one to a
/// machine that has vanished would take up its place until the network gives up.
const RETURN: Duration = Duration::from_secs(5);

/// A borrowed connection. Dropped, as by a request that was cancelled in the middle of a statement, it is closed: the
/// next call would read the answer to that statement as its own, and an open transaction would stay open.
pub(super) struct Lent(Option<PoolConnection<MySql>>);

/// Borrows a connection.
pub(super) async fn lend(pool: &MySqlPool) -> Result<Lent, sqlx::Error> {
    if let Some(idle) = pool.try_acquire() {
        return Ok(Lent(Some(idle)));
    }
    // In a task of its own: servers count handshakes that end half-way, as a cancelled request would have it, and lock
    // the host out for them.
    let pool = pool.clone();
    let connection = tokio::spawn(async move { pool.acquire().await }).await;
    let connection = connection.map_err(|_| sqlx::Error::PoolClosed)?;
    Ok(Lent(Some(connection?)))
}

/// Closes the connections that nobody uses: what has broken one has most likely broken all.
pub(super) fn drop_idle(pool: &MySqlPool) {
    while let Some(idle) = pool.try_acquire() {
        drop(idle.detach());
    }
}

const LENT: &str = "a connection is lent until it is given back";

impl Lent {
    /// All that was asked has been answered, and no transaction is open.
    pub(super) fn give_back(mut self) {
        if let Some(mut connection) = self.0.take() {
            tokio::spawn(timeout(RETURN, connection.return_to_pool()));
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

impl Deref for Lent {
    type Target = MySqlConnection;
    fn deref(&self) -> &MySqlConnection {
        self.0.as_ref().expect(LENT)
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut MySqlConnection {
        self.0.as_mut().expect(LENT)
    }
}
