//! `create`: the only verb that makes a record.

use super::caller::{
    GRACE, LIFETIME, MILLI, SKEW, count, fresh_key, key_after, next, owned, record,
};
use super::caller::{secs, start};
use super::{Caller, Fixture};
use crate::store::{CreateOutcome, RotateOutcome};

/// P32: what was created reads back as it was.
pub async fn p32_reads_back_as_it_was<F: Fixture>(store: Caller<F>) {
    let (t, key) = (start(), fresh_key());
    let record = record(t);
    let outcome = store.create(t, &key, &record).await;
    assert_eq!(outcome, CreateOutcome::Created);
    let read = store.live(t, &key).await;
    assert_eq!(read.header, record.header);
    assert_eq!(count(&read), 1);
}

/// S11: repeated with the same commit id, after its answer was lost, it answers as the first time.
pub async fn s11_repeated_is_created_again<F: Fixture>(store: Caller<F>) {
    let (t, key) = (start(), fresh_key());
    let record = owned(t, "ann");
    for at in [t, t + secs(1)] {
        let outcome = store.create(at, &key, &record).await;
        assert_eq!(outcome, CreateOutcome::Created);
    }
    assert_eq!(store.live(t, &key).await.header, record.header);
    assert_eq!(store.list(t, "ann").await.len(), 1);
}

/// A live record is never replaced: not by another session, and not by a repetition that comes after a later commit.
pub async fn exists_where_another_record_lives<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = record(t);
    let key = store.put(t, &first).await;
    let outcome = store.create(t, &key, &next(&record(t), 2)).await;
    assert_eq!(outcome, CreateOutcome::Exists);
    assert_eq!(store.live(t, &key).await.header, first.header);

    let second = next(&first, 3);
    store.save(t, &key, &second, first.header.version).await;
    let outcome = store.create(t, &key, &first).await;
    assert_eq!(
        outcome,
        CreateOutcome::Exists,
        "a later commit stands there"
    );
    assert_eq!(count(&*store.live(t, &key).await), 3);
}

/// I2: a key under a tombstone is not made live, whatever left the tombstone.
pub async fn gone_under_a_tombstone<F: Fixture>(store: Caller<F>) {
    let t = start();
    let made = record(t);
    let destroyed = store.put(t, &made).await;
    store.destroy(t, &destroyed).await;
    let never_made = fresh_key();
    store.destroy(t, &never_made).await;
    let rotated = store.put(t, &record(t)).await;
    store
        .moved(t, (&rotated, &key_after(&rotated)), &record(t))
        .await;
    let now = t + GRACE - MILLI;
    for key in [destroyed, never_made, rotated] {
        for record in [&made, &record(t)] {
            let outcome = store.create(now, &key, record).await;
            assert_eq!(outcome, CreateOutcome::Gone);
        }
        assert!(!store.exists(now, &key).await);
    }
}

/// A tombstone stands for the grace and no longer.
pub async fn possible_again_after_the_grace<F: Fixture>(store: Caller<F>) {
    let t = start();
    let key = store.put(t, &record(t)).await;
    store.destroy(t, &key).await;
    let now = t + GRACE;
    store.absent(now, &key).await;
    let record = record(now);
    let outcome = store.create(now, &key, &record).await;
    assert_eq!(outcome, CreateOutcome::Created);
    assert_eq!(store.live(now, &key).await.header, record.header);
    assert_eq!(store.destroy(now, &key).await, None);
    assert_eq!(store.gone(now, &key).await, None);
}

/// What a rotation left behind does not reach the session that is made under the key long after.
pub async fn an_old_successor_is_forgotten<F: Fixture>(store: Caller<F>) {
    let t = start();
    let key = store.put(t, &record(t)).await;
    store.moved(t, (&key, &key_after(&key)), &record(t)).await;
    let now = t + GRACE;
    let outcome = store.create(now, &key, &record(now)).await;
    assert_eq!(outcome, CreateOutcome::Created);
    assert_eq!(store.destroy(now, &key).await, None);
    assert_eq!(store.gone(now, &key).await, None);
}

/// D04: an expired record gives way, and nothing of it is left: not its data, not its place in its owner's set.
pub async fn d04_takes_the_place_of_an_expired_record<F: Fixture>(store: Caller<F>) {
    let t = start();
    let key = store.put(t, &owned(t, "ann")).await;
    let now = t + LIFETIME.absolute;
    let record = next(&owned(now, "bob"), 7);
    let outcome = store.create(now, &key, &record).await;
    assert_eq!(outcome, CreateOutcome::Created);
    let read = store.live(now, &key).await;
    assert_eq!((&read.header, count(&read)), (&record.header, 7));
    assert_eq!(store.list(now, "ann").await, []);
    let handles = store.handles(now, "bob").await;
    assert_eq!(handles, [record.header.handle]);
    // Neither the sweep nor a revocation that is meant for the former one reaches it.
    store.gc_all(now).await;
    assert_eq!(store.destroy_all_of(now, "ann", None).await, 0);
    assert!(store.exists(now, &key).await);
}

/// P21, T09, D01: no other verb makes a record, so an id that was never issued stays unknown.
pub async fn p21_t09_no_other_verb_makes_a_record<F: Fixture>(store: Caller<F>) {
    let t = start();
    let (key, record) = (fresh_key(), record(t));
    let version = record.header.version;
    store.read(t, &key).await;
    store.renew(t, &key).await;
    store.exists(t, &key).await;
    store.save(t, &key, &record, version).await;
    let deadline = t + LIFETIME.idle;
    store.touch(t, &key, version, deadline).await;
    let new = key_after(&key);
    let outcome = store.rotate(t, (&key, &new), &record, version).await;
    assert!(matches!(outcome, RotateOutcome::Gone), "{outcome:?}");
    for key in [key, new] {
        store.absent(t, &key).await;
        assert!(!store.exists(t, &key).await);
    }
    store.gc_all(t + SKEW).await;
    let outcome = store.create(t, &key, &record).await;
    assert_eq!(outcome, CreateOutcome::Created);
}
