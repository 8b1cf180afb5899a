//! What goes wrong between a store and its engine: the connection, the engine's process, its memory, its role.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{OwnerKey, ReadOutcome, SaveOutcome, SessionStore, StoreError, StoreErrorKind};
use session_stores::redis::RedisStore;

use crate::redis_server::{Server, available};
use crate::sessions::*;
use crate::writers::under_load;

const TIMEOUT: Duration = Duration::from_millis(400);

async fn quick(url: String) -> RedisStore {
    let builder = RedisStore::builder().response_timeout(TIMEOUT);
    builder.connect(url).await.unwrap()
}

/// T51: an engine that stands still is a typed time-out, in time; when it goes on, so does the store, and the verb that
/// had no answer was done or not, once.
#[tokio::test(flavor = "multi_thread")]
async fn t51_a_paused_engine_is_a_timeout() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let store = quick(server.url()).await;
    let t = now();
    let first = record(t);
    let key = put(&store, t, &first).await;
    server.pause();
    let second = Arc::new(next(&first, 2));
    for _ in 0..4 {
        let start = Instant::now();
        let read = store.read(&op(t), &key, None).await;
        assert_eq!(read.unwrap_err().kind(), StoreErrorKind::Timeout);
        assert!(start.elapsed() < TIMEOUT * 2, "{:?}", start.elapsed());
    }
    let save = store
        .save(&op(t), &key, Arc::clone(&second), first.header.version)
        .await;
    assert_eq!(save.unwrap_err().kind(), StoreErrorKind::Timeout);
    server.resume();
    let found = loop {
        if let Ok(ReadOutcome::Live(found)) = store.read(&op(t), &key, None).await {
            break found;
        }
    };
    assert!([first.header.commit_id, second.header.commit_id].contains(&found.header.commit_id));
    let third = Arc::new(next(&found, 3));
    let outcome = store
        .save(&op(t), &key, third, found.header.version)
        .await
        .unwrap();
    assert!(matches!(outcome, SaveOutcome::Saved(_)), "{outcome:?}");
}

/// T52: killed without a warning and started again while sessions are written, an engine that syncs each write
/// (`appendfsync always`) has every acknowledged change, nothing that was signed out lives, and the store goes on.
#[tokio::test(flavor = "multi_thread")]
async fn t52_killed_and_restarted_under_load() {
    if !available() {
        return;
    }
    let server = Arc::new(Server::start(&[
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
    ]));
    let seen = under_load(quick(server.url()).await, async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.kill();
            let again = Arc::clone(&server);
            let restart = tokio::task::spawn_blocking(move || again.restart());
            restart.await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    });
    assert!(seen.await.failures > 0, "nobody noticed");
}

/// T55: scripts that the engine has forgotten are sent again.
#[tokio::test(flavor = "multi_thread")]
async fn t55_scripts_are_forgotten() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let store = quick(server.url()).await;
    let t = now();
    let first = owned(t, "ann");
    let key = put(&store, t, &first).await;
    let flush = || server.command::<String>(&[b"SCRIPT", b"FLUSH"]);
    flush();
    assert!(live(&store, t, &key).await.is_some());
    flush();
    let second = Arc::new(next(&first, 2));
    let outcome = store
        .save(&op(t), &key, second, first.header.version)
        .await
        .unwrap();
    assert!(matches!(outcome, SaveOutcome::Saved(_)), "{outcome:?}");
    flush();
    assert_eq!(store.destroy(&op(t), &key).await.unwrap(), None);
    assert!(live(&store, t, &key).await.is_none());
}

