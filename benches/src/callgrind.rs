//! Instructions, as callgrind counts them: the difference of two runs that differ in nothing but their length.

use std::process::Command;

use crate::scenario::Scenario;
use crate::subjects::Subject;

const SHORT: usize = 200;
/// Every run makes its sessions for so many requests, also one that sends fewer.
pub const LONG: usize = 1_200;

/// The instructions of a request; `None` without valgrind.
pub fn instructions(subject: &Subject, scenario: &Scenario) -> Option<f64> {
    let count = |requests| collected(subject, scenario, requests);
    Some((count(LONG)? - count(SHORT)?) / (LONG - SHORT) as f64)
}

fn collected(subject: &Subject, scenario: &Scenario, requests: usize) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args(["run", subject.name, scenario.name, &requests.to_string()])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text
        .lines()
        .find_map(|line| line.split_once("Collected : "))?;
    line.1.trim().parse().ok()
}
