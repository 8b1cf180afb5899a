//! The verbs that are one statement each.

use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, OwnerKey, OwnerRule, ReadOutcome, Record, SaveOutcome, SessionInfo, StoreError,
    StoreErrorKind, StoreKey, Timestamp, TouchOutcome, Version,
};
use sqlx::mysql::MySqlRow;

use super::call::{Again, Verb};
use super::message::{Answer, Call};
use super::row::{Found, Values, column, found, numbers};
use super::text::{find_and_renew, hex};
use super::trouble::unexpected;
use crate::sql::{Columns, Listed, Stored, another, millis, store_key};

impl Verb<'_> {
    async fn rows(&self, text: &Arc<str>, values: Values) -> Result<Vec<MySqlRow>, StoreError> {
        let call = Call::Rows(text, values.done());
        Ok(self.call(Again::Harmless, call).await?.rows())
    }

    pub(super) async fn find(&self, key: &StoreKey) -> Result<Found, StoreError> {
        let values = Values::default().bytes(key.hash());
        let rows = self.rows(&self.engine.schema.read, values).await?;
        found(&rows, key, self.now())
    }

    pub(super) fn record(
        &self,
        key: &StoreKey,
        stored: Stored,
    ) -> Result<Option<Record>, StoreError> {
        stored.record(&self.engine.codec, key)
    }

    pub(super) async fn read(
        &self,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        let known = &self.engine.due;
        let asked = renew.filter(|_| known.may_be(key, self.op.now));
        let (found, mut renewed) = match asked {
            Some(interval) => self.find_and_renew(key, interval).await?,
            None => (self.find(key).await?, Ok(0)),
        };
        let stored = match found {
            Found::Live(stored) => stored,
            Found::Tombstone(successor) => return Ok(ReadOutcome::Gone { successor }),
            Found::Nothing => return Ok(ReadOutcome::Absent),
        };
        let Some(mut record) = self.record(key, stored)? else {
            return Ok(ReadOutcome::Damaged);
        };
        let header = &mut record.header;
        let due = renew.and_then(|interval| header.renewal(self.op.now, interval));
        if let (Some(idle_deadline), None) = (due, asked) {
            // Against what was known: then it takes a round trip of its own.
            let renew = self.renew(key, header.version, idle_deadline);
            renewed = renew.await.map(u64::from);
        }
        match (due, renewed) {
            (Some(idle_deadline), Ok(1..)) => header.renew(self.op.now, idle_deadline),
            // Nothing was due, or somebody came first. What was read stood when it was read.
            (None, _) | (Some(_), Ok(_)) => {}
            (Some(_), Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a session was read and not renewed"
                );
            }
        }
        if let Some(interval) = renew {
            known.note(key, header, self.op.now, interval);
        }
        Ok(ReadOutcome::Live(Arc::new(record)))
    }

    /// Reads, and renews what is to be renewed, in one round trip; how many were.
    async fn find_and_renew(
        &self,
        key: &StoreKey,
        interval: Duration,
    ) -> Result<(Found, Result<u64, StoreError>), StoreError> {
        let text = find_and_renew(&self.engine.schema, key, self.op.now, interval);
        match self
            .call(Again::Harmless, Call::RowsThenChange(&text))
            .await?
        {
            Answer::RowsThenFound(rows, renewed) => Ok((found(&rows, key, self.now())?, renewed)),
            _ => Err(unexpected()),
        }
    }

    /// Renews a live record of this version; whether it was there.
    async fn renew(
        &self,
        key: &StoreKey,
        version: Version,
        idle_deadline: Timestamp,
    ) -> Result<bool, StoreError> {
        let (now, deadline) = (self.now(), millis(idle_deadline));
        let values = Values::default()
            .numbers([deadline, now, deadline])
            .bytes(key.hash())
            .bytes(&version.to_bytes())
            .numbers([now, now]);
        let call = Call::Change(&self.engine.schema.touch, values.done());
        Ok(self.call(Again::Harmless, call).await?.found() > 0)
    }

    pub(super) async fn touch(
        &self,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> Result<TouchOutcome, StoreError> {
        if self.renew(key, expected, idle_deadline).await? {
            return Ok(TouchOutcome::Touched);
        }
        Ok(match self.find(key).await? {
            Found::Live(_) => TouchOutcome::Stale,
            Found::Tombstone(_) | Found::Nothing => TouchOutcome::Gone,
        })
    }

    /// Whether a record without owner was made, in one statement. It was not where anything stands under its key.
    pub(super) async fn insert(&self, key: &StoreKey, row: &Columns) -> Result<bool, StoreError> {
        let [created, rest @ ..] = numbers(row);
        let values = Values::default()
            .bytes(key.hash())
            .bytes(&row.version)
            .bytes(&row.commit_id)
            .bytes(&row.handle)
            .maybe(row.owner.as_ref().map(|owner| &owner[..]))
            .numbers([created])
            .numbers(rest)
            .bytes(&row.header)
            .bytes(&row.data);
        self.fits(row.header.len() + row.data.len() + 300)?;
        let call = Call::Change(&self.engine.schema.create, values.done());
        Ok(!matches!(
            self.call(Again::Harmless, call).await?,
            Answer::Duplicate
        ))
    }

    pub(super) async fn create(
        &self,
        key: &StoreKey,
        record: &Record,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        let row = Columns::of(&self.engine.codec, key, record)?;
        let made = match row.owner {
            None => self.insert(key, &row).await?,
            Some(_) => self.create_at_once(key, &row, bind).await?,
        };
        if made {
            return Ok(CreateOutcome::Created);
        }
        self.create_bound(key, &row, bind).await
    }

    pub(super) async fn save(
        &self,
        key: &StoreKey,
        mut record: Arc<Record>,
        expected: Version,
    ) -> Result<SaveOutcome, StoreError> {
        loop {
            if self.replace(key, &record, expected).await? {
                return Ok(SaveOutcome::Saved(record.header.version));
            }
            // The engine says only that no such row was found; what stands there takes a look of its own (S17).
            let Found::Live(stored) = self.find(key).await? else {
                return Ok(SaveOutcome::Gone);
            };
            let Some(current) = self.record(key, stored)? else {
                return Ok(SaveOutcome::Gone);
            };
            if current.header.version != expected || current.header.owner == record.header.owner {
                return Ok(SaveOutcome::Conflict(Arc::new(current)));
            }
            // A save does not change the owner, and the data may be sealed with it.
            Arc::make_mut(&mut record).header.owner = current.header.owner;
        }
    }

    async fn replace(
        &self,
        key: &StoreKey,
        record: &Record,
        expected: Version,
    ) -> Result<bool, StoreError> {
        let row = Columns::of(&self.engine.codec, key, record)?;
        let now = self.now();
        let values = Values::default()
            .bytes(&row.version)
            .bytes(&row.commit_id)
            .bytes(&row.handle)
            .numbers(numbers(&row))
            .bytes(&row.header)
            .bytes(&row.data)
            .bytes(key.hash())
            .bytes(&expected.to_bytes())
            .maybe(row.owner.as_ref().map(|owner| &owner[..]))
            .numbers([now, now]);
        self.fits(row.header.len() + row.data.len() + 300)?;
        let call = Call::Change(&self.engine.schema.save, values.done());
        Ok(self.call(Again::Never, call).await?.found() > 0)
    }

    pub(super) async fn destroy(&self, key: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        let (records, now) = (&self.engine.schema.records, self.now());
        let (name, until) = (hex(key.hash()), millis(self.op.now + self.op.grace));
        // In this order no value depends on one that was set before it.
        let text = format!(
            "INSERT INTO {records} (session_key, expires_at) VALUES ({name}, {until}) ON DUPLICATE KEY UPDATE \
             successor = IF(data IS NULL AND expires_at > {now}, successor, NULL), \
             expires_at = IF(data IS NULL, GREATEST(expires_at, {until}), {until}), \
             owner = NULL, header = NULL, data = NULL; \
             SELECT session_key, successor FROM {records} WHERE session_key = {name}"
        );
        let rows = match self.call(Again::Harmless, Call::Text(&text)).await {
            // S16: without room for a tombstone the session ends all the same.
            Err(error) if error.kind() == StoreErrorKind::Full => {
                let text = format!(
                    "DELETE FROM {records} WHERE session_key = {name} AND data IS NOT NULL"
                );
                self.call(Again::Harmless, Call::Transaction(&text)).await?;
                return Ok(match self.find(key).await? {
                    Found::Tombstone(successor) => successor,
                    Found::Live(_) | Found::Nothing => None,
                });
            }
            answer => answer?.rows(),
        };
        // Whoever sweeps may have been faster.
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        if column::<Vec<u8>>(row, 0)? != key.hash() {
            return Err(another());
        }
        let successor = column::<Option<Vec<u8>>>(row, 1)?;
        Ok(successor.and_then(|successor| store_key(&successor)))
    }

    pub(super) async fn exists(&self, key: &StoreKey) -> Result<bool, StoreError> {
        let now = self.now();
        let values = Values::default().bytes(key.hash()).numbers([now, now]);
        let rows = self.rows(&self.engine.schema.exists, values).await?;
        let row = rows.first().ok_or_else(unexpected)?;
        Ok(column::<i64>(row, 1)? != 0)
    }

    pub(super) async fn sessions_of(
        &self,
        owner: &OwnerKey,
    ) -> Result<Vec<SessionInfo>, StoreError> {
        let now = self.now();
        let values = Values::default()
            .bytes(owner.as_bytes())
            .numbers([now, now]);
        let rows = self.rows(&self.engine.schema.sessions_of, values).await?;
        let mut sessions = Vec::with_capacity(rows.len());
        for row in &rows {
            // Nothing stands for nobody.
            if let Some(owner_key) = column::<Option<Vec<u8>>>(row, 1)? {
                let listed = Listed {
                    owner: owner_key,
                    handle: column(row, 2)?,
                    created: column(row, 3)?,
                    last_seen: column(row, 4)?,
                    header: column(row, 5)?,
                };
                sessions.extend(listed.info(owner)?);
            }
        }
        Ok(sessions)
    }
}
