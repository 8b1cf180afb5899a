//! T45, T46: file operations that fail.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use session::{RotateOutcome, SaveOutcome, StoreError, StoreErrorKind, TouchOutcome};

use super::super::probe::Step;
use super::*;

const ERRORS: [i32; 6] = [
    libc::ENOSPC,
    libc::EIO,
    libc::EMFILE,
    libc::EROFS,
    libc::EACCES,
    libc::EINTR,
];

#[derive(Clone, Copy, Debug)]
enum Fails {
    Once,
    ForEver,
}

impl Bench {
    /// Makes the n-th operation from here on fail, and tells how many there were.
    fn fail(&self, n: usize, fails: Fails, errno: i32) -> Arc<AtomicUsize> {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        self.probe.watch(move |step| {
            // Most of what gc looks at is not there, and fails in the same way.
            if matches!(step, Step::Read(path) if !path.exists()) {
                return Ok(());
            }
            let at = counted.fetch_add(1, Ordering::SeqCst);
            let hit = match fails {
                Fails::Once => at == n,
                Fails::ForEver => at >= n,
            };
            if hit {
                Err(io::Error::from_raw_os_error(errno))
            } else {
                Ok(())
            }
        });
        count
    }

    /// A disk without room for anything new.
    fn fill(&self) {
        self.probe.watch(|step| {
            if step.takes_space() {
                Err(io::Error::from_raw_os_error(libc::ENOSPC))
            } else {
                Ok(())
            }
        });
    }

    /// The names that are not those of records.
    fn leftovers(&self) -> Vec<String> {
        let shards = (0..=255).flat_map(|n| self.disk.names(&self.layout.record_shard(n)).unwrap());
        shards.filter(|name| name.contains('.')).collect()
    }
}

/// Runs a verb with each of its operations failing in each way. `check` gets the result and the bench without fault;
/// it must find the old state or the new, and the old one if the error says that nothing has changed.
fn fail_everywhere<S>(
    seed: impl Fn(&Bench) -> S,
    verb: impl Fn(&Bench, &S) -> Result<(), StoreError>,
    check: impl Fn(&Bench, &S, Result<(), StoreError>),
) {
    let mut failed = 0;
    for errno in ERRORS {
        for fails in [Fails::Once, Fails::ForEver] {
            for n in 0.. {
                let bench = bench_with(Durability::Full);
                let state = seed(&bench);
                let count = bench.fail(n, fails, errno);
                let result = verb(&bench, &state);
                bench.probe.stop();
                failed += usize::from(result.is_err());
                check(&bench, &state, result);
                while bench.gc(&op(0), 1000).unwrap().more {}
                assert_eq!(
                    bench.leftovers(),
                    [""; 0],
                    "operation {n}, {errno}, {fails:?}"
                );
                if count.load(Ordering::SeqCst) <= n {
                    break;
                }
            }
        }
    }
    assert!(failed > ERRORS.len(), "only {failed} calls failed");
}

fn unchanged(result: &Result<(), StoreError>) -> bool {
    matches!(result, Err(error) if error.kind() == StoreErrorKind::Full)
}

#[test]
fn t45_save() {
    fail_everywhere(
        |bench| bench.seed(&op(0), 1),
        |bench, (key, first)| {
            let saved = bench.save(&op(0), key, next(first, 2), first.header.version)?;
            assert!(matches!(saved, SaveOutcome::Saved(_)));
            Ok(())
        },
        |bench, (key, _), result| {
            let found = bench.live(&op(0), key);
            assert!(found == Some(2) && !unchanged(&result) || found == Some(1) && result.is_err());
        },
    );
}

#[test]
fn t45_create() {
    fail_everywhere(
        |_| (key(), Arc::new(owned(&op(0), 1))),
        |bench, (key, record)| {
            bench
                .create(&op(0), key, Arc::clone(record), None)
                .map(drop)
        },
        |bench, (key, record), result| {
            let found = bench.live(&op(0), key);
            assert!(found == Some(1) && !unchanged(&result) || found.is_none() && result.is_err());
            // What failed may be repeated, and stands in the owner's set once.
            let again = bench.create(&op(0), key, Arc::clone(record), None).unwrap();
            assert_eq!(again, CreateOutcome::Created);
            assert_eq!(bench.sessions_of(&op(0), &owner()).unwrap().len(), 1);
        },
    );
}

