//! The stores that fail and count do what they say, and a clock stands where it was put.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use session::testing::{CountingStore, Counts, FakeClock, Fault, FaultStore, ModelStore, Verb};
use session::{
    Clock, CommitId, CreateOutcome, Data, Header, Lifetime, MeteredStore, Op, Record,
    RotateOutcome, SaveOutcome, SessionId, SessionStore, StoreCall, StoreErrorKind, StoreKey,
    Timestamp,
};

const OP: Op = Op {
    now: Timestamp::from_millis(1_000_000),
    grace: Duration::from_secs(10),
    max_skew: Duration::from_secs(60),
};

type Faulty = FaultStore<CountingStore<ModelStore>>;

fn faulty() -> Faulty {
    FaultStore::new(CountingStore::new(ModelStore::new()))
}

fn key() -> StoreKey {
    SessionId::generate().unwrap().store_key()
}

fn record() -> Arc<Record> {
    let header = Header::new(OP.now, Lifetime::DEFAULT, Duration::ZERO);
    let data = Data::new();
    Arc::new(Record { header, data })
}

fn after(record: &Record) -> Arc<Record> {
    let mut record = record.clone();
    record.header.version = record.header.version.next();
    record.header.commit_id = CommitId::generate();
    Arc::new(record)
}

/// A creation that meets the fault, what came of it, and whether the session stands.
async fn create_with(fault: Fault) -> (Option<Result<CreateOutcome, StoreErrorKind>>, bool, u64) {
    let (store, key) = (faulty(), key());
    store.inject(Verb::Create, 1, fault);
    let create = store.create(&OP, &key, record(), None);
    let answer = tokio::time::timeout(Duration::from_secs(60), create)
        .await
        .ok();
    assert_eq!(store.pending(), 0);
    let stands = store.get_ref().exists(&OP, &key).await.unwrap();
    let calls = store.get_ref().counts().create;
    (
        answer.map(|answer| answer.map_err(|error| error.kind())),
        stands,
        calls,
    )
}

#[tokio::test(start_paused = true)]
async fn each_fault_is_what_it_says() {
    let created = Some(Ok(CreateOutcome::Created));
    let full = Fault::Fail(StoreErrorKind::Full);
    assert_eq!(
        create_with(full).await,
        (Some(Err(StoreErrorKind::Full)), false, 0)
    );
    let lost = Some(Err(StoreErrorKind::Unavailable));
    assert_eq!(create_with(Fault::LoseAnswer).await, (lost, true, 1));
    assert_eq!(create_with(Fault::Hang).await, (None, false, 0));
    assert_eq!(create_with(Fault::HangAfter).await, (None, true, 1));
    assert_eq!(create_with(Fault::Repeat).await, (created, true, 2));
    assert_eq!(create_with(Fault::Echo).await, (created, true, 2));
    let short = Duration::from_secs(59);
    assert_eq!(create_with(Fault::Delay(short)).await, (created, true, 1));
    assert_eq!(
        create_with(Fault::DelayAnswer(short)).await,
        (created, true, 1)
    );
    let long = Duration::from_secs(61);
    assert_eq!(create_with(Fault::Delay(long)).await, (None, false, 0));
    assert_eq!(create_with(Fault::DelayAnswer(long)).await, (None, true, 1));
}

#[tokio::test]
async fn a_save_performed_twice_meets_its_own_commit() {
    let (store, key, first) = (faulty(), key(), record());
    store
        .create(&OP, &key, Arc::clone(&first), None)
        .await
        .unwrap();
    let (second, version) = (after(&first), first.header.version);
    store.inject(Verb::Save, 1, Fault::Repeat);
    let outcome = store
        .save(&OP, &key, Arc::clone(&second), version)
        .await
        .unwrap();
    let SaveOutcome::Conflict(current) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(current.header.commit_id, second.header.commit_id);
    let third = after(&second);
    store.inject(Verb::Save, 1, Fault::Echo);
    let outcome = store
        .save(&OP, &key, third, second.header.version)
        .await
        .unwrap();
    assert!(matches!(outcome, SaveOutcome::Saved(_)), "{outcome:?}");
}

