//! `gc`: removes what is dead by every clock, and nothing else.

use super::caller::{GRACE, LIFETIME, MILLI, SKEW, count, fresh_key, key_after, next, owned};
use super::caller::{record, secs, start};
use super::{Caller, Fixture};
use crate::store::{ReadOutcome, SaveOutcome};

/// P23, P28, P38, S15: exactly the records whose time passed more than the skew ago.
pub async fn p23_removes_what_is_past_by_the_skew<F: Fixture>(store: Caller<F>) {
    let t = start();
    let (short, mut long) = (record(t), record(t));
    long.header.idle_deadline = long.header.idle_deadline + MILLI;
    let (first, second) = (store.put(t, &short).await, store.put(t, &long).await);
    let deadline = short.header.idle_deadline;
    assert_eq!(store.gc_all(deadline + SKEW).await, 0);
    store.live(deadline - MILLI, &first).await;
    if F::NATIVE_EXPIRY {
        return;
    }
    assert_eq!(store.gc_all(deadline + SKEW + MILLI).await, 1);
    store.absent(deadline - MILLI, &first).await;
    store.live(deadline, &second).await;
    assert_eq!(store.gc_all(deadline + SKEW + MILLI + MILLI).await, 1);
    store.absent(deadline, &second).await;
    assert_eq!(store.gc_all(deadline + SKEW + secs(60)).await, 0);
}

/// P38: what lives stays, with its data and in its owner's set, however often it is swept.
pub async fn p38_keeps_what_lives<F: Fixture>(store: Caller<F>) {
    let t = start();
    let dead = owned(t, "ann");
    let key = store.put(t, &dead).await;
    let now = dead.header.idle_deadline + SKEW + MILLI;
    let alive = next(&owned(now, "ann"), 7);
    let kept = store.put(now, &alive).await;
    for _ in 0..3 {
        store.gc_all(now).await;
    }
    store.absent(now, &key).await;
    let read = store.live(now, &kept).await;
    assert_eq!((&read.header, count(&read)), (&alive.header, 7));
    assert_eq!(store.handles(now, "ann").await, [alive.header.handle]);
    assert_eq!(store.destroy_all_of(now, "ann", None).await, 1);
}

/// The absolute deadline counts too, where it is the earlier one.
pub async fn goes_by_the_earlier_deadline<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mut record = record(t);
    record.header.idle_deadline = record.header.absolute_deadline + secs(3600);
    let key = store.put(t, &record).await;
    let deadline = record.header.absolute_deadline;
    assert_eq!(store.gc_all(deadline + SKEW).await, 0);
    store.live(deadline - MILLI, &key).await;
    if !F::NATIVE_EXPIRY {
        assert_eq!(store.gc_all(deadline + SKEW + MILLI).await, 1);
        store.absent(deadline - MILLI, &key).await;
    }
}

/// What counts is the deadline of the last save or rotation, whichever way it moved.
pub async fn goes_by_the_deadline_that_was_stored_last<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = record(t);
    let deadline = first.header.idle_deadline;
    let at = |later| {
        let mut changed = next(&first, 2);
        changed.header.idle_deadline = later;
        changed
    };
    let (sooner, later) = (at(t + secs(600)), at(deadline + secs(600)));
    let (short, long) = (store.put(t, &first).await, store.put(t, &first).await);
    let version = first.header.version;
    store.save(t, &short, &sooner, version).await;
    store.save(t, &long, &later, version).await;
    let old = store.put(t, &first).await;
    let new = key_after(&old);
    store.moved(t, (&old, &new), &sooner).await;
    if !F::NATIVE_EXPIRY {
        let tombstone = 1;
        assert_eq!(
            store.gc_all(t + secs(600) + SKEW + MILLI).await,
            2 + tombstone
        );
        store.absent(t, &short).await;
        store.absent(t, &new).await;
    }
    store.gc_all(deadline + SKEW + MILLI).await;
    assert_eq!(store.live(deadline, &long).await.header, later.header);
}

