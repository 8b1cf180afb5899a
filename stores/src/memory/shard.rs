//! One shard: a map of records and a ring of tombstones under one lock.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use session::{CommitId, CreateOutcome, Op, Record, StoreKey, Timestamp};

use super::digest::{Digest, Seed};
use super::sync::{AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering};
use super::tombs::{Tomb, Tombs};

/// What left a map. The caller drops it after the lock: to drop a session is to drop values of the application.
pub(super) type Dropped = Option<Arc<Record>>;

pub(super) struct Table {
    records: HashMap<Digest, Arc<Record>, Seed>,
    tombs: Tombs,
    /// Nothing here is dead before this time. It may be early: a renewal does not move it.
    earliest: Timestamp,
    anonymous: usize,
}

/// When the record is dead, unless it is renewed.
fn deadline(record: &Record) -> Timestamp {
    record
        .header
        .idle_deadline
        .min(record.header.absolute_deadline)
}

fn is_anonymous(record: &Record) -> bool {
    record.header.owner.is_none()
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn get(&self, digest: &Digest) -> Option<&Arc<Record>> {
        self.records.get(digest)
    }

    pub(super) fn live(&self, now: Timestamp, digest: &Digest) -> Option<&Arc<Record>> {
        self.get(digest).filter(|record| record.header.is_live(now))
    }

    /// The live record, to renew or to replace by one of the same owner.
    pub(super) fn live_mut(&mut self, now: Timestamp, digest: &Digest) -> Option<&mut Arc<Record>> {
        let record = self.records.get_mut(digest);
        record.filter(|record| record.header.is_live(now))
    }

    pub(super) fn tomb(&self, now: Timestamp, digest: &Digest) -> Option<&Tomb> {
        self.tombs.get(now, digest)
    }

    /// What a creation by this commit finds under its key, if that decides it.
    pub(super) fn standing(
        &self,
        now: Timestamp,
        digest: &Digest,
        commit: CommitId,
    ) -> Option<CreateOutcome> {
        match self.live(now, digest) {
            Some(record) if record.header.commit_id == commit => Some(CreateOutcome::Created),
            Some(_) => Some(CreateOutcome::Exists),
            None => self.tomb(now, digest).map(|_| CreateOutcome::Gone),
        }
    }

    /// Makes the key live with this record, where nothing stands.
    pub(super) fn put(&mut self, digest: Digest, record: Arc<Record>) -> Dropped {
        self.tombs.remove(&digest);
        self.expect(deadline(&record));
        self.anonymous += usize::from(is_anonymous(&record));
        let expired = self.records.insert(digest, record);
        self.uncount(expired)
    }

    pub(super) fn take(&mut self, digest: &Digest) -> Dropped {
        let taken = self.records.remove(digest);
        self.uncount(taken)
    }

    fn uncount(&mut self, record: Dropped) -> Dropped {
        let anonymous = record.as_deref().is_some_and(is_anonymous);
        self.anonymous -= usize::from(anonymous);
        record
    }

    /// Ends what stands under the key, and says whither it had moved. An older tombstone keeps its successor.
    pub(super) fn bury(
        &mut self,
        op: &Op,
        digest: &Digest,
        successor: Option<StoreKey>,
    ) -> (Dropped, Option<StoreKey>) {
        let dropped = self.take(digest);
        let until = op.now + op.grace;
        self.expect(until);
        let successor = self.tombs.bury(op, until, digest, successor);
        (dropped, successor)
    }

    /// Something here will be dead at `deadline`.
    pub(super) fn expect(&mut self, deadline: Timestamp) {
        self.earliest = self.earliest.min(deadline);
    }

    /// Takes out at most `budget` records that are `past`. Once these are all, tombstones go as well, and room that is
    /// not needed. Says how many tombstones went, and nothing before that.
    pub(super) fn sweep(
        &mut self,
        budget: usize,
        past: impl Fn(Timestamp) -> bool,
        dropped: &mut Vec<(Digest, Arc<Record>)>,
    ) -> Option<usize> {
        let mut earliest = Timestamp::MAX;
        let mut goes = |deadline: Timestamp| {
            let goes = past(deadline);
            if !goes {
                earliest = earliest.min(deadline);
            }
            goes
        };
        let before = dropped.len();
        let gone = self.records.extract_if(|_, record| goes(deadline(record)));
        dropped.extend(gone.take(budget));
        let dropped = &dropped[before..];
        let anonymous = dropped.iter().filter(|(_, record)| is_anonymous(record));
        self.anonymous -= anonymous.count();
        if dropped.len() == budget {
            return None;
        }
        let tombs = self.tombs.sweep(&mut goes);
        self.earliest = earliest;
        if self.records.len() * 4 < self.records.capacity() {
            self.records.shrink_to(self.records.len() * 2);
        }
        Some(tombs)
    }

    /// The anonymous session that was not seen for the longest time.
    pub(super) fn least_seen_anonymous(&self) -> Option<Digest> {
        let anonymous = self
            .records
            .iter()
            .filter(|(_, record)| is_anonymous(record));
        let least = anonymous.min_by_key(|(_, record)| record.header.last_seen);
        least.map(|(digest, _)| *digest)
    }
}

