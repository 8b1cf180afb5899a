//! `sessions_of` and `destroy_of`: what an owner sees, and the sign-out of one device.

use super::caller::{GRACE, LIFETIME, count, fresh_key, key_after, next, op, owned};
use super::caller::{record, secs, start};
use super::{Caller, Fixture};
use crate::base64url;
use crate::id::{SessionId, StoreKey};
use crate::record::SessionHandle;
use crate::store::{SessionInfo, SessionStore, StoreErrorKind};

/// T29: the live sessions of that owner, oldest first, as their headers say.
pub async fn t29_lists_the_oldest_first<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mut expected = Vec::new();
    for (begins, label) in [(3, Some("phone")), (1, None), (2, Some("näher am Büro"))] {
        let mut record = owned(t + secs(begins), "ann");
        record.header.label = label.map(Into::into);
        store.put(t + secs(5), &record).await;
        expected.push(SessionInfo::of(&record.header));
    }
    expected.sort_by_key(|info| info.created);
    store.put(t, &owned(t, "bob")).await;
    store.put(t, &record(t)).await;
    assert_eq!(store.list(t + secs(5), "ann").await, expected);
    assert_eq!(store.list(t + secs(5), "carol").await, []);
}

/// T29: what is dead is not listed, whatever it died of.
pub async fn t29_lists_no_dead<F: Fixture>(store: Caller<F>) {
    let t = start();
    let expiring = owned(t, "ann");
    store.put(t, &expiring).await;
    let now = expiring.header.idle_deadline;
    let destroyed = store.put(now, &owned(now, "ann")).await;
    let rotated = store.put(now, &owned(now, "ann")).await;
    let kept = owned(now, "ann");
    store.put(now, &kept).await;
    assert_eq!(store.list(now, "ann").await.len(), 3);
    store.destroy(now, &destroyed).await;
    let away = (&rotated, &key_after(&rotated));
    store.moved(now, away, &record(now)).await;
    assert_eq!(store.handles(now, "ann").await, [kept.header.handle]);
}

/// What a listing shows is what stands now: the label of the last save, the request of the last renewal.
pub async fn shows_saves_and_renewals<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = owned(t, "ann");
    let key = store.put(t, &first).await;
    let mut second = next(&first, 2);
    second.header.label = Some("laptop".into());
    store.save(t, &key, &second, first.header.version).await;
    let list = store.list(t, "ann").await;
    assert_eq!(list, [SessionInfo::of(&second.header)]);
    let now = t + secs(1800);
    store.renew(now, &key).await;
    assert_eq!(store.list(now, "ann").await[0].last_seen, now);
    let later = t + secs(2400);
    let deadline = later + LIFETIME.idle;
    store
        .touch(later, &key, second.header.version, deadline)
        .await;
    assert_eq!(store.list(later, "ann").await[0].last_seen, later);
}

/// T29: a handle signs out the session that it names, and only that.
pub async fn t29_a_handle_destroys_its_session<F: Fixture>(store: Caller<F>) {
    let t = start();
    let (phone, laptop) = (owned(t, "ann"), owned(t + secs(1), "ann"));
    let key = store.put(t, &phone).await;
    let other = store.put(t + secs(1), &laptop).await;
    let now = t + secs(2);
    assert!(store.destroy_of(now, "ann", phone.header.handle).await);
    assert_eq!(store.gone(now, &key).await, None);
    assert!(!store.exists(now + GRACE, &key).await);
    assert_eq!(count(&*store.live(now, &other).await), 1);
    assert_eq!(store.handles(now, "ann").await, [laptop.header.handle]);
    // The second time there is nothing left to destroy.
    assert!(!store.destroy_of(now, "ann", phone.header.handle).await);
}

