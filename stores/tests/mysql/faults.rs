//! What goes wrong at the engine: it stands still, takes no writes, has no tables, too small a limit, or locks.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{
    OwnerKey, ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, StoreError, StoreErrorKind,
};

use crate::mysql_server::{Server, available};
use crate::mysql_store::*;
use crate::sessions::*;

fn told(error: &StoreError) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

/// T51: an engine that stands still is a typed time-out, in time; when it goes on, so does the store, and the verb that
/// had no answer was done or not, once.
#[tokio::test(flavor = "multi_thread")]
async fn t51_a_paused_engine_is_a_timeout() {
    if !available() {
        return;
    }
    const TIMEOUT: Duration = Duration::from_millis(500);
    let server = Server::start(&[]);
    let store = store_within(&server, TIMEOUT).await;
    let t = now();
    let op = op(t);
    let first = record(t);
    let key = until_it_works(|| put_one(&store, t, &first)).await;
    server.pause();
    let second = Arc::new(next(&first, 2));
    for _ in 0..12 {
        let start = Instant::now();
        let read = store.read(&op, &key, None).await;
        assert_eq!(read.unwrap_err().kind(), StoreErrorKind::Timeout);
        assert!(start.elapsed() < TIMEOUT * 4, "{:?}", start.elapsed());
    }
    let save = store.save(&op, &key, Arc::clone(&second), first.header.version);
    assert_eq!(save.await.unwrap_err().kind(), StoreErrorKind::Timeout);
    server.resume();
    let found = until_it_works(|| store.read(&op, &key, None)).await;
    let ReadOutcome::Live(found) = found else {
        panic!("the session lives");
    };
    assert!([first.header.commit_id, second.header.commit_id].contains(&found.header.commit_id));
    let third = Arc::new(next(&found, 3));
    let outcome =
        until_it_works(|| store.save(&op, &key, Arc::clone(&third), found.header.version));
    assert!(matches!(outcome.await, SaveOutcome::Saved(_)));
}

/// T55: a server that takes no writes is not believed either: it may be a replica that does not know yet who has signed
/// out. When it takes writes again, the store goes on.
#[tokio::test(flavor = "multi_thread")]
async fn t55_a_read_only_engine_is_refused() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let store = store_within(&server, Duration::from_millis(800)).await;
    let (t, ann) = (now(), OwnerKey::of("ann"));
    let first = owned(t, "ann");
    let key = until_it_works(|| put_one(&store, t, &first)).await;
    server.sql("SET GLOBAL read_only = 1");
    let op = op(t);
    let refused = |error: StoreError| assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let (second, new) = (Arc::new(next(&first, 2)), key_after(&key));
    let version = first.header.version;
    let read = store.read(&op, &key, None).await.unwrap_err();
    assert!(told(&read).contains("takes no writes"), "{read:?}");
    refused(read);
    refused(store.read(&op, &fresh_key(), None).await.unwrap_err());
    refused(store.exists(&op, &key).await.unwrap_err());
    refused(
        store
            .save(&op, &key, Arc::clone(&second), version)
            .await
            .unwrap_err(),
    );
    let rotate = store
        .rotate(&op, &key, &new, Arc::clone(&second), version, None)
        .await;
    refused(rotate.unwrap_err());
    refused(store.destroy(&op, &key).await.unwrap_err());
    refused(store.sessions_of(&op, &ann).await.unwrap_err());
    refused(store.destroy_all_of(&op, &ann, None).await.unwrap_err());
    server.sql("SET GLOBAL read_only = 0");
    let outcome = until_it_works(|| store.save(&op, &key, Arc::clone(&second), version));
    assert!(matches!(outcome.await, SaveOutcome::Saved(_)));
}

/// T52: without its tables the store says what is missing and creates nothing; when they are back the session is there.
#[tokio::test(flavor = "multi_thread")]
async fn t52_missing_tables_are_named() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let store = patient(&server).await;
    let (t, first) = (now(), record(now()));
    let key = put(&store, t, &first).await;
    server.sql("RENAME TABLE sessions.sessions TO sessions.away");
    let errors = [
        store.read(&op(t), &key, None).await.unwrap_err(),
        put_one(&store, t, &owned(t, "ann")).await.unwrap_err(),
        store.destroy(&op(t), &key).await.unwrap_err(),
        store.gc(&op(t), 10).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(told(&error).contains("MysqlStore::migrate"), "{error:?}");
    }
    server.sql("RENAME TABLE sessions.away TO sessions.sessions");
    assert_eq!(live(&store, t, &key).await.unwrap().header, first.header);
}

