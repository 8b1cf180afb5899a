//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::measure::Effort;
use crate::scenario::{SCENARIOS, Scenario, Who};
use crate::subjects::{BARE, SUBJECTS, Subject};

pub const USAGE: &str = "\
Compares what a session costs. Prints one table.

  --quick              fewer rounds: under a minute
  --only a,b           these implementations (`ours*`: all that begin so); the bare router is always there
  --scenario a,b       these scenarios
  --rounds N           rounds of A B C A B C; the table shows medians over them
  --batch N            requests of each implementation in a round
  --cold               each session asks once a batch, instead of one session all the time
  --callgrind          also count instructions, if valgrind is installed
  --counts             only count: allocations, and instructions with --callgrind
  --loopback           instead: servers of their own and 32 connections; the scenario is rmw if none is named. The
                       stores of tower-sessions on engines take part here alone, and are built apart:
                       cargo build --release --manifest-path benches/engines/Cargo.toml
  --crowd N            instead: N sessions in each memory store, one and two workers that ask for one at random
  --json FILE          write the table as JSON
  --plot FILE          draw it as an SVG
  --list               name the implementations and scenarios

  run NAME SCENARIO N  one implementation, N requests: for profilers
  serve NAME           one implementation, at an address that it prints

This library on engines is built with `--features engines` and measured when it is named (`--only 'ours*'`). Engines are
started for it, and keep nothing; REDIS_URL, POSTGRES_URL and SQLITE_FOLDER name others.
";

pub struct Options {
    pub subjects: Vec<&'static Subject>,
    pub scenarios: Vec<&'static Scenario>,
    pub effort: Effort,
    pub callgrind: bool,
    /// How long each implementation is asked in a round.
    pub loopback: Option<Duration>,
    /// How many sessions stand in a store that workers ask at random.
    pub crowd: Option<usize>,
    pub json: Option<PathBuf>,
    pub plot: Option<PathBuf>,
}

pub enum Command {
    Table(Options),
    Run {
        subject: &'static Subject,
        scenario: &'static Scenario,
        requests: usize,
    },
    Serve(&'static Subject),
    List,
    Help,
}

fn chosen<T>(
    all: &'static [T],
    name: fn(&T) -> &'static str,
    wanted: &str,
) -> Result<Vec<&'static T>, String> {
    let mut found = Vec::new();
    for wanted in wanted.split(',') {
        let fits = |one: &&T| match wanted.strip_suffix('*') {
            Some(start) => name(one).starts_with(start),
            None => name(one) == wanted,
        };
        let before = found.len();
        found.extend(all.iter().filter(fits));
        if found.len() == before {
            return Err(format!(
                "nothing is called `{wanted}`; --list tells what there is"
            ));
        }
    }
    Ok(found)
}

fn number(text: Option<String>) -> Result<usize, String> {
    let number = text
        .and_then(|text| text.parse().ok())
        .filter(|number| *number > 0);
    number.ok_or_else(|| "a number is missing".into())
}

pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut scenario_named = false;
    let mut options = Options {
        subjects: SUBJECTS
            .iter()
            .filter(|subject| subject.by_default)
            .collect(),
        scenarios: SCENARIOS.iter().collect(),
        effort: Effort {
            rounds: 301,
            batch: 512,
            cold: false,
        },
        callgrind: false,
        loopback: None,
        crowd: None,
        json: None,
        plot: None,
    };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--quick" => (options.effort.rounds, options.effort.batch) = (61, 256),
            "--only" => options.subjects = chosen(SUBJECTS, |s| s.name, &value()?)?,
            "--scenario" => {
                options.scenarios = chosen(SCENARIOS, |s| s.name, &value()?)?;
                scenario_named = true;
            }
            "--rounds" => options.effort.rounds = number(args.next())?,
            "--batch" => options.effort.batch = number(args.next())?,
            "--cold" => options.effort.cold = true,
            "--callgrind" => options.callgrind = true,
            "--loopback" => options.loopback = Some(Duration::from_secs(1)),
            "--counts" => options.effort.rounds = 0,
            "--crowd" => options.crowd = Some(number(args.next())?),
            "--json" => options.json = Some(value()?.into()),
            "--plot" => options.plot = Some(value()?.into()),
            "--list" => return Ok(Command::List),
            "--help" => return Ok(Command::Help),
            "serve" => return Ok(Command::Serve(chosen(SUBJECTS, |s| s.name, &value()?)?[0])),
            "run" => {
                let subject = chosen(SUBJECTS, |s| s.name, &value()?)?[0];
                let value = args.next().ok_or("a scenario is missing")?;
                let scenario = chosen(SCENARIOS, |s| s.name, &value)?[0];
                return Ok(Command::Run {
                    subject,
                    scenario,
                    requests: number(args.next())?,
                });
            }
            _ => return Err(format!("`{arg}`?")),
        }
    }
    if options.loopback.is_some() {
        // A round is a second of each, and connections have one session each.
        options.effort.rounds = options.effort.rounds.min(9).div_ceil(2);
        options.scenarios.retain(|scenario| match scenario.who {
            Who::Once(_) => false,
            Who::Regular(_) | Who::Stranger => scenario_named || scenario.name == "rmw",
        });
        options
            .subjects
            .retain(|subject| !subject.name.starts_with("actix"));
    }
    options.subjects.retain(|subject| subject.name != BARE);
    let bare = SUBJECTS.iter().find(|subject| subject.name == BARE);
    options
        .subjects
        .insert(0, bare.ok_or("the bare router is gone")?);
    Ok(Command::Table(options))
}
