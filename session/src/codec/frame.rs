//! The data of a record: a version byte, a count, then key, kind and value of each entry.

use bytes::Bytes;

use std::sync::Arc;

use super::{DecodeError, Reader, put_len, put_text};
use crate::data::{Data, FlashEntry, Format, Slot, Unencodable, Value};
use crate::time::Timestamp;

const VERSION: u8 = 1;
const PLAIN: u8 = 0;
const EXPIRING: u8 = 1;
const FLASH: u8 = 2;
/// What stands for "no deadline" in a flash entry.
const NEVER: u64 = u64::MAX;

pub(super) fn encode(out: &mut Vec<u8>, format: Format, data: &Data) -> Result<(), Unencodable> {
    out.push(VERSION);
    put_len(out, data.len());
    for entry in data.entries() {
        put_text(out, entry.key.as_str());
        match entry.slot {
            Slot::Plain(value) => {
                out.push(PLAIN);
                put_value(out, format, value)?;
            }
            Slot::Expiring(expiring) => {
                out.push(EXPIRING);
                out.extend_from_slice(&expiring.0.as_millis().to_le_bytes());
                put_value(out, format, &expiring.1)?;
            }
            Slot::Flash(entries) => {
                out.push(FLASH);
                put_len(out, entries.len());
                for entry in entries.iter() {
                    out.extend_from_slice(&entry.id.to_le_bytes());
                    let expires = entry.expires.map_or(NEVER, Timestamp::as_millis);
                    out.extend_from_slice(&expires.to_le_bytes());
                    put_value(out, format, &entry.value)?;
                }
            }
        }
    }
    Ok(())
}

/// Format byte, length, bytes. The length is filled in afterwards: the value is encoded in place.
fn put_value(out: &mut Vec<u8>, format: Format, value: &Value) -> Result<(), Unencodable> {
    let start = out.len();
    out.extend_from_slice(&[0; 5]);
    let format = value.write(format, out)?;
    let len = u32::try_from(out.len() - start - 5).unwrap_or(u32::MAX);
    out[start] = format as u8;
    out[start + 1..start + 5].copy_from_slice(&len.to_le_bytes());
    Ok(())
}

pub(super) fn decode(bytes: &Bytes) -> Result<Data, DecodeError> {
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        VERSION => {}
        0 => return Err(DecodeError::Damaged),
        _ => return Err(DecodeError::NewerFormat),
    }
    let count = reader.len()?;
    let mut entries = Vec::with_capacity(count.min(bytes.len() / 10));
    for _ in 0..count {
        let key = reader.text()?;
        let slot = match reader.byte()? {
            PLAIN => Slot::Plain(value(&mut reader, bytes)?),
            EXPIRING => {
                let expires = Timestamp::from_millis(reader.u64()?);
                Slot::Expiring(Arc::new((expires, value(&mut reader, bytes)?)))
            }
            FLASH => {
                let count = reader.len()?;
                let mut list = Vec::with_capacity(count.min(bytes.len() / 21));
                for _ in 0..count {
                    let id = reader.u64()?;
                    let expires = reader.u64()?;
                    let expires = (expires != NEVER).then(|| Timestamp::from_millis(expires));
                    list.push(FlashEntry {
                        id,
                        expires,
                        value: value(&mut reader, bytes)?,
                    });
                }
                Slot::Flash(Arc::new(list))
            }
            _ => return Err(DecodeError::Damaged),
        };
        entries.push((key, slot));
    }
    if reader.at != bytes.len() || !entries.is_sorted_by(|(a, _), (b, _)| a < b) {
        return Err(DecodeError::Damaged);
    }
    Ok(Data::from_entries(entries))
}

fn value(reader: &mut Reader<'_>, bytes: &Bytes) -> Result<Value, DecodeError> {
    let format = Format::from_byte(reader.byte()?);
    let len = reader.len()?;
    let start = reader.at;
    reader.take(len)?;
    // A format that this version does not know is one that a newer version wrote.
    let format = format.ok_or(DecodeError::NewerFormat)?;
    Ok(Value::raw(format, bytes.slice(start..start + len)))
}
