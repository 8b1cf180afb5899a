//! The store contract on a file.

use std::time::Duration;

use session::StoreKey;
use session::testing::conformance::Fixture;
use session_stores::sqlite::driver::sqlite::SqliteConnectOptions;
use session_stores::sqlite::driver::{ConnectOptions, query};
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

    async fn make_newer(&self, key: &StoreKey) -> bool {
        let options = SqliteConnectOptions::new().filename(self.dir.path().join("sessions.db"));
        let mut other = options.connect().await.unwrap();
        // What a function gives is text unless it is said to be bytes.
        let set = "UPDATE sessions SET header = CAST(x'c8' || substr(header, 2) AS BLOB) WHERE session_key = ?";
        let done = query(set)
            .bind(key.hash().to_vec())
            .execute(&mut other)
            .await;
        assert_eq!(done.unwrap().rows_affected(), 1);
        true
    }
}

mod in_a_file {
    use super::*;

    session::testing::conformance!(InAFile::new());
}
