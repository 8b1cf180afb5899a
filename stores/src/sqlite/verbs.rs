//! The verbs of one session that read.

use std::sync::Arc;
use std::time::Duration;

use session::{Op, ReadOutcome, Record, StoreError, StoreKey, Timestamp};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{SqlStr, Sqlite};

use super::engine::{Engine, Link, statement};
use super::row::Found;
use super::trouble::store_error;
use super::writes::Renew;
use crate::sql::{Columns, Stored, millis};

/// A statement with `?1` the key and `?2` the time.
pub(super) fn at(
    sql: &SqlStr,
    key: &[u8],
    now: Timestamp,
) -> Query<'static, Sqlite, SqliteArguments> {
    statement(sql).bind(key.to_vec()).bind(millis(now))
}

impl Engine {
    pub(super) async fn find(
        &self,
        link: &mut Link,
        key: &StoreKey,
        now: Timestamp,
    ) -> Result<Found, StoreError> {
        let read = statement(self.statements.read(1)).bind(key.hash().to_vec());
        let rows = link.rows(read).await?;
        Found::of(&rows, now).map_err(store_error)
    }

    pub(super) fn columns(&self, key: &StoreKey, record: &Record) -> Result<Columns, StoreError> {
        Columns::of(&self.codec, key, record)
    }

    pub(super) fn record(
        &self,
        key: &StoreKey,
        stored: Stored,
    ) -> Result<Option<Record>, StoreError> {
        stored.record(&self.codec, key)
    }

    pub(super) async fn read(
        self: &Arc<Self>,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        let found = self.reading(self.look_up(key, op.now));
        let stored = match found.await? {
            Found::Live(stored) => stored,
            Found::Tombstone(successor) => return Ok(ReadOutcome::Gone { successor }),
            Found::Nothing => return Ok(ReadOutcome::Absent),
        };
        let Some(mut record) = self.record(key, stored)? else {
            return Ok(ReadOutcome::Damaged);
        };
        let header = &mut record.header;
        if let Some(deadline) = renew.and_then(|interval| header.renewal(op.now, interval)) {
            let (op, key, version) = (*op, *key, header.version);
            let renewal = Renew {
                op,
                key,
                version,
                deadline,
            };
            match self.write(renewal).await {
                Ok(Some((last_seen, idle_deadline))) => {
                    (header.last_seen, header.idle_deadline) = (last_seen, idle_deadline);
                }
                // Another commit came first, and renews the deadline itself.
                Ok(None) => {}
                // The session is live all the same, for as long as its record says.
                Err(error) => tracing::warn!(target: "session", "session not renewed: {error}"),
            }
        }
        Ok(ReadOutcome::Live(Arc::new(record)))
    }

    pub(super) async fn exists(&self, op: &Op, key: &StoreKey) -> Result<bool, StoreError> {
        let exists = at(&self.statements.exists, key.hash(), op.now);
        Ok(!self.link().await?.rows(exists).await?.is_empty())
    }
}
