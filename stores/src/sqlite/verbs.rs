//! The verbs of one session.

use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, Op, OwnerRule, ReadOutcome, Record, RotateOutcome, SaveOutcome, StoreError,
    StoreKey, Timestamp, TouchOutcome, Version,
};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Row as _, SqlStr, Sqlite};

use super::engine::{Engine, Link, statement};
use super::owners::Refusal;
use super::row::Found;
use super::trouble::store_error;
use crate::sql::{Columns, Stored, millis, store_key, successor, timestamp};

/// How often a verb looks again after a row that changed between two statements.
const LOOKS: usize = 8;

/// A statement with `?1` the key and `?2` the time.
pub(super) fn at(
    sql: &SqlStr,
    key: &[u8],
    now: Timestamp,
) -> Query<'static, Sqlite, SqliteArguments> {
    statement(sql).bind(key.to_vec()).bind(millis(now))
}

/// The record's columns as the statements `insert` and `save` number them, from `?3` on.
fn with(
    query: Query<'static, Sqlite, SqliteArguments>,
    columns: &Columns,
) -> Query<'static, Sqlite, SqliteArguments> {
    query
        .bind(columns.expires_at())
        .bind(columns.version.to_vec())
        .bind(columns.handle.to_vec())
        .bind(columns.owner.map(|owner| owner.to_vec()))
        .bind(columns.created)
        .bind(columns.authenticated_at)
        .bind(columns.last_seen)
        .bind(columns.idle_deadline)
        .bind(columns.absolute_deadline)
        .bind(columns.header.clone())
        .bind(columns.data.clone())
}

fn unsettled() -> StoreError {
    StoreError::unavailable("the row changed again and again")
}

impl Engine {
    pub(super) async fn find(
        &self,
        link: &mut Link,
        op: &Op,
        key: &StoreKey,
    ) -> Result<Found, StoreError> {
        let read = statement(&self.statements.read).bind(key.hash().to_vec());
        let rows = link.rows(read).await?;
        Found::of(&rows, op.now).map_err(store_error)
    }

    /// Values encode themselves, and that is not ours to know: before the writer's turn, not in it.
    pub(super) fn columns(&self, key: &StoreKey, record: &Record) -> Result<Columns, StoreError> {
        Columns::of(&self.codec, key, record)
    }

    fn record(&self, key: &StoreKey, stored: Stored) -> Result<Option<Record>, StoreError> {
        stored.record(&self.codec, key)
    }

    pub(super) async fn read(
        self: &Arc<Self>,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        let found = self.reading(async { self.find(&mut self.link().await?, op, key).await });
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
            let renewal = self.renewing(move |engine| async move {
                engine.renew(&op, &key, version, deadline).await
            });
            match renewal.await {
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

    /// Renews the deadline of a live record of this version, and says when it was seen and ends now.
    async fn renew(
        &self,
        op: &Op,
        key: &StoreKey,
        version: Version,
        deadline: Timestamp,
    ) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        let renew = at(&self.statements.renew, key.hash(), op.now)
            .bind(version.to_bytes().to_vec())
            .bind(millis(deadline));
        let rows = self.link().await?.rows(renew).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let time = |at| row.try_get(at).map(timestamp).map_err(store_error);
        Ok(Some((time(0)?, time(1)?)))
    }

    pub(super) async fn create(
        &self,
        op: &Op,
        key: &StoreKey,
        (record, columns): (&Record, &Columns),
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        if record.header.owner.is_none() {
            let mut link = self.link().await?;
            return self.insert(&mut link, op, key, (record, columns)).await;
        }
        let mut transaction = self.transaction().await?;
        let link = &mut transaction.link;
        let outcome = self.insert(link, op, key, (record, columns)).await?;
        let refusal = match outcome {
            CreateOutcome::Created => self.bind(link, op, key, record, bind).await?,
            _ => None,
        };
        let refused = match refusal {
            None => return transaction.commit().await.map(|()| outcome),
            Some(Refusal::Refused) => CreateOutcome::OwnerRefused,
            Some(Refusal::Revoked) => CreateOutcome::OwnerRevoked,
        };
        transaction.rollback().await.map(|()| refused)
    }

    /// Stores a record where nothing stands, or what has expired.
    async fn insert(
        &self,
        link: &mut Link,
        op: &Op,
        key: &StoreKey,
        (record, columns): (&Record, &Columns),
    ) -> Result<CreateOutcome, StoreError> {
        for _ in 0..LOOKS {
            let insert = at(&self.statements.insert, key.hash(), op.now);
            if link.execute(with(insert, columns)).await? == 1 {
                return Ok(CreateOutcome::Created);
            }
            match self.find(link, op, key).await? {
                Found::Live(stored) => {
                    let same =
                        |header: session::Header| header.commit_id == record.header.commit_id;
                    return Ok(match stored.header().is_ok_and(same) {
                        true => CreateOutcome::Created,
                        false => CreateOutcome::Exists,
                    });
                }
                Found::Tombstone(_) => return Ok(CreateOutcome::Gone),
                Found::Nothing => {}
            }
        }
        Err(unsettled())
    }

    pub(super) async fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        (mut record, mut columns): (Arc<Record>, Columns),
        expected: Version,
    ) -> Result<SaveOutcome, StoreError> {
        let mut link = self.link().await?;
        for _ in 0..LOOKS {
            let save = with(at(&self.statements.save, key.hash(), op.now), &columns);
            let save = save.bind(expected.to_bytes().to_vec());
            if link.execute(save).await? == 1 {
                return Ok(SaveOutcome::Saved(record.header.version));
            }
            let Found::Live(stored) = self.find(&mut link, op, key).await? else {
                return Ok(SaveOutcome::Gone);
            };
            let Some(current) = self.record(key, stored)? else {
                return Ok(SaveOutcome::Gone);
            };
            if current.header.version != expected {
                return Ok(SaveOutcome::Conflict(Arc::new(current)));
            }
            // The version is right, so it was the owner: a save does not change it, and the data may be sealed with it.
            Arc::make_mut(&mut record).header.owner = current.header.owner;
            columns = self.columns(key, &record)?;
        }
        Err(unsettled())
    }