/// A table, its lock, and what can be told of it without the lock.
pub(super) struct Shard {
    table: Mutex<Table>,
    earliest: AtomicU64,
    anonymous: AtomicUsize,
}

impl Shard {
    pub(super) fn new(seed: Seed) -> Self {
        Self {
            table: Mutex::new(Table {
                records: HashMap::with_hasher(seed),
                tombs: Tombs::default(),
                earliest: Timestamp::MAX,
                anonymous: 0,
            }),
            earliest: AtomicU64::new(u64::MAX),
            anonymous: AtomicUsize::new(0),
        }
    }

    pub(super) fn lock(&self) -> Locked<'_> {
        Locked {
            // No code of an application runs under the lock, so no panic leaves a table half changed.
            table: self.table.lock().unwrap_or_else(PoisonError::into_inner),
            shard: self,
        }
    }

    /// Nothing here is dead before this time.
    pub(super) fn earliest(&self) -> Timestamp {
        Timestamp::from_millis(self.earliest.load(Ordering::Relaxed))
    }

    pub(super) fn has_anonymous(&self) -> bool {
        self.anonymous.load(Ordering::Relaxed) > 0
    }
}

/// The table while its lock is held.
pub(super) struct Locked<'a> {
    table: MutexGuard<'a, Table>,
    shard: &'a Shard,
}

impl std::ops::Deref for Locked<'_> {
    type Target = Table;
    fn deref(&self) -> &Table {
        &self.table
    }
}

impl std::ops::DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Table {
        &mut self.table
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        let (shard, table) = (self.shard, &*self.table);
        shard
            .earliest
            .store(table.earliest.as_millis(), Ordering::Relaxed);
        shard.anonymous.store(table.anonymous, Ordering::Relaxed);
    }
}

#[cfg(test)]
impl Table {
    pub(super) fn records(&self) -> impl Iterator<Item = (&Digest, &Arc<Record>)> {
        self.records.iter()
    }

    pub(super) fn capacity(&self) -> usize {
        self.records.capacity()
    }

    /// Panics unless counts and hints are right.
    pub(super) fn check(&self) {
        let anonymous = self.records.values().filter(|record| is_anonymous(record));
        assert_eq!(self.anonymous, anonymous.count());
        let deadlines = self.records.values().map(|record| deadline(record));
        let tombs = self.tombs.all().map(|(_, until)| until);
        assert!(deadlines.chain(tombs).all(|at| at >= self.earliest));
        self.tombs.check();
        let live = self
            .tombs
            .all()
            .filter(|(digest, _)| self.records.contains_key(*digest));
        assert_eq!(live.count(), 0, "no tombstone stands beside a record");
    }
}
