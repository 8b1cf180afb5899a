//! The verbs on one record: `read`, `create`, `save`, `touch`, `destroy`, `exists`.

use std::time::Duration;

use session::{
    CreateOutcome, Op, OwnerRule, ReadOutcome, Record, SaveOutcome, StoreError, StoreKey,
    Timestamp, TouchOutcome, Version,
};
use std::sync::Arc;

use super::Files;
use super::disk::NotReplaced;
use super::error::{Result, before, unsure};
use super::found::Found;
use super::owners::Binding;

impl Files {
    pub(super) fn read(
        &self,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome> {
        let found = self.look(key)?;
        let is_due = match (&found, renew) {
            (Found::Record(stored), Some(interval)) if stored.is_live(op) => {
                stored.header.renewal(op.now, interval).is_some()
            }
            _ => false,
        };
        let told = self.told(op, key, found)?;
        // What cannot be read is not kept alive; and a renewal that fails is no reason to turn the request away.
        match renew.filter(|_| is_due && matches!(told, ReadOutcome::Live(_))) {
            Some(interval) => self.renew(op, key, interval).or(Ok(told)),
            None => Ok(told),
        }
    }

    fn renew(&self, op: &Op, key: &StoreKey, interval: Duration) -> Result<ReadOutcome> {
        let _lock = self.lock(&[*key])?;
        let mut found = self.settled(key)?;
        if let Found::Record(stored) = &mut found
            && stored.is_live(op)
            && let Some(deadline) = stored.header.renewal(op.now, interval)
        {
            stored.header.renew(op.now, deadline);
            self.put_renewal(key, stored)?;
        }
        self.told(op, key, found)
    }

    pub(super) fn create(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome> {
        let encoded = self.encode(key, &record)?;
        drop(record);
        let binding = self.binding(op, &encoded.header, &[*key], bind)?;
        let victims = binding.victims();
        let (_locks, found) = self.settled_for_replacing(op, &[*key], victims)?;
        match &found[0] {
            Found::Record(stored) if stored.is_live(op) => {
                if stored.header.commit_id != encoded.header.commit_id {
                    return Ok(CreateOutcome::Exists);
                }
                self.evict(op, &encoded.header, victims)?;
                return Ok(CreateOutcome::Created);
            }
            Found::Tombstone(_) => return Ok(CreateOutcome::Gone),
            Found::Damaged(_) => return Ok(CreateOutcome::Exists),
            Found::Missing | Found::Record(_) => {}
        }
        match binding {
            Binding::Revoked => return Ok(CreateOutcome::OwnerRevoked),
            Binding::Refused => return Ok(CreateOutcome::OwnerRefused),
            Binding::Free | Binding::Bound { .. } => {}
        }
        self.enter_owner(key, &encoded.header)?;
        match self.put(key, &encoded) {
            Ok(()) => {}
            Err(NotReplaced {
                in_place: true,
                source,
            }) => return Err(unsure("create a session")(source)),
            Err(error) => {
                self.leave_owner(key, &encoded.header);
                return Err(before("create a session")(error.source));
            }
        }
        self.evict(op, &encoded.header, victims)?;
        Ok(CreateOutcome::Created)
    }

    pub(super) fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        mut record: Arc<Record>,
        expected: Version,
    ) -> Result<SaveOutcome> {
        loop {
            let encoded = self.encode(key, &record)?;
            let lock = self.lock(&[*key])?;
            let stored = match self.settled(key)? {
                Found::Record(stored) if stored.is_live(op) => *stored,
                _ => return Ok(SaveOutcome::Gone),
            };
            if stored.header.version != expected {
                let current = self.opened(key, &stored)?;
                return Ok(current.map_or(SaveOutcome::Gone, |current| {
                    SaveOutcome::Conflict(Arc::new(current))
                }));
            }
            if stored.header.owner != encoded.header.owner {
                // A save does not change the owner, and the data may be sealed with it.
                drop(lock);
                Arc::make_mut(&mut record).header.owner = stored.header.owner;
                continue;
            }
            let version = encoded.header.version;
            self.put(key, &encoded)
                .map_err(|e| not_put("save a session", e))?;
            return Ok(SaveOutcome::Saved(version));
        }
    }

    pub(super) fn touch(
        &self,
        op: &Op,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> Result<TouchOutcome> {
        let _lock = self.lock(&[*key])?;
        let mut stored = match self.settled(key)? {
            Found::Record(stored) if stored.is_live(op) => stored,
            _ => return Ok(TouchOutcome::Gone),
        };
        if stored.header.version != expected {
            return Ok(TouchOutcome::Stale);
        }
        stored.header.renew(op.now, idle_deadline);
        self.put_renewal(key, &stored)?;
        Ok(TouchOutcome::Touched)
    }

    pub(super) fn destroy(&self, op: &Op, key: &StoreKey) -> Result<Option<StoreKey>> {
        let (_locks, found) = self.settled_for_replacing(op, &[*key], &[])?;
        match &found[0] {
            Found::Tombstone(tombstone) => {
                let successor = tombstone.successor;
                // The grace counts anew. A pending successor lives by this tombstone, so then it is waited for.
                let _ = self.put_tombstone(op, key, successor.as_ref(), successor.is_some());
                return Ok(successor);
            }
            Found::Record(stored) => self.end_record(op, key, stored)?,
            // It may read well again tomorrow, so it has to go.
            Found::Damaged(damaged) if damaged.until.is_some() => self.end(op, key)?,
            Found::Damaged(_) => {}
            Found::Missing => {
                // Nothing lives here, so the tombstone is a courtesy, and not waited for.
                let _ = self.put_tombstone(op, key, None, false);
            }
        }
        Ok(None)
    }

    pub(super) fn exists(&self, op: &Op, key: &StoreKey) -> Result<bool> {
        Ok(matches!(self.look(key)?, Found::Record(stored) if stored.is_live(op)))
    }

    /// What a reader is told.
    fn told(&self, op: &Op, key: &StoreKey, found: Found) -> Result<ReadOutcome> {
        Ok(match found {
            Found::Record(stored) if stored.is_live(op) => match self.opened(key, &stored)? {
                Some(record) => ReadOutcome::Live(Arc::new(record)),
                None => ReadOutcome::Damaged,
            },
            Found::Tombstone(tombstone) if tombstone.stands(op) => ReadOutcome::Gone {
                successor: tombstone.successor,
            },
            Found::Damaged(_) => ReadOutcome::Damaged,
            Found::Missing | Found::Record(_) | Found::Tombstone(_) => ReadOutcome::Absent,
        })
    }
}

/// What to answer when a file was not replaced.
pub(super) fn not_put(step: &'static str, error: NotReplaced) -> StoreError {
    if error.in_place {
        unsure(step)(error.source)
    } else {
        before(step)(error.source)
    }
}
