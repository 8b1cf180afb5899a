//! Two things at once, each brought about by stopping at one file operation.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use session::RotateOutcome;

use super::super::disk::Disk;
use super::super::layout::Layout;
use super::super::probe::Step;
use super::*;

impl Bench {
    /// Runs `meanwhile` once, just before the first operation that `when` picks.
    fn at(
        &self,
        when: impl Fn(&Step<'_>) -> bool + Send + 'static,
        meanwhile: impl Fn() + Send + 'static,
    ) -> Arc<AtomicBool> {
        let done = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&done);
        self.probe.watch(move |step| {
            if when(&step) && !flag.swap(true, Ordering::SeqCst) {
                meanwhile();
            }
            Ok(())
        });
        done
    }

    /// The same directory, as another process has it.
    fn beside(&self) -> Files {
        Files {
            disk: Disk {
                sync: false,
                probe: Probe::default(),
            },
            layout: Layout {
                root: self.layout.root.clone(),
            },
            codec: self.codec.clone(),
            max_file: self.max_file,
            cursor: Mutex::default(),
        }
    }

    /// Rotates up to the commit point, and leaves the new record pending, as a kill at that moment would.
    pub(super) fn half_rotated(
        &self,
        op: &Op,
        record: Record,
    ) -> (StoreKey, StoreKey, Arc<Record>) {
        let (old, first) = self.seed_with(op, record);
        let (new, second) = (key(), next(&first, 2));
        let pending = self.layout.place(&new).pending;
        self.probe.watch(move |step| match step {
            Step::Rename(from, _) if from == pending => Err(std::io::ErrorKind::Other.into()),
            _ => Ok(()),
        });
        let version = first.header.version;
        let rotated = self
            .rotate(op, &old, &new, Arc::clone(&second), version, None)
            .unwrap();
        assert!(matches!(rotated, RotateOutcome::Saved(_)));
        self.probe.stop();
        let place = self.layout.place(&new);
        assert!(place.pending.exists() && !place.main.exists());
        (old, new, second)
    }
}

#[test]
fn a_reader_does_not_miss_a_session_that_gets_its_name_between_two_looks() {
    let (bench, at) = (bench(), op(0));
    let (_, new, _) = bench.half_rotated(&at, record(&at, 1));
    assert_eq!(bench.live(&at, &new), Some(2), "pending, and alive");
    let place = bench.layout.place(&new);
    let pending = place.pending.clone();
    let raced = bench.at(
        move |step| matches!(step, Step::Read(path) if *path == pending),
        move || fs::rename(&place.pending, &place.main).unwrap(),
    );
    assert_eq!(bench.live(&at, &new), Some(2));
    assert!(raced.load(Ordering::SeqCst));
}

