//! One record under its key: how it is found, put there and ended. Every verb is made of these.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use session::{
    DecodeError, Header, Op, OwnerKey, Record, StoreError, StoreErrorKind, StoreKey, Timestamp,
};

use super::Files;
use super::disk::{Loaded, Lock, NotReplaced};
use super::error::{Result, before, unsure};
use super::frame::{self, Bad, Kind, LINK, OVERHEAD, Renewal};
use super::layout::{Place, owner_stripe, record_stripe};

/// How long a damaged file is kept that no longer tells when it expires.
const DAMAGED_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// The longest lifetime that a session can have.
pub(super) const LONGEST: Duration = Duration::from_secs(400 * 24 * 3600);

/// What stands under a key, whatever the time.
#[derive(Debug)]
pub(super) enum Found {
    Missing,
    Record(Box<Stored>),
    Tombstone(Tombstone),
    Damaged(Damaged),
}

#[derive(Debug)]
pub(super) struct Stored {
    pub(super) record: Record,
    /// Which key a rotation took it from. Only looked at while the file is a pending one.
    pred: Option<StoreKey>,
    next_slot: usize,
    links: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Tombstone {
    pub(super) until: Timestamp,
    pub(super) successor: Option<StoreKey>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Damaged {
    /// When it may go. `None` for what is not a file, hence not ours: never.
    pub(super) until: Option<Timestamp>,
}

/// A record as bytes, made before any lock is taken: encoding runs code of the application.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) header: Header,
    data: Vec<u8>,
}

/// Locks on the stripes of some records.
#[derive(Debug)]
pub(super) struct Locks {
    stripes: Vec<u8>,
    _locks: Vec<Lock>,
}

impl Stored {
    pub(super) fn is_live(&self, op: &Op) -> bool {
        self.record.header.is_live(op.now)
    }

    pub(super) fn is_of(&self, owner: &OwnerKey) -> bool {
        self.record
            .header
            .owner
            .as_ref()
            .is_some_and(|of| of.key == *owner)
    }

    /// When it dies unless it is renewed.
    pub(super) fn until(&self) -> Timestamp {
        self.record
            .header
            .idle_deadline
            .min(self.record.header.absolute_deadline)
    }
}

impl Tombstone {
    pub(super) fn stands(&self, op: &Op) -> bool {
        op.now < self.until
    }
}

impl Files {
    pub(super) fn encode(&self, key: &StoreKey, record: &Record) -> Result<Encoded> {
        let data = self.codec.encode(key, &record.header, &record.data)?;
        let header = record.header.clone();
        let size = OVERHEAD + LINK + header.to_bytes().len() + data.len();
        if size as u64 > self.max_file {
            let limit = "the record is longer than what the store reads back";
            return Err(StoreError::with_source(StoreErrorKind::Encode, limit));
        }
        Ok(Encoded { header, data })
    }

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

    /// What the file at a path holds, which is `main` or `pending` of this key.
    pub(super) fn open(&self, key: &StoreKey, path: &std::path::Path) -> Result<Found> {
        let loaded = self
            .disk
            .load(path, self.max_file)
            .map_err(before("read a record"))?;
        let (bytes, modified, links) = match loaded {
            Loaded::Missing => return Ok(Found::Missing),
            Loaded::Foreign => return Ok(Found::Damaged(Damaged { until: None })),
            Loaded::Oversized { modified } => return Ok(damaged(modified, None)),
            Loaded::File {
                bytes,
                modified,
                links,
            } => (bytes, modified, links),
        };
        let told = frame::told_deadline(&bytes);
        let parsed = frame::open(bytes, key).and_then(|frame| self.parse(key, frame, links));
        match parsed {
            Ok(found) => Ok(found),
            Err(Bad::Newer) => Err(StoreError::from_kind(StoreErrorKind::NewerFormat)),
            Err(Bad::Damaged) => Ok(damaged(modified, told)),
        }
    }

    fn parse(
        &self,
        key: &StoreKey,
        frame: frame::Frame,
        links: u64,
    ) -> std::result::Result<Found, Bad> {
        match frame.kind {
            Kind::Record => {
                let pred = frame::link(frame.body.get(..LINK).ok_or(Bad::Damaged)?)?;
                let bytes = frame.body.slice(LINK..);
                let mut record =
                    self.codec
                        .decode_record(key, bytes)
                        .map_err(|error| match error {
                            DecodeError::NewerFormat => Bad::Newer,
                            _ => Bad::Damaged,
                        })?;
                if let Some(renewal) = frame.renewal {
                    record
                        .header
                        .renew(renewal.last_seen, renewal.idle_deadline);
                }
                Ok(Found::Record(Box::new(Stored {
                    record,
                    pred,
                    next_slot: frame.next_slot,
                    links,
                })))
            }
            Kind::Tombstone if frame.body.len() == 8 + LINK => Ok(Found::Tombstone(Tombstone {
                until: frame::time(&frame.body[..8]),
                successor: frame::link(&frame.body[8..])?,
            })),
            Kind::Tombstone | Kind::Revocation => Err(Bad::Damaged),
        }
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
        target: &std::path::Path,
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
        let header = &stored.record.header;
        if stored.links != 1 {
            // Somebody keeps the file under another name, which is not ours to write into.
            let data = self.codec.encode(key, header, &stored.record.data)?;
            let encoded = Encoded {
                header: header.clone(),
                data,
            };
            return self
                .put(key, &encoded)
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
        self.leave_owner(key, &stored.record.header);
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

impl Locks {
    fn cover(&self, key: &StoreKey) -> bool {
        self.stripes.contains(&record_stripe(key))
    }
}

fn damaged(modified: SystemTime, told: Option<Timestamp>) -> Found {
    let modified = timestamp(modified);
    let until = told
        .unwrap_or(modified + DAMAGED_KEPT)
        .min(modified + LONGEST);
    Found::Damaged(Damaged { until: Some(until) })
}

/// A file's time. Only ever decides when something that is dead may be removed.
pub(super) fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::default() + time.duration_since(UNIX_EPOCH).unwrap_or_default()
}