#[test]
fn t45_t16_rotate() {
    fail_everywhere(
        |bench| {
            let (old, first) = bench.seed_with(&op(0), owned(&op(0), 1));
            (old, key(), next(&first, 2), first)
        },
        |bench, (old, new, second, first)| {
            let version = first.header.version;
            let rotated = bench.rotate(&op(0), old, new, Arc::clone(second), version, None)?;
            assert!(matches!(rotated, RotateOutcome::Saved(_)));
            Ok(())
        },
        |bench, (old, new, second, first), result| {
            let found = [old, new].map(|key| bench.live(&op(0), key));
            let moved = found == [None, Some(2)] && !unchanged(&result);
            assert!(
                moved || found == [Some(1), None] && result.is_err(),
                "{found:?}"
            );
            let version = first.header.version;
            let again = bench.rotate(&op(0), old, new, Arc::clone(second), version, None);
            assert!(matches!(again.unwrap(), RotateOutcome::Saved(_)));
            assert_eq!(bench.live(&op(0), new), Some(2));
            assert_eq!(bench.sessions_of(&op(0), &owner()).unwrap().len(), 1);
        },
    );
}

#[test]
fn t45_touch() {
    fail_everywhere(
        |bench| bench.seed(&op(0), 1),
        |bench, (key, first)| {
            let touched = bench.touch(&op(600), key, first.header.version, op(4200).now)?;
            assert_eq!(touched, TouchOutcome::Touched);
            Ok(())
        },
        |bench, (key, _), result| {
            assert_eq!(bench.live(&op(3599), key), Some(1));
            assert_eq!(bench.live(&op(4199), key), result.is_ok().then_some(1));
        },
    );
}

#[test]
fn s14_a_renewal_that_fails_turns_nobody_away() {
    let (bench, at) = (bench(), op(600));
    let (key, _) = bench.seed(&op(0), 1);
    // Whatever comes after the first look at the record is the renewal.
    let count = bench.fail(1, Fails::ForEver, libc::EIO);
    let outcome = bench.read(&at, &key, Some(TOUCH)).unwrap();
    assert_eq!(number(&outcome), Some(1));
    assert!(count.load(Ordering::SeqCst) > 1, "it was tried");
}

#[test]
fn i5_a_disk_that_cannot_be_read_is_not_an_absent_session() {
    let (bench, at) = (bench(), op(0));
    let (known, unknown) = (bench.seed(&at, 1).0, key());
    for key in [known, unknown] {
        bench
            .probe
            .watch(|_| Err(io::Error::from_raw_os_error(libc::EIO)));
        let error = bench.read(&at, &key, None).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(bench.exists(&at, &key).is_err());
    }
    bench.probe.stop();
    assert_eq!(bench.live(&at, &known), Some(1));
}

#[test]
fn t45_t27_destroy() {
    fail_everywhere(
        |bench| bench.seed_with(&op(0), owned(&op(0), 1)).0,
        |bench, key| bench.destroy(&op(0), key).map(drop),
        |bench, key, result| {
            let found = bench.live(&op(0), key);
            assert!(
                found.is_none() || found == Some(1) && result.is_err(),
                "success with a live session"
            );
            assert_eq!(bench.destroy(&op(0), key).unwrap(), None);
            assert_eq!(bench.live(&op(0), key), None);
            assert_eq!(bench.sessions_of(&op(0), &owner()).unwrap(), []);
        },
    );
}

#[test]
fn t45_destroy_all_of() {
    fail_everywhere(
        |bench| [1, 2].map(|n| bench.seed_with(&op(0), owned(&op(0), n)).0),
        |bench, keys| {
            bench
                .destroy_all_of(&op(0), &owner(), Some(&keys[1]))
                .map(drop)
        },
        |bench, keys, result| {
            let found = keys.map(|key| bench.live(&op(0), &key));
            assert!(found == [None, Some(2)] || found == [Some(1), Some(2)] && result.is_err());
            if result.is_ok() {
                let late = Arc::new(owned(&op(0), 3));
                let bound = bench.create(&op(0), &key(), late, None).unwrap();
                assert_eq!(bound, CreateOutcome::OwnerRevoked);
            }
        },
    );
}