#[test]
fn s25_every_verb_finds_a_pending_session_and_gc_lets_it_outlive_the_tombstone() {
    let at = op(0);
    let saved = |bench: &Bench, new: &StoreKey, record: &Arc<Record>| {
        let saved = bench
            .save(&at, new, next(record, 3), record.header.version)
            .unwrap();
        assert!(matches!(saved, SaveOutcome::Saved(_)));
        Some(3)
    };
    let touched = |bench: &Bench, new: &StoreKey, record: &Arc<Record>| {
        bench
            .touch(&op(60), new, record.header.version, op(4000).now)
            .unwrap();
        Some(2)
    };
    let destroyed = |bench: &Bench, new: &StoreKey, _: &Arc<Record>| {
        assert_eq!(bench.destroy(&at, new).unwrap(), None);
        None
    };
    let ended = |bench: &Bench, _: &StoreKey, _: &Arc<Record>| {
        assert_eq!(bench.destroy_all_of(&at, &owner(), None).unwrap(), 1);
        None
    };
    let left = |_: &Bench, _: &StoreKey, _: &Arc<Record>| Some(2);
    type Verb<'a> = &'a dyn Fn(&Bench, &StoreKey, &Arc<Record>) -> Option<u64>;
    let verbs: [Verb<'_>; 5] = [&saved, &touched, &destroyed, &ended, &left];
    for verb in verbs {
        let bench = bench();
        let (old, new, record) = bench.half_rotated(&at, owned(&at, 1));
        assert!(bench.exists(&at, &new).unwrap());
        let expected = verb(&bench, &new, &record);
        assert_eq!(bench.live(&at, &new), expected);
        assert!(bench.gc(&op(600), 100).unwrap().removed > 0);
        assert!(!bench.main(&old).exists());
        assert_eq!(bench.live(&op(600), &new), expected);
        let listed = bench.sessions_of(&op(600), &owner()).unwrap().len();
        assert_eq!(listed, usize::from(expected.is_some()));
    }
}

#[test]
fn s25_a_pending_session_outlives_what_takes_the_place_of_the_expired_tombstone() {
    for create in [true, false] {
        let (bench, late) = (bench(), op(600));
        let (old, new, _) = bench.half_rotated(&op(0), record(&op(0), 1));
        if create {
            let created = bench
                .create(&late, &old, Arc::new(record(&late, 9)), None)
                .unwrap();
            assert_eq!(created, CreateOutcome::Created);
        } else {
            assert_eq!(bench.destroy(&late, &old).unwrap(), None);
        }
        assert_eq!(bench.live(&late, &new), Some(2));
    }
}

#[test]
fn a_rotation_that_did_not_get_to_its_commit_point_leaves_nothing() {
    let (bench, at) = (bench(), op(0));
    let (old, first) = bench.seed(&at, 1);
    let (new, second) = (key(), next(&first, 2));
    let encoded = bench.encode(&new, &second).unwrap();
    bench.put_pending(&new, &encoded, &old).unwrap();
    assert_eq!(bench.live(&at, &new), None);
    assert_eq!(bench.live(&at, &old), Some(1));
    bench.gc(&at, 100).unwrap();
    assert!(!bench.layout.place(&new).pending.exists());
    // A pending file that nobody can read is kept as long as any other that is damaged.
    let pending = bench.layout.place(&new).pending;
    fs::write(&pending, "cut").unwrap();
    bench.gc(&op(1_000_000), 100).unwrap();
    assert!(pending.exists());
    let old_file = std::time::SystemTime::UNIX_EPOCH;
    fs::File::options()
        .write(true)
        .open(&pending)
        .unwrap()
        .set_modified(old_file)
        .unwrap();
    bench.gc(&op(1_000_000), 100).unwrap();
    assert!(!pending.exists());
}

#[test]
fn a_lock_file_that_was_removed_under_a_waiting_writer_locks_nobody_out_or_in() {
    let bench = bench();
    let path = bench.layout.record_lock(5);
    let held = bench.disk.lock(&path).unwrap();
    let (store, waiting) = (bench.store.clone(), path.clone());
    let (told, hears) = mpsc::channel();
    let waiter = std::thread::spawn(move || {
        let lock = store.files.disk.lock(&waiting).unwrap();
        told.send(()).unwrap();
        lock
    });
    // However long it is waited here, the other one has no lock before it is let go.
    assert!(hears.recv_timeout(Duration::from_millis(200)).is_err());
    fs::remove_file(&path).unwrap();
    drop(held);
    let lock = waiter.join().unwrap();
    let again = bench.disk.lock_file(&path).unwrap();
    assert!(matches!(
        again.try_lock(),
        Err(fs::TryLockError::WouldBlock)
    ));
    drop(lock);
    again.try_lock().unwrap();
}

#[test]
fn t24_gc_looks_again_before_it_removes() {
    let bench = bench();
    let late = op(3600 + 180 + 61);
    let (key, first) = bench.seed(&op(0), 1);
    // Between the look of gc and its lock, a node whose clock is behind renews the session.
    let lock = bench.layout.record_lock(key.hash()[0] % 64);
    let version = first.header.version;
    let other = bench.beside();
    let raced = bench.at(
        move |step| matches!(step, Step::Lock(path) if *path == lock),
        move || {
            let touched = other.touch(&op(3700), &key, version, op(7300).now);
            assert_eq!(touched.unwrap(), session::TouchOutcome::Touched);
        },
    );
    assert_eq!(bench.gc(&late, 100).unwrap().removed, 0);
    assert!(raced.load(Ordering::SeqCst));
    assert_eq!(bench.live(&late, &key), Some(1));
}

#[test]
fn s3_a_sign_in_that_has_passed_the_check_does_not_escape_a_revocation() {
    let bench = bench();
    let (key, record) = (key(), Arc::new(owned(&op(0), 1)));
    let marker = bench.layout.marker(&owner(), &key);
    let (other, slot) = (bench.beside(), Arc::new(Mutex::new(None)));
    let (other, revoking) = (Arc::new(other), Arc::clone(&slot));
    // The owner was looked at, and the session is about to be entered into the set.
    let raced = bench.at(
        move |step| matches!(step, Step::Create(path) if *path == marker),
        move || {
            let other = Arc::clone(&other);
            let revoke = move || other.destroy_all_of(&op(1), &owner(), None).unwrap();
            let thread = std::thread::spawn(revoke);
            std::thread::sleep(Duration::from_millis(200));
            *revoking.lock().unwrap() = Some(thread);
        },
    );
    let created = bench.create(&op(0), &key, record, None).unwrap();
    assert_eq!(created, CreateOutcome::Created);
    assert!(raced.load(Ordering::SeqCst));
    let thread = slot.lock().unwrap().take().unwrap();
    assert_eq!(
        thread.join().unwrap(),
        1,
        "it waited for the sign-in, and found it"
    );
    assert_eq!(bench.live(&op(1), &key), None);
}

/// A marker may stay behind of what moved on long before. What it has become is spared all the same.
#[test]
fn t29_an_old_marker_does_not_lead_to_what_is_spared() {
    let (bench, op) = (bench(), op(0));
    let (old, first) = bench.seed_with(&op, owned(&op, 1));
    let (mine, version) = (key(), first.header.version);
    let rotated = bench.rotate(&op, &old, &mine, next(&first, 2), version, None);
    assert!(matches!(rotated, Ok(RotateOutcome::Saved(_))));
    fs::write(bench.layout.marker(&owner(), &old), "").unwrap();
    assert_eq!(bench.destroy_all_of(&op, &owner(), Some(&mine)).unwrap(), 0);
    assert_eq!(bench.live(&op, &mine), Some(2));
}
