//! The hand that the cases drive a store with: time as an argument, a store error as a failure.

use std::sync::Arc;
use std::time::Duration;

use super::Fixture;
use crate::data::Data;
use crate::id::{OwnerKey, SessionId, StoreKey};
use crate::record::{CommitId, Header, Owner, Record, SessionHandle, Version};
use crate::store::{
    CreateOutcome, Op, Over, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome, SessionInfo,
    SessionStore, StoreError, Swept, TouchOutcome,
};
use crate::time::{Lifetime, SystemClock, Timestamp};

pub(super) const GRACE: Duration = Duration::from_secs(10);
pub(super) const SKEW: Duration = Duration::from_secs(60);
pub(super) const INTERVAL: Duration = Duration::from_secs(3 * 60);
pub(super) const LIFETIME: Lifetime = Lifetime {
    idle: Duration::from_secs(3600),
    absolute: Duration::from_secs(24 * 3600),
};

pub(super) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(super) const MILLI: Duration = Duration::from_millis(1);

/// When the sessions of a case begin: two days ago, so that even their absolute deadline has passed by any clock.
pub(super) fn start() -> Timestamp {
    crate::time::Clock::now(&SystemClock) - secs(48 * 3600)
}

pub(super) fn op(now: Timestamp) -> Op {
    Op {
        now,
        grace: GRACE,
        max_skew: SKEW,
    }
}

pub(super) fn fresh_key() -> StoreKey {
    SessionId::generate()
        .expect("the generator works")
        .store_key()
}

/// The key that a rotation of `old` would take: it keeps the slot tag.
pub(super) fn key_after(old: &StoreKey) -> StoreKey {
    StoreKey::from_parts(*fresh_key().hash(), old.tag())
}

/// A session that begins at `now`, and counts from 1.
pub(super) fn record(now: Timestamp) -> Record {
    let mut data = Data::new();
    data.insert("count", 1u64);
    Record {
        header: Header::new(now, LIFETIME, INTERVAL),
        data,
    }
}

/// A session of `owner` that begins at `now`.
pub(super) fn owned(now: Timestamp, owner: &str) -> Record {
    signed_in(record(now), now, Some(owner))
}

/// The record with this owner, who authenticated at `now`.
pub(super) fn signed_in(mut record: Record, now: Timestamp, owner: Option<&str>) -> Record {
    record.header.owner = owner.map(|owner| {
        Owner {
            key: OwnerKey::of(owner),
            entry: "user_id".into(),
        }
        .into()
    });
    record.header.authenticated_at = now;
    record
}

/// What the next commit would store: a version and commit of its own, and this count.
pub(super) fn next(record: &Record, count: u64) -> Record {
    let mut next = record.clone();
    next.header.version = record.header.version.next();
    next.header.commit_id = CommitId::generate();
    next.data.insert("count", count);
    next
}

pub(super) fn count(record: &Record) -> u64 {
    let count = record.data.get("count").expect("the count is a number");
    count.expect("the count is there")
}

pub(super) fn at_most(max: u32, over: Over) -> Option<OwnerRule> {
    let max = std::num::NonZeroU32::new(max).expect("a rule allows one at least");
    Some(OwnerRule { max, over })
}

/// Drives the store of one case.
pub struct Caller<F>(Arc<F>);

impl<F> Clone for Caller<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> std::fmt::Debug for Caller<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Caller")
    }
}

fn answer<T>(verb: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("`{verb}` failed: {error:?}"))
}

impl<F: Fixture> Caller<F> {
    pub(super) fn new(fixture: F) -> Self {
        Self(Arc::new(fixture))
    }

    pub(super) fn store(&self) -> &F::Store {
        self.0.store()
    }

    pub(super) async fn dump(&self) -> Option<Vec<u8>> {
        self.0.dump().await
    }

    pub(super) async fn make_newer(&self, key: &StoreKey) -> bool {
        self.0.make_newer(key).await
    }

    pub(super) async fn read(&self, now: Timestamp, key: &StoreKey) -> ReadOutcome {
        answer("read", self.store().read(&op(now), key, None).await)
    }

    /// A read that renews where that is due.
    pub(super) async fn renew(&self, now: Timestamp, key: &StoreKey) -> ReadOutcome {
        self.renew_by(now, key, INTERVAL).await
    }

    /// A read that renews where that is due by this touch interval.
    pub(super) async fn renew_by(
        &self,
        now: Timestamp,
        key: &StoreKey,
        interval: Duration,
    ) -> ReadOutcome {
        answer(
            "read",
            self.store().read(&op(now), key, Some(interval)).await,
        )
    }

    pub(super) async fn create(
        &self,
        now: Timestamp,
        key: &StoreKey,
        record: &Record,
    ) -> CreateOutcome {
        self.create_bound(now, key, record, None).await
    }

    pub(super) async fn create_bound(
        &self,
        now: Timestamp,
        key: &StoreKey,
        record: &Record,
        bind: Option<OwnerRule>,
    ) -> CreateOutcome {
        let record = Arc::new(record.clone());
        let outcome = self.store().create(&op(now), key, record, bind).await;
        answer("create", outcome)
    }

