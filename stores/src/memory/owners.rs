//! Whose session is whose: per owner the keys of its sessions, and since when it was revoked.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

use session::{Lifetime, Timestamp};

use super::digest::{Digest, Seed};
use super::sync::{AtomicU64, Mutex, MutexGuard, Ordering};

/// The sessions of one owner: every record of that owner is in `keys`, the expired ones too. What is in `keys` may be
/// dead, until somebody looks.
#[derive(Default)]
pub(super) struct OwnerSet {
    pub(super) keys: Vec<Digest>,
    /// One millisecond after `not_before`; zero if there was no revocation.
    revoked: u64,
}

impl OwnerSet {
    pub(super) fn insert(&mut self, digest: Digest) {
        if !self.keys.contains(&digest) {
            // Most have one session at a time, and a vector would begin with room for four.
            if self.keys.is_empty() {
                self.keys.reserve_exact(1);
            }
            self.keys.push(digest);
        }
    }

    pub(super) fn remove(&mut self, digest: &Digest) {
        if let Some(at) = self.keys.iter().position(|key| key == digest) {
            self.keys.swap_remove(at);
        }
    }

    /// Whether somebody who authenticated then is kept out.
    pub(super) fn refuses(&self, authenticated_at: Timestamp) -> bool {
        authenticated_at.as_millis() < self.revoked
    }

    /// Sets `not_before`, never to an earlier time, and gives the first time that is after it.
    pub(super) fn revoke(&mut self, now: Timestamp) -> Timestamp {
        let after = (now + Duration::from_millis(1)).as_millis();
        self.revoked = self.revoked.max(after);
        Timestamp::from_millis(self.revoked)
    }

    fn is_needed(&self, now: Timestamp, remember: Duration) -> bool {
        let revoked = self.revoked > 0 && Timestamp::from_millis(self.revoked) + remember >= now;
        revoked || !self.keys.is_empty()
    }
}

pub(super) type Sets = HashMap<Digest, OwnerSet, Seed>;

/// The sets of all owners, in shards. A lock of these is taken before those of records, and one at a time.
pub(super) struct Owners {
    shards: Box<[Mutex<Sets>]>,
    seed: Seed,
    /// The longest absolute lifetime that was seen: for so long a revocation is remembered.
    longest: AtomicU64,
}

impl Owners {
    pub(super) fn new(shards: usize, seed: Seed) -> Self {
        let sets = || Mutex::new(HashMap::with_hasher(seed));
        Self {
            shards: std::iter::repeat_with(sets).take(shards).collect(),
            seed,
            longest: AtomicU64::new(millis(Lifetime::DEFAULT.absolute)),
        }
    }

    pub(super) fn lock(&self, owner: &Digest) -> MutexGuard<'_, Sets> {
        self.lock_shard(self.seed.shard(owner, self.shards.len()))
    }

    fn lock_shard(&self, at: usize) -> MutexGuard<'_, Sets> {
        self.shards[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.shards.len()
    }

    /// Remembers how long sessions may last.
    pub(super) fn see(&self, lifetime: Lifetime) {
        let absolute = millis(lifetime.absolute);
        if self.longest.load(Ordering::Relaxed) < absolute {
            self.longest.fetch_max(absolute, Ordering::Relaxed);
        }
    }

    /// Forgets owners of the shard that have no sessions, and whose revocation no session can have outlived. Says how
    /// many it looked at.
    pub(super) fn sweep(&self, at: usize, now: Timestamp, skew: Duration) -> usize {
        let longest = Duration::from_millis(self.longest.load(Ordering::Relaxed));
        let mut sets = self.lock_shard(at);
        let looked_at = sets.len();
        sets.retain(|_, set| set.is_needed(now, longest.saturating_add(skew)));
        if sets.len() * 4 < sets.capacity() {
            let few = sets.len() * 2;
            sets.shrink_to(few);
        }
        looked_at
    }
}

/// Takes the key out of the owner's set, and the set out of the map where nothing is left of it.
pub(super) fn forget(sets: &mut Sets, owner: &Digest, digest: &Digest) {
    if let Some(set) = sets.get_mut(owner) {
        set.remove(digest);
        if set.keys.is_empty() && set.revoked == 0 {
            sets.remove(owner);
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
impl Owners {
    pub(super) fn set_sizes(&self) -> impl Iterator<Item = usize> {
        let sizes = |at| -> usize { self.lock_shard(at).values().map(|set| set.keys.len()).sum() };
        (0..self.len()).map(sizes)
    }

    pub(super) fn capacity(&self) -> usize {
        (0..self.len())
            .map(|at| self.lock_shard(at).capacity())
            .sum()
    }
}
