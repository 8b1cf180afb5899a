//! What a session takes on the disk, and what each verb takes of the time. Run with `--release --ignored --nocapture`.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used)]

#[path = "support/sessions.rs"]
#[allow(dead_code)]
mod sessions;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{SaveOutcome, SessionStore, StoreKey};
use session_stores::sqlite::{Durability, SqliteStore};
use sessions::*;

/// So many callers at once.
const TASKS: usize = 16;

async fn each<F, Fut>(name: &str, keys: &[StoreKey], verb: F)
where
    F: Fn(StoreKey) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let start = Instant::now();
    let tasks: Vec<_> = keys
        .chunks(keys.len().div_ceil(TASKS))
        .map(|keys| {
            let (keys, verb) = (keys.to_vec(), verb.clone());
            tokio::spawn(async move {
                for key in keys {
                    verb(key).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let rate = keys.len() as f64 / start.elapsed().as_secs_f64();
    println!("  {name}: {rate:.0} a second");
}

async fn measure(durability: Durability, sessions: usize, writes: usize) {
    // Where the tests are built, as the folder for temporary files may be in memory.
    let dir = tempfile::tempdir_in(PathBuf::from(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let path = dir.path().join("sessions.db");
    let builder = SqliteStore::builder()
        .durability(durability)
        .response_timeout(Duration::from_secs(60));
    let store = Arc::new(builder.open(&path).await.unwrap());
    println!("{durability:?}, {sessions} sessions, {TASKS} callers");
    let t = now();
    let keys: Vec<_> = (0..sessions).map(|_| fresh_key()).collect();
    let mut first = record(t);
    first.data.insert("text", "x".repeat(200));
    let at = op(t);
    let (of, given) = (Arc::clone(&store), Arc::new(first.clone()));
    each("create", &keys, move |key| {
        let (store, record) = (Arc::clone(&of), Arc::clone(&given));
        async move {
            store.create(&at, &key, record, None).await.unwrap();
        }
    })
    .await;
    let mut on_disk = 0;
    for file in ["sessions.db", "sessions.db-wal"] {
        on_disk += std::fs::metadata(dir.path().join(file)).unwrap().len();
    }
    println!("  {} bytes a session", on_disk / sessions as u64);
    let of = Arc::clone(&store);
    each("read", &keys, move |key| {
        let store = Arc::clone(&of);
        async move {
            store.read(&at, &key, Some(INTERVAL)).await.unwrap();
        }
    })
    .await;
    let (of, version) = (Arc::clone(&store), first.header.version);
    let given = Arc::new(next(&first, 2));
    each("save", &keys[..writes], move |key| {
        let (store, record) = (Arc::clone(&of), Arc::clone(&given));
        async move {
            let saved = store.save(&at, &key, record, version).await.unwrap();
            assert!(matches!(saved, SaveOutcome::Saved(_)));
        }
    })
    .await;
    let (of, later) = (Arc::clone(&store), op(t + INTERVAL));
    each("read with renewal", &keys[..writes], move |key| {
        let store = Arc::clone(&of);
        async move {
            store.read(&later, &key, Some(INTERVAL)).await.unwrap();
        }
    })
    .await;
    let of = Arc::clone(&store);
    each("destroy", &keys[..writes], move |key| {
        let store = Arc::clone(&of);
        async move {
            store.destroy(&at, &key).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes, and says nothing without --release"]
async fn sizes_and_rates() {
    measure(Durability::Normal, 100_000, 20_000).await;
    measure(Durability::Full, 20_000, 5_000).await;
}
