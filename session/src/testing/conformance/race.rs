//! Requests at the same time: one of them comes first, and nothing is lost or doubled.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Barrier;
use tokio::task::JoinHandle;

use super::caller::{at_most, count, fresh_key, key_after, next, owned, record};
use super::caller::{secs, signed_in, start};
use super::{Caller, Fixture};
use crate::id::StoreKey;
use crate::record::Record;
use crate::store::{CreateOutcome, Over, ReadOutcome, RotateOutcome, SaveOutcome};
use crate::time::Timestamp;

/// Starts a task that waits for the others at the barrier.
fn spawn<T: Send + 'static>(
    barrier: &Arc<Barrier>,
    task: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let barrier = Arc::clone(barrier);
    tokio::spawn(async move {
        barrier.wait().await;
        task.await
    })
}

async fn join<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("{error}"),
        },
    }
}

/// Reads, adds one, saves, and on a conflict adds one to what that hands back.
async fn add_one<F: Fixture>(store: &Caller<F>, t: Timestamp, key: &StoreKey) {
    let mut current = store.live(t, key).await;
    // Each conflict means that another task has stored its own, so there cannot be that many of them.
    for _ in 0..1_000 {
        let more = next(&current, count(&current) + 1);
        // The handler's own work: the others have their turn, however fast the store is.
        tokio::task::yield_now().await;
        match store.save(t, key, &more, current.header.version).await {
            SaveOutcome::Saved(_) => return,
            SaveOutcome::Conflict(newer) => current = newer,
            SaveOutcome::Gone => panic!("the session is live"),
        }
    }
    panic!("a conflict without end");
}

/// T28: 32 tasks that add one, each on what it finds, lose nothing: what is acknowledged is stored.
pub async fn t28_no_increment_is_lost<F: Fixture>(store: Caller<F>) {
    const TASKS: u64 = 32;
    const EACH: u64 = 8;
    let t = start();
    let key = store.put(t, &record(t)).await;
    let barrier = Arc::new(Barrier::new(TASKS as usize));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let store = store.clone();
            spawn(&barrier, async move {
                for _ in 0..EACH {
                    add_one(&store, t, &key).await;
                }
            })
        })
        .collect();
    for task in tasks {
        join(task).await;
    }
    assert_eq!(count(&*store.live(t, &key).await), 1 + TASKS * EACH);
}

/// Of many creations of one key one is made, and all others find it.
pub async fn one_creation_wins<F: Fixture>(store: Caller<F>) {
    let t = start();
    for _ in 0..10 {
        let key = fresh_key();
        let barrier = Arc::new(Barrier::new(8));
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let store = store.clone();
                let mine = next(&record(t), n);
                spawn(
                    &barrier,
                    async move { (store.create(t, &key, &mine).await, n) },
                )
            })
            .collect();
        let mut made = Vec::new();
        for task in tasks {
            match join(task).await {
                (CreateOutcome::Created, n) => made.push(n),
                (outcome, _) => assert_eq!(outcome, CreateOutcome::Exists),
            }
        }
        assert_eq!(made, [count(&*store.live(t, &key).await)]);
    }
}

/// T16, T22b, T23: a save, a rotation and a sign-out of one state at once. At most one of the two writers wins, the
/// old key ends dead, and whoever signed out knows where the session went, if it did.
pub async fn t16_save_rotate_and_destroy_at_once<F: Fixture>(store: Caller<F>) {
    let t = start();
    for _ in 0..60 {
        let first = record(t);
        let old = store.put(t, &first).await;
        let (new, version) = (key_after(&old), first.header.version);
        let barrier = Arc::new(Barrier::new(3));
        let (saved, moved) = (next(&first, 2), next(&first, 3));
        let save = spawn(&barrier, {
            let store = store.clone();
            async move { store.save(t, &old, &saved, version).await }
        });
        let rotate = spawn(&barrier, {
            let store = store.clone();
            async move { store.rotate(t, (&old, &new), &moved, version).await }
        });
        let destroy = spawn(&barrier, {
            let store = store.clone();
            async move { store.destroy(t, &old).await }
        });
        let saved = matches!(join(save).await, SaveOutcome::Saved(_));
        let moved = matches!(join(rotate).await, RotateOutcome::Saved(_));
        let successor = join(destroy).await;
        assert!(!(saved && moved), "two commits of one version");
        assert_eq!(successor, moved.then_some(new));
        assert_eq!(store.gone(t, &old).await, successor);
        match store.read(t, &new).await {
            ReadOutcome::Live(read) => assert!(moved && count(&read) == 3),
            other => assert!(!moved, "{other:?}"),
        }
    }
}

/// T15, T16: of many rotations of one session one wins; the others make nothing live.
pub async fn t15_one_rotation_wins<F: Fixture>(store: Caller<F>) {
    let t = start();
    for _ in 0..20 {
        let first = record(t);
        let (old, version) = (store.put(t, &first).await, first.header.version);
        let barrier = Arc::new(Barrier::new(8));
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let (store, new) = (store.clone(), key_after(&old));
                let mine = signed_in(next(&first, n), t, Some("ann"));
                spawn(&barrier, async move {
                    (new, store.rotate(t, (&old, &new), &mine, version).await)
                })
            })
            .collect();
        let (mut winners, mut losers) = (Vec::new(), Vec::new());
        for task in tasks {
            match join(task).await {
                (new, RotateOutcome::Saved(_)) => winners.push(new),
                (new, _) => losers.push(new),
            }
        }
        assert_eq!(winners.len(), 1);
        assert_eq!(store.gone(t, &old).await, Some(winners[0]));
        for loser in &losers {
            assert!(!store.exists(t, loser).await);
        }
        assert_eq!(store.list(t, "ann").await.len(), 1);
        store.destroy(t, &winners[0]).await;
    }
}

/// T16: whoever reads while a session moves finds it under the old key or, by the tombstone, under the new one: never
/// under both, never under none.
pub async fn t16_a_reader_never_finds_none_or_two<F: Fixture>(store: Caller<F>) {
    const MOVES: usize = 60;
    let t = start();
    let first = record(t);
    let mut chain = vec![store.put(t, &first).await];
    chain.extend((0..MOVES).map(|_| key_after(&chain[0])).collect::<Vec<_>>());
    let barrier = Arc::new(Barrier::new(4));
    let mover = spawn(&barrier, {
        let (store, chain) = (store.clone(), chain.clone());
        async move {
            let mut current = first;
            for link in chain.windows(2) {
                let moved = next(&current, 1);
                store.moved(t, (&link[0], &link[1]), &moved).await;
                current = moved;
                tokio::task::yield_now().await;
            }
        }
    });
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (store, chain) = (store.clone(), chain.clone());
            spawn(&barrier, async move {
                let mut at = 0;
                while at < MOVES {
                    // The new one first: if that lives, the old one must be dead by the time it is asked for.
                    let moved = store.exists(t, &chain[at + 1]).await;
                    match store.read(t, &chain[at]).await {
                        ReadOutcome::Live(_) => assert!(!moved, "both are live"),
                        ReadOutcome::Gone { successor } => {
                            assert_eq!(successor, Some(chain[at + 1]));
                            let found = store.read(t, &chain[at + 1]).await;
                            let found = !matches!(found, ReadOutcome::Absent);
                            assert!(found, "neither is there");
                            at += 1;
                        }
                        other => panic!("the session is nowhere: {other:?}"),
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    join(mover).await;
    for reader in readers {
        join(reader).await;
    }
    assert!(store.exists(t, &chain[MOVES]).await);
}

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
