//! What goes wrong between a store and its engine: the engine's process, its connections, its role.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use session::{OwnerKey, ReadOutcome, SaveOutcome, SessionStore, StoreErrorKind};
use session_stores::postgres::PostgresStore;

use crate::postgres_server::{Server, available};
use crate::sessions::*;
use crate::writers::under_load;

const TIMEOUT: Duration = Duration::from_millis(700);

/// A store with a table of its own.
async fn quick(server: &Server) -> PostgresStore {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let table = format!("faults_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let builder = PostgresStore::builder().table(table);
    let builder = builder
        .connect_timeout(Duration::from_secs(10))
        .response_timeout(TIMEOUT);
    let store = builder.connect(&server.url()).await.unwrap();
    store.migrate().await.unwrap();
    store
}

const OTHERS: &str =
    "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

/// T51: an engine that stands still is a typed time-out, in time; when it goes on, so does the store, and the verb that
/// had no answer was done or not, once. No place in the pool is lost, and no transaction is left open.
#[tokio::test(flavor = "multi_thread")]
async fn t51_a_paused_engine_is_a_timeout() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let store = quick(&server).await;
    let t = now();
    let first = record(t);
    let key = put(&store, t, &first).await;
    server.pause();
    let second = Arc::new(next(&first, 2));
    let start = Instant::now();
    let (op, version) = (op(t), first.header.version);
    let save = store.save(&op, &key, Arc::clone(&second), version);
    let reads = async {
        // More of them than there are connections.
        for _ in 0..6 {
            let read = store.read(&op, &key, None);
            let exists = store.exists(&op, &key);
            let (read, exists) = tokio::join!(read, exists);
            assert_eq!(read.unwrap_err().kind(), StoreErrorKind::Timeout);
            assert_eq!(exists.unwrap_err().kind(), StoreErrorKind::Timeout);
        }
    };
    let (save, ()) = tokio::join!(save, reads);
    assert_eq!(save.unwrap_err().kind(), StoreErrorKind::Timeout);
    assert!(start.elapsed() < TIMEOUT * 6 * 5, "{:?}", start.elapsed());
    server.resume();
    let found = loop {
        if let Ok(ReadOutcome::Live(found)) = store.read(&op, &key, None).await {
            break found;
        }
    };
    assert!([first.header.commit_id, second.header.commit_id].contains(&found.header.commit_id));
    let third = Arc::new(next(&found, 3));
    let outcome = store.save(&op, &key, third, found.header.version).await;
    assert!(
        matches!(
            outcome,
            Ok(SaveOutcome::Saved(_) | SaveOutcome::Conflict(_))
        ),
        "{outcome:?}"
    );
    let all = (0..10).map(|_| store.exists(&op, &key));
    for exists in futures(all).await {
        assert!(exists.unwrap());
    }
    let open = server.sql(&format!(
        "SELECT count(*) {OTHERS} AND state LIKE '%transaction%'"
    ));
    assert_eq!(open, "0");
}

/// Awaits all of them at once.
async fn futures<T>(all: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        match done.iter().all(Option::is_some) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// T52: killed without a warning and started again while sessions are written, an engine that waits for its log
/// (`synchronous_commit` and `fsync` on, as it comes) has every acknowledged change, no rotated id lives, and the store
/// goes on.
#[tokio::test(flavor = "multi_thread")]
async fn t52_killed_and_restarted_under_load() {
    if !available() {
        return;
    }
    let server = Arc::new(Server::start(&["fsync=on", "synchronous_commit=on"]));
    let seen = under_load(quick(&server).await, async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            server.kill();
            let again = Arc::clone(&server);
            let restart = tokio::task::spawn_blocking(move || again.restart());
            restart.await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    });
    let seen = seen.await;
    assert!(seen.failures > 0, "nobody noticed");
    assert!(seen.fewest > 20, "{}", seen.fewest);
}

