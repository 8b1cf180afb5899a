//! T46, S16: an engine that has no room left.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used)]

#[path = "support/disk.rs"]
mod disk;
#[path = "support/postgres_server.rs"]
#[allow(dead_code)]
mod postgres_server;
#[path = "support/sessions.rs"]
#[allow(dead_code)]
mod sessions;

use std::sync::Arc;
use std::time::{Duration, Instant};

use disk::Disk;
use postgres_server::{Server, available, give};
use session::{
    OwnerKey, ReadOutcome, Record, RotateOutcome, SaveOutcome, SessionStore, StoreError,
    StoreErrorKind, StoreKey, Timestamp,
};
use session_stores::postgres::PostgresStore;
use sessions::*;

/// As it comes, what is acknowledged is on the disk; and nobody makes room behind our back.
const DURABLE: [&str; 3] = ["fsync=on", "synchronous_commit=on", "autovacuum=off"];

async fn patient(server: &Server) -> PostgresStore {
    let builder = PostgresStore::builder().response_timeout(Duration::from_secs(30));
    let store = builder.connect(&server.url()).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// Text of which an engine that packs what it stores saves little.
fn text(len: usize) -> String {
    let mut state = 1u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'!' + (state >> 33) as u8 % 90)
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn sized(t: Timestamp, len: usize) -> Record {
    let mut record = owned(t, "ann");
    record.data.insert("text", text(len));
    record
}

fn kind<T>(answer: Result<T, StoreError>) -> Option<StoreErrorKind> {
    answer.err().map(|error| error.kind())
}

/// Makes sessions until there is no room for one more.
async fn fill(
    store: &PostgresStore,
    t: Timestamp,
    len: usize,
) -> (Vec<(StoreKey, Record)>, StoreErrorKind) {
    let (mut sessions, at) = (Vec::new(), op(t));
    loop {
        let (key, record) = (fresh_key(), sized(t, len));
        let made = store.create(&at, &key, Arc::new(record.clone()), None);
        match made.await {
            Ok(_) => sessions.push((key, record)),
            Err(error) => return (sessions, error.kind()),
        }
        assert!(sessions.len() * len < 64 << 20, "there is always room");
    }
}

/// What was acknowledged stands, what is refused has changed nothing, and who leaves has left. Once there is `room`, all
/// is as before.
async fn lives_out_a_full_engine(
    store: &PostgresStore,
    len: usize,
    full: StoreErrorKind,
    room: impl Fn(),
) {
    let t = now();
    let at = op(t);
    let mut bobs = Vec::new();
    for _ in 0..30 {
        bobs.push(put(store, t, &owned(t, "bob")).await);
    }
    let (sessions, refused) = fill(store, t, len).await;
    println!("{} sessions of {len} bytes", sessions.len());
    assert_eq!(refused, full);
    assert!(sessions.len() > 10, "{} sessions", sessions.len());
    let [kept @ .., (spared, first)] = &sessions[..] else {
        panic!("nobody is spared");
    };
    let version = first.header.version;
    let more = text(400_000);
    let grown = || {
        let mut grown = next(first, 2);
        grown.data.insert("more", more.clone());
        Arc::new(grown)
    };
    let mut refusals = 0;
    for (n, (key, record)) in kept.iter().enumerate() {
        let found = live(store, t, key).await.expect("it was acknowledged");
        assert_eq!(found.header, record.header);
        let left = store.destroy(&at, key).await;
        assert_eq!(left.unwrap(), None, "the {n}th");
        assert!(live(store, t, key).await.is_none(), "the {n}th lives");
        if n % 20 == 0 {
            // What is refused stands as it was.
            let save = store.save(&at, spared, grown(), version).await;
            let new = key_after(spared);
            let rotate = store
                .rotate(&at, spared, &new, grown(), version, None)
                .await;
            for refusal in [kind(save), kind(rotate)] {
                assert_eq!(refusal, Some(full), "after the {n}th");
                refusals += 1;
            }
            let found = store.read(&op(t + INTERVAL), spared, Some(INTERVAL)).await;
            let Ok(ReadOutcome::Live(found)) = found else {
                panic!("{found:?}");
            };
            assert_eq!(found.header.commit_id, first.header.commit_id);
            assert!(live(store, t, &new).await.is_none());
        }
    }
    assert!(refusals > 0);
    let bob = OwnerKey::of("bob");
    let listed = store.sessions_of(&at, &bob).await.unwrap();
    let one = store.destroy_of(&at, &bob, listed[0].handle).await;
    assert!(one.unwrap());
    let others = store.destroy_all_of(&at, &bob, None).await.unwrap();
    assert_eq!(others, bobs.len() as u64 - 1);

    room();
    let (later, start) = (t + INTERVAL, Instant::now());
    let at = op(later);
    let made = loop {
        let key = fresh_key();
        let made = store.create(&at, &key, Arc::new(sized(later, len)), None);
        match made.await {
            Ok(_) => break key,
            Err(error) => assert!(start.elapsed() < Duration::from_secs(30), "{error:?}"),
        }
    };
    assert!(live(store, later, &made).await.is_some());
    let save = store.save(&at, spared, grown(), version).await;
    assert!(matches!(save, Ok(SaveOutcome::Saved(_))), "{save:?}");
    let new = key_after(spared);
    let (second, third) = (live(store, later, spared).await.unwrap(), grown());
    let rotate = store.rotate(&at, spared, &new, third, second.header.version, None);
    assert!(matches!(rotate.await, Ok(RotateOutcome::Saved(_))));
    for key in kept.iter().map(|(key, _)| key).chain(&bobs) {
        assert!(live(store, later, key).await.is_none(), "a dead one lives");
    }
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
    lives_out_a_full_engine(&store, len, StoreErrorKind::Full, room).await;
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
    lives_out_a_full_engine(&store, 200_000, StoreErrorKind::Unavailable, room).await;
}
