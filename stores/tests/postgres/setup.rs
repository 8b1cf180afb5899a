//! Setting a store up: where to, its tables, and what is said when something is wrong with that.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{OwnerKey, SessionStore, StoreErrorKind};
use session_stores::postgres::driver::postgres::PgPoolOptions;
use session_stores::postgres::{PostgresSetupError, PostgresStore};
use tokio::task::JoinSet;

use crate::postgres_server::{Server, available};
use crate::sessions::*;

/// A standby takes nothing, and is not believed either: it may not know yet who has signed out.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_refused() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let standby = server.standby();
    let refused = PostgresStore::connect(&standby.url()).await;
    assert!(
        matches!(refused, Err(PostgresSetupError::Standby)),
        "{refused:?}"
    );
    let pool = PgPoolOptions::new().connect_lazy(&standby.url()).unwrap();
    let refused = PostgresStore::builder().pool(pool).await;
    assert!(
        matches!(refused, Err(PostgresSetupError::Standby)),
        "{refused:?}"
    );
    standby.sql("SELECT pg_promote()");
    PostgresStore::connect(&standby.url()).await.unwrap();
}

/// Without its tables a store says what to do.
#[tokio::test]
async fn a_store_without_tables_names_migrate() {
    if !available() {
        return;
    }
    let store = PostgresStore::builder().table("nowhere.sessions");
    let store = store.connect(&Server::shared().url()).await.unwrap();
    let (op, key) = (op(now()), fresh_key());
    let told = |error: session::StoreError| error.source().unwrap().to_string();
    let read = store.read(&op, &key, None).await.unwrap_err();
    assert_eq!(read.kind(), StoreErrorKind::Unavailable);
    assert!(told(read).contains("PostgresStore::migrate"));
    let create = store
        .create(&op, &key, Arc::new(record(op.now)), None)
        .await;
    assert!(told(create.unwrap_err()).contains("PostgresStore::migrate"));
    let failed = store.migrate().await.unwrap_err();
    assert!(matches!(failed, PostgresSetupError::Migrate(_)), "{failed}");
}

/// Nodes that start at once, and again, make the tables once; and what they do can be done by hand, after which a role
/// that may make nothing suffices.
#[tokio::test(flavor = "multi_thread")]
async fn migrations_meet() {
    if !available() {
        return;
    }
    let server = Server::shared();
    server.sql("CREATE SCHEMA web");
    let mut nodes = JoinSet::new();
    for _ in 0..6 {
        nodes.spawn(async {
            let store = PostgresStore::builder().table("web.visits");
            let store = store.connect(&Server::shared().url()).await.unwrap();
            store.migrate().await.unwrap();
            store
        });
    }
    for node in nodes.join_all().await {
        let key = put(&node, now(), &owned(now(), "ann")).await;
        node.migrate().await.unwrap();
        assert!(node.exists(&op(now()), &key).await.unwrap());
    }
    // And a node that starts while others are at work waits for none of them, and so holds up nobody.
    let held = "BEGIN; LOCK TABLE web.visits, web.visits_owners IN ROW EXCLUSIVE MODE; SELECT pg_sleep(60)";
    std::thread::scope(|scope| {
        scope.spawn(|| server.try_sql(held));
        let holder =
            "FROM pg_locks WHERE relation = 'web.visits'::regclass AND mode = 'RowExclusiveLock'";
        while server.sql(&format!("SELECT count(*) {holder}")) == "0" {}
        let migration = PostgresStore::migration("web.visits").unwrap();
        let migrated = server.try_sql(&format!("SET lock_timeout = 100; {migration}"));
        server.sql(&format!("SELECT pg_terminate_backend(pid) {holder}"));
        migrated.unwrap();
    });

    server.sql(&PostgresStore::migration("web.by_hand").unwrap());
    server.sql("CREATE ROLE app LOGIN; GRANT USAGE ON SCHEMA web TO app");
    server.sql("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA web TO app");
    let url = server.url().replace("//postgres@", "//app@");
    let store = PostgresStore::builder().table("web.by_hand");
    let store = store.connect(&url).await.unwrap();
    let (t, ann) = (now(), OwnerKey::of("ann"));
    let key = put(&store, t, &owned(t, "ann")).await;
    assert!(live(&store, t, &key).await.is_some());
    assert_eq!(store.destroy_all_of(&op(t), &ann, None).await.unwrap(), 1);
    store.gc(&op(t), 10).await.unwrap();
}

/// T32: what is wrong with the set-up is said, in time, and no secret with it.
#[tokio::test]
async fn what_is_wrong_with_the_set_up_is_said() {
    use PostgresSetupError as E;
    let told = |error: &PostgresSetupError| {
        let source = error.source().map(ToString::to_string);
        format!("{error} {error:?} {source:?}")
    };
    let builder = PostgresStore::builder;
    let nowhere = "postgres://ann:secret@127.0.0.1:1/shop";
    let refused = builder().table("a;b").connect(nowhere).await.unwrap_err();
    assert!(matches!(refused, E::Table(_)), "{refused}");
    let nothing = builder().response_timeout(Duration::ZERO);
    let refused = nothing.connect(nowhere).await.unwrap_err();
    assert!(matches!(refused, E::Timeout), "{refused}");
    let refused = builder().connections(0).connect(nowhere).await.unwrap_err();
    assert!(matches!(refused, E::Connections), "{refused}");
    // A listener that nobody answers at.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    for address in [
        nowhere,
        "postgres://ann:secret@127.0.0.1:port/shop",
        &format!("postgres://ann:secret@127.0.0.1:{port}/shop"),
    ] {
        let start = Instant::now();
        let refused = PostgresStore::connect(address).await.unwrap_err();
        assert!(matches!(refused, E::Connect(_)), "{refused}");
        assert!(!told(&refused).contains("secret"), "{}", told(&refused));
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
