//! What can go wrong with a database in use: locked, read-only, damaged, changed by others; and callers that go away.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{
    CreateOutcome, OwnerKey, ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, StoreErrorKind,
};
use session_stores::sqlite::SqliteStore;
use session_stores::sqlite::driver::sqlite::SqliteConnectOptions;
use session_stores::sqlite::driver::{SqlitePool, query};

use crate::sessions::*;
use crate::sqlite_file::*;

const TIMEOUT: Duration = Duration::from_secs(1);

/// Far more than anything may take, on a machine with little time for it.
const SOON: Duration = Duration::from_secs(15);

async fn quick(path: &Path) -> SqliteStore {
    let builder = SqliteStore::builder().response_timeout(TIMEOUT);
    builder.open(path).await.unwrap()
}

/// T51: a database that another process has locked is a typed time-out to who writes, in time, and nothing at all to who
/// reads; a renewal that a read would bring is left out. When the lock is gone, the store goes on.
#[tokio::test(flavor = "multi_thread")]
async fn t51_a_locked_database_is_a_timeout_to_writers_only() {
    let (_dir, path) = new_file();
    let store = quick(&path).await;
    let t = now();
    let first = owned(t, "ann");
    let key = put(&store, t, &first).await;
    let (moving, leaving) = (put(&store, t, &first).await, put(&store, t, &first).await);
    let mut lock = other(&path).await;
    run(&mut lock, "BEGIN IMMEDIATE").await;

    let (second, at) = (Arc::new(next(&first, 2)), op(t));
    let (version, new) = (first.header.version, key_after(&moving));
    let start = Instant::now();
    for _ in 0..2 {
        let save = store.save(&at, &key, Arc::clone(&second), version).await;
        assert_eq!(save.unwrap_err().kind(), StoreErrorKind::Timeout);
    }
    let rotate = store.rotate(&at, &moving, &new, Arc::clone(&second), version, None);
    assert_eq!(rotate.await.unwrap_err().kind(), StoreErrorKind::Timeout);
    let destroy = store.destroy(&at, &leaving).await;
    assert_eq!(destroy.unwrap_err().kind(), StoreErrorKind::Timeout);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    // More readers at once than there are connections, and each with a renewal that is due.
    let later = op(t + INTERVAL);
    let store = Arc::new(store);
    let readers: Vec<_> = (0..20)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.read(&later, &key, Some(INTERVAL)).await })
        })
        .collect();
    for reader in readers {
        let ReadOutcome::Live(read) = reader.await.unwrap().unwrap() else {
            panic!("the session is live");
        };
        assert_eq!(read.header, first.header, "what is stored");
    }
    assert!(store.exists(&at, &key).await.unwrap());
    let listed = store.sessions_of(&at, &OwnerKey::of("ann")).await;
    assert_eq!(listed.unwrap().len(), 3);

    run(&mut lock, "ROLLBACK").await;
    // What was given up may still be done, once. The callers look, and go on from there.
    let saved = loop {
        match store.save(&at, &key, Arc::clone(&second), version).await {
            Ok(SaveOutcome::Saved(version)) => break version,
            Ok(SaveOutcome::Conflict(found)) => break found.header.version,
            Ok(SaveOutcome::Gone) => panic!("the session is live"),
            Err(_) => assert!(start.elapsed() < SOON * 4, "the store goes on"),
        }
    };
    assert_eq!(saved, second.header.version);
    let rotate = store.rotate(&at, &moving, &new, second, version, None);
    assert!(matches!(rotate.await.unwrap(), RotateOutcome::Saved(_)));
    assert!(live(&*store, t, &moving).await.is_none() && live(&*store, t, &new).await.is_some());
    assert_eq!(store.destroy(&at, &leaving).await.unwrap(), None);
    assert!(live(&*store, t, &leaving).await.is_none());
    let renewed = store.read(&later, &key, Some(INTERVAL)).await.unwrap();
    let ReadOutcome::Live(renewed) = renewed else {
        panic!("{renewed:?}");
    };
    assert_eq!(renewed.header.last_seen, later.now);
}

