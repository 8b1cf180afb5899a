//! The store under shuttle: few threads, few keys, and at each lock and counter somebody else decides who goes next.
//!
//! A failure prints its schedule, as text that `shuttle::replay` takes.

mod order;
mod steps;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use session::testing::ModelStore;
use session::{Over, OwnerRule, SessionHandle, Version};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use super::*;
use order::{Event, is_explained};
use steps::{Actor, EARLY, KEYS, LATE, Names, Step, Told, Verb};

/// A store, the model of it, and what every thread knows at first.
struct Scene {
    store: MemoryStore,
    model: ModelStore,
    names: Names,
    actor: Actor,
    /// Counts beginnings and ends of calls. No part of what is tested, so shuttle does not see it.
    clock: Arc<AtomicU32>,
}

impl Scene {
    /// Under the first key stands a session of nobody, under the second one of the first owner's, which lasts; under
    /// the others nothing. The first two share a shard, and the others are elsewhere.
    fn new(max: usize) -> Self {
        let store = MemoryStore::builder().max_sessions(max).build();
        let names = Self::names(&store);
        let model = ModelStore::new();
        let mut actor = Actor::default();
        for (n, record) in [record(START), owned(START, "")].into_iter().enumerate() {
            let mut record = record;
            if let Some(owner) = &mut record.header.owner {
                Arc::make_mut(owner).key = names.owners[0];
                record.header.idle_deadline = LATE.now + secs(3_600);
            }
            let record = Arc::new(record);
            let key = &names.keys[n];
            now(store.create(&EARLY, key, Arc::clone(&record), None)).unwrap();
            now(model.create(&EARLY, key, Arc::clone(&record), None)).unwrap();
            actor.held[n] = Some(record);
        }
        Self {
            store,
            model,
            names,
            actor,
            clock: Arc::default(),
        }
    }

    /// Which shard a key is in, each store draws anew: so its keys are picked by it.
    fn names(store: &MemoryStore) -> Names {
        let keys: Vec<_> = (0..=255)
            .map(|n| StoreKey::from_parts([n; 32], [0, 0]))
            .collect();
        let shard = |key: &StoreKey| store.0.index(&key.into());
        let find = |fits: &dyn Fn(usize) -> bool| {
            let found = keys.iter().rfind(|key| fits(shard(key)));
            *found.expect("a key in each shard")
        };
        let first = keys[0];
        let second = find(&|at| at == shard(&first));
        let third = find(&|at| at != shard(&first));
        let fourth = find(&|at| at != shard(&first) && at != shard(&third));
        let owners = (0..=255).map(|n| OwnerKey::from_bytes([n; 32]));
        let of = |owner: &OwnerKey| {
            let count = store.0.owners.len();
            store.0.seed.shard(&owner.into(), count)
        };
        let ann = OwnerKey::from_bytes([0; 32]);
        let bob = owners.rev().find(|bob| of(bob) != of(&ann));
        Names {
            keys: [first, second, third, fourth],
            owners: [ann, bob.expect("an owner in each shard")],
        }
    }

    /// One thread of it: makes the calls, one after the other.
    fn thread(&self, steps: Vec<Step>) -> thread::JoinHandle<Vec<Event>> {
        let (store, names) = (self.store.clone(), self.names.clone());
        let (mut actor, clock) = (self.actor.clone(), Arc::clone(&self.clock));
        let tick = move || clock.fetch_add(1, Ordering::Relaxed);
        thread::spawn(move || {
            let event = |step: Step| {
                let start = tick();
                let told = actor.does(&step, &store, &names);
                assert!(store.len() <= store.0.max, "more than the store may hold");
                let end = tick();
                Event {
                    step,
                    start,
                    end,
                    told,
                }
            };
            steps.into_iter().map(event).collect()
        })
    }

    /// Runs the threads to their end, and then one that looks at everything.
    fn play(&self, threads: Vec<Vec<Step>>) -> Vec<Vec<Event>> {
        let threads: Vec<_> = threads
            .into_iter()
            .map(|steps| self.thread(steps))
            .collect();
        let mut events: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        self.store.0.check();
        let look = |op| {
            let read = (0..KEYS).map(move |key| step(Verb::Read, key, op));
            let list = (0..2).map(move |owner| Step {
                owner: Some(owner),
                ..step(Verb::SessionsOf, 0, op)
            });
            read.chain(list)
        };
        let looks = look(LATE).chain(look(EARLY)).collect();
        events.push(self.thread(looks).join().unwrap());
        events
    }

    fn explain(&self, events: &[Vec<Event>]) {
        let threads: Vec<_> = events.iter().map(Vec::as_slice).collect();
        let actors = vec![self.actor.clone(); threads.len()];
        if !is_explained(&self.model, &self.names, &actors, &threads) {
            let mut lines: Vec<_> = events.iter().flatten().collect();
            lines.sort_by_key(|event| event.start);
            let lines: Vec<_> = lines.iter().map(|event| format!("{event:?}")).collect();
            panic!("no order explains these calls:\n{}", lines.join("\n"));
        }
    }
}

/// A call by an owner of nothing.
fn step(verb: Verb, key: usize, op: Op) -> Step {
    Step {
        verb,
        key,
        to: key,
        owner: None,
        op,
        bind: None,
        version: Version::first(),
        commit: CommitId::generate(),
        handle: SessionHandle::generate(),
    }
}

