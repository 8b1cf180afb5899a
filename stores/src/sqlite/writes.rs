//! The verbs of one session that write.

use std::sync::Arc;

use session::{
    CreateOutcome, Header, Op, OwnerRule, Record, RotateOutcome, SaveOutcome, StoreError, StoreKey,
    Timestamp, TouchOutcome, Version,
};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Row as _, Sqlite};

use super::engine::{Engine, Link};
use super::owners::Refusal;
use super::queue::{Room, Write};
use super::row::Found;
use super::trouble::store_error;
use super::verbs::at;
use crate::sql::{Columns, millis, store_key, successor, timestamp};

/// How often a verb looks again after a row that changed between two statements.
const LOOKS: usize = 8;

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

/// A record and how it is stored. Values encode themselves, and that is not ours to know: before the verb's turn, not
/// in it.
pub(super) struct Encoded {
    pub(super) record: Arc<Record>,
    pub(super) columns: Columns,
}

impl Engine {
    pub(super) fn encoded(
        &self,
        key: &StoreKey,
        record: Arc<Record>,
    ) -> Result<Encoded, StoreError> {
        let columns = self.columns(key, &record)?;
        Ok(Encoded { record, columns })
    }
}

pub(super) struct Create {
    pub(super) op: Op,
    pub(super) key: StoreKey,
    pub(super) new: Encoded,
    pub(super) bind: Option<OwnerRule>,
}

impl Write for Create {
    type Outcome = CreateOutcome;
    const ROOM: Room = Room::Takes;

    fn is_several(&self) -> bool {
        self.new.record.header.owner.is_some()
    }

    fn is_undone(outcome: &CreateOutcome) -> bool {
        matches!(
            outcome,
            CreateOutcome::OwnerRefused | CreateOutcome::OwnerRevoked
        )
    }

    async fn run(&self, engine: &Engine, link: &mut Link) -> Result<CreateOutcome, StoreError> {
        let Self { op, key, new, bind } = self;
        let outcome = insert(engine, link, op, key, new).await?;
        if !matches!(outcome, CreateOutcome::Created) {
            return Ok(outcome);
        }
        let refusal = engine.bind(link, op, key, &new.record, *bind).await?;
        Ok(match refusal {
            None => outcome,
            Some(Refusal::Refused) => CreateOutcome::OwnerRefused,
            Some(Refusal::Revoked) => CreateOutcome::OwnerRevoked,
        })
    }
}

