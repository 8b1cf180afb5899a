//! Two processes behind one store, their tabs on the same browsers.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use crate::checker::check;
use crate::file_common::{self, say, told};
use crate::mixed::{BROWSERS, tab};
use crate::places::{Place, open};
use crate::seen::Seen;
use crate::world::{Act, Event, Jar, Outcome, Prng, app, read_all, send};

fn jar(root: &Path, browser: u64) -> Jar {
    Jar::File(root.join(format!("jar-{browser}")))
}

/// What the other process does: its tabs, or increments of the one session of browser 0.
pub(crate) fn work() {
    let (Some(job), Some(root)) = (told("JOB"), told("ROOT")) else {
        return;
    };
    let place = told("PLACE").unwrap();
    let number: u64 = told("NUMBER").unwrap().parse().unwrap();
    let seed: u64 = told("SEED").unwrap().parse().unwrap();
    let root = Path::new(&root);
    file_common::runtime().block_on(async {
        let layer = open(&place).await;
        let app = app(&layer);
        let mut prng = Prng(seed + (number << 32));
        let tasks: Vec<_> = (0..BROWSERS)
            .map(|browser| {
                let number = 1 + number * BROWSERS + browser;
                let (app, prng) = (app.clone(), Prng(prng.next()));
                if job == "mixed" {
                    let jar = Arc::new(jar(root, browser));
                    return tokio::spawn(tab(app, jar, browser, number, prng, None));
                }
                let jar = jar(root, 0);
                tokio::spawn(async move {
                    let mut events = Vec::new();
                    for step in 0..20 {
                        let op = (number << 20) + (step << 8);
                        events.push(send(&app, 0, Act::Push, op, &jar).await);
                    }
                    events
                })
            })
            .collect();
        for task in tasks {
            for event in task.await.unwrap() {
                say(&event.to_line());
            }
        }
    });
}

/// A history that two processes make, and the final reads of this one.
fn together(job: &str, seed: u64, place: &Place) -> (Vec<Event>, Seen) {
    let root = place.dir.path();
    let runtime = file_common::runtime();
    let layer = runtime.block_on(open(&place.name));
    let app = app(&layer);
    let mut history: Vec<Event> = runtime.block_on(async {
        let mut first = Vec::new();
        for browser in 0..BROWSERS {
            let jar = jar(root, browser);
            first.push(send(&app, browser, Act::Push, browser, &jar).await);
        }
        first
    });
    let seed_text = seed.to_string();
    let workers: Vec<_> = ["0", "1"]
        .map(|number| {
            let told = [
                ("WORKER_NUMBER", number),
                ("WORKER_SEED", &seed_text),
                ("WORKER_PLACE", &place.name),
            ];
            file_common::spawn(job, root, &told)
        })
        .into_iter()
        .map(|mut worker| {
            std::thread::spawn(move || {
                let lines = BufReader::new(worker.stdout.take().unwrap()).lines();
                let events: Vec<_> = lines
                    .filter_map(|line| Event::of_line(&line.unwrap()))
                    .collect();
                assert!(worker.wait().unwrap().success());
                events
            })
        })
        .collect();
    for worker in workers {
        let events = worker.join().unwrap();
        assert!(!events.is_empty(), "a worker that did nothing");
        history.extend(events);
    }
    runtime.block_on(read_all(&app, &mut history));
    let seen = check(&history).unwrap_or_else(|problem| panic!("seed {seed}: {problem}"));
    (history, seen)
}

fn lose_no_increment(place: Option<Place>) {
    let Some(place) = place else { return };
    let (history, seen) = together("count", 1, &place);
    assert_eq!((seen.refused, seen.unknown), (0, 0), "{seen:?}");
    let of_one = |event: &&Event| event.browser == 0;
    let pushed = history.iter().filter(of_one);
    let pushed = pushed.filter(|e| e.act == Act::Push && e.outcome == Outcome::Done);
    assert_eq!(pushed.count() as u64, 1 + 2 * BROWSERS * 20);
    // The checker has compared them with what is stored; that it was there to be read is for us to say.
    let read = history.iter().rfind(|e| of_one(e) && e.act == Act::Read);
    let stored = read.unwrap().body.rsplit(':').next().unwrap();
    assert_eq!(stored.split(',').count() as u64, 1 + 2 * BROWSERS * 20);
}

fn mixed_histories(place: impl Fn() -> Option<Place>) {
    let mut seen = Seen::default();
    for seed in 300..302 {
        let Some(place) = place() else { return };
        let found = together("mixed", seed, &place).1;
        assert_eq!(found.unknown, 0, "seed {seed}: {found:?}");
        seen += found;
    }
    seen.assert_all();
}

macro_rules! two_processes {
    ($($(#[$feature:meta])? $place:ident)*) => {
        $($(#[$feature])?
        mod $place {
            use crate::places::Place;

            #[test]
            fn t28_c2_two_processes_lose_no_increment_through_the_layer() {
                super::lose_no_increment(Place::$place());
            }

            #[test]
            fn t28_t29_mixed_histories_of_two_processes() {
                super::mixed_histories(Place::$place);
            }
        })*
    };
}

two_processes! {
    files
    #[cfg(feature = "sqlite")]
    sqlite
    #[cfg(feature = "redis")]
    redis
    #[cfg(feature = "redis")]
    cluster
    #[cfg(feature = "postgres")]
    postgres
    #[cfg(feature = "mysql")]
    mysql
}
