//! Saves that come together go in one statement: each is answered as if it had been alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{OwnerKey, ReadOutcome, Record, SaveOutcome, SessionStore, StoreErrorKind, StoreKey};

use crate::place::*;
use crate::sessions::*;

/// So many saves are under way before the next one waits.
const AT_ONCE: usize = 2;
/// Until then those wait.
const LONGEST: Duration = Duration::from_millis(20);

const LOCK_ALL: &str = "LOCK TABLE TABLE_NAME IN EXCLUSIVE MODE";

/// What has come while the first two were under way goes in one statement, and all of it is stored.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_goes_in_one_statement() {
    let Some(place) = Place::start(Duration::from_secs(30)).await else {
        return;
    };
    let mut sessions = Vec::new();
    for n in 0..30 {
        let first = if n % 2 == 0 {
            record(place.t)
        } else {
            owned(place.t, &format!("owner {n}"))
        };
        sessions.push((put(&*place.store, place.t, &first).await, first));
    }
    let held = place.hold(LOCK_ALL, 0.5).await;
    let saves: Vec<_> = sessions
        .iter()
        .zip(100..)
        .map(|((key, first), n)| place.save(*key, next(first, n), first))
        .collect();
    for save in saves {
        assert!(is_saved(&save.await.unwrap()));
    }
    held.await.unwrap();
    for ((key, _), n) in sessions.iter().zip(100..) {
        assert_eq!(place.counted(key).await, n);
    }
    let together = place.together();
    assert!((1..=10).contains(&together), "{together} statements");
}

/// In one statement stand a save that is stored, one in conflict, one of a session that has ended, one of a session that has
/// expired, one whose owner is another by now, and two of one session: each has its own answer.
#[tokio::test(flavor = "multi_thread")]
async fn each_has_its_own_answer() {
    let Some(place) = Place::start(Duration::from_secs(30)).await else {
        return;
    };
    let (store, t) = (&*place.store, place.t);
    let busy = [record(t), record(t)];
    let mut first = Vec::new();
    for record in &busy {
        first.push((put(store, t, record).await, record.clone()));
    }
    let fresh = async |record: &Record| (put(store, t, record).await, record.clone());
    let good = fresh(&record(t)).await;
    let conflict = fresh(&record(t)).await;
    let newer = next(&conflict.1, 50);
    let op = place.op();
    let version = conflict.1.header.version;
    let saved = store.save(&op, &conflict.0, Arc::new(newer), version).await;
    assert!(is_saved(&saved));
    let gone = fresh(&record(t)).await;
    store.destroy(&op, &gone.0).await.unwrap();
    let mut short = record(t - INTERVAL * 2);
    short.header.idle_deadline = t - INTERVAL;
    let expired = (fresh_key(), short);
    let long_ago = self::op(t - INTERVAL * 2);
    let given = Arc::new(expired.1.clone());
    store
        .create(&long_ago, &expired.0, given, None)
        .await
        .unwrap();
    let owned = fresh(&owned(t, "ann")).await;
    let disowned = of(next(&owned.1, 51), "bob");
    let twice = fresh(&record(t)).await;

    let held = place.hold(LOCK_ALL, 0.5).await;
    let busy: Vec<_> = first
        .iter()
        .map(|(key, record)| place.save(*key, next(record, 2), record))
        .collect();
    let save = |(key, record): &(StoreKey, Record), n| place.save(*key, next(record, n), record);
    let saves = [
        save(&good, 60),
        save(&conflict, 61),
        save(&gone, 62),
        save(&expired, 63),
        place.save(owned.0, disowned, &owned.1),
        save(&twice, 64),
        save(&twice, 65),
    ];
    let mut answers = Vec::new();
    for save in saves {
        answers.push(save.await.unwrap().unwrap());
    }
    for save in busy {
        assert!(is_saved(&save.await.unwrap()));
    }
    held.await.unwrap();

    assert!(place.together() >= 1);
    assert!(matches!(answers[0], SaveOutcome::Saved(_)));
    assert_eq!(place.counted(&good.0).await, 60);
    let SaveOutcome::Conflict(current) = &answers[1] else {
        panic!("{:?}", answers[1]);
    };
    assert_eq!(count(current), 50);
    assert!(matches!(answers[2], SaveOutcome::Gone));
    assert!(matches!(answers[3], SaveOutcome::Gone));
    // S4: a save never changes the owner.
    assert!(matches!(answers[4], SaveOutcome::Saved(_)));
    let stored = place.stored(&owned.0).await;
    assert_eq!(
        stored.header.owner.as_ref().unwrap().key,
        OwnerKey::of("ann")
    );
    let of_twice = place.counted(&twice.0).await;
    match (&answers[5], &answers[6]) {
        (SaveOutcome::Saved(_), SaveOutcome::Conflict(current)) => {
            assert_eq!((of_twice, count(current)), (64, 64));
        }
        (SaveOutcome::Conflict(current), SaveOutcome::Saved(_)) => {
            assert_eq!((of_twice, count(current)), (65, 65));
        }
        other => panic!("{other:?}"),
    }
}

