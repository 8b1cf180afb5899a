//! The bytes of a file: what it is, whose it is, and a checksum over all of it.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | magic |
//! | 8..12 | version, its complement, and both again: no single flipped bit makes another version |
//! | 12 | kind, then zeros up to 16 |
//! | 16..50 | hash and tag of the key, then zeros up to 56 |
//! | 56..60 | length of the body, then zeros up to 64 |
//! | 64..112 | two renewal slots of 24 bytes, each with a checksum of its own |
//! | 112.. | body |
//! | last 16 | checksum of all but the slots |
//!
//! A renewal is written into the older of the two slots, in place. A slot that does not check, because a crash tore
//! it, counts for nothing: the other slot or the header then tell the deadline, which is an earlier one.

use bytes::Bytes;
use session::{DecodeError, Header, StoreErrorKind, StoreKey, Timestamp};
use sha2::{Digest, Sha256};

const MAGIC: [u8; 8] = *b"\x93session";
const VERSION: u8 = 1;
const HEAD: usize = 64;
const SLOT: usize = 24;
const BODY: usize = HEAD + 2 * SLOT;
const SUM: usize = 16;
/// What a frame takes beside its body.
pub(super) const OVERHEAD: usize = BODY + SUM;
/// A predecessor or successor: a byte that says whether there is one, then hash and tag.
pub(super) const LINK: usize = 1 + 32 + 2;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Record = 1,
    Tombstone = 2,
    Revocation = 3,
}

/// Why bytes are not a frame of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Bad {
    Damaged,
    /// Another node may read it.
    Unknown(StoreErrorKind),
}

const NEWER: Bad = Bad::Unknown(StoreErrorKind::NewerFormat);

impl From<DecodeError> for Bad {
    fn from(error: DecodeError) -> Self {
        let told = error.store_error();
        told.map_or(Self::Damaged, |error| Self::Unknown(error.kind()))
    }
}

/// A renewal of the idle deadline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Renewal {
    pub(super) idle_deadline: Timestamp,
    pub(super) last_seen: Timestamp,
}

/// A frame that checked.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) body: Bytes,
    pub(super) renewal: Option<Renewal>,
    /// Which slot the next renewal goes to: never the one that tells the deadline.
    pub(super) next_slot: usize,
}

pub(super) fn seal(kind: Kind, key: &StoreKey, body: &[&[u8]]) -> Vec<u8> {
    let len: usize = body.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(OVERHEAD + len);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[VERSION, !VERSION, VERSION, !VERSION, kind as u8, 0, 0, 0]);
    out.extend_from_slice(key.hash());
    out.extend_from_slice(&key.tag());
    out.resize(56, 0);
    out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
    out.resize(BODY, 0);
    for part in body {
        out.extend_from_slice(part);
    }
    let sum = checksum(&out);
    out.extend_from_slice(&sum);
    out
}

/// Reads a frame that must be of this key. The version is looked at first: it alone is the same in all versions.
pub(super) fn open(bytes: &Bytes, key: &StoreKey) -> Result<Frame, Bad> {
    let version = bytes.get(8..12).ok_or(Bad::Damaged)?;
    let whole = version[0] == !version[1] && version[..2] == version[2..];
    if bytes[..8] != MAGIC || !whole || version[0] == 0 {
        return Err(Bad::Damaged);
    }
    if version[0] != VERSION {
        return Err(NEWER);
    }
    let len = bytes.len().checked_sub(OVERHEAD).ok_or(Bad::Damaged)?;
    let (content, sum) = bytes.split_at(bytes.len() - SUM);
    let said = &bytes[56..60];
    if u32::try_from(len)
        .map(u32::to_le_bytes)
        .as_ref()
        .map(<[u8; 4]>::as_slice)
        != Ok(said)
        || checksum(content) != sum
        || bytes[16..48] != *key.hash()
        || bytes[48..50] != key.tag()
    {
        return Err(Bad::Damaged);
    }
    let kind = match bytes[12] {
        1 => Kind::Record,
        2 => Kind::Tombstone,
        3 => Kind::Revocation,
        _ => return Err(NEWER),
    };
    let slots = [0, 1].map(|n| read_slot(bytes, n, key));
    let (renewal, next_slot) = match slots {
        [Some(a), Some(b)] if a > b => (Some(a), 1),
        [Some(a), None] => (Some(a), 1),
        [_, b] => (b, 0),
    };
    Ok(Frame {
        kind,
        body: bytes.slice(BODY..BODY + len),
        renewal,
        next_slot,
    })
}

/// When a damaged record would have expired, as far as it still tells.
pub(super) fn told_deadline(bytes: &[u8]) -> Option<Timestamp> {
    let header = Header::from_bytes(bytes.get(BODY + LINK..)?).ok()?;
    Some(header.absolute_deadline)
}

/// Where a slot stands in the file, and what to write there.
pub(super) fn slot(n: usize, renewal: Renewal, key: &StoreKey) -> (u64, [u8; SLOT]) {
    let mut out = [0; SLOT];
    out[..8].copy_from_slice(&renewal.last_seen.as_millis().to_le_bytes());
    out[8..16].copy_from_slice(&renewal.idle_deadline.as_millis().to_le_bytes());
    let sum = slot_sum(&out[..16], key);
    out[16..].copy_from_slice(&sum);
    ((HEAD + n * SLOT) as u64, out)
}

fn read_slot(bytes: &[u8], n: usize, key: &StoreKey) -> Option<Renewal> {
    let slot = bytes.get(HEAD + n * SLOT..HEAD + (n + 1) * SLOT)?;
    (slot[16..] == slot_sum(&slot[..16], key)).then(|| Renewal {
        last_seen: time(&slot[..8]),
        idle_deadline: time(&slot[8..16]),
    })
}

/// Bound to the key, so that zeros, or a slot of another session, are no slot.
fn slot_sum(times: &[u8], key: &StoreKey) -> [u8; 8] {
    let hash = Sha256::new_with_prefix(b"renewal:")
        .chain_update(key.hash())
        .chain_update(times);
    first(&hash.finalize())
}

fn checksum(content: &[u8]) -> [u8; SUM] {
    let hash = Sha256::new_with_prefix(&content[..HEAD]).chain_update(&content[BODY..]);
    first(&hash.finalize())
}

fn first<const N: usize>(hash: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&hash[..N]);
    out
}

pub(super) fn put_link(link: Option<&StoreKey>) -> [u8; LINK] {
    let mut out = [0; LINK];
    if let Some(key) = link {
        out[0] = 1;
        out[1..33].copy_from_slice(key.hash());
        out[33..].copy_from_slice(&key.tag());
    }
    out
}

pub(super) fn link(bytes: &[u8]) -> Result<Option<StoreKey>, Bad> {
    match bytes {
        [0, ..] => Ok(None),
        [1, key @ ..] if key.len() == LINK - 1 => {
            Ok(Some(StoreKey::from_parts(first(key), [key[32], key[33]])))
        }
        _ => Err(Bad::Damaged),
    }
}

pub(super) fn time(bytes: &[u8]) -> Timestamp {
    Timestamp::from_millis(u64::from_le_bytes(first(bytes)))
}
