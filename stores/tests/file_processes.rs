//! T47, T50, D24: several processes on one directory.

#![cfg(feature = "file")]
#![allow(clippy::unwrap_used)]

mod file_common;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use file_common::*;
use session::{OwnerKey, SessionStore};
use session_stores::FileStore;

#[test]
#[ignore = "the other process of the tests here"]
fn worker() {
    let (Some(job), Some(root)) = (told("JOB"), told("ROOT")) else {
        return;
    };
    let root = Path::new(&root);
    let store = open(root);
    runtime().block_on(async {
        match job.as_str() {
            "count" => {
                for _ in 0..told("TIMES").unwrap().parse().unwrap() {
                    increment(&store, &counter()).await;
                }
            }
            "save" => save_in_tasks(&store).await,
            "hold" => {
                let lock = std::fs::File::open(root.join("locks/r07")).unwrap();
                lock.lock().unwrap();
                say("held");
                std::thread::sleep(Duration::from_secs(60));
            }
            other => panic!("no such job: {other}"),
        }
    });
}

fn count_to(total: u64) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path().join("root"));
    let runtime = runtime();
    runtime.block_on(seed(&store, &counter(), record(0)));
    let start = Instant::now();
    let times = (total / 2).to_string();
    let mut workers: Vec<Child> = (0..2)
        .map(|_| {
            spawn(
                "count",
                &dir.path().join("root"),
                &[("WORKER_TIMES", &times)],
            )
        })
        .collect();
    for worker in &mut workers {
        assert!(worker.wait().unwrap().success());
    }
    let record = runtime.block_on(live(&store, &counter())).unwrap();
    assert_eq!(number(&record), total);
    start.elapsed()
}

#[test]
fn t50_two_processes_lose_no_update_of_one_session() {
    count_to(1_000);
}

#[test]
#[ignore = "takes a while: ten thousand updates"]
fn t50_two_processes_lose_none_of_ten_thousand_updates() {
    println!("10,000 updates in {:?}", count_to(10_000));
}

#[test]
fn t50_a_lock_of_a_killed_process_does_not_stay() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let (store, runtime) = (open(&root), runtime());
    runtime.block_on(seed(&store, &counter(), record(0)));
    let mut worker = spawn("hold", &root, &[]);
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("held")));

    let held = runtime.block_on(async {
        tokio::time::timeout(Duration::from_millis(300), increment(&store, &counter())).await
    });
    assert!(held.is_err(), "the stripe of the counter is held");
    worker.kill().unwrap();
    worker.wait().unwrap();
    // The one that was given up runs to its end as well, so the sum is one or two.
    let sum = runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), increment(&store, &counter())).await
    });
    assert!((1..=2).contains(&sum.expect("the lock is free again")));
}

async fn save_in_tasks(store: &FileStore) {
    let until = Instant::now() + Duration::from_millis(1500);
    let tasks = (0..4).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let key = new_key();
            seed(&store, &key, owned(0)).await;
            let mut sum = 0;
            while Instant::now() < until {
                sum += 1;
                assert_eq!(increment(&store, &key).await, sum);
                // Something for gc to find: a session that has just died.
                let mut dead = record(0);
                dead.header.idle_deadline = dead.header.created - Duration::from_secs(120);
                seed(&store, &new_key(), dead).await;
            }
            say(&format!("kept {} {sum}", key_text(&key)));
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

#[test]
fn t47_gc_beside_eight_writers_takes_nothing_that_lives_and_passes_bad_files() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let (store, runtime) = (open(&root), runtime());
    let shard = root.join("records/00");
    std::fs::create_dir(&shard).unwrap();
    std::fs::create_dir(shard.join("0".repeat(66))).unwrap();
    std::fs::write(shard.join("1".repeat(66)), "bad").unwrap();
    symlink("nothing", shard.join("2".repeat(66))).unwrap();

    let mut workers: Vec<Child> = (0..2).map(|_| spawn("save", &root, &[])).collect();
    let mut removed = 0;
    while workers
        .iter_mut()
        .any(|worker| worker.try_wait().unwrap().is_none())
    {
        removed += runtime.block_on(store.gc(&op(), 50)).unwrap().removed;
    }
    while runtime
        .block_on(store.gc(&op(), 50))
        .map(|swept| removed += swept.removed)
        .is_err()
    {}
    let mut kept = 0;
    for mut worker in workers {
        let lines = BufReader::new(worker.stdout.take().unwrap()).lines();
        for line in lines.map(Result::unwrap) {
            if let Some((key, sum)) = line
                .rsplit_once("kept ")
                .and_then(|(_, kept)| kept.split_once(' '))
            {
                let record = runtime
                    .block_on(live(&store, &parse_key(key)))
                    .expect("it lives");
                assert_eq!(number(&record), sum.parse::<u64>().unwrap());
                kept += 1;
            }
        }
        assert!(worker.wait().unwrap().success());
    }
    assert_eq!(kept, 8);
    assert!(removed > 8, "only {removed} were removed");
    let listed = runtime
        .block_on(store.sessions_of(&op(), &OwnerKey::of("ann")))
        .unwrap();
    assert_eq!(listed.len(), 8);
}

#[test]
fn d24_a_reader_beside_a_writer_sees_whole_records_only() {
    let dir = tempfile::tempdir().unwrap();
    let (store, runtime) = (open(dir.path().join("root")), runtime());
    let key = new_key();
    runtime.block_on(async {
        let mut first = record(0);
        first.data.insert("text", "x".repeat(40_000));
        seed(&store, &key, first).await;
        let writer = store.clone();
        let writing = tokio::spawn(async move {
            for _ in 0..300 {
                increment(&writer, &key).await;
            }
        });
        let mut seen = 0;
        while !writing.is_finished() {
            let record = live(&store, &key)
                .await
                .expect("there is a record at any time");
            assert!(number(&record) >= seen, "no older one comes back");
            seen = number(&record);
            assert_eq!(
                record.data.get::<String>("text").unwrap().unwrap().len(),
                40_000
            );
        }
        writing.await.unwrap();
        assert_eq!(number(&live(&store, &key).await.unwrap()), 300);
    });
}
