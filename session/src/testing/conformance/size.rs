//! A value of 10 MiB (T59): kept whole, or refused with [`StoreErrorKind::TooLarge`] and nothing has changed.

use std::sync::{Arc, OnceLock};

use super::caller::{LIFETIME, at_most, count, fresh_key, key_after, next, op, owned};
use super::caller::{secs, signed_in, start};
use super::{Caller, Fixture};
use crate::id::StoreKey;
use crate::record::Record;
use crate::store::{
    CreateOutcome, Over, RotateOutcome, SaveOutcome, SessionStore, StoreError, StoreErrorKind,
};
use crate::time::Timestamp;

/// 10 MiB that no engine can pack, with characters among them that have to be escaped.
fn large() -> &'static str {
    static LARGE: OnceLock<String> = OnceLock::new();
    LARGE.get_or_init(|| {
        let mut seed = 1u64;
        let mut text = String::with_capacity(10 << 20);
        while text.len() < 10 << 20 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let bytes = seed.to_le_bytes();
            text.extend(bytes[2..].iter().map(|byte| char::from(b'0' + byte % 64)));
        }
        text
    })
}

/// The next state of a record, with the value in it.
fn enlarged(record: &Record, count: u64) -> Record {
    let mut large = next(record, count);
    large.data.insert("large", self::large().to_owned());
    large
}

/// The outcome, or `None` if the record was too large for the store.
fn taken<T>(answer: Result<T, StoreError>) -> Option<T> {
    answer
        .inspect_err(|error| assert_eq!(error.kind(), StoreErrorKind::TooLarge, "{error:?}"))
        .ok()
}

/// Asserts that a record stands as it is, the value included where it has one.
async fn stands<F: Fixture>(store: &Caller<F>, now: Timestamp, key: &StoreKey, expected: &Record) {
    let read = store.live(now, key).await;
    assert_eq!(
        (&read.header, count(&read)),
        (&expected.header, count(expected))
    );
    let [read, expected] = [&*read, expected].map(|record| {
        let value = record.data.get::<String>("large");
        value.expect("the value is text")
    });
    // Compared like this because nobody reads 10 MiB of a failure.
    assert!(read == expected, "the value is another");
}

/// Asserts that the session goes on: it is read, renewed, replaced by a small state, and its owner has it.
async fn goes_on<F: Fixture>(store: &Caller<F>, now: Timestamp, key: &StoreKey, owner: &str) {
    let current = store.live(now, key).await;
    let deadline = current.header.idle_deadline + secs(60);
    let version = current.header.version;
    store.touch(now, key, version, deadline).await;
    let current = store.live(now, key).await;
    assert_eq!(current.header.idle_deadline, deadline);
    let mut small = next(&current, 9);
    small.data.remove("large");
    let outcome = store.save(now, key, &small, version).await;
    let saved = matches!(outcome, SaveOutcome::Saved(_));
    assert!(saved, "a small state is saved after a large one");
    stands(store, now, key, &small).await;
    assert_eq!(store.handles(now, owner).await, [small.header.handle]);
}

/// Created whole, or refused: then nothing stands under the key, and nobody has made room for it.
pub async fn t59_create_takes_it_whole_or_not_at_all<F: Fixture>(store: Caller<F>) {
    let (t, key) = (start(), fresh_key());
    let other = owned(t, "ann");
    let standing = store.put(t, &other).await;
    let large = Arc::new(enlarged(&owned(t + secs(1), "ann"), 2));
    let now = t + secs(2);
    let (op, rule) = (op(now), at_most(1, Over::Evict));
    let given = Arc::clone(&large);
    match taken(store.store().create(&op, &key, given, rule).await) {
        Some(outcome) => {
            assert_eq!(outcome, CreateOutcome::Created);
            stands(&store, now, &key, &large).await;
            assert_eq!(store.gone(now, &standing).await, None);
        }
        None => {
            store.absent(now, &key).await;
            stands(&store, now, &standing, &other).await;
            assert_eq!(store.handles(now, "ann").await, [other.header.handle]);
            let small = owned(t + secs(1), "ann");
            let outcome = store.create_bound(now, &key, &small, rule).await;
            assert_eq!(outcome, CreateOutcome::Created);
        }
    }
    goes_on(&store, now, &key, "ann").await;
}

/// Saved whole, or refused: then the state, its deadlines and its place in the owner's set are the old ones.
pub async fn t59_save_takes_it_whole_or_not_at_all<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = owned(t, "ann");
    let key = store.put(t, &first).await;
    let now = t + secs(60);
    let mut large = enlarged(&first, 2);
    large.header.renew(now, now + LIFETIME.idle + secs(600));
    let large = Arc::new(large);
    let (op, given) = (op(now), Arc::clone(&large));
    let save = store.store().save(&op, &key, given, first.header.version);
    match taken(save.await) {
        Some(outcome) => {
            let saved = matches!(outcome, SaveOutcome::Saved(_));
            assert!(saved, "neither saved nor refused");
            stands(&store, now, &key, &large).await;
        }
        None => {
            stands(&store, now, &key, &first).await;
            store.absent(first.header.idle_deadline, &key).await;
            assert_eq!(store.handles(now, "ann").await, [first.header.handle]);
        }
    }
    goes_on(&store, now, &key, "ann").await;
}

/// Rotated whole, or refused: then the old key is live with the old state, under the new one is nothing, and both
/// owners have what they had.
pub async fn t59_rotate_takes_it_whole_or_not_at_all<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = owned(t, "ann");
    let old = store.put(t, &first).await;
    let new = key_after(&old);
    let other = owned(t, "bob");
    let standing = store.put(t, &other).await;
    let now = t + secs(60);
    let (op, rule) = (op(now), at_most(1, Over::Evict));
    let large = Arc::new(signed_in(enlarged(&first, 2), now, Some("bob")));
    let (given, version) = (Arc::clone(&large), first.header.version);
    let rotate = store
        .store()
        .rotate(&op, &old, &new, given, version, rule)
        .await;
    match taken(rotate) {
        Some(outcome) => {
            let saved = matches!(outcome, RotateOutcome::Saved(_));
            assert!(saved, "neither rotated nor refused");
            stands(&store, now, &new, &large).await;
        }
        None => {
            stands(&store, now, &old, &first).await;
            store.absent(now, &new).await;
            stands(&store, now, &standing, &other).await;
            assert_eq!(store.handles(now, "ann").await, [first.header.handle]);
            assert_eq!(store.handles(now, "bob").await, [other.header.handle]);
            let small = signed_in(next(&first, 2), now, Some("bob"));
            let outcome = store
                .rotate_bound(now, (&old, &new), &small, version, rule)
                .await;
            let saved = matches!(outcome, RotateOutcome::Saved(_));
            assert!(saved, "a small state is rotated after a large one");
        }
    }
    assert_eq!(store.gone(now, &old).await, Some(new));
    assert_eq!(store.gone(now, &standing).await, None);
    assert_eq!(store.list(now, "ann").await, []);
    goes_on(&store, now, &new, "bob").await;
}
