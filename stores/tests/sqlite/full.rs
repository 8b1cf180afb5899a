//! S16, T46: a disk that is full, and a database that may not grow.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use session::{
    OwnerKey, ReadOutcome, Record, SaveOutcome, SessionStore, StoreErrorKind, StoreKey, Timestamp,
};
use session_stores::sqlite::driver::SqlitePool;
use session_stores::sqlite::driver::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use session_stores::sqlite::{Durability, SqliteStore};

use crate::disk::Disk;
use crate::sessions::*;

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::builder()
        .durability(Durability::Normal)
        .response_timeout(Duration::from_secs(30))
        .open(path)
        .await
        .unwrap()
}

fn big(t: Timestamp, size: usize) -> Record {
    let mut record = owned(t, "ann");
    record.data.insert("text", "x".repeat(size));
    record
}

/// Makes sessions until there is no room for one more.
async fn fill(store: &SqliteStore, record: &Record) -> Vec<StoreKey> {
    let (mut keys, at) = (Vec::new(), op(record.header.created));
    loop {
        let key = fresh_key();
        let created = store.create(&at, &key, Arc::new(record.clone()), None);
        match created.await {
            Ok(_) => keys.push(key),
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Full);
                return keys;
            }
        }
    }
}

async fn lives_out_a_full_disk(size: usize) {
    let Some(disk) = Disk::new(13) else {
        return;
    };
    let path = disk.path.join("sessions.db");
    let store = open(&path).await;
    let filler = disk.path.join("filler");
    std::fs::write(&filler, vec![1; 5 * 1024 * 1024]).unwrap();
    let t = now();
    let first = big(t, size);
    let keys = fill(&store, &first).await;
    assert!(keys.len() > 10, "{} sessions", keys.len());
    println!("{} sessions of {size} bytes", keys.len());

    let (at, later) = (op(t), op(t + INTERVAL));
    let (spared, ended) = keys.split_last().unwrap();
    // Who leaves and who wants room may stand in one transaction.
    let (crowd, leaving) = (fresh_key(), fresh_key());
    let more = || store.create(&at, &crowd, Arc::new(first.clone()), None);
    let (a, left, b, c) = tokio::join!(more(), store.destroy(&at, &leaving), more(), more());
    assert_eq!(left.unwrap(), None);
    for created in [a, b, c] {
        assert_eq!(
            created.map_err(|error| error.kind()),
            Err(StoreErrorKind::Full)
        );
    }
    for (n, key) in ended.iter().enumerate() {
        assert!(
            live(&store, t, key).await.is_some(),
            "what was acknowledged"
        );
        let destroyed = store.destroy(&at, key).await;
        assert_eq!(destroyed.unwrap(), None, "the {n}th");
        assert!(live(&store, t, key).await.is_none());
        if n % 7 == 0 {
            // Others go on wanting room meanwhile, and do not get what is kept for those who leave.
            let key = fresh_key();
            let more = store.create(&at, &key, Arc::new(first.clone()), None);
            let full = more.await.map_err(|error| error.kind());
            assert_eq!(full, Err(StoreErrorKind::Full), "after the {n}th");
        }
    }
    let version = first.header.version;
    let save = store.save(&at, spared, Arc::new(next(&first, 2)), version);
    assert_eq!(save.await.unwrap_err().kind(), StoreErrorKind::Full);
    let read = store.read(&later, spared, Some(INTERVAL)).await.unwrap();
    assert!(matches!(read, ReadOutcome::Live(_)), "{read:?}");
    // What was acknowledged is there also for who opens the file anew.
    drop(store);
    let store = open(&path).await;
    for key in ended {
        assert!(live(&store, t, key).await.is_none());
    }
    assert_eq!(
        live(&store, t, spared).await.unwrap().header.version,
        version
    );
    let ann = OwnerKey::of("ann");
    assert_eq!(store.destroy_all_of(&at, &ann, None).await.unwrap(), 1);

    // T46: and when there is room again, everything is as before, soon and by itself.
    std::fs::remove_file(&filler).unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let again = record(t + INTERVAL);
    let key = put(&store, t + INTERVAL, &again).await;
    let save = store.save(
        &later,
        &key,
        Arc::new(next(&again, 2)),
        again.header.version,
    );
    assert!(matches!(save.await.unwrap(), SaveOutcome::Saved(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn t46_s16_a_full_disk_lets_people_out() {
    lives_out_a_full_disk(300).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t46_s16_a_full_disk_lets_people_with_big_sessions_out() {
    lives_out_a_full_disk(40_000).await;
}

/// A database that may not grow, in a ready pool without reserve: what is ended makes room.
#[tokio::test(flavor = "multi_thread")]
async fn s16_a_database_that_may_not_grow_lets_people_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.db");
    drop(open(&path).await);
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("max_page_count", "200");
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let store = SqliteStore::builder().pool(pool).await.unwrap();
    let t = now();
    let first = big(t, 300);
    let keys = fill(&store, &first).await;
    println!("{} sessions", keys.len());
    let (mut full, at) = (0, op(t));
    for key in keys.iter().rev() {
        match store.destroy(&at, key).await {
            Ok(_) => assert!(live(&store, t, key).await.is_none()),
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Full);
                full += 1;
            }
        }
    }
    assert_eq!(full, 0, "of {} could not be ended", keys.len());
    put(&store, t, &first).await;
}
