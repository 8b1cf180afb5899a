//! What a session costs in Redis, on one node of its own: bytes, and calls a second.
//!
//! `cargo bench -p session-stores --features redis --bench redis`

#![allow(clippy::unwrap_used)]

#[path = "../tests/support/redis_server.rs"]
#[allow(dead_code)]
mod redis_server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis_server::{Server, available};
use session::{
    Clock, CommitId, Data, Header, Lifetime, Op, Owner, OwnerKey, ReadOutcome, Record, SaveOutcome,
    SessionId, SessionStore, StoreKey, SystemClock,
};
use session_stores::redis::RedisStore;

const SESSIONS: usize = 100_000;
const TASKS: usize = 32;
const INTERVAL: Duration = Duration::from_secs(180);
const MEASURED: Duration = Duration::from_secs(4);

/// Somebody, or with `owner` somebody who has signed in.
fn record(n: usize, owner: bool) -> Record {
    let mut header = Header::new(SystemClock.now(), Lifetime::DEFAULT, INTERVAL);
    let user = (10_000_000 + n as u64).to_string();
    header.owner = owner.then(|| Owner {
        key: OwnerKey::of(&user),
        entry: "user_id".into(),
    });
    let mut data = Data::new();
    data.insert("user_id", user);
    data.insert("csrf_token", format!("{n:032x}"));
    data.insert("locale", "en-GB".to_owned());
    data.insert("visits", 1u64);
    Record { header, data }
}

fn op() -> Op {
    Op {
        now: SystemClock.now(),
        grace: Duration::from_secs(10),
        max_skew: Duration::from_secs(60),
    }
}

fn used(server: &Server) -> u64 {
    server.info("memory", "used_memory").parse().unwrap()
}

/// Makes all sessions, and says what one takes.
async fn fill(store: &Arc<RedisStore>, server: &Server, owner: bool) -> (Vec<StoreKey>, u64) {
    server.command::<String>(&[b"FLUSHALL"]);
    let before = used(server);
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let store = Arc::clone(store);
        tasks.push(tokio::spawn(async move {
            let mut keys = Vec::new();
            for n in (task..SESSIONS).step_by(TASKS) {
                let key = SessionId::generate().unwrap().store_key();
                let record = Arc::new(record(n, owner));
                store.create(&op(), &key, record, None).await.unwrap();
                keys.push(key);
            }
            keys
        }));
    }
    let mut keys = Vec::new();
    for task in tasks {
        keys.extend(task.await.unwrap());
    }
    (keys, (used(server) - before) / SESSIONS as u64)
}

/// Calls a second of so many tasks, each on sessions of its own.
async fn rate(store: &Arc<RedisStore>, keys: &[StoreKey], tasks: usize, saves: bool) -> u64 {
    let start = Instant::now();
    let mut running = Vec::new();
    for task in 0..tasks {
        let store = Arc::clone(store);
        let keys: Vec<_> = keys.iter().skip(task).step_by(tasks).copied().collect();
        running.push(tokio::spawn(async move {
            let mut done = 0;
            for key in keys.iter().cycle() {
                let ReadOutcome::Live(found) = store.read(&op(), key, None).await.unwrap() else {
                    panic!("a session is gone");
                };
                done += 1;
                if saves {
                    let mut next = (*found).clone();
                    next.header.version = found.header.version.next();
                    next.header.commit_id = CommitId::generate();
                    next.data.insert("visits", done);
                    let expected = found.header.version;
                    let saved = store.save(&op(), key, Arc::new(next), expected).await;
                    assert!(matches!(saved.unwrap(), SaveOutcome::Saved(_)));
                }
                if start.elapsed() > MEASURED {
                    break;
                }
            }
            done
        }));
    }
    let mut done = 0;
    for task in running {
        done += task.await.unwrap();
    }
    (done as f64 / start.elapsed().as_secs_f64()) as u64
}

fn main() {
    // As a test it would say nothing.
    if !std::env::args().any(|argument| argument == "--bench") || !available() {
        return;
    }
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let server = Server::start(&[]);
        let store = RedisStore::builder().response_timeout(Duration::from_secs(30));
        let store = Arc::new(store.connect(server.url()).await.unwrap());
        let (_, bytes) = fill(&store, &server, true).await;
        println!("{bytes} bytes a session with an owner, each another's");
        let (keys, bytes) = fill(&store, &server, false).await;
        println!("{bytes} bytes a session without an owner");
        for tasks in [1, TASKS] {
            let reads = rate(&store, &keys, tasks, false).await;
            println!("{tasks:2} tasks: {reads} reads a second");
            let saves = rate(&store, &keys, tasks, true).await;
            println!("{tasks:2} tasks: {saves} reads with a save each a second");
        }
    });
}
