//! The bound on sessions, and what happens at it (T57).

use session::ReadOutcome;

use super::*;

/// A store for so many sessions that is full of anonymous ones, one second apart.
fn full(max: usize) -> (MemoryStore, Vec<StoreKey>) {
    let store = MemoryStore::builder().max_sessions(max).build();
    let begins = |n: usize| START + Duration::from_millis(n as u64);
    let keys = (0..max).map(|n| create(&store, &OP, record(begins(n))).unwrap());
    let keys = keys.collect();
    assert_eq!(store.len(), max);
    (store, keys)
}

#[test]
fn t57_a_flood_of_anonymous_sessions_is_bounded_and_harms_nobody_who_is_signed_in() {
    let store = MemoryStore::builder().max_sessions(1_000).build();
    let users: Vec<_> = (0..300)
        .map(|n| create(&store, &OP, owned(START, &format!("user{n}"))).unwrap())
        .collect();
    let mut refused = 0;
    for _ in 0..10_000 {
        match create(&store, &OP, record(START)) {
            Ok(_) => {}
            Err(kind) => {
                assert_eq!(kind, StoreErrorKind::Full);
                refused += 1;
            }
        }
        assert!(store.len() <= 1_000);
    }
    assert_eq!(refused, 9_300);
    assert!(users.iter().all(|key| exists(&store, &OP, key)));
    // Signed-in sessions go on: they are read, saved and rotated, and new ones get in.
    for (n, key) in users.iter().enumerate() {
        let ReadOutcome::Live(read) = now(store.read(&OP, key, None)).unwrap() else {
            panic!("a signed-in session was taken");
        };
        let version = read.header.version;
        let new = StoreKey::from_parts(*super::key().hash(), key.tag());
        let moved = Arc::new(next(&read));
        now(store.rotate(&OP, key, &new, moved, version, None)).unwrap();
        assert!(exists(&store, &OP, &new));
        create(&store, &OP, owned(START, &format!("late{n}"))).unwrap();
    }
    assert_eq!(store.len(), 1_000);
}

#[test]
fn t57_what_has_expired_makes_room_first() {
    let (store, keys) = full(500);
    assert_eq!(
        create(&store, &OP, record(START)),
        Err(StoreErrorKind::Full)
    );
    // The first hundred have expired, and nobody has swept.
    let first_hundred = record(START).header.idle_deadline + Duration::from_millis(99);
    let later = op(first_hundred);
    for _ in 0..100 {
        create(&store, &later, record(later.now)).unwrap();
    }
    assert_eq!(
        create(&store, &later, record(later.now)),
        Err(StoreErrorKind::Full)
    );
    assert!(keys[100..].iter().all(|key| exists(&store, &later, key)));
    assert_eq!(store.len(), 500);
}

#[test]
fn t57_a_renewed_session_is_not_taken_for_an_expired_one() {
    let (store, keys) = full(200);
    let later = op(START + secs(3_600));
    for key in &keys {
        now(store.read(&later, key, Some(secs(180)))).unwrap();
    }
    let much_later = op(START + secs(7_000));
    let refused = create(&store, &much_later, record(much_later.now));
    assert_eq!(refused, Err(StoreErrorKind::Full));
    assert!(keys.iter().all(|key| exists(&store, &much_later, key)));
}

#[test]
fn t57_who_signs_in_takes_the_place_of_an_anonymous_session_and_never_of_a_signed_in_one() {
    let (store, anonymous) = full(300);
    let mut users = Vec::new();
    for n in 0..300 {
        users.push(create(&store, &OP, owned(START, &format!("user{n}"))).unwrap());
        let left = anonymous.iter().filter(|key| exists(&store, &OP, key));
        assert_eq!(left.count(), 299 - n);
    }
    // Nobody is left who could make room.
    assert_eq!(
        create(&store, &OP, owned(START, "late")),
        Err(StoreErrorKind::Full)
    );
    assert_eq!(
        create(&store, &OP, record(START)),
        Err(StoreErrorKind::Full)
    );
    assert!(users.iter().all(|key| exists(&store, &OP, key)));
    assert_eq!(
        now(store.sessions_of(&OP, &OwnerKey::of("late"))).unwrap(),
        []
    );
    // A sign-out makes room again.
    now(store.destroy(&OP, &users[7])).unwrap();
    create(&store, &OP, record(START)).unwrap();
}

