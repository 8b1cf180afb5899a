//! The header of a record: a version byte, a length, then the fields in their order.

use std::sync::Arc;
use std::time::Duration;

use super::{DecodeError, Reader, put_text};
use crate::id::OwnerKey;
use crate::record::{CommitId, Header, Owner, SessionHandle, Version};
use crate::time::{Lifetime, Timestamp};

const VERSION: u8 = 1;
const PERSISTENT: u8 = 1;
const OWNER: u8 = 2;
const LABEL: u8 = 4;

pub(super) fn encode(header: &Header) -> Vec<u8> {
    let mut out = Vec::with_capacity(192);
    out.push(VERSION);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&header.version.to_bytes());
    out.extend_from_slice(&header.commit_id.to_bytes());
    out.extend_from_slice(&header.handle.to_bytes());
    for time in [
        header.created,
        header.authenticated_at,
        header.last_seen,
        header.idle_deadline,
        header.absolute_deadline,
    ] {
        out.extend_from_slice(&time.as_millis().to_le_bytes());
    }
    for duration in [header.lifetime.idle, header.lifetime.absolute] {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        out.extend_from_slice(&millis.to_le_bytes());
    }
    let flag = |set, bit| if set { bit } else { 0 };
    out.push(
        flag(header.persistent, PERSISTENT)
            | flag(header.owner.is_some(), OWNER)
            | flag(header.label.is_some(), LABEL),
    );
    if let Some(owner) = &header.owner {
        out.extend_from_slice(owner.key.as_bytes());
        put_text(&mut out, &owner.entry);
    }
    if let Some(label) = &header.label {
        put_text(&mut out, label);
    }
    let len = u32::try_from(out.len() - 5).unwrap_or(u32::MAX);
    out[1..5].copy_from_slice(&len.to_le_bytes());
    out
}

/// The header, and how many bytes it took.
pub(super) fn decode(bytes: &[u8]) -> Result<(Header, usize), DecodeError> {
    let mut outer = Reader::new(bytes);
    match outer.byte()? {
        VERSION => {}
        0 => return Err(DecodeError::Damaged),
        _ => return Err(DecodeError::NewerFormat),
    }
    let len = outer.len()?;
    let mut reader = Reader::new(outer.take(len)?);
    let version = Version::from_bytes(reader.array()?);
    let commit_id = CommitId::from_bytes(reader.array()?);
    let handle = SessionHandle::from_bytes(reader.array()?);
    let mut time = || reader.u64().map(Timestamp::from_millis);
    let (created, authenticated_at, last_seen) = (time()?, time()?, time()?);
    let (idle_deadline, absolute_deadline) = (time()?, time()?);
    let idle = Duration::from_millis(reader.u64()?);
    let absolute = Duration::from_millis(reader.u64()?);
    let flags = reader.byte()?;
    if flags & !(PERSISTENT | OWNER | LABEL) != 0 {
        return Err(DecodeError::NewerFormat);
    }
    let owner = if flags & OWNER != 0 {
        let key = OwnerKey::from_bytes(reader.array()?);
        let entry = reader.text()?.into();
        Some(Arc::new(Owner { key, entry }))
    } else {
        None
    };
    let label = if flags & LABEL != 0 {
        Some(reader.text()?.into())
    } else {
        None
    };
    if reader.at != len {
        return Err(DecodeError::Damaged);
    }
    let header = Header {
        version,
        commit_id,
        created,
        authenticated_at,
        last_seen,
        lifetime: Lifetime { idle, absolute },
        persistent: flags & PERSISTENT != 0,
        idle_deadline,
        absolute_deadline,
        owner,
        handle,
        label,
    };
    Ok((header, outer.at))
}
