//! T41: what each verb keeps when the machine stops in the middle of it.

use std::sync::Arc;

use session::{RotateOutcome, SaveOutcome};

use super::crash::{Verb, crash_everywhere, crash_on_a_full_disk};
use super::*;

/// Sweeps, and makes sure that what must live and what must not is as before.
fn sweep(files: &Files, at: &Op) {
    while files.gc(at, 100).unwrap().more {}
    for shard in 0..=255 {
        for name in files.disk.names(&files.layout.record_shard(shard)).unwrap() {
            assert!(!name.contains('.'), "a leftover: {name}");
        }
    }
}

/// Long enough that no tombstone is left, and soon enough that the sessions live.
fn later() -> Op {
    op(600)
}

#[test]
fn t41_save() {
    let (bench, op) = (bench_with(Durability::Full), op(0));
    let (key, first) = bench.seed(&op, 1);
    let second = next(&first, 2);
    let save = |files: &Files| {
        let saved = files
            .save(&op, &key, Arc::clone(&second), first.header.version)
            .unwrap();
        assert!(matches!(saved, SaveOutcome::Saved(_)));
    };
    crash_everywhere(&bench, &[Box::new(save)], |files, answered| {
        let of = |n| {
            if answered == 1 {
                n == Some(2)
            } else {
                n == Some(1) || n == Some(2)
            }
        };
        let found = number(&files.read(&op, &key, None).unwrap());
        assert!(of(found), "{found:?} after {answered}");
        sweep(files, &later());
        assert_eq!(number(&files.read(&later(), &key, None).unwrap()), found);
    });
}

#[test]
fn t41_create_with_an_owner() {
    let (bench, op) = (bench_with(Durability::Full), op(0));
    let (key, record) = (key(), Arc::new(owned(&op, 1)));
    let create = |files: &Files| {
        files.create(&op, &key, Arc::clone(&record), None).unwrap();
    };
    crash_everywhere(&bench, &[Box::new(create)], |files, answered| {
        let found = number(&files.read(&op, &key, None).unwrap());
        assert!(
            found == Some(1) || found.is_none() && answered == 0,
            "{found:?}"
        );
        sweep(files, &op);
        // What lives stands in its owner's set, or it could not be revoked.
        let listed = files.sessions_of(&op, &owner()).unwrap().len();
        assert_eq!(listed, usize::from(found.is_some()));
        assert_eq!(
            files.destroy_all_of(&op, &owner(), None).unwrap(),
            listed as u64
        );
        assert_eq!(number(&files.read(&op, &key, None).unwrap()), None);
    });
}

#[test]
fn t41_touch_then_save() {
    let (bench, op) = (bench_with(Durability::Full), op(0));
    let (key, first) = bench.seed(&op, 1);
    let verbs: [Verb<'_>; 4] = [
        Box::new(|files| touch(files, &key, &first, 200)),
        Box::new(|files| touch(files, &key, &first, 400)),
        Box::new(|files| {
            files
                .save(&op, &key, next(&first, 2), first.header.version)
                .unwrap();
        }),
        Box::new(|files| {
            files.read(&super::op(800), &key, Some(TOUCH)).unwrap();
        }),
    ];
    crash_everywhere(&bench, &verbs, |files, answered| {
        let found = number(&files.read(&op, &key, None).unwrap());
        assert!(
            found == Some(2) || found == Some(1) && answered < 3,
            "{found:?}"
        );
        // A renewal may be lost, but the session lives at least as long as when it was written.
        assert!(files.exists(&super::op(3599), &key).unwrap());
    });
}

fn touch(files: &Files, key: &StoreKey, record: &Record, second: u64) {
    let until = op(second + 3600).now;
    files
        .touch(&op(second), key, record.header.version, until)
        .unwrap();
}

#[test]
fn t41_destroy() {
    let (bench, op) = (bench_with(Durability::Full), op(0));
    let (key, first) = bench.seed_with(&op, owned(&op, 1));
    let verbs: [Verb<'_>; 3] = [
        Box::new(|files| {
            let _ = files.destroy(&op, &key).unwrap();
        }),
        Box::new(|files| assert_eq!(files.gc(&later(), 100).unwrap().removed, 1)),
        Box::new(|files| {
            let _ = files.gc(&later(), 100).unwrap();
        }),
    ];
    crash_everywhere(&bench, &verbs, |files, answered| {
        let found = number(&files.read(&op, &key, None).unwrap());
        assert!(found.is_none() || answered == 0, "{found:?}");
        sweep(files, &later());
        assert_eq!(number(&files.read(&later(), &key, None).unwrap()), found);
        let late = files
            .save(&later(), &key, next(&first, 2), first.header.version)
            .unwrap();
        assert_eq!(matches!(late, SaveOutcome::Saved(_)), found.is_some());
    });
}

#[test]
fn t41_t16_rotate() {
    let (bench, op) = (bench_with(Durability::Full), op(0));
    let (old, first) = bench.seed_with(&op, owned(&op, 1));
    let (new, second) = (key(), next(&first, 2));
    let rotate = |files: &Files| {
        let rotated = files.rotate(
            &op,
            &old,
            &new,
            Arc::clone(&second),
            first.header.version,
            None,
        );
        assert!(matches!(rotated.unwrap(), RotateOutcome::Saved(_)));
    };
    let both = |files: &Files, op: &Op| {
        [&old, &new].map(|key| number(&files.read(op, key, None).unwrap()))
    };
    crash_everywhere(&bench, &[Box::new(rotate)], |files, answered| {
        let found = both(files, &op);
        let moved = found == [None, Some(2)];
        assert!(
            moved || answered == 0 && found == [Some(1), None],
            "{found:?}"
        );
        assert_eq!(files.sessions_of(&op, &owner()).unwrap().len(), 1);
        sweep(files, &later());
        assert_eq!(both(files, &later()), found, "gc decides nothing");
        assert_eq!(files.sessions_of(&later(), &owner()).unwrap().len(), 1);
        // The commit may be repeated.
        let again = files.rotate(
            &op,
            &old,
            &new,
            Arc::clone(&second),
            first.header.version,
            None,
        );
        if !moved {
            assert!(matches!(again.unwrap(), RotateOutcome::Saved(_)));
            assert_eq!(both(files, &op), [None, Some(2)]);
        }
    });
}

