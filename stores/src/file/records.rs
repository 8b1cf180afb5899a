//! One record under its key: how it is found, put there and ended. Every verb is made of these.

use std::path::Path;

use bytes::Bytes;
use session::{Header, Op, Record, StoreError, StoreErrorKind, StoreKey};

use super::Files;
use super::disk::{Loaded, NotReplaced};
use super::error::{Result, before, unsure};
use super::found::{Found, Stored};
use super::frame::{self, Kind, LINK, OVERHEAD, Renewal};
use super::layout::Place;

/// A record as bytes, made before any lock is taken: encoding runs code of the application.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) header: Header,
    data: Bytes,
}

/// What is sealed with the data says nothing that changes without them.
impl From<Stored> for Encoded {
    fn from(stored: Stored) -> Self {
        Self {
            header: stored.header,
            data: stored.data,
        }
    }
}

impl Files {
    pub(super) fn encode(&self, key: &StoreKey, record: &Record) -> Result<Encoded> {
        let data = self.codec.encode(key, &record.header, &record.data)?;
        let header = record.header.clone();
        let size = OVERHEAD + LINK + header.to_bytes().len() + data.len();
        if size as u64 > self.max_file {
            let limit = "the record is longer than what the store reads back";
            return Err(StoreError::with_source(StoreErrorKind::TooLarge, limit));
        }
        Ok(Encoded {
            header,
            data: data.into(),
        })
    }

    /// What stands under a key, without a lock: the state before or after whatever is going on.
    pub(super) fn look(&self, key: &StoreKey) -> Result<Found> {
        let place = self.layout.place(key);
        let found = self.open(key, &place.main)?;
        if !matches!(found, Found::Missing) {
            return Ok(found);
        }
        if let Found::Record(stored) = self.open(key, &place.pending)?
            && self.is_committed(key, &stored)?
        {
            return Ok(Found::Record(stored));
        }
        // Between the two looks the pending record may have got its name.
        self.open(key, &place.main)
    }

    /// What stands under a key whose stripe is locked. A rotation that a dead process left pending is finished, or
    /// undone.
    pub(super) fn settled(&self, key: &StoreKey) -> Result<Found> {
        let place = self.layout.place(key);
        let found = self.open(key, &place.main)?;
        if !matches!(found, Found::Missing) {
            return Ok(found);
        }
        let Found::Record(stored) = self.open(key, &place.pending)? else {
            return Ok(Found::Missing);
        };
        if self.is_committed(key, &stored)? {
            let named = self.disk.rename(&place.pending, &place.main);
            named.map_err(before("finish a rotation"))?;
            Ok(Found::Record(stored))
        } else {
            self.disk
                .remove(&place.pending)
                .map_err(before("undo a rotation"))?;
            Ok(Found::Missing)
        }
    }

    /// Finishes the rotation to this key for good, if it was one. Its stripe is locked.
    pub(super) fn make_independent(&self, successor: &StoreKey) -> Result<()> {
        let place = self.layout.place(successor);
        let main = self
            .disk
            .load(&place.main, 0)
            .map_err(before("finish a rotation"))?;
        if matches!(main, Loaded::Missing) && matches!(self.settled(successor)?, Found::Missing) {
            return Ok(());
        }
        self.disk
            .sync_dir(&place.dir)
            .map_err(before("finish a rotation"))
    }

    /// Whether the rotation that wrote this pending record got as far as the tombstone.
    fn is_committed(&self, key: &StoreKey, stored: &Stored) -> Result<bool> {
        let Some(pred) = &stored.pred else {
            return Ok(false);
        };
        let found = self.open(pred, &self.layout.place(pred).main)?;
        Ok(matches!(found, Found::Tombstone(t) if t.successor.as_ref() == Some(key)))
    }

    /// Puts a record in place, in one step.
    pub(super) fn put(
        &self,
        key: &StoreKey,
        record: &Encoded,
    ) -> std::result::Result<(), NotReplaced> {
        let place = self.layout.place(key);
        self.write(key, &place, &place.main, record, None)
    }

    /// Writes a record that lives only once a tombstone at `pred` names it.
    pub(super) fn put_pending(
        &self,
        key: &StoreKey,
        record: &Encoded,
        pred: &StoreKey,
    ) -> std::result::Result<(), NotReplaced> {
        let place = self.layout.place(key);
        self.write(key, &place, &place.pending, record, Some(pred))
    }

    fn write(
        &self,
        key: &StoreKey,
        place: &Place,
        target: &Path,
        record: &Encoded,
        pred: Option<&StoreKey>,
    ) -> std::result::Result<(), NotReplaced> {
        let body: &[&[u8]] = &[
            &frame::put_link(pred),
            &record.header.to_bytes(),
            &record.data,
        ];
        let bytes = frame::seal(Kind::Record, key, body);
        self.disk.replace(&place.temp, target, &bytes, true)
    }

    /// Puts a tombstone in place, in one step.
    pub(super) fn put_tombstone(
        &self,
        op: &Op,
        key: &StoreKey,
        successor: Option<&StoreKey>,
        sync: bool,
    ) -> std::result::Result<(), NotReplaced> {
        let until = (op.now + op.grace).as_millis().to_le_bytes();
        let body: &[&[u8]] = &[&until, &frame::put_link(successor)];
        let bytes = frame::seal(Kind::Tombstone, key, body);
        let place = self.layout.place(key);
        self.disk.replace(&place.temp, &place.main, &bytes, sync)
    }

    /// Writes down that a record was renewed, as its header now says: a few bytes in place, which need no room and
    /// no waiting for the disk. A power failure may undo it, which only makes the idle deadline an earlier one.
    pub(super) fn put_renewal(&self, key: &StoreKey, stored: &Stored) -> Result<()> {
        let header = &stored.header;
        if stored.links != 1 {
            // Somebody keeps the file under another name, which is not ours to write into.
            return self
                .put(key, &stored.clone().into())
                .map_err(|e| unsure("renew a record")(e.source));
        }
        let renewal = Renewal {
            idle_deadline: header.idle_deadline,
            last_seen: header.last_seen,
        };
        let (at, bytes) = frame::slot(stored.next_slot, renewal, key);
        let patched = self.disk.patch(&self.layout.place(key).main, at, &bytes);
        patched.map_err(before("renew a record"))
    }

    /// Ends what stands under a key. The tombstone is tried; where there is no room for one, the file goes.
    pub(super) fn end(&self, op: &Op, key: &StoreKey) -> Result<()> {
        match self.put_tombstone(op, key, None, true) {
            Ok(()) => Ok(()),
            Err(NotReplaced {
                in_place: true,
                source,
            }) => Err(unsure("end a session")(source)),
            Err(_) => {
                self.remove(key)?;
                let dir = self.layout.place(key).dir;
                self.disk.sync_dir(&dir).map_err(unsure("end a session"))
            }
        }
    }

    /// Ends a record, and takes it out of its owner's set.
    pub(super) fn end_record(&self, op: &Op, key: &StoreKey, stored: &Stored) -> Result<()> {
        self.end(op, key)?;
        self.leave_owner(key, &stored.header);
        Ok(())
    }

    /// Removes the file of a key, and first what a crash may have left pending there: it must not come back.
    pub(super) fn remove(&self, key: &StoreKey) -> Result<bool> {
        let place = self.layout.place(key);
        let gone = || {
            if self.disk.remove(&place.pending)? {
                self.disk.sync_dir(&place.dir)?;
            }
            self.disk.remove(&place.main)
        };
        gone().map_err(unsure("remove a record"))
    }
}
