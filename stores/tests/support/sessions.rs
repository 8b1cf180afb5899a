//! Sessions to drive a store with.

use std::sync::Arc;
use std::time::Duration;

use session::{
    Clock, CommitId, CreateOutcome, Data, Header, Lifetime, Op, Owner, OwnerKey, ReadOutcome,
    Record, SessionId, SessionStore, StoreKey, SystemClock, Timestamp,
};

pub(crate) const INTERVAL: Duration = Duration::from_secs(180);

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

pub(crate) fn op(now: Timestamp) -> Op {
    Op {
        now,
        grace: Duration::from_secs(10),
        max_skew: Duration::from_secs(60),
    }
}

pub(crate) fn fresh_key() -> StoreKey {
    SessionId::generate().unwrap().store_key()
}

/// The key that a rotation of `old` would take.
pub(crate) fn key_after(old: &StoreKey) -> StoreKey {
    StoreKey::from_parts(*fresh_key().hash(), old.tag())
}

/// A session that begins at `now` and counts from 1.
pub(crate) fn record(now: Timestamp) -> Record {
    let mut data = Data::new();
    data.insert("count", 1u64);
    Record {
        header: Header::new(now, Lifetime::DEFAULT, INTERVAL),
        data,
    }
}

pub(crate) fn owned(now: Timestamp, owner: &str) -> Record {
    let mut record = record(now);
    record.header.owner = Some(
        Owner {
            key: OwnerKey::of(owner),
            entry: "user_id".into(),
        }
        .into(),
    );
    record
}

/// What the next commit would store.
pub(crate) fn next(record: &Record, count: u64) -> Record {
    let mut next = record.clone();
    next.header.version = record.header.version.next();
    next.header.commit_id = CommitId::generate();
    next.data.insert("count", count);
    next
}

pub(crate) fn count(record: &Record) -> u64 {
    record.data.get("count").unwrap().unwrap()
}

/// Makes a session, and gives its key.
pub(crate) async fn put<S: SessionStore>(store: &S, now: Timestamp, record: &Record) -> StoreKey {
    let key = fresh_key();
    let record = Arc::new(record.clone());
    let outcome = store.create(&op(now), &key, record, None).await.unwrap();
    assert_eq!(outcome, CreateOutcome::Created);
    key
}

/// The live record under `key`, if one lives.
pub(crate) async fn live<S: SessionStore>(
    store: &S,
    now: Timestamp,
    key: &StoreKey,
) -> Option<Arc<Record>> {
    match store.read(&op(now), key, None).await.unwrap() {
        ReadOutcome::Live(record) => Some(record),
        _ => None,
    }
}
