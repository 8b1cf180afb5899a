//! T46, S16: an engine that has no room left.

use std::sync::Arc;
use std::time::Duration;

use session::{SessionStore, StoreErrorKind};

use crate::disk::Disk;
use crate::full::{fill, lives_out_a_full_engine};
use crate::mysql_server::{Server, available};
use crate::mysql_store::{patient, store_within};
use crate::sessions::*;

/// As it comes, what is acknowledged is on the disk.
const DURABLE: &str = "--innodb-flush-log-at-trx-commit=1";

/// A tablespace that has reached its size, which anybody can have. What has ended makes room.
#[ignore = "MariaDB 10.11 ended itself in one run of several, while all of an owner's sessions were signed out"]
#[tokio::test(flavor = "multi_thread")]
async fn t46_s16_a_full_tablespace_lets_people_out() {
    if !available() {
        return;
    }
    let server = Server::start(&[
        DURABLE,
        "--innodb-file-per-table=0",
        "--innodb-data-file-path=ibdata1:12M:autoextend:max:20M",
    ]);
    let store = patient(&server).await;
    lives_out_a_full_engine(&store, (20_000, 400_000), StoreErrorKind::Full, || ()).await;
}

/// A disk that is full, under sessions of this length. `MariaDB` 10.11 ends itself when it has to take back what it no
/// longer has the room to take back. Whether it does or not, what it has acknowledged is there once there is room and it
/// has been started again, and the same store goes on.
async fn comes_back_from_a_full_disk(len: usize) {
    if !available() {
        return;
    }
    let Some(disk) = Disk::new(2) else { return };
    let server = Server::start(&[DURABLE]);
    server.move_tables(&disk.path);
    let store = store_within(&server, Duration::from_secs(3)).await;
    let (t, at) = (now(), op(now()));
    let (sessions, refused) = fill(&store, t, len).await;
    assert!(sessions.len() > 10, "{} sessions", sessions.len());
    // What each may be now: what was acknowledged last, or also what nobody could say.
    let mut expected = Vec::new();
    let mut acknowledged = 0;
    for (n, (key, record)) in sessions.iter().enumerate() {
        let (now, then) = (Some(record.header.clone()), n % 3);
        let second = Arc::new(next(record, 2));
        let (next, done) = match then {
            0 => (None, store.destroy(&at, key).await.map(|_| ())),
            1 => {
                let version = record.header.version;
                let saved = store.save(&at, key, second.clone(), version).await;
                (Some(second.header.clone()), saved.map(|_| ()))
            }
            _ => (now.clone(), Ok(())),
        };
        acknowledged += u32::from(done.is_ok());
        expected.push((
            key,
            if done.is_ok() {
                vec![next]
            } else {
                vec![now, next]
            },
        ));
        // It is gone: each further call would be a time-out.
        if done.is_err_and(|error| error.kind() != StoreErrorKind::Full) {
            break;
        }
    }
    let rest = &sessions[expected.len()..];
    println!("{len}: {} sessions, then {refused:?}", sessions.len());
    println!("{acknowledged} acknowledged, {} untouched", rest.len());
    // It takes steps of up to 8 MiB, and to take back what was not finished it needs room too.
    disk.grow(64);
    server.kill();
    server.restart();
    until_it_works(|| store.exists(&at, &sessions[0].0)).await;
    for (key, expected) in &expected {
        let found = live(&store, t, key).await.map(|found| found.header.clone());
        assert!(expected.contains(&found), "{found:?}");
    }
    for (key, record) in rest {
        let found = live(&store, t, key).await.expect("it was acknowledged");
        assert_eq!(found.header, record.header);
    }
    put(&store, t, &owned(t, "ann")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t46_what_a_full_disk_held_comes_back() {
    comes_back_from_a_full_disk(700).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t46_what_a_full_disk_held_of_big_sessions_comes_back() {
    comes_back_from_a_full_disk(20_000).await;
}
