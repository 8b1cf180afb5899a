//! Slots that move from node to node while sessions are used. `ASK`, `MOVED` and `TRYAGAIN` are the store's business:
//! its callers see none of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{
    CreateOutcome, OwnerKey, ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, StoreErrorKind,
    StoreKey, TouchOutcome,
};
use session_stores::redis::RedisStore;

use crate::redis_cluster::Cluster;
use crate::redis_load::Load;
use crate::redis_server::{Server, available};
use crate::sessions::*;

const HOUR: Duration = Duration::from_secs(3600);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a record is called at the engine.
fn name(key: &StoreKey) -> String {
    format!("sess:{{{}}}:{}", hex(&key.tag()), hex(key.hash()))
}

fn set(owner: &OwnerKey) -> String {
    format!("sess:owner:{{{}}}", hex(owner.as_bytes()))
}

/// Sessions are saved, rotated, made, listed and ended while their slots and those of their owners move to a node that
/// had none, and back: no call fails, nothing is lost, and no old id lives.
#[tokio::test(flavor = "multi_thread")]
async fn slots_move_under_load() {
    if !available() {
        return;
    }
    let mut cluster = Cluster::start();
    cluster.add();
    // A moment is long on a busy machine.
    let builder = RedisStore::builder().response_timeout(Duration::from_secs(5));
    let store = Arc::new(builder.cluster([cluster.nodes[0].url()]).await.unwrap());
    let t = now();
    let load = Load::new(Arc::clone(&store), t);
    let (mut slots, mut lives) = (BTreeSet::new(), Vec::new());
    for _ in 0..4 {
        let key = cluster.key_on(0);
        slots.insert(cluster.slot(&name(&key)));
        lives.push(load.begin(key).await);
    }
    let owner = (0..).map(|n| format!("owner {n}"));
    let mut owner = owner.filter(|owner| {
        let name = set(&OwnerKey::of(owner));
        cluster.nodes[0]
            .try_command::<u64>(&[b"EXISTS", name.as_bytes()])
            .is_ok()
    });
    let owner = owner.next().unwrap();
    slots.insert(cluster.slot(&set(&OwnerKey::of(&owner))));
    let sign_ins = tokio::spawn({
        let (load, store) = (Arc::clone(&load), Arc::clone(&store));
        async move {
            let (op, who) = (op(t), OwnerKey::of(&owner));
            let mut done = 0;
            while !load.stopped() {
                let key = put(&*store, t, &owned(t, &owner)).await;
                assert_eq!(store.sessions_of(&op, &who).await.unwrap().len(), 1);
                store.destroy(&op, &key).await.unwrap();
                done += 1;
            }
            done
        }
    });
    let pause = || tokio::time::sleep(Duration::from_millis(30));
    for (from, to) in [(0, 3), (3, 1), (1, 0)] {
        for slot in &slots {
            cluster.begin_move(slot, from, to);
            pause().await;
            for _ in 0..4 {
                cluster.move_one(slot, from, to);
                pause().await;
            }
            cluster.end_move(slot, from, to);
        }
    }
    pause().await;
    for life in lives {
        let lived = load.end(life).await;
        assert!(lived.failed.is_empty(), "{:?}", lived.failed);
        assert_eq!(lived.strange, 0, "another state than was left");
        assert!(lived.acknowledged > 10, "{}", lived.acknowledged);
    }
    assert!(sign_ins.await.unwrap() > 3);
    for code in ["ASK", "MOVED", "TRYAGAIN"] {
        let met = |node: &Server| {
            let counted = node.info("errorstats", &format!("errorstat_{code}"));
            !counted.is_empty()
        };
        assert!(cluster.nodes.iter().any(met), "nobody met {code}");
    }
}

