//! A cluster that loses a primary: one that hangs, and one that is killed while sessions are written. What Redis
//! promises then is what its replica had; of that nothing is lost, and nothing that was ended comes back.

#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used)]

#[path = "support/redis_cluster.rs"]
#[allow(dead_code)]
mod redis_cluster;
#[path = "support/redis_server.rs"]
#[allow(dead_code)]
mod redis_server;
#[path = "support/redis_session.rs"]
#[allow(dead_code)]
mod redis_session;

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis_cluster::{Cluster, info, until};
use redis_server::available;
use redis_session::*;
use session::{
    CreateOutcome, ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, StoreErrorKind,
};
use session_stores::redis::RedisStore;

const TIMEOUT: Duration = Duration::from_millis(500);

async fn store(cluster: &Cluster) -> RedisStore {
    let builder = RedisStore::builder().response_timeout(TIMEOUT);
    builder.cluster(cluster.urls()).await.unwrap()
}

/// A primary that hangs does not hold up the others; once its replica has been promoted, its sessions are there again
/// though it has not answered; and when it does, what it was told in the meantime does not count.
#[tokio::test(flavor = "multi_thread")]
async fn t51_a_primary_that_hangs_is_left_behind() {
    if !available() {
        return;
    }
    let mut cluster = Cluster::start();
    cluster.add_replica(0);
    let (hung, replica) = (&cluster.nodes[0], &cluster.nodes[3]);
    let store = store(&cluster).await;
    let t = now();
    let op = op(t);
    let first = record(t);
    let (key, elsewhere) = (cluster.key_on(0), cluster.key_on(1));
    for key in [&key, &elsewhere] {
        let made = store.create(&op, key, Arc::new(first.clone()), None).await;
        assert_eq!(made.unwrap(), CreateOutcome::Created);
    }
    until("the replica has the session", || {
        replica.command::<u64>(&[b"DBSIZE"]) == hung.command::<u64>(&[b"DBSIZE"])
    });
    hung.pause();
    let lost = store
        .save(&op, &key, Arc::new(next(&first, 50)), first.header.version)
        .await;
    assert_eq!(lost.unwrap_err().kind(), StoreErrorKind::Timeout);
    let mut timeouts = 0;
    while info(replica, "replication", "role") != "master" {
        let start = Instant::now();
        timeouts += u32::from(store.read(&op, &key, None).await.is_err());
        assert!(start.elapsed() < 2 * TIMEOUT, "{:?}", start.elapsed());
        let other = store.read(&op, &elsewhere, None).await;
        assert!(matches!(other, Ok(ReadOutcome::Live(_))), "{other:?}");
    }
    assert!(timeouts > 0, "nobody noticed");
    let promoted = Instant::now();
    let found = loop {
        assert!(promoted.elapsed() < Duration::from_secs(8), "never found");
        if let Ok(ReadOutcome::Live(found)) = store.read(&op, &key, None).await {
            break found;
        }
    };
    eprintln!("found {:?} after the promotion", promoted.elapsed());
    assert_eq!(count(&found), 1);
    let (second, new) = (Arc::new(next(&first, 2)), key_after(&key));
    let saved = store.save(&op, &key, Arc::clone(&second), first.header.version);
    assert!(matches!(saved.await.unwrap(), SaveOutcome::Saved(_)));
    let third = Arc::new(next(&second, 3));
    let rotated = store.rotate(&op, &key, &new, third, second.header.version, None);
    assert!(matches!(rotated.await.unwrap(), RotateOutcome::Saved(_)));

    hung.resume();
    until("the old primary is a replica", || {
        info(hung, "replication", "role") == "slave"
            && info(hung, "replication", "master_link_status") == "up"
    });
    assert_eq!(count(&live(&store, t, &new).await.unwrap()), 3);
    assert!(live(&store, t, &key).await.is_none());
}
