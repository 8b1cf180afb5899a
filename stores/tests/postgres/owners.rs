//! Two nodes on one table: revocation, rules, and owners that change places.

use std::sync::Arc;
use std::time::Duration;

use session::{CreateOutcome, Over, OwnerKey, RotateOutcome, SessionStore};
use session_stores::postgres::PostgresStore;
use session_stores::postgres::driver::postgres::PgPoolOptions;
use tokio::sync::Barrier;

use crate::postgres_server::{Server, available};
use crate::sessions::*;

/// Two stores on one table.
async fn two_nodes(server: &Server, table: &str) -> [Arc<PostgresStore>; 2] {
    let node = || async {
        // The cases run side by side on few cores: slow is not wrong.
        let builder = PostgresStore::builder().table(table);
        let builder = builder
            .response_timeout(Duration::from_secs(30))
            .connect_timeout(Duration::from_secs(30));
        Arc::new(builder.connect(&server.url()).await.unwrap())
    };
    let nodes = [node().await, node().await];
    nodes[0].migrate().await.unwrap();
    nodes
}

/// T29, S3: an owner with 5 sessions signs out everywhere on one node while 32 sign-ins and rotations run on both. All
/// that authenticated before is dead from then on; the excepted session lives, and whoever comes later gets in.
#[tokio::test(flavor = "multi_thread")]
async fn t29_nobody_escapes_a_revocation_on_another_node() {
    if !available() {
        return;
    }
    let nodes = two_nodes(Server::shared(), "t29").await;
    for round in 0..6 {
        let (t, name) = (now(), format!("ann {round}"));
        let ann = OwnerKey::of(&name);
        let mut existing = Vec::new();
        for n in 0..5 {
            let record = owned(t, &name);
            existing.push((put(&*nodes[n % 2], t, &record).await, record));
        }
        let later = op(t + Duration::from_secs(1));
        let mine = existing[0].0;
        let barrier = Arc::new(Barrier::new(33));
        let mut tasks = Vec::new();
        for n in 0..32 {
            let (node, barrier) = (Arc::clone(&nodes[n % 2]), Arc::clone(&barrier));
            // The excepted one does not move; four others rotate, the rest sign in.
            let (existing, name) = (existing.get(n + 1).cloned(), name.clone());
            tasks.push(tokio::spawn(async move {
                let (mut key, mut current) = match existing {
                    Some(existing) => existing,
                    None => {
                        let anonymous = record(t);
                        (put(&*node, t, &anonymous).await, anonymous)
                    }
                };
                let mut keys = vec![key];
                barrier.wait().await;
                for _ in 0..5 {
                    let new = key_after(&key);
                    let moved = Arc::new(of(next(&current, 2), &name));
                    let version = current.header.version;
                    let given = Arc::clone(&moved);
                    let outcome = node.rotate(&later, &key, &new, given, version, None).await;
                    keys.push(new);
                    let RotateOutcome::Saved(_) = outcome.unwrap() else {
                        break;
                    };
                    (key, current) = (new, (*moved).clone());
                }
                keys
            }));
        }
        barrier.wait().await;
        let revoked = nodes[round % 2]
            .destroy_all_of(&later, &ann, Some(&mine))
            .await;
        assert!(revoked.unwrap() >= 4);
        let node = &nodes[(round + 1) % 2];
        let listed = node.sessions_of(&later, &ann).await.unwrap();
        assert_eq!(listed.len(), 1, "a session of ann lives");
        for task in tasks {
            for key in task.await.unwrap() {
                if let Some(found) = live(&**node, later.now, &key).await {
                    assert_eq!(found.header.owner, None, "a session of ann lives");
                }
            }
        }
        let stamped = live(&**node, later.now, &mine).await.unwrap();
        assert!(stamped.header.authenticated_at > later.now);
        assert_eq!(node.sessions_of(&later, &ann).await.unwrap().len(), 1);
        put(&**node, later.now, &owned(later.now + INTERVAL, &name)).await;
    }
}

/// T29: a handle finds its session though that moves from key to key on another node meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn t29_a_handle_finds_a_session_on_the_move() {
    if !available() {
        return;
    }
    let nodes = two_nodes(Server::shared(), "moves").await;
    let (t, ann) = (now(), OwnerKey::of("ann"));
    for round in 0..25 {
        let first = owned(t, "ann");
        let handle = first.header.handle;
        let mut keys = vec![put(&*nodes[0], t, &first).await];
        let node = Arc::clone(&nodes[0]);
        let moves = tokio::spawn(async move {
            let mut current = first;
            loop {
                let old = keys[keys.len() - 1];
                let (new, moved) = (key_after(&old), next(&current, 2));
                let (given, version) = (Arc::new(moved.clone()), current.header.version);
                keys.push(new);
                let outcome = node.rotate(&op(t), &old, &new, given, version, None).await;
                let RotateOutcome::Saved(_) = outcome.unwrap() else {
                    return keys;
                };
                current = moved;
            }
        });
        tokio::time::sleep(Duration::from_millis(round)).await;
        assert!(nodes[1].destroy_of(&op(t), &ann, handle).await.unwrap());
        for key in moves.await.unwrap() {
            assert!(!nodes[1].exists(&op(t), &key).await.unwrap());
        }
    }
}

