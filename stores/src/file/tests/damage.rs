//! T44, T60, T61: files that do not say what they should, and clocks that jump.

use std::fs;
use std::sync::Arc;
use std::time::SystemTime;

use session::StoreErrorKind;

use super::super::frame;
use super::*;

#[test]
fn t44_empty_truncated_and_longer_files_are_damaged() {
    let (bench, at) = (bench(), op(0));
    let (key, record) = bench.seed(&at, 1);
    let (neighbour, _) = bench.seed(&at, 7);
    let bytes = fs::read(bench.main(&key)).unwrap();
    for len in 0..bytes.len() {
        fs::write(bench.main(&key), &bytes[..len]).unwrap();
        let outcome = bench.read(&at, &key, None).unwrap();
        assert!(
            matches!(outcome, ReadOutcome::Damaged),
            "{len}: {outcome:?}"
        );
    }
    bench.assert_no_session(&key, &record, &neighbour);
    for more in [1, 1 << 10, 8 << 20] {
        let longer = [bytes.as_slice(), &vec![0; more]].concat();
        fs::write(bench.main(&key), longer).unwrap();
        bench.assert_no_session(&key, &record, &neighbour);
    }
    fs::write(bench.main(&key), &bytes).unwrap();
    assert_eq!(
        bench.live(&at, &key),
        Some(1),
        "the whole file still is a session"
    );
}

#[test]
fn t44_a_flipped_bit_is_damage_or_a_lost_renewal() {
    let (bench, at) = (bench(), op(0));
    let (key, record) = bench.seed(&at, 1);
    bench
        .touch(&op(600), &key, record.header.version, op(4200).now)
        .unwrap();
    let bytes = fs::read(bench.main(&key)).unwrap();
    let mut lost = 0;
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(bench.main(&key), flipped).unwrap();
        match bench.read(&at, &key, None).unwrap() {
            ReadOutcome::Damaged => assert!(!(64..112).contains(&(bit / 8)), "bit {bit}"),
            ReadOutcome::Live(found) => {
                assert!((64..112).contains(&(bit / 8)), "bit {bit} is not checked");
                let deadline = found.header.idle_deadline;
                assert!(deadline == op(4200).now || deadline == record.header.idle_deadline);
                lost += usize::from(deadline == record.header.idle_deadline);
            }
            other => panic!("bit {bit}: {other:?}"),
        }
    }
    assert_eq!(lost, 24 * 8, "the slot that was written to");
}

#[test]
fn t44_the_file_of_another_session_is_damaged() {
    let (bench, at) = (bench(), op(0));
    let (key, record) = bench.seed(&at, 1);
    let (other, _) = bench.seed(&at, 7);
    fs::copy(bench.main(&other), bench.main(&key)).unwrap();
    bench.assert_no_session(&key, &record, &other);
    // Not even when only the tag is another.
    let [a, b] = other.tag();
    let sibling = StoreKey::from_parts(*other.hash(), [a, !b]);
    fs::copy(bench.main(&other), bench.main(&sibling)).unwrap();
    bench.assert_no_session(&sibling, &record, &other);
}

#[test]
fn s21_a_newer_file_is_an_error_and_stays() {
    let (bench, at) = (bench(), op(0));
    let (key, record) = bench.seed_with(&at, owned(&at, 1));
    let mut bytes = fs::read(bench.main(&key)).unwrap();
    bytes[8..12].copy_from_slice(&[2, !2, 2, !2]);
    bytes.truncate(100);
    fs::write(bench.main(&key), &bytes).unwrap();
    let newer = |kind| assert_eq!(kind, StoreErrorKind::NewerFormat);
    newer(bench.read(&at, &key, None).unwrap_err().kind());
    newer(bench.exists(&at, &key).unwrap_err().kind());
    let version = record.header.version;
    newer(
        bench
            .save(&at, &key, next(&record, 2), version)
            .unwrap_err()
            .kind(),
    );
    newer(bench.touch(&at, &key, version, at.now).unwrap_err().kind());
    newer(
        bench
            .create(&at, &key, Arc::clone(&record), None)
            .unwrap_err()
            .kind(),
    );
    newer(
        bench
            .rotate(&at, &key, &super::key(), next(&record, 2), version, None)
            .unwrap_err()
            .kind(),
    );
    newer(bench.destroy(&at, &key).unwrap_err().kind());
    assert_eq!(bench.gc(&op(1_000_000), 100).unwrap().removed, 0);
    assert_eq!(fs::read(bench.main(&key)).unwrap(), bytes);
    assert_eq!(bench.sessions_of(&at, &owner()).unwrap(), []);
    // It does not say that it lives, so it is not counted; but it ends.
    assert_eq!(bench.destroy_all_of(&at, &owner(), None).unwrap(), 0);
    let read = bench.read(&at, &key, None).unwrap();
    assert!(matches!(read, ReadOutcome::Gone { successor: None }));
}

