//! How many round trips each verb costs, counted before the server.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, OwnerKey, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome, SessionStore,
};
use session_stores::mysql::MysqlStore;

use crate::mysql_proxy::Proxy;
use crate::mysql_server::{Server, available};
use crate::proxy::Plan;
use crate::sessions::*;

/// What a verb costs, once the statements of the connection are known.
async fn cost<T>(proxy: &Proxy, verb: impl Future<Output = T>) -> (usize, T) {
    proxy.plan(Plan::Pass);
    let answer = verb.await;
    proxy.settled().await;
    (proxy.round_trips(), answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn verbs_take_the_round_trips_that_the_documentation_says() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let proxy = Proxy::start(server.port).await;
    // One connection, so that each statement is new once.
    let builder = MysqlStore::builder().max_connections(1);
    let builder = builder
        .response_timeout(Duration::from_secs(30))
        .connect_timeout(Duration::from_secs(30));
    let store = builder.connect(&proxy.url()).await.unwrap();
    store.migrate().await.unwrap();
    proxy.settled().await;
    let (t, rule) = (
        now(),
        OwnerRule {
            max: 9.try_into().unwrap(),
            over: session::Over::Evict,
        },
    );
    let (op, later) = (op(t), op(t + INTERVAL));
    for round in 0..2 {
        let (first, key) = (record(t), fresh_key());
        let new = key_after(&key);
        let create = store.create(&op, &key, Arc::new(first.clone()), None);
        let (created, _) = cost(&proxy, create).await;
        // Nothing is known of this session yet: it might have to be renewed.
        let (first_read, _) = cost(&proxy, store.read(&op, &key, Some(INTERVAL))).await;
        let changes = || server.sql("SHOW GLOBAL STATUS LIKE 'Com_update'");
        let before = changes();
        let (read, _) = cost(&proxy, store.read(&op, &key, Some(INTERVAL))).await;
        assert_eq!(changes(), before, "no update is sent where none can be due");
        let (renewed, answer) = cost(&proxy, store.read(&later, &key, Some(INTERVAL))).await;
        let ReadOutcome::Live(found) = answer.unwrap() else {
            panic!("the session lives");
        };
        assert_eq!(found.header.last_seen, later.now);
        let second = Arc::new(next(&first, 2));
        let save = || store.save(&op, &key, Arc::clone(&second), first.header.version);
        let (saved, answer) = cost(&proxy, save()).await;
        assert!(matches!(answer.unwrap(), SaveOutcome::Saved(_)));
        let (conflict, answer) = cost(&proxy, save()).await;
        assert!(matches!(answer.unwrap(), SaveOutcome::Conflict(_)));
        let version = second.header.version;
        let touch = store.touch(&op, &key, version, t + INTERVAL * 30);
        let (touched, _) = cost(&proxy, touch).await;
        let third = Arc::new(next(&second, 3));
        let rotate = store.rotate(&op, &key, &new, third, version, None);
        let (rotated, answer) = cost(&proxy, rotate).await;
        assert!(matches!(answer.unwrap(), RotateOutcome::Saved(_)));
        let (exists, _) = cost(&proxy, store.exists(&op, &new)).await;
        let (destroyed, answer) = cost(&proxy, store.destroy(&op, &key)).await;
        assert_eq!(answer.unwrap(), Some(new));

        let ann = OwnerKey::of("ann");
        let (first, key) = (owned(t + Duration::from_secs(round), "ann"), fresh_key());
        let new = key_after(&key);
        let create = store.create(&op, &key, Arc::new(first.clone()), Some(rule));
        let (bound, _) = cost(&proxy, create).await;
        let second = Arc::new(next(&first, 2));
        let rotate = store.rotate(&op, &key, &new, second, first.header.version, Some(rule));
        let (rebound, answer) = cost(&proxy, rotate).await;
        assert!(matches!(answer.unwrap(), RotateOutcome::Saved(_)));
        let (listed, answer) = cost(&proxy, store.sessions_of(&op, &ann)).await;
        assert_eq!(answer.unwrap().len(), 1);
        let (ended, answer) = cost(&proxy, store.destroy_of(&op, &ann, first.header.handle)).await;
        assert!(answer.unwrap());
        let (revoked, _) = cost(&proxy, store.destroy_all_of(&op, &ann, None)).await;
        let (swept, _) = cost(&proxy, store.gc(&op, 10)).await;

        // There is room for one, and each of these is a second: a new session, and one that gets its owner.
        let one = OwnerRule {
            max: NonZeroU32::MIN,
            ..rule
        };
        let bob = OwnerKey::of("bob");
        let other = Arc::new(owned(first.header.created, "bob"));
        put(&store, op.now, &other).await;
        let key = fresh_key();
        let create = store.create(&op, &key, Arc::new(next(&other, 2)), Some(one));
        let (evicting, answer) = cost(&proxy, create).await;
        assert_eq!(answer.unwrap(), CreateOutcome::Created);
        assert_eq!(store.sessions_of(&op, &bob).await.unwrap().len(), 1);
        let anonymous = record(t);
        let old = put(&store, op.now, &Arc::new(anonymous.clone())).await;
        let (new_key, signed_in) = (key_after(&old), Arc::new(next(&other, 3)));
        let version = anonymous.header.version;
        let rotate = store.rotate(&op, &old, &new_key, signed_in, version, Some(one));
        let (moving, answer) = cost(&proxy, rotate).await;
        assert!(matches!(answer.unwrap(), RotateOutcome::Saved(_)));
        assert_eq!(store.sessions_of(&op, &bob).await.unwrap().len(), 1);
        assert!(store.exists(&op, &new_key).await.unwrap());
        store.destroy_all_of(&op, &bob, None).await.unwrap();

        // The first use of a prepared statement takes one more.
        let new = if round == 0 { 1 } else { 0 };
        assert_eq!([created, read, saved], [1 + new; 3]);
        assert_eq!((first_read, renewed, conflict), (1, 1, 2));
        assert_eq!([exists, listed, touched], [1 + new; 3]);
        assert_eq!([rotated, destroyed], [1; 2]);
        assert_eq!([bound, rebound], [1; 2]);
        assert_eq!([ended, revoked, swept], [2; 3]);
        assert_eq!([evicting, moving], [1; 2]);
    }
}
