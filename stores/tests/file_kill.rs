//! T48: four processes write, and are killed at any moment. What they had acknowledged holds.

#![cfg(feature = "file")]
#![allow(clippy::unwrap_used)]

mod file_common;

use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use file_common::said::{Said, write_until_killed};
use file_common::*;
use session::SessionStore;
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
        runtime.block_on(said.check(&store, &keys(&root)));
        while runtime.block_on(store.gc(&op(), 1000)).unwrap().more {}
        runtime.block_on(said.check(&store, &keys(&root)));
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