    pub(super) async fn save(
        &self,
        now: Timestamp,
        key: &StoreKey,
        record: &Record,
        expected: Version,
    ) -> SaveOutcome {
        let record = Arc::new(record.clone());
        let outcome = self.store().save(&op(now), key, record, expected).await;
        answer("save", outcome)
    }

    pub(super) async fn rotate(
        &self,
        now: Timestamp,
        keys: (&StoreKey, &StoreKey),
        record: &Record,
        expected: Version,
    ) -> RotateOutcome {
        self.rotate_bound(now, keys, record, expected, None).await
    }

    pub(super) async fn rotate_bound(
        &self,
        now: Timestamp,
        (old, new): (&StoreKey, &StoreKey),
        record: &Record,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> RotateOutcome {
        let record = Arc::new(record.clone());
        let op = op(now);
        let outcome = self.store().rotate(&op, old, new, record, expected, bind);
        answer("rotate", outcome.await)
    }

    pub(super) async fn touch(
        &self,
        now: Timestamp,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> TouchOutcome {
        let op = op(now);
        let outcome = self.store().touch(&op, key, expected, idle_deadline);
        answer("touch", outcome.await)
    }

    pub(super) async fn destroy(&self, now: Timestamp, key: &StoreKey) -> Option<StoreKey> {
        answer("destroy", self.store().destroy(&op(now), key).await)
    }

    pub(super) async fn exists(&self, now: Timestamp, key: &StoreKey) -> bool {
        answer("exists", self.store().exists(&op(now), key).await)
    }

    pub(super) async fn gc(&self, now: Timestamp, budget: usize) -> Swept {
        answer("gc", self.store().gc(&op(now), budget).await)
    }

    /// Sweeps until nothing is left to sweep, and says how much there was.
    pub(super) async fn gc_all(&self, now: Timestamp) -> usize {
        let mut removed = 0;
        for _ in 0..100_000 {
            let swept = self.gc(now, 1_000).await;
            removed += swept.removed;
            if !swept.more {
                return removed;
            }
        }
        panic!("`gc` says for ever that there is more");
    }

    pub(super) async fn list(&self, now: Timestamp, owner: &str) -> Vec<SessionInfo> {
        let owner = OwnerKey::of(owner);
        answer(
            "sessions_of",
            self.store().sessions_of(&op(now), &owner).await,
        )
    }

    /// The handles of an owner's sessions, oldest first.
    pub(super) async fn handles(&self, now: Timestamp, owner: &str) -> Vec<SessionHandle> {
        let list = self.list(now, owner).await;
        list.iter().map(|info| info.handle).collect()
    }

    pub(super) async fn destroy_of(
        &self,
        now: Timestamp,
        owner: &str,
        handle: SessionHandle,
    ) -> bool {
        let (op, owner) = (op(now), OwnerKey::of(owner));
        let outcome = self.store().destroy_of(&op, &owner, handle).await;
        answer("destroy_of", outcome)
    }

    pub(super) async fn destroy_all_of(
        &self,
        now: Timestamp,
        owner: &str,
        except: Option<&StoreKey>,
    ) -> u64 {
        let (op, owner) = (op(now), OwnerKey::of(owner));
        let outcome = self.store().destroy_all_of(&op, &owner, except).await;
        answer("destroy_all_of", outcome)
    }

    /// Makes a session, and gives its key.
    pub(super) async fn put(&self, now: Timestamp, record: &Record) -> StoreKey {
        let key = fresh_key();
        let outcome = self.create(now, &key, record).await;
        assert_eq!(outcome, CreateOutcome::Created, "a fresh key");
        key
    }

    /// The live record under `key`, which must be there.
    pub(super) async fn live(&self, now: Timestamp, key: &StoreKey) -> Arc<Record> {
        match self.read(now, key).await {
            ReadOutcome::Live(record) => record,
            other => panic!("expected a live record, found {other:?}"),
        }
    }

    /// Asserts that a tombstone stands under `key`, and gives its successor.
    pub(super) async fn gone(&self, now: Timestamp, key: &StoreKey) -> Option<StoreKey> {
        match self.read(now, key).await {
            ReadOutcome::Gone { successor } => successor,
            other => panic!("expected a tombstone, found {other:?}"),
        }
    }

    /// Asserts that nothing stands under `key`.
    pub(super) async fn absent(&self, now: Timestamp, key: &StoreKey) {
        match self.read(now, key).await {
            ReadOutcome::Absent => {}
            other => panic!("expected nothing, found {other:?}"),
        }
    }

    /// Rotates as a commit that must succeed does.
    pub(super) async fn moved(&self, now: Timestamp, keys: (&StoreKey, &StoreKey), to: &Record) {
        let current = self.live(now, keys.0).await.header.version;
        match self.rotate(now, keys, to, current).await {
            RotateOutcome::Saved(_) => {}
            other => panic!("expected a rotation, got {other:?}"),
        }
    }
}
