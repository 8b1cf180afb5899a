//! A store that is full: so many sessions, and workers that ask for one of them at random.

use std::time::Duration;

use crate::alloc;
use crate::measure::{clients, median};
use crate::runner::{Crowd, single};
use crate::scenario::{SCENARIOS, Who};
use crate::subjects::{BARE, Subject};

const SPAN: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

/// Prints what a session takes in each implementation. Then requests a second, by one worker and by two, in turns; and how
/// many times those of the last one they are.
pub fn table(subjects: &[&Subject], sessions: usize) {
    let four_keys = SCENARIOS.iter().find(|scenario| scenario.name == "read");
    let who = four_keys.map_or(Who::Stranger, |scenario| scenario.who);
    let mut lanes = Vec::new();
    for subject in subjects.iter().filter(|subject| subject.name != BARE) {
        let Some(build) = subject.build else { continue };
        let mut runner = build(single());
        alloc::start();
        let cookies = clients(&mut *runner, who, sessions);
        let held = alloc::held();
        alloc::stop();
        let own: usize = cookies.iter().map(String::capacity).sum();
        let own = own + cookies.capacity() * size_of::<String>();
        let bytes = (held - own as i64) as f64 / sessions as f64;
        let crowd = Crowd {
            path: "/read",
            clients: cookies.into(),
            tasks: 1,
            span: SPAN,
        };
        if runner.crowd(&crowd).is_some() {
            println!("{}: {bytes:.0} bytes a session", subject.name);
            lanes.push((subject.name, runner, crowd));
        }
    }
    println!("{sessions} sessions: thousands of requests a second (x the last)");
    for path in ["/read", "/rmw"] {
        for tasks in [1, 2] {
            let mut rates = vec![Vec::new(); lanes.len()];
            for _ in 0..ROUNDS {
                for ((_, runner, crowd), rates) in lanes.iter_mut().zip(&mut rates) {
                    (crowd.path, crowd.tasks) = (path, tasks);
                    rates.extend(runner.crowd(crowd));
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
