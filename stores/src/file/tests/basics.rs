//! Each verb, once or twice, as the contract words it.

use session::{RotateOutcome, SaveOutcome, StoreError, TouchOutcome};

use super::*;

#[test]
fn a_record_is_created_read_and_saved() {
    let (bench, op) = (bench(), op(0));
    let (key, first) = bench.seed(&op, 1);
    assert_eq!(bench.live(&op, &key), Some(1));
    let again = bench.create(&op, &key, Arc::clone(&first), None).unwrap();
    assert_eq!(again, CreateOutcome::Created, "the same commit");
    let other = bench
        .create(&op, &key, Arc::new(record(&op, 5)), None)
        .unwrap();
    assert_eq!(other, CreateOutcome::Exists);

    let second = next(&first, 2);
    let saved = bench
        .save(&op, &key, Arc::clone(&second), first.header.version)
        .unwrap();
    assert!(matches!(saved, SaveOutcome::Saved(v) if v == second.header.version));
    let late = bench
        .save(&op, &key, next(&first, 3), first.header.version)
        .unwrap();
    let SaveOutcome::Conflict(current) = late else {
        panic!("{late:?}");
    };
    assert_eq!(current.header, second.header);
    assert_eq!(bench.live(&op, &key), Some(2));
}

#[test]
fn nothing_is_made_by_save_or_touch() {
    let (bench, op) = (bench(), op(0));
    let (key, record) = (key(), Arc::new(record(&op, 1)));
    let version = record.header.version;
    assert!(matches!(
        bench.save(&op, &key, record, version).unwrap(),
        SaveOutcome::Gone
    ));
    assert_eq!(
        bench.touch(&op, &key, version, op.now).unwrap(),
        TouchOutcome::Gone
    );
    assert!(matches!(
        bench.read(&op, &key, None).unwrap(),
        ReadOutcome::Absent
    ));
}

#[test]
fn a_rotation_moves_the_record_and_names_the_successor() {
    let (bench, at) = (bench(), op(0));
    let (old, first) = bench.seed(&at, 1);
    let (new, second) = (key(), next(&first, 2));
    let rotate = || {
        bench.rotate(
            &at,
            &old,
            &new,
            Arc::clone(&second),
            first.header.version,
            None,
        )
    };
    for _ in 0..2 {
        assert!(matches!(rotate().unwrap(), RotateOutcome::Saved(v) if v == second.header.version));
    }
    assert_eq!(bench.live(&at, &new), Some(2));
    let gone = bench.read(&at, &old, None).unwrap();
    assert!(
        matches!(gone, ReadOutcome::Gone { successor: Some(s) } if s == new),
        "{gone:?}"
    );
    assert_eq!(bench.destroy(&at, &old).unwrap(), Some(new));
    assert!(matches!(
        bench.read(&op(10), &old, None).unwrap(),
        ReadOutcome::Absent
    ));
    // After the grace the old name means nothing any more, and the new one lives on without it.
    assert_eq!(bench.destroy(&op(10), &old).unwrap(), None);
    assert_eq!(bench.live(&op(10), &new), Some(2));
}

#[test]
fn t22_t23_what_is_gone_stays_gone() {
    let (bench, op) = (bench(), op(0));
    let (key, first) = bench.seed(&op, 1);
    let version = first.header.version;
    assert_eq!(bench.destroy(&op, &key).unwrap(), None);
    assert!(matches!(
        bench.read(&op, &key, None).unwrap(),
        ReadOutcome::Gone { successor: None }
    ));
    assert!(matches!(
        bench.save(&op, &key, next(&first, 2), version).unwrap(),
        SaveOutcome::Gone
    ));
    let rotated = bench
        .rotate(&op, &key, &super::key(), next(&first, 2), version, None)
        .unwrap();
    assert!(matches!(rotated, RotateOutcome::Gone));
    assert_eq!(
        bench.create(&op, &key, first, None).unwrap(),
        CreateOutcome::Gone
    );
    assert!(!bench.exists(&op, &key).unwrap());

    let unknown = super::key();
    assert_eq!(bench.destroy(&op, &unknown).unwrap(), None);
    let record = Arc::new(record(&op, 1));
    assert_eq!(
        bench.create(&op, &unknown, record, None).unwrap(),
        CreateOutcome::Gone
    );
}