/// Backends that are ended under load: what may be repeated is, what may not is a typed error, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn t52_backends_are_terminated_under_load() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let mut ended = 0;
    let seen = under_load(quick(&server).await, async {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let all = format!("SELECT count(pg_terminate_backend(pid)) {OTHERS}");
            ended += server.sql(&all).parse::<u32>().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    });
    let fewest = seen.await.fewest;
    assert!(fewest > 20, "{fewest}");
    assert!(ended > 20, "{ended} backends");
}

/// Connections that were ended while they lay idle: nobody notices, not even a save, which is not repeated.
#[tokio::test(flavor = "multi_thread")]
async fn t52_idle_connections_that_died_are_replaced() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let store = quick(&server).await;
    let t = now();
    let mut current = record(t);
    let key = put(&store, t, &current).await;
    let op = op(t);
    for _ in 0..2 {
        // All connections of the pool are open, and idle for a while.
        futures((0..10).map(|_| store.exists(&op, &key))).await;
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        server.sql(&format!("SELECT pg_terminate_backend(pid) {OTHERS}"));
        for _ in 0..12 {
            let changed = next(&current, count(&current) + 1);
            let version = current.header.version;
            let outcome = store.save(&op, &key, Arc::new(changed.clone()), version);
            let outcome = outcome.await.unwrap();
            assert!(matches!(outcome, SaveOutcome::Saved(_)), "{outcome:?}");
            current = changed;
        }
    }
    // What may be repeated needs no pause.
    futures((0..10).map(|_| store.exists(&op, &key))).await;
    server.sql(&format!("SELECT pg_terminate_backend(pid) {OTHERS}"));
    for _ in 0..12 {
        assert!(store.exists(&op, &key).await.unwrap());
    }
}

/// An engine that takes no changes: whoever is signed in stays so, what would change something is a typed error, and
/// when it takes changes again, so does the store.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_engine_lets_people_read() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let store = quick(&server).await;
    let t = now();
    let first = owned(t, "ann");
    let key = put(&store, t, &first).await;
    let set = |value: &str| {
        server.sql(&format!(
            "ALTER SYSTEM SET default_transaction_read_only = {value}"
        ));
        server.sql("SELECT pg_reload_conf()");
    };
    set("on");
    let (op, ann) = (op(t + INTERVAL), OwnerKey::of("ann"));
    let (second, version) = (Arc::new(next(&first, 2)), first.header.version);
    let refused = |kind: StoreErrorKind| assert_eq!(kind, StoreErrorKind::Unavailable);
    // Backends hear of a setting when they please.
    let start = Instant::now();
    while store.destroy(&op, &fresh_key()).await.is_ok() {
        assert!(start.elapsed() < Duration::from_secs(20), "not read-only");
    }
    for _ in 0..12 {
        let ReadOutcome::Live(read) = store.read(&op, &key, Some(INTERVAL)).await.unwrap() else {
            panic!("the session is live");
        };
        assert_eq!(read.header, first.header);
    }
    assert!(store.exists(&op, &key).await.unwrap());
    assert_eq!(store.sessions_of(&op, &ann).await.unwrap().len(), 1);
    let new = key_after(&key);
    let given = || Arc::clone(&second);
    let create = store.create(&op, &new, given(), None).await;
    refused(create.unwrap_err().kind());
    let save = store.save(&op, &key, given(), version).await;
    refused(save.unwrap_err().kind());
    let rotate = store.rotate(&op, &key, &new, given(), version, None).await;
    refused(rotate.unwrap_err().kind());
    refused(store.destroy(&op, &key).await.unwrap_err().kind());
    let all = store.destroy_all_of(&op, &ann, None).await;
    refused(all.unwrap_err().kind());
    set("off");
    let start = Instant::now();
    while store.destroy(&op, &key).await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(20), "still read-only");
    }
    assert!(!store.exists(&op, &key).await.unwrap());
}
