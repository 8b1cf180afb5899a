//! `gc`: walks the directories in turn, a part at a time, and removes what is dead.
//!
//! It goes by names: what is not named like a file of ours, or is no file, stays. It needs no room on the disk.

use std::sync::PoisonError;
use std::time::SystemTime;

use session::{Op, OwnerKey, StoreError, StoreKey, Swept, Timestamp};

use super::Files;
use super::error::{Result, before, is_newer};
use super::found::{Found, LONGEST, timestamp};
use super::layout::{Form, REVOKED, REVOKED_TEMP, marker_name, owner_name, record_name};

/// Directories of records, then directories of owners.
const SHARDS: u16 = 512;

/// Where the next call goes on.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    shard: u16,
    /// The last name that was looked at in this directory.
    after: Option<String>,
    /// How many directories are left until every one was looked at.
    left: u16,
}

struct Sweep<'a> {
    files: &'a Files,
    /// What was due before this is dead by both clocks, and by more than the clocks may differ.
    before: Timestamp,
    removed: usize,
    budget: usize,
    /// How many more names this call looks at.
    looks: usize,
    failed: Option<StoreError>,
}

impl Files {
    pub(super) fn gc(&self, op: &Op, budget: usize) -> Result<Swept> {
        // Another sweep in this process goes on where this one ends.
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let engine = self
            .disk
            .clock(&self.layout.clock())
            .unwrap_or_else(|_| SystemTime::now());
        let mut sweep = Sweep {
            files: self,
            before: op.now.min(timestamp(engine)) - op.max_skew,
            removed: 0,
            budget: budget.max(1),
            looks: budget.saturating_mul(16).max(4096),
            failed: None,
        };
        if cursor.left == 0 {
            cursor.left = SHARDS;
        }
        // Once around in a call if the limits allow, so that what died behind the cursor is found as well.
        let mut around = SHARDS + u16::from(cursor.after.is_some());
        while around > 0 && sweep.goes_on() {
            cursor.after = sweep.shard(cursor.shard, cursor.after.as_deref());
            if cursor.after.is_none() {
                cursor.shard = (cursor.shard + 1) % SHARDS;
                cursor.left = cursor.left.saturating_sub(1);
                around -= 1;
            }
        }
        let more = around > 0 && cursor.left > 0;
        match sweep.failed {
            Some(error) if sweep.removed == 0 => Err(error),
            _ => Ok(Swept {
                removed: sweep.removed,
                more,
            }),
        }
    }
}

