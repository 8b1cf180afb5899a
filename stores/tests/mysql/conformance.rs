//! The store contract on MariaDB.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use session::StoreKey;
use session::testing::conformance::{Fixture, run};
use session_stores::mysql::MysqlStore;

use crate::mysql_server::Server;

/// A store with tables of its own on a server that the cases share.
struct OnMariaDb {
    store: MysqlStore,
    server: &'static Server,
    table: String,
}

impl OnMariaDb {
    async fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let server = Server::shared();
        let table = format!("case{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let builder = MysqlStore::builder().table(&table);
        // The cases run side by side on few cores: slow is not wrong.
        let builder = builder
            .response_timeout(Duration::from_secs(60))
            .connect_timeout(Duration::from_secs(60));
        let store = builder.connect(&server.url()).await.unwrap();
        store.migrate().await.unwrap();
        Self {
            store,
            server,
            table,
        }
    }
}

impl Fixture for OnMariaDb {
    type Store = MysqlStore;
    const ENGINE_CLOCK: bool = true;

    fn store(&self) -> &MysqlStore {
        &self.store
    }

    async fn dump(&self) -> Option<Vec<u8>> {
        let tables = format!("sessions.{0}, sessions.{0}_owners", self.table);
        self.server
            .sql(&format!("FLUSH TABLES {tables} FOR EXPORT"));
        let data = self.server.path().join("data");
        let read = |file: &str| std::fs::read(data.join(file)).unwrap();
        let mut dump = read(&format!("sessions/{}.ibd", self.table));
        // What is looked for would be found: the file is not packed.
        assert!(dump.windows(7).any(|window| window == b"user_id"));
        dump.extend(read(&format!("sessions/{}_owners.ibd", self.table)));
        dump.extend(read("ibdata1"));
        dump.extend(read("ib_logfile0"));
        Some(dump)
    }

    async fn make_newer(&self, key: &StoreKey) -> bool {
        let (table, key) = (&self.table, hex(key.hash()));
        let set = format!(
            "UPDATE sessions.{table} SET header = INSERT(header, 1, 1, x'c8') WHERE session_key = x'{key}'"
        );
        let done = self.server.sql(&format!("{set}; SELECT ROW_COUNT()"));
        assert_eq!(done.trim(), "1");
        true
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

macro_rules! cases {
    ([] $($topic:ident { $($case:ident)* })*) => {
        $(mod $topic {
            $(#[test]
            fn $case() {
                if crate::mysql_server::available() {
                    super::run(super::OnMariaDb::new(), session::testing::conformance::$topic::$case);
                }
            })*
        })*
    };
}

session::__conformance_cases! { [cases] }
