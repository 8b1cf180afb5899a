//! What the tests of the stores in files share.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod said;

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use session::{
    Clock, CommitId, CreateOutcome, Data, Header, Lifetime, Op, Owner, OwnerKey, ReadOutcome,
    Record, SaveOutcome, SessionId, SessionStore, StoreKey, SystemClock,
};
use session_stores::{Durability, FileStore};

/// Now, by the clock of the system, which all processes share.
pub fn op() -> Op {
    Op {
        now: SystemClock.now(),
        grace: Duration::from_secs(10),
        max_skew: Duration::from_secs(60),
    }
}

pub fn later(by: Duration) -> Op {
    let op = op();
    Op {
        now: op.now + by,
        ..op
    }
}

pub fn new_key() -> StoreKey {
    SessionId::generate().unwrap().store_key()
}

pub fn record(n: u64) -> Record {
    let mut data = Data::new();
    data.insert("n", n);
    Record {
        header: Header::new(op().now, Lifetime::DEFAULT, Duration::from_secs(180)),
        data,
    }
}

pub fn owned(n: u64) -> Record {
    let mut record = record(n);
    record.header.owner = Some(
        Owner {
            key: OwnerKey::of("ann"),
            entry: "user_id".into(),
        }
        .into(),
    );
    record
}

/// What a commit makes of the record that it read.
pub fn next(of: &Record, n: u64) -> Arc<Record> {
    let mut next = of.clone();
    next.header.version = of.header.version.next();
    next.header.commit_id = CommitId::generate();
    next.data.insert("n", n);
    Arc::new(next)
}

pub async fn seed(store: &impl SessionStore, key: &StoreKey, record: Record) {
    let created = store
        .create(&op(), key, Arc::new(record), None)
        .await
        .unwrap();
    assert_eq!(created, CreateOutcome::Created);
}

pub async fn live(store: &impl SessionStore, key: &StoreKey) -> Option<Arc<Record>> {
    match store.read(&op(), key, None).await.unwrap() {
        ReadOutcome::Live(record) => Some(record),
        ReadOutcome::Gone { .. } | ReadOutcome::Absent => None,
        ReadOutcome::Damaged => panic!("a damaged record"),
    }
}

pub fn number(record: &Record) -> u64 {
    record.data.get("n").unwrap().unwrap()
}

/// Adds one, as a request does it: again on each conflict.
pub async fn increment(store: &impl SessionStore, key: &StoreKey) -> u64 {
    let mut current = live(store, key).await.expect("the counter lives");
    loop {
        let sum = number(&current) + 1;
        let version = current.header.version;
        match store
            .save(&op(), key, next(&current, sum), version)
            .await
            .unwrap()
        {
            SaveOutcome::Saved(_) => return sum,
            SaveOutcome::Conflict(newer) => current = newer,
            SaveOutcome::Gone => panic!("the counter has gone"),
        }
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A key as 68 digits.
pub fn key_text(key: &StoreKey) -> String {
    hex(key.hash()) + &hex(&key.tag())
}

pub fn parse_key(text: &str) -> StoreKey {
    let bytes: Vec<u8> = (0..text.len() / 2)
        .map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap())
        .collect();
    StoreKey::from_parts(
        bytes[..32].try_into().unwrap(),
        bytes[32..].try_into().unwrap(),
    )
}

/// Starts this test executable again, as the process that does `job`: its ignored test `worker`.
pub fn spawn(job: &str, root: &std::path::Path, more: &[(&str, &str)]) -> Child {
    command(
        Command::new(std::env::current_exe().unwrap()),
        job,
        root,
        more,
    )
    .spawn()
    .unwrap()
}

pub fn command(
    mut command: Command,
    job: &str,
    root: &std::path::Path,
    more: &[(&str, &str)],
) -> Command {
    command
        .args([
            "worker",
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("WORKER_JOB", job)
        .env("WORKER_ROOT", root)
        .envs(more.iter().copied())
        .stdout(Stdio::piped());
    command
}

/// What a worker was told, or `None` in a process that is none.
pub fn told(name: &str) -> Option<String> {
    std::env::var(format!("WORKER_{name}")).ok()
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

pub fn open(root: impl AsRef<std::path::Path>) -> FileStore {
    FileStore::builder(root.as_ref())
        .durability(Durability::Process)
        .build()
        .unwrap()
}

/// The keys of all records and tombstones below a root.
pub fn keys(root: &std::path::Path) -> Vec<StoreKey> {
    let mut keys = Vec::new();
    for shard in std::fs::read_dir(root.join("records")).unwrap() {
        let shard = shard.unwrap();
        let first = shard.file_name().into_string().unwrap();
        for file in std::fs::read_dir(shard.path()).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if name.len() == 66 {
                keys.push(parse_key(&(first.clone() + &name)));
            }
        }
    }
    keys
}

/// The session that all processes add to.
pub fn counter() -> StoreKey {
    StoreKey::from_parts([7; 32], [7; 2])
}

/// One line to the parent. Written at once, so that what was said before a kill arrives.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}
