//! `save`: replaces the record that was read, and no other.

use super::caller::{
    GRACE, LIFETIME, MILLI, SKEW, count, fresh_key, key_after, next, owned, record,
};
use super::caller::{secs, signed_in, start};
use super::{Caller, Fixture};
use crate::id::StoreKey;
use crate::record::Record;
use crate::store::SaveOutcome;
use crate::time::Timestamp;

/// Asserts that a late save of `record` is `Gone`, and has made nothing.
async fn is_gone<F: Fixture>(store: &Caller<F>, now: Timestamp, key: &StoreKey, record: &Record) {
    let late = next(record, 99);
    let outcome = store.save(now, key, &late, record.header.version).await;
    assert!(matches!(outcome, SaveOutcome::Gone), "{outcome:?}");
    assert!(!store.exists(now, key).await);
}

/// The whole record is replaced, and the answer names the version that stands.
pub async fn saved_replaces_the_record<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = record(t);
    let key = store.put(t, &first).await;
    let now = t + secs(60);
    let mut second = next(&first, 2);
    second.header.label = Some("Firefox on Linux".into());
    second.header.last_seen = now;
    second.header.idle_deadline = now + LIFETIME.idle;
    second.data.insert("theme", "dark".to_owned());
    let outcome = store.save(now, &key, &second, first.header.version).await;
    let SaveOutcome::Saved(version) = outcome else {
        panic!("{outcome:?}");
    };
    assert_ne!(version, first.header.version);
    let read = store.live(now, &key).await;
    assert_eq!(read.header.version, version);
    assert_eq!(read.header, second.header);
    assert_eq!(count(&read), 2);
    let theme = read.data.get::<String>("theme").expect("the theme is text");
    assert_eq!(theme.as_deref(), Some("dark"));

    let mut third = next(&read, 3);
    third.data.remove("theme");
    store.save(now, &key, &third, version).await;
    let read = store.live(now, &key).await;
    assert_eq!(read.data.keys().collect::<Vec<_>>(), ["count"]);
}

/// D14, S17: with another version than the stored one nothing changes, and the answer is the record as it stands.
pub async fn s17_conflict_hands_back_the_current_record<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = record(t);
    let key = store.put(t, &first).await;
    let second = next(&first, 2);
    store.save(t, &key, &second, first.header.version).await;
    let late = next(&first, 3);
    let outcome = store.save(t, &key, &late, first.header.version).await;
    let SaveOutcome::Conflict(current) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!((&current.header, count(&current)), (&second.header, 2));
    let read = store.live(t, &key).await;
    assert_eq!((&read.header, count(&read)), (&second.header, 2));

    let merged = next(&current, 5);
    let outcome = store.save(t, &key, &merged, current.header.version).await;
    assert!(matches!(outcome, SaveOutcome::Saved(_)), "{outcome:?}");
    assert_eq!(count(&*store.live(t, &key).await), 5);
}

/// The conflict shows renewals that came in between, too.
pub async fn conflict_shows_a_renewed_deadline<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = record(t);
    let key = store.put(t, &first).await;
    let second = next(&first, 2);
    store.save(t, &key, &second, first.header.version).await;
    let now = t + secs(1800);
    store.renew(now, &key).await;
    let outcome = store
        .save(now, &key, &next(&first, 3), first.header.version)
        .await;
    let SaveOutcome::Conflict(current) = outcome else {
        panic!("a conflict was due");
    };
    assert_eq!(current.header.last_seen, now);
}

/// A save whose answer was lost, sent again, meets a conflict that shows its own commit id: nothing is done twice.
pub async fn repeated_is_a_conflict_that_shows_its_commit<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = record(t);
    let key = store.put(t, &first).await;
    let second = next(&first, 2);
    store.save(t, &key, &second, first.header.version).await;
    let outcome = store.save(t, &key, &second, first.header.version).await;
    let SaveOutcome::Conflict(current) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(current.header.commit_id, second.header.commit_id);
}

/// D05: a save is no upsert.
pub async fn d05_gone_for_an_unknown_key<F: Fixture>(store: Caller<F>) {
    let (t, key) = (start(), fresh_key());
    is_gone(&store, t, &key, &record(t)).await;
    store.absent(t, &key).await;
}

/// T24: the session expired while the request ran.
pub async fn t24_gone_for_an_expired_session<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = owned(t, "ann");
    let key = store.put(t, &record).await;
    for later in [secs(0), MILLI, SKEW, LIFETIME.idle] {
        let now = record.header.idle_deadline + later;
        is_gone(&store, now, &key, &record).await;
        assert_eq!(store.list(now, "ann").await, []);
    }
}

/// T24: the session expired and was swept while the request ran.
pub async fn t24_gone_for_a_swept_session<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    let now = record.header.idle_deadline + SKEW + MILLI;
    store.gc_all(now).await;
    is_gone(&store, now, &key, &record).await;
}

/// T22, D05: a sign-out is not undone by a request that was under way, neither at once nor after the grace.
pub async fn t22_gone_for_a_session_that_was_destroyed<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = owned(t, "ann");
    let key = store.put(t, &record).await;
    store.destroy(t, &key).await;
    for now in [t, t + GRACE, t + GRACE + GRACE] {
        is_gone(&store, now, &key, &record).await;
    }
    assert_eq!(store.list(t, "ann").await, []);
}

/// T23: a request that holds the id from before a rotation writes neither there nor into the successor.
pub async fn t23_gone_for_a_session_that_was_rotated<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    let new = key_after(&key);
    store.moved(t, (&key, &new), &next(&record, 2)).await;
    for now in [t, t + GRACE] {
        is_gone(&store, now, &key, &record).await;
        assert_eq!(count(&*store.live(now, &new).await), 2);
    }
}

/// T24: the owner signed out everywhere while the request ran.
pub async fn t24_gone_for_a_session_whose_owner_revoked_it<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = owned(t, "ann");
    let key = store.put(t, &record).await;
    store.destroy_all_of(t, "ann", None).await;
    for now in [t, t + GRACE] {
        is_gone(&store, now, &key, &record).await;
    }
}

/// S4: the owner is bound by `create` and `rotate` alone; a save with another one leaves it as it is.
pub async fn s4_never_changes_the_owner<F: Fixture>(store: Caller<F>) {
    let t = start();
    let ann = owned(t, "ann");
    let key = store.put(t, &ann).await;
    let bob = signed_in(next(&ann, 2), t, Some("bob"));
    store.save(t, &key, &bob, ann.header.version).await;
    assert_eq!(store.live(t, &key).await.header.owner, ann.header.owner);
    assert_eq!(store.handles(t, "ann").await, [ann.header.handle]);
    assert_eq!(store.list(t, "bob").await, []);

    let nobody = record(t);
    let key = store.put(t, &nobody).await;
    let bob = signed_in(next(&nobody, 2), t, Some("bob"));
    store.save(t, &key, &bob, nobody.header.version).await;
    assert_eq!(store.live(t, &key).await.header.owner, None);
    assert_eq!(store.list(t, "bob").await, []);
}
