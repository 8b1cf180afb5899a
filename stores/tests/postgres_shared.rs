//! Two nodes on one table: revocation, rules, owners that change places; what verbs cost; and requests that are dropped.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used)]

#[path = "support/postgres_server.rs"]
#[allow(dead_code)]
mod postgres_server;
#[path = "support/redis_session.rs"]
#[allow(dead_code)]
mod sessions;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use postgres_server::{Server, available};
use session::{
    CreateOutcome, Over, Owner, OwnerKey, OwnerRule, Record, RotateOutcome, SessionStore, StoreKey,
};
use session_stores::postgres::PostgresStore;
use session_stores::postgres::driver::postgres::PgPoolOptions;
use sessions::*;
use tokio::sync::Barrier;

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

fn at_most(max: u32, over: Over) -> Option<OwnerRule> {
    let max = NonZeroU32::new(max).unwrap();
    Some(OwnerRule { max, over })
}

/// The record with this owner, who authenticated when it began.
fn of(mut record: Record, owner: &str) -> Record {
    record.header.owner = Some(Owner {
        key: OwnerKey::of(owner),
        entry: "user_id".into(),
    });
    record
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
        let one = at_most(1, Over::Evict);
        let swap = async |node: &PostgresStore, from, to: &str, barrier: &Barrier| {
            let first = owned(t, from);
            let key = put(node, t, &first).await;
            let moved = of(next(&first, 2), to);
            let (new, version) = (key_after(&key), first.header.version);
            barrier.wait().await;
            let moved = Arc::new(moved);
            let outcome = node.rotate(&op(t), &key, &new, moved, version, one).await;
            node.destroy(&op(t), &new).await.unwrap();
            outcome.unwrap()
        };
        let barrier = Barrier::new(2);
        let outcomes = tokio::join!(
            swap(&nodes[0], "dan", "eve", &barrier),
            swap(&nodes[1], "eve", "dan", &barrier),
        );
        use RotateOutcome::{Gone, Saved};
        assert!(
            matches!(outcomes, (Saved(_), Gone) | (Gone, Saved(_))),
            "{outcomes:?}"
        );
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

/// What each verb costs, counted at the server.
#[tokio::test]
async fn round_trips() {
    if !available() {
        return;
    }
    let server = Server::start(&["log_statement=all"]);
    // One connection: all statements are known to it after the first round.
    let pool = PgPoolOptions::new().max_connections(1);
    let pool = pool.test_before_acquire(false);
    let pool = pool.connect(&server.url()).await.unwrap();
    let store = PostgresStore::builder().response_timeout(Duration::from_secs(30));
    let store = store.pool(pool).await.unwrap();
    store.migrate().await.unwrap();
    let t = now();
    // A statement stands in the log before it is answered.
    let executed = || server.log().matches("LOG:  execute ").count();
    for round in 0..2 {
        let mut costs: Vec<(&str, usize)> = Vec::new();
        let mut before = executed();
        let mut cost = |verb| {
            let now = executed();
            costs.push((verb, now - before));
            before = now;
        };
        let (op, name) = (op(t + INTERVAL), format!("ann {round}"));
        let ann = OwnerKey::of(&name);
        let first = owned(t, &name);
        let key = fresh_key();
        let given = Arc::new(first.clone());
        let rule = at_most(5, Over::Evict);
        store.create(&op, &key, given, rule).await.unwrap();
        cost("create");
        store.read(&op, &key, Some(INTERVAL)).await.unwrap();
        cost("read");
        store.exists(&op, &key).await.unwrap();
        cost("exists");
        let version = first.header.version;
        store.touch(&op, &key, version, op.now).await.unwrap();
        cost("touch");
        let second = next(&first, 2);
        let given = Arc::new(second.clone());
        store.save(&op, &key, given, version).await.unwrap();
        cost("save");
        let late = Arc::new(next(&first, 3));
        store.save(&op, &key, late, version).await.unwrap();
        cost("save in conflict");
        let new = key_after(&key);
        let late = Arc::new(next(&first, 3));
        store
            .rotate(&op, &key, &new, late, version, rule)
            .await
            .unwrap();
        cost("rotate in conflict");
        let third = Arc::new(next(&second, 3));
        let version = second.header.version;
        let outcome = store.rotate(&op, &key, &new, third, version, rule).await;
        assert!(
            matches!(outcome, Ok(RotateOutcome::Saved(_))),
            "{outcome:?}"
        );
        cost("rotate");
        store.sessions_of(&op, &ann).await.unwrap();
        cost("sessions_of");
        store.destroy(&op, &new).await.unwrap();
        cost("destroy");
        store
            .destroy_of(&op, &ann, first.header.handle)
            .await
            .unwrap();
        cost("destroy_of");
        store.destroy_all_of(&op, &ann, None).await.unwrap();
        cost("destroy_all_of");
        store.gc(&op, 1_000).await.unwrap();
        cost("gc");
        for (verb, cost) in costs {
            let expected = 1 + usize::from(verb.ends_with("in conflict"));
            assert_eq!(cost, expected, "{verb}");
        }
    }
}

/// T54: 2,000 requests that are dropped at any point. Nobody sees another's session, every place in the pool comes
/// free again, and no transaction is left open.
#[tokio::test(flavor = "multi_thread")]
async fn t54_dropped_requests_leave_nothing_behind() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let pool = PgPoolOptions::new().max_connections(6);
    let pool = pool.connect(&server.url()).await.unwrap();
    let builder = PostgresStore::builder().response_timeout(Duration::from_secs(30));
    let store = Arc::new(builder.pool(pool.clone()).await.unwrap());
    store.migrate().await.unwrap();
    let t = now();
    let client = |n: u64| {
        let store = Arc::clone(&store);
        async move {
            let mine = next(&owned(t, &format!("owner {n}")), n);
            let key = put(&*store, t, &mine).await;
            let mut finished = 0;
            for turn in 0..100 {
                // Sooner or later than a verb takes.
                let patience = Duration::from_micros((turn * 137 + n * 59) % 4_000);
                let verbs = all_verbs(&store, &key, &mine, n);
                finished += u32::from(tokio::time::timeout(patience, verbs).await.is_ok());
            }
            finished
        }
    };
    let clients: Vec<_> = (0..20).map(|n| tokio::spawn(client(n))).collect();
    let mut finished = 0;
    for client in clients {
        finished += client.await.unwrap();
    }
    assert!(finished < 1_900, "{finished} of 2000 were not dropped");
    let start = Instant::now();
    while pool.num_idle() < pool.size() as usize {
        assert!(start.elapsed() < Duration::from_secs(30), "a place is lost");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
        AND (state LIKE '%transaction%' OR wait_event_type = 'Lock')";
    assert_eq!(server.sql(sql), "0");
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(pool.acquire().await.unwrap());
    }
}

/// A request's worth of verbs on a session that counts to `n`.
async fn all_verbs(store: &PostgresStore, key: &StoreKey, mine: &Record, n: u64) {
    let (op, other) = (op(mine.header.created), fresh_key());
    let read = live(store, op.now, key).await.unwrap();
    assert_eq!((read.header.handle, count(&read)), (mine.header.handle, n));
    let changed = Arc::new(next(&read, n));
    let version = read.header.version;
    store.save(&op, key, changed, version).await.unwrap();
    store
        .create(&op, &other, Arc::new(mine.clone()), None)
        .await
        .unwrap();
    let (new, moved) = (key_after(&other), Arc::new(next(mine, n)));
    let version = mine.header.version;
    store
        .rotate(&op, &other, &new, moved, version, None)
        .await
        .unwrap();
    store.destroy(&op, &new).await.unwrap();
}