/// Rows that somebody has locked hold up those who save them, and nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn t51_locked_rows_hold_up_nobody_else() {
    let Some(place) = Place::start(Duration::from_secs(30)).await else {
        return;
    };
    let mut sessions = Vec::new();
    for _ in 0..30 {
        let first = record(place.t);
        sessions.push((put(&*place.store, place.t, &first).await, first));
    }
    // As many as are under way at once, and one that comes to stand among the others.
    let (locked, free) = sessions.split_at(AT_ONCE + 1);
    let keys: Vec<_> = locked
        .iter()
        .map(|(key, _)| {
            let hex: String = key
                .hash()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!("'\\x{hex}'")
        })
        .collect();
    let sql = format!(
        "SELECT 1 FROM TABLE_NAME WHERE session_key IN ({}) FOR UPDATE",
        keys.join(", ")
    );
    let held = place.hold(&sql, 3.0).await;
    let start = Instant::now();
    let waiting: Vec<_> = locked
        .iter()
        .map(|(key, first)| place.save(*key, next(first, 2), first))
        .collect();
    let saves: Vec<_> = free
        .iter()
        .map(|(key, first)| place.save(*key, next(first, 2), first))
        .collect();
    for save in saves {
        assert!(is_saved(&save.await.unwrap()));
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1) + LONGEST, "{took:?}");
    assert!(waiting.iter().all(|save| !save.is_finished()));
    held.await.unwrap();
    for save in waiting {
        assert!(is_saved(&save.await.unwrap()));
    }
}

/// What the engine refuses of one is not the others' business.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_to_whom_it_concerns() {
    let Some(place) = Place::start(Duration::from_secs(30)).await else {
        return;
    };
    let mut sessions = Vec::new();
    for _ in 0..10 {
        let first = record(place.t);
        sessions.push((put(&*place.store, place.t, &first).await, first));
    }
    let refused = place.t + INTERVAL * 3;
    place.server.sql(&format!(
        "ALTER TABLE {} ADD CONSTRAINT never CHECK (created IS NULL OR created <> {})",
        place.table,
        refused.as_millis()
    ));
    let held = place.hold(LOCK_ALL, 0.5).await;
    let saves: Vec<_> = sessions
        .iter()
        .enumerate()
        .map(|(n, (key, first))| {
            let mut second = next(first, 2);
            if n == 7 {
                second.header.created = refused;
            }
            place.save(*key, second, first)
        })
        .collect();
    for (n, save) in saves.into_iter().enumerate() {
        let answer = save.await.unwrap();
        if n == 7 {
            assert_eq!(answer.unwrap_err().kind(), StoreErrorKind::Unavailable);
        } else {
            assert!(is_saved(&answer), "{n}: {answer:?}");
        }
    }
    held.await.unwrap();
    for (n, (key, _)) in sessions.iter().enumerate() {
        let expected = if n == 7 { 1 } else { 2 };
        assert_eq!(place.counted(key).await, expected, "{n}");
    }
    assert!(place.together() >= 1);
}

/// T55: whoever stood in a statement whose connection broke is told that nobody knows; what was told to be stored is.
#[tokio::test(flavor = "multi_thread")]
async fn t55_a_broken_connection_is_everybodys() {
    let Some(place) = Place::start(Duration::from_secs(30)).await else {
        return;
    };
    let mut sessions = Vec::new();
    for _ in 0..12 {
        let first = record(place.t);
        sessions.push((put(&*place.store, place.t, &first).await, first));
    }
    let held = place.hold(LOCK_ALL, 1.0).await;
    let saves: Vec<_> = sessions
        .iter()
        .map(|(key, first)| place.save(*key, next(first, 2), first))
        .collect();
    // It waits for the table.
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE query LIKE '%UNNEST(%' AND wait_event_type = 'Lock'";
    place.until_some(end).await;
    held.await.unwrap();
    let mut failed = 0;
    for ((key, _), save) in sessions.iter().zip(saves) {
        let answer = save.await.unwrap();
        let stored = place.counted(key).await;
        if is_saved(&answer) {
            assert_eq!(stored, 2);
        } else {
            assert_eq!(answer.unwrap_err().kind(), StoreErrorKind::Unavailable);
            assert_eq!(stored, 1, "its statement was waiting");
            failed += 1;
        }
    }
    // On a slow machine they may have come in several statements, of which that one has ended.
    assert!(failed > 1, "{failed}");
    // And the next ones find a connection.
    for (key, _) in &sessions {
        let current = place.stored(key).await;
        let answer = place.save(*key, next(&current, 3), &current).await.unwrap();
        assert!(is_saved(&answer), "{answer:?}");
    }
}

/// Whoever gives up while waiting for a turn has done nothing, and nobody waits for them.
#[tokio::test(flavor = "multi_thread")]
async fn t20_a_save_that_is_given_up_in_the_queue_is_not_made() {
    let Some(place) = Place::start(Duration::from_secs(30)).await else {
        return;
    };
    let mut sessions = Vec::new();
    for _ in 0..AT_ONCE + 4 {
        let first = record(place.t);
        sessions.push((put(&*place.store, place.t, &first).await, first));
    }
    let op = place.op();
    let held = place.hold(LOCK_ALL, 0.5).await;
    // On this thread alone, so that all of them are asked once and no turn comes in between.
    let mut calls: Vec<_> = sessions
        .iter()
        .map(|(key, first)| {
            let (store, second) = (Arc::clone(&place.store), Arc::new(next(first, 2)));
            let version = first.header.version;
            Box::pin(async move { store.save(&op, key, second, version).await })
        })
        .collect();
    for call in &mut calls {
        let asked = std::future::poll_fn(|context| {
            std::task::Poll::Ready(call.as_mut().poll(context).is_pending())
        });
        assert!(asked.await);
    }
    let given_up = calls.split_off(AT_ONCE + 2);
    drop(given_up);
    for call in calls {
        assert!(is_saved(&call.await));
    }
    held.await.unwrap();
    for (n, (key, _)) in sessions.iter().enumerate() {
        let expected = if n < AT_ONCE + 2 { 2 } else { 1 };
        assert_eq!(place.counted(key).await, expected, "{n}");
    }
    let ReadOutcome::Live(_) = place.store.read(&op, &sessions[0].0, None).await.unwrap() else {
        panic!("the session lives");
    };
}
