//! A session that is stored and loaded again and again (T19, T21): nothing of its header drifts.

use std::time::Duration;

use super::caller::{INTERVAL, MILLI, count, key_after, next, owned, secs, start};
use super::{Caller, Fixture};
use crate::record::Header;
use crate::store::{ReadOutcome, SaveOutcome, TouchOutcome};
use crate::time::Lifetime;

const ROUNDS: u64 = 1_000;
/// A minute and a bit between two requests: 1,000 of them are within the two days that all clocks agree about.
const STEP: Duration = Duration::from_millis(61_007);

/// What the session begins with. No part of it is a whole second.
const LIFETIME: Lifetime = Lifetime {
    idle: Duration::from_millis(3_600_001),
    absolute: Duration::from_millis(20 * 3_600_000 + 13),
};

/// A configuration of later nodes: the touch interval, and the idle timeout of new sessions.
const CONFIGURED: [(Duration, Duration); 5] = [
    (INTERVAL, secs(3600)),
    (Duration::ZERO, secs(600)),
    (MILLI, secs(5400)),
    (secs(1800), MILLI),
    (secs(90), secs(90 * 24 * 3600)),
];

/// The header with what a commit and a renewal may change as it was at first. No configuration has a say in the rest.
fn own(header: &Header, first: &Header) -> Header {
    Header {
        version: first.version,
        commit_id: first.commit_id,
        last_seen: first.last_seen,
        idle_deadline: first.idle_deadline,
        ..header.clone()
    }
}

/// T21: saves, rotations, touches and renewing reads by nodes whose configuration changes. After each round the header
/// is, to the millisecond, what the contract makes of it; and once it was saved with a stricter absolute deadline, that
/// one holds.
pub async fn t21_a_thousand_rounds_move_no_deadline<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mut first = owned(t, "ann");
    first.header = Header {
        label: Some("Firefox on Linux".into()),
        owner: first.header.owner.take(),
        ..Header::new(t, LIFETIME, INTERVAL)
    };
    let mut key = store.put(t, &first).await;
    let (mut expected, mut made) = (first.header.clone(), first.header.clone());
    let mut now = t;
    for round in 1..=ROUNDS {
        now = now + STEP;
        let (interval, idle) = CONFIGURED[(round / 40) as usize % CONFIGURED.len()];
        // The last of them would carry the session to its absolute deadline, where there is nothing left to drift.
        let idle = idle.min(if round > 900 { idle } else { secs(7200) });
        let version = expected.version;
        match round % 10 {
            0 => {
                let mut current = next(&*store.live(now, &key).await, round);
                current.header.renew(now, now + LIFETIME.idle + interval);
                if round == ROUNDS / 2 {
                    let stricter = current.header.absolute_deadline - secs(60) - MILLI;
                    current.header.absolute_deadline = stricter;
                    made.absolute_deadline = stricter;
                }
                expected = current.header.clone();
                if round % 50 == 0 {
                    let new = key_after(&key);
                    store.moved(now, (&key, &new), &current).await;
                    key = new;
                } else {
                    let outcome = store.save(now, &key, &current, version).await;
                    assert!(matches!(outcome, SaveOutcome::Saved(_)), "{outcome:?}");
                }
            }
            3 | 6 => {
                let deadline = now + idle + interval;
                let outcome = store.touch(now, &key, version, deadline).await;
                assert_eq!(outcome, TouchOutcome::Touched);
                expected.renew(now, deadline);
            }
            _ => {
                if let Some(deadline) = expected.renewal(now, interval) {
                    expected.renew(now, deadline);
                }
                let ReadOutcome::Live(read) = store.renew_by(now, &key, interval).await else {
                    panic!("the session has ended in round {round}");
                };
                assert_eq!(read.header, expected, "in round {round}");
            }
        }
        let read = store.live(now, &key).await;
        assert_eq!(read.header, expected, "after round {round}");
        // And whatever the formulas of the library say:
        assert_eq!(own(&read.header, &made), made, "after round {round}");
        assert!(read.header.idle_deadline <= read.header.absolute_deadline);
        assert_eq!(count(&read), if round < 10 { 1 } else { round / 10 * 10 });
    }
    assert_eq!(store.handles(now, "ann").await, [expected.handle]);
    // Seen until its last minute, it ends when it was to end.
    let end = expected.absolute_deadline;
    store.touch(now, &key, expected.version, end).await;
    store.gc_all(end).await;
    store.live(end - MILLI, &key).await;
    store.absent(end, &key).await;
}

/// Throws that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        let Self(seed) = self;
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) % end
    }
}

/// T19: touches, renewals, saves and rotations in any order, by clocks that differ: only a save or a rotation that says
/// so (an authentication, `set_lifetime`) moves the absolute deadline, and nothing carries the session past it.
pub async fn t19_in_any_order_only_a_commit_moves_the_absolute_deadline<F: Fixture>(
    store: Caller<F>,
) {
    let t = start();
    for seed in 0..6 {
        let mut dice = Dice(seed);
        let mut key = store.put(t, &owned(t, "ann")).await;
        let mut expected = Header::clone(&store.live(t, &key).await.header);
        for step in 0..40 {
            // Within the idle timeout from its beginning, so that it lives by each of these clocks.
            let now = t + secs(dice.below(3_000));
            let later = t + secs(3_600 + dice.below(30 * 3_600));
            match dice.below(4) {
                0 => {
                    store.touch(now, &key, expected.version, later).await;
                    expected.renew(now, later);
                }
                1 => {
                    let deadline = expected.renewal(now, INTERVAL);
                    store.renew(now, &key).await;
                    deadline.inspect(|deadline| expected.renew(now, *deadline));
                }
                verb => {
                    let mut changed = next(&*store.live(now, &key).await, step);
                    if dice.below(3) == 0 {
                        changed.header.absolute_deadline = later;
                        changed.header.idle_deadline = changed.header.idle_deadline.min(later);
                    }
                    if verb == 2 {
                        let version = expected.version;
                        store.save(now, &key, &changed, version).await;
                    } else {
                        let new = key_after(&key);
                        store.moved(now, (&key, &new), &changed).await;
                        key = new;
                    }
                    expected = changed.header;
                }
            }
            let read = store.live(now, &key).await;
            assert_eq!(read.header, expected, "step {step} of throw {seed}");
            assert!(read.header.idle_deadline <= read.header.absolute_deadline);
        }
        let end = expected.absolute_deadline;
        store.touch(t, &key, expected.version, end).await;
        store.live(end - MILLI, &key).await;
        store.absent(end, &key).await;
    }
}