/// A slot that stays halfway for longer than any call: what concerns one key goes on at once, on both sides; a
/// rotation is refused in time and changes nothing; a session that is ended leaves its tombstone, and a revocation
/// stands.
#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_stays_halfway() {
    if !available() {
        return;
    }
    let mut cluster = Cluster::start();
    cluster.add();
    let timeout = Duration::from_secs(2);
    let builder = RedisStore::builder().response_timeout(timeout);
    let store = builder.cluster(cluster.urls()).await.unwrap();
    let t = now();
    let op = op(t);
    let first = record(t);
    let stay = cluster.key_on(0);
    let (slot, moved, late) = (
        cluster.slot(&name(&stay)),
        key_after(&stay),
        key_after(&stay),
    );
    for key in [&stay, &moved] {
        let made = store.create(&op, key, Arc::new(first.clone()), None).await;
        assert_eq!(made.unwrap(), CreateOutcome::Created);
    }
    cluster.begin_move(&slot, 0, 3);
    cluster.move_key(&name(&moved), &cluster.nodes[0], 3);

    let start = Instant::now();
    let made = store
        .create(&op, &late, Arc::new(first.clone()), None)
        .await;
    assert_eq!(made.unwrap(), CreateOutcome::Created);
    let second = Arc::new(next(&first, 2));
    let version = second.header.version;
    for key in [&stay, &moved, &late] {
        let saved = store.save(&op, key, Arc::clone(&second), first.header.version);
        assert!(matches!(saved.await.unwrap(), SaveOutcome::Saved(_)));
        let touched = store.touch(&op, key, version, t + HOUR + INTERVAL).await;
        assert_eq!(touched.unwrap(), TouchOutcome::Touched);
        assert_eq!(count(&live(&store, t, key).await.unwrap()), 2);
    }
    assert!(start.elapsed() < timeout, "{:?}", start.elapsed());

    let (third, new) = (Arc::new(next(&second, 3)), key_after(&stay));
    for old in [&stay, &moved] {
        let start = Instant::now();
        let refused = store.rotate(&op, old, &new, Arc::clone(&third), version, None);
        let refused = refused.await.unwrap_err().kind();
        assert!(matches!(
            refused,
            StoreErrorKind::Unavailable | StoreErrorKind::Timeout
        ));
        assert!(start.elapsed() < 2 * timeout, "{:?}", start.elapsed());
        assert_eq!(count(&live(&store, t, old).await.unwrap()), 2);
        assert!(live(&store, t, &new).await.is_none());
    }
    for key in [&stay, &late] {
        assert_eq!(store.destroy(&op, key).await.unwrap(), None);
        let gone = store.read(&op, key, None).await.unwrap();
        assert!(matches!(gone, ReadOutcome::Gone { .. }), "{gone:?}");
    }
    cluster.end_move(&slot, 0, 3);
    let gone = store.read(&op, &stay, None).await.unwrap();
    assert!(matches!(gone, ReadOutcome::Gone { .. }), "{gone:?}");
    let rotated = store.rotate(&op, &moved, &new, third, version, None).await;
    assert!(matches!(rotated.unwrap(), RotateOutcome::Saved(_)));
    assert_eq!(count(&live(&store, t, &new).await.unwrap()), 3);

    revoked_halfway(&cluster, &store).await;
}

/// With set and `not_before` still where the slot is leaving: nothing of what is written there is gone in between.
async fn revoked_halfway(cluster: &Cluster, store: &RedisStore) {
    let t = now();
    let ann = OwnerKey::of("ann");
    store.destroy_all_of(&op(t), &ann, None).await.unwrap();
    let (later, latest) = (t + INTERVAL, t + INTERVAL + INTERVAL);
    let session = put(store, later, &owned(later, "ann")).await;
    let set = set(&ann);
    let from = (0..3).find(|node| {
        let here = cluster.nodes[*node].try_command::<u64>(&[b"EXISTS", set.as_bytes()]);
        here.is_ok()
    });
    let (slot, from) = (cluster.slot(&set), from.unwrap());
    cluster.begin_move(&slot, from, 3);
    let ended = store.destroy_all_of(&op(latest), &ann, None).await.unwrap();
    assert_eq!(ended, 1);
    assert!(live(store, latest, &session).await.is_none());
    cluster.end_move(&slot, from, 3);
    let early = Arc::new(owned(later, "ann"));
    let refused = store.create(&op(latest), &fresh_key(), early, None).await;
    assert_eq!(refused.unwrap(), CreateOutcome::OwnerRevoked);
}
