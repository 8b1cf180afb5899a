//! The store contract on PostgreSQL.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use session::StoreKey;
use session::testing::conformance::{Fixture, run};
use session_stores::postgres::PostgresStore;

use crate::postgres_server::Server;

/// A store with a table of its own on a server that the cases share.
struct OnPostgres {
    store: PostgresStore,
    server: &'static Server,
    table: String,
}

impl OnPostgres {
    async fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let server = Server::shared();
        let table = format!("case_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let builder = PostgresStore::builder().table(&table);
        // The cases run side by side on few cores: slow is not wrong.
        let builder = builder
            .response_timeout(Duration::from_secs(30))
            .connect_timeout(Duration::from_secs(30));
        let store = builder.connect(&server.url()).await.unwrap();
        store.migrate().await.unwrap();
        Self {
            store,
            server,
            table,
        }
    }
}

impl Fixture for OnPostgres {
    type Store = PostgresStore;
    const ENGINE_CLOCK: bool = true;

    fn store(&self) -> &PostgresStore {
        &self.store
    }

    async fn dump(&self) -> Option<Vec<u8>> {
        let mut dump = Vec::new();
        for table in [&self.table, &format!("{}_owners", self.table)] {
            let path = format!("CHECKPOINT; SELECT pg_relation_filepath('{table}')");
            dump.extend(self.server.file(&self.server.sql(&path)));
        }
        let wal = self
            .server
            .sql("SELECT pg_walfile_name(pg_current_wal_lsn())");
        dump.extend(self.server.file(&format!("pg_wal/{wal}")));
        // What is looked for would be found: such rows are not packed.
        assert!(dump.windows(7).any(|window| window == b"user_id"));
        Some(dump)
    }

    async fn make_newer(&self, key: &StoreKey) -> bool {
        let (table, key) = (&self.table, hex(key.hash()));
        let set = format!("UPDATE {table} SET header = set_byte(header, 0, 200)");
        let counted = format!(
            "WITH done AS ({set} WHERE session_key = '\\x{key}' RETURNING 1) SELECT count(*) FROM done"
        );
        assert_eq!(self.server.sql(&counted).trim(), "1");
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
                if crate::postgres_server::available() {
                    super::run(super::OnPostgres::new(), session::testing::conformance::$topic::$case);
                }
            })*
        })*
    };
}

session::__conformance_cases! { [cases] }
