//! `destroy_all_of`: revocation that cannot be escaped (S3).

use super::caller::{GRACE, LIFETIME, MILLI, SKEW, count, fresh_key, key_after, next, owned};
use super::caller::{record, secs, signed_in, start};
use super::{Caller, Fixture};
use crate::store::{CreateOutcome, RotateOutcome, SaveOutcome};

/// T29: every session of that owner is dead, a tombstone stands for each, and nobody else's is touched.
pub async fn t29_ends_every_session_of_the_owner<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mut keys = Vec::new();
    for begins in 0..5 {
        keys.push(store.put(t, &owned(t + secs(begins), "ann")).await);
    }
    let bobs = store.put(t, &owned(t, "bob")).await;
    let nobodys = store.put(t, &record(t)).await;
    let now = t + secs(10);
    assert_eq!(store.destroy_all_of(now, "ann", None).await, 5);
    for key in &keys {
        assert_eq!(store.gone(now, key).await, None);
        store.absent(now + GRACE, key).await;
    }
    assert_eq!(store.list(now, "ann").await, []);
    assert!(store.exists(now, &bobs).await && store.exists(now, &nobodys).await);
    assert_eq!(store.destroy_all_of(now, "ann", None).await, 0);
}

/// T29: the excepted session lives on, is authenticated anew, and has a version of its own, so that a save under way
/// does not put the old stamp back.
pub async fn t29_the_excepted_session_is_stamped_anew<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mine = next(&owned(t, "ann"), 7);
    let key = store.put(t, &mine).await;
    let other = store.put(t, &owned(t, "ann")).await;
    let now = t + secs(10);
    assert_eq!(store.destroy_all_of(now, "ann", Some(&key)).await, 1);
    assert_eq!(store.gone(now, &other).await, None);
    let stamped = store.live(now, &key).await;
    assert!(stamped.header.authenticated_at > now, "{stamped:?}");
    assert!(
        stamped.header.authenticated_at <= now + secs(1),
        "{stamped:?}"
    );
    assert_ne!(stamped.header.version, mine.header.version);
    let mut expected = mine.header.clone();
    expected.version = stamped.header.version;
    expected.authenticated_at = stamped.header.authenticated_at;
    assert_eq!((&stamped.header, count(&stamped)), (&expected, 7));
    assert_eq!(store.handles(now, "ann").await, [mine.header.handle]);

    let late = next(&mine, 8);
    let outcome = store.save(now, &key, &late, mine.header.version).await;
    let SaveOutcome::Conflict(current) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(current.header, stamped.header);
}

/// The excepted session can be saved, rotated and excepted again.
pub async fn the_excepted_session_goes_on<F: Fixture>(store: Caller<F>) {
    let t = start();
    let key = store.put(t, &owned(t, "ann")).await;
    let now = t + secs(10);
    store.destroy_all_of(now, "ann", Some(&key)).await;
    let new = key_after(&key);
    let stamped = store.live(now, &key).await;
    store.moved(now, (&key, &new), &next(&stamped, 2)).await;
    assert_eq!(store.destroy_all_of(now, "ann", Some(&new)).await, 0);
    let newest = key_after(&key);
    let stamped = store.live(now, &new).await;
    store.moved(now, (&new, &newest), &next(&stamped, 3)).await;
    assert_eq!(count(&*store.live(now, &newest).await), 3);
    assert_eq!(store.list(now, "ann").await.len(), 1);
}

/// S3: whoever authenticated before the revocation, or at that very time, does not get in after it; whoever
/// authenticates later does.
pub async fn s3_refuses_who_authenticated_before<F: Fixture>(store: Caller<F>) {
    let t = start();
    let revoked = t + secs(10);
    // Nobody is signed in, so that nothing but `not_before` can stop what is on its way.
    assert_eq!(store.destroy_all_of(revoked, "ann", None).await, 0);
    let now = t + secs(20);
    let anonymous = record(t);
    let old = store.put(t, &anonymous).await;
    let version = anonymous.header.version;
    for at in [t, revoked - MILLI, revoked] {
        let key = fresh_key();
        let outcome = store.create(now, &key, &owned(at, "ann")).await;
        assert_eq!(outcome, CreateOutcome::OwnerRevoked);
        store.absent(now, &key).await;

        let new = key_after(&old);
        let ann = signed_in(next(&anonymous, 2), at, Some("ann"));
        let outcome = store.rotate(now, (&old, &new), &ann, version).await;
        assert!(
            matches!(outcome, RotateOutcome::OwnerRevoked),
            "{outcome:?}"
        );
        store.absent(now, &new).await;
        assert_eq!(store.live(now, &old).await.header, anonymous.header);
        assert_eq!(store.list(now, "ann").await, []);
    }
    let ann = signed_in(next(&anonymous, 2), revoked + MILLI, Some("ann"));
    store.moved(now, (&old, &key_after(&old)), &ann).await;
    store.put(now, &owned(revoked + MILLI, "ann")).await;
    assert_eq!(store.list(now, "ann").await.len(), 2);
    // Bob was never revoked.
    store.put(now, &owned(t, "bob")).await;
}

