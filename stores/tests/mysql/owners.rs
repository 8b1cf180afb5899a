//! The sessions of one owner, where several nodes make them at the same time.

use std::sync::Arc;
use std::time::Duration;

use session::{CreateOutcome, Over, OwnerKey, Record, RotateOutcome, SessionStore, Timestamp};
use session_stores::mysql::MysqlStore;
use tokio::sync::Barrier;

use crate::mysql_server::{Server, available};
use crate::sessions::*;

async fn two_nodes(server: &Server) -> [Arc<MysqlStore>; 2] {
    let time = Duration::from_secs(30);
    let node = async || {
        let builder = MysqlStore::builder().response_timeout(time);
        let node = builder.connect_timeout(time).connect(&server.url()).await;
        Arc::new(node.unwrap())
    };
    let nodes = [node().await, node().await];
    nodes[0].migrate().await.unwrap();
    nodes
}

/// Whose sessions these are, oldest first, each of which was made a second after the one before.
async fn made(store: &MysqlStore, t: Timestamp, owner: &str, n: u64) -> Vec<Record> {
    let mut records = Vec::new();
    for second in 0..n {
        let record = owned(t + Duration::from_secs(second), owner);
        put(store, t, &record).await;
        records.push(record);
    }
    records
}

/// Where the limit has become smaller, all who are too many go for the next one, and the newest stay.
#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_limit_ends_all_but_the_newest() {
    if !available() {
        return;
    }
    let [store, _] = two_nodes(Server::shared()).await;
    let t = now();
    let later = op(t + Duration::from_secs(60));
    for (had, max) in [(2, 2), (3, 2), (6, 3), (6, 1)] {
        let name = format!("cut to {max} from {had}");
        let mut expected = made(&store, t, &name, had).await;
        let new = owned(later.now, &name);
        expected.push(new.clone());
        let rule = at_most(max, Over::Evict);
        let (key, new) = (fresh_key(), Arc::new(new));
        let created = store.create(&later, &key, new, rule).await;
        assert_eq!(created.unwrap(), CreateOutcome::Created);
        let listed = store.sessions_of(&later, &OwnerKey::of(&name)).await;
        let listed: Vec<_> = listed.unwrap().iter().map(|info| info.handle).collect();
        let expected = expected.split_off(expected.len() - max as usize);
        let expected: Vec<_> = expected.iter().map(|r| r.header.handle).collect();
        assert_eq!(listed, expected, "{name}");
    }
}

/// Sign-ins at the same time on two nodes keep to the rule: never more live sessions than it allows, and exactly as many.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_holds_on_two_nodes() {
    if !available() {
        return;
    }
    let nodes = two_nodes(Server::shared()).await;
    let t = now();
    for (name, over) in [("rule ann", Over::Refuse), ("rule bob", Over::Evict)] {
        let barrier = Arc::new(Barrier::new(32));
        let sign_in = |n: usize| {
            let (node, barrier) = (Arc::clone(&nodes[n % 2]), Arc::clone(&barrier));
            async move {
                // Half of them had a session before they signed in.
                let (op, rule, record) = (op(t), at_most(3, over), Arc::new(owned(t, name)));
                let key = fresh_key();
                if n % 4 < 2 {
                    barrier.wait().await;
                    let outcome = node.create(&op, &key, record, rule).await.unwrap();
                    return (key, outcome == CreateOutcome::Created);
                }
                let first = self::record(t);
                let old = put(&*node, t, &first).await;
                let (key, version) = (key_after(&old), first.header.version);
                barrier.wait().await;
                let outcome = node.rotate(&op, &old, &key, record, version, rule).await;
                (key, matches!(outcome.unwrap(), RotateOutcome::Saved(_)))
            }
        };
        let tasks: Vec<_> = (0..32).map(|n| tokio::spawn(sign_in(n))).collect();
        let (mut keys, mut made, mut living) = (Vec::new(), 0, 0);
        for task in tasks {
            let (key, is_made) = task.await.unwrap();
            made += usize::from(is_made);
            keys.push(key);
        }
        for key in &keys {
            living += usize::from(nodes[0].exists(&op(t), key).await.unwrap());
        }
        let expected = if over == Over::Refuse { 3 } else { 32 };
        assert_eq!((made, living), (expected, 3), "for {over:?}");
        let listed = nodes[1].sessions_of(&op(t), &OwnerKey::of(name)).await;
        assert_eq!(listed.unwrap().len(), 3);
    }
}

/// Two sessions that each take the place of the other, at the same time: one of them is there in the end, and nobody
/// fails.
#[tokio::test(flavor = "multi_thread")]
async fn owners_that_change_places_wait_for_nobody_in_a_circle() {
    if !available() {
        return;
    }
    let nodes = two_nodes(Server::shared()).await;
    let t = now();
    for _ in 0..40 {
        trade_places([&*nodes[0], &*nodes[1]], t).await;
    }
}

/// Who has to go is found by their owner, however many others there are.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_looks_through_the_sessions_of_others() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let [store, _] = two_nodes(&server).await;
    let t = now();
    // Rows that were asked for, by key or in a walk.
    let rows = || {
        let status = server.sql("SHOW GLOBAL STATUS LIKE 'Handler_read%'");
        let numbers = status
            .split_whitespace()
            .filter_map(|word| word.parse::<u64>().ok());
        numbers.sum::<u64>()
    };
    for n in 0..300 {
        put(&*store, t, &owned(t, &format!("other {n}"))).await;
    }
    let rule = at_most(2, Over::Evict);
    for second in 0..4 {
        let before = rows();
        let record = Arc::new(owned(t + Duration::from_secs(second), "ann"));
        let created = store.create(&op(t), &fresh_key(), record, rule).await;
        assert_eq!(created.unwrap(), CreateOutcome::Created);
        let read = rows() - before;
        assert!((1..100).contains(&read), "{read} rows were read");
    }
}
