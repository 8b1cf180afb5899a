//! The connections of a store: cancelled requests, other modes, a pool that somebody has set up, and what is logged.

#![cfg(feature = "mysql")]
#![allow(clippy::unwrap_used)]

#[path = "support/mysql_server.rs"]
#[allow(dead_code)]
mod mysql_server;
#[path = "support/sessions.rs"]
#[allow(dead_code)]
mod sessions;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use mysql_server::{Server, available};
use session::{OwnerKey, ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, Swept};
use session_stores::mysql::MysqlStore;
use session_stores::mysql::driver::mysql::MySqlPoolOptions;
use sessions::*;

/// Slow is not wrong.
async fn patient(server: &Server) -> MysqlStore {
    let time = Duration::from_secs(30);
    let builder = MysqlStore::builder().response_timeout(time);
    let builder = builder.connect_timeout(time).max_connections(8);
    builder.connect(&server.url()).await.unwrap()
}

/// Polls a verb this often, and drops it unless it has ended by then.
async fn cancelled<T>(polls: u64, verb: impl Future<Output = T>) {
    let mut verb = pin!(verb);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 || verb.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        Poll::Pending
    })
    .await;
}

/// T54: 2,000 verbs that are dropped at random points. Nobody is given another's session, no transaction stays open, and
/// the pool has all its connections afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn t54_cancelled_requests_leave_nothing_behind() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let store = Arc::new(patient(&server).await);
    store.migrate().await.unwrap();
    let t = now();
    let mut tasks = Vec::new();
    for n in 0..10u64 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let (op, name) = (op(t), format!("owner {n}"));
            let mut current = next(&owned(t, &name), n);
            let mut key = put(&*store, t, &current).await;
            for round in 0..200u64 {
                let polls = (round * 7 + n * 3) % 11;
                let (change, version) = (Arc::new(next(&current, n)), current.header.version);
                let new = key_after(&key);
                match round % 5 {
                    0 => cancelled(polls, store.read(&op, &key, None)).await,
                    1 => cancelled(polls, store.save(&op, &key, change, version)).await,
                    2 => {
                        let rotate = store.rotate(&op, &key, &new, change, version, None);
                        cancelled(polls, rotate).await;
                    }
                    3 => {
                        let record = Arc::new(owned(t, &name));
                        cancelled(polls, store.create(&op, &new, record, None)).await;
                    }
                    _ => cancelled(polls, store.gc(&op, 10)).await,
                }
                // A rotation may still be under way at the engine: it ends in one of the two.
                let (found, at) = loop {
                    if let Some(found) = live(&*store, t, &key).await {
                        break (found, key);
                    }
                    let gone = store.read(&op, &key, None).await.unwrap();
                    let ReadOutcome::Gone {
                        successor: Some(to),
                    } = gone
                    else {
                        continue;
                    };
                    if let Some(found) = live(&*store, t, &to).await {
                        break (found, to);
                    }
                };
                assert_eq!(count(&found), n, "a session of somebody else's");
                (current, key) = ((*found).clone(), at);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    // The engine has noticed who has gone, and nobody else's transaction is open.
    let open = "SELECT COUNT(*) FROM information_schema.innodb_trx";
    let connected = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app'";
    for _ in 0..30 {
        // The engine gives what it told before to those who ask more often than every 100 ms.
        tokio::time::sleep(Duration::from_millis(150)).await;
        if server.sql(open).trim() == "0" {
            break;
        }
    }
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(server.sql(open).trim(), "0", "a transaction is open");
    let connected: u32 = server.sql(connected).trim().parse().unwrap();
    assert!(connected <= 8, "{connected} connections");
    // As many verbs at once as the pool has connections, and again: none of them is lost.
    let key = put(&*store, t, &record(t)).await;
    for _ in 0..3 {
        let reads: Vec<_> = (0..32)
            .map(|_| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.exists(&op(t), &key).await })
            })
            .collect();
        for read in reads {
            assert!(read.await.unwrap().unwrap());
        }
    }
}

