//! Over loopback: each implementation serves in a process of its own, and this one sends requests to one after the
//! other, in rounds. Requests a second depend on who else uses the machine; the server's CPU time hardly does.

use std::collections::BTreeMap;
use std::io::{Error, Result};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::check::check;
use crate::connection::{Connection, Over, load};
use crate::engine::{Engine, redis_commands};
use crate::measure::median;
use crate::scenario::{Scenario, Who};
use crate::server::{Server, cpu_time};
use crate::subjects::Subject;

const CONNECTIONS: usize = 32;

/// What was seen of a subject in a round.
struct Seen {
    per_second: f64,
    /// Microseconds of CPU time for a request.
    server: f64,
    engine: Option<f64>,
}

/// A subject that is measured.
struct Lane {
    server: Server,
    connections: Vec<Connection>,
    seen: Vec<Seen>,
    /// What Redis has run for it, and for how many requests.
    commands: BTreeMap<String, u64>,
    requests: u64,
}

impl Lane {
    fn start(runtime: &Runtime, scenario: &Scenario, subject: &Subject) -> Result<Self> {
        let server = Server::start(subject)?;
        let open = || runtime.block_on(Connection::open(&server.address));
        let connection = open()?;
        let mut over = Over {
            runtime,
            connection,
        };
        check(&mut over, subject.sessions)
            .map_err(|why| Error::other(format!("FAILED ITS CHECK: {why}")))?;
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut connection = open()?;
            if let Who::Regular(seed) = scenario.who {
                runtime.block_on(connection.seed(seed))?;
            }
            connections.push(connection);
        }
        Ok(Self {
            server,
            connections,
            seen: Vec::new(),
            commands: BTreeMap::new(),
            requests: 0,
        })
    }

    fn round(
        &mut self,
        runtime: &Runtime,
        scenario: &'static Scenario,
        engine: Option<Engine>,
        span: Duration,
    ) -> Result<()> {
        let server = [self.server.process()];
        let engines = engine.map(Engine::processes).unwrap_or_default();
        let commands = || match engine {
            Some(Engine::Redis) => redis_commands().unwrap_or_default(),
            _ => BTreeMap::new(),
        };
        let commands_before = commands();
        let (server_before, engine_before) = (cpu_time(&server), cpu_time(&engines));
        let start = Instant::now();
        let done = runtime.block_on(load(&mut self.connections, scenario.paths, span))?;
        let took = start.elapsed();
        let each = |used: Duration| used.as_secs_f64() * 1e6 / done as f64;
        self.seen.push(Seen {
            per_second: done as f64 / took.as_secs_f64(),
            server: each(cpu_time(&server).saturating_sub(server_before)),
            engine: match engines[..] {
                [] => None,
                _ => Some(each(cpu_time(&engines).saturating_sub(engine_before))),
            },
        });
        for (command, calls) in commands() {
            let before = commands_before.get(&command).copied().unwrap_or_default();
            *self.commands.entry(command).or_default() += calls.saturating_sub(before);
        }
        self.requests += done;
        Ok(())
    }

    fn figures(&self, bare: &[f64]) -> Figures {
        let middle = |of: &dyn Fn(&Seen) -> Option<f64>| median(self.seen.iter().filter_map(of));
        let ratios = self.seen.iter().zip(bare);
        let commands = self
            .commands
            .iter()
            .filter(|(name, _)| !["info", "quit"].contains(&name.as_str()));
        Figures {
            ratio: median(ratios.map(|(seen, bare)| seen.per_second / bare)),
            per_second: middle(&|seen| Some(seen.per_second)),
            cpu: middle(&|seen| Some(seen.server)),
            engine: middle(&|seen| seen.engine),
            commands: commands
                .map(|(name, calls)| (name.clone(), *calls as f64 / self.requests as f64))
                .filter(|(_, calls)| *calls > 0.005)
                .collect(),
        }
    }
}