#[test]
fn s25_a_rotated_session_outlives_its_tombstone_and_a_destroyed_one_does_not_come_back() {
    let (bench, op) = (bench_with(Durability::Full), op(0));
    let (old, first) = bench.seed(&op, 1);
    let (new, second) = (key(), next(&first, 2));
    let third = next(&second, 3);
    let verbs: [Verb<'_>; 5] = [
        Box::new(|files| {
            let version = first.header.version;
            files
                .rotate(&op, &old, &new, Arc::clone(&second), version, None)
                .unwrap();
        }),
        Box::new(|files| {
            let _ = files.gc(&later(), 100).unwrap();
        }),
        Box::new(|files| {
            files
                .save(&op, &new, Arc::clone(&third), second.header.version)
                .unwrap();
        }),
        Box::new(|files| {
            let _ = files.destroy(&later(), &new).unwrap();
        }),
        Box::new(|files| {
            let _ = files.gc(&super::op(1200), 100).unwrap();
        }),
    ];
    crash_everywhere(&bench, &verbs, |files, answered| {
        let both = || [&old, &new].map(|key| number(&files.read(&later(), key, None).unwrap()));
        let found = both();
        let may: &[_] = match answered {
            0 => &[[Some(1), None], [None, Some(2)]],
            1 => &[[None, Some(2)]],
            2 => &[[None, Some(2)], [None, Some(3)]],
            3 => &[[None, Some(3)], [None, None]],
            _ => &[[None, None]],
        };
        assert!(may.contains(&found), "{found:?} after {answered}");
        sweep(files, &super::op(1200));
        assert_eq!(both(), found);
        // What the crash left pending does not come back behind a destroy.
        files.destroy(&op, &new).unwrap();
        sweep(files, &super::op(1200));
        assert_eq!(both()[1], None);
    });
}

#[test]
fn t41_destroy_all_of() {
    let (bench, op) = (bench_with(Durability::Full), op(0));
    let keys = [1, 2].map(|n| bench.seed_with(&op, owned(&op, n)).0);
    let all = |files: &Files| {
        assert_eq!(
            files.destroy_all_of(&op, &owner(), Some(&keys[1])).unwrap(),
            1
        );
    };
    crash_everywhere(&bench, &[Box::new(all)], |files, answered| {
        let found = keys.map(|key| number(&files.read(&op, &key, None).unwrap()));
        assert!(found == [None, Some(2)] || answered == 0 && found == [Some(1), Some(2)]);
        let bound = files
            .create(&op, &key(), Arc::new(owned(&op, 3)), None)
            .unwrap();
        assert!(bound == CreateOutcome::OwnerRevoked || answered == 0);
    });
}

#[test]
fn t22b_a_session_that_only_its_predecessors_tombstone_keeps_alive_outlives_a_second_destroy() {
    let (bench, op) = (bench_with(Durability::Full), op(0));
    let (old, first) = bench.seed(&op, 1);
    let (new, second) = (key(), next(&first, 2));
    let verbs: [Verb<'_>; 2] = [
        Box::new(|files| {
            let version = first.header.version;
            let rotated = files.rotate(&op, &old, &new, Arc::clone(&second), version, None);
            assert!(matches!(rotated.unwrap(), RotateOutcome::Saved(_)));
        }),
        Box::new(|files| assert_eq!(files.destroy(&op, &old).unwrap(), Some(new))),
    ];
    crash_everywhere(&bench, &verbs, |files, answered| {
        let found = [&old, &new].map(|key| number(&files.read(&op, key, None).unwrap()));
        assert!(
            found == [None, Some(2)] || answered == 0 && found == [Some(1), None],
            "{found:?}"
        );
    });
}

#[test]
fn i2_what_a_crash_left_pending_beside_its_record_does_not_come_back_in_another_crash() {
    let (bench, op) = (bench_with(Durability::Full), op(0));
    let (_, new, _) = bench.half_rotated(&op, record(&op, 1));
    let place = bench.layout.place(&new);
    std::fs::copy(&place.pending, &place.main).unwrap();
    let verbs: [Verb<'_>; 2] = [
        Box::new(|files| assert_eq!(files.destroy(&op, &new).unwrap(), None)),
        Box::new(|files| assert!(files.gc(&later(), 100).unwrap().removed > 0)),
    ];
    crash_everywhere(&bench, &verbs, |files, answered| {
        let found = number(&files.read(&later(), &new, None).unwrap());
        assert!(
            found.is_none() || answered == 0 && found == Some(2),
            "{found:?}"
        );
        sweep(files, &later());
        assert_eq!(number(&files.read(&later(), &new, None).unwrap()), found);
    });
}

#[test]
fn t46_a_session_that_ended_on_a_full_disk_stays_dead() {
    let (bench, op) = (bench_with(Durability::Full), op(0));
    let (key, _) = bench.seed(&op, 1);
    let destroy = |files: &Files| assert_eq!(files.destroy(&op, &key).unwrap(), None);
    crash_on_a_full_disk(&bench, &[Box::new(destroy)], |files, answered| {
        let found = number(&files.read(&op, &key, None).unwrap());
        assert!(found.is_none() || answered == 0, "{found:?}");
    });
}
