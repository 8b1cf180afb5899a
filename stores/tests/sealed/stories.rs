//! What must hold on every store: nodes with different keys over the same sessions.

use std::sync::Arc;

use session::{
    Codec, CreateOutcome, KeyRing, OwnerKey, ReadOutcome, Record, RotateOutcome, SaveOutcome,
    SessionStore, StoreErrorKind, StoreKey, Timestamp, TouchOutcome,
};

use crate::sessions::*;
use crate::{key, sealed};

pub(crate) async fn all<S: SessionStore>(node: impl AsyncFn(Codec) -> S) {
    t35_a_key_is_promoted(&node).await;
    s21_a_key_that_is_not_there_ends_nothing(&node).await;
    what_has_expired_is_in_nobodys_way(&node).await;
    t35_a_key_is_retired(&node).await;
    s3_a_node_that_has_retired_the_key_revokes_too(&node).await;
    t36_what_is_not_sealed_is_no_session(&node).await;
    a_save_keeps_the_owner_that_is_sealed(&node).await;
    a_session_moves_and_is_stamped(&node).await;
}

async fn read<S: SessionStore>(node: &S, key: &StoreKey) -> Result<ReadOutcome, StoreErrorKind> {
    let outcome = node.read(&op(now()), key, None).await;
    outcome.map_err(|error| error.kind())
}

async fn live<S: SessionStore>(node: &S, key: &StoreKey) -> Arc<Record> {
    match read(node, key).await {
        Ok(ReadOutcome::Live(record)) => record,
        other => panic!("{other:?}"),
    }
}

fn count(record: &Record) -> u64 {
    record.data.get("count").unwrap().unwrap()
}

async fn save<S: SessionStore>(node: &S, key: &StoreKey, current: &Record, count: u64) -> Record {
    let after = next(current, count);
    let (t, version) = (op(now()), current.header.version);
    let saved = node.save(&t, key, Arc::new(after.clone()), version).await;
    assert!(matches!(saved, Ok(SaveOutcome::Saved(_))), "{saved:?}");
    after
}

/// T35: with the old key as a previous one its records open, and the next save seals them anew.
async fn t35_a_key_is_promoted<S: SessionStore>(node: impl AsyncFn(Codec) -> S) {
    let old = node(sealed()).await;
    let first = record(now());
    let at = put(&old, now(), &first).await;
    let both = node(Codec::json().sealed(KeyRing::new(key(2)).previous(key(1)))).await;
    let read = live(&both, &at).await;
    assert_eq!((&read.header, count(&read)), (&first.header, 1));
    save(&both, &at, &read, 2).await;
    let only = node(Codec::json().sealed(KeyRing::new(key(2)))).await;
    assert_eq!(count(&*live(&only, &at).await), 2);
}

/// S21: a node without the key serves nothing of the session, replaces nothing, ends it where that is asked, and lists it.
async fn s21_a_key_that_is_not_there_ends_nothing<S: SessionStore>(node: impl AsyncFn(Codec) -> S) {
    let (knows, t) = (node(sealed()).await, now());
    let owner = OwnerKey::of("s21");
    let (mine, ended) = (owned(t, "s21"), owned(t, "s21"));
    let (at, other) = (put(&knows, t, &mine).await, put(&knows, t, &ended).await);
    for (codec, kind) in [
        (
            Codec::json().sealed(KeyRing::new(key(2))),
            StoreErrorKind::UnknownKey,
        ),
        (Codec::json(), StoreErrorKind::NewerFormat),
    ] {
        let lacks = node(codec).await;
        assert_eq!(read(&lacks, &at).await.unwrap_err(), kind);
        assert!(lacks.exists(&op(t), &at).await.unwrap());
        // Nor is it handed out where somebody else has saved meanwhile.
        let (late, elsewhere) = (Arc::new(next(&mine, 9)), ended.header.version);
        let saved = lacks.save(&op(t), &at, late, elsewhere).await;
        assert_eq!(saved.unwrap_err().kind(), kind);
        let listed = lacks.sessions_of(&op(t), &owner).await.unwrap();
        assert_eq!(listed.len(), 2);
    }
    assert_eq!(count(&*live(&knows, &at).await), 1);
    let lacks = node(Codec::json().sealed(KeyRing::new(key(2)))).await;
    let handle = ended.header.handle;
    assert!(lacks.destroy_of(&op(t), &owner, handle).await.unwrap());
    assert!(matches!(
        read(&knows, &other).await,
        Ok(ReadOutcome::Gone { .. })
    ));
    assert_eq!(lacks.destroy_all_of(&op(t), &owner, None).await.unwrap(), 1);
    assert!(matches!(
        read(&knows, &at).await,
        Ok(ReadOutcome::Gone { .. })
    ));
    let out = put(&knows, t, &record(t)).await;
    lacks.destroy(&op(t), &out).await.unwrap();
    let outcome = read(&knows, &out).await;
    assert!(
        matches!(outcome, Ok(ReadOutcome::Gone { .. })),
        "{outcome:?}"
    );
}

