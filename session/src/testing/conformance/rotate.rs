//! `rotate`: the session moves to a new key, and the old one is dead in the same step.

use super::caller::{GRACE, SKEW, count, fresh_key, key_after, next, owned, record};
use super::caller::{MILLI, secs, signed_in, start};
use super::{Caller, Fixture};
use crate::id::StoreKey;
use crate::record::Record;
use crate::store::{CreateOutcome, RotateOutcome, SaveOutcome, TouchOutcome};
use crate::time::Timestamp;

/// Asserts that a late rotation of `record` is `Gone`, and has made nothing.
async fn is_gone<F: Fixture>(store: &Caller<F>, now: Timestamp, key: &StoreKey, record: &Record) {
    let new = key_after(key);
    let late = next(record, 99);
    let version = record.header.version;
    let outcome = store.rotate(now, (key, &new), &late, version).await;
    assert!(matches!(outcome, RotateOutcome::Gone), "{outcome:?}");
    for key in [*key, new] {
        assert!(!store.exists(now, &key).await);
    }
}

/// T11, T16, D02: the record stands under the new key as it was given, slot tag included, and the old key is a
/// tombstone that names it.
pub async fn t11_moves_the_session<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = owned(t, "ann");
    let old = store.put(t, &first).await;
    let new = key_after(&old);
    let mut second = next(&first, 2);
    second.header.label = Some("phone".into());
    let outcome = store
        .rotate(t, (&old, &new), &second, first.header.version)
        .await;
    let RotateOutcome::Saved(version) = outcome else {
        panic!("the rotation was not stored");
    };
    assert_ne!(version, first.header.version);
    let read = store.live(t, &new).await;
    assert_eq!(read.header.version, version);
    assert_eq!((&read.header, count(&read)), (&second.header, 2));
    let successor = store.gone(t, &old).await.expect("a successor is named");
    assert_eq!(successor, new);
    assert_eq!(successor.tag(), old.tag());
    assert!(!store.exists(t, &old).await);
    // After the grace the old key is forgotten, and the session is where it was.
    store.absent(t + GRACE, &old).await;
    assert!(store.exists(t + GRACE, &new).await);
}

/// T12, T23: no verb makes the old key live again, nor reaches the session through it.
pub async fn t12_the_old_key_is_dead_for_every_verb<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = record(t);
    let old = store.put(t, &first).await;
    let new = key_after(&old);
    let second = next(&first, 2);
    store.moved(t, (&old, &new), &second).await;
    for version in [first.header.version, second.header.version] {
        let late = next(&first, 99);
        let outcome = store.save(t, &old, &late, version).await;
        assert!(matches!(outcome, SaveOutcome::Gone), "{outcome:?}");
        let outcome = store.touch(t, &old, version, t + secs(9)).await;
        assert_eq!(outcome, TouchOutcome::Gone);
        let other = key_after(&old);
        let outcome = store.rotate(t, (&old, &other), &late, version).await;
        assert!(matches!(outcome, RotateOutcome::Gone), "{outcome:?}");
        assert!(!store.exists(t, &other).await);
    }
    let outcome = store.create(t, &old, &first).await;
    assert_eq!(outcome, CreateOutcome::Gone);
    assert_eq!(store.gone(t, &old).await, Some(new));
    assert_eq!(store.live(t, &new).await.header, second.header);
}

/// S11: repeated with the same keys and commit id, after its answer was lost, it answers as the first time.
pub async fn s11_repeated_is_saved_again<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = record(t);
    let old = store.put(t, &first).await;
    let new = key_after(&old);
    let second = signed_in(next(&first, 2), t, Some("ann"));
    for at in [t, t + secs(1)] {
        let expected = first.header.version;
        let outcome = store.rotate(at, (&old, &new), &second, expected).await;
        let RotateOutcome::Saved(version) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(store.live(at, &new).await.header.version, version);
    }
    assert_eq!(store.live(t, &new).await.header, second.header);
    assert_eq!(store.handles(t, "ann").await, [second.header.handle]);
}

/// Repeated with another commit id, or after the session has gone on, it is late, and changes nothing.
pub async fn repeated_too_late_is_gone<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = record(t);
    let old = store.put(t, &first).await;
    let new = key_after(&old);
    let second = next(&first, 2);
    store.moved(t, (&old, &new), &second).await;
    let version = first.header.version;
    let outcome = store
        .rotate(t, (&old, &new), &next(&first, 4), version)
        .await;
    assert!(matches!(outcome, RotateOutcome::Gone), "another commit");
    let third = next(&second, 3);
    store.save(t, &new, &third, second.header.version).await;
    let outcome = store.rotate(t, (&old, &new), &second, version).await;
    assert!(matches!(outcome, RotateOutcome::Gone), "{outcome:?}");
    assert_eq!(count(&*store.live(t, &new).await), 3);
    store.destroy(t, &new).await;
    let outcome = store.rotate(t, (&old, &new), &third, version).await;
    assert!(matches!(outcome, RotateOutcome::Gone), "{outcome:?}");
    assert!(!store.exists(t, &new).await);
}

