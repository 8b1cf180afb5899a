//! How a store is set up: on a file, on a pool, and on what is neither.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use session::{ReadOutcome, SessionStore, TouchOutcome};
use session_stores::sqlite::driver::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use session_stores::sqlite::driver::{SqlitePool, query};
use session_stores::sqlite::{SqliteSetupError, SqliteStore};

use crate::sessions::*;
use crate::sqlite_file::*;

/// What is no database, or a damaged one, is refused where the store is set up, and left alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_whole_database_is_refused() {
    let (_dir, path) = new_file();
    std::fs::write(&path, "this is a text, and a long one at that".repeat(200)).unwrap();
    let refused = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(refused, SqliteSetupError::Damaged), "{refused:?}");
    assert!(std::fs::read(&path).unwrap().starts_with(b"this is a text"));

    let (_dir, path) = new_file();
    drop(SqliteStore::open(&path).await.unwrap());
    let mut whole = other(&path).await;
    run(&mut whole, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    drop(whole);
    let bytes = std::fs::read(&path).unwrap();
    let (_dir, cut) = new_file();
    std::fs::write(&cut, &bytes[..4096]).unwrap();
    let refused = SqliteStore::open(&cut).await.unwrap_err();
    assert!(matches!(refused, SqliteSetupError::Damaged), "{refused:?}");
}

/// S21: an older version of the library leaves the tables of a newer one alone.
#[tokio::test(flavor = "multi_thread")]
async fn s21_a_newer_schema_is_refused() {
    let (_dir, path) = new_file();
    let store = SqliteStore::open(&path).await.unwrap();
    run(
        &mut other(&path).await,
        "UPDATE sessions_schema SET version = 1000",
    )
    .await;
    let refused = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(refused, SqliteSetupError::Newer), "{refused:?}");
    let refused = store.migrate().await.unwrap_err();
    assert!(matches!(refused, SqliteSetupError::Newer), "{refused:?}");
    let pool = SqlitePool::connect(path.to_str().unwrap()).await.unwrap();
    let refused = SqliteStore::builder().pool(pool).await.unwrap_err();
    assert!(matches!(refused, SqliteSetupError::Newer), "{refused:?}");
}

/// A ready pool without tables says what to do, and works once that is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_ready_pool_is_told_to_migrate() {
    let (_dir, path) = new_file();
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let store = SqliteStore::builder().table("web").pool(pool.clone());
    let store = store.await.unwrap();
    let t = now();
    let error = store.read(&op(t), &fresh_key(), None).await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains("migrate"));
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    let first = record(t);
    let key = put(&store, t, &first).await;
    let later = op(t + INTERVAL);
    let touched = store.touch(&later, &key, first.header.version, later.now + INTERVAL);
    assert_eq!(touched.await.unwrap(), TouchOutcome::Touched);
    let rows = query("SELECT 1 FROM web").fetch_all(&pool).await.unwrap();
    assert_eq!(rows.len(), 1);
}

/// One connection is enough, as slow as it is.
#[tokio::test(flavor = "multi_thread")]
async fn one_connection_is_enough() {
    let (_dir, path) = new_file();
    let builder = SqliteStore::builder().connections(1);
    let builder = builder.response_timeout(Duration::from_secs(30));
    let store = Arc::new(builder.open(&path).await.unwrap());
    let t = now();
    let tasks = (0..16).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let first = owned(t, "ann");
            let key = put(&*store, t, &first).await;
            let later = op(t + INTERVAL);
            let read = store.read(&later, &key, Some(INTERVAL)).await.unwrap();
            assert!(matches!(read, ReadOutcome::Live(_)), "{read:?}");
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let (dir, path) = new_file();
    let builder = SqliteStore::builder;
    for memory in [":memory:", ""] {
        let refused = builder().open(memory).await.unwrap_err();
        assert!(matches!(refused, SqliteSetupError::InMemory), "{refused:?}");
        assert!(refused.to_string().contains("MemoryStore"));
    }
    let pool = SqlitePoolOptions::new().connect(":memory:").await.unwrap();
    let refused = builder().pool(pool).await.unwrap_err();
    assert!(matches!(refused, SqliteSetupError::InMemory), "{refused:?}");
    for wrong in [Duration::ZERO, Duration::from_micros(10), Duration::MAX] {
        let refused = builder().response_timeout(wrong).open(&path).await;
        assert!(matches!(refused, Err(SqliteSetupError::Timeout)));
    }
    let refused = builder().connections(0).open(&path).await;
    assert!(matches!(refused, Err(SqliteSetupError::Connections)));
    let refused = builder().table("a;b").open(&path).await;
    assert!(matches!(refused, Err(SqliteSetupError::Table(_))));
    assert!(!path.exists(), "a refused store makes no file");
    let refused = builder().open(dir.path().join("no/where.db")).await;
    assert!(matches!(refused, Err(SqliteSetupError::Open(_))));
    let refused = builder().open(dir.path()).await;
    assert!(matches!(refused, Err(SqliteSetupError::Open(_))));
}

/// T49: nobody else may read the file, its log, the index of that, or the reserve.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn t49_files_are_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, path) = new_file();
    let store = SqliteStore::open(&path).await.unwrap();
    put(&store, now(), &record(now())).await;
    let mut files = 0;
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
        files += 1;
    }
    assert_eq!(files, 4);
}

/// A path that looks like a URI is a file all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_a_path() {
    let (dir, _) = new_file();
    let path = dir.path().join("file:x?mode=memory&y.db");
    let store = SqliteStore::open(&path).await.unwrap();
    put(&store, now(), &record(now())).await;
    assert!(path.metadata().unwrap().len() > 0);
}
