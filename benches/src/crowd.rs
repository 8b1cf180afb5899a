//! A store that is full: so many sessions, and workers that ask for one of them at random.

use std::sync::Arc;
use std::time::Duration;

use crate::measure::{clients, median};
use crate::runner::single;
use crate::scenario::{SCENARIOS, Who};
use crate::subjects::{BARE, Subject};

const SPAN: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

/// Prints requests a second of each implementation, by one worker and by two, in turns; and how many times those of the
/// last one they are.
pub fn table(subjects: &[&Subject], sessions: usize) {
    let four_keys = SCENARIOS.iter().find(|scenario| scenario.name == "read");
    let who = four_keys.map_or(Who::Stranger, |scenario| scenario.who);
    let mut lanes = Vec::new();
    for subject in subjects.iter().filter(|subject| subject.name != BARE) {
        let Some(build) = subject.build else { continue };
        let mut runner = build(single());
        let cookies = clients(&mut *runner, who, sessions);
        let cookies: Arc<[String]> = cookies.into();
        if runner.crowd("/read", &cookies, 1, SPAN).is_some() {
            lanes.push((subject.name, runner, cookies));
        }
    }
    println!("{sessions} sessions: thousands of requests a second (x the last)");
    for path in ["/read", "/rmw"] {
        for tasks in [1, 2] {
            let mut rates = vec![Vec::new(); lanes.len()];
            for _ in 0..ROUNDS {
                for ((_, runner, cookies), rates) in lanes.iter().zip(&mut rates) {
                    rates.extend(runner.crowd(path, cookies, tasks, SPAN));
                }
            }
            print!("{path:6} {tasks} workers");
            let last = rates.last().cloned().unwrap_or_default();
            for ((name, ..), rates) in lanes.iter().zip(&rates) {
                let rate = median(rates.iter().copied()).unwrap_or_default();
                let times = median(rates.iter().zip(&last).map(|(rate, last)| rate / last));
                let times = times.unwrap_or_default();
                print!("   {name} {:.0} ({times:.2})", rate / 1e3);
            }
            println!();
        }
    }
}
