//! `OwnerRule`: how many sessions an owner may have, decided inside the step that binds one.

use super::caller::{at_most, fresh_key, key_after, next, owned, record};
use super::caller::{secs, signed_in, start};
use super::{Caller, Fixture};
use crate::id::StoreKey;
use crate::record::Record;
use crate::store::{CreateOutcome, Over, RotateOutcome};
use crate::time::Timestamp;

/// Three sessions of ann, which began one second apart.
async fn three<F: Fixture>(store: &Caller<F>, t: Timestamp) -> Vec<(StoreKey, Record)> {
    let mut sessions = Vec::new();
    for begins in [2, 0, 1] {
        let record = owned(t + secs(begins), "ann");
        sessions.push((store.put(t + secs(2), &record).await, record));
    }
    sessions.sort_by_key(|(_, record)| record.header.created);
    sessions
}

/// One more than the rule allows is refused, and nothing has changed.
pub async fn refuse_changes_nothing<F: Fixture>(store: Caller<F>) {
    let t = start();
    let sessions = three(&store, t).await;
    let now = t + secs(5);
    let before = store.list(now, "ann").await;
    let key = fresh_key();
    let rule = at_most(3, Over::Refuse);
    let fourth = owned(now, "ann");
    let outcome = store.create_bound(now, &key, &fourth, rule).await;
    assert_eq!(outcome, CreateOutcome::OwnerRefused);
    store.absent(now, &key).await;

    let anonymous = record(now);
    let old = store.put(now, &anonymous).await;
    let new = key_after(&old);
    let ann = signed_in(next(&anonymous, 2), now, Some("ann"));
    let version = anonymous.header.version;
    let outcome = store
        .rotate_bound(now, (&old, &new), &ann, version, rule)
        .await;
    assert!(
        matches!(outcome, RotateOutcome::OwnerRefused),
        "{outcome:?}"
    );
    assert_eq!(store.live(now, &old).await.header, anonymous.header);
    store.absent(now, &new).await;

    assert_eq!(store.list(now, "ann").await, before);
    for (key, record) in &sessions {
        assert_eq!(store.live(now, key).await.header, record.header);
    }
    // One fewer, and there is room; for another owner there was all along.
    store.destroy(now, &sessions[1].0).await;
    let outcome = store.create_bound(now, &key, &fourth, rule).await;
    assert_eq!(outcome, CreateOutcome::Created);
    let bob = store
        .create_bound(
            now,
            &fresh_key(),
            &owned(now, "bob"),
            at_most(1, Over::Refuse),
        )
        .await;
    assert_eq!(bob, CreateOutcome::Created);
}

/// Beyond the rule the sessions that began first go, and a tombstone says so.
pub async fn evict_ends_the_oldest<F: Fixture>(store: Caller<F>) {
    let t = start();
    let sessions = three(&store, t).await;
    let now = t + secs(5);
    let bobs = store.put(t, &owned(t, "bob")).await;
    let (key, fourth) = (fresh_key(), owned(now, "ann"));
    let outcome = store
        .create_bound(now, &key, &fourth, at_most(3, Over::Evict))
        .await;
    assert_eq!(outcome, CreateOutcome::Created);
    assert_eq!(store.gone(now, &sessions[0].0).await, None);
    let mut expected: Vec<_> = sessions[1..].iter().map(|(_, r)| r.header.handle).collect();
    expected.push(fourth.header.handle);
    assert_eq!(store.handles(now, "ann").await, expected);
    assert!(store.exists(now, &bobs).await);

    // A rule that has become stricter ends as many as it takes.
    let anonymous = record(now + secs(1));
    let old = store.put(now, &anonymous).await;
    let new = key_after(&old);
    let fifth = signed_in(next(&anonymous, 2), now, Some("ann"));
    let rule = at_most(2, Over::Evict);
    let version = anonymous.header.version;
    let outcome = store
        .rotate_bound(now, (&old, &new), &fifth, version, rule)
        .await;
    assert!(matches!(outcome, RotateOutcome::Saved(_)), "{outcome:?}");
    let expected = [fourth.header.handle, fifth.header.handle];
    assert_eq!(store.handles(now, "ann").await, expected);
    for (key, _) in &sessions {
        assert_eq!(store.gone(now, key).await, None);
    }
}

/// The session that is being bound is one of those allowed, and never the one to go, though it began first.
pub async fn evict_spares_the_one_that_is_bound<F: Fixture>(store: Caller<F>) {
    let t = start();
    let oldest = record(t);
    let old = store.put(t, &oldest).await;
    let sessions = three(&store, t + secs(10)).await;
    let now = t + secs(20);
    let new = key_after(&old);
    let ann = signed_in(next(&oldest, 2), now, Some("ann"));
    let rule = at_most(1, Over::Evict);
    let outcome = store
        .rotate_bound(now, (&old, &new), &ann, oldest.header.version, rule)
        .await;
    assert!(matches!(outcome, RotateOutcome::Saved(_)), "{outcome:?}");
    assert_eq!(store.handles(now, "ann").await, [ann.header.handle]);
    for (key, _) in &sessions {
        assert!(!store.exists(now, key).await);
    }
}

