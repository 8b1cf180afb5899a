//! The store contract on a file.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use session::testing::conformance::Fixture;
use session_stores::sqlite::{Durability, SqliteStore};

/// A store in a file of its own.
struct InAFile {
    store: SqliteStore,
    dir: tempfile::TempDir,
}

impl InAFile {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // The cases run side by side on few cores, and no power fails: slow is not wrong.
        let store = SqliteStore::builder()
            .durability(Durability::Normal)
            .response_timeout(Duration::from_secs(30))
            .open(dir.path().join("sessions.db"))
            .await
            .unwrap();
        Self { store, dir }
    }
}

impl Fixture for InAFile {
    type Store = SqliteStore;
    const ENGINE_CLOCK: bool = true;

    fn store(&self) -> &SqliteStore {
        &self.store
    }

    /// The database and its log.
    async fn dump(&self) -> Option<Vec<u8>> {
        let read = |name: &str| std::fs::read(self.dir.path().join(name)).unwrap();
        let dump = [read("sessions.db"), read("sessions.db-wal")].concat();
        // What is looked for would be found: the dump is not packed.
        assert!(dump.windows(7).any(|window| window == b"user_id"));
        Some(dump)
    }
}

mod in_a_file {
    use super::*;

    session::testing::conformance!(InAFile::new());
}
