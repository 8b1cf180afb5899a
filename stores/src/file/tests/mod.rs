//! The verbs without a runtime, and with a hand on every file operation.

mod basics;
mod costs;
mod crash;
mod damage;
mod faults;
mod foreign;
mod races;
mod stories;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use session::{
    CommitId, CreateOutcome, Data, Header, Lifetime, Op, Over, Owner, OwnerKey, OwnerRule,
    ReadOutcome, Record, SaveOutcome, SessionId, StoreKey, Timestamp,
};

use super::probe::Probe;
use super::{Durability, FileStore, Files};

pub(super) const TOUCH: Duration = Duration::from_secs(180);

/// A store in a directory that goes away with it, and a probe into it.
pub(super) struct Bench {
    pub(super) store: FileStore,
    pub(super) probe: Probe,
    pub(super) dir: tempfile::TempDir,
}

impl std::ops::Deref for Bench {
    type Target = Files;
    fn deref(&self) -> &Files {
        &self.store.files
    }
}

/// A directory in memory where there is one, so that syncing costs nothing.
pub(super) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

pub(super) fn bench() -> Bench {
    bench_with(Durability::Process)
}

pub(super) fn bench_with(durability: Durability) -> Bench {
    let dir = scratch();
    let probe = Probe::default();
    let store = FileStore::builder(dir.path().join("root"))
        .durability(durability)
        .build_with(probe.clone())
        .unwrap();
    Bench { store, probe, dir }
}

/// The time in seconds after an ordinary Friday.
pub(super) fn op(second: u64) -> Op {
    Op {
        now: Timestamp::from_millis(1_767_312_000_000) + Duration::from_secs(second),
        grace: Duration::from_secs(10),
        max_skew: Duration::from_secs(60),
    }
}

pub(super) fn key() -> StoreKey {
    SessionId::generate().unwrap().store_key()
}

pub(super) fn record(op: &Op, n: u64) -> Record {
    let mut data = Data::new();
    data.insert("n", n);
    Record {
        header: Header::new(op.now, Lifetime::DEFAULT, TOUCH),
        data,
    }
}

pub(super) fn owner() -> OwnerKey {
    OwnerKey::of("ann")
}

pub(super) fn owned(op: &Op, n: u64) -> Record {
    let mut record = record(op, n);
    record.header.owner = Some(
        Owner {
            key: owner(),
            entry: "user_id".into(),
        }
        .into(),
    );
    record
}

/// What a commit makes of a record that it read.
pub(super) fn next(of: &Record, n: u64) -> Arc<Record> {
    let mut next = of.clone();
    next.header.version = of.header.version.next();
    next.header.commit_id = CommitId::generate();
    next.data.insert("n", n);
    Arc::new(next)
}

pub(super) fn rule(max: u32, over: Over) -> Option<OwnerRule> {
    Some(OwnerRule {
        max: NonZeroU32::new(max).unwrap(),
        over,
    })
}

impl Bench {
    /// A new session that holds `n`.
    pub(super) fn seed(&self, op: &Op, n: u64) -> (StoreKey, Arc<Record>) {
        self.seed_with(op, record(op, n))
    }

    pub(super) fn seed_with(&self, op: &Op, record: Record) -> (StoreKey, Arc<Record>) {
        let (key, record) = (key(), Arc::new(record));
        let created = self.create(op, &key, Arc::clone(&record), None).unwrap();
        assert_eq!(created, CreateOutcome::Created);
        (key, record)
    }

    pub(super) fn live(&self, op: &Op, key: &StoreKey) -> Option<u64> {
        number(&self.read(op, key, None).unwrap())
    }
}

impl Bench {
    pub(super) fn main(&self, key: &StoreKey) -> PathBuf {
        self.layout.place(key).main
    }

    /// Nothing lives under the key, nothing is made or changed there, and a neighbour is as it was.
    pub(super) fn assert_no_session(
        &self,
        key: &StoreKey,
        like: &Arc<Record>,
        neighbour: &StoreKey,
    ) {
        let at = op(0);
        let outcome = self.read(&at, key, Some(TOUCH)).unwrap();
        assert!(matches!(outcome, ReadOutcome::Damaged), "{outcome:?}");
        assert!(!self.exists(&at, key).unwrap());
        let saved = self
            .save(&at, key, Arc::clone(like), like.header.version)
            .unwrap();
        assert!(matches!(saved, SaveOutcome::Gone));
        let made = self.create(&at, key, Arc::clone(like), None).unwrap();
        assert_eq!(
            made,
            CreateOutcome::Exists,
            "what may be a record is never written over"
        );
        assert_eq!(self.live(&at, neighbour), Some(7));
    }
}

/// What a live record holds.
pub(super) fn number(outcome: &ReadOutcome) -> Option<u64> {
    match outcome {
        ReadOutcome::Live(record) => record.data.get("n").unwrap(),
        _ => None,
    }
}
