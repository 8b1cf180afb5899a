//! The contract, and what is this store's own.

mod books;
#[cfg(not(session_shuttle))]
mod bounds;
#[cfg(not(session_shuttle))]
mod gc;
#[cfg(not(session_shuttle))]
mod invariants;
#[cfg(session_shuttle)]
mod schedules;
#[cfg(not(session_shuttle))]
mod user_code;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use session::{
    CommitId, CreateOutcome, Data, Header, Lifetime, Op, Owner, OwnerKey, Record, SessionId,
    SessionStore, StoreErrorKind, StoreKey, Timestamp,
};

use crate::MemoryStore;

#[cfg(not(session_shuttle))]
mod conformance {
    use super::*;
    session::testing::conformance!(async { MemoryStore::new() });
}

/// The smallest store that the suite fits into: a handful of records a shard, owners close together.
#[cfg(not(session_shuttle))]
mod conformance_of_a_small_store {
    use super::*;
    session::testing::conformance!(async { MemoryStore::builder().max_sessions(1_024).build() });
}

const START: Timestamp = Timestamp::from_millis(1_767_312_000_000);

const fn op(now: Timestamp) -> Op {
    Op {
        now,
        grace: Duration::from_secs(10),
        max_skew: Duration::from_secs(60),
    }
}

const OP: Op = op(START);

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The answer of a verb, which is there at once.
fn now<T>(answer: impl Future<Output = T>) -> T {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the store is always ready"),
    }
}

fn key() -> StoreKey {
    SessionId::generate().unwrap().store_key()
}

fn record(begins: Timestamp) -> Record {
    Record {
        header: Header::new(begins, Lifetime::DEFAULT, secs(180)),
        data: Data::new(),
    }
}

fn owned(begins: Timestamp, owner: &str) -> Record {
    let mut record = record(begins);
    record.header.owner = Some(
        Owner {
            key: OwnerKey::of(owner),
            entry: "user_id".into(),
        }
        .into(),
    );
    record
}

fn next(record: &Record) -> Record {
    let mut next = record.clone();
    next.header.version = next.header.version.next();
    next.header.commit_id = CommitId::generate();
    next
}

fn create(store: &MemoryStore, op: &Op, record: Record) -> Result<StoreKey, StoreErrorKind> {
    let key = key();
    match now(store.create(op, &key, Arc::new(record), None)) {
        Ok(outcome) => {
            assert_eq!(outcome, CreateOutcome::Created);
            Ok(key)
        }
        Err(error) => Err(error.kind()),
    }
}

fn exists(store: &MemoryStore, op: &Op, key: &StoreKey) -> bool {
    now(store.exists(op, key)).unwrap()
}
