//! The contract, each verb one statement.

use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, Op, Over, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome, SaveOutcome,
    SessionHandle, SessionInfo, SessionStore, StoreError, StoreKey, Swept, Timestamp, TouchOutcome,
    Version,
};
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Decode, Row, Type, query};

use super::PostgresStore;
use super::call::{Again, Verb};
use super::trouble::store_error;
use crate::sql::{Columns, Stored, millis, store_key, successor};

/// The longest absolute lifetime: for so long a revocation is remembered.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How much one statement sweeps at most.
const BATCH: usize = 500;

type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// A column of an answer.
fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    row: &'r PgRow,
    column: usize,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(|error| store_error(&error))
}

/// A column of the only row of an answer.
fn only<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    rows: &'r [PgRow],
    column: usize,
) -> Result<T, StoreError> {
    match rows {
        [row] => get(row, column),
        _ => Err(store_error(&sqlx::Error::RowNotFound)),
    }
}

fn whole_millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// Binds a record, in the order in which the statements take it.
fn bind<'q>(statement: Statement<'q>, key: &StoreKey, columns: &Columns) -> Statement<'q> {
    statement
        .bind(&key.hash()[..])
        .bind(&columns.version[..])
        .bind(&columns.commit_id[..])
        .bind(&columns.handle[..])
        .bind(columns.owner.as_ref().map(|owner| &owner[..]))
        .bind(columns.created)
        .bind(columns.authenticated_at)
        .bind(columns.last_seen)
        .bind(columns.idle_for)
        .bind(columns.idle_deadline)
        .bind(columns.absolute_deadline)
        .bind(columns.expires_at())
        .bind(&columns.header[..])
        .bind(&columns.data[..])
}

impl Verb<'_> {
    fn now(&self) -> i64 {
        millis(self.op.now)
    }

    fn grace_end(&self) -> i64 {
        millis(self.op.now + self.op.grace)
    }

    /// What stands under a key.
    async fn found(
        &self,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        let statements = &self.engine.statements;
        let plain = || {
            let statement = query(statements.read.clone());
            statement.bind(&key.hash()[..]).bind(self.now())
        };
        let rows = match renew {
            None => self.rows(Again::Harmless, plain).await?,
            Some(interval) => {
                let interval = whole_millis(interval);
                let renewing = || {
                    query(statements.read_and_renew.clone())
                        .bind(&key.hash()[..])
                        .bind(self.now())
                        .bind(self.now().saturating_sub(interval))
                        .bind(self.now().saturating_add(interval))
                };
                match self.rows(Again::Harmless, renewing).await {
                    // S14: that nothing can be renewed keeps nobody out.
                    Err(failure) if failure.is_read_only() => {
                        self.rows(Again::Harmless, plain).await?
                    }
                    rows => rows?,
                }
            }
        };
        let Some(row) = rows.first() else {
            return Ok(ReadOutcome::Absent);
        };
        let Some(data) = get(row, 6)? else {
            let successor: Option<&[u8]> = get(row, 7)?;
            let successor = successor.and_then(store_key);
            return Ok(ReadOutcome::Gone { successor });
        };
        let record = stored(row, data)?.record(&self.engine.codec, key)?;
        Ok(match record {
            Some(record) => ReadOutcome::Live(Arc::new(record)),
            None => ReadOutcome::Damaged,
        })
    }

    /// `create`, and from an old key `rotate`: what became of it, and the version that stands.
    async fn put(
        &self,
        from: Option<(&StoreKey, Version)>,
        key: &StoreKey,
        record: &Record,
        rule: Option<OwnerRule>,
    ) -> Result<(String, Option<Version>), StoreError> {
        let columns = Columns::of(&self.engine.codec, key, record)?;
        let expected = from.map(|(_, version)| version.to_bytes());
        let successor = from.map(|_| successor(key));
        let put = || {
            let statement = query(self.engine.statements.put.clone())
                .bind(self.now())
                .bind(self.grace_end())
                .bind(from.map(|(old, _)| &old.hash()[..]))
                .bind(expected.as_ref().map(|bytes| &bytes[..]))
                .bind(successor.as_ref().map(|bytes| &bytes[..]))
                .bind(rule.map(|rule| i64::from(rule.max.get())))
                .bind(rule.is_some_and(|rule| rule.over == Over::Evict));
            bind(statement, key, &columns)
        };
        let rows = self.rows(Again::Harmless, put).await?;
        let version: Option<&[u8]> = only(&rows, 1)?;
        let version = version.and_then(|bytes| bytes.try_into().ok());
        Ok((only(&rows, 0)?, version.map(Version::from_bytes)))
    }
}

/// A row of a record.
fn stored(row: &PgRow, data: Vec<u8>) -> Result<Stored, StoreError> {
    Ok(Stored {
        key: get(row, 0)?,
        version: get(row, 1)?,
        authenticated_at: get(row, 2)?,
        last_seen: get(row, 3)?,
        idle_deadline: get(row, 4)?,
        header: get(row, 5)?,
        data,
    })
}

fn unexpected() -> StoreError {
    StoreError::unavailable("the engine gave an unexpected answer")
}

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
        loop {
            let columns = Columns::of(&self.engine.codec, key, &record)?;
            let save = || {
                let statement = query(self.engine.statements.save.clone());
                let statement = statement.bind(verb.now()).bind(expected.to_bytes());
                bind(statement, key, &columns)
            };
            if !verb.rows(Again::Never, save).await?.is_empty() {
                return Ok(SaveOutcome::Saved(record.header.version));
            }
            // S17: only a statement of its own sees what the other one has stored.
            let ReadOutcome::Live(current) = verb.found(key, None).await? else {
                return Ok(SaveOutcome::Gone);
            };
            if current.header.version != expected {
                return Ok(SaveOutcome::Conflict(current));
            }
            // Nothing was stored, because of the owner: a save does not change it, and the data may be sealed with it.
            let owner = &mut Arc::make_mut(&mut record).header.owner;
            owner.clone_from(&current.header.owner);
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
        let rows = verb.rows(Again::Harmless, destroy).await?;
        let successor: Option<&[u8]> = only(&rows, 0)?;
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
        // A header that cannot be read is no session.
        let infos = rows.iter().map(|row| Ok(stored(row, Vec::new())?.info()));
        infos.filter_map(Result::transpose).collect()
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