/// Tombstones go when their grace has passed by more than the skew, and not before.
pub async fn tombstones_go_after_their_grace<F: Fixture>(store: Caller<F>) {
    let t = start();
    let old = store.put(t, &record(t)).await;
    let new = key_after(&old);
    store.moved(t, (&old, &new), &record(t)).await;
    let never_made = fresh_key();
    store.destroy(t, &never_made).await;
    assert_eq!(store.gc_all(t + GRACE + SKEW).await, 0);
    assert_eq!(store.gone(t, &old).await, Some(new));
    assert_eq!(store.gone(t, &never_made).await, None);
    if !F::NATIVE_EXPIRY {
        assert_eq!(store.gc_all(t + GRACE + SKEW + MILLI).await, 2);
        store.absent(t, &old).await;
        store.absent(t, &never_made).await;
    }
    assert!(store.exists(t, &new).await);
}

/// One call removes about as many as it may, says that there is more, and the rest goes with the next calls.
pub async fn the_budget_bounds_one_call<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mut last = record(t);
    for _ in 0..60 {
        last = record(t);
        store.put(t, &last).await;
    }
    let now = last.header.idle_deadline + SKEW + MILLI;
    let mut swept = store.gc(now, 10).await;
    if !F::NATIVE_EXPIRY {
        assert!(swept.more, "{swept:?}");
    }
    let mut total = swept.removed;
    for _ in 0..10_000 {
        assert!(swept.removed <= 20, "{swept:?} with a budget of 10");
        if !swept.more {
            break;
        }
        swept = store.gc(now, 10).await;
        total += swept.removed;
    }
    assert!(!swept.more, "the sweep comes to an end");
    if !F::NATIVE_EXPIRY {
        assert_eq!(total, 60);
    }
}

/// P02: nothing to sweep is no error, and a budget of nothing neither.
pub async fn p02_an_empty_store_can_be_swept<F: Fixture>(store: Caller<F>) {
    let t = start();
    assert_eq!(store.gc_all(t).await, 0);
    store.gc(t, 0).await;
    store.put(t, &record(t)).await;
    assert_eq!(store.gc_all(t).await, 0);
}

/// T47: sweeping without a pause takes no live session from the requests that go on meanwhile.
pub async fn t47_takes_nothing_from_requests_under_way<F: Fixture>(store: Caller<F>) {
    let t = start();
    let dead = record(t);
    for _ in 0..40 {
        store.put(t, &dead).await;
    }
    let now = dead.header.idle_deadline + SKEW + MILLI;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut current = record(now);
            let mut key = store.put(now, &current).await;
            for round in 0..20 {
                let changed = next(&current, round);
                let outcome = store
                    .save(now, &key, &changed, current.header.version)
                    .await;
                assert!(matches!(outcome, SaveOutcome::Saved(_)), "{outcome:?}");
                current = next(&changed, round);
                let new = key_after(&key);
                store.moved(now, (&key, &new), &current).await;
                key = new;
                let ReadOutcome::Live(read) = store.renew(now, &key).await else {
                    panic!("the sweep took a live session");
                };
                assert_eq!(count(&read), round);
                tokio::task::yield_now().await;
            }
        }));
    }
    let sweeper = {
        let store = store.clone();
        tokio::spawn(async move {
            loop {
                store.gc(now, 7).await;
                tokio::task::yield_now().await;
            }
        })
    };
    for task in tasks {
        task.await.expect("a session went on beside the sweep");
    }
    sweeper.abort();
}

/// A swept session leaves nothing in its owner's set, and what comes after it is counted right.
pub async fn sets_forget_what_was_swept<F: Fixture>(store: Caller<F>) {
    let t = start();
    let dead = owned(t, "ann");
    store.put(t, &dead).await;
    let now = dead.header.idle_deadline + SKEW + MILLI;
    store.gc_all(now).await;
    assert_eq!(store.list(now, "ann").await, []);
    // Not even a clock that is behind finds it, where the store sweeps.
    if !F::NATIVE_EXPIRY {
        assert_eq!(store.list(t + LIFETIME.idle, "ann").await, []);
    }
    assert_eq!(store.destroy_all_of(now, "ann", None).await, 0);
}
