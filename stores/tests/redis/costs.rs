//! How many round trips each verb costs, counted at the servers.

use std::sync::Arc;
use std::time::Duration;

use session::{
    OwnerKey, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, StoreKey,
};
use session_stores::redis::RedisStore;

use crate::redis_cluster::Cluster;
use crate::redis_server::{Server, available};
use crate::sessions::*;

/// How many scripts these servers have run by name. A store sends nothing else once they know them.
fn run(servers: &[Server]) -> u64 {
    let calls = |server: &Server| {
        let stats = server.info("commandstats", "cmdstat_evalsha");
        let calls = stats
            .strip_prefix("calls=")
            .unwrap_or("0")
            .split(',')
            .next();
        calls.unwrap().parse::<u64>().unwrap()
    };
    servers.iter().map(calls).sum()
}

/// What each verb costs, on sessions of which two belong to one owner.
async fn costs(store: &RedisStore, servers: &[Server]) -> Vec<(&'static str, u64)> {
    let key = fresh_key();
    // The first time the scripts are sent as they are; all keys are in the slot of this one.
    once(store, servers, &key).await;
    once(store, servers, &key).await
}

async fn once(store: &RedisStore, servers: &[Server], like: &StoreKey) -> Vec<(&'static str, u64)> {
    let (mut costs, mut before) = (Vec::new(), run(servers));
    let mut cost = |verb| {
        let now = run(servers);
        costs.push((verb, now - before));
        before = now;
    };
    let t = now();
    let (op, later) = (op(t), op(t + INTERVAL));
    let rule = Some(OwnerRule {
        max: 2.try_into().unwrap(),
        over: session::Over::Evict,
    });
    let (ann, first) = (OwnerKey::of("ann"), record(t));
    let [key, new, mine, moved, other] = [(); 5].map(|()| key_after(like));

    let given = Arc::new(first.clone());
    store.create(&op, &key, given, None).await.unwrap();
    cost("create");
    let read = store.read(&later, &key, Some(INTERVAL)).await.unwrap();
    let ReadOutcome::Live(read) = read else {
        panic!("{read:?}");
    };
    assert_eq!(read.header.last_seen, later.now);
    cost("read and renew");
    store.exists(&op, &key).await.unwrap();
    cost("exists");
    let (version, second) = (first.header.version, next(&first, 2));
    store.touch(&op, &key, version, later.now).await.unwrap();
    cost("touch");
    let save = store
        .save(&op, &key, Arc::new(second.clone()), version)
        .await;
    assert!(matches!(save, Ok(SaveOutcome::Saved(_))));
    cost("save");
    let late = store
        .save(&op, &key, Arc::new(next(&first, 3)), version)
        .await;
    assert!(matches!(late, Ok(SaveOutcome::Conflict(_))));
    cost("save in conflict");
    let (version, third) = (second.header.version, Arc::new(next(&second, 3)));
    let rotate = store.rotate(&op, &key, &new, third, version, None).await;
    assert!(matches!(rotate, Ok(RotateOutcome::Saved(_))));
    cost("rotate");
    store.destroy(&op, &new).await.unwrap();
    cost("destroy");

    let (first, second) = (owned(t, "ann"), owned(t, "ann"));
    store
        .create(&op, &mine, Arc::new(first.clone()), rule)
        .await
        .unwrap();
    cost("create, owned");
    let (version, given) = (first.header.version, Arc::new(next(&first, 2)));
    let rotate = store.rotate(&op, &mine, &moved, given, version, rule).await;
    assert!(matches!(rotate, Ok(RotateOutcome::Saved(_))));
    cost("rotate, owned");
    store
        .create(&op, &other, Arc::new(second.clone()), rule)
        .await
        .unwrap();
    cost("create beside one");
    assert_eq!(store.sessions_of(&op, &ann).await.unwrap().len(), 2);
    cost("sessions_of two");
    let handle = second.header.handle;
    assert!(store.destroy_of(&op, &ann, handle).await.unwrap());
    cost("destroy_of two");
    store.destroy(&op, &moved).await.unwrap();
    cost("destroy, owned");
    store.destroy_all_of(&op, &ann, None).await.unwrap();
    cost("destroy_all_of none");
    store.gc(&op, 1_000).await.unwrap();
    cost("gc");
    // What authenticated before is kept out from now on.
    servers.iter().for_each(|server| {
        let _ = server.try_command::<String>(&[b"FLUSHALL"]);
    });
    costs
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_is_one_round_trip_to_a_node() {
    if !available() {
        return;
    }
    let servers = [Server::start(&[])];
    let builder = RedisStore::builder().response_timeout(Duration::from_secs(30));
    let store = builder.connect(servers[0].url()).await.unwrap();
    for (verb, cost) in costs(&store, &servers).await {
        assert_eq!(cost, u64::from(verb != "gc"), "{verb}");
    }
}

/// In a cluster the owner's set is a step of its own, before it is entered and after it is left.
#[tokio::test(flavor = "multi_thread")]
async fn owners_cost_more_in_a_cluster() {
    if !available() {
        return;
    }
    let cluster = Cluster::start();
    let builder = RedisStore::builder().response_timeout(Duration::from_secs(30));
    let store = builder.cluster(cluster.urls()).await.unwrap();
    for (verb, cost) in costs(&store, &cluster.nodes).await {
        let expected = match verb {
            "gc" => 0,
            "create, owned" | "create beside one" | "destroy, owned" => 2,
            // Who has moved leaves the set.
            "rotate, owned" => 3,
            "sessions_of two" => 1 + 2,
            "destroy_of two" => 1 + 2 + 2,
            // To note it, and to tidy up.
            "destroy_all_of none" => 2,
            _ => 1,
        };
        assert_eq!(cost, expected, "{verb}");
    }
}
