//! The bound on sessions: who makes room for whom.

use std::sync::Arc;

use session::{Op, Record, StoreError, StoreErrorKind};

use super::Inner;
use super::digest::Digest;
use super::sync::Ordering;

/// How many expired sessions one creation clears away when the store is full, so that the next ones find room.
const CLEARED: usize = 64;
/// How many shards one creation searches in vain: their sessions were renewed since the shard was last looked at.
const SEARCHED: usize = 3;

/// The right to put one more session into the store, given back if it is not used.
pub(super) struct Place<'a>(&'a Inner);

impl Place<'_> {
    /// The session is in the store, in the place of `replaced` others.
    pub(super) fn taken(self, replaced: usize) {
        self.0.len.fetch_sub(replaced, Ordering::Relaxed);
        std::mem::forget(self);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.len.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Inner {
    /// A place for one more session, if there is one.
    pub(super) fn free_place(&self) -> Option<Place<'_>> {
        let one_more = |len: usize| (len < self.max).then_some(len + 1);
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        let taken = self.len.fetch_update(set, get, one_more);
        taken.ok().map(|_| Place(self))
    }

    /// Finds a place for one more session. Holds no lock, and none may be held.
    pub(super) fn place(&self, op: &Op, signed_in: bool) -> Result<Place<'_>, StoreError> {
        loop {
            if let Some(place) = self.free_place() {
                return Ok(place);
            }
            // Others may take the room that this makes, but only by making sessions: somebody gets on.
            if !(self.clear_expired(op) || signed_in && self.evict_anonymous()) {
                return Err(StoreError::from_kind(StoreErrorKind::Full));
            }
        }
    }

    fn clear_expired(&self, op: &Op) -> bool {
        let past = |deadline| deadline <= op.now;
        let due = self.shards.iter().filter(|shard| past(shard.earliest()));
        for shard in due.take(SEARCHED) {
            let mut dropped = Vec::new();
            shard.lock().sweep(CLEARED, past, &mut dropped);
            if !dropped.is_empty() {
                self.left(&dropped);
                return true;
            }
        }
        false
    }

    fn evict_anonymous(&self) -> bool {
        let count = self.shards.len();
        let start = self.victims.fetch_add(1, Ordering::Relaxed) % count;
        let shards = self.shards[start..].iter().chain(&self.shards[..start]);
        for shard in shards.filter(|shard| shard.has_anonymous()) {
            let mut table = shard.lock();
            if let Some(victim) = table.least_seen_anonymous() {
                let dropped = table.take(&victim);
                drop(table);
                self.len.fetch_sub(1, Ordering::Relaxed);
                drop(dropped);
                return true;
            }
        }
        false
    }

    /// These were taken out of their shards: they are no longer counted, and leave their owners' sets.
    pub(super) fn left(&self, dropped: &[(Digest, Arc<Record>)]) {
        self.len.fetch_sub(dropped.len(), Ordering::Relaxed);
        for (digest, record) in dropped {
            self.leave_set(record, digest);
        }
    }
}