/// A rotation puts one session in the place of another, so an owner with as many as allowed can rotate.
pub async fn the_old_one_is_not_counted<F: Fixture>(store: Caller<F>) {
    let t = start();
    let sessions = three(&store, t).await;
    let now = t + secs(5);
    let (mut key, mut current) = sessions[0].clone();
    for over in [Over::Refuse, Over::Evict, Over::Refuse] {
        let (new, moved) = (key_after(&key), next(&current, 2));
        let version = current.header.version;
        let rule = at_most(3, over);
        let outcome = store
            .rotate_bound(now, (&key, &new), &moved, version, rule)
            .await;
        assert!(matches!(outcome, RotateOutcome::Saved(_)), "{outcome:?}");
        assert_eq!(store.list(now, "ann").await.len(), 3);
        (key, current) = (new, moved);
    }
}

/// Only the living count: what has expired, was destroyed or moved to another owner makes room.
pub async fn the_dead_are_not_counted<F: Fixture>(store: Caller<F>) {
    let t = start();
    let expiring = owned(t, "ann");
    store.put(t, &expiring).await;
    let now = expiring.header.idle_deadline;
    let sessions = three(&store, now).await;
    let now = now + secs(5);
    store.destroy(now, &sessions[0].0).await;
    let (old, record) = &sessions[1];
    let bob = signed_in(next(record, 2), now, Some("bob"));
    store.moved(now, (old, &key_after(old)), &bob).await;
    // One is left, so of three there is room for two, and not for three.
    for expected in [
        CreateOutcome::Created,
        CreateOutcome::Created,
        CreateOutcome::OwnerRefused,
    ] {
        let rule = at_most(3, Over::Refuse);
        let outcome = store
            .create_bound(now, &fresh_key(), &owned(now, "ann"), rule)
            .await;
        assert_eq!(outcome, expected);
    }
}

/// S11: a repetition whose first answer was lost is not refused because of itself, and evicts nobody.
pub async fn s11_repeated_is_not_counted_twice<F: Fixture>(store: Caller<F>) {
    let t = start();
    let sessions = three(&store, t).await;
    let now = t + secs(5);
    let (key, fourth) = (fresh_key(), owned(now, "ann"));
    for over in [Over::Evict, Over::Evict, Over::Refuse] {
        let rule = at_most(3, over);
        let outcome = store.create_bound(now, &key, &fourth, rule).await;
        assert_eq!(outcome, CreateOutcome::Created);
    }
    let new = key_after(&key);
    let moved = next(&fourth, 2);
    for over in [Over::Evict, Over::Evict, Over::Refuse] {
        let version = fourth.header.version;
        let rule = at_most(3, over);
        let outcome = store
            .rotate_bound(now, (&key, &new), &moved, version, rule)
            .await;
        assert!(matches!(outcome, RotateOutcome::Saved(_)), "{outcome:?}");
    }
    let mut expected: Vec<_> = sessions[1..].iter().map(|(_, r)| r.header.handle).collect();
    expected.push(fourth.header.handle);
    assert_eq!(store.handles(now, "ann").await, expected);
}

/// S11: a sign-in that was stored, and whose place another has taken before its repetition, is not refused: that would
/// say that the session from before it stands.
pub async fn s11_repeated_in_a_full_set_is_gone<F: Fixture>(store: Caller<F>) {
    let t = start();
    let anonymous = record(t);
    let old = store.put(t, &anonymous).await;
    let new = key_after(&old);
    let ann = signed_in(next(&anonymous, 2), t, Some("ann"));
    let (version, rule) = (anonymous.header.version, at_most(1, Over::Refuse));
    let outcome = store
        .rotate_bound(t, (&old, &new), &ann, version, rule)
        .await;
    assert!(matches!(outcome, RotateOutcome::Saved(_)), "{outcome:?}");
    store.destroy(t, &new).await;
    let other = owned(t, "ann");
    let outcome = store.create_bound(t, &fresh_key(), &other, rule).await;
    assert_eq!(outcome, CreateOutcome::Created);
    let outcome = store
        .rotate_bound(t, (&old, &new), &ann, version, rule)
        .await;
    assert!(matches!(outcome, RotateOutcome::Gone), "{outcome:?}");
    assert_eq!(store.gone(t, &old).await, Some(new));
    assert_eq!(store.handles(t, "ann").await, [other.header.handle]);
}

/// A rotation that is not stored evicts nobody.
pub async fn what_is_not_stored_evicts_nobody<F: Fixture>(store: Caller<F>) {
    let t = start();
    three(&store, t).await;
    let now = t + secs(5);
    let before = store.list(now, "ann").await;
    let rule = at_most(1, Over::Evict);

    let first = record(now);
    let old = store.put(now, &first).await;
    let second = next(&first, 2);
    store.save(now, &old, &second, first.header.version).await;
    let ann = signed_in(next(&first, 3), now, Some("ann"));
    let new = key_after(&old);
    let outcome = store
        .rotate_bound(now, (&old, &new), &ann, first.header.version, rule)
        .await;
    assert!(matches!(outcome, RotateOutcome::Conflict(_)), "{outcome:?}");
    assert_eq!(store.list(now, "ann").await, before);

    store.destroy(now, &old).await;
    let outcome = store
        .rotate_bound(now, (&old, &new), &ann, second.header.version, rule)
        .await;
    assert!(matches!(outcome, RotateOutcome::Gone), "{outcome:?}");
    assert_eq!(store.list(now, "ann").await, before);

    let outcome = store
        .create_bound(now, &old, &owned(now, "ann"), rule)
        .await;
    assert_eq!(outcome, CreateOutcome::Gone);
    assert_eq!(store.list(now, "ann").await, before);
}