#[test]
fn p27_p29_d30_the_deadline_in_the_file_decides_and_a_touch_moves_it() {
    let bench = bench();
    let (key, first) = bench.seed(&op(0), 1);
    let idle = 3600 + TOUCH.as_secs();
    let touched = bench.touch(&op(600), &key, first.header.version, op(600 + idle).now);
    assert_eq!(touched.unwrap(), TouchOutcome::Touched);
    // Neither to an earlier time, nor past the absolute deadline.
    let back = bench.touch(&op(610), &key, first.header.version, op(700).now);
    assert_eq!(back.unwrap(), TouchOutcome::Touched);
    let ReadOutcome::Live(record) = bench.read(&op(610), &key, None).unwrap() else {
        panic!();
    };
    assert_eq!(record.header.idle_deadline, op(600 + idle).now);
    assert_eq!(record.header.last_seen, op(610).now);
    assert_eq!(record.header.version, first.header.version);
    assert!(bench.exists(&op(599 + idle), &key).unwrap());
    assert!(!bench.exists(&op(600 + idle), &key).unwrap());
    let late = bench.touch(&op(600 + idle), &key, first.header.version, op(9999).now);
    assert_eq!(late.unwrap(), TouchOutcome::Gone);
}

#[test]
fn a_read_renews_where_it_is_due() {
    let bench = bench();
    let (key, first) = bench.seed(&op(0), 1);
    let deadline = |second| match bench.read(&op(second), &key, Some(TOUCH)).unwrap() {
        ReadOutcome::Live(record) => record.header.idle_deadline,
        other => panic!("{other:?}"),
    };
    assert_eq!(deadline(179), first.header.idle_deadline);
    for second in (180..86_000).step_by(1800) {
        let renewed =
            (op(second).now + Lifetime::DEFAULT.idle + TOUCH).min(first.header.absolute_deadline);
        assert_eq!(deadline(second), renewed);
    }
    assert!(matches!(
        bench.read(&op(86_400), &key, Some(TOUCH)).unwrap(),
        ReadOutcome::Absent
    ));
}

#[test]
fn an_owner_has_a_set_a_limit_and_a_revocation() -> Result<(), StoreError> {
    let bench = bench();
    let (first, _) = bench.seed_with(&op(0), owned(&op(0), 1));
    let (second, _) = bench.seed_with(&op(1), owned(&op(1), 2));
    let third = Arc::new(owned(&op(2), 3));
    let refused = bench.create(&op(2), &key(), Arc::clone(&third), rule(2, Over::Refuse))?;
    assert_eq!(refused, CreateOutcome::OwnerRefused);
    let last = key();
    let created = bench.create(&op(2), &last, Arc::clone(&third), rule(2, Over::Evict))?;
    assert_eq!(created, CreateOutcome::Created);
    assert!(matches!(
        bench.read(&op(2), &first, None)?,
        ReadOutcome::Gone { .. }
    ));
    let listed = bench.sessions_of(&op(2), &owner())?;
    assert_eq!(
        listed.iter().map(|info| info.created).collect::<Vec<_>>(),
        [op(1).now, op(2).now]
    );

    assert!(!bench.destroy_of(&op(3), &OwnerKey::of("bob"), listed[0].handle)?);
    assert!(bench.destroy_of(&op(3), &owner(), listed[0].handle)?);
    assert!(matches!(
        bench.read(&op(3), &second, None)?,
        ReadOutcome::Gone { .. }
    ));

    let (other, _) = bench.seed_with(&op(3), owned(&op(3), 4));
    assert_eq!(bench.destroy_all_of(&op(4), &owner(), Some(&last))?, 1);
    assert_eq!(bench.live(&op(4), &other), None);
    let revoked = bench.create(&op(4), &key(), Arc::new(owned(&op(4), 5)), None)?;
    assert_eq!(revoked, CreateOutcome::OwnerRevoked);
    // The one that was spared may rotate, as it has been stamped.
    let ReadOutcome::Live(spared) = bench.read(&op(4), &last, None)? else {
        panic!();
    };
    let rotated = bench.rotate(
        &op(5),
        &last,
        &key(),
        next(&spared, 6),
        spared.header.version,
        None,
    )?;
    assert!(matches!(rotated, RotateOutcome::Saved(_)), "{rotated:?}");
    assert_eq!(bench.sessions_of(&op(5), &owner())?.len(), 1);
    Ok(())
}

#[test]
fn p28_gc_removes_what_is_dead_and_nothing_else() {
    let bench = bench();
    let (live, _) = bench.seed(&op(3000), 1);
    let dead: Vec<_> = (0..5)
        .map(|n| bench.seed_with(&op(0), owned(&op(0), n)).0)
        .collect();
    bench.destroy(&op(3000), &dead[0]).unwrap();
    let late = op(3600 + 180 + 61);
    assert_eq!(
        bench.gc(&op(3600 + 180 + 60), 100).unwrap().removed,
        1,
        "the tombstone"
    );
    let swept = bench.gc(&late, 3).unwrap();
    assert_eq!((swept.removed, swept.more), (3, true));
    let swept = bench.gc(&late, 3).unwrap();
    assert_eq!((swept.removed, swept.more), (1, false));
    assert_eq!(bench.live(&late, &live), Some(1));
    for key in &dead {
        assert!(!bench.layout.place(key).main.exists());
    }
    assert!(
        !bench.layout.owner(&owner()).exists(),
        "the set is empty, so it went too"
    );
}
