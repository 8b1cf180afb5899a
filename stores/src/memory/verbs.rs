//! The verbs. Locks are taken in one order: an owner's, then those of shards in the order of their numbers; what was
//! taken out is dropped after all of them.

use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, Op, OwnerRule, ReadOutcome, Record, RotateOutcome, SaveOutcome, StoreError,
    StoreKey, Timestamp, TouchOutcome, Version,
};

use super::Inner;
use super::digest::Digest;
use super::sets::Refusal;
use super::shard::{Locked, Table};
use super::sync::Ordering;

/// The tables of two keys, which may be one and the same.
struct Pair<'a> {
    first: Locked<'a>,
    second: Option<Locked<'a>>,
    swapped: bool,
}

impl Pair<'_> {
    fn of_old(&mut self) -> &mut Table {
        match &mut self.second {
            Some(second) if self.swapped => second,
            _ => &mut self.first,
        }
    }

    fn of_new(&mut self) -> &mut Table {
        match &mut self.second {
            Some(second) if !self.swapped => second,
            _ => &mut self.first,
        }
    }
}

impl Inner {
    fn pair(&self, old: &Digest, new: &Digest) -> Pair<'_> {
        let (old, new) = (self.index(old), self.index(new));
        Pair {
            first: self.shards[old.min(new)].lock(),
            second: (old != new).then(|| self.shards[old.max(new)].lock()),
            swapped: old > new,
        }
    }

    pub(super) fn read(&self, op: &Op, digest: &Digest, renew: Option<Duration>) -> ReadOutcome {
        let mut table = self.shard(digest);
        let Some(record) = table.live_mut(op.now, digest) else {
            return match table.tomb(op.now, digest) {
                Some(tomb) => ReadOutcome::Gone {
                    successor: tomb.successor,
                },
                None => ReadOutcome::Absent,
            };
        };
        let due = renew.and_then(|interval| record.header.renewal(op.now, interval));
        if let Some(idle_deadline) = due {
            // Copies the header where a request still holds the record; the data is one pointer.
            Arc::make_mut(record).header.renew(op.now, idle_deadline);
        }
        ReadOutcome::Live(Arc::clone(record))
    }

    pub(super) fn create(
        &self,
        op: &Op,
        digest: Digest,
        record: Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        let commit = record.header.commit_id;
        // Before a place is asked for: a repetition is answered even when the store is full.
        let mut table = self.shard(&digest);
        if let Some(standing) = table.standing(op.now, &digest, commit) {
            return Ok(standing);
        }
        let owner = record.header.owner.as_ref().map(|owner| owner.key);
        let free = owner.is_none().then(|| self.free_place()).flatten();
        let place = match free {
            Some(place) => place,
            None => {
                drop(table);
                let place = self.place(op, owner.is_some())?;
                table = self.shard(&digest);
                if let Some(standing) = table.standing(op.now, &digest, commit) {
                    return Ok(standing);
                }
                place
            }
        };
        let Some(owner) = owner else {
            let expired = table.put(digest, record);
            drop(table);
            place.taken(usize::from(expired.is_some()));
            self.leave_set_of(expired, &digest);
            return Ok(CreateOutcome::Created);
        };
        drop(table);
        self.owners.see(record.header.lifetime);
        let by = Digest::from(&owner);
        let mut sets = self.owners.lock(&by);
        let verdict = self.may_bind(op, sets.get(&by), &record, bind, &digest);
        let mut table = self.shard(&digest);
        if let Some(standing) = table.standing(op.now, &digest, commit) {
            return Ok(standing);
        }
        let evicted = match verdict {
            Ok(evicted) => evicted,
            Err(Refusal::Refused) => return Ok(CreateOutcome::OwnerRefused),
            Err(Refusal::Revoked) => return Ok(CreateOutcome::OwnerRevoked),
        };
        let expired = table.put(digest, record);
        drop(table);
        let set = sets.entry(by).or_default();
        set.insert(digest);
        let buried = self.evict(op, &by, set, &evicted);
        drop(sets);
        place.taken(usize::from(expired.is_some()));
        drop(buried);
        self.leave_set_of(expired, &digest);
        Ok(CreateOutcome::Created)
    }

    pub(super) fn save(
        &self,
        op: &Op,
        digest: &Digest,
        mut record: Arc<Record>,
        expected: Version,
    ) -> SaveOutcome {
        let mut table = self.shard(digest);
        let Some(current) = table.live_mut(op.now, digest) else {
            return SaveOutcome::Gone;
        };
        if current.header.version != expected {
            return SaveOutcome::Conflict(Arc::clone(current));
        }
        if record.header.owner != current.header.owner {
            let header = &mut Arc::make_mut(&mut record).header;
            header.owner.clone_from(&current.header.owner);
        }
        let header = &record.header;
        let (version, deadline) = (
            header.version,
            header.idle_deadline.min(header.absolute_deadline),
        );
        let replaced = std::mem::replace(current, record);
        table.expect(deadline);
        drop(table);
        drop(replaced);
        SaveOutcome::Saved(version)
    }

    pub(super) fn rotate(
        &self,
        op: &Op,
        old: &Digest,
        new_key: &StoreKey,
        record: &Arc<Record>,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> RotateOutcome {
        let new = Digest::from(new_key);
        let owner = record
            .header
            .owner
            .as_ref()
            .map(|owner| Digest::from(&owner.key));
        let mut sets = owner.map(|owner| self.owners.lock(&owner));
        let set = sets
            .as_ref()
            .zip(owner)
            .and_then(|(sets, owner)| sets.get(&owner));
        let verdict = self.may_bind(op, set, record, bind, old);
        let mut pair = self.pair(old, &new);
        let Some(current) = pair.of_old().live(op.now, old) else {
            let moved = pair
                .of_old()
                .tomb(op.now, old)
                .and_then(|tomb| tomb.successor);
            let standing = pair.of_new().live(op.now, &new);
            let repeated = standing.filter(|standing| {
                moved == Some(*new_key) && standing.header.commit_id == record.header.commit_id
            });
            return match repeated {
                Some(standing) => RotateOutcome::Saved(standing.header.version),
                None => RotateOutcome::Gone,
            };
        };
        if current.header.version != expected {
            return RotateOutcome::Conflict(Arc::clone(current));
        }
        let table = pair.of_new();
        if table.live(op.now, &new).is_some() || table.tomb(op.now, &new).is_some() {
            return RotateOutcome::Gone;
        }
        let evicted = match verdict {
            Ok(evicted) => evicted,
            Err(Refusal::Refused) => return RotateOutcome::OwnerRefused,
            Err(Refusal::Revoked) => return RotateOutcome::OwnerRevoked,
        };
        let (moved, _) = pair.of_old().bury(op, old, Some(*new_key));
        let expired = pair.of_new().put(new, Arc::clone(record));
        drop(pair);
        let mut buried = Vec::new();
        if let Some((sets, owner)) = sets.as_mut().zip(owner) {
            let set = sets.entry(owner).or_default();
            set.remove(old);
            set.insert(new);
            buried = self.evict(op, &owner, set, &evicted);
        }
        drop(sets);
        if owner.is_some() {
            self.owners.see(record.header.lifetime);
        }
        self.len
            .fetch_sub(usize::from(expired.is_some()), Ordering::Relaxed);
        drop(buried);
        let was = moved.as_ref().and_then(|moved| moved.header.owner.as_ref());
        if was.map(|was| Digest::from(&was.key)) != owner {
            self.leave_set_of(moved, old);
        }
        self.leave_set_of(expired, &new);
        RotateOutcome::Saved(record.header.version)
    }

    pub(super) fn touch(
        &self,
        op: &Op,
        digest: &Digest,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> TouchOutcome {
        match self.shard(digest).live_mut(op.now, digest) {
            None => TouchOutcome::Gone,
            Some(current) if current.header.version != expected => TouchOutcome::Stale,
            Some(current) => {
                Arc::make_mut(current).header.renew(op.now, idle_deadline);
                TouchOutcome::Touched
            }
        }
    }

    pub(super) fn destroy(&self, op: &Op, digest: &Digest) -> Option<StoreKey> {
        let (buried, successor) = self.shard(digest).bury(op, digest, None);
        self.len
            .fetch_sub(usize::from(buried.is_some()), Ordering::Relaxed);
        self.leave_set_of(buried, digest);
        successor
    }
}
