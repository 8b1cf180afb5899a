//! `rotate`: two names change, and one of the two steps has to be the one that counts.
//!
//! 1. The record is written beside its new name, as pending on the old one.
//! 2. The tombstone of the old name, which names the new one, replaces the old record. **This is the commit point.**
//! 3. The pending record gets its name.
//!
//! A pending record lives only while such a tombstone stands, so a crash before 2 leaves the old session and one
//! after it the new. Whoever next locks a pending record, and `gc` before it drops the tombstone, does step 3.

use std::sync::Arc;

use session::{Op, OwnerRule, Record, RotateOutcome, StoreKey, Version};

use super::Files;
use super::disk::NotReplaced;
use super::error::{Result, before, unsure};
use super::found::{Found, Stored};
use super::owners::Binding;
use super::records::Encoded;

impl Files {
    pub(super) fn rotate(
        &self,
        op: &Op,
        old: &StoreKey,
        new: &StoreKey,
        record: Arc<Record>,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome> {
        let encoded = self.encode(new, &record)?;
        drop(record);
        let binding = self.binding(op, &encoded.header, &[*old, *new], bind)?;
        let victims = binding.victims();
        let (_locks, mut found) = self.settled_for_replacing(op, &[*old, *new], victims)?;
        let (target, source) = (found.pop(), found.pop());
        let stored = match (source, &target) {
            (Some(Found::Record(stored)), _) if stored.is_live(op) => *stored,
            (Some(Found::Tombstone(tombstone)), Some(Found::Record(done)))
                if tombstone.successor == Some(*new)
                    && done.is_live(op)
                    && done.header.commit_id == encoded.header.commit_id =>
            {
                self.evict(op, &encoded.header, victims)?;
                return Ok(RotateOutcome::Saved(done.header.version));
            }
            _ => return Ok(RotateOutcome::Gone),
        };
        if stored.header.version != expected {
            let current = self.opened(old, &stored)?;
            return Ok(current.map_or(RotateOutcome::Gone, |current| {
                RotateOutcome::Conflict(Arc::new(current))
            }));
        }
        match target {
            Some(Found::Tombstone(_) | Found::Damaged(_)) => return Ok(RotateOutcome::Gone),
            Some(Found::Record(other)) if other.is_live(op) => return Ok(RotateOutcome::Gone),
            Some(Found::Record(_) | Found::Missing) | None => {}
        }
        match binding {
            Binding::Revoked => return Ok(RotateOutcome::OwnerRevoked),
            Binding::Refused => return Ok(RotateOutcome::OwnerRefused),
            Binding::Free | Binding::Bound { .. } => {}
        }
        self.move_record(op, old, new, &stored, &encoded)?;
        self.evict(op, &encoded.header, victims)?;
        Ok(RotateOutcome::Saved(encoded.header.version))
    }

    fn move_record(
        &self,
        op: &Op,
        old: &StoreKey,
        new: &StoreKey,
        stored: &Stored,
        record: &Encoded,
    ) -> Result<()> {
        let place = self.layout.place(new);
        // A dead record under the new name would hide the pending one.
        if self.remove(new)? {
            self.disk
                .sync_dir(&place.dir)
                .map_err(before("rotate a session"))?;
        }
        let prepared = self.enter_owner(new, &record.header).and_then(|()| {
            let put = self.put_pending(new, record, old);
            put.map_err(|error| before("rotate a session")(error.source))
        });
        let undo = || {
            let _ = self.disk.remove(&place.pending);
            self.leave_owner(new, &record.header);
        };
        if let Err(error) = prepared {
            undo();
            return Err(error);
        }
        match self.put_tombstone(op, old, Some(new), true) {
            Ok(()) => {}
            Err(NotReplaced {
                in_place: true,
                source,
            }) => return Err(unsure("rotate a session")(source)),
            Err(error) => {
                undo();
                return Err(before("rotate a session")(error.source));
            }
        }
        // From here on it is done. If this fails, the next one to lock the record does it.
        let _ = self.disk.rename(&place.pending, &place.main);
        self.leave_owner(old, &stored.header);
        Ok(())
    }
}
