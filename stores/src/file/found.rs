//! What a file of a record says, once it was read and checked.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use session::{Header, Op, OwnerKey, Record, StoreError, StoreKey, Timestamp};

use super::Files;
use super::disk::Loaded;
use super::error::{Result, before};
use super::frame::{self, Bad, Frame, Kind, LINK};

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

#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) header: Header,
    /// As it was written: only who reads it needs to be able to.
    pub(super) data: Bytes,
    /// Which key a rotation took it from. Only looked at while the file is a pending one.
    pub(super) pred: Option<StoreKey>,
    /// Where a renewal is written.
    pub(super) next_slot: usize,
    /// How many names the file has.
    pub(super) links: u64,
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

impl Stored {
    pub(super) fn is_live(&self, op: &Op) -> bool {
        self.header.is_live(op.now)
    }

    pub(super) fn is_of(&self, owner: &OwnerKey) -> bool {
        is_of(&self.header, owner)
    }

    /// When it dies unless it is renewed.
    pub(super) fn until(&self) -> Timestamp {
        self.header.idle_deadline.min(self.header.absolute_deadline)
    }
}

impl Tombstone {
    pub(super) fn stands(&self, op: &Op) -> bool {
        op.now < self.until
    }
}

impl Files {
    /// What the file at a path holds, which is `main` or `pending` of this key.
    pub(super) fn open(&self, key: &StoreKey, path: &Path) -> Result<Found> {
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
        let bytes = Bytes::from(bytes);
        let parsed = frame::open(&bytes, key).and_then(|frame| parse(&frame, links));
        match parsed {
            Ok(found) => Ok(found),
            Err(Bad::Unknown(kind)) => Err(StoreError::from_kind(kind)),
            Err(Bad::Damaged) => Ok(damaged(modified, frame::told_deadline(&bytes))),
        }
    }

    /// The record, its data opened. `None` if they are damaged.
    pub(super) fn opened(&self, key: &StoreKey, stored: &Stored) -> Result<Option<Record>> {
        let mut header = stored.header.clone();
        match self.codec.decode(key, &mut header, stored.data.clone()) {
            Ok(data) => Ok(Some(Record { header, data })),
            Err(error) => error.store_error().map_or(Ok(None), Err),
        }
    }
}

fn parse(frame: &Frame, links: u64) -> std::result::Result<Found, Bad> {
    match frame.kind {
        Kind::Record => {
            let pred = frame::link(frame.body.get(..LINK).ok_or(Bad::Damaged)?)?;
            let bytes = frame.body.slice(LINK..);
            let (mut header, data) = Header::split_from(bytes)?;
            if let Some(renewal) = frame.renewal {
                header.renew(renewal.last_seen, renewal.idle_deadline);
            }
            Ok(Found::Record(Box::new(Stored {
                header,
                data,
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

pub(super) fn is_of(header: &Header, owner: &OwnerKey) -> bool {
    header.owner.as_ref().is_some_and(|of| of.key == *owner)
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