/// T54: callers that go away at any moment leave no lock, no transaction and no connection behind, and each change is
/// there as a whole or not at all.
#[tokio::test(flavor = "multi_thread")]
async fn t54_two_thousand_cancelled_requests() {
    let (_dir, path) = new_file();
    let store = SqliteStore::builder()
        .response_timeout(Duration::from_secs(30))
        .open(&path)
        .await
        .unwrap();
    let store = Arc::new(store);
    let t = now();
    let mut tasks = Vec::new();
    for task in 0..8u64 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let mine = owned(t, &format!("owner {task}"));
            let mut key = put(&*store, t, &mine).await;
            let mut finished = 0;
            for n in 0..250u64 {
                let wait = Duration::from_micros(n * 397 % 12_000);
                let at = op(t);
                let current = live(&*store, t, &key).await.unwrap();
                assert_eq!(current.header.handle, mine.header.handle, "nobody else's");
                let change = Arc::new(next(&current, n));
                let expected = current.header.version;
                let new = key_after(&key);
                finished += u64::from(if n % 2 == 0 {
                    let save = store.save(&at, &key, Arc::clone(&change), expected);
                    tokio::time::timeout(wait, save).await.is_ok()
                } else {
                    let rotate = store.rotate(&at, &key, &new, Arc::clone(&change), expected, None);
                    tokio::time::timeout(wait, rotate).await.is_ok()
                });
                // Repeated, it is done for certain: the rotation by its commit id, the save after a look.
                if n % 2 == 1 {
                    let rotate = store.rotate(&at, &key, &new, change, expected, None);
                    let outcome = rotate.await.unwrap();
                    assert!(matches!(outcome, RotateOutcome::Saved(_)), "{outcome:?}");
                    assert!(live(&*store, t, &key).await.is_none());
                    key = new;
                } else {
                    match store.save(&at, &key, Arc::clone(&change), expected).await {
                        Ok(SaveOutcome::Saved(_)) => {}
                        Ok(SaveOutcome::Conflict(found)) => {
                            assert_eq!(found.header.commit_id, change.header.commit_id);
                        }
                        other => panic!("{other:?}"),
                    }
                }
                let stored = live(&*store, t, &key).await.unwrap();
                assert_eq!(count(&stored), n);
            }
            finished
        }));
    }
    let mut finished = 0;
    for task in tasks {
        finished += task.await.unwrap();
    }
    assert!(finished < 1_900, "{finished} were in time");
    println!("{finished} of 2,000 were in time");
    // Nobody holds the lock, and every connection is there.
    let mut lock = other(&path).await;
    run(&mut lock, "BEGIN IMMEDIATE").await;
    run(&mut lock, "ROLLBACK").await;
    let reads = (0..64).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { put(&*store, t, &owned(t, "ann")).await })
    });
    for read in reads.collect::<Vec<_>>() {
        let key = read.await.unwrap();
        assert!(live(&*store, t, &key).await.is_some());
    }
}

/// T54: a transaction that is refused in its middle by the engine leaves a store that works, and nothing of itself.
#[tokio::test(flavor = "multi_thread")]
async fn t54_a_transaction_that_fails_leaves_nothing() {
    let (_dir, path) = new_file();
    let store = SqliteStore::open(&path).await.unwrap();
    let t = now();
    let first = owned(t, "ann");
    let key = put(&store, t, &first).await;
    let mut admin = other(&path).await;
    let new = key_after(&key);
    let second = Arc::new(next(&first, 2));
    let version = first.header.version;
    let at = op(t);
    // The engine gives the transaction up by itself, or leaves it open.
    for trigger in [
        "CREATE TRIGGER broken BEFORE INSERT ON sessions BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
        "CREATE TRIGGER broken BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'no'); END",
    ] {
        run(&mut admin, trigger).await;
        for _ in 0..10 {
            let rotate = store.rotate(&at, &key, &new, Arc::clone(&second), version, None);
            let error = rotate.await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        }
        assert_eq!(live(&store, t, &key).await.unwrap().header, first.header);
        assert!(live(&store, t, &new).await.is_none());
        run(&mut admin, "DROP TRIGGER broken").await;
    }
    let rotate = store.rotate(&at, &key, &new, second, version, None);
    assert!(matches!(rotate.await.unwrap(), RotateOutcome::Saved(_)));
}