/// Every verb, once.
async fn exercise(store: &MysqlStore) {
    let (t, ann) = (now(), OwnerKey::of("ann"));
    let (op, first) = (op(t), owned(t, "ann"));
    let key = put(store, t, &first).await;
    let anonymous = put(store, t, &record(t)).await;
    assert_eq!(live(store, t, &key).await.unwrap().header, first.header);
    let second = Arc::new(next(&first, 2));
    let saved = store
        .save(&op, &key, Arc::clone(&second), first.header.version)
        .await;
    assert!(matches!(saved.unwrap(), SaveOutcome::Saved(_)));
    let (third, new) = (Arc::new(next(&second, 3)), key_after(&key));
    let moved = store
        .rotate(&op, &key, &new, third, second.header.version, None)
        .await;
    assert!(matches!(moved.unwrap(), RotateOutcome::Saved(_)));
    let found = live(store, t, &anonymous).await.unwrap();
    let (fourth, away) = (Arc::new(next(&found, 4)), key_after(&anonymous));
    let moved = store
        .rotate(&op, &anonymous, &away, fourth, found.header.version, None)
        .await;
    assert!(matches!(moved.unwrap(), RotateOutcome::Saved(_)));
    let later = self::op(t + INTERVAL);
    let renewed = store.read(&later, &new, Some(INTERVAL)).await.unwrap();
    let ReadOutcome::Live(renewed) = renewed else {
        panic!("{renewed:?}");
    };
    let found = live(store, t, &new).await.unwrap();
    assert_eq!(found.header, renewed.header);
    let deadline = renewed.header.idle_deadline;
    assert!(deadline > first.header.idle_deadline);
    assert!(
        store
            .exists(&self::op(first.header.idle_deadline), &new)
            .await
            .unwrap()
    );
    assert_eq!(store.destroy(&op, &key).await.unwrap(), Some(new));
    assert_eq!(store.destroy(&op, &fresh_key()).await.unwrap(), None);
    assert_eq!(store.sessions_of(&op, &ann).await.unwrap().len(), 1);
    assert_eq!(store.destroy_all_of(&op, &ann, None).await.unwrap(), 1);
    assert_eq!(store.gc(&op, 10).await.unwrap(), Swept::default());
    store.destroy(&op, &away).await.unwrap();
}

/// What modes and isolation an administrator has set is of no importance.
#[tokio::test(flavor = "multi_thread")]
async fn modes_do_not_matter() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    for mode in [
        "",
        "TRADITIONAL,ANSI,SIMULTANEOUS_ASSIGNMENT,HIGH_NOT_PRECEDENCE,NO_BACKSLASH_ESCAPES",
        "ORACLE,EMPTY_STRING_IS_NULL,PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION",
    ] {
        for isolation in ["SERIALIZABLE", "READ-UNCOMMITTED"] {
            server.sql(&format!(
                "SET GLOBAL sql_mode = '{mode}'; SET GLOBAL tx_isolation = '{isolation}'; SET GLOBAL time_zone = '-11:00'; \
                 SET GLOBAL autocommit = 0"
            ));
            let store = patient(&server).await;
            store.migrate().await.unwrap();
            exercise(&store).await;
        }
    }
}

/// A pool that somebody has set up lends its settings, its hooks too.
#[tokio::test(flavor = "multi_thread")]
async fn a_ready_pool_is_taken_as_it_is() {
    if !available() {
        return;
    }
    let server = Server::shared();
    let hooked = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&hooked);
    let options = MySqlPoolOptions::new().max_connections(3);
    let options = options.acquire_timeout(Duration::from_secs(30));
    let options = options.after_connect(move |_, _| {
        *counted.lock().unwrap() += 1;
        Box::pin(async { Ok(()) })
    });
    let pool = options.connect(&server.url()).await.unwrap();
    let builder = MysqlStore::builder().table("pooled");
    let builder = builder.response_timeout(Duration::from_secs(30));
    let store = builder.pool(&pool).await.unwrap();
    store.migrate().await.unwrap();
    exercise(&store).await;
    assert!(*hooked.lock().unwrap() > 1, "the hook of the pool");
}

/// What is logged at any level, collected.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

impl tracing::field::Visit for Log {
    fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        *self.0.lock().unwrap() += &format!("{value:?}\n");
    }
}

/// T32: the driver logs statements, and those of a store that go out as text hold keys and data: nothing of it is logged,
/// neither by a store of its own address nor by one with the settings of a pool that logs.
#[tokio::test(flavor = "multi_thread")]
async fn t32_no_statement_is_logged() {
    if !available() {
        return;
    }
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let server = Server::shared();
    let pool = MySqlPoolOptions::new().acquire_timeout(Duration::from_secs(30));
    let pool = pool.connect(&server.url()).await.unwrap();
    let builder = MysqlStore::builder().table("logged");
    let builder = builder.response_timeout(Duration::from_secs(30));
    let pooled = builder.clone().pool(&pool).await.unwrap();
    let own = builder.connect_timeout(Duration::from_secs(30));
    let own = own.connect(&server.url()).await.unwrap();
    own.migrate().await.unwrap();
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    let (t, secret) = (now(), "a value that nobody may see");
    for store in [own, pooled] {
        let mut first = owned(t, "ann");
        first.data.insert("secret", secret.to_owned());
        let key = put(&store, t, &first).await;
        let (second, new) = (Arc::new(next(&first, 2)), key_after(&key));
        let op = op(t);
        let moved = store.rotate(&op, &key, &new, second, first.header.version, None);
        assert!(matches!(moved.await.unwrap(), RotateOutcome::Saved(_)));
        store.destroy(&op, &new).await.unwrap();
        let told = log.0.lock().unwrap().to_lowercase();
        for hidden in [
            hex(key.hash()),
            hex(new.hash()),
            hex(secret.as_bytes()),
            secret.to_owned(),
        ] {
            assert!(!told.contains(&hidden), "a statement was logged");
        }
    }
    // What is looked for would be found.
    let query = session_stores::mysql::driver::raw_sql("SELECT 'seen'");
    query.execute(&pool).await.unwrap();
    assert!(log.0.lock().unwrap().contains("SELECT 'seen'"));
}
