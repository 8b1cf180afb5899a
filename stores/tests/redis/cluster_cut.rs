//! T55 in a cluster: the connections to all three nodes go through proxies, whose ports the nodes announce, and are cut
//! after each byte that the nodes are sent or send. A verb that concerns an owner is several calls there, to several
//! nodes: what stands after a cut between them is what the contract allows, and the next call goes on from there.
//!
//! The gate cuts at some places (`support/places.rs`). At each byte, a quarter of an hour:
//!
//! `SESSION_EVERY_BYTE=1 cargo test -p session-stores --features redis --test redis cluster_cut -- --nocapture`

use std::num::NonZeroU32;
use std::sync::Arc;

use session::{
    CreateOutcome, Over, OwnerRule, Record, RotateOutcome, SaveOutcome, SessionStore, StoreError,
    StoreKey,
};
use session_stores::redis::RedisStore;

use crate::redis_cluster_cuts::{Found, Given, Place};
use crate::sessions::*;

/// Whether an answer acknowledges the verb.
fn done<T>(answer: Option<Result<T, StoreError>>, is: impl Fn(&T) -> bool) -> bool {
    match answer {
        Some(Ok(outcome)) => {
            assert!(is(&outcome), "another outcome");
            true
        }
        _ => false,
    }
}

const TWO: OwnerRule = OwnerRule {
    max: NonZeroU32::new(2).unwrap(),
    over: Over::Evict,
};

type Answer<T> = Option<Result<T, StoreError>>;

async fn create(
    store: &RedisStore,
    given: &Given,
    record: &Arc<Record>,
    bind: Option<OwnerRule>,
) -> Result<CreateOutcome, StoreError> {
    store
        .create(&op(given.t), &given.new, Arc::clone(record), bind)
        .await
}

/// Without an owner it is one call; with one, the owner's set is entered before it.
#[tokio::test(flavor = "multi_thread")]
async fn t55_create() {
    let Some(mut place) = Place::start().await else {
        return;
    };
    for with_owner in [false, true] {
        let record = |given: &Given| {
            let mut record = (*given.third).clone();
            if !with_owner {
                record.header.owner = None;
            }
            Arc::new(record)
        };
        let verb = async |store: &RedisStore, given: &Given| {
            create(store, given, &record(given), None).await
        };
        let check = async |direct: &RedisStore, given: &Given, answer: Answer<CreateOutcome>| {
            let done = done(answer, |outcome| *outcome == CreateOutcome::Created);
            let found = given.found(direct, &given.key, &given.new).await;
            let record = record(given);
            assert_eq!(found.old, given.before().old);
            assert!(found.other && (found.new.is_some() || !done));
            assert!(found.new.is_none_or(|new| new == record.header));
            if with_owner && given.t.as_millis().is_multiple_of(2) {
                // Whatever was left half done is on the list of who signs out everywhere.
                direct
                    .destroy_all_of(&op(given.t), &given.owner, None)
                    .await
                    .unwrap();
                let late = create(direct, given, &record, None).await.unwrap();
                assert_eq!(late, CreateOutcome::OwnerRevoked);
                let found = given.found(direct, &given.key, &given.new).await;
                assert_eq!(found, Found::ended(false));
            } else {
                let again = create(direct, given, &record, None).await.unwrap();
                assert_eq!(again, CreateOutcome::Created);
                let found = given.found(direct, &given.key, &given.new).await;
                assert_eq!(found.new.as_ref(), Some(&record.header));
            }
        };
        let name = ["create", "create, owned"][usize::from(with_owner)];
        place.cut_everywhere(name, verb, check).await;
    }
}

