//! What each verb costs: the statements that reach the engine, as the driver tells of them.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used)]

#[path = "support/sessions.rs"]
#[allow(dead_code)]
mod sessions;

use std::fmt::Debug;
use std::future::Future as _;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use session::{OwnerKey, ReadOutcome, RotateOutcome, SaveOutcome, SessionStore};
use session_stores::sqlite::SqliteStore;
use sessions::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Listens to what the driver says of each statement.
struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }
    fn event(&self, event: &Event<'_>) {
        event.record(&mut FirstWord);
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct FirstWord;

impl Visit for FirstWord {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "summary" {
            let word = value.split_whitespace().next().unwrap();
            // A connection begins with these.
            if word != "PRAGMA" {
                HEARD.lock().unwrap().push(word.to_owned());
            }
        }
    }
    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// Asserts that the engine was given these statements, and no others, since the last time. The driver speaks a moment
/// after it has answered, and each connection on a thread of its own, so the order does not count.
async fn given(expected: &str) {
    let sorted = |words: Vec<String>| {
        let mut words = words;
        words.sort();
        words.join(" ")
    };
    let expected = sorted(expected.split_whitespace().map(str::to_owned).collect());
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let heard = sorted(HEARD.lock().unwrap().clone());
        if heard == expected {
            HEARD.lock().unwrap().clear();
            return;
        }
        assert!(Instant::now() < end, "{heard}, and not {expected}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Each verb is one statement, or one transaction where more than one row decides. One test, as all threads are heard.
#[tokio::test]
async fn statements_are_counted() {
    tracing::subscriber::set_global_default(Listener).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let builder = SqliteStore::builder().response_timeout(Duration::from_secs(30));
    let store = builder.open(dir.path().join("sessions.db")).await.unwrap();
    let t = now();
    let (at, later) = (op(t), op(t + INTERVAL));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let heard = std::mem::take(&mut *HEARD.lock().unwrap());
    assert!(!heard.is_empty(), "something is heard at all");

    let first = record(t);
    let key = put(&store, t, &first).await;
    given("INSERT").await;
    let version = first.header.version;
    assert!(live(&store, t, &key).await.is_some());
    store.read(&at, &key, Some(INTERVAL)).await.unwrap();
    store.read(&at, &fresh_key(), None).await.unwrap();
    store.exists(&at, &key).await.unwrap();
    given("SELECT SELECT SELECT SELECT").await;
    // A renewal, once in an interval, has to write.
    store.read(&later, &key, Some(INTERVAL)).await.unwrap();
    given("SELECT UPDATE").await;
    store.read(&later, &key, Some(INTERVAL)).await.unwrap();
    given("SELECT").await;
    let touch = store.touch(&later, &key, version, later.now + INTERVAL);
    touch.await.unwrap();
    given("UPDATE").await;

    // All ask before the first is answered: four statements, of sixteen keys at most, are as many as may be under way.
    let reads = (0..60).map(|_| Box::pin(store.read(&at, &key, None)));
    let mut reads: Vec<_> = reads.collect();
    let mut context = Context::from_waker(Waker::noop());
    for read in &mut reads {
        assert!(read.as_mut().poll(&mut context).is_pending());
    }
    for read in reads {
        assert!(matches!(read.await, Ok(ReadOutcome::Live(_))));
    }
    given("SELECT SELECT SELECT SELECT").await;

    let second = Arc::new(next(&first, 2));
    let save = store.save(&at, &key, Arc::clone(&second), version).await;
    assert!(matches!(save, Ok(SaveOutcome::Saved(_))));
    given("UPDATE").await;
    let save = store.save(&at, &key, Arc::clone(&second), version).await;
    assert!(matches!(save, Ok(SaveOutcome::Conflict(_))));
    given("UPDATE SELECT").await;

    let new = key_after(&key);
    let third = Arc::new(next(&second, 3));
    let expected = second.header.version;
    let rotate = store.rotate(&at, &key, &new, Arc::clone(&third), expected, None);
    assert!(matches!(rotate.await, Ok(RotateOutcome::Saved(_))));
    given("BEGIN UPDATE INSERT COMMIT").await;
    assert_eq!(store.destroy(&at, &key).await.unwrap(), Some(new));
    store.destroy(&at, &new).await.unwrap();
    given("INSERT INSERT").await;

    let signed_in = owned(t, "ann");
    put(&store, t, &signed_in).await;
    given("BEGIN INSERT SELECT COMMIT").await;
    let ann = OwnerKey::of("ann");
    assert_eq!(store.sessions_of(&at, &ann).await.unwrap().len(), 1);
    given("SELECT").await;
    let handle = signed_in.header.handle;
    assert!(store.destroy_of(&at, &ann, handle).await.unwrap());
    given("UPDATE").await;
    store.destroy_all_of(&at, &ann, None).await.unwrap();
    given("BEGIN INSERT SELECT UPDATE COMMIT").await;
    store.gc(&at, 100).await.unwrap();
    given("DELETE DELETE").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    given("").await;
}