#[test]
fn t45_gc() {
    let late = op(3600 + 180 + 61);
    fail_everywhere(
        |bench| {
            let (old, first) = bench.seed(&op(3000), 1);
            let new = key();
            let version = first.header.version;
            bench
                .rotate(&op(3000), &old, &new, next(&first, 2), version, None)
                .unwrap();
            (bench.seed_with(&op(0), owned(&op(0), 1)).0, new)
        },
        |bench, _| bench.gc(&late, 100).map(drop),
        |bench, (dead, new), _| {
            assert_eq!(bench.live(&late, new), Some(2));
            while bench.gc(&late, 100).unwrap().more {}
            assert!(!bench.layout.place(dead).main.exists());
            assert_eq!(bench.live(&late, new), Some(2));
            let names = |n| bench.disk.names(&bench.layout.record_shard(n)).unwrap();
            assert_eq!((0..=255).flat_map(names).count(), 1, "only the live one");
        },
    );
}

#[test]
fn t46_signing_out_works_on_a_full_disk_and_saving_does_again_later() {
    let (bench, at) = (bench_with(Durability::Full), op(0));
    let (staying, first) = bench.seed(&at, 1);
    let (leaving, other) = bench.seed_with(&at, owned(&at, 2));
    let [one, two] = [3, 4].map(|n| bench.seed_with(&at, owned(&at, n)).0);
    bench.fill();

    let full = bench
        .save(&at, &staying, next(&first, 9), first.header.version)
        .unwrap_err();
    assert_eq!(full.kind(), StoreErrorKind::Full);
    let full = bench
        .create(&at, &key(), Arc::new(record(&at, 5)), None)
        .unwrap_err();
    assert_eq!(full.kind(), StoreErrorKind::Full);
    let version = first.header.version;
    let full = bench
        .rotate(&at, &staying, &key(), next(&first, 9), version, None)
        .unwrap_err();
    assert_eq!(full.kind(), StoreErrorKind::Full);

    // Reading renews all the same.
    let outcome = bench.read(&op(600), &staying, Some(TOUCH)).unwrap();
    assert_eq!(number(&outcome), Some(1));
    assert!(bench.exists(&op(4000), &staying).unwrap());

    assert_eq!(bench.destroy(&at, &leaving).unwrap(), None);
    assert_eq!(bench.live(&at, &leaving), None);
    let late = bench
        .save(&at, &leaving, next(&other, 9), other.header.version)
        .unwrap();
    assert!(matches!(late, SaveOutcome::Gone));
    // Of all devices too, although the revocation itself cannot be written down, which is told.
    assert!(bench.destroy_all_of(&at, &owner(), None).is_err());
    assert_eq!([one, two].map(|key| bench.live(&at, &key)), [None, None]);
    assert!(
        bench.gc(&op(200_000), 100).unwrap().removed > 0,
        "gc needs no room"
    );

    bench.probe.stop();
    let (key, first) = bench.seed(&at, 1);
    let saved = bench
        .save(&at, &key, next(&first, 2), first.header.version)
        .unwrap();
    assert!(matches!(saved, SaveOutcome::Saved(_)));
}

#[test]
fn d25_one_bad_file_does_not_stop_the_walk() {
    let (bench, late) = (bench(), op(100_000));
    let keys: Vec<_> = (0..20).map(|n| bench.seed(&op(0), n).0).collect();
    let bad = bench.layout.place(&keys[7]).main;
    let watched = bad.clone();
    bench.probe.watch(move |step| match step.path() {
        Some(path) if path == watched => Err(io::Error::from_raw_os_error(libc::EIO)),
        _ => Ok(()),
    });
    assert_eq!(bench.gc(&late, 100).unwrap().removed, 19);
    // Nothing else is left to do, and now it is told.
    assert!(bench.gc(&late, 100).is_err());
    bench.probe.stop();
    fs::remove_file(&bad).unwrap();
    assert_eq!(bench.gc(&late, 100).unwrap().removed, 0);
    assert_eq!(
        bench.destroy(&late, &keys[7]).unwrap(),
        None,
        "a missing file is no error"
    );
}
