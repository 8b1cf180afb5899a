//! The store contract on a cluster of three nodes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use session::StoreKey;
use session::testing::conformance::{Fixture, run};
use session_stores::redis::RedisStore;

use crate::redis_cluster::Cluster;

/// A store with a prefix of its own on a cluster that the cases share.
struct OnThreeNodes {
    store: RedisStore,
    cluster: &'static Cluster,
}

impl OnThreeNodes {
    async fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let cluster = Cluster::shared();
        let prefix = format!("cluster_case{}:", NEXT.fetch_add(1, Ordering::Relaxed));
        let builder = RedisStore::builder().prefix(prefix);
        // The cases run side by side on few cores: slow is not wrong.
        let builder = builder
            .response_timeout(Duration::from_secs(30))
            .connect_timeout(Duration::from_secs(30));
        let store = builder.cluster(cluster.urls()).await.unwrap();
        Self { store, cluster }
    }
}

impl Fixture for OnThreeNodes {
    type Store = RedisStore;
    const NATIVE_EXPIRY: bool = true;

    fn store(&self) -> &RedisStore {
        &self.store
    }

    async fn dump(&self) -> Option<Vec<u8>> {
        let mut dump = Vec::new();
        for node in &self.cluster.nodes {
            node.command::<String>(&[b"SAVE"]);
            dump.extend(node.file("dump.rdb"));
        }
        // What is looked for would be found: the dump is not packed.
        assert!(dump.windows(7).any(|window| window == b"user_id"));
        Some(dump)
    }

    async fn make_newer(&self, key: &StoreKey) -> bool {
        let mut nodes = self.cluster.nodes.iter();
        assert!(nodes.any(|node| node.make_newer(key.hash())));
        true
    }
}

macro_rules! cases {
    ([] $($topic:ident { $($case:ident)* })*) => {
        $(mod $topic {
            $(#[test]
            fn $case() {
                if crate::redis_server::available() {
                    super::run(super::OnThreeNodes::new(), session::testing::conformance::$topic::$case);
                }
            })*
        })*
    };
}

session::__conformance_cases! { [cases] }
