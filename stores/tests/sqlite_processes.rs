//! T48, T50: several processes on one database. They wait for each other, lose nothing, and may be killed.

#![cfg(all(feature = "sqlite", feature = "file"))]
#![allow(clippy::unwrap_used)]

mod file_common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use file_common::said::{Said, write_until_killed};
use file_common::*;
use session::{OwnerKey, SessionStore, StoreKey};
use session_stores::sqlite::driver::{Row as _, SqlitePool, query};
use session_stores::sqlite::{Durability, SqliteStore};

/// Several processes and few cores: whoever waits for long is slow, not wrong.
async fn open(path: &Path, durability: Durability) -> SqliteStore {
    SqliteStore::builder()
        .durability(durability)
        .response_timeout(Duration::from_secs(60))
        .open(path)
        .await
        .unwrap()
}

#[test]
#[ignore = "the other process of the tests here"]
fn worker() {
    let (Some(job), Some(path)) = (told("JOB"), told("ROOT")) else {
        return;
    };
    let path = PathBuf::from(path);
    runtime().block_on(async {
        match job.as_str() {
            "count" => {
                let store = open(&path, Durability::Normal).await;
                for _ in 0..told("TIMES").unwrap().parse().unwrap() {
                    increment(&store, &counter()).await;
                }
            }
            "write full" => write_until_killed(&open(&path, Durability::Full).await).await,
            "write normal" => write_until_killed(&open(&path, Durability::Normal).await).await,
            "open" => {
                open(&path, Durability::Full).await;
            }
            "hold" => {
                let pool = SqlitePool::connect(path.to_str().unwrap()).await.unwrap();
                let mut connection = pool.acquire().await.unwrap();
                query("BEGIN IMMEDIATE")
                    .execute(&mut *connection)
                    .await
                    .unwrap();
                say("held");
                std::thread::sleep(Duration::from_secs(60));
            }
            other => panic!("no such job: {other}"),
        }
    });
}

fn count_to(total: u64) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.db");
    let runtime = runtime();
    let store = runtime.block_on(open(&path, Durability::Normal));
    runtime.block_on(seed(&store, &counter(), record(0)));
    let times = (total / 2).to_string();
    let mut workers: Vec<Child> = (0..2)
        .map(|_| spawn("count", &path, &[("WORKER_TIMES", &times)]))
        .collect();
    for worker in &mut workers {
        assert!(worker.wait().unwrap().success());
    }
    let record = runtime.block_on(live(&store, &counter())).unwrap();
    assert_eq!(number(&record), total);
}

#[test]
fn t50_two_processes_lose_none_of_four_thousand_updates_of_one_session() {
    count_to(4_000);
}

#[test]
#[ignore = "takes a while: ten thousand updates"]
fn t50_two_processes_lose_none_of_ten_thousand_updates() {
    count_to(10_000);
}

#[test]
fn two_processes_that_open_a_new_file_at_once_both_can() {
    for _ in 0..4 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.db");
        let mut workers: Vec<Child> = (0..3).map(|_| spawn("open", &path, &[])).collect();
        for worker in &mut workers {
            assert!(worker.wait().unwrap().success());
        }
        let runtime = runtime();
        let store = runtime.block_on(open(&path, Durability::Full));
        runtime.block_on(seed(&store, &new_key(), owned(1)));
    }
}

#[test]
fn t50_a_lock_of_a_killed_process_does_not_stay() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.db");
    let runtime = runtime();
    let store = runtime.block_on(open(&path, Durability::Full));
    runtime.block_on(seed(&store, &counter(), record(0)));
    let mut worker = spawn("hold", &path, &[]);
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("held")));

    let held = runtime.block_on(async {
        tokio::time::timeout(Duration::from_millis(300), increment(&store, &counter())).await
    });
    assert!(held.is_err(), "another process has the lock");
    worker.kill().unwrap();
    worker.wait().unwrap();
    // The one that was given up runs to its end as well, so the sum is one or two.
    let sum = runtime.block_on(increment(&store, &counter()));
    assert!((1..=2).contains(&sum));
}

/// The keys of all rows.
async fn keys_in(path: &Path) -> Vec<StoreKey> {
    let pool = SqlitePool::connect(path.to_str().unwrap()).await.unwrap();
    let rows = query("SELECT session_key FROM sessions").fetch_all(&pool);
    let rows = rows.await.unwrap();
    let check = query("PRAGMA integrity_check").fetch_one(&pool);
    assert_eq!(check.await.unwrap().get::<String, _>(0), "ok");
    pool.close().await;
    let key = |hash: Vec<u8>| StoreKey::from_parts(hash.try_into().unwrap(), [0; 2]);
    rows.iter().map(|row| key(row.get(0))).collect()
}

fn kill_rounds(rounds: u64) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.db");
    let runtime = runtime();
    let store = runtime.block_on(open(&path, Durability::Full));
    runtime.block_on(seed(&store, &counter(), record(0)));
    let (mut counted, mut begun, mut confirmed, mut under_way) = (0, 0, 0, 0);
    for round in 0..rounds {
        let job = ["write full", "write normal"][(round % 2) as usize];
        // Into files, as a pipe that nobody reads would make them wait.
        let mut workers: Vec<(Child, PathBuf)> = (0..3)
            .map(|n| {
                let said = dir.path().join(format!("said-{n}"));
                let this = Command::new(std::env::current_exe().unwrap());
                let mut worker = command(this, job, &path, &[]);
                worker.stdout(std::fs::File::create(&said).unwrap());
                (worker.spawn().unwrap(), said)
            })
            .collect();
        std::thread::sleep(Duration::from_millis(150 + round * 37 % 90));
        for (worker, _) in &mut workers {
            worker.kill().unwrap();
        }
        let mut said = Said::default();
        for (mut worker, path) in workers {
            let ended = worker.wait().unwrap();
            assert!(!ended.success(), "it was killed, and did not end by itself");
            said.hear(&std::fs::read_to_string(path).unwrap());
        }
        let keys = runtime.block_on(keys_in(&path));
        runtime.block_on(said.check(&store, &keys));
        while runtime.block_on(store.gc(&op(), 1000)).unwrap().more {}
        runtime.block_on(said.check(&store, &[]));
        counted += said.counted;
        begun += said.begun;
        confirmed += said.confirmed;
        under_way += said.maybe.len() + said.moving.len();
        let sum = number(&runtime.block_on(live(&store, &counter())).unwrap());
        assert!(
            (counted..=begun).contains(&sum),
            "{counted} <= {sum} <= {begun}"
        );
    }
    println!("{confirmed} operations confirmed and {under_way} cut short in {rounds} rounds");
    let listed = runtime.block_on(store.sessions_of(&op(), &OwnerKey::of("ann")));
    assert!(!listed.unwrap().is_empty());
    assert!(
        confirmed > rounds && under_way > 0,
        "the rounds were too short to show anything"
    );
}

#[test]
fn t48_what_was_acknowledged_survives_fifteen_rounds_of_kill_9() {
    kill_rounds(15);
}

#[test]
#[ignore = "takes minutes: five hundred rounds"]
fn t48_what_was_acknowledged_survives_five_hundred_rounds_of_kill_9() {
    // After each round all that the file holds is looked at, so it must not grow for ever.
    for _ in 0..20 {
        kill_rounds(25);
    }
}