/// The oldest has to go. It does, or the answer is an error; and a repetition goes on from there.
#[tokio::test(flavor = "multi_thread")]
async fn t55_sign_in_that_evicts() {
    let Some(mut place) = Place::start().await else {
        return;
    };
    let verb = async |store: &RedisStore, given: &Given| {
        create(store, given, &given.third, Some(TWO)).await
    };
    let check = async |direct: &RedisStore, given: &Given, answer: Answer<CreateOutcome>| {
        let done = done(answer, |outcome| *outcome == CreateOutcome::Created);
        let found = given.found(direct, &given.key, &given.new).await;
        assert!(found.other, "not the oldest");
        assert!(
            found.old.is_some() || found.new.is_some(),
            "evicted for nobody"
        );
        assert!(
            !done || (found.old.is_none() && found.new.is_some()),
            "{found:?}"
        );
        let again = verb(direct, given).await.unwrap();
        assert_eq!(again, CreateOutcome::Created);
        let found = given.found(direct, &given.key, &given.new).await;
        assert!(found.old.is_none() && found.new.is_some() && found.other);
    };
    place.cut_everywhere("create, evicts", verb, check).await;

    let verb = async |store: &RedisStore, given: &Given| {
        Rotated::SignIn.run(store, given, Some(TWO)).await
    };
    let check = async |direct: &RedisStore, given: &Given, answer: Answer<RotateOutcome>| {
        let done = done(answer, |outcome| matches!(outcome, RotateOutcome::Saved(_)));
        let (old, new) = (&given.anonymous, &given.new_of_anonymous);
        let oldest = async || live(direct, given.t, &given.key).await;
        let found = given.found(direct, old, new).await;
        assert!(found.old.is_some() != found.new.is_some() && found.other);
        assert!(
            found.new.is_some() || oldest().await.is_some(),
            "for nobody"
        );
        assert!(!done || (found.new.is_some() && oldest().await.is_none()));
        let again = verb(direct, given).await.unwrap();
        assert!(matches!(again, RotateOutcome::Saved(_)), "{again:?}");
        let found = given.found(direct, old, new).await;
        assert!(found.new.is_some() && found.other && oldest().await.is_none());
    };
    place.cut_everywhere("rotate, evicts", verb, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_save() {
    let Some(mut place) = Place::start().await else {
        return;
    };
    let verb = async |store: &RedisStore, given: &Given| {
        let (record, expected) = (Arc::clone(&given.second), given.first.header.version);
        store.save(&op(given.t), &given.key, record, expected).await
    };
    let check = async |direct: &RedisStore, given: &Given, answer: Answer<SaveOutcome>| {
        let done = done(answer, |outcome| matches!(outcome, SaveOutcome::Saved(_)));
        let found = given.found(direct, &given.key, &given.new).await;
        let current = live(direct, given.t, &given.key).await.unwrap();
        let saved = current.header == given.second.header;
        assert!(saved || (!done && current.header == given.first.header));
        assert_eq!(count(&current), 1 + u64::from(saved));
        assert!(found.new.is_none() && found.other);
    };
    place.cut_everywhere("save", verb, check).await;
}

/// What is rotated: a session of nobody's, one that somebody signs in on, one of an owner.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rotated {
    Anonymous,
    SignIn,
    Owned,
}

impl Rotated {
    fn of(self, given: &Given) -> (StoreKey, StoreKey, &Record, Arc<Record>) {
        if self == Self::Owned {
            let second = Arc::clone(&given.second);
            return (given.key, given.new, &given.first, second);
        }
        let mut second = given.next_of_nobodys.clone();
        if self == Self::SignIn {
            second.header.owner = given.first.header.owner.clone();
        }
        let (old, new) = (given.anonymous, given.new_of_anonymous);
        (old, new, &given.nobodys, Arc::new(second))
    }

    async fn run(
        self,
        store: &RedisStore,
        given: &Given,
        bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        let (old, new, first, second) = self.of(given);
        let expected = first.header.version;
        store
            .rotate(&op(given.t), &old, &new, second, expected, bind)
            .await
    }

    /// T16: exactly one of the two lives, and a repetition ends with the new one.
    async fn check(self, direct: &RedisStore, given: &Given, answer: Answer<RotateOutcome>) {
        let saved = |outcome: &RotateOutcome| matches!(outcome, RotateOutcome::Saved(_));
        let done = done(answer, saved);
        let (old, new, first, second) = self.of(given);
        let found = given.found(direct, &old, &new).await;
        match (found.old, found.new) {
            (Some(old), None) => assert!(old == first.header && !done),
            (None, Some(new)) => assert_eq!(new, second.header),
            other => panic!("{other:?}"),
        }
        assert!(saved(&self.run(direct, given, None).await.unwrap()));
        let found = given.found(direct, &old, &new).await;
        assert!(found.old.is_none() && found.new.as_ref() == Some(&second.header));
    }
}

async fn rotate(all: &[Rotated]) {
    let Some(mut place) = Place::start().await else {
        return;
    };
    for what in all {
        let verb = async |store: &RedisStore, given: &Given| what.run(store, given, None).await;
        let check = async |direct: &RedisStore, given: &Given, answer: Answer<RotateOutcome>| {
            what.check(direct, given, answer).await;
        };
        let name = format!("rotate, {what:?}");
        place.cut_everywhere(&name, verb, check).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_t16_rotate() {
    rotate(&[Rotated::Anonymous, Rotated::SignIn]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_t16_rotate_owned() {
    rotate(&[Rotated::Owned]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_destroy() {
    let Some(mut place) = Place::start().await else {
        return;
    };
    let verb =
        async |store: &RedisStore, given: &Given| store.destroy(&op(given.t), &given.key).await;
    let check = async |direct: &RedisStore, given: &Given, answer: Answer<Option<StoreKey>>| {
        let done = done(answer, Option::is_none);
        let found = given.found(direct, &given.key, &given.new).await;
        assert!(found.old.is_none() || (!done && found == given.before()));
        assert_eq!(verb(direct, given).await.unwrap(), None);
        let found = given.found(direct, &given.key, &given.new).await;
        assert_eq!(found, Found::ended(true));
    };
    place.cut_everywhere("destroy", verb, check).await;
    let verb = async |store: &RedisStore, given: &Given| {
        let handle = given.first.header.handle;
        store.destroy_of(&op(given.t), &given.owner, handle).await
    };
    let check = async |direct: &RedisStore, given: &Given, answer: Answer<bool>| {
        let done = done(answer, |_| true);
        let found = given.found(direct, &given.key, &given.new).await;
        assert!(found.old.is_none() || (!done && found == given.before()));
        verb(direct, given).await.unwrap();
        let found = given.found(direct, &given.key, &given.new).await;
        assert_eq!(found, Found::ended(true));
    };
    place.cut_everywhere("destroy_of", verb, check).await;
}

/// Of all sessions, and of all but one.
#[tokio::test(flavor = "multi_thread")]
async fn t55_destroy_all_of() {
    let Some(mut place) = Place::start().await else {
        return;
    };
    for spares in [false, true] {
        let verb = async |store: &RedisStore, given: &Given| {
            let except = spares.then_some(&given.key);
            store
                .destroy_all_of(&op(given.t), &given.owner, except)
                .await
        };
        let check = async |direct: &RedisStore, given: &Given, answer: Answer<u64>| {
            let done = done(answer, |ended| *ended <= 2);
            let found = given.found(direct, &given.key, &given.new).await;
            assert!(found.old.is_some() || !spares, "the spared one is gone");
            assert!(!done || (found.old.is_some() == spares && !found.other));
            let untouched = found.old.is_some() && found.other;
            // Whoever authenticated before is kept out before anyone is ended.
            let late = create(direct, given, &given.third, None).await.unwrap();
            assert!(late == CreateOutcome::OwnerRevoked || untouched, "{late:?}");
            verb(direct, given).await.unwrap();
            let found = given.found(direct, &given.key, &given.new).await;
            assert!(found.old.is_some() == spares && !found.other && found.new.is_none());
            let late = create(direct, given, &given.third, None).await.unwrap();
            assert!(matches!(
                late,
                CreateOutcome::OwnerRevoked | CreateOutcome::Gone
            ));
            if spares {
                // It was authenticated anew, and so can go on.
                let current = live(direct, given.t, &given.key).await.unwrap();
                let (new, second) = (key_after(&given.key), Arc::new(next(&current, 2)));
                let version = current.header.version;
                let rotated = direct
                    .rotate(&op(given.t), &given.key, &new, second, version, None)
                    .await;
                assert!(
                    matches!(rotated, Ok(RotateOutcome::Saved(_))),
                    "{rotated:?}"
                );
            }
        };
        let name = if spares {
            "destroy_all_of, but one"
        } else {
            "destroy_all_of"
        };
        place.cut_everywhere(name, verb, check).await;
    }
}