/// A revocation by a node whose clock is behind takes nothing back of one that came before, and the session that it
/// excepts can go on all the same.
pub async fn not_before_never_moves_back<F: Fixture>(store: Caller<F>) {
    let t = start();
    let ahead = t + secs(50);
    store.destroy_all_of(ahead, "ann", None).await;
    let key = store.put(ahead, &owned(ahead + MILLI, "ann")).await;
    let behind = t + secs(20);
    store.destroy_all_of(behind, "ann", Some(&key)).await;
    let outcome = store
        .create(ahead, &fresh_key(), &owned(t + secs(30), "ann"))
        .await;
    assert_eq!(outcome, CreateOutcome::OwnerRevoked);
    let stamped = store.live(ahead, &key).await;
    assert!(stamped.header.authenticated_at > ahead, "{stamped:?}");
    let moved = next(&stamped, 2);
    store.moved(ahead, (&key, &key_after(&key)), &moved).await;
}

/// What is excepted has to be a session of that owner: anybody else's key spares and stamps nothing.
pub async fn excepts_only_a_session_of_the_owner<F: Fixture>(store: Caller<F>) {
    let t = start();
    let key = store.put(t, &owned(t, "ann")).await;
    let bob = owned(t, "bob");
    let bobs = store.put(t, &bob).await;
    let anonymous = record(t);
    let nobodys = store.put(t, &anonymous).await;
    let now = t + secs(1);
    assert_eq!(store.destroy_all_of(now, "ann", Some(&bobs)).await, 1);
    assert_eq!(store.gone(now, &key).await, None);
    store.destroy_all_of(now, "ann", Some(&nobodys)).await;
    store.destroy_all_of(now, "ann", Some(&fresh_key())).await;
    assert_eq!(store.live(now, &bobs).await.header, bob.header);
    assert_eq!(store.live(now, &nobodys).await.header, anonymous.header);
    // Nor one that was.
    let dead = owned(now + secs(1), "ann");
    let expired = store.put(now, &dead).await;
    let late = dead.header.idle_deadline;
    assert_eq!(store.destroy_all_of(late, "ann", Some(&expired)).await, 0);
    assert!(!store.exists(late - MILLI, &expired).await);
}

/// S3: an expired session, which a node whose clock is behind would still take for live, dies as well, uncounted.
pub async fn s3_a_clock_behind_finds_none_alive<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = owned(t, "ann");
    let key = store.put(t, &record).await;
    let now = record.header.idle_deadline + MILLI;
    assert_eq!(store.destroy_all_of(now, "ann", None).await, 0);
    let behind = now - SKEW;
    assert!(!store.exists(behind, &key).await);
    assert_eq!(store.list(behind, "ann").await, []);
}

/// S3: a revocation is remembered for as long as a session could last that it was meant for, sweeps or not.
pub async fn s3_outlives_sweeps<F: Fixture>(store: Caller<F>) {
    let t = start();
    store.put(t, &owned(t, "ann")).await;
    store.destroy_all_of(t, "ann", None).await;
    for hours in [1, 12, 23] {
        let now = t + secs(hours * 3600);
        store.gc_all(now).await;
        let outcome = store.create(now, &fresh_key(), &owned(t, "ann")).await;
        assert_eq!(outcome, CreateOutcome::OwnerRevoked);
    }
    let now = t + LIFETIME.absolute;
    store.put(now, &owned(now, "ann")).await;
}

/// T24: rotations and sign-ins that were under way end with the session dead, in whatever order they arrive.
pub async fn t24_a_rotation_under_way_does_not_escape<F: Fixture>(store: Caller<F>) {
    let t = start();
    let ann = owned(t, "ann");
    let key = store.put(t, &ann).await;
    let now = t + secs(10);
    store.destroy_all_of(now, "ann", None).await;
    let new = key_after(&key);
    let outcome = store
        .rotate(now, (&key, &new), &next(&ann, 2), ann.header.version)
        .await;
    // A store that binds before it looks at the record finds the revocation first.
    let refused = matches!(outcome, RotateOutcome::Gone | RotateOutcome::OwnerRevoked);
    assert!(refused, "{outcome:?}");
    for at in [now, now + GRACE] {
        assert!(!store.exists(at, &key).await && !store.exists(at, &new).await);
    }
    assert_eq!(store.list(now, "ann").await, []);
}

/// S11: a sign-in that was stored, and revoked before its repetition, is not refused: that would say that the session
/// from before it stands.
pub async fn s11_repeated_after_a_revocation_is_gone<F: Fixture>(store: Caller<F>) {
    let t = start();
    let anonymous = record(t);
    let old = store.put(t, &anonymous).await;
    let new = key_after(&old);
    let ann = signed_in(next(&anonymous, 2), t, Some("ann"));
    store.moved(t, (&old, &new), &ann).await;
    let now = t + secs(1);
    assert_eq!(store.destroy_all_of(now, "ann", None).await, 1);
    let version = anonymous.header.version;
    let outcome = store.rotate(now, (&old, &new), &ann, version).await;
    assert!(matches!(outcome, RotateOutcome::Gone), "{outcome:?}");
    assert_eq!(store.gone(now, &old).await, Some(new));
    assert!(!store.exists(now, &new).await);
}
