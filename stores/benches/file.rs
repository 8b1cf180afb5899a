//! The file store: create, read, save and sweep, under each durability.
//!
//! `cargo bench -p session-stores --bench file -- --sessions 100_000 --dir /var/tmp`; `Full` waits for the disk that
//! the directory is on.

mod common;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{Op, ReadOutcome, Record, SaveOutcome, SessionId, SessionStore};
use session_stores::{Durability, FileStore};
use tokio::runtime::Runtime;

use common::{data, grouped, is_bench, now, numbers, op, option, record};

/// So many operations are under way at a time.
const TASKS: usize = 8;

fn main() {
    let quick = !is_bench();
    let sessions = numbers("--sessions", if quick { &[16] } else { &[10_000] });
    let place = option("--dir").map_or_else(std::env::temp_dir, PathBuf::from);
    let runtime = Runtime::new().expect("a runtime");
    println!("{TASKS} tasks; operations a second, and the microseconds that one takes");
    println!(
        "{:>10} {:>10} {:>17} {:>17} {:>17} {:>17}",
        "sessions", "durability", "create", "read", "read and save", "sweep"
    );
    for sessions in sessions {
        for (name, durability) in [("process", Durability::Process), ("full", Durability::Full)] {
            let dir = tempfile::tempdir_in(&place).expect("a directory");
            let root = dir.path().join("sessions");
            let store = FileStore::builder(root)
                .durability(durability)
                .build()
                .expect("a store");
            let ids: Arc<[SessionId]> = (0..sessions)
                .map(|_| SessionId::generate().expect("randomness"))
                .collect();

            let create = timed(&runtime, &store, &ids, create);
            let read = timed(&runtime, &store, &ids, read);
            let save = timed(&runtime, &store, &ids, save);
            let start = Instant::now();
            let removed = runtime.block_on(sweep(&store));
            let sweep = start.elapsed();
            assert_eq!(removed, sessions);

            let cell = |took: Duration| {
                let each = took.as_secs_f64() / sessions as f64;
                format!("{} ({:.0})", grouped(1.0 / each), each * TASKS as f64 * 1e6)
            };
            println!(
                "{:>10} {name:>10} {:>17} {:>17} {:>17} {:>17}",
                grouped(sessions as f64),
                cell(create),
                cell(read),
                cell(save),
                grouped(sessions as f64 / sweep.as_secs_f64()),
            );
        }
    }
}

/// One operation on each session.
fn timed<F>(
    runtime: &Runtime,
    store: &FileStore,
    ids: &Arc<[SessionId]>,
    operation: impl Fn(FileStore, SessionId) -> F + Copy + Send + 'static,
) -> Duration
where
    F: Future<Output = ()> + Send,
{
    let start = Instant::now();
    let task = |first| {
        let (store, ids) = (store.clone(), Arc::clone(ids));
        runtime.spawn(async move {
            for id in ids.iter().skip(first).step_by(TASKS) {
                operation(store.clone(), *id).await;
            }
        })
    };
    let tasks: Vec<_> = (0..TASKS).map(task).collect();
    for task in tasks {
        runtime.block_on(task).expect("no panic");
    }
    start.elapsed()
}

/// When the sessions live, so long ago that by now they are dead by every clock: a sweep also looks at the disk's.
fn then() -> Op {
    op(now().now - Duration::from_secs(30 * 24 * 3600))
}

async fn create(store: FileStore, id: SessionId) {
    let op = then();
    let created = store
        .create(&op, &id.store_key(), record(op.now, data(7)), None)
        .await;
    assert!(created.is_ok());
}

async fn read(store: FileStore, id: SessionId) {
    let read = store.read(&then(), &id.store_key(), None).await;
    assert!(matches!(read, Ok(ReadOutcome::Live(_))));
}

async fn save(store: FileStore, id: SessionId) {
    let (op, key) = (then(), id.store_key());
    let Ok(ReadOutcome::Live(found)) = store.read(&op, &key, None).await else {
        panic!("it lives");
    };
    let mut record = Record::clone(&found);
    record.data.insert("visits", 1_u64);
    record.header.version = found.header.version.next();
    let saved = store
        .save(&op, &key, Arc::new(record), found.header.version)
        .await;
    assert!(matches!(saved, Ok(SaveOutcome::Saved(_))));
}

async fn sweep(store: &FileStore) -> usize {
    let op = now();
    let mut removed = 0;
    loop {
        let swept = store.gc(&op, 1_000).await.expect("no failure");
        removed += swept.removed;
        if !swept.more {
            return removed;
        }
    }
}
