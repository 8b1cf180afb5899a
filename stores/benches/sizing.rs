//! What a session costs in each store: bytes, and calls a second. The figures of the guide "Choosing and sizing a store".
//!
//! `cargo bench -p session-stores --all-features --bench sizing -- --store redis --sessions 100_000`; without `--store`
//! all of them, each as durable as its defaults make it.

#![allow(clippy::unwrap_used)]

mod common;

#[path = "../tests/support/mysql_server.rs"]
#[allow(dead_code)]
mod mysql_server;
#[path = "../tests/support/postgres_server.rs"]
#[allow(dead_code)]
mod postgres_server;
#[path = "../tests/support/redis_server.rs"]
#[allow(dead_code)]
mod redis_server;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{data, grouped, is_bench, now, numbers, option, record};
use session::{
    CommitId, Owner, OwnerKey, ReadOutcome, Record, SaveOutcome, SessionId, SessionStore, StoreKey,
};
use session_stores::{FileStore, MysqlStore, PostgresStore, RedisStore, SqliteStore};

const TASKS: usize = 32;
const MEASURED: Duration = Duration::from_secs(3);
/// The machine has two cores, and the engine wants one of them: slow is no error here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody; every other one has signed in.
fn somebody(user: u64) -> Arc<Record> {
    let mut record = record(now().now, data(user));
    let owner = Owner {
        key: OwnerKey::of(&user),
        entry: "user_id".into(),
    }
    .into();
    Arc::make_mut(&mut record).header.owner = user.is_multiple_of(2).then_some(owner);
    record
}

/// Makes sessions, and says how many a second.
async fn create(store: &Arc<impl SessionStore>, keys: &[StoreKey]) -> f64 {
    let start = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (store, keys) = (Arc::clone(store), keys.to_vec());
            tokio::spawn(async move {
                for (n, key) in keys.iter().enumerate().skip(task).step_by(TASKS) {
                    let record = somebody(n as u64);
                    store.create(&now(), key, record, None).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    keys.len() as f64 / start.elapsed().as_secs_f64()
}

/// Requests a second of so many tasks, each on sessions of its own: a read, and with `saves` a save after it.
async fn rate(store: &Arc<impl SessionStore>, keys: &[StoreKey], tasks: usize, saves: bool) -> f64 {
    let start = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let store = Arc::clone(store);
            let keys: Vec<_> = keys.iter().skip(task).step_by(tasks).copied().collect();
            tokio::spawn(async move {
                let mut done = 0;
                for key in keys.iter().cycle() {
                    let found = store.read(&now(), key, None).await.unwrap();
                    let ReadOutcome::Live(found) = found else {
                        panic!("a session is gone");
                    };
                    done += 1;
                    if saves {
                        let mut next = Record::clone(&found);
                        next.header.version = found.header.version.next();
                        next.header.commit_id = CommitId::generate();
                        next.data.insert("visits", done);
                        let expected = found.header.version;
                        let saved = store.save(&now(), key, Arc::new(next), expected).await;
                        assert!(matches!(saved.unwrap(), SaveOutcome::Saved(_)));
                    }
                    if start.elapsed() > MEASURED {
                        break;
                    }
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in running {
        done += task.await.unwrap();
    }
    done as f64 / start.elapsed().as_secs_f64()
}

async fn measure(name: &str, store: impl SessionStore, bytes: impl Fn() -> u64) {
    let store = Arc::new(store);
    let sessions = numbers("--sessions", &[20_000])[0];
    let keys: Vec<_> = (0..sessions)
        .map(|_| SessionId::generate().unwrap().store_key())
        .collect();
    let before = bytes();
    let creates = create(&store, &keys).await;
    let bytes = (bytes() - before) / sessions as u64;
    let mut line = format!(
        "{name:<10} {bytes:>6} bytes {:>9} creates",
        grouped(creates)
    );
    for saves in [false, true] {
        for tasks in [1, TASKS] {
            let rate = grouped(rate(&store, &keys, tasks, saves).await);
            line += &format!(" {rate:>10} {}", if saves { "read+save" } else { "reads" });
        }
    }
    println!("{line}");
}

/// What the files below a folder take on the disk.
fn on_disk(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => on_disk(&entry.path()),
        Ok(data) => data.blocks() * 512,
        Err(_) => 0,
    };
    entries.map(size).sum()
}

async fn run(name: &str, place: &Path) {
    let dir = tempfile::tempdir_in(place).unwrap();
    match name {
        "file" => {
            let root = dir.path().join("sessions");
            let store = FileStore::builder(&root).build().unwrap();
            measure(name, store, || on_disk(&root)).await;
        }
        "sqlite" => {
            let builder = SqliteStore::builder().response_timeout(PATIENCE);
            let store = builder.open(dir.path().join("sessions.db")).await.unwrap();
            measure(name, store, || on_disk(dir.path())).await;
        }
        "redis" if redis_server::available() => {
            let server = redis_server::Server::start(&["--appendonly", "yes"]);
            let builder = RedisStore::builder().response_timeout(PATIENCE);
            let store = builder.connect(server.url()).await.unwrap();
            let used = || {
                let info = server.command::<String>(&[b"INFO", b"memory"]);
                let used = info.lines().find_map(|l| l.strip_prefix("used_memory:"));
                used.unwrap().trim().parse().unwrap()
            };
            measure(name, store, used).await;
        }
        "postgres" if postgres_server::available() => {
            let server = postgres_server::Server::start(&["fsync=on", "shared_buffers=128MB"]);
            let builder = PostgresStore::builder().response_timeout(PATIENCE);
            let store = builder.connect(&server.url()).await.unwrap();
            store.migrate().await.unwrap();
            let size = || {
                let sql = "SELECT pg_total_relation_size('sessions') + pg_total_relation_size('sessions_owners')";
                server.sql(sql).trim().parse().unwrap()
            };
            measure(name, store, size).await;
        }
        "mysql" if mysql_server::available() => {
            let durable = "--innodb-flush-log-at-trx-commit=1";
            let server = mysql_server::Server::start(&[durable, "--innodb-buffer-pool-size=128M"]);
            let builder = MysqlStore::builder().response_timeout(PATIENCE);
            let store = builder.connect(&server.url()).await.unwrap();
            store.migrate().await.unwrap();
            let size = || {
                let sql = "SELECT SUM(FILE_SIZE) FROM information_schema.INNODB_SYS_TABLESPACES \
                           WHERE NAME LIKE 'sessions/%'";
                server
                    .sql(sql)
                    .lines()
                    .last()
                    .unwrap()
                    .trim()
                    .parse()
                    .unwrap()
            };
            measure(name, store, size).await;
        }
        _ => println!("{name}: no such store, or no server for it"),
    }
}

fn main() {
    // As a test it would say nothing.
    if !is_bench() {
        return;
    }
    let place = option("--dir").map_or_else(std::env::temp_dir, PathBuf::from);
    let chosen = option("--store");
    println!(
        "calls a second: creates of {TASKS} tasks, then reads and reads with a save, of 1 task and of {TASKS}"
    );
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        for name in ["file", "sqlite", "redis", "postgres", "mysql"] {
            if chosen.as_deref().is_none_or(|chosen| chosen == name) {
                run(name, &place).await;
            }
        }
    });
}