#[tokio::test]
async fn s11_rotations_survive_every_single_fault() {
    for fault in [
        Fault::LoseAnswer,
        Fault::Repeat,
        Fault::Echo,
        Fault::Fail(StoreErrorKind::Timeout),
    ] {
        let (store, old, first) = (faulty(), key(), record());
        let new = StoreKey::from_parts(*key().hash(), old.tag());
        store
            .create(&OP, &old, Arc::clone(&first), None)
            .await
            .unwrap();
        store.inject(Verb::Rotate, 1, fault);
        let (second, version) = (after(&first), first.header.version);
        let rotate = || store.rotate(&OP, &old, &new, Arc::clone(&second), version, None);
        let outcome = match rotate().await {
            Ok(outcome) => outcome,
            Err(_) => rotate().await.unwrap(),
        };
        assert!(
            matches!(outcome, RotateOutcome::Saved(_)),
            "{fault:?}: {outcome:?}"
        );
        assert!(store.exists(&OP, &new).await.unwrap());
        assert!(!store.exists(&OP, &old).await.unwrap());
    }
}

#[tokio::test]
async fn the_nth_call_is_counted_per_plan() {
    let (store, key) = (faulty(), key());
    let fail = Fault::Fail(StoreErrorKind::Unavailable);
    store.inject(Verb::Exists, 2, fail);
    store.inject(None, 4, fail);
    let mut answers = Vec::new();
    for verb in "erere".chars() {
        let failed = match verb {
            'e' => store.exists(&OP, &key).await.is_err(),
            _ => store.read(&OP, &key, None).await.is_err(),
        };
        answers.push(failed);
    }
    assert_eq!(answers, [false, false, true, true, false]);
    assert_eq!(store.pending(), 0);
    // What did not get through was not counted by the store inside.
    let expected = Counts {
        exists: 2,
        read: 1,
        ..Counts::default()
    };
    assert_eq!(store.get_ref().counts(), expected);
}

#[tokio::test]
async fn every_verb_is_counted_as_itself() {
    let store = CountingStore::new(ModelStore::new());
    let (key, new, record) = (key(), key(), record());
    let (version, handle) = (record.header.version, record.header.handle);
    let owner = session::OwnerKey::of("ann");
    store.read(&OP, &key, None).await.unwrap();
    store
        .create(&OP, &key, Arc::clone(&record), None)
        .await
        .unwrap();
    let counts = Counts {
        read: 1,
        create: 1,
        ..Counts::default()
    };
    assert_eq!(store.counts(), counts);
    store
        .save(&OP, &key, after(&record), version)
        .await
        .unwrap();
    store
        .rotate(&OP, &key, &new, record, version, None)
        .await
        .unwrap();
    store.touch(&OP, &key, version, OP.now).await.unwrap();
    store.destroy(&OP, &key).await.unwrap();
    store.exists(&OP, &key).await.unwrap();
    store.gc(&OP, 1).await.unwrap();
    store.sessions_of(&OP, &owner).await.unwrap();
    store.destroy_of(&OP, &owner, handle).await.unwrap();
    store.destroy_all_of(&OP, &owner, None).await.unwrap();
    let each = Counts {
        read: 1,
        create: 1,
        save: 1,
        rotate: 1,
        touch: 1,
        destroy: 1,
        exists: 1,
        gc: 1,
        sessions_of: 1,
        destroy_of: 1,
        destroy_all_of: 1,
    };
    assert_eq!((store.counts(), store.counts().total()), (each, 11));
    store.reset();
    assert_eq!(store.counts().total(), 0);
}

#[test]
fn wrappers_promise_what_they_can_keep() {
    const { assert!(CountingStore::<ModelStore>::ALWAYS_READY) };
    const { assert!(!FaultStore::<ModelStore>::ALWAYS_READY) };
    const { assert!(!CountingStore::<Faulty>::ALWAYS_READY) };
    const { assert!(MeteredStore::<ModelStore, fn(&StoreCall)>::ALWAYS_READY) };
    const { assert!(!MeteredStore::<Faulty, fn(&StoreCall)>::ALWAYS_READY) };
}

#[test]
fn t61_a_clock_does_not_run_over() {
    let clock = FakeClock::default();
    clock.advance(Duration::MAX);
    assert_eq!(clock.now(), Timestamp::MAX);
    clock.set(Timestamp::default());
    clock.advance(Duration::from_millis(5));
    assert_eq!(clock.clone().now(), Timestamp::from_millis(5));
}

mod counted {
    use super::*;
    session::testing::conformance!(async { CountingStore::new(ModelStore::new()) });
}

mod metered {
    use super::*;
    session::testing::conformance!(async {
        MeteredStore::new(ModelStore::new(), |_: &StoreCall| {})
    });
}

mod without_faults {
    use super::*;
    // A guard may stand beside the store, and a counted reference is a store.
    session::testing::conformance!(async {
        (Arc::new(FaultStore::new(ModelStore::new())), "guard")
    });
}