    pub(super) async fn rotate(
        &self,
        op: &Op,
        (old, new): (&StoreKey, &StoreKey),
        (record, columns): (&Record, &Columns),
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        let mut transaction = self.transaction().await?;
        let link = &mut transaction.link;
        let move_on = at(&self.statements.move_on, old.hash(), op.now)
            .bind(expected.to_bytes().to_vec())
            .bind(successor(new).to_vec())
            .bind(millis(op.now + op.grace));
        let outcome = if link.execute(move_on).await? == 0 {
            self.not_rotated(link, op, (old, new), record).await?
        } else {
            let insert = at(&self.statements.insert, new.hash(), op.now);
            if link.execute(with(insert, columns)).await? == 0 {
                RotateOutcome::Gone
            } else {
                match self.bind(link, op, new, record, bind).await? {
                    Some(Refusal::Refused) => RotateOutcome::OwnerRefused,
                    Some(Refusal::Revoked) => RotateOutcome::OwnerRevoked,
                    None => {
                        let saved = RotateOutcome::Saved(record.header.version);
                        return transaction.commit().await.map(|()| saved);
                    }
                }
            }
        };
        transaction.rollback().await.map(|()| outcome)
    }

    /// Why there was nothing to rotate.
    async fn not_rotated(
        &self,
        link: &mut Link,
        op: &Op,
        (old, new): (&StoreKey, &StoreKey),
        record: &Record,
    ) -> Result<RotateOutcome, StoreError> {
        match self.find(link, op, old).await? {
            Found::Live(stored) => {
                return Ok(match self.record(old, stored)? {
                    Some(current) => RotateOutcome::Conflict(Arc::new(current)),
                    None => RotateOutcome::Gone,
                });
            }
            Found::Tombstone(Some(moved_to)) if moved_to == *new => {}
            Found::Tombstone(_) | Found::Nothing => return Ok(RotateOutcome::Gone),
        }
        // Done before, if it was this commit that did it.
        let Found::Live(stored) = self.find(link, op, new).await? else {
            return Ok(RotateOutcome::Gone);
        };
        Ok(match stored.header() {
            Ok(header) if header.commit_id == record.header.commit_id => {
                RotateOutcome::Saved(header.version)
            }
            _ => RotateOutcome::Gone,
        })
    }

    pub(super) async fn touch(
        &self,
        op: &Op,
        key: &StoreKey,
        expected: Version,
        deadline: Timestamp,
    ) -> Result<TouchOutcome, StoreError> {
        if self.renew(op, key, expected, deadline).await?.is_some() {
            return Ok(TouchOutcome::Touched);
        }
        Ok(match self.find(&mut self.link().await?, op, key).await? {
            Found::Live(_) => TouchOutcome::Stale,
            Found::Tombstone(_) | Found::Nothing => TouchOutcome::Gone,
        })
    }

    pub(super) async fn destroy(
        &self,
        op: &Op,
        key: &StoreKey,
    ) -> Result<Option<StoreKey>, StoreError> {
        let destroy = at(&self.statements.destroy, key.hash(), op.now);
        let destroy = destroy.bind(millis(op.now + op.grace));
        let rows = self.link().await?.rows(destroy).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let successor: Option<&[u8]> = row.try_get(0).map_err(store_error)?;
        Ok(successor.and_then(store_key))
    }

    pub(super) async fn exists(&self, op: &Op, key: &StoreKey) -> Result<bool, StoreError> {
        let exists = at(&self.statements.exists, key.hash(), op.now);
        Ok(!self.link().await?.rows(exists).await?.is_empty())
    }
}
