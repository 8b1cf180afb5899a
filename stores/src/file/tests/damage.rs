//! T43, T44, T60, T61, D11: files that are not what they should be, and clocks that jump.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use session::{SaveOutcome, StoreErrorKind};

use super::super::frame;
use super::super::layout::parent;
use super::*;

impl Bench {
    fn main(&self, key: &StoreKey) -> PathBuf {
        self.layout.place(key).main
    }

    /// Nothing lives under the key, nothing is made or changed there, and a neighbour is as it was.
    fn assert_no_session(&self, key: &StoreKey, like: &Arc<Record>, neighbour: &StoreKey) {
        let at = op(0);
        let outcome = self.read(&at, key, Some(TOUCH)).unwrap();
        assert!(matches!(outcome, ReadOutcome::Damaged), "{outcome:?}");
        assert!(!self.exists(&at, key).unwrap());
        let saved = self
            .save(&at, key, Arc::clone(like), like.header.version)
            .unwrap();
        assert!(matches!(saved, SaveOutcome::Gone));
        let made = self.create(&at, key, Arc::clone(like), None).unwrap();
        assert_eq!(
            made,
            CreateOutcome::Exists,
            "what may be a record is never written over"
        );
        assert_eq!(self.live(&at, neighbour), Some(7));
    }
}

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
    newer(
        bench
            .destroy_all_of(&at, &owner(), None)
            .unwrap_err()
            .kind(),
    );
    assert_eq!(bench.gc(&op(1_000_000), 100).unwrap().removed, 0);
    assert_eq!(fs::read(bench.main(&key)).unwrap(), bytes);
    assert_eq!(bench.sessions_of(&at, &owner()).unwrap(), []);
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

/// Everything below a directory: names, and what can be seen of them without following.
fn listing(dir: &std::path::Path) -> Vec<(PathBuf, u64, u32, i64, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::symlink_metadata(&path).unwrap();
        let bytes = if meta.is_file() {
            fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        all.push((
            path.clone(),
            meta.ino(),
            meta.mode(),
            meta.mtime_nsec(),
            bytes,
        ));
        if meta.is_dir() {
            all.extend(listing(&path));
        }
    }
    all.sort();
    all
}

#[test]
fn t43_what_is_not_a_file_is_never_followed_waited_for_or_removed() {
    let (bench, at) = (bench(), op(0));
    let (neighbour, _) = bench.seed(&at, 7);
    let outside = bench.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "mine").unwrap();
    let (real, stolen) = bench.seed(&at, 1);
    fs::rename(bench.main(&real), outside.join("record")).unwrap();

    let plant = |with: &dyn Fn(&PathBuf)| {
        let key = StoreKey::from_parts(*real.hash(), super::key().tag());
        with(&bench.main(&key));
        key
    };
    let planted = [
        plant(&|path| symlink(outside.join("secret"), path).unwrap()),
        plant(&|path| symlink(outside.join("nothing"), path).unwrap()),
        plant(&|path| symlink(&outside, path).unwrap()),
        plant(&|path| fs::create_dir(path).unwrap()),
        plant(&|path| {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.unwrap().success());
        }),
        plant(&|path| drop(std::os::unix::net::UnixListener::bind(path).unwrap())),
    ];
    // A link to what is a whole record of this very session is a link all the same.
    symlink(outside.join("record"), bench.main(&real)).unwrap();
    let before = listing(&outside);
    for key in planted.iter().chain([&real]) {
        bench.assert_no_session(key, &stolen, &neighbour);
        let was = fs::symlink_metadata(bench.main(key)).unwrap().ino();
        assert_eq!(bench.destroy(&at, key).unwrap(), None);
        assert_eq!(fs::symlink_metadata(bench.main(key)).unwrap().ino(), was);
    }
    assert_eq!(
        bench.gc(&op(1_000_000), 1000).unwrap().removed,
        1,
        "the neighbour"
    );
    for key in planted.iter().chain([&real]) {
        assert!(fs::symlink_metadata(bench.main(key)).is_ok());
    }
    assert_eq!(listing(&outside), before);
}

