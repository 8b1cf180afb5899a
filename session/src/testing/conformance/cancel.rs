//! Requests that are dropped half-way (T16, T54, I6): each verb leaves the old state or the new one.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::caller::{GRACE, count, fresh_key, key_after, next, op, owned, record};
use super::caller::{secs, signed_in, start};
use super::{Caller, Fixture};
use crate::id::OwnerKey;
use crate::store::{CreateOutcome, ReadOutcome, SaveOutcome, SessionStore, StoreError};

/// How many polls the futures are given at most before they are dropped.
const POLLS: usize = 12;

/// Polls a future this often, and drops it unless it has ended by then.
async fn cancelled<T>(
    polls: usize,
    future: impl Future<Output = Result<T, StoreError>>,
) -> Option<T> {
    let mut left = polls;
    let mut future = pin!(future);
    let answer = poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    });
    answer.await.map(|answer| match answer {
        Ok(answer) => answer,
        Err(error) => panic!("cancelled verbs aside, the store works: {error:?}"),
    })
}

/// A creation: nothing, or the whole record in its owner's set; and it can be repeated.
pub async fn t16_create<F: Fixture>(store: Caller<F>) {
    let t = start();
    for polls in 0..POLLS {
        let (key, record) = (fresh_key(), owned(t, "ann"));
        let given = Arc::new(record.clone());
        let op = op(t);
        cancelled(polls, store.store().create(&op, &key, given, None)).await;
        match store.read(t, &key).await {
            ReadOutcome::Live(read) => assert_eq!(read.header, record.header),
            other => assert!(matches!(other, ReadOutcome::Absent), "{other:?}"),
        }
        let outcome = store.create(t, &key, &record).await;
        assert_eq!(outcome, CreateOutcome::Created);
        assert_eq!(store.handles(t, "ann").await, [record.header.handle]);
        assert!(store.destroy_of(t, "ann", record.header.handle).await);
    }
}

/// A save: the old record or the new one, version and data together.
pub async fn t16_save<F: Fixture>(store: Caller<F>) {
    let t = start();
    for polls in 0..POLLS {
        let first = record(t);
        let (key, second) = (store.put(t, &first).await, next(&first, 2));
        let (op, given) = (op(t), Arc::new(second.clone()));
        let save = store.store().save(&op, &key, given, first.header.version);
        cancelled(polls, save).await;
        let current = store.live(t, &key).await;
        match count(&current) {
            1 => assert_eq!(current.header, first.header),
            2 => assert_eq!(current.header, second.header),
            other => panic!("nobody stored {other}"),
        }
        // Whichever it is: the commit that lost its answer reads, and goes on.
        let mut current = current;
        while current.header.commit_id != second.header.commit_id {
            let outcome = store.save(t, &key, &second, current.header.version).await;
            match outcome {
                SaveOutcome::Saved(_) => break,
                SaveOutcome::Conflict(newer) => current = newer,
                SaveOutcome::Gone => panic!("the session is live"),
            }
        }
        assert_eq!(
            store.live(t, &key).await.header.commit_id,
            second.header.commit_id
        );
    }
}

/// A rotation: exactly one of old and new is live, with all its data, and the owner's sets agree; repeated, it ends.
pub async fn t16_rotate<F: Fixture>(store: Caller<F>) {
    let t = start();
    for polls in 0..POLLS {
        let first = owned(t, "ann");
        let old = store.put(t, &first).await;
        let new = key_after(&old);
        let second = signed_in(next(&first, 2), t, Some("bob"));
        let (op, given) = (op(t), Arc::new(second.clone()));
        let version = first.header.version;
        let rotate = store.store().rotate(&op, &old, &new, given, version, None);
        cancelled(polls, rotate).await;
        // The new one first: an engine may still be at it, and then it is the old one that is live in between.
        if let ReadOutcome::Live(read) = store.read(t, &new).await {
            assert_eq!((&read.header, count(&read)), (&second.header, 2));
            assert_eq!(store.gone(t, &old).await, Some(new));
        } else {
            match store.read(t, &old).await {
                ReadOutcome::Live(read) => assert_eq!(read.header, first.header),
                ReadOutcome::Gone { successor } => {
                    assert_eq!(successor, Some(new));
                    assert_eq!(store.live(t, &new).await.header, second.header);
                }
                other => panic!("the session is nowhere: {other:?}"),
            }
        }
        let outcome = store.rotate(t, (&old, &new), &second, version).await;
        assert!(
            matches!(outcome, crate::RotateOutcome::Saved(_)),
            "{outcome:?}"
        );
        assert_eq!(store.gone(t, &old).await, Some(new));
        assert_eq!(store.live(t, &new).await.header, second.header);
        assert_eq!(store.list(t, "ann").await, []);
        assert_eq!(store.handles(t, "bob").await, [second.header.handle]);
        assert_eq!(store.destroy(t, &new).await, None);
    }
}

/// A touch: the old deadline or the new one, and the data in any case.
pub async fn t16_touch<F: Fixture>(store: Caller<F>) {
    let t = start();
    for polls in 0..POLLS {
        let record = record(t);
        let key = store.put(t, &record).await;
        let (now, deadline) = (t + secs(60), t + secs(7200));
        let (op, version) = (op(now), record.header.version);
        cancelled(polls, store.store().touch(&op, &key, version, deadline)).await;
        let read = store.live(now, &key).await;
        assert_eq!((read.header.version, count(&read)), (version, 1));
        let seen = (read.header.last_seen, read.header.idle_deadline);
        let before = (record.header.last_seen, record.header.idle_deadline);
        assert!(seen == before || seen == (now, deadline), "{seen:?}");
    }
}

/// A sign-out: live as before or dead, and dead once it is repeated.
pub async fn t16_destroy<F: Fixture>(store: Caller<F>) {
    let t = start();
    for polls in 0..POLLS {
        let record = owned(t, "ann");
        let key = store.put(t, &record).await;
        let op = op(t);
        cancelled(polls, store.store().destroy(&op, &key)).await;
        match store.read(t, &key).await {
            ReadOutcome::Live(read) => assert_eq!(read.header, record.header),
            other => assert!(matches!(other, ReadOutcome::Gone { .. }), "{other:?}"),
        }
        assert_eq!(store.destroy(t, &key).await, None);
        assert_eq!(store.gone(t, &key).await, None);
        assert!(!store.exists(t + GRACE, &key).await);
        assert_eq!(store.list(t, "ann").await, []);
    }
}

/// A revocation: whatever is left of it is done by the next, and each session is whole or dead meanwhile.
pub async fn t16_destroy_all_of<F: Fixture>(store: Caller<F>) {
    let t = start();
    for polls in 0..POLLS {
        let now = t + secs(10 * polls as u64);
        let (first, second) = (owned(now, "ann"), owned(now, "ann"));
        let keys = [store.put(now, &first).await, store.put(now, &second).await];
        let (op, ann) = (op(now + secs(1)), OwnerKey::of("ann"));
        cancelled(polls, store.store().destroy_all_of(&op, &ann, None)).await;
        for (key, record) in keys.iter().zip([&first, &second]) {
            match store.read(op.now, key).await {
                ReadOutcome::Live(read) => assert_eq!(read.header, record.header),
                other => assert!(matches!(other, ReadOutcome::Gone { .. }), "{other:?}"),
            }
        }
        store.destroy_all_of(op.now, "ann", None).await;
        assert_eq!(store.list(op.now, "ann").await, []);
        for key in &keys {
            assert!(!store.exists(op.now, key).await);
        }
    }
}
