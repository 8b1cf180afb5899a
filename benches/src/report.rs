//! The table: in the terminal, and as JSON.

use serde_json::{Value, json};

use crate::measure::Cell;
use crate::scenario::Scenario;
use crate::subjects::Subject;

pub struct Table<'a> {
    pub subjects: Vec<&'a Subject>,
    pub rows: Vec<(&'a Scenario, Vec<Cell>)>,
    /// Who failed a check, and which.
    pub excluded: Vec<(&'static str, String)>,
}

/// A cell in the terminal: `1.42 +7 2.6k` is 1.42 times the bare router's time, 7 allocations and 2,600 instructions
/// more than it. The bare router's own are in full.
fn text(cell: &Cell, bare: &Cell, is_bare: bool) -> String {
    let mut parts = Vec::new();
    match (cell.ratio, cell.nanoseconds) {
        (_, Some(nanoseconds)) if is_bare => parts.push(format!("{nanoseconds:.0} ns")),
        (Some(ratio), _) => parts.push(format!("{ratio:.2}")),
        _ => {}
    }
    if let (Some(all), Some(base)) = (cell.allocations, bare.allocations) {
        parts.push(if is_bare {
            format!("{all:.0}")
        } else {
            format!("{:+.0}", all - base)
        });
    }
    if let (Some(all), Some(base)) = (cell.instructions, bare.instructions) {
        let over = if is_bare { all } else { all - base };
        parts.push(format!("{:.1}k", over / 1_000.0));
    }
    if parts.is_empty() {
        "-".into()
    } else {
        parts.join(" ")
    }
}

impl Table<'_> {
    pub fn print(&self) {
        let first = self
            .rows
            .iter()
            .map(|(scenario, _)| scenario.title.len())
            .max();
        let first = first.unwrap_or_default();
        let columns: Vec<Vec<String>> = self
            .subjects
            .iter()
            .enumerate()
            .map(|(at, subject)| {
                let cells = self
                    .rows
                    .iter()
                    .map(|(_, row)| text(&row[at], &row[0], at == 0));
                std::iter::once(subject.name.to_owned())
                    .chain(cells)
                    .collect()
            })
            .collect();
        let titles = self.rows.iter().map(|(scenario, _)| scenario.title);
        for (line, title) in std::iter::once("").chain(titles).enumerate() {
            print!("{title:first$}");
            for column in &columns {
                let width = column.iter().map(String::len).max().unwrap_or_default();
                print!("  {:>width$}", column[line]);
            }
            println!();
        }
        println!();
        println!(
            "Times the bare router's CPU time, and what a request allocates and executes beyond it."
        );
        for subject in &self.subjects {
            println!("  {}: {}", subject.name, subject.what);
        }
        for (name, why) in &self.excluded {
            println!("  EXCLUDED {name}: {why}");
        }
    }

    pub fn json(&self) -> Value {
        let row = |(scenario, cells): &(&Scenario, Vec<Cell>)| {
            let cells = self.subjects.iter().zip(cells).map(|(subject, cell)| {
                let cell = json!({
                    "ratio": cell.ratio,
                    "nanoseconds": cell.nanoseconds,
                    "allocations": cell.allocations,
                    "instructions": cell.instructions,
                });
                (subject.name.to_owned(), cell)
            });
            let cells: serde_json::Map<_, _> = cells.collect();
            json!({ "name": scenario.name, "title": scenario.title, "cells": cells })
        };
        let subject = |subject: &&Subject| json!({ "name": subject.name, "what": subject.what });
        let excluded = self
            .excluded
            .iter()
            .map(|(name, why)| json!({ "name": name, "why": why }));
        json!({
            "implementations": self.subjects.iter().map(subject).collect::<Vec<_>>(),
            "excluded": excluded.collect::<Vec<_>>(),
            "scenarios": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}