/// A record of which only the data is newer is a session like the others to its owner.
#[test]
fn s21_newer_data_is_listed_and_ends() {
    let (bench, at) = (bench(), op(0));
    let put_newer = |from: u64| {
        let (key, record) = bench.seed_with(&op(from), owned(&op(from), 1));
        let header = record.header.to_bytes();
        let body: &[&[u8]] = &[&frame::put_link(None), &header, &[200, 1, 2, 3]];
        let bytes = frame::seal(frame::Kind::Record, &key, body);
        fs::write(bench.main(&key), bytes).unwrap();
        let read = bench.read(&at, &key, None).unwrap_err();
        assert_eq!(read.kind(), StoreErrorKind::NewerFormat);
        (key, record.header.handle)
    };
    let gone = |key| {
        let read = bench.read(&at, key, None).unwrap();
        assert!(matches!(read, ReadOutcome::Gone { successor: None }));
    };
    let listed = || {
        let list = bench.sessions_of(&at, &owner()).unwrap();
        list.iter().map(|info| info.handle).collect::<Vec<_>>()
    };
    let [first, second, third] = [0, 1, 2].map(put_newer);
    assert_eq!(listed(), [first.1, second.1, third.1]);
    assert!(bench.destroy_of(&at, &owner(), first.1).unwrap());
    gone(&first.0);
    // It counts, so it can be one that has to go.
    let record = Arc::new(owned(&op(3), 2));
    let handle = record.header.handle;
    let made = bench.create(&at, &key(), record, rule(2, Over::Evict));
    assert_eq!(made.unwrap(), CreateOutcome::Created);
    gone(&second.0);
    assert_eq!(listed(), [third.1, handle]);
    // What says whose it is, is nobody else's, whatever set it stands in.
    let bob = OwnerKey::of("bob");
    let marker = bench.layout.marker(&bob, &third.0);
    fs::create_dir_all(marker.parent().unwrap()).unwrap();
    fs::write(marker, b"").unwrap();
    assert_eq!(bench.destroy_all_of(&at, &bob, None).unwrap(), 0);
    assert_eq!(bench.destroy_all_of(&at, &owner(), None).unwrap(), 2);
    gone(&third.0);
    assert_eq!(listed(), []);
}

#[test]
fn t44_a_damaged_file_is_kept_until_it_would_have_expired() {
    let (bench, at) = (bench(), op(0));
    let day = 86_400;
    let [cut, empty] = [1, 2].map(|n| bench.seed(&at, n).0);
    let bytes = fs::read(bench.main(&cut)).unwrap();
    fs::write(bench.main(&cut), &bytes[..bytes.len() - 1]).unwrap();
    fs::write(bench.main(&empty), b"").unwrap();
    assert_eq!(bench.gc(&op(day), 100).unwrap().removed, 0);
    // What still tells its deadline goes by that, what does not by the time of the file.
    assert_eq!(bench.gc(&op(day + 61), 100).unwrap().removed, 1);
    assert!(!bench.main(&cut).exists() && bench.main(&empty).exists());
    let real = Op {
        now: Timestamp::MAX,
        ..at
    };
    assert_eq!(bench.gc(&real, 100).unwrap().removed, 0);
    let old = SystemTime::now() - Duration::from_secs(31 * day);
    fs::File::options()
        .write(true)
        .open(bench.main(&empty))
        .unwrap()
        .set_modified(old)
        .unwrap();
    assert_eq!(bench.gc(&real, 100).unwrap().removed, 1);
}

#[test]
fn i2_a_damaged_session_that_is_destroyed_does_not_come_back_when_it_reads_well_again() {
    let (bench, at) = (bench(), op(0));
    let (key, _) = bench.seed(&at, 1);
    let good = fs::read(bench.main(&key)).unwrap();
    fs::write(bench.main(&key), &good[..50]).unwrap();
    bench.destroy(&at, &key).unwrap();
    assert!(matches!(
        bench.read(&at, &key, None).unwrap(),
        ReadOutcome::Gone { .. }
    ));
}

#[test]
fn t61_one_node_fifty_years_ahead_removes_nothing_that_lives() {
    let bench = bench();
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let now = |plus: Duration| Op {
        now: Timestamp::default() + since + plus,
        ..op(0)
    };
    let here = now(Duration::ZERO);
    let (key, _) = bench.seed_with(&here, owned(&here, 1));
    let year = Duration::from_secs(365 * 86_400);
    for ahead in [50 * year, 7973 * year, Duration::MAX] {
        assert_eq!(bench.gc(&now(ahead), 100).unwrap().removed, 0);
        // The node itself sees an expired session, and forgets nothing for it.
        assert_eq!(bench.live(&now(ahead), &key), None);
    }
    for behind in [86_400, 2_000_000_000] {
        let then = Op {
            now: here.now - Duration::from_secs(behind),
            ..here
        };
        assert_eq!(bench.gc(&then, 100).unwrap().removed, 0);
        assert_eq!(bench.live(&then, &key), Some(1));
    }
    assert_eq!(bench.live(&here, &key), Some(1));
    assert_eq!(bench.sessions_of(&here, &owner()).unwrap().len(), 1);
}

#[test]
fn t60_a_record_that_could_not_be_read_back_is_not_written() {
    let dir = scratch();
    let store = FileStore::builder(dir.path())
        .max_file_size(2000)
        .build()
        .unwrap();
    let (files, at) = (&store.files, op(0));
    let mut large = record(&at, 1);
    large.data.insert("text", "x".repeat(3000));
    let error = files
        .create(&at, &key(), Arc::new(large), None)
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::TooLarge);
    let mut fits = record(&at, 1);
    fits.data.insert("text", "x".repeat(1000));
    let created = files.create(&at, &key(), Arc::new(fits), None).unwrap();
    assert_eq!(created, CreateOutcome::Created);
}

#[test]
fn t60_no_bytes_make_a_frame_panic_or_allocate() {
    let key = key();
    let good = frame::seal(frame::Kind::Tombstone, &key, &[b"body"]);
    let mut seed = 1u64;
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (seed >> 33) as usize % bytes.len();
            bytes[at] = (seed >> 25) as u8;
            bytes.truncate(bytes.len() - (seed >> 60) as usize);
        }
        let _ = frame::told_deadline(&bytes);
        if let Ok(frame) = frame::open(&bytes.into(), &key) {
            assert_eq!(frame.body.as_ref(), b"body");
        }
    }
}
