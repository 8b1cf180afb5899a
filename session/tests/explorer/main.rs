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
mod world;
#[path = "../wrong/mod.rs"]
#[allow(dead_code, unused_imports)]
mod wrong;

use std::collections::BTreeSet;
use std::time::Instant;

use requests::{Act, Start};
use rules::{Serial, check};
use seen::Outcome;
use session::testing::Verb;
use world::{Planted, World};
use wrong::Mistake;

/// Explores every schedule of these requests, and says how many there were.
async fn explore(start: Start, acts: &[Act], world: World) -> Result<u64, String> {
    let serial = Serial::of(&World::new(start), acts).await;
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

/// Whether some pair of requests sees this rule broken; if not, which rules are.
async fn breaks(planted: Planted, rule: &str) -> Result<(), BTreeSet<String>> {
    let mut broken = BTreeSet::new();
    for (start, acts) in pairs() {
        if let Err(error) = explore(start, &acts, World::new(start).with(planted)).await {
            let first = error.split(':').next().unwrap_or_default();
            if first == rule {
                return Ok(());
            }
            broken.insert(first.to_owned());
        }
    }
    Err(broken)
}

async fn every_pair() -> Result<u64, String> {
    let mut schedules = 0;
    for (start, acts) in pairs() {
        schedules += explore(start, &acts, World::new(start)).await?;
    }
    Ok(schedules)
}

fn triples() -> impl Iterator<Item = (Start, [Act; 3])> {
    Start::ALL.into_iter().flat_map(|start| {
        let after = |n: usize| Act::ALL.into_iter().enumerate().skip(n);
        let pairs = after(0).flat_map(move |(n, a)| after(n).map(move |(m, b)| (m, a, b)));
        pairs.flat_map(move |(m, a, b)| after(m).map(move |(_, c)| (start, [a, b, c])))
    })
}

async fn every_triple(step: usize) -> Result<u64, String> {
    let mut schedules = 0;
    for (start, acts) in triples().step_by(step) {
        schedules += explore(start, &acts, World::new(start)).await?;
    }
    Ok(schedules)
}

/// The answer of each call lost that the layer repeats then, one at a time.
async fn with_a_lost_answer(start: Start, acts: &[Act]) -> Result<u64, String> {
    let mut schedules = 0;
    for verb in [Verb::Create, Verb::Rotate] {
        for nth in 1..=acts.len() as u32 {
            let world = World::new(start).losing((verb, nth));
            let explored = explore(start, acts, world).await;
            schedules += explored.map_err(|broken| format!("{verb:?} {nth} lost: {broken}"))?;
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

/// All of them in a release build; in a debug build, which is slower by far, each seventeenth.
#[tokio::test(start_paused = true)]
async fn explorer_t28b_every_triple_of_requests() {
    let started = Instant::now();
    let step = if cfg!(debug_assertions) { 17 } else { 1 };
    report("triples", started, run(every_triple(step)).await);
}

/// S11: a call whose answer was lost is repeated, and comes to what it would have come to otherwise, whatever other
/// requests do between the two. In a release build all pairs and each eleventh triple, since all of them take two minutes;
/// in a debug build each third pair and some triples.
#[tokio::test(start_paused = true)]
async fn explorer_s11_with_a_lost_answer() {
    let started = Instant::now();
    let step = if cfg!(debug_assertions) { 1_001 } else { 11 };
    let has_time = |acts: &[Act]| !cfg!(debug_assertions) || acts.iter().any(|act| act.rotates());
    let explored = async {
        let mut schedules = 0;
        for (start, acts) in pairs().filter(|(_, acts)| has_time(acts)) {
            schedules += with_a_lost_answer(start, &acts).await?;
        }
        for (start, acts) in triples().step_by(step) {
            schedules += with_a_lost_answer(start, &acts).await?;
        }
        Ok(schedules)
    };
    report("with a lost answer", started, run(explored).await);
}

#[tokio::test(start_paused = true)]
async fn explorer_finds_each_planted_mistake() {
    let found = async |planted, rule: &str| {
        let found = run(breaks(planted, rule)).await;
        assert_eq!(found, Ok(()), "{planted:?} does not break {rule}");
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
    let world = World::new(Start::Anonymous);
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
