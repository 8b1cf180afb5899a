//! Owners: how `create` and `rotate` move sessions between their sets.

use super::caller::{count, key_after, next, owned, record, secs, signed_in, start};
use super::{Caller, Fixture};
use crate::store::RotateOutcome;

/// The owner changes from `from` to `to` by a rotation: whose sets the session stands in is checked on the way.
async fn changes<F: Fixture>(store: Caller<F>, from: Option<&str>, to: Option<&str>) {
    let t = start();
    let before = signed_in(record(t), t, from);
    let old = store.put(t, &before).await;
    let bystanders = [owned(t + secs(1), "ann"), owned(t + secs(1), "bob")];
    for bystander in &bystanders {
        store.put(t, bystander).await;
    }
    let now = t + secs(5);
    let new = key_after(&old);
    let after = signed_in(next(&before, 2), now, to);
    store.moved(now, (&old, &new), &after).await;
    let read = store.live(now, &new).await;
    assert_eq!((&read.header, count(&read)), (&after.header, 2));
    for (owner, bystander) in ["ann", "bob"].into_iter().zip(&bystanders) {
        let mut expected = vec![bystander.header.handle];
        if to == Some(owner) {
            expected.insert(0, after.header.handle);
        }
        assert_eq!(store.handles(now, owner).await, expected, "of {owner}");
    }
    // The sets hold the new key: revocation finds the session where it is, and only its own owner's does.
    let ann = store.destroy_all_of(now, "ann", None).await;
    assert_eq!(ann, 1 + u64::from(to == Some("ann")));
    assert_eq!(store.exists(now, &new).await, to != Some("ann"));
    let bob = store.destroy_all_of(now, "bob", None).await;
    assert_eq!(bob, 1 + u64::from(to == Some("bob")));
    assert_eq!(store.exists(now, &new).await, to.is_none());
}

/// T11: somebody signs in.
pub async fn t11_none_to_ann<F: Fixture>(store: Caller<F>) {
    changes(store, None, Some("ann")).await;
}

/// T13: the same owner again, or a new id for no other reason.
pub async fn t13_ann_to_ann<F: Fixture>(store: Caller<F>) {
    changes(store, Some("ann"), Some("ann")).await;
}

/// T13: another owner takes over.
pub async fn t13_ann_to_bob<F: Fixture>(store: Caller<F>) {
    changes(store, Some("ann"), Some("bob")).await;
}

/// T13: the owner is cleared.
pub async fn t13_ann_to_none<F: Fixture>(store: Caller<F>) {
    changes(store, Some("ann"), None).await;
}

/// A rotation without owners touches nobody's set.
pub async fn none_to_none<F: Fixture>(store: Caller<F>) {
    changes(store, None, None).await;
}

/// S3: a refused change of owner leaves the session with its former owner, in data and in sets.
pub async fn s3_a_refused_change_changes_nothing<F: Fixture>(store: Caller<F>) {
    let t = start();
    let ann = owned(t, "ann");
    let old = store.put(t, &ann).await;
    store.destroy_all_of(t + secs(9), "bob", None).await;
    let new = key_after(&old);
    let bob = signed_in(next(&ann, 2), t + secs(8), Some("bob"));
    let now = t + secs(10);
    let outcome = store
        .rotate(now, (&old, &new), &bob, ann.header.version)
        .await;
    assert!(
        matches!(outcome, RotateOutcome::OwnerRevoked),
        "{outcome:?}"
    );
    assert_eq!(store.live(now, &old).await.header, ann.header);
    store.absent(now, &new).await;
    assert_eq!(store.handles(now, "ann").await, [ann.header.handle]);
    assert_eq!(store.list(now, "bob").await, []);
    assert_eq!(store.destroy_all_of(now, "ann", None).await, 1);
    assert!(!store.exists(now, &old).await);
}

/// A session that moves many times is in its owner's set once, and the set does not keep what has gone.
pub async fn a_set_does_not_grow_by_rotation<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mut current = owned(t, "ann");
    let mut key = store.put(t, &current).await;
    for count in 2..40 {
        let moved = next(&current, count);
        let new = key_after(&key);
        store.moved(t, (&key, &new), &moved).await;
        (current, key) = (moved, new);
    }
    assert_eq!(store.handles(t, "ann").await, [current.header.handle]);
    assert_eq!(store.destroy_all_of(t, "ann", None).await, 1);
    assert!(!store.exists(t, &key).await);
}
