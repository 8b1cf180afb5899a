//! Where things stand below the root, and which names are ours.
//!
//! ```text
//! records/ab/<66 hex>      a record or a tombstone: the rest of the hash, then the tag
//! records/ab/<66 hex>.p    a record that a rotation is about to put there
//! records/ab/<66 hex>.t    a file that is being written
//! owners/ab/<62 hex>/      one owner: an empty file <68 hex> for each session, and `revoked`
//! locks/r00 .. r63         stripes of records, locks/o00 .. o63 stripes of owners
//! clock                    asked by `gc` for the file system's time
//! ```

use std::path::{Path, PathBuf};

use session::{OwnerKey, StoreKey};

/// How many stripes there are of either kind.
pub(super) const STRIPES: u8 = 64;
/// Name of the file that says since when an owner's sessions are revoked.
pub(super) const REVOKED: &str = "revoked";
/// Name of the same file while it is being written.
pub(super) const REVOKED_TEMP: &str = "revoked.t";

#[derive(Debug)]
pub(super) struct Layout {
    pub(super) root: PathBuf,
}

/// The names that belong to one record.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) dir: PathBuf,
    pub(super) main: PathBuf,
    pub(super) pending: PathBuf,
    pub(super) temp: PathBuf,
}

/// What a file in a directory of records is, by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Main,
    Pending,
    Temp,
}

impl Layout {
    pub(super) fn records(&self) -> PathBuf {
        self.root.join("records")
    }

    pub(super) fn owners(&self) -> PathBuf {
        self.root.join("owners")
    }

    pub(super) fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    pub(super) fn clock(&self) -> PathBuf {
        self.root.join("clock")
    }

    pub(super) fn record_shard(&self, shard: u8) -> PathBuf {
        self.records().join(hex(&[shard]))
    }

    pub(super) fn owner_shard(&self, shard: u8) -> PathBuf {
        self.owners().join(hex(&[shard]))
    }

    pub(super) fn place(&self, key: &StoreKey) -> Place {
        let dir = self.record_shard(key.hash()[0]);
        let name = hex(&key.hash()[1..]) + &hex(&key.tag());
        Place {
            main: dir.join(&name),
            pending: dir.join(format!("{name}.p")),
            temp: dir.join(format!("{name}.t")),
            dir,
        }
    }

    pub(super) fn owner(&self, owner: &OwnerKey) -> PathBuf {
        let hash = owner.as_bytes();
        self.owner_shard(hash[0]).join(hex(&hash[1..]))
    }

    pub(super) fn marker(&self, owner: &OwnerKey, key: &StoreKey) -> PathBuf {
        self.owner(owner).join(hex(key.hash()) + &hex(&key.tag()))
    }

    pub(super) fn record_lock(&self, stripe: u8) -> PathBuf {
        self.locks().join(format!("r{stripe:02}"))
    }

    pub(super) fn owner_lock(&self, stripe: u8) -> PathBuf {
        self.locks().join(format!("o{stripe:02}"))
    }
}

pub(super) fn record_stripe(key: &StoreKey) -> u8 {
    key.hash()[0] % STRIPES
}

pub(super) fn owner_stripe(owner: &OwnerKey) -> u8 {
    owner.as_bytes()[0] % STRIPES
}

/// The key and form of a name in a directory of records; `None` for what is not ours.
pub(super) fn record_name(shard: u8, name: &str) -> Option<(StoreKey, Form)> {
    let (digits, form) = match name.split_once('.') {
        None => (name, Form::Main),
        Some((digits, "p")) => (digits, Form::Pending),
        Some((digits, "t")) => (digits, Form::Temp),
        Some(_) => return None,
    };
    let rest: [u8; 33] = unhex(digits)?;
    let mut hash = [shard; 32];
    hash[1..].copy_from_slice(&rest[..31]);
    Some((StoreKey::from_parts(hash, [rest[31], rest[32]]), form))
}

/// The owner of a name in a directory of owners.
pub(super) fn owner_name(shard: u8, name: &str) -> Option<OwnerKey> {
    let rest: [u8; 31] = unhex(name)?;
    let mut hash = [shard; 32];
    hash[1..].copy_from_slice(&rest);
    Some(OwnerKey::from_bytes(hash))
}

/// The record that a marker in an owner's directory names.
pub(super) fn marker_name(name: &str) -> Option<StoreKey> {
    let bytes: [u8; 34] = unhex(name)?;
    let mut hash = [0; 32];
    hash.copy_from_slice(&bytes[..32]);
    Some(StoreKey::from_parts(hash, [bytes[32], bytes[33]]))
}

/// The directory that a path of ours stands in.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

/// Exactly `N` bytes in lower case: each key has one name.
fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut out = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (out, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *out = (digit(pair[0])? << 4) | digit(pair[1])?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t42_every_key_has_one_name_inside_its_directory() {
        let layout = Layout {
            root: "/root".into(),
        };
        for byte in [0u8, b'.', b'/', b'\\', b'%', 0x7f, 0xff] {
            let key = StoreKey::from_parts([byte; 32], [byte, b'/']);
            let place = layout.place(&key);
            for (path, form) in [
                (&place.main, Form::Main),
                (&place.pending, Form::Pending),
                (&place.temp, Form::Temp),
            ] {
                assert_eq!(parent(path), layout.record_shard(byte));
                let name = path.file_name().unwrap().to_str().unwrap();
                assert_eq!(record_name(byte, name), Some((key, form)));
            }
            let owner = OwnerKey::from_bytes([byte; 32]);
            let marker = layout.marker(&owner, &key);
            assert_eq!(parent(&marker), layout.owner(&owner));
            assert_eq!(
                marker_name(marker.file_name().unwrap().to_str().unwrap()),
                Some(key)
            );
            let name = parent(&marker).file_name().unwrap().to_str().unwrap();
            assert_eq!(owner_name(byte, name), Some(owner));
        }
    }

    #[test]
    fn d11_names_that_are_not_ours_are_told() {
        let good = "0".repeat(66);
        assert!(record_name(0, &good).is_some());
        for bad in [
            "",
            "notes.txt",
            "..",
            &"0".repeat(65),
            &"0".repeat(68),
            &"A".repeat(66),
        ] {
            assert_eq!(record_name(0, bad), None, "{bad}");
        }
        for end in [".", ".x", ".pp", ".t.t", ".bak"] {
            assert_eq!(record_name(0, &format!("{good}{end}")), None, "{end}");
        }
        assert_eq!(marker_name(REVOKED), None);
        assert_eq!(owner_name(0, &good), None);
    }
}