/// S17: with another version than the stored one nothing moves, and the answer is the record as it stands.
pub async fn s17_conflict_changes_nothing<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = owned(t, "ann");
    let old = store.put(t, &first).await;
    let second = next(&first, 2);
    store.save(t, &old, &second, first.header.version).await;
    let new = key_after(&old);
    let late = next(&first, 3);
    let outcome = store
        .rotate(t, (&old, &new), &late, first.header.version)
        .await;
    let RotateOutcome::Conflict(current) = outcome else {
        panic!("a conflict was due");
    };
    assert_eq!((&current.header, count(&current)), (&second.header, 2));
    assert_eq!(store.live(t, &old).await.header, second.header);
    store.absent(t, &new).await;
    assert_eq!(store.handles(t, "ann").await, [first.header.handle]);
    // The commit that lost tries again with what it was handed.
    store.moved(t, (&old, &new), &next(&current, 5)).await;
    assert_eq!(count(&*store.live(t, &new).await), 5);
}

/// T09: an unknown key has nothing to move.
pub async fn t09_gone_for_an_unknown_key<F: Fixture>(store: Caller<F>) {
    let (t, key) = (start(), fresh_key());
    is_gone(&store, t, &key, &record(t)).await;
    store.absent(t, &key).await;
}

/// T24: an expired session is not carried on under a new key.
pub async fn t24_gone_for_an_expired_session<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    let deadline = record.header.idle_deadline;
    is_gone(&store, deadline, &key, &record).await;
    store.gc_all(deadline + SKEW + MILLI).await;
    is_gone(&store, deadline, &key, &record).await;
}

/// T22: a session that was signed out is not carried on under a new key.
pub async fn t22_gone_for_a_session_that_was_destroyed<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    store.destroy(t, &key).await;
    for now in [t, t + GRACE] {
        is_gone(&store, now, &key, &record).await;
    }
}

/// S2: each tombstone of a chain names the next link.
pub async fn s2_a_chain_can_be_followed<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mut current = record(t);
    let first = store.put(t, &current).await;
    let mut chain = vec![first];
    for count in 2..6 {
        let (old, new) = (chain[chain.len() - 1], key_after(&first));
        let moved = next(&current, count);
        store.moved(t, (&old, &new), &moved).await;
        (current, _) = (moved, chain.push(new));
    }
    for link in chain.windows(2) {
        assert_eq!(store.gone(t, &link[0]).await, Some(link[1]));
    }
    assert_eq!(count(&*store.live(t, &chain[4]).await), 5);
}

/// A key under which something stands is no new key: neither a session of somebody else's nor a tombstone is
/// overwritten, and the session stays where it was.
pub async fn never_lands_on_what_stands<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mine = record(t);
    let old = store.put(t, &mine).await;
    // With the slot tag of the old one, as every new key has it.
    let (theirs, taken) = (next(&record(t), 7), key_after(&old));
    store.create(t, &taken, &theirs).await;
    let dead = key_after(&old);
    store.destroy(t, &dead).await;
    for new in [&taken, &dead] {
        let moved = next(&mine, 2);
        let outcome = store
            .rotate(t, (&old, new), &moved, mine.header.version)
            .await;
        assert!(matches!(outcome, RotateOutcome::Gone), "{outcome:?}");
        assert_eq!(store.live(t, &old).await.header, mine.header);
    }
    assert_eq!(store.live(t, &taken).await.header, theirs.header);
    assert_eq!(store.gone(t, &dead).await, None);
}

/// What has expired under the new key stands there no more: nothing of it is left, neither data nor its place in its
/// owner's set.
pub async fn takes_the_place_of_what_has_expired<F: Fixture>(store: Caller<F>) {
    let t = start();
    let dead = owned(t, "ann");
    let new = store.put(t, &dead).await;
    let now = dead.header.idle_deadline;
    let mine = owned(now, "bob");
    let old = key_after(&new);
    store.create(now, &old, &mine).await;
    let moved = next(&mine, 2);
    store.moved(now, (&old, &new), &moved).await;
    assert_eq!(store.live(now, &new).await.header, moved.header);
    assert_eq!(store.destroy_all_of(now, "ann", None).await, 0);
    assert_eq!(store.handles(now, "bob").await, [mine.header.handle]);
    assert!(store.exists(now, &new).await);
}