/// T29: a handle works within its owner only.
pub async fn t29_a_handle_is_nothing_to_others<F: Fixture>(store: Caller<F>) {
    let t = start();
    let ann = owned(t, "ann");
    let key = store.put(t, &ann).await;
    store.put(t, &owned(t, "bob")).await;
    let nobody = record(t);
    let nobodys = store.put(t, &nobody).await;
    for owner in ["bob", "carol"] {
        assert!(!store.destroy_of(t, owner, ann.header.handle).await);
        assert!(!store.destroy_of(t, owner, nobody.header.handle).await);
    }
    let unknown = SessionHandle::generate();
    assert!(!store.destroy_of(t, "ann", unknown).await);
    assert!(store.exists(t, &key).await && store.exists(t, &nobodys).await);
}

/// A handle goes with its session through rotations, and dies with it.
pub async fn a_handle_follows_its_session<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = owned(t, "ann");
    let old = store.put(t, &first).await;
    let new = key_after(&old);
    store.moved(t, (&old, &new), &next(&first, 2)).await;
    let handle = first.header.handle;
    assert!(store.destroy_of(t, "ann", handle).await);
    assert!(!store.exists(t, &new).await);
    assert_eq!(store.gone(t, &old).await, Some(new));

    let expiring = owned(t, "ann");
    store.put(t, &expiring).await;
    let now = expiring.header.idle_deadline;
    assert!(!store.destroy_of(now, "ann", expiring.header.handle).await);
}

/// S21: a session that a newer release wrote is no reason to show none, and ends with the others of its owner. If it is
/// listed, its handle works.
pub async fn s21_what_is_newer_hides_nobody_and_ends<F: Fixture>(store: Caller<F>) {
    let t = start();
    for (owner, spares) in [("ann", false), ("bob", true)] {
        let (phone, tablet) = (owned(t, owner), owned(t + secs(1), owner));
        let laptop = owned(t + secs(2), owner);
        let now = t + secs(3);
        let newer = [store.put(now, &phone).await, store.put(now, &tablet).await];
        let other = store.put(now, &laptop).await;
        for key in &newer {
            if !store.make_newer(key).await {
                return;
            }
            let read = store.store().read(&op(now), key, None).await;
            let failure = read.expect_err("it is newer").kind();
            assert_eq!(failure, StoreErrorKind::NewerFormat);
        }
        let listed = store.list(now, owner).await;
        assert_eq!(listed.last(), Some(&SessionInfo::of(&laptop.header)));
        if listed.len() > 1 {
            let expected = [&phone, &tablet, &laptop].map(|r| SessionInfo::of(&r.header));
            assert_eq!(listed, expected);
            assert!(store.destroy_of(now, owner, phone.header.handle).await);
            let left = [tablet.header.handle, laptop.header.handle];
            assert_eq!(store.handles(now, owner).await, left);
        }
        let spared = spares.then_some(&other);
        store.destroy_all_of(now, owner, spared).await;
        for key in &newer {
            assert_eq!(store.gone(now, key).await, None);
        }
        assert_eq!(store.exists(now, &other).await, spares);
        assert_eq!(store.list(now, owner).await.len(), usize::from(spares));
    }
}

/// T30, T31: what the store holds authenticates nobody: the id is not in it, and a stored hash is no id.
pub async fn t30_t31_what_is_stored_is_no_credential<F: Fixture>(store: Caller<F>) {
    let t = start();
    let id = SessionId::generate().expect("the generator works");
    let key = id.store_key();
    store.create(t, &key, &owned(t, "ann")).await;
    let new = key_after(&key);
    store.moved(t, (&key, &new), &owned(t, "ann")).await;
    store.create(t, &fresh_key(), &owned(t, "ann")).await;
    for stored in [&key, &new] {
        let mut text = [0; base64url::encoded_len(32)];
        base64url::encode(stored.hash(), &mut text);
        let replayed: StoreKey = SessionId::parse(&text)
            .map(|id| id.store_key())
            .expect("an id");
        store.absent(t, &replayed).await;
    }
    if let Some(dump) = store.dump().await {
        let text = id.expose_secret();
        for secret in [text.as_str().as_bytes(), &id.bytes()[2..]] {
            let found = dump.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "the store holds the id");
        }
    }
}
