//! What breaks under load: the engine's process and the connections to it.

#![cfg(feature = "mysql")]
#![allow(clippy::unwrap_used)]

#[path = "support/mysql_server.rs"]
#[allow(dead_code)]
mod mysql_server;
#[path = "support/mysql_store.rs"]
#[allow(dead_code)]
mod mysql_store;
#[path = "support/sessions.rs"]
#[allow(dead_code)]
mod sessions;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mysql_server::{Server, available};
use mysql_store::*;
use session::{ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, StoreKey, Timestamp};
use session_stores::mysql::MysqlStore;
use sessions::*;

/// Each commit is on the disk before it is acknowledged.
const DURABLE: &str = "--innodb-flush-log-at-trx-commit=1";

/// A session that one task saves and rotates, and nobody else.
struct Written {
    key: StoreKey,
    current: session::Record,
    /// Its former keys.
    dead: Vec<StoreKey>,
    /// Changes of which nobody knows, and where they would be. An engine whose client has gone may still be at one.
    unknown: Vec<(StoreKey, Arc<session::Record>)>,
}

impl Written {
    fn stored(&mut self, key: StoreKey, change: &session::Record) {
        if key != self.key {
            self.dead.push(self.key);
        }
        (self.key, self.current) = (key, change.clone());
        self.unknown.clear();
    }

    /// Whether one of the unknown changes has come true; then that is how the session stands.
    async fn looked(&mut self, store: &MysqlStore, t: Timestamp) -> bool {
        for (key, change) in std::mem::take(&mut self.unknown) {
            let op = op(t);
            let found = until_it_works(|| store.read(&op, &key, None)).await;
            if matches!(found, ReadOutcome::Live(found) if found.header.commit_id == change.header.commit_id)
            {
                self.stored(key, &change);
                return true;
            }
            self.unknown.push((key, change));
        }
        false
    }
}

/// Sessions that are saved and rotated without a pause while `disturb` goes on. Then every acknowledged change is there,
/// and no id that was rotated is live. Gives the number of errors that the tasks saw.
async fn under_load(store: MysqlStore, disturb: impl Future<Output = ()>) -> usize {
    let (store, stop, t) = (Arc::new(store), Arc::new(AtomicBool::new(false)), now());
    let mut tasks = Vec::new();
    for n in 0..8u64 {
        let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
        tasks.push(tokio::spawn(async move {
            // Half of them have owners, whose rotations are transactions.
            let current = match n % 2 {
                0 => record(t),
                _ => owned(t, &format!("owner {n}")),
            };
            let key = until_it_works(|| put_one(&store, t, &current)).await;
            let (dead, unknown) = (Vec::new(), Vec::new());
            let mut written = Written {
                key,
                current,
                dead,
                unknown,
            };
            let (mut failed, op) = (0, op(t));
            while !stop.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(2)).await;
                let (key, count) = (written.key, count(&written.current) + 1);
                let rotates = (count + n) % 3 == 0;
                let new = if rotates { key_after(&key) } else { key };
                let change = Arc::new(next(&written.current, count));
                let (given, expected) = (Arc::clone(&change), written.current.header.version);
                let stored = if rotates {
                    let outcome = store.rotate(&op, &key, &new, given, expected, None).await;
                    outcome.map(|outcome| matches!(outcome, RotateOutcome::Saved(_)))
                } else {
                    let outcome = store.save(&op, &key, given, expected).await;
                    outcome.map(|outcome| matches!(outcome, SaveOutcome::Saved(_)))
                };
                match stored {
                    Ok(true) => written.stored(new, &change),
                    Ok(false) => {
                        let known = written.looked(&store, t).await;
                        assert!(known, "nobody else writes this session");
                    }
                    Err(_) => {
                        failed += 1;
                        written.unknown.push((new, change));
                        written.looked(&store, t).await;
                    }
                }
            }
            (written, failed)
        }));
    }
    disturb.await;
    stop.store(true, Ordering::Relaxed);
    let mut failures = 0;
    for task in tasks {
        let (mut written, failed) = task.await.unwrap();
        failures += failed;
        written.looked(&store, t).await;
        let found = live(&*store, t, &written.key).await.unwrap();
        assert_eq!(found.header, written.current.header);
        assert_eq!(count(&found), count(&written.current));
        for key in written.dead {
            let found = live(&*store, t, &key).await;
            assert!(found.is_none(), "a rotated id is live");
        }
    }
    failures
}

/// T52: killed without a warning and started again while sessions are written, an engine that syncs each commit has
/// every acknowledged change, nothing that was rotated lives, and the store goes on.
#[tokio::test(flavor = "multi_thread")]
async fn t52_killed_and_restarted_under_load() {
    if !available() {
        return;
    }
    let server = Arc::new(Server::start(&[DURABLE]));
    let store = store_within(&server, Duration::from_secs(5)).await;
    let failures = under_load(store, async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            server.kill();
            let again = Arc::clone(&server);
            let restarted = tokio::task::spawn_blocking(move || again.restart());
            restarted.await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
    });
    assert!(failures.await > 0, "nobody noticed");
}

/// T55: all connections are killed by an administrator, again and again.
#[tokio::test(flavor = "multi_thread")]
async fn t55_all_connections_are_killed() {
    if !available() {
        return;
    }
    let server = Arc::new(Server::start(&[DURABLE]));
    let store = patient(&server).await;
    let killing = Arc::clone(&server);
    let kill = async move {
        for _ in 0..20 {
            let server = Arc::clone(&killing);
            let killed = tokio::task::spawn_blocking(move || {
                server.sql("KILL CONNECTION USER app@'127.0.0.1'")
            });
            killed.await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(under_load(store, kill).await > 0, "nobody noticed");
}