/// T52, S14: a database that cannot be written is read; writing is an error, a renewal is left out, nothing changes.
#[tokio::test(flavor = "multi_thread")]
async fn t52_a_read_only_database_is_read() {
    let (_dir, path) = new_file();
    let store = SqliteStore::open(&path).await.unwrap();
    let t = now();
    let first = record(t);
    let key = put(&store, t, &first).await;
    let options = SqliteConnectOptions::new().filename(&path).read_only(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let reader = SqliteStore::builder().pool(pool).await.unwrap();
    let later = op(t + INTERVAL);
    let read = reader.read(&later, &key, Some(INTERVAL)).await.unwrap();
    let ReadOutcome::Live(read) = read else {
        panic!("{read:?}");
    };
    assert_eq!(read.header, first.header);
    let second = Arc::new(next(&first, 2));
    let save = reader
        .save(&later, &key, second, first.header.version)
        .await;
    assert_eq!(save.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let destroy = reader.destroy(&later, &key).await;
    assert_eq!(destroy.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(live(&store, t, &key).await.unwrap().header, first.header);
}

/// A record that was damaged in its row is no session, and nobody else's concern.
#[tokio::test(flavor = "multi_thread")]
async fn t44_a_damaged_row_is_damaged_and_the_others_are_not() {
    let (_dir, path) = new_file();
    let store = SqliteStore::open(&path).await.unwrap();
    let t = now();
    let (bad, good) = (owned(t, "ann"), owned(t, "ann"));
    let (bad_key, good_key) = (put(&store, t, &bad).await, put(&store, t, &good).await);
    let mut admin = other(&path).await;
    for damage in [
        "UPDATE sessions SET data = X'00' WHERE session_key = ?1",
        "UPDATE sessions SET header = NULL WHERE session_key = ?1",
        "UPDATE sessions SET version = X'01' WHERE session_key = ?1",
    ] {
        let damage = query(damage).bind(bad_key.hash().to_vec());
        damage.execute(&mut admin).await.unwrap();
        let read = store.read(&op(t), &bad_key, Some(INTERVAL)).await.unwrap();
        assert!(matches!(read, ReadOutcome::Damaged), "{read:?}");
        assert!(live(&store, t, &good_key).await.is_some());
    }
    let listed = store
        .sessions_of(&op(t), &OwnerKey::of("ann"))
        .await
        .unwrap();
    assert_eq!(listed.len(), 1);
    let all = store
        .destroy_all_of(&op(t), &OwnerKey::of("ann"), None)
        .await;
    assert_eq!(all.unwrap(), 2);
    let read = store.read(&op(t), &bad_key, None).await.unwrap();
    assert!(matches!(read, ReadOutcome::Gone { .. }), "{read:?}");
}

/// T29: what is signed in through one store is signed out through another on the same file, at once.
#[tokio::test(flavor = "multi_thread")]
async fn t29_two_stores_on_one_file_are_one() {
    let (_dir, path) = new_file();
    let (here, there) = (quick(&path).await, quick(&path).await);
    let (t, ann) = (now(), OwnerKey::of("ann"));
    let first = owned(t, "ann");
    let key = put(&here, t, &first).await;
    assert!(live(&there, t, &key).await.is_some());
    let listed = there.sessions_of(&op(t), &ann).await.unwrap();
    assert_eq!(listed[0].handle, first.header.handle);
    let other = put(&there, t, &owned(t, "ann")).await;
    let all = there.destroy_all_of(&op(t), &ann, Some(&other)).await;
    assert_eq!(all.unwrap(), 1);
    assert!(live(&here, t, &key).await.is_none());
    assert!(live(&here, t, &other).await.is_some());
    // Who signed in before that and is only now stored does not escape.
    let late = here
        .create(&op(t), &fresh_key(), Arc::new(first), None)
        .await;
    assert_eq!(late.unwrap(), CreateOutcome::OwnerRevoked);
}
