//! Sweeping in slices, and what it leaves behind.

use super::*;
use crate::memory::tombs::MAX_TOMBS;

/// A store that `n` sessions fill, which have expired at the time that is handed back.
fn expired(n: usize) -> (MemoryStore, Op) {
    let store = MemoryStore::builder().max_sessions(n + 1).build();
    for _ in 0..n {
        create(&store, &OP, record(START)).unwrap();
    }
    let dead = record(START).header.idle_deadline + OP.max_skew + Duration::from_millis(1);
    (store, op(dead))
}

#[test]
fn p23_one_call_does_a_slice_whatever_its_budget() {
    let (store, later) = expired(20_000);
    let mut calls = 0;
    loop {
        let before = store.len();
        let swept = now(store.gc(&later, usize::MAX)).unwrap();
        assert!(swept.removed <= 256 + MAX_TOMBS, "{swept}");
        assert_eq!(store.len(), before - swept.removed);
        store.0.check();
        calls += 1;
        if !swept.more {
            break;
        }
    }
    assert!(
        store.is_empty() && calls >= 20_000 / (256 + MAX_TOMBS),
        "{calls} calls"
    );
}

#[test]
fn p02_a_store_without_anything_dead_is_swept_in_one_call() {
    let (store, _) = expired(5_000);
    let swept = now(store.gc(&OP, 1)).unwrap();
    assert!(!swept.more && swept.removed == 0, "{swept}");
}

#[test]
fn p23_sweeps_meet_in_the_middle() {
    let (store, later) = expired(5_000);
    let kept = create(&store, &later, record(later.now)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| while now(store.gc(&later, 50)).unwrap().more {});
        }
    });
    while now(store.gc(&later, 50)).unwrap().more {}
    assert_eq!(store.len(), 1);
    assert!(exists(&store, &later, &kept));
}

#[test]
fn memory_comes_back_after_a_sweep() {
    let store = MemoryStore::new();
    for n in 0..2_000 {
        create(&store, &OP, owned(START, &format!("user{n}"))).unwrap();
    }
    let later = op(START + secs(30 * 3600));
    while now(store.gc(&later, 100)).unwrap().more {}
    assert!(store.is_empty());
    let (records, owners) = store.0.capacities();
    assert_eq!((records, owners), (0, 0));
}

#[test]
fn a_revocation_is_forgotten_after_the_longest_lifetime_and_no_sooner() {
    let store = MemoryStore::new();
    let mut long = owned(START, "bob");
    long.header.lifetime.absolute = secs(100 * 3600);
    let anonymous = record(START);
    let (version, old) = (
        anonymous.header.version,
        create(&store, &OP, anonymous).unwrap(),
    );
    now(store.rotate(&OP, &old, &key(), Arc::new(long), version, None)).unwrap();
    let ann = OwnerKey::of("ann");
    now(store.destroy_all_of(&OP, &ann, None)).unwrap();
    let bind = |now_is: &Op| {
        let late = Arc::new(owned(START, "ann"));
        now(store.create(now_is, &key(), late, None)).unwrap()
    };
    let almost = op(START + secs(100 * 3600));
    while now(store.gc(&almost, 100)).unwrap().more {}
    assert_eq!(bind(&almost), CreateOutcome::OwnerRevoked);
    let after = op(START + secs(100 * 3600 + 62));
    while now(store.gc(&after, 100)).unwrap().more {}
    assert_eq!(store.0.capacities(), (0, 0));
}

#[test]
fn a_creation_tells_how_long_sessions_last_as_well() {
    let store = MemoryStore::new();
    let mut long = owned(START, "bob");
    long.header.lifetime.absolute = secs(50 * 3600);
    create(&store, &OP, long).unwrap();
    now(store.destroy_all_of(&OP, &OwnerKey::of("ann"), None)).unwrap();
    let almost = op(START + secs(50 * 3600));
    while now(store.gc(&almost, 100)).unwrap().more {}
    let late = Arc::new(owned(START, "ann"));
    let outcome = now(store.create(&almost, &key(), late, None)).unwrap();
    assert_eq!(outcome, CreateOutcome::OwnerRevoked);
}
