//! Sign-ins at the same time, of one owner: revocations and rules hold for all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Barrier;

use super::super::caller::{at_most, fresh_key, key_after, next, owned, record};
use super::super::caller::{secs, signed_in, start};
use super::super::{Caller, Fixture};
use super::{join, spawn};
use crate::record::Record;
use crate::store::{CreateOutcome, Over, ReadOutcome, RotateOutcome};

/// T29, S3: while 32 sign-ins and rotations of an owner run, everything that authenticated before the revocation is
/// dead once that has returned, and stays dead when all of them have.
pub async fn t29_no_sign_in_escapes_a_revocation<F: Fixture>(store: Caller<F>) {
    let t = start();
    for ann in ["ann", "bea", "cat", "dot", "eve", "fay", "gil", "hal"] {
        let mut existing = Vec::new();
        for _ in 0..8 {
            let record = owned(t, ann);
            existing.push((store.put(t, &record).await, record));
        }
        let now = t + secs(1);
        let barrier = Arc::new(Barrier::new(33));
        let mut tasks = Vec::new();
        for n in 0..32 {
            let store = store.clone();
            let existing = existing.get(n).cloned();
            tasks.push(spawn(&barrier, async move {
                let (mut key, mut current) = match existing {
                    Some(existing) => existing,
                    None => {
                        let anonymous = record(t);
                        (store.put(now, &anonymous).await, anonymous)
                    }
                };
                let mut keys = vec![key];
                for _ in 0..4 {
                    let new = key_after(&key);
                    let moved = signed_in(next(&current, 2), t, Some(ann));
                    let version = current.header.version;
                    let outcome = store.rotate(now, (&key, &new), &moved, version).await;
                    keys.push(new);
                    let RotateOutcome::Saved(_) = outcome else {
                        break;
                    };
                    (key, current) = (new, moved);
                    tokio::task::yield_now().await;
                }
                (keys, current)
            }));
        }
        let revoke = spawn(&barrier, {
            let store = store.clone();
            async move { store.destroy_all_of(now, ann, None).await }
        });
        join(revoke).await;
        for task in tasks {
            let (keys, last) = join(task).await;
            for key in keys {
                if let ReadOutcome::Live(read) = store.read(now, &key).await {
                    assert_eq!(read.header.owner, None, "a session of ann lives");
                    assert_eq!(last.header.owner, None);
                }
            }
        }
        assert_eq!(store.list(now, ann).await, []);
        // Whoever authenticates after it gets in.
        store.put(now, &owned(now + secs(1), ann)).await;
        assert_eq!(store.list(now, ann).await.len(), 1);
    }
}

/// S3: a session that another call excepts meanwhile, and that rotates, does not escape a revocation either: if that
/// call came first, the revocation ends what it spared, and if it came second, there was nothing left to spare.
pub async fn s3_nobody_is_excepted_from_a_revocation_of_others<F: Fixture>(store: Caller<F>) {
    let t = start();
    for round in 0..40 {
        let ann = format!("ann{round}");
        let first = owned(t, &ann);
        let key = store.put(t, &first).await;
        let mut keys = vec![key];
        for _ in 0..4 {
            keys.push(store.put(t, &owned(t, &ann)).await);
        }
        let now = t + secs(1);
        let barrier = Arc::new(Barrier::new(3));
        let (moves, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        // In every other round the session is spared first, and is on its way when all are to end.
        let in_turn = round % 2 == 0;
        let calls = [(None, usize::from(in_turn)), (Some(key), 0)].map(|(except, moved)| {
            let (store, ann) = (store.clone(), ann.clone());
            let (moves, ended) = (Arc::clone(&moves), Arc::clone(&ended));
            spawn(&barrier, async move {
                while moves.load(Ordering::SeqCst) < moved {
                    tokio::task::yield_now().await;
                }
                store.destroy_all_of(now, &ann, except.as_ref()).await;
                ended.fetch_add(1, Ordering::SeqCst);
            })
        });
        let rotations = spawn(&barrier, {
            let store = store.clone();
            async move {
                let (mut from, mut current, mut moved) = (key, first, Vec::new());
                let mut n = 0;
                while in_turn && ended.load(Ordering::SeqCst) == 0 {
                    tokio::task::yield_now().await;
                }
                // As long as somebody might let it get away.
                while n < 16 || ended.load(Ordering::SeqCst) < 2 {
                    n += 1;
                    let (to, version) = (key_after(&from), current.header.version);
                    let next = next(&current, n);
                    match store.rotate(now, (&from, &to), &next, version).await {
                        RotateOutcome::Saved(_) => {
                            (from, current) = (to, next);
                            moved.push(to);
                        }
                        RotateOutcome::Conflict(stamped) => current = Record::clone(&stamped),
                        _ => break,
                    }
                    moves.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
                moves.store(usize::MAX, Ordering::SeqCst);
                moved
            }
        });
        for call in calls {
            join(call).await;
        }
        keys.extend(join(rotations).await);
        for key in &keys {
            assert!(!store.exists(now, key).await, "a session of {ann} lives");
        }
        assert_eq!(store.list(now, &ann).await, []);
    }
}

/// Sign-ins at the same time keep to the rule: never more live sessions than it allows, and exactly as many.
pub async fn a_rule_holds_for_sign_ins_at_once<F: Fixture>(store: Caller<F>) {
    let t = start();
    for (owner, over) in [("ann", Over::Refuse), ("bob", Over::Evict)] {
        let barrier = Arc::new(Barrier::new(32));
        let tasks: Vec<_> = (0..32)
            .map(|n| {
                let (store, key) = (store.clone(), fresh_key());
                let mine = owned(t + secs(n), owner);
                spawn(&barrier, async move {
                    let rule = at_most(3, over);
                    let outcome = store.create_bound(t + secs(40), &key, &mine, rule).await;
                    (key, outcome)
                })
            })
            .collect();
        let (mut created, mut keys) = (0, Vec::new());
        for task in tasks {
            let (key, outcome) = join(task).await;
            created += usize::from(outcome == CreateOutcome::Created);
            keys.push(key);
        }
        let mut live = 0;
        for key in &keys {
            live += usize::from(store.exists(t + secs(40), key).await);
        }
        let expected = if over == Over::Refuse { 3 } else { 32 };
        assert_eq!(created, expected, "for {over:?}");
        assert_eq!(live, 3, "for {over:?}");
        assert_eq!(store.list(t + secs(40), owner).await.len(), 3);
    }
}