#[test]
fn t43_a_hard_link_to_a_foreign_file_is_damaged_and_one_to_a_record_is_not_written_into() {
    let (bench, at) = (bench(), op(0));
    let (neighbour, _) = bench.seed(&at, 7);
    let outside = bench.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("foreign"), vec![b'x'; 300]).unwrap();
    let (damaged, like) = bench.seed(&at, 1);
    fs::remove_file(bench.main(&damaged)).unwrap();
    fs::hard_link(outside.join("foreign"), bench.main(&damaged)).unwrap();
    let (key, record) = bench.seed(&at, 2);
    fs::hard_link(bench.main(&key), outside.join("backup")).unwrap();
    let before = listing(&outside);

    bench.assert_no_session(&damaged, &like, &neighbour);
    bench.destroy(&at, &damaged).unwrap();
    bench
        .touch(&op(600), &key, record.header.version, op(4200).now)
        .unwrap();
    assert_eq!(bench.live(&op(4199), &key), Some(2));
    bench
        .save(&at, &key, next(&record, 3), record.header.version)
        .unwrap();
    bench.destroy(&at, &key).unwrap();
    assert_eq!(listing(&outside), before);
}

#[test]
fn t43_a_directory_of_ours_that_became_a_link_is_an_error_and_leads_nowhere() {
    let (bench, at) = (bench(), op(0));
    let (key, record) = bench.seed_with(&at, owned(&at, 1));
    let version = record.header.version;
    for dir in [
        parent(&bench.main(&key)).to_owned(),
        bench.layout.owner(&owner()),
    ] {
        let outside = bench.dir.path().join("outside");
        fs::rename(&dir, &outside).unwrap();
        symlink(&outside, &dir).unwrap();
        let before = listing(&outside);
        if dir.starts_with(bench.layout.records()) {
            assert!(bench.read(&at, &key, None).is_err());
            assert!(bench.save(&at, &key, next(&record, 2), version).is_err());
            assert!(bench.create(&at, &key, Arc::clone(&record), None).is_err());
            assert!(bench.destroy(&at, &key).is_err());
        }
        assert!(bench.sessions_of(&at, &owner()).is_err());
        assert!(bench.destroy_all_of(&at, &owner(), None).is_err());
        let late = Arc::new(owned(&op(1), 2));
        let bound = bench.create(&op(1), &super::key(), late, rule(9, Over::Evict));
        assert!(bound.is_err());
        let _ = bench.gc(&op(100), 1000);
        assert_eq!(listing(&outside), before);
        fs::remove_file(&dir).unwrap();
        fs::rename(&outside, &dir).unwrap();
    }
    assert_eq!(bench.live(&at, &key), Some(1));
}

#[test]
fn d11_gc_removes_nothing_that_is_not_named_like_a_file_of_ours() {
    let (bench, at) = (bench(), op(0));
    let (key, _) = bench.seed_with(&at, owned(&at, 1));
    let owner_dir = bench.layout.owner(&owner());
    let shard = parent(&bench.main(&key)).to_owned();
    let mut foreign = Vec::new();
    for dir in [
        &bench.layout.root,
        &bench.layout.records(),
        &bench.layout.owners(),
        &bench.layout.locks(),
        &shard,
        &owner_dir,
    ] {
        for name in [
            "notes.txt",
            ".hidden",
            "0",
            &"a".repeat(65),
            &"A".repeat(66),
        ] {
            let path = dir.join(name);
            fs::write(&path, "mine").unwrap();
            let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
            fs::File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(old)
                .unwrap();
            foreign.push(path);
        }
    }
    assert_eq!(bench.gc(&op(1_000_000), 1000).unwrap().removed, 1);
    for path in &foreign {
        assert_eq!(fs::read(path).unwrap(), b"mine", "{}", path.display());
    }
    assert!(owner_dir.exists());
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
    assert_eq!(error.kind(), StoreErrorKind::Encode);
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
        if let Ok(frame) = frame::open(bytes, &key) {
            assert_eq!(frame.body.as_ref(), b"body");
        }
    }
}

#[test]
fn d24_reading_an_unknown_session_makes_nothing() {
    let (bench, at) = (bench(), op(0));
    let before = listing(&bench.layout.root);
    for _ in 0..50 {
        let key = key();
        assert!(matches!(
            bench.read(&at, &key, Some(TOUCH)).unwrap(),
            ReadOutcome::Absent
        ));
        assert!(!bench.exists(&at, &key).unwrap());
    }
    assert_eq!(listing(&bench.layout.root), before);
}