#[test]
fn t57_of_a_shard_the_longest_unseen_session_goes() {
    let (store, keys) = full(64 * 20);
    let seen = op(START + secs(600));
    for key in &keys[640..] {
        now(store.read(&seen, key, Some(secs(180)))).unwrap();
    }
    for n in 0..64 {
        create(&store, &seen, owned(START, &format!("user{n}"))).unwrap();
    }
    // One of each of the 64 shards, in which the unseen half is spread: none of them is without one.
    assert!(keys[640..].iter().all(|key| exists(&store, &seen, key)));
}

#[test]
fn s11_a_creation_that_took_the_last_place_can_be_repeated() {
    let store = MemoryStore::builder().max_sessions(1).build();
    let (key, made) = (key(), Arc::new(record(START)));
    for _ in 0..3 {
        let outcome = now(store.create(&OP, &key, Arc::clone(&made), None)).unwrap();
        assert_eq!(outcome, CreateOutcome::Created);
    }
    let other = now(store.create(&OP, &key, Arc::new(record(START)), None)).unwrap();
    assert_eq!(other, CreateOutcome::Exists);
    now(store.destroy(&OP, &key)).unwrap();
    let gone = now(store.create(&OP, &key, made, None)).unwrap();
    assert_eq!(gone, CreateOutcome::Gone);
    assert_eq!(store.len(), 0);
}

#[test]
fn a_full_store_still_rotates_signs_in_and_signs_out() {
    let (store, keys) = full(100);
    let ReadOutcome::Live(read) = now(store.read(&OP, &keys[0], None)).unwrap() else {
        panic!("it is live");
    };
    let mut ann = next(&read);
    ann.header.owner = owned(START, "ann").header.owner;
    let (new, version) = (key(), read.header.version);
    let rotate = store.rotate(&OP, &keys[0], &new, Arc::new(ann), version, None);
    assert!(matches!(
        now(rotate).unwrap(),
        session::RotateOutcome::Saved(_)
    ));
    assert_eq!(store.len(), 100);
    now(store.destroy(&OP, &new)).unwrap();
    assert_eq!(store.len(), 99);
}

#[test]
fn the_place_of_a_refused_session_is_given_back() {
    let store = MemoryStore::builder().max_sessions(10).build();
    now(store.destroy_all_of(&OP, &OwnerKey::of("ann"), None)).unwrap();
    for _ in 0..100 {
        let revoked = Arc::new(owned(START, "ann"));
        let outcome = now(store.create(&OP, &key(), revoked, None)).unwrap();
        assert_eq!(outcome, CreateOutcome::OwnerRevoked);
    }
    assert!(store.is_empty());
}

#[test]
fn tombstones_have_a_bound_of_their_own_and_the_latest_stay() {
    let store = MemoryStore::builder().max_sessions(10).build();
    let bound = 64 * crate::memory::tombs::MAX_TOMBS;
    let (live, _) = (create(&store, &OP, record(START)).unwrap(), ());
    let dead: Vec<_> = (0..4 * bound).map(|_| key()).collect();
    for key in &dead {
        now(store.destroy(&OP, key)).unwrap();
    }
    let gone = |key: &&StoreKey| {
        let read = now(store.read(&OP, key, None)).unwrap();
        matches!(read, ReadOutcome::Gone { .. })
    };
    assert_eq!(dead.iter().filter(gone).count(), bound);
    assert_eq!(
        dead[3 * bound + bound / 2..].iter().filter(gone).count(),
        bound / 2
    );
    assert!(exists(&store, &OP, &live));
}
