//! T28b: every interleaving of the store calls of two and three requests.
//!
//! A request is the real thing: middleware, handle and commit loop, over a store that stops before each call. The
//! explorer decides who goes next, runs the schedule to its end, and then the next schedule, until none is left.
//!
//! `cargo test --release -p session --all-features explorer -- --nocapture` prints how many there were.

#![allow(clippy::unwrap_used)]

mod gate;
mod machine;
mod requests;
mod rules;
mod seen;
#[path = "../wrong/mod.rs"]
#[allow(dead_code, unused_imports)]
mod wrong;

use std::collections::BTreeSet;
use std::time::Instant;

use machine::{Planted, World};
use requests::{Act, Start};
use rules::{Serial, check};
use seen::Outcome;
use wrong::Mistake;

/// Explores every schedule of these requests, and says how many there were.
async fn explore(start: Start, acts: &[Act], planted: Option<Planted>) -> Result<u64, String> {
    let mut world = World::new(start, planted);
    let serial = Serial::of(&mut World::new(start, None), acts).await;
    let mut schedule = Vec::new();
    let mut schedules = 0;
    loop {
        let outcome = world.run(acts, &mut schedule).await;
        schedules += 1;
        check(start, acts, &outcome, &serial).map_err(|broken| {
            let order: Vec<_> = schedule.iter().map(|choice| choice.taken).collect();
            format!("{broken}\n  {start:?} {acts:?}\n  order {order:?}\n  {outcome:#?}")
        })?;
        // The next schedule: the last choice that has another way goes there.
        while schedule
            .last()
            .is_some_and(|choice| choice.taken + 1 == choice.ways)
        {
            schedule.pop();
        }
        match schedule.last_mut() {
            Some(choice) => choice.taken += 1,
            None => return Ok(schedules),
        }
    }
}

fn pairs() -> impl Iterator<Item = (Start, [Act; 2])> {
    Start::ALL.into_iter().flat_map(|start| {
        let pairs = move |(n, a): (usize, Act)| Act::ALL[n..].iter().map(move |b| (start, [a, *b]));
        Act::ALL.into_iter().enumerate().flat_map(pairs)
    })
}

/// The first words of the rules that some pair of requests sees broken.
async fn rules_broken_by(planted: Planted) -> BTreeSet<String> {
    let mut broken = BTreeSet::new();
    for (start, acts) in pairs() {
        if let Err(error) = explore(start, &acts, Some(planted)).await {
            broken.insert(error.split(':').next().unwrap_or_default().to_owned());
        }
    }
    broken
}

async fn every_pair() -> Result<u64, String> {
    let mut schedules = 0;
    for (start, acts) in pairs() {
        schedules += explore(start, &acts, None).await?;
    }
    Ok(schedules)
}

async fn every_triple(step: usize) -> Result<u64, String> {
    let mut schedules = 0;
    let mut triple = 0;
    for start in Start::ALL {
        for (n, a) in Act::ALL.iter().enumerate() {
            for (m, b) in Act::ALL.iter().enumerate().skip(n) {
                for c in &Act::ALL[m..] {
                    triple += 1;
                    if triple % step == 0 {
                        schedules += explore(start, &[*a, *b, *c], None).await?;
                    }
                }
            }
        }
    }
    Ok(schedules)
}

fn report(what: &str, started: Instant, schedules: Result<u64, String>) {
    match schedules {
        Ok(n) => println!(
            "{what}: {n} schedules in {:.1} s",
            started.elapsed().as_secs_f64()
        ),
        Err(broken) => panic!("{broken}"),
    }
}

/// Without limit on what one task may poll in one go: the explorer is one task.
async fn run<T>(exploration: impl Future<Output = T>) -> T {
    tokio::task::unconstrained(exploration).await
}

#[tokio::test(start_paused = true)]
async fn explorer_t28b_every_pair_of_requests() {
    let started = Instant::now();
    report("pairs", started, run(every_pair()).await);
}

/// All of them in a release build; in a debug build, which is slower by far, each eleventh.
#[tokio::test(start_paused = true)]
async fn explorer_t28b_every_triple_of_requests() {
    let started = Instant::now();
    let step = if cfg!(debug_assertions) { 11 } else { 1 };
    report("triples", started, run(every_triple(step)).await);
}

#[tokio::test(start_paused = true)]
async fn explorer_finds_each_planted_mistake() {
    let found = async |planted, rule: &str| {
        let broken = run(rules_broken_by(planted)).await;
        assert!(broken.contains(rule), "{planted:?} breaks {broken:?}");
    };
    for (mistake, rule) in [
        (Mistake::ReadCreates, "T09"),
        (Mistake::UpsertInSave, "I2"),
        (Mistake::CreateThenDelete, "I1"),
        (Mistake::NoVersionCheckInSave, "C1-C5"),
        (Mistake::StaleConflict, "C1-C5"),
        (Mistake::NoVersionCheckInRotate, "C1-C5"),
        (Mistake::NoTombstone, "T22b"),
        (Mistake::TombstoneNamesNobody, "S8"),
        (Mistake::NoSuccessor, "T22b"),
        (Mistake::NoNotBefore, "S3"),
        (Mistake::SetOutOfStep, "S3"),
    ] {
        found(Planted::InStore(mistake), rule).await;
    }
    found(Planted::LoserSendsCookie, "S1").await;
    found(Planted::SendsWhatWasPresented, "T09").await;
}

/// The explorer is only as good as what it can tell apart.
#[tokio::test(start_paused = true)]
async fn explorer_tells_outcomes_apart() {
    let mut world = World::new(Start::Anonymous, None);
    let mut schedule = Vec::new();
    let mut seen = BTreeSet::new();
    for acts in [
        [Act::SetA, Act::SetB],
        [Act::SignIn, Act::Destroy],
        [Act::Clear, Act::Update],
    ] {
        schedule.clear();
        let Outcome { sessions, .. } = world.run(&acts, &mut schedule).await;
        seen.insert(sessions);
    }
    assert_eq!(seen.len(), 3);
}
