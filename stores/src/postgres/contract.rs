//! The contract, each verb one statement.

use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, Op, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome, SaveOutcome,
    SessionHandle, SessionInfo, SessionStore, StoreError, StoreKey, Swept, Timestamp, TouchOutcome,
    Version,
};
use sqlx::query;

use super::PostgresStore;
use super::call::Again;
use super::together::{Save, Saved};
use super::trouble::Trouble;
use super::verbs::{listed, only, unexpected, whole_millis};
use crate::sql::{Columns, another, millis, store_key};

/// The longest absolute lifetime: for so long a revocation is remembered.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How much one statement sweeps at most.
const BATCH: usize = 500;

impl SessionStore for PostgresStore {
    async fn read(
        &self,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        self.engine.verb(op).found(key, renew).await
    }

    async fn create(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        let (status, _) = self.engine.verb(op).put(None, key, &record, bind).await?;
        Ok(match status.as_str() {
            "stored" => CreateOutcome::Created,
            "exists" => CreateOutcome::Exists,
            "gone" => CreateOutcome::Gone,
            "refused" => CreateOutcome::OwnerRefused,
            "revoked" => CreateOutcome::OwnerRevoked,
            _ => return Err(unexpected()),
        })
    }

    async fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        mut record: Arc<Record>,
        expected: Version,
    ) -> Result<SaveOutcome, StoreError> {
        let verb = self.engine.verb(op);
        let mut is_together = true;
        loop {
            let save = Save {
                op: *op,
                key: *key,
                expected,
                columns: Columns::of(&self.engine.codec, key, &record)?,
            };
            let was_alone = !std::mem::take(&mut is_together);
            let saved = if was_alone {
                verb.save(&save).await?
            } else {
                self.engine.save(&verb, save).await?
            };
            match saved {
                Saved::Stored => return Ok(SaveOutcome::Saved(record.header.version)),
                Saved::Unclear => continue,
                Saved::Not => {}
            }
            // S17: only a statement of its own sees what the other one has stored.
            let ReadOutcome::Live(current) = verb.found(key, None).await? else {
                return Ok(SaveOutcome::Gone);
            };
            if current.header.version != expected {
                return Ok(SaveOutcome::Conflict(current));
            }
            let owner = &current.header.owner;
            if was_alone && record.header.owner == *owner {
                return Err(StoreError::unavailable("the row contradicts its header"));
            }
            // Somebody had it locked; or it is the owner, whom a save does not change: the data may be sealed with it.
            Arc::make_mut(&mut record).header.owner.clone_from(owner);
        }
    }

    async fn rotate(
        &self,
        op: &Op,
        old: &StoreKey,
        new: &StoreKey,
        record: Arc<Record>,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        let verb = self.engine.verb(op);
        loop {
            let from = Some((old, expected));
            let (status, version) = verb.put(from, new, &record, bind).await?;
            return Ok(match (status.as_str(), version) {
                ("stored", Some(version)) => RotateOutcome::Saved(version),
                ("gone", _) => RotateOutcome::Gone,
                ("refused", _) => RotateOutcome::OwnerRefused,
                ("revoked", _) => RotateOutcome::OwnerRevoked,
                ("conflict", _) => match verb.found(old, None).await? {
                    ReadOutcome::Live(current) if current.header.version == expected => continue,
                    ReadOutcome::Live(current) => RotateOutcome::Conflict(current),
                    _ => RotateOutcome::Gone,
                },
                _ => return Err(unexpected()),
            });
        }
    }

    async fn touch(
        &self,
        op: &Op,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> Result<TouchOutcome, StoreError> {
        let verb = self.engine.verb(op);
        let touch = || {
            query(self.engine.statements.touch.clone())
                .bind(verb.now())
                .bind(expected.to_bytes())
                .bind(&key.hash()[..])
                .bind(millis(idle_deadline))
        };
        if !verb.rows(Again::Harmless, touch).await?.is_empty() {
            return Ok(TouchOutcome::Touched);
        }
        Ok(if self.exists(op, key).await? {
            TouchOutcome::Stale
        } else {
            TouchOutcome::Gone
        })
    }

    async fn destroy(&self, op: &Op, key: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        let verb = self.engine.verb(op);
        let destroy = || {
            query(self.engine.statements.destroy.clone())
                .bind(verb.now())
                .bind(verb.grace_end())
                .bind(&key.hash()[..])
        };
        let rows = match verb.rows(Again::Harmless, destroy).await {
            // S16: without room for a tombstone the session ends all the same.
            Err(failure) if failure.trouble() == Some(Trouble::Full) => {
                let delete = || query(self.engine.statements.delete.clone()).bind(&key.hash()[..]);
                verb.rows(Again::Harmless, delete).await?;
                return Ok(match verb.found(key, None).await? {
                    ReadOutcome::Gone { successor } => successor,
                    _ => None,
                });
            }
            rows => rows?,
        };
        if only::<&[u8]>(&rows, 0)? != key.hash() {
            return Err(another());
        }
        let successor: Option<&[u8]> = only(&rows, 1)?;
        Ok(successor.and_then(store_key))
    }

    async fn exists(&self, op: &Op, key: &StoreKey) -> Result<bool, StoreError> {
        let verb = self.engine.verb(op);
        let exists = || {
            let statement = query(self.engine.statements.exists.clone());
            statement.bind(verb.now()).bind(&key.hash()[..])
        };
        Ok(!verb.rows(Again::Harmless, exists).await?.is_empty())
    }

    async fn gc(&self, op: &Op, budget: usize) -> Result<Swept, StoreError> {
        let verb = self.engine.verb(op);
        let limit = budget.min(BATCH);
        let skew = whole_millis(op.max_skew);
        let gc = || {
            query(self.engine.statements.gc.clone())
                .bind(verb.now().saturating_sub(skew))
                .bind(skew)
                .bind(limit as i64)
        };
        let rows = verb.rows(Again::Harmless, gc).await?;
        let (swept, forgot): (i64, i64) = (only(&rows, 0)?, only(&rows, 1)?);
        Ok(Swept {
            removed: usize::try_from(swept).unwrap_or(0),
            more: limit > 0 && swept.max(forgot) >= limit as i64,
        })
    }

    async fn sessions_of(&self, op: &Op, owner: &OwnerKey) -> Result<Vec<SessionInfo>, StoreError> {
        let verb = self.engine.verb(op);
        let list = || {
            let statement = query(self.engine.statements.sessions_of.clone());
            statement.bind(verb.now()).bind(&owner.as_bytes()[..])
        };
        let rows = verb.rows(Again::Harmless, list).await?;
        let mut infos = Vec::with_capacity(rows.len());
        for row in &rows {
            infos.extend(listed(row)?.info(owner)?);
        }
        Ok(infos)
    }

    async fn destroy_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> Result<bool, StoreError> {
        let verb = self.engine.verb(op);
        let end = || {
            query(self.engine.statements.end_one.clone())
                .bind(verb.now())
                .bind(verb.grace_end())
                .bind(&owner.as_bytes()[..])
                .bind(handle.to_bytes())
        };
        only(&verb.rows(Again::Never, end).await?, 0)
    }

    async fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        let verb = self.engine.verb(op);
        let version = Version::first().to_bytes();
        let revoke = || {
            query(self.engine.statements.revoke.clone())
                .bind(verb.now())
                .bind(verb.grace_end())
                .bind(millis(op.now + LONGEST))
                .bind(&owner.as_bytes()[..])
                .bind(except.map(|key| &key.hash()[..]))
                .bind(version)
        };
        let ended: i64 = only(&verb.rows(Again::Never, revoke).await?, 0)?;
        Ok(u64::try_from(ended).unwrap_or(0))
    }
}