impl Sweep<'_> {
    fn goes_on(&self) -> bool {
        self.looks > 0 && self.removed < self.budget
    }

    /// Sweeps one directory, from after a name on. If it did not get to the end: the last name that it looked at.
    fn shard(&mut self, shard: u16, after: Option<&str>) -> Option<String> {
        let [kind, number] = shard.to_be_bytes();
        let dir = if kind == 0 {
            self.files.layout.record_shard(number)
        } else {
            self.files.layout.owner_shard(number)
        };
        let names = self
            .files
            .disk
            .names(&dir)
            .map_err(before("list a directory"));
        let names = self.note(names).unwrap_or_default();
        let from = after.map_or(0, |after| {
            names.partition_point(|name| name.as_str() <= after)
        });
        for (n, name) in names.iter().enumerate().skip(from) {
            self.looks = self.looks.saturating_sub(1);
            if kind == 0 {
                if let Some((key, form)) = record_name(number, name) {
                    let removed = self.record(&key, form);
                    self.removed += usize::from(self.note(removed).unwrap_or_default());
                }
            } else if let Some(owner) = owner_name(number, name) {
                let swept = self.owner(&owner);
                self.note(swept);
            }
            if !self.goes_on() && n + 1 < names.len() {
                return Some(name.clone());
            }
        }
        None
    }

    /// One file that is bad, or that has just vanished, stops nothing.
    fn note<T>(&mut self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            // A newer node keeps house there.
            Err(error) if is_newer(&error) => None,
            Err(error) => {
                self.failed.get_or_insert(error);
                None
            }
        }
    }

    /// Whether a record or tombstone went.
    fn record(&self, key: &StoreKey, form: Form) -> Result<bool> {
        let files = self.files;
        let place = files.layout.place(key);
        match form {
            // Whoever writes such a file holds the lock, so behind it there are only leftovers.
            Form::Temp => {
                let _lock = files.lock(&[*key])?;
                files
                    .disk
                    .remove(&place.temp)
                    .map_err(before("remove a leftover"))?;
                return Ok(false);
            }
            Form::Pending => {
                let _lock = files.lock(&[*key])?;
                let useless = match files.open(key, &place.main)? {
                    Found::Missing => match files.open(key, &place.pending)? {
                        Found::Record(_) => return files.settled(key).map(|_| false),
                        damaged => self.is_dead(&damaged),
                    },
                    _ => true,
                };
                if useless {
                    let removed = files.disk.remove(&place.pending);
                    removed.map_err(before("remove a leftover"))?;
                }
                return Ok(false);
            }
            Form::Main => {}
        }
        let found = files.open(key, &place.main)?;
        if !self.is_dead(&found) {
            return Ok(false);
        }
        let mut keys = vec![*key];
        if let Found::Tombstone(tombstone) = &found {
            keys.extend(tombstone.successor);
        }
        let _locks = files.lock(&keys)?;
        let found = files.open(key, &place.main)?;
        if !self.is_dead(&found) {
            return Ok(false);
        }
        match &found {
            Found::Tombstone(tombstone) => {
                if let Some(successor) = &tombstone.successor {
                    if !keys.contains(successor) {
                        return Ok(false);
                    }
                    files.make_independent(successor)?;
                }
                files.remove(key)
            }
            Found::Record(stored) => {
                let removed = files.remove(key)?;
                files.leave_owner(key, &stored.header);
                Ok(removed)
            }
            Found::Damaged(_) | Found::Missing => files.remove(key),
        }
    }

    fn is_dead(&self, found: &Found) -> bool {
        match found {
            Found::Missing => false,
            Found::Record(stored) => stored.until() < self.before,
            Found::Tombstone(tombstone) => tombstone.until < self.before,
            Found::Damaged(damaged) => damaged.until.is_some_and(|until| until < self.before),
        }
    }

    fn owner(&mut self, owner: &OwnerKey) -> Result<()> {
        let files = self.files;
        let dir = files.layout.owner(owner);
        let names = files
            .disk
            .names(&dir)
            .map_err(before("list an owner's sessions"))?;
        let mut left = names.len();
        for name in &names {
            self.looks = self.looks.saturating_sub(1);
            let swept = match (marker_name(name), name.as_str()) {
                (Some(key), _) => files.prune(self.before, owner, &key),
                (None, REVOKED_TEMP) => files.lock_owner(owner).and_then(|_lock| {
                    let removed = files.disk.remove(&dir.join(name));
                    removed.map_err(before("remove a leftover"))
                }),
                (None, REVOKED) => self.forget_revocation(owner),
                (None, _) => Ok(false),
            };
            left -= usize::from(self.note(swept).unwrap_or_default());
        }
        if left == 0 {
            let _lock = files.lock_owner(owner)?;
            files
                .disk
                .remove_dir(&dir)
                .map_err(before("remove an owner's directory"))?;
        }
        Ok(())
    }

    /// A revocation counts as long as a session that it is about could live.
    fn forget_revocation(&self, owner: &OwnerKey) -> Result<bool> {
        let _lock = self.files.lock_owner(owner)?;
        match self.files.not_before(owner)? {
            Some(time) if time + LONGEST < self.before => {
                let path = self.files.layout.owner(owner).join(REVOKED);
                self.files
                    .disk
                    .remove(&path)
                    .map_err(before("forget a revocation"))
            }
            _ => Ok(false),
        }
    }
}