struct Figures {
    /// Requests a second, x the bare router's in the same round.
    ratio: Option<f64>,
    per_second: Option<f64>,
    /// Microseconds of CPU time of the server, and of an engine that is a process of its own.
    cpu: Option<f64>,
    engine: Option<f64>,
    /// What Redis ran for a request.
    commands: BTreeMap<String, f64>,
}

pub struct Line {
    subject: &'static Subject,
    /// Or why there are none.
    outcome: std::result::Result<Figures, String>,
}

impl Line {
    pub fn is_measured(&self) -> bool {
        self.outcome.is_ok()
    }
}

/// The first subject is what the others are compared with. Each is checked before it is timed, and one that fails then
/// or later is told of and not measured.
pub fn measure(
    scenario: &'static Scenario,
    subjects: &[&'static Subject],
    rounds: usize,
    span: Duration,
) -> Result<Vec<Line>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut lanes: Vec<_> = subjects
        .iter()
        .map(|subject| Lane::start(&runtime, scenario, subject))
        .collect();
    // The first round warms up.
    for round in 0..=rounds {
        for (lane, subject) in lanes.iter_mut().zip(subjects) {
            let Ok(running) = lane else {
                continue;
            };
            if round == 1 {
                running.seen.clear();
                running.commands.clear();
                running.requests = 0;
            }
            if let Err(error) = running.round(&runtime, scenario, subject.engine, span) {
                *lane = Err(error);
            }
        }
    }
    let bare: Vec<f64> = match lanes.first() {
        Some(Ok(lane)) => lane.seen.iter().map(|seen| seen.per_second).collect(),
        Some(Err(error)) => return Err(Error::other(format!("the bare router: {error}"))),
        None => Vec::new(),
    };
    let lines = subjects.iter().zip(&lanes).map(|(subject, lane)| Line {
        subject,
        outcome: match lane {
            Ok(lane) => Ok(lane.figures(&bare)),
            Err(error) => Err(error.to_string()),
        },
    });
    Ok(lines.collect())
}

pub fn print(scenario: &Scenario, lines: &[Line]) {
    println!(
        "{}, {CONNECTIONS} connections over loopback",
        scenario.title
    );
    println!(
        "{:28}{:>8}{:>14}{:>14}{:>10}{:>14}",
        "", "x bare", "requests/s", "server CPU", "over bare", "engine CPU"
    );
    let of_bare = lines
        .first()
        .and_then(|line| line.outcome.as_ref().ok()?.cpu);
    let base = of_bare.unwrap_or_default();
    for line in lines {
        let name = line.subject.name;
        let figures = match &line.outcome {
            Ok(figures) => figures,
            Err(why) => {
                println!("{name:28}  {why}");
                continue;
            }
        };
        let (ratio, all, cpu) = (figures.ratio, figures.per_second, figures.cpu);
        let (Some(ratio), Some(all), Some(cpu)) = (ratio, all, cpu) else {
            continue;
        };
        let over = cpu - base;
        print!("{name:28}{ratio:>8.3}{all:>14.0}{cpu:>11.1} us{over:>+7.1} us");
        if let Some(engine) = figures.engine {
            print!("{engine:>11.1} us");
        }
        for (command, calls) in &figures.commands {
            print!("  {calls:.2} {command}");
        }
        println!();
    }
    println!();
}

pub fn json(scenario: &Scenario, lines: &[Line]) -> Value {
    let line = |line: &Line| match &line.outcome {
        Ok(figures) => json!({
            "name": line.subject.name,
            "ratio": figures.ratio,
            "requests_per_second": figures.per_second,
            "server_cpu_microseconds": figures.cpu,
            "engine_cpu_microseconds": figures.engine,
            "redis_commands": figures.commands,
        }),
        Err(why) => json!({ "name": line.subject.name, "not_measured": why }),
    };
    json!({ "scenario": scenario.name, "lines": lines.iter().map(line).collect::<Vec<_>>() })
}
