//! The store contract on one node.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use session::StoreKey;
use session::testing::conformance::{Fixture, run};
use session_stores::redis::RedisStore;

use crate::redis_server::Server;

/// A store with a prefix of its own on a server that the cases share.
struct OnOneNode {
    store: RedisStore,
    server: &'static Server,
}

impl OnOneNode {
    async fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let server = Server::shared();
        let prefix = format!("case{}:", NEXT.fetch_add(1, Ordering::Relaxed));
        let builder = RedisStore::builder().prefix(prefix);
        // The cases run side by side on few cores: slow is not wrong.
        let builder = builder
            .response_timeout(Duration::from_secs(30))
            .connect_timeout(Duration::from_secs(30));
        let store = builder.connect(server.url()).await.unwrap();
        Self { store, server }
    }
}

impl Fixture for OnOneNode {
    type Store = RedisStore;
    const NATIVE_EXPIRY: bool = true;

    fn store(&self) -> &RedisStore {
        &self.store
    }

    async fn dump(&self) -> Option<Vec<u8>> {
        self.server.command::<String>(&[b"SAVE"]);
        let dump = self.server.file("dump.rdb");
        // What is looked for would be found: the dump is not packed.
        assert!(dump.windows(7).any(|window| window == b"user_id"));
        Some(dump)
    }

    async fn make_newer(&self, key: &StoreKey) -> bool {
        self.server.make_newer(key.hash());
        true
    }
}

macro_rules! cases {
    ([] $($topic:ident { $($case:ident)* })*) => {
        $(mod $topic {
            $(#[test]
            fn $case() {
                if crate::redis_server::available() {
                    super::run(super::OnOneNode::new(), session::testing::conformance::$topic::$case);
                }
            })*
        })*
    };
}

session::__conformance_cases! { [cases] }
