//! `destroy` and `exists`: signed out is signed out.

use super::caller::{GRACE, MILLI, SKEW, fresh_key, key_after, next, owned, record};
use super::caller::{secs, start};
use super::{Caller, Fixture};
use crate::store::CreateOutcome;

/// P20, D05: the session is dead, a tombstone says so, and after the grace nothing is left.
pub async fn p20_ends_the_session<F: Fixture>(store: Caller<F>) {
    let t = start();
    let key = store.put(t, &owned(t, "ann")).await;
    assert_eq!(store.destroy(t, &key).await, None);
    for now in [t, t + GRACE - MILLI] {
        assert_eq!(store.gone(now, &key).await, None);
        assert!(!store.exists(now, &key).await);
        assert_eq!(store.list(now, "ann").await, []);
    }
    store.absent(t + GRACE, &key).await;
    assert!(!store.exists(t + GRACE, &key).await);
    assert_eq!(store.list(t + GRACE, "ann").await, []);
}

/// D25: what is dead can be destroyed again, and each time counts the grace anew.
pub async fn d25_can_be_repeated<F: Fixture>(store: Caller<F>) {
    let t = start();
    let key = store.put(t, &record(t)).await;
    store.destroy(t, &key).await;
    let later = t + GRACE - MILLI;
    assert_eq!(store.destroy(later, &key).await, None);
    assert_eq!(store.gone(later + GRACE - MILLI, &key).await, None);
    store.absent(later + GRACE, &key).await;
    assert_eq!(store.destroy(later + GRACE, &key).await, None);
}

/// A key without a record gets a tombstone too: whatever was on its way there does not arrive.
pub async fn leaves_a_tombstone_where_nothing_was<F: Fixture>(store: Caller<F>) {
    let (t, key) = (start(), fresh_key());
    assert_eq!(store.destroy(t, &key).await, None);
    assert_eq!(store.gone(t, &key).await, None);
    let outcome = store.create(t, &key, &record(t)).await;
    assert_eq!(outcome, CreateOutcome::Gone);
    store.absent(t + GRACE, &key).await;
}

/// S15: an expired session is ended for clocks that are behind, too.
pub async fn s15_ends_an_expired_session_for_every_clock<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = owned(t, "ann");
    let key = store.put(t, &record).await;
    let deadline = record.header.idle_deadline;
    assert_eq!(store.destroy(deadline, &key).await, None);
    let behind = deadline - SKEW;
    assert_eq!(store.gone(behind, &key).await, None);
    assert_eq!(store.list(behind, "ann").await, []);
}

/// S2, T22b: the successor of a rotated key is handed back each time, so that whoever signs out can follow.
pub async fn s2_hands_back_the_successor<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = record(t);
    let old = store.put(t, &first).await;
    let new = key_after(&old);
    store.moved(t, (&old, &new), &next(&first, 2)).await;
    for _ in 0..2 {
        assert_eq!(store.destroy(t, &old).await, Some(new));
        assert_eq!(store.gone(t, &old).await, Some(new));
    }
    assert!(
        store.exists(t, &new).await,
        "following is the caller's part"
    );
    assert_eq!(store.destroy(t, &new).await, None);
    assert!(!store.exists(t, &new).await);
    // After the grace nobody knows where it went.
    assert_eq!(store.destroy(t + GRACE, &old).await, None);
}

/// S2, T22b: whoever signs out under the first of many ids reaches the last.
pub async fn s2_the_end_of_a_chain_is_reached<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mut current = record(t);
    let first = store.put(t, &current).await;
    let mut chain = vec![first];
    for count in 2..6 {
        let (old, new) = (chain[chain.len() - 1], key_after(&first));
        let moved = next(&current, count);
        store.moved(t, (&old, &new), &moved).await;
        chain.push(new);
        current = moved;
    }
    let (mut key, mut followed) = (first, 0);
    while let Some(successor) = store.destroy(t, &key).await {
        followed += 1;
        key = successor;
    }
    assert_eq!((followed, key), (4, chain[4]));
    for key in &chain {
        assert!(!store.exists(t, key).await);
    }
}

/// One session's end is nobody else's.
pub async fn leaves_other_sessions_alone<F: Fixture>(store: Caller<F>) {
    let t = start();
    let (mine, theirs) = (owned(t, "ann"), owned(t + secs(1), "ann"));
    let key = store.put(t, &mine).await;
    let other = store.put(t, &theirs).await;
    store.destroy(t + secs(2), &key).await;
    let kept = store.live(t + secs(2), &other).await;
    assert_eq!(kept.header, theirs.header);
    let handles = store.handles(t + secs(2), "ann").await;
    assert_eq!(handles, [theirs.header.handle]);
}

/// D30: only what lives exists: nothing expired, destroyed, rotated or unknown.
pub async fn d30_only_the_living_exist<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    assert!(store.exists(t, &key).await);
    let deadline = record.header.idle_deadline;
    assert!(store.exists(deadline - MILLI, &key).await);
    assert!(!store.exists(deadline, &key).await);
    assert!(!store.exists(t, &fresh_key()).await);
    let new = key_after(&key);
    store.moved(t, (&key, &new), &next(&record, 2)).await;
    assert!(!store.exists(t, &key).await && store.exists(t, &new).await);
    store.destroy(t, &new).await;
    assert!(!store.exists(t, &new).await);
}
