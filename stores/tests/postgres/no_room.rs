//! T46, S16: an engine that has no room left.

use std::time::Duration;

use session::StoreErrorKind;
use session_stores::postgres::PostgresStore;

use crate::disk::Disk;
use crate::full::lives_out_a_full_engine;
use crate::postgres_server::{Server, available, give};

/// As it comes, what is acknowledged is on the disk; and nobody makes room behind our back.
const DURABLE: [&str; 3] = ["fsync=on", "synchronous_commit=on", "autovacuum=off"];

async fn patient(server: &Server) -> PostgresStore {
    let builder = PostgresStore::builder().response_timeout(Duration::from_secs(30));
    let store = builder.connect(&server.url()).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// The disk that the tables are on is full.
async fn on_a_full_disk(len: usize) {
    if !available() {
        return;
    }
    let Some(disk) = Disk::new(8) else { return };
    let server = Server::start(&DURABLE);
    give(&disk.path);
    server.sql(&format!(
        "CREATE TABLESPACE small LOCATION '{}'",
        disk.path.display()
    ));
    server.sql("ALTER DATABASE postgres SET default_tablespace = small");
    let store = patient(&server).await;
    let filler = disk.path.join("filler");
    std::fs::write(&filler, vec![1; 7 << 20]).unwrap();
    let room = || std::fs::remove_file(&filler).unwrap();
    let (changes, refusals) =
        lives_out_a_full_engine(&store, (len, 400_000), StoreErrorKind::Full, room).await;
    assert_eq!(changes, refusals);
}

#[tokio::test(flavor = "multi_thread")]
async fn t46_s16_a_full_disk_lets_people_out() {
    on_a_full_disk(700).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t46_s16_a_full_disk_lets_people_with_big_sessions_out() {
    on_a_full_disk(20_000).await;
}

/// Files that may not grow any more, which anybody can have.
#[tokio::test(flavor = "multi_thread")]
async fn t46_files_that_may_not_grow_let_people_out() {
    if !available() {
        return;
    }
    let server = Server::start(&DURABLE);
    // As long as a file of its log, in which it can go on writing.
    server.limit_files("16777216");
    let store = patient(&server).await;
    let room = || server.limit_files("unlimited");
    let kind = StoreErrorKind::Unavailable;
    let (changes, refusals) = lives_out_a_full_engine(&store, (200_000, 400_000), kind, room).await;
    assert_eq!(changes, refusals);
}
