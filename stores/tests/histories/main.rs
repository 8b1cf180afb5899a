//! T28, T29, T54: randomised histories. Real tasks, and two processes, send requests through the real layer to the real
//! stores; what they were told is checked against what is stored.
//!
//! A failure prints the seed of its history. The same seed makes the same requests; the schedule is the machine's.

#![cfg(all(feature = "file", feature = "memory"))]
#![allow(clippy::unwrap_used)]

mod cancelled;
mod checker;
#[path = "../file_common/mod.rs"]
mod file_common;
mod lines;
mod mixed;
#[cfg(feature = "mysql")]
#[path = "../support/mysql_server.rs"]
#[allow(dead_code)]
mod mysql_server;
#[cfg(any(feature = "redis", feature = "postgres", feature = "mysql"))]
mod paused;
mod places;
mod planted;
#[cfg(feature = "postgres")]
#[path = "../support/postgres_server.rs"]
#[allow(dead_code)]
mod postgres_server;
mod processes;
#[cfg(feature = "redis")]
#[path = "../support/redis_cluster.rs"]
#[allow(dead_code)]
mod redis_cluster;
#[cfg(feature = "redis")]
#[path = "../support/redis_server.rs"]
#[allow(dead_code)]
mod redis_server;
mod seen;
#[cfg(feature = "redis")]
#[path = "../support/sessions.rs"]
#[allow(dead_code)]
mod sessions;
mod world;

use std::sync::Arc;

use session::SessionStore;
use session_stores::MemoryStore;
use world::{Act, Jar, Outcome, app, layer, send};

#[test]
#[ignore = "the other process of the tests here"]
fn worker() {
    processes::work();
}

/// C2: 32 tasks, a thousand increments on one session.
async fn a_thousand(store: impl SessionStore) {
    let layer = layer(store);
    let app = app(&layer);
    let jar = Arc::new(Jar::holding(None));
    let mut history = vec![send(&app, 0, Act::Push, 1_000, &jar).await];
    let tasks: Vec<_> = (0..32)
        .map(|task| {
            let (app, jar) = (app.clone(), Arc::clone(&jar));
            tokio::spawn(async move {
                let mut events = Vec::new();
                for op in (task..1_000).step_by(32) {
                    events.push(send(&app, 0, Act::Push, op, &jar).await);
                }
                events
            })
        })
        .collect();
    for task in tasks {
        history.extend(task.await.unwrap());
    }
    assert!(history.iter().all(|event| event.outcome == Outcome::Done));
    let read = send(&app, 0, Act::Read, 1_001, &jar).await;
    let stored = read.body.rsplit(':').next().unwrap().split(',').count();
    assert_eq!(stored, 1_001);
    history.push(read);
    checker::check(&history).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t28_c2_a_thousand_increments_in_memory() {
    a_thousand(MemoryStore::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t28_c2_a_thousand_increments_on_files() {
    let dir = tempfile::tempdir().unwrap();
    a_thousand(file_common::open(dir.path().join("root"))).await;
}
