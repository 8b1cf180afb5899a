//! `touch`: the renewal of a session that was read before.

use super::caller::{GRACE, INTERVAL, LIFETIME, MILLI, SKEW, count, fresh_key, key_after, next};
use super::caller::{owned, record, secs, start};
use super::{Caller, Fixture};
use crate::store::TouchOutcome;

/// P40: the deadline and the time of the last request, and nothing else.
pub async fn p40_renews_and_changes_nothing_else<F: Fixture>(store: Caller<F>) {
    let t = start();
    let before = owned(t, "ann");
    let key = store.put(t, &before).await;
    let now = t + secs(1800);
    let deadline = now + LIFETIME.idle;
    let version = before.header.version;
    let outcome = store.touch(now, &key, version, deadline).await;
    assert_eq!(outcome, TouchOutcome::Touched);
    let mut expected = before.header.clone();
    (expected.last_seen, expected.idle_deadline) = (now, deadline);
    let after = store.live(now, &key).await;
    assert_eq!((&after.header, count(&after)), (&expected, 1));
    assert_eq!(store.handles(now, "ann").await, [expected.handle]);
    store.live(deadline - MILLI, &key).await;
    store.absent(deadline, &key).await;
}

/// P23, P24, P39: a session that is touched in time outlives the sweep.
pub async fn p24_keeps_a_session_through_gc<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    let now = record.header.idle_deadline - MILLI;
    let deadline = now + LIFETIME.idle;
    store
        .touch(now, &key, record.header.version, deadline)
        .await;
    store
        .gc_all(record.header.idle_deadline + SKEW + MILLI)
        .await;
    let kept = store.live(deadline - MILLI, &key).await;
    assert_eq!(count(&kept), 1);
}

/// P24, P29, P39, D04: what has expired stays dead.
pub async fn p24_never_revives_what_has_expired<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    let now = record.header.idle_deadline;
    let version = record.header.version;
    for later in [secs(0), MILLI, secs(3600)] {
        let deadline = now + secs(7200);
        let outcome = store.touch(now + later, &key, version, deadline).await;
        assert_eq!(outcome, TouchOutcome::Gone);
        store.absent(now + later, &key).await;
    }
}

/// S14: another commit came first. It has renewed the deadline itself, and nothing is changed.
pub async fn s14_stale_for_another_version<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = record(t);
    let key = store.put(t, &first).await;
    let second = next(&first, 2);
    store.save(t, &key, &second, first.header.version).await;
    let now = t + secs(600);
    let deadline = now + LIFETIME.idle;
    let outcome = store.touch(now, &key, first.header.version, deadline).await;
    assert_eq!(outcome, TouchOutcome::Stale);
    assert_eq!(store.live(now, &key).await.header, second.header);
}

/// T22, T23: there is nothing to renew under a tombstone, nor where nothing ever was.
pub async fn t22_t23_gone_for_the_dead<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let destroyed = store.put(t, &record).await;
    store.destroy(t, &destroyed).await;
    let rotated = store.put(t, &record).await;
    let new = key_after(&rotated);
    store.moved(t, (&rotated, &new), &next(&record, 2)).await;
    for key in [destroyed, rotated, fresh_key()] {
        for now in [t, t + GRACE] {
            let version = record.header.version;
            let outcome = store.touch(now, &key, version, now + secs(60)).await;
            assert_eq!(outcome, TouchOutcome::Gone);
            assert!(!store.exists(now, &key).await);
        }
    }
}

/// A touch that comes late, or from a node whose clock is behind, takes nothing back.
pub async fn never_moves_a_deadline_earlier<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    let version = record.header.version;
    let ahead = t + secs(900);
    let deadline = ahead + LIFETIME.idle;
    store.touch(ahead, &key, version, deadline).await;
    let behind = t + secs(870);
    let earlier = behind + LIFETIME.idle;
    let outcome = store.touch(behind, &key, version, earlier).await;
    assert_eq!(outcome, TouchOutcome::Touched);
    let header = &store.live(ahead, &key).await.header;
    assert_eq!((header.idle_deadline, header.last_seen), (deadline, ahead));
}

/// T18, T19: no touch carries a session past its absolute deadline, or moves that.
pub async fn t19_never_past_the_absolute_deadline<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    let absolute = record.header.absolute_deadline;
    let now = t + INTERVAL;
    let far = absolute + secs(3600);
    store.touch(now, &key, record.header.version, far).await;
    let header = &store.live(now, &key).await.header;
    assert_eq!(header.idle_deadline, absolute);
    assert_eq!(header.absolute_deadline, absolute);
    store.live(absolute - MILLI, &key).await;
    store.absent(absolute, &key).await;
}
