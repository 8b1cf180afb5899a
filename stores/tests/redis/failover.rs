//! A primary that is lost: one that hangs, one that is killed while sessions are written, one that a sentinel replaces.
//! What Redis promises then is what the replica had: of that nothing is lost, and nothing that was ended comes back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use redis::sentinel::{SentinelClient, SentinelServerType};
use session::{
    CreateOutcome, ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, StoreErrorKind,
};
use session_stores::redis::{RedisStore, RedisStoreBuilder};

use crate::redis_cluster::Cluster;
use crate::redis_load::{Life, Load};
use crate::redis_server::{Server, available, until};
use crate::sessions::*;

const TIMEOUT: Duration = Duration::from_millis(500);

fn quick() -> RedisStoreBuilder {
    RedisStore::builder().response_timeout(TIMEOUT)
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
    let store = quick().cluster(cluster.urls()).await.unwrap();
    let t = now();
    let op = op(t);
    let first = record(t);
    let (key, elsewhere) = (cluster.key_on(0), cluster.key_on(1));
    for key in [&key, &elsewhere] {
        let made = store.create(&op, key, Arc::new(first.clone()), None).await;
        assert_eq!(made.unwrap(), CreateOutcome::Created);
    }
    replicated(hung, replica);
    hung.pause();
    let late = Arc::new(next(&first, 50));
    let late = store.save(&op, &key, late, first.header.version).await;
    assert_eq!(late.unwrap_err().kind(), StoreErrorKind::Timeout);
    let (mut timeouts, mut others) = (0, 0);
    while replica.info("replication", "role") != "master" {
        let start = Instant::now();
        timeouts += u32::from(store.read(&op, &key, None).await.is_err());
        assert!(start.elapsed() < 2 * TIMEOUT, "{:?}", start.elapsed());
        let other = store.read(&op, &elsewhere, None).await;
        assert!(matches!(other, Ok(ReadOutcome::Live(_))), "{other:?}");
        others += 1;
    }
    assert!(timeouts > 0 && others > 0, "nobody noticed");
    let promoted = Instant::now();
    let found = loop {
        assert!(promoted.elapsed() < Duration::from_secs(5), "never found");
        if let Ok(ReadOutcome::Live(found)) = store.read(&op, &key, None).await {
            break found;
        }
    };
    assert_eq!(count(&found), 1);
    let (second, new) = (Arc::new(next(&first, 2)), key_after(&key));
    let saved = store.save(&op, &key, Arc::clone(&second), first.header.version);
    assert!(matches!(saved.await.unwrap(), SaveOutcome::Saved(_)));
    let third = Arc::new(next(&second, 3));
    let rotated = store.rotate(&op, &key, &new, third, second.header.version, None);
    assert!(matches!(rotated.await.unwrap(), RotateOutcome::Saved(_)));

    hung.resume();
    follows(hung);
    assert_eq!(count(&live(&store, t, &new).await.unwrap()), 3);
    assert!(live(&store, t, &key).await.is_none());
}

/// Killed under load, a primary is replaced by its replica: what that had is there, no rotated id lives, and the store
/// goes on by itself. The old primary comes back as a replica and takes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn t52_a_replica_takes_over_from_a_killed_primary() {
    if !available() {
        return;
    }
    let mut cluster = Cluster::start();
    cluster.add_replica(0);
    let (primary, replica) = (&cluster.nodes[0], &cluster.nodes[3]);
    let store = Arc::new(quick().cluster(cluster.urls()).await.unwrap());
    let load = Load::new(store, now());
    let mut lives = Vec::new();
    for n in 0..8 {
        lives.push(load.begin(cluster.key_on(n % 2)).await);
    }
    let lives = lose(&load, lives, (primary, Server::kill), replica).await;
    tokio::task::block_in_place(|| primary.restart());
    follows(primary);
    let refused = primary.try_command::<String>(&[b"SET", b"{0000}", b"x"]);
    assert_eq!(refused.unwrap_err().code(), Some("MOVED"));
    end(&load, lives).await;
}

/// The same with a sentinel, which the store asks for the new primary.
#[tokio::test(flavor = "multi_thread")]
async fn t52_a_sentinel_names_the_new_primary() {
    behind_a_sentinel(Server::kill, Server::restart).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t51_a_sentinel_replaces_a_primary_that_hangs() {
    behind_a_sentinel(Server::pause, Server::resume).await;
}

async fn behind_a_sentinel(lost: fn(&Server), back: fn(&Server)) {
    if !available() {
        return;
    }
    let (primary, replica) = (Server::start(&[]), Server::start(&[]));
    replica.follow(&primary);
    let sentinel = Server::sentinel(&primary);
    until("the sentinel knows the replica", || {
        sentinel.info("sentinel", "master0").contains("slaves=1")
    });
    let of_master = SentinelServerType::Master;
    let client = SentinelClient::build(vec![sentinel.url()], "shop".to_owned(), None, of_master);
    let store = Arc::new(quick().sentinel(client.unwrap()).await.unwrap());
    let load = Load::new(store, now());
    let mut lives = Vec::new();
    for _ in 0..4 {
        lives.push(load.begin(fresh_key()).await);
    }
    let lives = lose(&load, lives, (&primary, lost), &replica).await;
    // It still takes itself for the primary, until the sentinel has made sure: nobody asks it.
    tokio::task::block_in_place(|| back(&primary));
    end(&load, lives).await;
}

/// Loses the primary under load, and waits until its replica has taken over and all go on. Gives the sessions with
/// what the replica had of them for certain.
async fn lose(
    load: &Arc<Load>,
    lives: Vec<Life>,
    (primary, lost): (&Server, fn(&Server)),
    replica: &Server,
) -> Vec<(Life, u64)> {
    tokio::time::sleep(Duration::from_millis(300)).await;
    let counted = |life: &Life| life.acknowledged.load(Ordering::Relaxed);
    let replicated: Vec<_> = lives.iter().map(counted).collect();
    self::replicated(primary, replica);
    let failed = load.failed();
    lost(primary);
    until("the replica is promoted", || {
        replica.info("replication", "role") == "master"
    });
    let then: Vec<_> = lives.iter().map(counted).collect();
    until("all go on", || {
        let far = |(life, then): (&Life, &u64)| counted(life) > then + 5;
        lives.iter().zip(&then).all(far)
    });
    assert!(load.failed() > failed, "nobody noticed");
    lives.into_iter().zip(replicated).collect()
}

/// A while later all that was replicated is there, under one id each.
async fn end(load: &Arc<Load>, lives: Vec<(Life, u64)>) {
    tokio::time::sleep(Duration::from_millis(300)).await;
    for (life, replicated) in lives {
        let lived = load.end(life).await;
        assert!(lived.acknowledged >= replicated, "{replicated} were there");
    }
}

/// Waits until the replica has all that the primary has by now.
fn replicated(primary: &Server, replica: &Server) {
    let offset = |node: &Server, field| node.info("replication", field).parse::<u64>().unwrap();
    let wanted = offset(primary, "master_repl_offset");
    until("the replica has what was written", || {
        offset(replica, "slave_repl_offset") >= wanted
    });
}

fn follows(old: &Server) {
    until("the old primary is a replica", || {
        old.info("replication", "role") == "slave"
            && old.info("replication", "master_link_status") == "up"
    });
}
