//! T59 beyond what the scripts take: refused before anything is sent, and whoever was entered for it leaves again.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, Over, OwnerKey, OwnerRule, RotateOutcome, SaveOutcome, SessionStore, StoreError,
    StoreErrorKind,
};
use session_stores::redis::{RedisStore, RedisStoreBuilder};

use crate::redis_cluster::Cluster;
use crate::redis_server::{Server, available};
use crate::sessions::{fresh_key, key_after, live, next, now, op, owned, put};

fn builder() -> RedisStoreBuilder {
    RedisStore::builder()
        .response_timeout(Duration::from_secs(60))
        .connect_timeout(Duration::from_secs(60))
}

fn at_most(max: u32, over: Over) -> Option<OwnerRule> {
    let max = NonZeroU32::new(max).unwrap();
    Some(OwnerRule { max, over })
}

fn refused<T: std::fmt::Debug>(answer: Result<T, StoreError>) {
    assert_eq!(answer.unwrap_err().kind(), StoreErrorKind::TooLarge);
}

async fn refuses_what_scripts_do_not_take(store: RedisStore) {
    let t = now();
    let (op, ann) = (op(t), OwnerKey::of("ann"));
    let first = owned(t, "ann");
    let old = put(&store, t, &first).await;
    let mut large = next(&first, 2);
    large.data.insert("large", "x".repeat(64 << 20));
    let (large, version) = (Arc::new(large), first.header.version);
    refused(store.save(&op, &old, Arc::clone(&large), version).await);
    // Each of these would be one more than the rule allows, and the first one's place would be taken.
    let (key, new) = (fresh_key(), key_after(&old));
    let evict = at_most(1, Over::Evict);
    let given = Arc::clone(&large);
    refused(store.create(&op, &key, given, evict).await);
    refused(store.rotate(&op, &old, &new, large, version, evict).await);

    assert_eq!(live(&store, t, &old).await.unwrap().header, first.header);
    assert!(live(&store, t, &key).await.is_none() && live(&store, t, &new).await.is_none());
    assert_eq!(store.sessions_of(&op, &ann).await.unwrap().len(), 1);
    // Nobody is on the way who would count, and nobody's place is claimed.
    let second = Arc::new(owned(t, "ann"));
    let refuse = at_most(2, Over::Refuse);
    let created = store.create(&op, &key, second, refuse).await.unwrap();
    assert_eq!(created, CreateOutcome::Created);
    let small = Arc::new(next(&first, 3));
    let saved = store.save(&op, &old, Arc::clone(&small), version).await;
    assert!(matches!(saved.unwrap(), SaveOutcome::Saved(_)));
    let moved = Arc::new(next(&small, 4));
    let (version, rule) = (small.header.version, at_most(2, Over::Refuse));
    let moved = store.rotate(&op, &old, &new, moved, version, rule).await;
    assert!(matches!(moved.unwrap(), RotateOutcome::Saved(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn t59_on_a_node() {
    if available() {
        let server = Server::start(&[]);
        refuses_what_scripts_do_not_take(builder().connect(server.url()).await.unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t59_in_a_cluster() {
    if available() {
        let cluster = Cluster::start();
        refuses_what_scripts_do_not_take(builder().cluster(cluster.urls()).await.unwrap()).await;
    }
}
