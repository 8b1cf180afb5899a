//! Who asks while a statement is under way is answered together with others, and as if it were alone.

use std::future::Future as _;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use session::{
    ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, StoreErrorKind, StoreKey, Timestamp,
};
use session_stores::sqlite::SqliteStore;
use tokio::task::JoinSet;

use crate::sessions::*;
use crate::sqlite_file::*;

/// One statement is under way at a time.
async fn store(path: &std::path::Path) -> Arc<SqliteStore> {
    let builder = SqliteStore::builder().connections(2);
    let builder = builder.response_timeout(Duration::from_secs(60));
    Arc::new(builder.open(path).await.unwrap())
}

/// What somebody may ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Case {
    Live(u64),
    Moved(StoreKey),
    Expired,
    Damaged,
    Unreadable,
    Absent,
}

async fn cases(store: &SqliteStore, path: &std::path::Path, t: Timestamp) -> Vec<(StoreKey, Case)> {
    let at = op(t);
    let mut cases = Vec::new();
    for n in 1..12 {
        let key = put(store, t, &next(&record(t), n)).await;
        cases.push((key, Case::Live(n)));
        let first = record(t);
        let (old, new) = (put(store, t, &first).await, fresh_key());
        let new = StoreKey::from_parts(*new.hash(), old.tag());
        let (second, version) = (Arc::new(next(&first, 2)), first.header.version);
        let moved = store.rotate(&at, &old, &new, second, version, None).await;
        assert!(matches!(moved, Ok(RotateOutcome::Saved(_))));
        cases.push((old, Case::Moved(new)));
        let mut expired = record(t);
        expired.header.idle_deadline = t;
        cases.push((put(store, t, &expired).await, Case::Expired));
        cases.push((fresh_key(), Case::Absent));
    }
    let mut other = other(path).await;
    for (case, column) in [
        (Case::Damaged, "header = x'00'"),
        (Case::Unreadable, "idle_deadline = 'z'"),
    ] {
        let key = put(store, t, &record(t)).await;
        let hash: String = key
            .hash()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let spoil = format!("UPDATE sessions SET {column} WHERE session_key = x'{hash}'");
        run(&mut other, spoil.leak()).await;
        cases.push((key, case));
    }
    cases
}

fn check(case: Case, found: Result<ReadOutcome, session::StoreError>) {
    match (case, found) {
        (Case::Live(n), Ok(ReadOutcome::Live(found))) => assert_eq!(count(&found), n),
        (Case::Moved(to), Ok(ReadOutcome::Gone { successor })) => assert_eq!(successor, Some(to)),
        (Case::Expired | Case::Absent, Ok(ReadOutcome::Absent))
        | (Case::Damaged, Ok(ReadOutcome::Damaged)) => {}
        (Case::Unreadable, Err(error)) => assert_eq!(error.kind(), StoreErrorKind::Unavailable),
        (case, found) => panic!("{case:?}: {found:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_told_of_its_own_session() {
    let (_dir, path) = new_file();
    let (store, t) = (store(&path).await, now());
    let cases = cases(&store, &path, t).await;
    for _ in 0..20 {
        let mut reading = JoinSet::new();
        // Each twice.
        for (key, case) in cases.iter().chain(&cases).copied() {
            let (store, at) = (Arc::clone(&store), op(t));
            reading.spawn(async move { (case, store.read(&at, &key, None).await) });
        }
        while let Some(done) = reading.join_next().await {
            let (case, found) = done.unwrap();
            check(case, found);
        }
    }
}

/// Whoever goes, whether it is answered alone or with others, is in nobody's way.
#[tokio::test(flavor = "multi_thread")]
async fn who_goes_leaves_the_others_their_answers() {
    let (_dir, path) = new_file();
    let (store, t) = (store(&path).await, now());
    let cases = cases(&store, &path, t).await;
    for round in 0..100 {
        let mut reading = Vec::new();
        for (key, case) in cases.iter().copied() {
            let (store, at) = (Arc::clone(&store), op(t));
            reading.push(tokio::spawn(async move {
                check(case, store.read(&at, &key, None).await);
            }));
        }
        for (n, reading) in reading.into_iter().enumerate() {
            if (n + round) % 3 == 0 {
                reading.abort();
            } else {
                reading.await.unwrap();
            }
        }
        let (key, case) = cases[round % cases.len()];
        check(case, store.read(&op(t), &key, None).await);
    }
}

/// A caller that has asked and is not polled any more keeps nobody waiting, also where one statement at a time is all
/// that there are connections for.
#[tokio::test]
async fn who_does_not_look_at_its_answer_keeps_nobody_waiting() {
    let (_dir, path) = new_file();
    let (store, t) = (store(&path).await, now());
    let (key, at) = (put(&*store, t, &record(t)).await, op(t));
    let mut first = Box::pin(store.read(&at, &key, None));
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    for _ in 0..20 {
        let read = tokio::time::timeout(Duration::from_secs(10), store.read(&at, &key, None));
        assert!(matches!(read.await, Ok(Ok(ReadOutcome::Live(_)))));
    }
    assert!(matches!(first.await, Ok(ReadOutcome::Live(_))));
}

/// Where there is one connection for all, readers who never stop let the writer have its turn.
#[tokio::test]
async fn who_reads_all_the_time_leaves_a_writer_its_turn() {
    let (_dir, path) = new_file();
    let builder = SqliteStore::builder().connections(1);
    let store = Arc::new(builder.open(&path).await.unwrap());
    let t = now();
    let key = put(&*store, t, &record(t)).await;
    let mut reading = JoinSet::new();
    for _ in 0..40 {
        let (store, at) = (Arc::clone(&store), op(t));
        reading.spawn(async move {
            loop {
                let read = store.read(&at, &key, None).await;
                assert!(matches!(read, Ok(ReadOutcome::Live(_))), "{read:?}");
            }
        });
    }
    let (mut last, at) = (live(&*store, t, &key).await.unwrap(), op(t));
    for n in 2..50 {
        let (second, expected) = (Arc::new(next(&last, n)), last.header.version);
        let saved = store.save(&at, &key, Arc::clone(&second), expected);
        assert!(matches!(saved.await, Ok(SaveOutcome::Saved(_))));
        last = second;
    }
    assert!(reading.try_join_next().is_none(), "a reader failed");
}