/// A record that the engine would not take is refused before it is sent, in words that say why; the old state stands and
/// the store goes on. What travels as text is twice as long.
#[tokio::test(flavor = "multi_thread")]
async fn t59_larger_than_a_packet_is_told() {
    if !available() {
        return;
    }
    let server = Server::start(&["--max-allowed-packet=1M"]);
    let store = patient(&server).await;
    let t = now();
    let op = op(t);
    let first = owned(t, "ann");
    let key = put(&store, t, &first).await;
    let sized = |len: usize| {
        let mut record = next(&first, 2);
        record.data.insert("big", "x".repeat(len));
        Arc::new(record)
    };
    let version = first.header.version;
    let refused = |error: StoreError| {
        assert_eq!(error.kind(), StoreErrorKind::TooLarge);
        assert!(told(&error).contains("max_allowed_packet"), "{error:?}");
    };
    refused(
        store
            .save(&op, &key, sized(1 << 20), version)
            .await
            .unwrap_err(),
    );
    let new = key_after(&key);
    let rotate = store
        .rotate(&op, &key, &new, sized(600_000), version, None)
        .await;
    refused(rotate.unwrap_err());
    assert_eq!(live(&store, t, &key).await.unwrap().header, first.header);
    // Beyond 64 KiB there is room.
    let large = sized(1_000_000);
    let saved = store.save(&op, &key, Arc::clone(&large), version).await;
    assert!(matches!(saved.unwrap(), SaveOutcome::Saved(_)));
    let found = live(&store, t, &key).await.unwrap();
    assert_eq!(
        found.data.get::<String>("big").unwrap().unwrap().len(),
        1_000_000
    );
    // A limit that was lowered since is the engine's own answer.
    server.sql("SET GLOBAL max_allowed_packet = 65536; KILL CONNECTION USER app@'127.0.0.1'");
    let saved = store
        .save(&op, &key, sized(500_000), large.header.version)
        .await;
    assert!(saved.is_err());
    let found = until_it_works(|| store.exists(&op, &key)).await;
    assert!(found);
}

/// Waits until a transaction has locked rows.
async fn until_locked(server: &Server) {
    let locked = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_locked > 0";
    let start = Instant::now();
    while server.sql(locked).trim() == "0" {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "nobody locks anything"
        );
        // The engine gives what it told before to those who ask more often than every 100 ms.
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

/// A row that somebody else has locked holds up who wants to change it, to the deadline; readers go on.
#[tokio::test(flavor = "multi_thread")]
async fn t51_a_lock_does_not_hold_up_readers() {
    if !available() {
        return;
    }
    let server = Arc::new(Server::start(&[]));
    let store = store_within(&server, Duration::from_millis(1500)).await;
    let t = now();
    let op = op(t);
    let first = record(t);
    let key = until_it_works(|| put_one(&store, t, &first)).await;
    let locking = Arc::clone(&server);
    let lock = tokio::task::spawn_blocking(move || {
        locking.sql(
            "BEGIN; SELECT version FROM sessions.sessions FOR UPDATE; SELECT SLEEP(6); ROLLBACK",
        )
    });
    until_locked(&server).await;
    let second = Arc::new(next(&first, 2));
    let save = || store.save(&op, &key, Arc::clone(&second), first.header.version);
    let error = save().await.unwrap_err();
    assert!([StoreErrorKind::Timeout, StoreErrorKind::Unavailable].contains(&error.kind()));
    assert!(live(&store, t, &key).await.is_some());
    // A node that knows nothing of this session has to look whether it is to be renewed.
    let other = store_within(&server, Duration::from_millis(1500)).await;
    let (read_at, later) = (Instant::now(), crate::sessions::op(t + INTERVAL));
    let found = other.read(&op, &key, Some(INTERVAL)).await;
    assert!(matches!(found, Ok(ReadOutcome::Live(_))), "{found:?}");
    assert!(read_at.elapsed() < Duration::from_millis(1_000));
    // One that is to be renewed is read, and not renewed.
    let record_of = |found| match found {
        Ok(ReadOutcome::Live(found)) => found,
        other => panic!("{other:?}"),
    };
    let found = record_of(store.read(&later, &key, Some(INTERVAL)).await);
    assert_eq!(found.header, first.header);
    lock.await.unwrap();
    // The engine has given up as well: nothing that the client no longer waits for is done behind its back.
    assert_eq!(live(&store, t, &key).await.unwrap().header, first.header);
    let found = record_of(store.read(&later, &key, Some(INTERVAL)).await);
    assert_eq!(found.header.last_seen, later.now);
    assert!(matches!(until_it_works(save).await, SaveOutcome::Saved(_)));
}

/// Of two transactions that wait for each other the engine undoes one. That one is repeated, and its caller does not
/// notice.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_repeated() {
    if !available() {
        return;
    }
    let server = Arc::new(Server::start(&[]));
    let store = patient(&server).await;
    let t = now();
    let first = owned(t, "ann");
    let key = put(&store, t, &first).await;
    // The engine undoes the one that has changed less, so the other one changes many rows.
    for _ in 0..30 {
        put(&store, t, &record(t)).await;
    }
    let other = Arc::clone(&server);
    let other = tokio::task::spawn_blocking(move || {
        other.sql(
            "USE sessions; BEGIN; UPDATE sessions SET created = created + 1; SELECT SLEEP(4); \
             SELECT * FROM sessions_owners FOR UPDATE; COMMIT",
        )
    });
    until_locked(&server).await;
    let (op, new, second) = (op(t), key_after(&key), Arc::new(next(&first, 2)));
    let rotate = store.rotate(&op, &key, &new, second, first.header.version, None);
    assert!(matches!(rotate.await.unwrap(), RotateOutcome::Saved(_)));
    other.await.unwrap();
    let status = server.sql("SHOW ENGINE INNODB STATUS");
    assert!(
        status.contains("LATEST DETECTED DEADLOCK"),
        "there was none"
    );
}
