//! What a store keeps and lets go where its engine has no room left (T46, S16).

use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{
    OwnerKey, ReadOutcome, Record, RotateOutcome, SaveOutcome, SessionStore, StoreError,
    StoreErrorKind, StoreKey, Timestamp,
};

use crate::sessions::*;

/// Text of which an engine that packs what it stores saves little.
fn text(len: usize) -> String {
    let mut state = 1u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'!' + (state >> 33) as u8 % 90)
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn sized(t: Timestamp, len: usize) -> Record {
    let mut record = owned(t, "ann");
    record.data.insert("text", text(len));
    record
}

/// Why it was refused; `None` if it was `done`.
fn kind<T>(answer: Result<T, StoreError>, done: impl Fn(&T) -> bool) -> Option<StoreErrorKind> {
    match answer {
        Ok(outcome) => {
            assert!(done(&outcome));
            None
        }
        Err(error) => Some(error.kind()),
    }
}

/// Makes sessions until there is no room for one more.
pub(crate) async fn fill<S: SessionStore>(
    store: &S,
    t: Timestamp,
    len: usize,
) -> (Vec<(StoreKey, Record)>, StoreErrorKind) {
    let (mut sessions, at) = (Vec::new(), op(t));
    loop {
        let (key, record) = (fresh_key(), sized(t, len));
        let made = store.create(&at, &key, Arc::new(record.clone()), None);
        match made.await {
            Ok(_) => sessions.push((key, record)),
            Err(error) => return (sessions, error.kind()),
        }
        assert!(sessions.len() * len < 64 << 20, "there is always room");
    }
}

/// What was acknowledged stands, what is refused has changed nothing, and who leaves has left. Once there is `room`, all
/// is as before. How many sessions were to grow while there was none, and how many of them were refused it.
pub(crate) async fn lives_out_a_full_engine<S: SessionStore>(
    store: &S,
    (len, growth): (usize, usize),
    full: StoreErrorKind,
    room: impl Fn(),
) -> (u32, u32) {
    let t = now();
    let at = op(t);
    let mut bobs = Vec::new();
    for _ in 0..30 {
        bobs.push(put(store, t, &owned(t, "bob")).await);
    }
    let (sessions, refused) = fill(store, t, len).await;
    println!("{} sessions of {len} bytes", sessions.len());
    assert_eq!(refused, full);
    assert!(sessions.len() > 10, "{} sessions", sessions.len());
    let (mut spared, kept) = (sessions[0].clone(), &sessions[1..]);
    let more = text(growth);
    let grown = |first: &Record| {
        let mut grown = next(first, 2);
        grown.data.insert("more", more.clone());
        Arc::new(grown)
    };
    let (mut changes, mut refusals) = (0, 0);
    for (n, (key, record)) in kept.iter().enumerate() {
        let found = live(store, t, key).await.expect("it was acknowledged");
        assert_eq!(found.header, record.header);
        let left = store.destroy(&at, key).await;
        assert_eq!(left.unwrap(), None, "the {n}th");
        assert!(live(store, t, key).await.is_none(), "the {n}th lives");
        if n % 20 > 0 {
            continue;
        }
        // What is refused stands as it was, and what is not is all there.
        for rotates in [false, true] {
            let (key, first) = &spared;
            let (new, second, version) = (key_after(key), grown(first), first.header.version);
            let refused = if rotates {
                let rotate = store.rotate(&at, key, &new, second.clone(), version, None);
                kind(rotate.await, |done| matches!(done, RotateOutcome::Saved(_)))
            } else {
                let save = store.save(&at, key, second.clone(), version);
                kind(save.await, |done| matches!(done, SaveOutcome::Saved(_)))
            };
            let next = match refused {
                None if rotates => (new, (*second).clone()),
                None => (*key, (*second).clone()),
                Some(_) => (*key, first.clone()),
            };
            let lives = [live(store, t, key).await, live(store, t, &new).await];
            let expected = [next.0 == *key, next.0 == new].map(|it| it.then_some(&next.1.header));
            let lives = [&lives[0], &lives[1]].map(|record| record.as_ref().map(|r| &r.header));
            assert_eq!(lives, expected, "after the {n}th, {refused:?}");
            assert!(refused.is_none_or(|kind| kind == full), "{refused:?}");
            changes += 1;
            refusals += u32::from(refused.is_some());
            spared = next;
        }
        let found = store
            .read(&op(t + INTERVAL), &spared.0, Some(INTERVAL))
            .await;
        let Ok(ReadOutcome::Live(found)) = found else {
            panic!("{found:?}");
        };
        assert_eq!(found.header.commit_id, spared.1.header.commit_id);
        spared.1.header = found.header.clone();
    }
    assert!(refusals > 0);
    let bob = OwnerKey::of("bob");
    let listed = store.sessions_of(&at, &bob).await.unwrap();
    let one = store.destroy_of(&at, &bob, listed[0].handle).await;
    assert!(one.unwrap());
    let others = store.destroy_all_of(&at, &bob, None).await.unwrap();
    assert_eq!(others, bobs.len() as u64 - 1);

    room();
    let (later, start) = (t + INTERVAL, Instant::now());
    let at = op(later);
    let made = loop {
        let key = fresh_key();
        let made = store.create(&at, &key, Arc::new(sized(later, len)), None);
        match made.await {
            Ok(_) => break key,
            Err(error) => assert!(start.elapsed() < Duration::from_secs(30), "{error:?}"),
        }
    };
    assert!(live(store, later, &made).await.is_some());
    let (key, first) = spared;
    let (new, second, version) = (key_after(&key), grown(&first), first.header.version);
    let save = store.save(&at, &key, second.clone(), version).await;
    assert!(matches!(save, Ok(SaveOutcome::Saved(_))), "{save:?}");
    let (third, version) = (grown(&second), second.header.version);
    let rotate = store.rotate(&at, &key, &new, third, version, None);
    assert!(matches!(rotate.await, Ok(RotateOutcome::Saved(_))));
    for key in kept.iter().map(|(key, _)| key).chain(&bobs) {
        assert!(live(store, later, key).await.is_none(), "a dead one lives");
    }
    (changes, refusals)
}