/// What has died is absent to every node, whatever it was sealed with: the user signs in, and `gc` removes it.
async fn what_has_expired_is_in_nobodys_way<S: SessionStore>(node: impl AsyncFn(Codec) -> S) {
    let (knows, t) = (node(sealed()).await, now());
    let long_ago = Timestamp::from_millis(t.as_millis() - 7 * 24 * 3_600_000);
    let at = put(&knows, long_ago, &owned(long_ago, "expired")).await;
    let lacks = node(Codec::json().sealed(KeyRing::new(key(2)))).await;
    let outcome = read(&lacks, &at).await;
    assert!(matches!(outcome, Ok(ReadOutcome::Absent)), "{outcome:?}");
    let anew = Arc::new(record(t));
    let made = lacks.create(&op(t), &at, anew, None).await;
    assert_eq!(made.unwrap(), CreateOutcome::Created);
    assert_eq!(count(&*live(&lacks, &at).await), 1);
}

/// T35: what a retired key has sealed is no session, also where the key is still in the ring.
async fn t35_a_key_is_retired<S: SessionStore>(node: impl AsyncFn(Codec) -> S) {
    let first = record(now());
    let at = put(&node(sealed()).await, now(), &first).await;
    let without = KeyRing::new(key(2)).retired(key(1).id()).unwrap();
    for ring in [without.clone(), without.previous(key(1))] {
        let outcome = read(&node(Codec::json().sealed(ring)).await, &at).await;
        assert!(matches!(outcome, Ok(ReadOutcome::Damaged)), "{outcome:?}");
    }
}

/// S3: what a node takes for no session may be one to another that has the key still, and a revocation is of all.
async fn s3_a_node_that_has_retired_the_key_revokes_too<S: SessionStore>(
    node: impl AsyncFn(Codec) -> S,
) {
    let (knows, t) = (node(sealed()).await, now());
    let owner = OwnerKey::of("retired");
    let (one, two) = (owned(t, "retired"), owned(t, "retired"));
    let (at, other) = (put(&knows, t, &one).await, put(&knows, t, &two).await);
    let ring = KeyRing::new(key(2)).retired(key(1).id()).unwrap();
    let retires = node(Codec::json().sealed(ring)).await;
    let handle = two.header.handle;
    assert!(retires.destroy_of(&op(t), &owner, handle).await.unwrap());
    assert_eq!(
        retires.destroy_all_of(&op(t), &owner, None).await.unwrap(),
        1
    );
    for key in [at, other] {
        let outcome = read(&knows, &key).await;
        assert!(
            matches!(outcome, Ok(ReadOutcome::Gone { .. })),
            "{outcome:?}"
        );
    }
}

/// T36: no record that somebody put there in the clear is a session.
async fn t36_what_is_not_sealed_is_no_session<S: SessionStore>(node: impl AsyncFn(Codec) -> S) {
    let at = put(&node(Codec::json()).await, now(), &record(now())).await;
    let outcome = read(&node(sealed()).await, &at).await;
    assert!(matches!(outcome, Ok(ReadOutcome::Damaged)), "{outcome:?}");
}

/// A save never changes the owner: what is sealed must name the one who is stored, and not the one who was handed over.
async fn a_save_keeps_the_owner_that_is_sealed<S: SessionStore>(node: impl AsyncFn(Codec) -> S) {
    let (store, t) = (node(sealed()).await, now());
    let first = owned(t, "ann");
    let at = put(&store, t, &first).await;
    let bobs = of(first.clone(), "bob");
    save(&store, &at, &bobs, 2).await;
    let read = live(&store, &at).await;
    assert_eq!(
        (read.header.owner.clone(), count(&read)),
        (first.header.owner, 2)
    );
    let mut nobodys = (*read).clone();
    nobodys.header.owner = None;
    save(&store, &at, &nobodys, 3).await;
    assert_eq!(count(&*live(&store, &at).await), 3);
}

/// What changes in a header without a save, and a rotation to another key, leave what is sealed in order.
async fn a_session_moves_and_is_stamped<S: SessionStore>(node: impl AsyncFn(Codec) -> S) {
    let (store, t) = (node(sealed()).await, now());
    let first = owned(t, "moves");
    let at = put(&store, t, &first).await;
    let later = t + INTERVAL + INTERVAL;
    let renewed = store.read(&op(later), &at, Some(INTERVAL)).await.unwrap();
    let ReadOutcome::Live(renewed) = renewed else {
        panic!("{renewed:?}");
    };
    assert!(renewed.header.idle_deadline > first.header.idle_deadline);
    let until = renewed.header.idle_deadline + INTERVAL;
    let touched = store
        .touch(&op(later), &at, renewed.header.version, until)
        .await;
    assert_eq!(touched.unwrap(), TouchOutcome::Touched);
    let owner = OwnerKey::of("moves");
    store
        .destroy_all_of(&op(later), &owner, Some(&at))
        .await
        .unwrap();
    let stamped = live(&store, &at).await;
    assert_ne!(
        stamped.header.authenticated_at,
        first.header.authenticated_at
    );

    let new = key_after(&at);
    let (moved, version) = (next(&stamped, 2), stamped.header.version);
    let (after, now) = (Arc::new(moved.clone()), op(later));
    let rotated = store.rotate(&now, &at, &new, after, version, None).await;
    assert!(
        matches!(rotated, Ok(RotateOutcome::Saved(_))),
        "{rotated:?}"
    );
    let read = live(&store, &new).await;
    assert_eq!((&read.header, count(&read)), (&moved.header, 2));
    // A conflict hands back what stands there, opened.
    let late = Arc::new(next(&read, 9));
    let outcome = store
        .save(&op(later), &new, late, first.header.version)
        .await;
    let Ok(SaveOutcome::Conflict(current)) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(count(&current), 2);
}