fn roll(sides: usize) -> usize {
    thread_rng().gen_range(0..sides)
}

fn random(verbs: &[Verb], ops: &[Op]) -> Step {
    let (verb, mut op) = (verbs[roll(verbs.len())], ops[roll(ops.len())]);
    if verb == Verb::DestroyOf {
        // Where it finds the session gone, it leaves a tombstone all the same: seen only by who is late.
        op = ops[0];
    }
    Step {
        to: roll(KEYS),
        owner: [None, Some(0), Some(1)][roll(3)],
        ..step(verb, roll(KEYS), op)
    }
}

/// Three threads of three calls each.
fn randoms(step: impl Fn() -> Step) -> Vec<Vec<Step>> {
    let steps = || std::iter::repeat_with(&step).take(3).collect();
    std::iter::repeat_with(steps).take(3).collect()
}

/// Runs it under many schedules, half of them such as show what takes only few changes of turn. `SCHEDULES=100` makes
/// them a hundred times as many.
fn check(times: usize, test: impl Fn() + Send + Sync + Clone + 'static) {
    let more = std::env::var("SCHEDULES").map_or(1, |text| text.parse().unwrap());
    let times = times * more;
    shuttle::check_random(test.clone(), times / 2);
    shuttle::check_pct(test, times / 2, 3);
}

const OF_ONE_KEY: [Verb; 10] = [
    Verb::Create,
    Verb::Read,
    Verb::Save,
    Verb::Save,
    Verb::Rotate,
    Verb::Rotate,
    Verb::Touch,
    Verb::Destroy,
    Verb::DestroyOf,
    Verb::Exists,
];

/// Each verb takes effect in one moment between its call and its answer, also for nodes whose clocks differ.
#[test]
fn what_the_threads_are_told_one_thread_would_be_told() {
    check(4_000, || {
        let scene = Scene::new(100);
        let events = scene.play(randoms(|| random(&OF_ONE_KEY, &[EARLY, LATE])));
        scene.explain(&events);
    });
}

/// A sweep is seen by nobody, if all clocks agree.
#[test]
fn a_sweep_is_seen_by_nobody() {
    check(2_000, || {
        let scene = Scene::new(100);
        let mut threads = randoms(|| random(&OF_ONE_KEY, &[LATE]));
        threads[0] = vec![step(Verb::Gc, 0, LATE), step(Verb::Gc, 0, LATE)];
        let mut events = scene.play(threads);
        // Who is early might see what went.
        let early = events[3].iter().position(|event| event.step.op == EARLY);
        events[3].truncate(early.unwrap());
        scene.explain(&events);
    });
}

/// S3, T24, T57: a store that is full, rules for owners, revocations and sweeps, all at once.
#[test]
fn the_books_agree_and_nobody_escapes_a_revocation() {
    const ALL: [Verb; 13] = [
        Verb::Create,
        Verb::Create,
        Verb::Create,
        Verb::Read,
        Verb::Save,
        Verb::Rotate,
        Verb::Rotate,
        Verb::Destroy,
        Verb::DestroyOf,
        Verb::DestroyAllOf,
        Verb::DestroyAllOf,
        Verb::SessionsOf,
        Verb::Gc,
    ];
    let rule = |over| {
        let max = NonZeroU32::new(2).unwrap();
        Some(OwnerRule { max, over })
    };
    check(4_000, move || {
        let scene = Scene::new(3);
        let events = scene.play(randoms(|| Step {
            bind: rule([Over::Evict, Over::Refuse][roll(2)]),
            ..random(&ALL, &[EARLY, LATE])
        }));
        let all = || events.iter().flatten();
        for revocation in all().filter(|event| event.step.verb == Verb::DestroyAllOf) {
            let owner = scene.names.owners[revocation.step.owner.unwrap_or_default()];
            for later in all().filter(|later| later.start > revocation.end) {
                if let Told::Live(seen) = &later.told {
                    assert!(
                        seen.owner != Some(owner) || seen.authenticated_at > revocation.step.op.now,
                        "{later:?} escaped {revocation:?}"
                    );
                }
            }
        }
        for look in all().filter(|event| event.step.verb == Verb::SessionsOf) {
            let Told::Listed(listed) = &look.told else {
                panic!("{look:?}")
            };
            // Whoever is early counts also what is dead to those who are late, and the rule is kept by both.
            assert!(listed.len() <= 2 || look.step.op == EARLY, "{look:?}");
        }
    });
}

/// S3: one call signs the owner out everywhere, another one everywhere but here, and "here" moves on meanwhile. The
/// first call ends it: there is no order of the two in which it lives.
#[test]
fn nobody_is_excepted_from_a_revocation_of_others() {
    check(2_000, || {
        let scene = Scene::new(100);
        let revoke = |to| Step {
            to,
            owner: Some(0),
            ..step(Verb::DestroyAllOf, 0, EARLY)
        };
        let rotate = |key, to| Step {
            to,
            owner: Some(0),
            ..step(Verb::Rotate, key, EARLY)
        };
        let events = scene.play(vec![
            vec![revoke(0)],
            vec![revoke(1)],
            // Twice, since the first may meet the stamp.
            vec![rotate(1, 2), rotate(1, 2), rotate(2, 3), rotate(2, 3)],
        ]);
        for look in events[3].iter().filter(|event| event.step.owner == Some(0)) {
            assert_eq!(look.told, Told::Listed(Vec::new()), "{events:#?}");
        }
    });
}
