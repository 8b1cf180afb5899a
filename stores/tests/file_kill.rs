//! T48: four processes write, and are killed at any moment. What they had acknowledged holds.

#![cfg(feature = "file")]
#![allow(clippy::unwrap_used)]

mod file_common;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use file_common::*;
use session::{ReadOutcome, RotateOutcome, SaveOutcome, SessionStore};
use session_stores::{Durability, FileStore};

#[test]
#[ignore = "the other process of the tests here"]
fn worker() {
    let (Some(durability), Some(root)) = (told("JOB"), told("ROOT")) else {
        return;
    };
    let durability = match durability.as_str() {
        "full" => Durability::Full,
        _ => Durability::Process,
    };
    let store = FileStore::builder(root)
        .durability(durability)
        .build()
        .unwrap();
    runtime().block_on(write_until_killed(&store));
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
            .await;
        assert!(matches!(saved.unwrap(), SaveOutcome::Saved(_)));
        say(&format!("did save {from} {}", n + 1000));

        say(&format!("try rotate {from} {to}"));
        let third = next(&second, n + 1000);
        let rotated = store
            .rotate(&op(), &key, &moved, third, second.header.version, None)
            .await;
        assert!(matches!(rotated.unwrap(), RotateOutcome::Saved(_)));
        say(&format!("did rotate {from} {to}"));

        if n % 3 == 0 {
            say(&format!("try destroy {to} -"));
            store.destroy(&op(), &moved).await.unwrap();
            say(&format!("did destroy {to} -"));
        }
        say("try count - -");
        increment(store, &counter()).await;
        say("did count - -");
    }
}

/// What the workers of one round said.
#[derive(Debug, Default)]
struct Said {
    /// What each session holds, or that it is dead.
    sure: HashMap<String, Option<u64>>,
    /// What it may hold instead, as its worker was killed before it could confirm.
    maybe: HashMap<String, Option<u64>>,
    /// Rotations that were under way: exactly one of the two keys lives.
    moving: Vec<(String, String)>,
    /// Increments of the counter: confirmed, and announced.
    counted: u64,
    begun: u64,
    confirmed: u64,
}

impl Said {
    /// Hears one worker out. Its last line may have been cut.
    fn hear(&mut self, text: &str) {
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let mut last = None;
        for line in whole.lines() {
            let Some(at) = line.find("try ").or(line.find("did ")) else {
                continue;
            };
            let words: Vec<_> = line[at..].split(' ').collect();
            let [word, verb, key, value] = words[..] else {
                panic!("{line}");
            };
            self.begun += u64::from((word, verb) == ("try", "count"));
            if word == "did" {
                self.confirmed += 1;
                self.confirm(verb, key, value);
                last = None;
            } else {
                last = Some((verb, key, value));
            }
        }
        match last {
            Some(("create" | "save", key, value)) => {
                self.maybe
                    .insert(key.to_owned(), Some(value.parse().unwrap()));
            }
            Some(("destroy", key, _)) => {
                self.maybe.insert(key.to_owned(), None);
            }
            Some(("rotate", from, to)) => self.moving.push((from.to_owned(), to.to_owned())),
            _ => {}
        }
    }

    fn confirm(&mut self, verb: &str, key: &str, value: &str) {
        match verb {
            "create" | "save" => {
                self.sure
                    .insert(key.to_owned(), Some(value.parse().unwrap()));
            }
            "destroy" => {
                self.sure.insert(key.to_owned(), None);
            }
            "rotate" => {
                let holds = self.sure.insert(key.to_owned(), None).flatten();
                self.sure.insert(value.to_owned(), holds);
            }
            "count" => self.counted += 1,
            other => panic!("{other}"),
        }
    }

    async fn check(&self, store: &FileStore, root: &Path) {
        let holds = async |key: &str| live(store, &parse_key(key)).await.map(|r| number(&r));
        let moving = |key: &str| {
            self.moving
                .iter()
                .any(|(from, to)| from == key || to == key)
        };
        for (key, sure) in self.sure.iter().filter(|(key, _)| !moving(key)) {
            let found = holds(key).await;
            let maybe = self.maybe.get(key);
            assert!(
                found == *sure || Some(&found) == maybe,
                "{found:?}: {sure:?} or {maybe:?}"
            );
        }
        for (key, maybe) in &self.maybe {
            let found = holds(key).await;
            let sure = self.sure.get(key).copied().flatten();
            assert!(
                found == *maybe || found == sure,
                "{found:?}: {sure:?} or {maybe:?}"
            );
        }
        for (from, to) in &self.moving {
            let found = [holds(from).await, holds(to).await];
            let moved = self.sure[from];
            assert!(
                found == [moved, None] || found == [None, moved],
                "{found:?}: {moved:?}"
            );
        }
        for key in keys(root) {
            let outcome = store.read(&op(), &key, None).await.unwrap();
            assert!(
                !matches!(outcome, ReadOutcome::Damaged),
                "every file decodes"
            );
        }
    }
}

fn kill_rounds(rounds: u64) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let (store, runtime) = (open(&root), runtime());
    runtime.block_on(seed(&store, &counter(), record(0)));
    let (mut counted, mut begun, mut confirmed, mut under_way) = (0, 0, 0, 0);
    for round in 0..rounds {
        let durability = if round % 4 == 0 { "full" } else { "process" };
        // Into files, as a pipe that nobody reads would make them wait.
        let mut workers: Vec<(Child, PathBuf)> = (0..4)
            .map(|n| {
                let path = dir.path().join(format!("said-{n}"));
                let this = Command::new(std::env::current_exe().unwrap());
                let mut worker = command(this, durability, &root, &[]);
                worker.stdout(std::fs::File::create(&path).unwrap());
                (worker.spawn().unwrap(), path)
            })
            .collect();
        std::thread::sleep(Duration::from_millis(60 + round * 37 % 90));
        let mut said = Said::default();
        for (worker, _) in &mut workers {
            worker.kill().unwrap();
        }
        for (mut worker, path) in workers {
            assert!(
                !worker.wait().unwrap().success(),
                "it was killed, and did not end by itself"
            );
            said.hear(&std::fs::read_to_string(path).unwrap());
        }
        runtime.block_on(said.check(&store, &root));
        while runtime.block_on(store.gc(&op(), 1000)).unwrap().more {}
        runtime.block_on(said.check(&store, &root));
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
    assert!(
        confirmed > rounds && under_way > 0,
        "the rounds were too short to show anything"
    );
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
