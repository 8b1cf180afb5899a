//! T47, T48, T50, D24: several processes on one directory, some of which are killed.

#![cfg(feature = "file")]

mod file_common;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use file_common::*;
use session::{OwnerKey, ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, StoreKey};
use session_stores::{Durability, FileStore};

fn counter() -> StoreKey {
    StoreKey::from_parts([7; 32], [7; 2])
}

#[test]
#[ignore = "the other process of the tests here"]
fn worker() {
    let (Some(job), Some(root)) = (told("JOB"), told("ROOT")) else {
        return;
    };
    let root = Path::new(&root);
    let durability = match told("DURABILITY").as_deref() {
        Some("full") => Durability::Full,
        _ => Durability::Process,
    };
    let store = FileStore::builder(root)
        .durability(durability)
        .build()
        .unwrap();
    runtime().block_on(async {
        match job.as_str() {
            "count" => {
                for _ in 0..told("TIMES").unwrap().parse().unwrap() {
                    increment(&store, &counter()).await;
                }
            }
            "save" => save_in_tasks(&store).await,
            "write" => write_until_killed(&store).await,
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

/// One line to the parent. Written at once, so that what was said before a kill arrives.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
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

/// Announces each operation before it, and confirms it after it.
async fn write_until_killed(store: &FileStore) {
    for n in 0u64.. {
        let (key, moved) = (new_key(), new_key());
        let (from, to) = (key_text(&key), key_text(&moved));
        let first = Arc::new(if n % 2 == 0 { owned(n) } else { record(n) });
        say(&format!("try create {from} {n}"));
        store
            .create(&op(), &key, Arc::clone(&first), None)
            .await
            .unwrap();
        say(&format!("did create {from} {n}"));

        let second = next(&first, n + 1000);
        say(&format!("try save {from} {}", n + 1000));
        let saved = store
            .save(&op(), &key, Arc::clone(&second), first.header.version)
            .await
            .unwrap();
        assert!(matches!(saved, SaveOutcome::Saved(_)));
        say(&format!("did save {from} {}", n + 1000));

        say(&format!("try rotate {from} {to}"));
        let third = next(&second, n + 1000);
        let rotated = store
            .rotate(&op(), &key, &moved, third, second.header.version, None)
            .await;
        assert!(matches!(rotated.unwrap(), RotateOutcome::Saved(_)));
        say(&format!("did rotate {from} {to}"));

        if n % 3 == 0 {
            say(&format!("try destroy {to} 0"));
            store.destroy(&op(), &moved).await.unwrap();
            say(&format!("did destroy {to} 0"));
        }
        say("try count - 0");
        increment(store, &counter()).await;
        say("did count - 0");
    }
}

/// What is known of one session: what it was told to hold, and what it may hold as well if the last word about it was
/// only announced.
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    sure: Option<u64>,
    maybe: Option<Option<u64>>,
}

fn kill_rounds(rounds: u32) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let (store, runtime) = (open(&root), runtime());
    runtime.block_on(seed(&store, &counter(), record(0)));
    let (mut counted, mut begun) = (0, 0);
    let mut operations = 0;
    for round in 0..rounds {
        let durability = if round % 4 == 0 { "full" } else { "process" };
        let mut workers: Vec<Child> = (0..4)
            .map(|_| spawn("write", &root, &[("WORKER_DURABILITY", durability)]))
            .collect();
        std::thread::sleep(Duration::from_millis(60 + u64::from(round * 37 % 90)));
        for worker in &mut workers {
            worker.kill().unwrap();
        }
        let mut known = HashMap::new();
        for mut worker in workers {
            let out = BufReader::new(worker.stdout.take().unwrap());
            // The last line may have been cut.
            for line in out
                .split(b'\n')
                .map(|line| String::from_utf8(line.unwrap()).unwrap())
            {
                let Some(at) = line.find("try ").or(line.find("did ")) else {
                    continue;
                };
                let words: Vec<_> = line[at..].split(' ').collect();
                let [word, verb, key, value] = words[..] else {
                    continue;
                };
                if verb != "count" && (key.len() != 68 || verb == "rotate" && value.len() != 68) {
                    continue;
                }
                if word == "did" {
                    operations += 1;
                }
                if verb == "count" {
                    *(if word == "did" {
                        &mut counted
                    } else {
                        &mut begun
                    }) += 1;
                } else {
                    learn(&mut known, word == "did", verb, key, value);
                }
            }
            assert!(
                !worker.wait().unwrap().success(),
                "it was killed, and did not end by itself"
            );
        }
        runtime.block_on(check(&store, &root, &known));
        let sum = number(&runtime.block_on(live(&store, &counter())).unwrap());
        assert!(
            (counted..=begun).contains(&sum),
            "{counted} <= {sum} <= {begun}"
        );
        while runtime.block_on(store.gc(&op(), 1000)).unwrap().more {}
        runtime.block_on(check(&store, &root, &known));
    }
    println!("{operations} operations in {rounds} rounds");
    assert!(
        operations > u64::from(rounds),
        "{operations} operations in {rounds} rounds"
    );
}

fn learn(known: &mut HashMap<String, Known>, did: bool, verb: &str, key: &str, value: &str) {
    let was = known.get(key).and_then(|known| known.sure);
    let mut set = |key: &str, from: Option<u64>, to: Option<u64>| {
        let state = if did {
            Known {
                sure: to,
                maybe: None,
            }
        } else {
            Known {
                sure: from,
                maybe: Some(to),
            }
        };
        known.insert(key.to_owned(), state);
    };
    match verb {
        "create" => set(key, None, Some(value.parse().unwrap())),
        "save" => set(key, was, Some(value.parse().unwrap())),
        "destroy" => set(key, was, None),
        "rotate" if did => {
            let moved = known.get(value).and_then(|known| known.maybe).flatten();
            for (key, sure) in [(key, None), (value, moved)] {
                known.insert(key.to_owned(), Known { sure, maybe: None });
            }
        }
        "rotate" => {
            set(key, was, None);
            set(value, None, was);
        }
        other => panic!("{other}"),
    }
}

async fn check(store: &FileStore, root: &Path, known: &HashMap<String, Known>) {
    let mut live_now = HashMap::new();
    for (key, known) in known {
        let found = live(store, &parse_key(key))
            .await
            .map(|record| number(&record));
        assert!(
            found == known.sure || Some(found) == known.maybe,
            "{found:?}, but {known:?}"
        );
        live_now.insert(key, found);
    }
    // Of the two keys of a rotation that was under way exactly one lives.
    for key in keys(root) {
        let outcome = store.read(&op(), &key, None).await.unwrap();
        assert!(
            !matches!(outcome, ReadOutcome::Damaged),
            "every file decodes"
        );
        if let ReadOutcome::Gone {
            successor: Some(successor),
        } = outcome
        {
            let text = key_text(&successor);
            if known
                .get(&text)
                .is_some_and(|known| known.maybe != Some(None) && known.sure.is_none())
            {
                assert!(live_now[&text].is_some() || known[&text].maybe.is_none());
            }
        }
    }
}

#[test]
fn t48_what_was_acknowledged_survives_twenty_rounds_of_kill_9() {
    kill_rounds(20);
}

#[test]
#[ignore = "takes minutes: five hundred rounds"]
fn t48_what_was_acknowledged_survives_five_hundred_rounds_of_kill_9() {
    kill_rounds(500);
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
