//! What the table in the documentation of the store says, counted.

use std::sync::{Arc, Mutex};

use super::super::probe::Step;
use super::*;

/// How often a verb read, locked, wrote, renamed and waited for the disk.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Cost {
    reads: u32,
    locks: u32,
    writes: u32,
    renames: u32,
    syncs: u32,
}

fn cost(bench: &Bench, verb: impl FnOnce()) -> Cost {
    let cost = Arc::new(Mutex::new(Cost::default()));
    let counted = Arc::clone(&cost);
    bench.probe.watch(move |step| {
        let mut cost = counted.lock().unwrap();
        match step {
            Step::Read(_) => cost.reads += 1,
            Step::Lock(_) => cost.locks += 1,
            Step::Write(..) => cost.writes += 1,
            Step::Rename(..) => cost.renames += 1,
            Step::SyncFile(_) | Step::SyncDir(_) => cost.syncs += 1,
            _ => {}
        }
        Ok(())
    });
    verb();
    bench.probe.stop();
    *cost.lock().unwrap()
}

fn of(reads: u32, locks: u32, writes: u32, renames: u32, syncs: u32) -> Cost {
    Cost {
        reads,
        locks,
        writes,
        renames,
        syncs,
    }
}

#[test]
fn each_verb_costs_what_the_documentation_says() {
    let (bench, at) = (bench_with(Durability::Full), op(0));
    // The directories are there, and keys of two stripes.
    let place = |first: u8| {
        let [a, b] = key().tag();
        let key = StoreKey::from_parts([first; 32], [a, b]);
        bench.disk.make_dirs(&bench.layout.place(&key).dir).unwrap();
        key
    };
    let (one, two, three) = (place(1), place(2), place(3));
    let first = Arc::new(record(&at, 1));
    let version = first.header.version;
    let create = |key: &StoreKey, record: &Arc<Record>| {
        let created = bench.create(&at, key, Arc::clone(record), None).unwrap();
        assert_eq!(created, CreateOutcome::Created);
    };
    assert_eq!(
        cost(&bench, || create(&one, &first)),
        of(2, 1, 1, 1, 2),
        "create"
    );
    let read = || drop(bench.read(&at, &one, Some(TOUCH)).unwrap());
    assert_eq!(cost(&bench, read), of(1, 0, 0, 0, 0), "read");
    let renew = || drop(bench.read(&op(600), &one, Some(TOUCH)).unwrap());
    assert_eq!(cost(&bench, renew), of(2, 1, 1, 0, 0), "a read that renews");
    let touch = || {
        bench.touch(&op(900), &one, version, op(4500).now).unwrap();
    };
    assert_eq!(cost(&bench, touch), of(1, 1, 1, 0, 0), "touch");
    let second = next(&first, 2);
    let save = || drop(bench.save(&at, &one, Arc::clone(&second), version).unwrap());
    assert_eq!(cost(&bench, save), of(1, 1, 1, 1, 2), "save");
    let rotate = || {
        let version = second.header.version;
        drop(
            bench
                .rotate(&at, &one, &two, next(&second, 3), version, None)
                .unwrap(),
        );
    };
    assert_eq!(cost(&bench, rotate), of(3, 2, 2, 3, 4), "rotate");
    let destroy = || assert_eq!(bench.destroy(&at, &two).unwrap(), None);
    assert_eq!(cost(&bench, destroy), of(1, 1, 1, 1, 2), "destroy");

    bench.seed_with(&at, owned(&at, 1));
    let bound = Arc::new(owned(&at, 2));
    let cost_bound = cost(&bench, || create(&three, &bound));
    assert_eq!(
        (cost_bound.locks, cost_bound.syncs),
        (2, 3),
        "create with an owner"
    );
    let four = place(4);
    let rotate = || {
        let version = bound.header.version;
        drop(
            bench
                .rotate(&at, &three, &four, next(&bound, 3), version, None)
                .unwrap(),
        );
    };
    let cost_bound = cost(&bench, rotate);
    assert_eq!(
        (cost_bound.locks, cost_bound.syncs),
        (3, 5),
        "rotate with an owner"
    );
}
