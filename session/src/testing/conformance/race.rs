//! Requests at the same time: one of them comes first, and nothing is lost or doubled.

mod owners;

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinHandle;

use super::caller::{count, fresh_key, key_after, next, record};
use super::caller::{signed_in, start};
use super::{Caller, Fixture};
use crate::id::StoreKey;
use crate::store::{CreateOutcome, ReadOutcome, RotateOutcome, SaveOutcome};
use crate::time::Timestamp;

pub use self::owners::*;

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