/// Sign-ins at the same time on two nodes keep to the rule: never more live sessions than it allows, and exactly as
/// many.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_holds_on_two_nodes() {
    if !available() {
        return;
    }
    let nodes = two_nodes(Server::shared(), "rule").await;
    let t = now();
    for (name, over) in [("ann", Over::Refuse), ("bob", Over::Evict)] {
        let barrier = Arc::new(Barrier::new(32));
        let sign_in = |n: usize| {
            let (node, barrier) = (Arc::clone(&nodes[n % 2]), Arc::clone(&barrier));
            async move {
                let (key, record) = (fresh_key(), Arc::new(owned(t, name)));
                barrier.wait().await;
                let outcome = node.create(&op(t), &key, record, at_most(3, over)).await;
                (key, outcome.unwrap())
            }
        };
        let tasks: Vec<_> = (0..32).map(|n| tokio::spawn(sign_in(n))).collect();
        let (mut created, mut living) = (0, 0);
        let mut keys = Vec::new();
        for task in tasks {
            let (key, outcome) = task.await.unwrap();
            created += usize::from(outcome == CreateOutcome::Created);
            keys.push(key);
        }
        for key in &keys {
            living += usize::from(nodes[0].exists(&op(t), key).await.unwrap());
        }
        let expected = if over == Over::Refuse { 3 } else { 32 };
        assert_eq!((created, living), (expected, 3), "for {over:?}");
    }
}

/// Sessions that change from one owner to another and back, with a rule that evicts, while both owners revoke: nobody
/// waits for another in a circle.
#[tokio::test(flavor = "multi_thread")]
async fn owners_that_change_places_wait_for_nobody_in_a_circle() {
    if !available() {
        return;
    }
    // A circle is found at once, and told of in the log.
    let server = Server::start(&["deadlock_timeout=20ms"]);
    let nodes = two_nodes(&server, "circle").await;
    let t = now();
    // Each moves to the owner whose only other session is the other one, which has to go for it.
    for _ in 0..40 {
        trade_places([&*nodes[0], &*nodes[1]], t).await;
    }
    let owners = ["ann", "bob", "cat"];
    let rotate = |n: usize| {
        let node = Arc::clone(&nodes[n % 2]);
        async move {
            for turn in 0..25 {
                let mut current = owned(t, owners[n % 3]);
                let mut key = fresh_key();
                let (op, rule) = (op(t), at_most(3, Over::Evict));
                let given = Arc::new(current.clone());
                let made = node.create(&op, &key, given, rule).await.unwrap();
                assert_eq!(made, CreateOutcome::Created);
                for step in 1..4 {
                    let moved = of(next(&current, 2), owners[(n + turn * step) % 3]);
                    let (new, version) = (key_after(&key), current.header.version);
                    let given = Arc::new(moved.clone());
                    let outcome = node.rotate(&op, &key, &new, given, version, rule).await;
                    match outcome.unwrap() {
                        RotateOutcome::Saved(_) => (key, current) = (new, moved),
                        // Evicted meanwhile.
                        RotateOutcome::Gone => break,
                        other => panic!("{other:?}"),
                    }
                }
                node.destroy(&op, &key).await.unwrap();
            }
        }
    };
    let mut tasks: Vec<_> = (0..12).map(|n| tokio::spawn(rotate(n))).collect();
    for name in owners {
        let node = Arc::clone(&nodes[0]);
        tasks.push(tokio::spawn(async move {
            let (op, long_ago, owner) = (op(t), op(t - INTERVAL), OwnerKey::of(name));
            for _ in 0..20 {
                node.destroy_all_of(&long_ago, &owner, None).await.unwrap();
                for info in node.sessions_of(&op, &owner).await.unwrap() {
                    node.destroy_of(&op, &owner, info.handle).await.unwrap();
                }
                node.gc(&op, 100).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let log = server.log();
    assert!(!log.contains("deadlock detected"), "{log}");
}

/// On an engine whose transactions are serializable unless told otherwise, what is taken back is repeated: nobody
/// notices, and the rule holds.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_takes_back_is_repeated() {
    if !available() {
        return;
    }
    let server = Server::start(&["default_transaction_isolation=serializable"]);
    let pool = PgPoolOptions::new().connect(&server.url()).await.unwrap();
    let builder = PostgresStore::builder().response_timeout(Duration::from_secs(60));
    let store = Arc::new(builder.pool(pool).await.unwrap());
    store.migrate().await.unwrap();
    let t = now();
    let barrier = Arc::new(Barrier::new(16));
    let sign_in = || {
        let (node, barrier) = (Arc::clone(&store), Arc::clone(&barrier));
        async move {
            let (key, record) = (fresh_key(), Arc::new(owned(t, "ann")));
            barrier.wait().await;
            let rule = at_most(3, Over::Evict);
            let outcome = node.create(&op(t), &key, record, rule).await;
            assert_eq!(outcome.unwrap(), CreateOutcome::Created);
        }
    };
    let tasks: Vec<_> = (0..16).map(|_| tokio::spawn(sign_in())).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let ann = OwnerKey::of("ann");
    assert_eq!(store.sessions_of(&op(t), &ann).await.unwrap().len(), 3);
    let taken_back = server.log().matches("could not serialize access").count();
    assert!(taken_back > 0, "nothing was taken back");
}

/// A row whose owner was changed by hand, against its header, is saved by nobody; and that is said at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_contradicts_itself_is_an_error_at_once() {
    if !available() {
        return;
    }
    let [node, _] = two_nodes(Server::shared(), "contradicts").await;
    let first = owned(now(), "ann");
    let key = put(&*node, now(), &first).await;
    Server::shared().sql("UPDATE contradicts SET owner = NULL");
    let (begun, late) = (std::time::Instant::now(), Arc::new(next(&first, 2)));
    let saved = node
        .save(&op(now()), &key, late, first.header.version)
        .await;
    assert!(saved.is_err(), "{saved:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "it was tried again and again"
    );
    assert_eq!(count(&live(&*node, now(), &key).await.unwrap()), 1);
}
