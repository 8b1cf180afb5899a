//! `read`: what lives, and the renewal of its idle deadline in the same step.

use std::sync::Arc;

use super::caller::{INTERVAL, LIFETIME, MILLI, SKEW, count, fresh_key, owned, record};
use super::caller::{secs, start};
use super::{Caller, Fixture};
use crate::record::Record;
use crate::store::ReadOutcome;
use crate::time::Timestamp;

async fn renewed<F: Fixture>(
    store: &Caller<F>,
    now: Timestamp,
    key: &crate::StoreKey,
) -> Arc<Record> {
    let ReadOutcome::Live(read) = store.renew(now, key).await else {
        panic!("the session is dead");
    };
    let stored = store.live(now, key).await;
    assert_eq!(read.header, stored.header, "the answer is what is stored");
    read
}

/// P21: an unknown key is absent, and asking leaves nothing behind.
pub async fn p21_absent_for_an_unknown_key<F: Fixture>(store: Caller<F>) {
    let (t, key) = (start(), fresh_key());
    for _ in 0..2 {
        store.absent(t, &key).await;
        assert!(matches!(store.renew(t, &key).await, ReadOutcome::Absent));
        assert!(!store.exists(t, &key).await);
    }
}

/// P22, P27, P37, D03, T17: dead from its idle deadline on, to the millisecond.
pub async fn d03_dead_from_the_idle_deadline_on<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    let deadline = record.header.idle_deadline;
    store.live(deadline - MILLI, &key).await;
    store.absent(deadline, &key).await;
    store.absent(deadline + LIFETIME.idle, &key).await;
}

/// T18: dead from its absolute deadline on, however late its idle deadline.
pub async fn t18_dead_from_the_absolute_deadline_on<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mut record = record(t);
    record.header.idle_deadline = record.header.absolute_deadline + secs(3600);
    let key = store.put(t, &record).await;
    let deadline = record.header.absolute_deadline;
    store.live(deadline - MILLI, &key).await;
    store.absent(deadline, &key).await;
    assert!(!store.exists(deadline, &key).await);
}

/// S15: reading an expired record deletes nothing: a clock that is less far on still finds it.
pub async fn s15_deletes_nothing<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = owned(t, "ann");
    let key = store.put(t, &record).await;
    let deadline = record.header.idle_deadline;
    for later in [secs(0), MILLI, SKEW + MILLI, LIFETIME.idle] {
        let now = deadline + later;
        store.absent(now, &key).await;
        assert!(matches!(store.renew(now, &key).await, ReadOutcome::Absent));
        assert!(!store.exists(now, &key).await);
        assert_eq!(store.list(now, "ann").await, []);
    }
    assert_eq!(
        store.live(deadline - MILLI, &key).await.header,
        record.header
    );
}

/// D04: reading an expired record does not renew it, neither at once nor for the next request.
pub async fn d04_does_not_revive_what_has_expired<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    let deadline = record.header.idle_deadline;
    for now in [deadline, deadline + MILLI] {
        assert!(matches!(store.renew(now, &key).await, ReadOutcome::Absent));
        store.absent(now, &key).await;
    }
}

/// A read renews the idle deadline where that is due, and says so in the record that it gives.
pub async fn renews_where_it_is_due<F: Fixture>(store: Caller<F>) {
    let t = start();
    let key = store.put(t, &record(t)).await;
    let now = t + INTERVAL;
    let header = &renewed(&store, now, &key).await.header;
    assert_eq!(header.last_seen, now);
    assert_eq!(header.idle_deadline, now + LIFETIME.idle + INTERVAL);
    store.live(header.idle_deadline - MILLI, &key).await;
    store.absent(header.idle_deadline, &key).await;
}

/// D31: not more often than once in an interval.
pub async fn d31_does_not_renew_within_the_interval<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    let read = renewed(&store, t + INTERVAL - MILLI, &key).await;
    assert_eq!(read.header, record.header);
    renewed(&store, t + INTERVAL, &key).await;
    let again = renewed(&store, t + INTERVAL + INTERVAL - MILLI, &key).await;
    assert_eq!(again.header.last_seen, t + INTERVAL);
}

/// A read that is not asked to renew does not.
pub async fn does_not_renew_unasked<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    store.live(t + secs(1800), &key).await;
    assert_eq!(store.live(t, &key).await.header, record.header);
}

/// P40: a renewal leaves version, commit and data alone.
pub async fn p40_renewal_changes_nothing_else<F: Fixture>(store: Caller<F>) {
    let t = start();
    let before = owned(t, "ann");
    let key = store.put(t, &before).await;
    let now = t + secs(1800);
    let after = renewed(&store, now, &key).await;
    let mut expected = before.header.clone();
    expected.last_seen = now;
    expected.idle_deadline = now + LIFETIME.idle + INTERVAL;
    assert_eq!(after.header, expected);
    assert_eq!(count(&after), 1);
}

/// T18, T19: renewals end at the absolute deadline, which none of them moves.
pub async fn t18_renewal_ends_at_the_absolute_deadline<F: Fixture>(store: Caller<F>) {
    let t = start();
    let record = record(t);
    let key = store.put(t, &record).await;
    let absolute = record.header.absolute_deadline;
    let mut now = t;
    while now + secs(1800) < absolute {
        now = now + secs(1800);
        let header = &renewed(&store, now, &key).await.header;
        assert_eq!(header.absolute_deadline, absolute);
        assert!(header.idle_deadline <= absolute, "{header:?}");
    }
    store.live(absolute - MILLI, &key).await;
    store.absent(absolute, &key).await;
}

/// A renewal never shortens: neither a deadline that lies further off, nor when clocks differ.
pub async fn renewal_never_shortens<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mut long = record(t);
    long.header.idle_deadline = t + secs(20 * 3600);
    let key = store.put(t, &long).await;
    let read = renewed(&store, t + secs(600), &key).await;
    assert_eq!(read.header.idle_deadline, t + secs(20 * 3600));

    let key = store.put(t, &record(t)).await;
    let ahead = renewed(&store, t + secs(600), &key).await;
    let behind = renewed(&store, t + secs(570), &key).await;
    assert_eq!(behind.header, ahead.header);
}
