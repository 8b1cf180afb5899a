//! In process: rounds of A B C A B C, and medians of what each took beside the bare router in the same
//! round.

use crate::client::Client;
use crate::runner::{Runner, single};
use crate::scenario::{Scenario, Who};
use crate::subjects::Subject;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    pub rounds: usize,
    /// Requests of each implementation in a round.
    pub batch: usize,
    /// Each session asks once a batch, instead of one session all the time.
    pub cold: bool,
}

/// One cell of the table. `None`: not measured.
#[derive(Clone, Default)]
pub struct Cell {
    /// Times the bare router's CPU time.
    pub ratio: Option<f64>,
    /// CPU time of one request.
    pub nanoseconds: Option<f64>,
    pub allocations: Option<f64>,
    pub instructions: Option<f64>,
}

/// The sessions of a scenario: their `Cookie` headers.
pub fn clients(runner: &mut dyn Runner, who: Who, many: usize) -> Vec<String> {
    let (Who::Regular(seed) | Who::Once(seed)) = who else {
        return vec![Client::default().cookies()];
    };
    let client = |_| {
        let mut client = Client::default();
        client.ask(runner, seed);
        client.cookies()
    };
    (0..many).map(client).collect()
}

/// One implementation under one scenario.
struct Lane {
    runner: Box<dyn Runner>,
    clients: Vec<String>,
    nanoseconds: Vec<f64>,
}

/// One row: a cell for each subject. The first one is what the others are compared with.
pub fn row(scenario: &Scenario, subjects: &[&Subject], effort: Effort) -> Vec<Cell> {
    let steps = scenario.paths.len();
    let batch = (effort.batch / steps).max(1);
    let many = match scenario.who {
        Who::Once(_) => batch,
        Who::Regular(_) if effort.cold => batch,
        Who::Regular(_) | Who::Stranger => 1,
    };
    let mut lanes: Vec<Lane> = subjects
        .iter()
        .map(|subject| {
            let build = subject.build.expect("a subject in this process");
            let mut runner = build(single());
            let clients = clients(&mut *runner, scenario.who, many);
            Lane {
                runner,
                clients,
                nanoseconds: Vec::new(),
            }
        })
        .collect();
    let rounds = batch / many;
    let requests = (batch * steps) as f64;

    let mut allocations = Vec::new();
    // The first round warms up.
    for round in 0..=effort.rounds {
        for lane in &mut lanes {
            if matches!(scenario.who, Who::Once(_)) && round > 0 {
                lane.clients = clients(&mut *lane.runner, scenario.who, many);
            }
            let took = lane.runner.run(scenario.paths, &lane.clients, rounds);
            if round > 0 {
                lane.nanoseconds.push(took.as_nanos() as f64 / requests);
            }
        }
    }
    for lane in &mut lanes {
        if matches!(scenario.who, Who::Once(_)) {
            lane.clients = clients(&mut *lane.runner, scenario.who, many);
        }
        let counted = lane.runner.count(scenario.paths, &lane.clients, rounds);
        allocations.push(counted as f64 / requests);
    }

    let bare = lanes[0].nanoseconds.clone();
    let cell = |(lane, allocations): (&Lane, f64)| Cell {
        ratio: median(
            lane.nanoseconds
                .iter()
                .zip(&bare)
                .map(|(took, bare)| took / bare),
        ),
        nanoseconds: median(lane.nanoseconds.iter().copied()),
        allocations: Some(allocations),
        instructions: None,
    };
    lanes.iter().zip(allocations).map(cell).collect()
}

pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
