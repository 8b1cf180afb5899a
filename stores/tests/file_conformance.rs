//! The file store keeps the contract, with either durability.

#![cfg(feature = "file")]
#![allow(clippy::unwrap_used)]

use std::path::Path;

use session::StoreKey;
use session::testing::conformance::Fixture;
use session_stores::{Durability, FileStore};

struct Files {
    store: FileStore,
    dir: tempfile::TempDir,
}

impl Fixture for Files {
    type Store = FileStore;

    const ENGINE_CLOCK: bool = true;

    fn store(&self) -> &FileStore {
        &self.store
    }

    async fn dump(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        dump(self.dir.path(), &mut bytes);
        Some(bytes)
    }

    async fn make_newer(&self, key: &StoreKey) -> bool {
        make_newer(self.dir.path(), key)
    }
}

/// Makes the file of this record one of a newer version: that is said at the same place in all versions.
fn make_newer(dir: &Path, key: &StoreKey) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return make_newer(&path, key);
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let its = bytes.get(16..48) == Some(key.hash());
        if its {
            bytes[8..12].copy_from_slice(&[200, !200, 200, !200]);
            std::fs::write(&path, bytes).unwrap();
        }
        its
    })
}

/// Every name and every byte below a directory.
fn dump(dir: &Path, out: &mut Vec<u8>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        out.extend_from_slice(path.as_os_str().as_encoded_bytes());
        if path.is_dir() {
            dump(&path, out);
        } else {
            out.extend(std::fs::read(&path).unwrap());
        }
    }
}

fn files(durability: Durability) -> Files {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::builder(dir.path().join("sessions"))
        .durability(durability)
        .build()
        .unwrap();
    Files { store, dir }
}

mod process {
    use super::*;
    session::testing::conformance!(async { files(Durability::Process) });
}

mod full {
    use super::*;
    session::testing::conformance!(async { files(Durability::Full) });
}
