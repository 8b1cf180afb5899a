//! What a session costs, beside a router without one and beside other libraries.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml -- --quick`; `--help` tells the rest.

mod alloc;
mod callgrind;
mod check;
mod client;
mod loopback;
mod measure;
mod options;
mod plot;
mod report;
mod runner;
mod scenario;
mod subjects;

use std::process::ExitCode;

use options::{Command, Options};
use report::Table;
use runner::single;
use scenario::{SCENARIOS, Scenario, Who};
use subjects::{BARE, SUBJECTS, Subject};

fn main() -> ExitCode {
    let done = match options::parse(std::env::args().skip(1)) {
        Ok(Command::Table(options)) => table(options),
        Ok(Command::Run {
            subject,
            scenario,
            requests,
        }) => {
            run(subject, scenario, requests);
            Ok(())
        }
        Ok(Command::Serve(subject)) => {
            let workers = tokio::runtime::Runtime::new();
            let served = workers.and_then(|workers| (subject.build)(workers).serve());
            served.map_err(|error| error.to_string())
        }
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

/// For a profiler: so many requests, and before them the same preparation whatever their number.
fn run(subject: &Subject, scenario: &Scenario, requests: usize) {
    let mut runner = (subject.build)(single());
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
    let mut excluded = Vec::new();
    options.subjects.retain(|subject| {
        let checked = check::check(&mut *(subject.build)(single()), subject.sessions);
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

    if let Some(span) = options.loopback {
        return over_loopback(&options, span);
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
    let mut tables = Vec::new();
    for &scenario in &options.scenarios {
        let measured = loopback::measure(scenario, &options.subjects, options.effort.rounds, span);
        let lines = measured.map_err(|error| error.to_string())?;
        loopback::print(scenario, &lines);
        tables.push(loopback::json(scenario, &lines));
    }
    match &options.json {
        Some(path) => write(path, format!("{:#}\n", serde_json::Value::from(tables))),
        None => Ok(()),
    }
}

fn write(path: &std::path::Path, text: String) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
