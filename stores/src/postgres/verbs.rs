//! What verbs are made of: a record bound, a row read, and the statements that several verbs send.

use std::sync::Arc;
use std::time::Duration;

use session::{Over, OwnerRule, ReadOutcome, Record, StoreError, StoreKey, Version};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Decode, Postgres, Row, Type, query};

use super::call::{Again, Verb};
use super::trouble::{Trouble, store_error};
use crate::sql::{Columns, Listed, Stored, another, millis, store_key, successor};

type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// A column of an answer.
fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    row: &'r PgRow,
    column: usize,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(|error| store_error(&error))
}

/// A column of the only row of an answer.
pub(super) fn only<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    rows: &'r [PgRow],
    column: usize,
) -> Result<T, StoreError> {
    match rows {
        [row] => get(row, column),
        _ => Err(store_error(&sqlx::Error::RowNotFound)),
    }
}

pub(super) fn whole_millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// Binds a record, in the order in which the statements take it.
pub(super) fn bind<'q>(
    statement: Statement<'q>,
    key: &StoreKey,
    columns: &Columns,
) -> Statement<'q> {
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
    pub(super) fn now(&self) -> i64 {
        millis(self.op.now)
    }

    pub(super) fn grace_end(&self) -> i64 {
        millis(self.op.now + self.op.grace)
    }

    /// What stands under a key.
    pub(super) async fn found(
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
                    Err(failure)
                        if matches!(failure.trouble(), Some(Trouble::ReadOnly | Trouble::Full)) =>
                    {
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
            if get::<&[u8]>(row, 0)? != key.hash() {
                return Err(another());
            }
            let successor: Option<&[u8]> = get(row, 7)?;
            let successor = successor.and_then(store_key);
            return Ok(ReadOutcome::Gone { successor });
        };
        let mut found = stored(row, data)?;
        // The plain statement has no such column.
        let renewed: Option<Vec<i64>> = match row.len() {
            9 => get(row, 8)?,
            _ => None,
        };
        if let Some([last_seen, idle_deadline]) = renewed.as_deref() {
            (found.last_seen, found.idle_deadline) = (*last_seen, *idle_deadline);
        }
        let record = found.record(&self.engine.codec, key)?;
        Ok(match record {
            Some(record) => ReadOutcome::Live(Arc::new(record)),
            None => ReadOutcome::Damaged,
        })
    }

    /// `create`, and from an old key `rotate`: what became of it, and the version that stands.
    pub(super) async fn put(
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

/// A row of a listing.
pub(super) fn listed(row: &PgRow) -> Result<Listed, StoreError> {
    Ok(Listed {
        owner: get(row, 0)?,
        handle: get(row, 1)?,
        created: get(row, 2)?,
        last_seen: get(row, 3)?,
        header: get(row, 4)?,
    })
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

pub(super) fn unexpected() -> StoreError {
    StoreError::unavailable("the engine gave an unexpected answer")
}
