//! Sessions to drive a store with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{
    Clock, CommitId, CreateOutcome, Data, Header, Lifetime, Op, Over, Owner, OwnerKey, OwnerRule,
    ReadOutcome, Record, RotateOutcome, SessionId, SessionStore, StoreError, StoreKey, SystemClock,
    Timestamp,
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
    of(record(now), owner)
}

/// The record with this owner, who authenticated when it began.
pub(crate) fn of(mut record: Record, owner: &str) -> Record {
    record.header.owner = Some(
        Owner {
            key: OwnerKey::of(owner),
            entry: "user_id".into(),
        }
        .into(),
    );
    record
}

pub(crate) fn at_most(max: u32, over: Over) -> Option<OwnerRule> {
    let max = max.try_into().unwrap();
    Some(OwnerRule { max, over })
}

/// Two sessions that each take the place of the other, at the same time on two nodes: one of them is there in the end, and
/// nobody fails.
pub(crate) async fn trade_places<S: SessionStore>(nodes: [&S; 2], t: Timestamp) {
    let barrier = tokio::sync::Barrier::new(2);
    let trade = async |node: &S, from, to| {
        let first = owned(t, from);
        let key = put(node, t, &first).await;
        let (moved, new) = (Arc::new(of(next(&first, 2), to)), key_after(&key));
        let (version, one) = (first.header.version, at_most(1, Over::Evict));
        barrier.wait().await;
        let outcome = node.rotate(&op(t), &key, &new, moved, version, one).await;
        node.destroy(&op(t), &new).await.unwrap();
        outcome.unwrap()
    };
    let outcomes = tokio::join!(trade(nodes[0], "dan", "eve"), trade(nodes[1], "eve", "dan"));
    use RotateOutcome::{Gone, Saved};
    assert!(
        matches!(outcomes, (Saved(_), Gone) | (Gone, Saved(_))),
        "{outcomes:?}"
    );
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

/// The first answer that is no error.
pub(crate) async fn until_it_works<T, F: Future<Output = Result<T, StoreError>>>(
    verb: impl Fn() -> F,
) -> T {
    let start = Instant::now();
    loop {
        match verb().await {
            Ok(answer) => return answer,
            Err(error) => assert!(start.elapsed() < Duration::from_secs(30), "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Makes a session, or fails to.
pub(crate) async fn put_one<S: SessionStore>(
    store: &S,
    t: Timestamp,
    record: &Record,
) -> Result<StoreKey, StoreError> {
    let key = fresh_key();
    let record = Arc::new(record.clone());
    store.create(&op(t), &key, record, None).await.map(|_| key)
}
