//! Whatever times and durations can be told (T20): no panic, no overflow, and no error that breaks a record.

use std::sync::Arc;
use std::time::Duration;

use super::caller::{GRACE, INTERVAL, LIFETIME, MILLI, SKEW, fresh_key, key_after, next, op};
use super::caller::{owned, record, secs, signed_in, start};
use super::{Caller, Fixture};
use crate::record::{Header, Record};
use crate::store::{CreateOutcome, Op, RotateOutcome, SaveOutcome, SessionStore, TouchOutcome};
use crate::time::{Lifetime, Timestamp};

const DAY: Duration = secs(24 * 3600);
const NANO: Duration = Duration::from_nanos(1);

/// From nothing, over what the layer refuses to be configured with, to more than a timestamp can tell.
const DURATIONS: [Duration; 9] = [
    Duration::ZERO,
    NANO,
    MILLI,
    secs(400 * 24 * 3600 + 1),
    secs(u32::MAX as u64 + 1),
    secs(1_000 * 365 * 24 * 3600),
    Duration::from_millis(i64::MAX as u64),
    Duration::from_millis(u64::MAX),
    Duration::MAX,
];

/// A duration as a store may keep it: in whole milliseconds.
fn in_millis(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// Asserts that a header reads back as it was given, but for what a lifetime has below a millisecond or beyond
/// `u64::MAX` of them.
fn assert_kept(read: &Header, given: &Header) {
    let kept = |of: &Header| Header {
        lifetime: Lifetime {
            idle: in_millis(of.lifetime.idle),
            absolute: in_millis(of.lifetime.absolute),
        },
        ..of.clone()
    };
    assert_eq!(kept(read), kept(given));
}

/// Stores a header by each verb that writes one, and reads it back.
async fn is_kept<F: Fixture>(store: &Caller<F>, now: Timestamp, mut given: Record) {
    let key = store.put(now, &given).await;
    assert_kept(&store.live(now, &key).await.header, &given.header);
    let version = given.header.version;
    given = next(&given, 2);
    let outcome = store.save(now, &key, &given, version).await;
    assert!(matches!(outcome, SaveOutcome::Saved(_)), "{outcome:?}");
    assert_kept(&store.live(now, &key).await.header, &given.header);
    given = next(&given, 3);
    let new = key_after(&key);
    store.moved(now, (&key, &new), &given).await;
    assert_kept(&store.live(now, &new).await.header, &given.header);
}

/// Lifetimes of any length, and every field of the header at any time at which the session still lives.
pub async fn t20_any_lifetime_and_any_time_is_kept<F: Fixture>(store: Caller<F>) {
    let t = start();
    for idle in DURATIONS {
        let mut long = owned(t, "ann");
        long.header.lifetime = Lifetime {
            idle,
            absolute: DURATIONS[DURATIONS.len() - 1],
        };
        is_kept(&store, t, long.clone()).await;
        // As it would begin: dead at once where there is nothing to live for.
        let lifetime = Lifetime {
            idle,
            absolute: idle,
        };
        let begun = Header::new(t, lifetime, Duration::ZERO);
        let key = store
            .put(
                t,
                &Record {
                    header: begun,
                    ..long
                },
            )
            .await;
        assert_eq!(store.exists(t, &key).await, idle >= MILLI, "{idle:?}");
    }
    let (first, last) = (Timestamp::default(), Timestamp::MAX);
    for at in [
        first,
        first + MILLI,
        t + DAY * 365 * 1_000,
        last - MILLI,
        last,
    ] {
        let mut odd = owned(t, "bob");
        let header = &mut odd.header;
        (header.created, header.authenticated_at, header.last_seen) = (at, at, at);
        header.idle_deadline = at.max(t + MILLI);
        header.absolute_deadline = (at + MILLI).max(t + secs(60));
        is_kept(&store, t, odd).await;
    }
    assert_eq!(store.list(t, "bob").await.len(), 5);
}

/// What has passed when it is handed over is stored, and dead: nobody finds it, whichever verb stored it.
pub async fn t20_a_deadline_that_has_passed_is_absent<F: Fixture>(store: Caller<F>) {
    let t = start();
    let past = [t, t - MILLI, t - DAY, Timestamp::default()];
    let later = t + DAY;
    let mut deadlines = past.map(|at| (at, later)).to_vec();
    deadlines.extend(past.map(|at| (later, at)));
    for (idle_deadline, absolute_deadline) in deadlines {
        let dead = |mut record: Record| {
            record.header.idle_deadline = idle_deadline;
            record.header.absolute_deadline = absolute_deadline;
            record
        };
        // Created, and created again as after an answer that was lost.
        let (created, ann) = (fresh_key(), dead(owned(t, "ann")));
        for _ in 0..2 {
            let outcome = store.create(t, &created, &ann).await;
            assert_eq!(outcome, CreateOutcome::Created);
            store.absent(t, &created).await;
        }
        // Saved.
        let first = owned(t, "ann");
        let saved = store.put(t, &first).await;
        let (ended, version) = (dead(next(&first, 2)), first.header.version);
        let outcome = store.save(t, &saved, &ended, version).await;
        assert!(matches!(outcome, SaveOutcome::Saved(_)), "{outcome:?}");
        // Rotated, by a sign-in that nobody will hear of.
        let old = store.put(t, &record(t)).await;
        let moved = key_after(&old);
        let signed = dead(signed_in(record(t), t, Some("ann")));
        store.moved(t, (&old, &moved), &signed).await;
        assert_eq!(store.gone(t, &old).await, Some(moved));

        for (key, record) in [(created, &ann), (saved, &ended), (moved, &signed)] {
            store.absent(t, &key).await;
            store.renew(t, &key).await;
            assert!(!store.exists(t, &key).await);
            let version = record.header.version;
            let outcome = store.touch(t, &key, version, later).await;
            assert_eq!(outcome, TouchOutcome::Gone);
            let outcome = store.save(t, &key, &next(record, 3), version).await;
            assert!(matches!(outcome, SaveOutcome::Gone), "{outcome:?}");
        }
        assert_eq!(store.list(t, "ann").await, []);
        // What is dead gives way.
        let outcome = store.create(t, &created, &record(t)).await;
        assert_eq!(outcome, CreateOutcome::Created);
        store.live(t, &created).await;
    }
    assert_eq!(store.destroy_all_of(t, "ann", None).await, 0);
}

/// Any touch interval and any deadline of a touch renews a session as the contract says, or not at all.
pub async fn t20_any_renewal_keeps_to_the_deadlines<F: Fixture>(store: Caller<F>) {
    let t = start();
    let now = t + secs(600);
    for idle in DURATIONS {
        for absolute in [
            t + LIFETIME.absolute,
            Timestamp::MAX - MILLI,
            Timestamp::MAX,
        ] {
            let mut given = record(t);
            given.header.lifetime.idle = idle;
            given.header.absolute_deadline = absolute;
            for interval in DURATIONS {
                let mut expected = given.header.clone();
                if let Some(deadline) = expected.renewal(now, interval) {
                    expected.renew(now, deadline);
                }
                let key = store.put(t, &given).await;
                store.renew_by(now, &key, interval).await;
                let read = &store.live(now, &key).await.header;
                assert_kept(read, &expected);
            }
            let times = [Timestamp::default(), t, now, absolute, Timestamp::MAX];
            let key = store.put(t, &given).await;
            let mut expected = given.header.clone();
            for deadline in times {
                let version = given.header.version;
                let outcome = store.touch(now, &key, version, deadline).await;
                assert_eq!(outcome, TouchOutcome::Touched, "to {deadline}");
                expected.renew(now, deadline);
                assert_kept(&store.live(now, &key).await.header, &expected);
            }
        }
    }
}

/// No grace and an endless one, no skew and an endless one: the dead stay dead, and no live session is swept.
pub async fn t20_any_grace_and_any_skew<F: Fixture>(store: Caller<F>) {
    let t = start();
    for grace in [Duration::ZERO, NANO, GRACE, secs(1 << 40), Duration::MAX] {
        let brief = grace < MILLI;
        for max_skew in [Duration::ZERO, NANO, secs(1 << 40), Duration::MAX] {
            let op = Op {
                grace,
                max_skew,
                ..op(t)
            };
            let first = owned(t, "ann");
            let old = fresh_key();
            let (new, given) = (key_after(&old), Arc::new(first.clone()));
            let created = store.store().create(&op, &old, given, None).await;
            assert_eq!(created.ok(), Some(CreateOutcome::Created));
            let (given, version) = (Arc::new(next(&first, 2)), first.header.version);
            let moved = store
                .store()
                .rotate(&op, &old, &new, Arc::clone(&given), version, None)
                .await;
            assert!(matches!(moved, Ok(RotateOutcome::Saved(_))), "{moved:?}");
            for _ in 0..2 {
                // It is live by the clock that sweeps, and so is its tombstone, if it ever stood.
                store.store().gc(&op, 100).await.expect("`gc` works");
                assert_eq!(store.live(t, &new).await.header, given.header);
                assert!(!store.exists(t, &old).await);
                if brief {
                    store.absent(t, &old).await;
                } else {
                    assert_eq!(store.gone(t, &old).await, Some(new));
                }
            }
            let ended = store.store().destroy(&op, &new).await;
            assert_eq!(ended.ok(), Some(None));
            if brief {
                store.absent(t, &new).await;
            } else {
                assert_eq!(store.gone(t, &new).await, None);
            }
            if grace > GRACE {
                let later = t + GRACE + SKEW + INTERVAL;
                store
                    .store()
                    .gc(&Op { now: later, ..op }, 100)
                    .await
                    .expect("`gc` works");
                assert_eq!(store.gone(later, &old).await, Some(new), "an endless grace");
            }
            assert_eq!(store.list(t, "ann").await, []);
        }
    }
}
