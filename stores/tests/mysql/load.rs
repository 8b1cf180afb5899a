//! What breaks under load: the engine's process and the connections to it.

use std::sync::Arc;
use std::time::Duration;

use crate::mysql_server::{Server, available};
use crate::mysql_store::*;
use crate::writers::under_load;

/// Each commit is on the disk before it is acknowledged.
const DURABLE: &str = "--innodb-flush-log-at-trx-commit=1";

/// T52: killed without a warning and started again while sessions are written, an engine that syncs each commit has
/// every acknowledged change, nothing that was rotated lives, and the store goes on.
#[tokio::test(flavor = "multi_thread")]
async fn t52_killed_and_restarted_under_load() {
    if !available() {
        return;
    }
    let server = Arc::new(Server::start(&[DURABLE]));
    let store = store_within(&server, Duration::from_secs(5)).await;
    let seen = under_load(store, async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            server.kill();
            let again = Arc::clone(&server);
            let restarted = tokio::task::spawn_blocking(move || again.restart());
            restarted.await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
    });
    assert!(seen.await.failures > 0, "nobody noticed");
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
    assert!(under_load(store, kill).await.failures > 0, "nobody noticed");
}