/// Stores a record where nothing stands, or what has expired.
async fn insert(
    engine: &Engine,
    link: &mut Link,
    op: &Op,
    key: &StoreKey,
    new: &Encoded,
) -> Result<CreateOutcome, StoreError> {
    for _ in 0..LOOKS {
        let insert = at(&engine.statements.insert, key.hash(), op.now);
        if link.execute(with(insert, &new.columns)).await? == 1 {
            return Ok(CreateOutcome::Created);
        }
        match engine.find(link, key, op.now).await? {
            Found::Live(stored) => {
                let same = |header: Header| header.commit_id == new.record.header.commit_id;
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

pub(super) struct Save {
    pub(super) op: Op,
    pub(super) key: StoreKey,
    pub(super) new: Encoded,
    pub(super) expected: Version,
}

impl Write for Save {
    type Outcome = SaveOutcome;
    const ROOM: Room = Room::Takes;

    async fn run(&self, engine: &Engine, link: &mut Link) -> Result<SaveOutcome, StoreError> {
        let Self {
            op,
            key,
            new,
            expected,
        } = self;
        let mut again = None;
        for _ in 0..LOOKS {
            let columns = again.as_ref().unwrap_or(&new.columns);
            let save = with(at(&engine.statements.save, key.hash(), op.now), columns);
            let save = save.bind(expected.to_bytes().to_vec());
            if link.execute(save).await? == 1 {
                return Ok(SaveOutcome::Saved(new.record.header.version));
            }
            let Found::Live(stored) = engine.find(link, key, op.now).await? else {
                return Ok(SaveOutcome::Gone);
            };
            let Some(current) = engine.record(key, stored)? else {
                return Ok(SaveOutcome::Gone);
            };
            if current.header.version != *expected {
                return Ok(SaveOutcome::Conflict(Arc::new(current)));
            }
            // The version is right, so it was the owner: a save does not change it, and the data may be sealed with it.
            let mut record = Record::clone(&new.record);
            record.header.owner = current.header.owner;
            again = Some(engine.columns(key, &record)?);
        }
        Err(unsettled())
    }
}

pub(super) struct Rotate {
    pub(super) op: Op,
    pub(super) old: StoreKey,
    pub(super) key: StoreKey,
    pub(super) new: Encoded,
    pub(super) expected: Version,
    pub(super) bind: Option<OwnerRule>,
}

impl Write for Rotate {
    type Outcome = RotateOutcome;
    const ROOM: Room = Room::Takes;

    fn is_several(&self) -> bool {
        true
    }

    fn is_undone(outcome: &RotateOutcome) -> bool {
        matches!(
            outcome,
            RotateOutcome::Gone | RotateOutcome::OwnerRefused | RotateOutcome::OwnerRevoked
        )
    }

    async fn run(&self, engine: &Engine, link: &mut Link) -> Result<RotateOutcome, StoreError> {
        let Self {
            op,
            old,
            key,
            new,
            expected,
            bind,
        } = self;
        let move_on = at(&engine.statements.move_on, old.hash(), op.now)
            .bind(expected.to_bytes().to_vec())
            .bind(successor(key).to_vec())
            .bind(millis(op.now + op.grace));
        if link.execute(move_on).await? == 0 {
            return self.not_rotated(engine, link).await;
        }
        let insert = at(&engine.statements.insert, key.hash(), op.now);
        if link.execute(with(insert, &new.columns)).await? == 0 {
            return Ok(RotateOutcome::Gone);
        }
        let refusal = engine.bind(link, op, key, &new.record, *bind).await?;
        Ok(match refusal {
            None => RotateOutcome::Saved(new.record.header.version),
            Some(Refusal::Refused) => RotateOutcome::OwnerRefused,
            Some(Refusal::Revoked) => RotateOutcome::OwnerRevoked,
        })
    }
}

impl Rotate {
    /// Why there was nothing to rotate.
    async fn not_rotated(
        &self,
        engine: &Engine,
        link: &mut Link,
    ) -> Result<RotateOutcome, StoreError> {
        let Self {
            op, old, key, new, ..
        } = self;
        match engine.find(link, old, op.now).await? {
            Found::Live(stored) => {
                return Ok(match engine.record(old, stored)? {
                    Some(current) => RotateOutcome::Conflict(Arc::new(current)),
                    None => RotateOutcome::Gone,
                });
            }
            Found::Tombstone(Some(moved_to)) if moved_to == *key => {}
            Found::Tombstone(_) | Found::Nothing => return Ok(RotateOutcome::Gone),
        }
        // Done before, if it was this commit that did it.
        let Found::Live(stored) = engine.find(link, key, op.now).await? else {
            return Ok(RotateOutcome::Gone);
        };
        Ok(match stored.header() {
            Ok(header) if header.commit_id == new.record.header.commit_id => {
                RotateOutcome::Saved(header.version)
            }
            _ => RotateOutcome::Gone,
        })
    }
}

/// Renews the deadline of a live record of this version, and says when it was seen and ends now. A read brings it, and
/// must not come too late for it.
pub(super) struct Renew {
    pub(super) op: Op,
    pub(super) key: StoreKey,
    pub(super) version: Version,
    pub(super) deadline: Timestamp,
}

impl Write for Renew {
    type Outcome = Option<(Timestamp, Timestamp)>;
    const ROOM: Room = Room::Neither;
    const PATIENCE: u32 = 4;

    async fn run(&self, engine: &Engine, link: &mut Link) -> Result<Self::Outcome, StoreError> {
        let renew = at(&engine.statements.renew, self.key.hash(), self.op.now)
            .bind(self.version.to_bytes().to_vec())
            .bind(millis(self.deadline));
        let rows = link.rows(renew).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let time = |at| row.try_get(at).map(timestamp).map_err(store_error);
        Ok(Some((time(0)?, time(1)?)))
    }
}

pub(super) struct Touch(pub(super) Renew);

impl Write for Touch {
    type Outcome = TouchOutcome;
    const ROOM: Room = Room::Neither;

    async fn run(&self, engine: &Engine, link: &mut Link) -> Result<TouchOutcome, StoreError> {
        if self.0.run(engine, link).await?.is_some() {
            return Ok(TouchOutcome::Touched);
        }
        let found = engine.find(link, &self.0.key, self.0.op.now).await?;
        Ok(match found {
            Found::Live(_) => TouchOutcome::Stale,
            Found::Tombstone(_) | Found::Nothing => TouchOutcome::Gone,
        })
    }
}

pub(super) struct Destroy {
    pub(super) op: Op,
    pub(super) key: StoreKey,
}

impl Write for Destroy {
    type Outcome = Option<StoreKey>;
    const ROOM: Room = Room::Frees;

    async fn run(&self, engine: &Engine, link: &mut Link) -> Result<Self::Outcome, StoreError> {
        let Self { op, key } = self;
        let destroy = at(&engine.statements.destroy, key.hash(), op.now);
        let rows = link.rows(destroy.bind(millis(op.now + op.grace))).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let successor: Option<&[u8]> = row.try_get(0).map_err(store_error)?;
        Ok(successor.and_then(store_key))
    }
}
