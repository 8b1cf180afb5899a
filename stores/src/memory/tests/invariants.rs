//! After any storm, the books agree: counts, sets and hints with what is in the tables.

use std::num::NonZeroU32;

use session::{Over, OwnerRule, ReadOutcome, SaveOutcome};

use super::*;

/// A small generator, so that a storm can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ x >> 31) % sides
    }
}

const OWNERS: [&str; 4] = ["ann", "bob", "cat", "dot"];

/// Does one verb at random, with what earlier ones have left in `known`.
fn one(store: &MemoryStore, dice: &mut Dice, known: &mut Vec<StoreKey>, at: &mut Timestamp) {
    *at = *at + Duration::from_millis(dice.roll(60_000));
    let op = op(*at);
    let owner = OwnerKey::of(OWNERS[dice.roll(4) as usize]);
    let who = || owned(*at, OWNERS[(at.as_millis() % 4) as usize]);
    let bind = at.as_millis().is_multiple_of(3).then(|| OwnerRule {
        max: NonZeroU32::new(3).unwrap(),
        over: if at.as_millis().is_multiple_of(2) {
            Over::Evict
        } else {
            Over::Refuse
        },
    });
    let picked = known
        .get(dice.roll(known.len() as u64 + 1) as usize)
        .copied();
    let picked = picked.unwrap_or_else(key);
    let current = match now(store.read(&op, &picked, None)).unwrap() {
        ReadOutcome::Live(record) => Some(record),
        _ => None,
    };
    match (dice.roll(16), current) {
        (0..=3, _) => {
            let record = if dice.roll(2) == 0 {
                record(*at)
            } else {
                who()
            };
            let new = key();
            // A store that is full refuses, and that is right.
            if now(store.create(&op, &new, Arc::new(record), bind)).is_ok() {
                known.push(new);
            }
        }
        (4, _) => drop(now(store.create(&op, &picked, Arc::new(who()), bind))),
        (5..=7, Some(current)) => {
            let version = current.header.version;
            let mut saved = next(&current);
            if dice.roll(2) == 0 {
                saved.header.idle_deadline = *at + secs(dice.roll(900));
            }
            drop(now(store.save(&op, &picked, Arc::new(saved), version)).unwrap());
        }
        (8..=11, Some(current)) => {
            let version = current.header.version;
            let known_one = known.get(dice.roll(4 * known.len() as u64) as usize);
            let new = known_one.copied().unwrap_or_else(key);
            let mut moved = next(&current);
            moved.header.owner = if dice.roll(3) == 0 {
                None
            } else {
                who().header.owner
            };
            moved.header.authenticated_at = *at;
            drop(now(store.rotate(&op, &picked, &new, Arc::new(moved), version, bind)).unwrap());
            known.push(new);
        }
        (12, Some(current)) => {
            let handle = current.header.handle;
            now(store.destroy_of(&op, &owner, handle)).unwrap();
        }
        (13, _) => drop(now(store.destroy(&op, &picked)).unwrap()),
        (14, _) => {
            let except = (dice.roll(2) == 0).then_some(&picked);
            now(store.destroy_all_of(&op, &owner, except)).unwrap();
        }
        _ => drop(now(store.gc(&op, 20)).unwrap()),
    }
    if known.len() > 300 {
        known.drain(..100);
    }
}

#[test]
fn the_books_agree_after_every_step() {
    for seed in 0..8 {
        let store = MemoryStore::builder().max_sessions(150).build();
        let (mut dice, mut known, mut at) = (Dice(seed), Vec::new(), START);
        for _ in 0..1_000 {
            one(&store, &mut dice, &mut known, &mut at);
            store.0.check();
        }
    }
}

#[test]
fn the_books_agree_after_a_storm_of_threads() {
    for seed in 0..4 {
        let store = MemoryStore::builder().max_sessions(150).build();
        let keys = std::sync::Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (store, keys) = (&store, &keys);
                scope.spawn(move || {
                    let mut dice = Dice(seed * 100 + thread);
                    let mut at = START;
                    for _ in 0..2_000 {
                        // All threads know the same keys, so that they meet.
                        let mut known: Vec<StoreKey> = keys.lock().unwrap().clone();
                        let before = known.len();
                        one(store, &mut dice, &mut known, &mut at);
                        let mut keys = keys.lock().unwrap();
                        keys.extend(known.drain(before.min(known.len())..));
                        let excess = keys.len().saturating_sub(40);
                        keys.drain(..excess);
                    }
                });
            }
        });
        store.0.check();
        // Revoked, each owner has nothing left, in the sets and in the tables.
        let end = op(START + secs(3600 * 24 * 30));
        for owner in OWNERS {
            now(store.destroy_all_of(&end, &OwnerKey::of(owner), None)).unwrap();
        }
        while now(store.gc(&end, 100)).unwrap().more {}
        store.0.check();
        assert!(store.is_empty());
    }
}

