//! No code of an application runs under a lock: values whose `Drop` uses the store.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use serde::{Deserialize, Serialize};

use super::*;

static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// Asks the store for everything that needs a lock when it is dropped.
#[derive(Clone, Serialize, Deserialize)]
struct Meddler {
    #[serde(skip)]
    store: Option<MemoryStore>,
}

impl Drop for Meddler {
    fn drop(&mut self) {
        if let Some(store) = &self.store {
            DROPPED.fetch_add(1, Ordering::SeqCst);
            for shard in 0..=u8::MAX {
                let key = StoreKey::from_parts([shard; 32], [0; 2]);
                now(store.read(&OP, &key, None)).unwrap();
            }
            for owner in ["ann", "bob"] {
                now(store.sessions_of(&OP, &OwnerKey::of(owner))).unwrap();
            }
            // Every shard of records and of owners.
            let _ = store.0.capacities();
        }
    }
}

fn meddling(store: &MemoryStore, mut record: Record) -> Record {
    let store = Some(store.clone());
    record.data.insert("meddler", Meddler { store });
    record
}

/// Runs the scenario on a thread of its own, and fails if it hangs or if nothing was dropped in it.
fn dropped_by(scenario: impl FnOnce(MemoryStore) + Send + 'static) {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        let store = MemoryStore::builder().max_sessions(2).build();
        let before = DROPPED.load(Ordering::SeqCst);
        scenario(store);
        done.send(DROPPED.load(Ordering::SeqCst) - before).unwrap();
    });
    match wait.recv_timeout(secs(20)) {
        Ok(dropped) => assert!(dropped > 0, "the scenario drops a value"),
        Err(_) => panic!("a value was dropped under a lock, and waits for it"),
    }
}

#[test]
fn values_are_dropped_outside_of_the_locks() {
    // One after the other: the count is of one scenario at a time.
    dropped_by(|store| {
        let key = create(&store, &OP, meddling(&store, owned(START, "ann"))).unwrap();
        now(store.destroy(&OP, &key)).unwrap();
    });
    dropped_by(|store| {
        let first = meddling(&store, owned(START, "ann"));
        let version = first.header.version;
        let mut second = next(&first);
        second.data = Data::new();
        let key = create(&store, &OP, first).unwrap();
        now(store.save(&OP, &key, Arc::new(second), version)).unwrap();
    });
    dropped_by(|store| {
        let first = meddling(&store, owned(START, "ann"));
        let version = first.header.version;
        let mut second = next(&first);
        second.data = Data::new();
        second.header.owner = owned(START, "bob").header.owner;
        let old = create(&store, &OP, first).unwrap();
        now(store.rotate(&OP, &old, &key(), Arc::new(second), version, None)).unwrap();
    });
    dropped_by(|store| {
        create(&store, &OP, meddling(&store, owned(START, "ann"))).unwrap();
        let later = op(START + secs(30 * 3600));
        while now(store.gc(&later, 100)).unwrap().more {}
    });
    dropped_by(|store| {
        create(&store, &OP, meddling(&store, owned(START, "ann"))).unwrap();
        now(store.destroy_all_of(&OP, &OwnerKey::of("ann"), None)).unwrap();
    });
    dropped_by(|store| {
        let ann = meddling(&store, owned(START, "ann"));
        let handle = ann.header.handle;
        create(&store, &OP, ann).unwrap();
        assert!(now(store.destroy_of(&OP, &OwnerKey::of("ann"), handle)).unwrap());
    });
}

#[test]
fn values_are_dropped_outside_of_the_locks_when_others_make_room() {
    // An expired session, then an anonymous one, make room for the third.
    dropped_by(|store| {
        for _ in 0..2 {
            create(&store, &OP, meddling(&store, record(START))).unwrap();
        }
        create(&store, &OP, owned(START, "ann")).unwrap();
    });
    dropped_by(|store| {
        let later = op(START + secs(30 * 3600));
        for _ in 0..2 {
            create(&store, &OP, meddling(&store, owned(START, "ann"))).unwrap();
        }
        create(&store, &later, record(later.now)).unwrap();
    });
    // An expired session under the key of a new one.
    dropped_by(|store| {
        let later = op(START + secs(30 * 3600));
        let key = create(&store, &OP, meddling(&store, owned(START, "ann"))).unwrap();
        let bob = Arc::new(owned(later.now, "bob"));
        now(store.create(&later, &key, bob, None)).unwrap();
    });
    // One that the rule of the owner evicts.
    dropped_by(|store| {
        let rule = session::OwnerRule {
            max: std::num::NonZeroU32::MIN,
            over: session::Over::Evict,
        };
        create(&store, &OP, meddling(&store, owned(START, "ann"))).unwrap();
        let second = Arc::new(owned(START, "ann"));
        now(store.create(&OP, &key(), second, Some(rule))).unwrap();
    });
    // What is refused, and what conflicts, is dropped as well.
    dropped_by(|store| {
        now(store.destroy_all_of(&OP, &OwnerKey::of("ann"), None)).unwrap();
        let refused = Arc::new(meddling(&store, owned(START, "ann")));
        now(store.create(&OP, &key(), refused, None)).unwrap();
    });
    dropped_by(|store| {
        let first = owned(START, "ann");
        let key = create(&store, &OP, first.clone()).unwrap();
        let late = Arc::new(meddling(&store, next(&first)));
        let version = first.header.version.next();
        now(store.save(&OP, &key, Arc::clone(&late), version)).unwrap();
        let new = super::key();
        now(store.rotate(&OP, &key, &new, late, version, None)).unwrap();
    });
}
