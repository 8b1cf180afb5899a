//! What a session costs, beside a router without one and beside other libraries.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml -- --quick`; `--help` tells the rest.

mod alloc;
mod callgrind;
mod check;
mod client;
mod connection;
mod crowd;
mod engine;
mod loopback;
mod measure;
mod options;
mod plot;
mod report;
mod runner;
mod scenario;
mod server;
mod subjects;

use std::process::ExitCode;

use options::{Command, Options};
use report::Table;
use runner::{Runner, single};
use scenario::{SCENARIOS, Scenario, Who};
use subjects::{BARE, SUBJECTS, Subject};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let done = match options::parse(std::env::args().skip(1)) {
        Ok(Command::Table(options)) => table(options),
        Ok(Command::Run {
            subject,
            scenario,
            requests,
        }) => built(subject).map(|build| run(build(single()), scenario, requests)),
        Ok(Command::Serve(subject)) => built(subject).and_then(|build| {
            let workers = tokio::runtime::Runtime::new();
            let served = workers.and_then(|workers| build(workers).serve());
            served.map_err(|error| error.to_string())
        }),
        Ok(Command::List) => {
            for subject in SUBJECTS {
                println!("{:22} {}", subject.name, subject.what);
            }
            println!();
            for scenario in SCENARIOS {
                println!("{:22} {}", scenario.name, scenario.title);
            }
            Ok(())
        }
        Ok(Command::Help) => {
            print!("{}", options::USAGE);
            Ok(())
        }
        Err(problem) => Err(format!("{problem}\n\n{}", options::USAGE)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn built(subject: &Subject) -> Result<fn(Runtime) -> Box<dyn Runner>, String> {
    let elsewhere = || format!("{} takes part over loopback alone", subject.name);
    subject.build.ok_or_else(elsewhere)
}

/// For a profiler: so many requests, and before them the same preparation whatever their number.
fn run(mut runner: Box<dyn Runner>, scenario: &Scenario, requests: usize) {
    let batch = (requests / scenario.paths.len()).max(1);
    if matches!(scenario.who, Who::Once(_)) {
        let clients = measure::clients(&mut *runner, scenario.who, batch.max(callgrind::LONG));
        runner.run(scenario.paths, &clients[..batch], 1);
    } else {
        let clients = measure::clients(&mut *runner, scenario.who, 1);
        runner.run(scenario.paths, &clients, batch);
    }
}

fn table(mut options: Options) -> Result<(), String> {
    if let Some(span) = options.loopback {
        return over_loopback(&options, span);
    }
    if let Some(sessions) = options.crowd {
        crowd::table(&options.subjects, sessions);
        return Ok(());
    }

    let mut excluded = Vec::new();
    options.subjects.retain(|subject| {
        let Ok(build) = built(subject).inspect_err(|elsewhere| eprintln!("{elsewhere}")) else {
            return false;
        };
        let checked = check::check(&mut *build(single()), subject.sessions);
        if let Err(why) = &checked {
            eprintln!(
                "{} FAILED ITS CHECK and is not measured: {why}",
                subject.name
            );
            excluded.push((subject.name, why.clone()));
        }
        checked.is_ok()
    });
    if options
        .subjects
        .first()
        .is_none_or(|subject| subject.name != BARE)
    {
        return Err("without the bare router there is nothing to compare with".into());
    }

    let mut rows = Vec::new();
    for &scenario in &options.scenarios {
        eprintln!("{} ..", scenario.title);
        let mut row = measure::row(scenario, &options.subjects, options.effort);
        if options.callgrind {
            for (cell, subject) in row.iter_mut().zip(&options.subjects) {
                cell.instructions = callgrind::instructions(subject, scenario);
            }
        }
        rows.push((scenario, row));
    }
    let table = Table {
        subjects: options.subjects,
        rows,
        excluded,
    };
    table.print();
    if let Some(path) = &options.json {
        write(path, format!("{:#}\n", table.json()))?;
    }
    if let Some(path) = &options.plot {
        write(path, plot::svg(&table))?;
    }
    if table.excluded.is_empty() {
        Ok(())
    } else {
        Err("an implementation is excluded".into())
    }
}

fn over_loopback(options: &Options, span: std::time::Duration) -> Result<(), String> {
    let (mut tables, mut whole) = (Vec::new(), true);
    for &scenario in &options.scenarios {
        let measured = loopback::measure(scenario, &options.subjects, options.effort.rounds, span);
        let lines = measured.map_err(|error| error.to_string())?;
        loopback::print(scenario, &lines);
        whole &= lines.iter().all(loopback::Line::is_measured);
        tables.push(loopback::json(scenario, &lines));
    }
    if let Some(path) = &options.json {
        write(path, format!("{:#}\n", serde_json::Value::from(tables)))?;
    }
    match whole {
        true => Ok(()),
        false => Err("an implementation is not measured".into()),
    }
}

fn write(path: &std::path::Path, text: String) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
