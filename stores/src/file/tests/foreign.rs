//! T43, D11, D24: what is no file of ours is not followed, waited for, written into, removed or made.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::super::layout::parent;
use super::*;

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
        let key = StoreKey::from_parts(*real.hash(), key().tag());
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
    let other = loop {
        let (other, _) = bench.seed_with(&at, owned(&at, 3));
        if other.hash()[0] != key.hash()[0] {
            break other;
        }
    };
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
        // It ends, but its marker is out of reach.
        bench.destroy(&at, &other).unwrap();
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
