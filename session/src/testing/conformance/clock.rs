//! Clocks that have run away (T61): no panic, no overflow, and nothing lives longer for it.

use std::time::Duration;

use super::caller::{INTERVAL, LIFETIME, fresh_key, key_after, next, record, secs};
use super::{Caller, Fixture};
use crate::record::Header;
use crate::store::{CreateOutcome, RotateOutcome, SaveOutcome, TouchOutcome};
use crate::time::{Clock, SystemClock, Timestamp};

const DAY: Duration = Duration::from_secs(24 * 3600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Every verb works at any time that can be told.
pub async fn t61_every_verb_works_at_any_time<F: Fixture>(store: Caller<F>) {
    let now = SystemClock.now();
    let times = [
        Timestamp::default(),
        Timestamp::from_millis(i32::MAX as u64 * 1000),
        now - DAY,
        now + YEAR * 50,
        Timestamp::from_millis(253_402_300_799_999),
        Timestamp::MAX - LIFETIME.absolute,
    ];
    for t in times {
        let first = record(t);
        let key = fresh_key();
        let outcome = store.create(t, &key, &first).await;
        assert_eq!(outcome, CreateOutcome::Created, "at {t}");
        let read = store.live(t, &key).await;
        assert_eq!(read.header, first.header, "at {t}");
        store.renew(t + INTERVAL, &key).await;
        let second = next(&first, 2);
        let version = first.header.version;
        let outcome = store.save(t, &key, &second, version).await;
        assert!(
            matches!(outcome, SaveOutcome::Saved(_)),
            "{outcome:?} at {t}"
        );
        let version = second.header.version;
        let outcome = store.touch(t, &key, version, Timestamp::MAX).await;
        assert_eq!(outcome, TouchOutcome::Touched, "at {t}");
        let new = key_after(&key);
        let outcome = store
            .rotate(t, (&key, &new), &next(&second, 3), version)
            .await;
        assert!(
            matches!(outcome, RotateOutcome::Saved(_)),
            "{outcome:?} at {t}"
        );
        assert_eq!(store.gone(t, &key).await, Some(new), "at {t}");
        store.destroy(t, &new).await;
        assert!(!store.exists(t, &new).await, "at {t}");
        store.destroy_all_of(t, &t.to_string(), None).await;
        assert_eq!(store.list(t, &t.to_string()).await, []);
    }
}

/// At the end of time nothing lives, and nothing overflows.
pub async fn t61_nothing_lives_at_the_end_of_time<F: Fixture>(store: Caller<F>) {
    let (end, key) = (Timestamp::MAX, fresh_key());
    let mut record = record(end);
    record.header = Header::new(end, LIFETIME, INTERVAL);
    store.create(end, &key, &record).await;
    assert!(!store.exists(end, &key).await);
    store.absent(end, &key).await;
    store.destroy(end, &key).await;
    store.gc(end, 10).await;
}

/// A node whose clock is a day behind keeps nothing alive past its absolute deadline, and sweeps nothing.
pub async fn t61_a_clock_behind_prolongs_nothing<F: Fixture>(store: Caller<F>) {
    let t = SystemClock.now() - DAY;
    let record = record(t);
    let key = store.put(t, &record).await;
    let behind = t - DAY;
    store.renew(behind, &key).await;
    let far = behind + YEAR;
    store.touch(behind, &key, record.header.version, far).await;
    assert_eq!(store.gc_all(behind).await, 0);
    let header = &store.live(t, &key).await.header;
    let absolute = record.header.absolute_deadline;
    assert_eq!(header.absolute_deadline, absolute);
    assert!(header.idle_deadline <= absolute, "{header:?}");
    assert_eq!(header.last_seen, record.header.last_seen);
    store.absent(absolute, &key).await;
}

/// One node fifty years ahead that sweeps takes no live session where the engine has a clock that knows better; and
/// where it has none, the store works on.
pub async fn t61_a_sweep_fifty_years_ahead<F: Fixture>(store: Caller<F>) {
    let t = SystemClock.now();
    let record = record(t);
    let key = store.put(t, &record).await;
    for _ in 0..3 {
        store.gc(t + YEAR * 50, 100).await;
    }
    let lives = store.exists(t, &key).await;
    assert!(lives || !F::ENGINE_CLOCK, "the engine's clock has a say");
    let other = store.put(t, &record).await;
    assert!(store.exists(t + secs(60), &other).await);
}