/// T55, S16: an engine whose memory is full refuses what would take more of it with a typed error and changes nothing;
/// reading, renewing and signing out go on.
#[tokio::test(flavor = "multi_thread")]
async fn t55_s16_a_full_engine_lets_people_out() {
    if !available() {
        return;
    }
    let server = Server::start(&["--maxmemory-policy", "noeviction"]);
    let store = quick(server.url()).await;
    let t = now();
    let first = owned(t, "ann");
    let mut keys = Vec::new();
    for _ in 0..4 {
        keys.push(put(&store, t, &first).await);
    }
    let bobs = put(&store, t, &owned(t, "bob")).await;
    server.command::<String>(&[b"CONFIG", b"SET", b"maxmemory", b"1"]);
    let full = |kind: StoreErrorKind| assert_eq!(kind, StoreErrorKind::Full);
    let more = Arc::new(next(&first, 2));
    let (op, key, new) = (op(t + INTERVAL), &keys[0], key_after(&keys[0]));
    let version = first.header.version;
    full(
        store
            .create(&op, &fresh_key(), Arc::clone(&more), None)
            .await
            .unwrap_err()
            .kind(),
    );
    full(
        store
            .save(&op, key, Arc::clone(&more), version)
            .await
            .unwrap_err()
            .kind(),
    );
    full(
        store
            .rotate(&op, key, &new, more, version, None)
            .await
            .unwrap_err()
            .kind(),
    );
    assert!(!store.exists(&op, &new).await.unwrap());

    let ReadOutcome::Live(read) = store.read(&op, key, Some(INTERVAL)).await.unwrap() else {
        panic!("the session is live");
    };
    assert_eq!((count(&read), read.header.last_seen), (1, op.now));
    assert_eq!(
        store
            .sessions_of(&op, &OwnerKey::of("ann"))
            .await
            .unwrap()
            .len(),
        4
    );
    store.destroy(&op, key).await.unwrap();
    let gone = store.read(&op, key, None).await.unwrap();
    assert!(
        matches!(gone, ReadOutcome::Gone { successor: None }),
        "{gone:?}"
    );
    let ann = OwnerKey::of("ann");
    assert_eq!(
        store
            .destroy_all_of(&op, &ann, Some(&keys[1]))
            .await
            .unwrap(),
        2
    );
    for dead in [&keys[0], &keys[2], &keys[3]] {
        assert!(!store.exists(&op, dead).await.unwrap());
    }
    assert!(store.exists(&op, &keys[1]).await.unwrap() && store.exists(&op, &bobs).await.unwrap());
    // And when there is room again, everything is as before.
    server.command::<String>(&[b"CONFIG", b"SET", b"maxmemory", b"0"]);
    put(&store, t + INTERVAL + INTERVAL, &record(t + INTERVAL)).await;
}

/// The verb is refused. Where the machine was so busy that the time was up under an attempt, it is asked again.
async fn refused<T: std::fmt::Debug>(verb: impl AsyncFn() -> Result<T, StoreError>) {
    for _ in 0..5 {
        match verb().await.unwrap_err().kind() {
            StoreErrorKind::Timeout => {}
            kind => return assert_eq!(kind, StoreErrorKind::Unavailable),
        }
    }
    panic!("the time was up each time, and nothing was refused");
}

/// T55: a replica takes nothing, and is not believed either: it may not know yet who has signed out. A store that held
/// a primary which became a replica finds the way when it is one again.
#[tokio::test(flavor = "multi_thread")]
async fn t55_a_replica_is_refused() {
    if !available() {
        return;
    }
    let primary = Server::start(&["--repl-diskless-sync-delay", "0"]);
    let replica = Server::start(&[]);
    let store = quick(primary.url()).await;
    let t = now();
    let first = owned(t, "ann");
    let key = put(&store, t, &first).await;
    replica.follow(&primary);
    // Refused again until the time is up, each time over a new connection, which takes a moment on a busy machine.
    let builder = RedisStore::builder().response_timeout(Duration::from_secs(2));
    let lagging = builder.connect(replica.url()).await.unwrap();
    let (op, ann) = (op(t), OwnerKey::of("ann"));
    let second = Arc::new(next(&first, 2));
    let save = || lagging.save(&op, &key, Arc::clone(&second), first.header.version);
    tokio::join!(
        refused(|| lagging.read(&op, &key, None)),
        refused(|| lagging.exists(&op, &key)),
        refused(save),
        refused(|| lagging.destroy(&op, &key)),
        refused(|| lagging.sessions_of(&op, &ann)),
        refused(|| lagging.destroy_all_of(&op, &ann, None)),
    );
    assert!(store.exists(&op, &key).await.unwrap());
    replica.command::<String>(&[b"REPLICAOF", b"NO", b"ONE"]);
    let outcome = save().await.unwrap();
    assert!(matches!(outcome, SaveOutcome::Saved(_)), "{outcome:?}");
}
