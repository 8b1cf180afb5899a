//! Which locks a verb takes: an owner's first, then those of records by their number. So no two wait for each other.

use session::{Op, OwnerKey, StoreKey};

use super::Files;
use super::disk::Lock;
use super::error::{Result, before};
use super::found::Found;
use super::layout::{owner_stripe, record_stripe};

/// Locks on the stripes of some records.
#[derive(Debug)]
pub(super) struct Locks {
    stripes: Vec<u8>,
    _locks: Vec<Lock>,
}

impl Locks {
    fn cover(&self, key: &StoreKey) -> bool {
        self.stripes.contains(&record_stripe(key))
    }
}

impl Files {
    /// Locks the stripes of these keys, in the order in which everyone locks them.
    pub(super) fn lock(&self, keys: &[StoreKey]) -> Result<Locks> {
        let mut stripes: Vec<u8> = keys.iter().map(record_stripe).collect();
        stripes.sort_unstable();
        stripes.dedup();
        let lock = |stripe: &u8| self.disk.lock(&self.layout.record_lock(*stripe));
        let locks = stripes.iter().map(lock).collect::<std::io::Result<_>>();
        Ok(Locks {
            _locks: locks.map_err(before("lock a record"))?,
            stripes,
        })
    }

    /// Locks an owner. Before any record.
    pub(super) fn lock_owner(&self, owner: &OwnerKey) -> Result<Lock> {
        let path = self.layout.owner_lock(owner_stripe(owner));
        self.disk.lock(&path).map_err(before("lock an owner"))
    }

    /// Locks these keys and tells what stands there, so that it may be replaced: whatever an expired tombstone names
    /// as its successor no longer depends on that tombstone.
    pub(super) fn settled_for_replacing(
        &self,
        op: &Op,
        keys: &[StoreKey],
        also: &[StoreKey],
    ) -> Result<(Locks, Vec<Found>)> {
        let mut wanted = [keys, also].concat();
        'lock: loop {
            let locks = self.lock(&wanted)?;
            let mut all = Vec::with_capacity(keys.len());
            for key in keys {
                let mut found = self.settled(key)?;
                if let Found::Tombstone(tombstone) = &found
                    && !tombstone.stands(op)
                {
                    if let Some(successor) = tombstone.successor {
                        if !locks.cover(&successor) {
                            wanted.push(successor);
                            continue 'lock;
                        }
                        self.make_independent(&successor)?;
                    }
                    found = Found::Missing;
                }
                all.push(found);
            }
            return Ok((locks, all));
        }
    }
}