/// Rotations between two shards, in both directions at once, on several threads: nobody waits for ever.
#[test]
fn rotations_that_cross_do_not_block_each_other() {
    let (done, wait) = std::sync::mpsc::channel();
    let store = MemoryStore::builder().max_sessions(1_000).build();
    for _ in 0..4 {
        let (store, done) = (store.clone(), done.clone());
        std::thread::spawn(move || {
            let shard = |key: &StoreKey| store.0.index(&key.into());
            let mut keys = std::iter::repeat_with(key);
            let in_first = keys.by_ref().find(|key| shard(key) == 3).unwrap();
            let in_second = keys.find(|key| shard(key) == 7).unwrap();
            let (mut here, mut there) = (in_first, in_second);
            // Without a grace the key that was left can be taken again at once.
            let op = Op {
                grace: Duration::ZERO,
                ..OP
            };
            // Without an owner, whose lock would put one rotation behind the other.
            let mut current = record(START);
            now(store.create(&op, &here, Arc::new(current.clone()), None)).unwrap();
            for _ in 0..20_000 {
                let (moved, version) = (next(&current), current.header.version);
                let rotate =
                    store.rotate(&op, &here, &there, Arc::new(moved.clone()), version, None);
                let outcome = now(rotate).unwrap();
                assert!(
                    matches!(outcome, session::RotateOutcome::Saved(_)),
                    "{outcome:?}"
                );
                std::mem::swap(&mut here, &mut there);
                current = moved;
            }
            done.send(()).unwrap();
        });
    }
    for _ in 0..4 {
        wait.recv_timeout(secs(60)).expect("nobody waits for ever");
    }
    store.0.check();
    assert_eq!(store.len(), 4);
}

/// A set may still hold a key that has become another owner's: an expired session gave way to a new one, and has not
/// left its set yet.
#[test]
fn a_key_that_is_another_owners_by_now_is_spared() {
    let store = MemoryStore::new();
    let bob = owned(START, "bob");
    let handle = bob.header.handle;
    let key = create(&store, &OP, bob).unwrap();
    let (ann, owner) = (
        crate::memory::Digest::from(&OwnerKey::of("ann")),
        OwnerKey::of("ann"),
    );
    let linger = || {
        let mut sets = store.0.owners.lock(&ann);
        sets.entry(ann).or_default().insert((&key).into());
    };
    linger();
    assert_eq!(now(store.sessions_of(&OP, &owner)).unwrap(), []);
    assert!(!now(store.destroy_of(&OP, &owner, handle)).unwrap());
    linger();
    let mut later = owned(START + secs(9), "ann");
    later.header.authenticated_at = START + secs(9);
    let rule = OwnerRule {
        max: NonZeroU32::MIN,
        over: Over::Refuse,
    };
    let outcome = now(store.create(&OP, &super::key(), Arc::new(later), Some(rule))).unwrap();
    assert_eq!(
        outcome,
        CreateOutcome::Created,
        "what is bob's is not counted as ann's"
    );
    assert_eq!(now(store.destroy_all_of(&OP, &owner, None)).unwrap(), 1);
    assert!(exists(&store, &OP, &key));
    store.0.check();
}

/// Nor does a key that has moved on lead to what it has become, if that is excepted.
#[test]
fn t29_an_old_key_does_not_lead_to_what_is_spared() {
    let store = MemoryStore::new();
    let first = owned(START, "ann");
    let (old, mine) = (create(&store, &OP, first.clone()).unwrap(), key());
    let (moved, version) = (Arc::new(next(&first)), first.header.version);
    drop(now(store.rotate(&OP, &old, &mine, moved, version, None)).unwrap());
    let owner = OwnerKey::of("ann");
    let ann = crate::memory::Digest::from(&owner);
    let mut sets = store.0.owners.lock(&ann);
    sets.entry(ann).or_default().insert((&old).into());
    drop(sets);
    now(store.destroy_all_of(&OP, &owner, Some(&mine))).unwrap();
    assert!(exists(&store, &OP, &mine));
    store.0.check();
}

/// T28: a thousand increments of 32 threads on one session, all acknowledged, all stored.
#[test]
fn t28_a_thousand_increments() {
    let store = MemoryStore::new();
    let mut first = record(START);
    first.data.insert("count", 0u64);
    let key = create(&store, &OP, first).unwrap();
    let add = || {
        for _ in 0..32 {
            let ReadOutcome::Live(mut current) = now(store.read(&OP, &key, None)).unwrap() else {
                panic!("it is live");
            };
            loop {
                std::thread::yield_now();
                let mut more = next(&current);
                let count = current.data.get::<u64>("count").unwrap().unwrap();
                more.data.insert("count", count + 1);
                let version = current.header.version;
                match now(store.save(&OP, &key, Arc::new(more), version)).unwrap() {
                    SaveOutcome::Saved(_) => break,
                    SaveOutcome::Conflict(newer) => current = newer,
                    SaveOutcome::Gone => panic!("it is live"),
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(add);
        }
    });
    let ReadOutcome::Live(end) = now(store.read(&OP, &key, None)).unwrap() else {
        panic!("it is live");
    };
    assert_eq!(end.data.get::<u64>("count").unwrap(), Some(32 * 32));
}
