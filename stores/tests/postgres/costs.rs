//! What verbs cost, and what requests that are dropped leave behind.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{
    Over, OwnerKey, OwnerRule, Record, RotateOutcome, SaveOutcome, SessionStore, StoreKey,
};
use session_stores::postgres::PostgresStore;
use session_stores::postgres::driver::postgres::PgPoolOptions;

use crate::postgres_server::{Server, available};
use crate::sessions::*;

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
        let rule = Some(OwnerRule {
            max: NonZeroU32::new(5).unwrap(),
            over: Over::Evict,
        });
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

/// A save soon after another changes no column that has an index, and then the engine writes one row and no index.
#[tokio::test]
async fn saves_leave_the_indexes_alone() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let store = PostgresStore::builder().response_timeout(Duration::from_secs(30));
    let store = store.connect(&server.url()).await.unwrap();
    store.migrate().await.unwrap();
    let t = now();
    let mut record = owned(t, "ann");
    let key = put(&store, t, &record).await;
    for n in 0..50u64 {
        let mut changed = next(&record, n);
        changed.header.idle_deadline = record.header.idle_deadline + Duration::from_millis(20);
        let given = Arc::new(changed.clone());
        let (at, version) = (op(t), record.header.version);
        let save = store.save(&at, &key, given, version);
        assert!(matches!(save.await, Ok(SaveOutcome::Saved(_))));
        record = changed;
    }
    // All but a slot's last, and one more that finds a page full. A connection tells what it did when it is used again a
    // second later, or after ten.
    let hot = "SELECT coalesce(sum(n_tup_hot_upd), 0) FROM pg_stat_user_tables WHERE relname = 'sessions'";
    let start = Instant::now();
    while server.sql(hot).parse::<u32>().unwrap() < 45 {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{}",
            server.sql(hot)
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(store.exists(&op(t), &key).await.unwrap());
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
