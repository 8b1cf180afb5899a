//! In a cluster a revocation lists first, and ends one by one: nobody gets away in between.

use std::sync::Arc;
use std::time::Duration;

use session::{CreateOutcome, OwnerKey, Record, RotateOutcome, SessionStore, StoreKey, Timestamp};
use session_stores::redis::RedisStore;

use crate::redis_cluster::Cluster;
use crate::redis_server::{Server, available, until};
use crate::sessions::*;

/// More than are ended at once.
const MANY: usize = 40;

/// Where the owner's set is, where sessions move, and where nothing can be written for a while.
const SET: usize = 0;
const MOVING: usize = 1;
const HALTED: usize = 2;

struct Shop {
    cluster: Cluster,
    store: Arc<RedisStore>,
    t: Timestamp,
    /// Whose set is where it should be.
    ann: String,
}

impl Shop {
    async fn new() -> Self {
        let cluster = Cluster::start();
        // Slow is not wrong.
        let builder = RedisStore::builder().response_timeout(Duration::from_secs(30));
        let store = Arc::new(builder.cluster(cluster.urls()).await.unwrap());
        let mut owners = (0..).map(|n| format!("owner {n}"));
        let here = |owner: &String| {
            let name = name("owner", owner);
            let exists = [b"EXISTS", name.as_bytes()];
            cluster.nodes[SET].try_command::<u64>(&exists).is_ok()
        };
        let ann = owners.find(here).unwrap();
        let t = now();
        Self {
            cluster,
            store,
            t,
            ann,
        }
    }

    fn set(&self) -> &Server {
        &self.cluster.nodes[SET]
    }

    fn halt(&self) {
        self.cluster.nodes[HALTED].command::<String>(&[b"CLIENT", b"PAUSE", b"60000", b"WRITE"]);
    }

    fn go_on(&self) {
        self.cluster.nodes[HALTED].command::<String>(&[b"CLIENT", b"UNPAUSE"]);
    }

    async fn put(&self, node: usize, record: &Record) -> StoreKey {
        let (key, record) = (self.cluster.key_on(node), Arc::new(record.clone()));
        let made = self.store.create(&op(self.t), &key, record, None).await;
        assert_eq!(made.unwrap(), CreateOutcome::Created);
        key
    }

    async fn rotate(&self, old: &StoreKey, current: &Record, next: &Record) -> StoreKey {
        let (new, expected) = (key_after(old), current.header.version);
        let (op, next) = (op(self.t), Arc::new(next.clone()));
        let rotated = self.store.rotate(&op, old, &new, next, expected, None);
        let rotated = rotated.await.unwrap();
        assert!(matches!(rotated, RotateOutcome::Saved(_)), "{rotated:?}");
        new
    }

    fn revoke(&self, except: Option<StoreKey>) -> tokio::task::JoinHandle<u64> {
        let (store, t, ann) = (Arc::clone(&self.store), self.t, OwnerKey::of(&self.ann));
        tokio::spawn(async move {
            let ended = store.destroy_all_of(&op(t), &ann, except.as_ref()).await;
            ended.unwrap()
        })
    }
}

fn name(what: &str, owner: &str) -> String {
    let owner = OwnerKey::of(owner);
    let hex = owner.as_bytes().iter().map(|byte| format!("{byte:02x}"));
    format!("sess:{what}:{{{}}}", hex.collect::<String>())
}

/// S3: a session is listed by one revocation, excepted by another, and rotates before the first one comes to it: it
/// ends. One that is somebody else's by then does not.
#[tokio::test(flavor = "multi_thread")]
async fn s3_nobody_is_excepted_from_a_revocation_that_has_listed() {
    if !available() {
        return;
    }
    let shop = Shop::new().await;
    let (store, t) = (&*shop.store, shop.t);
    for _ in 0..MANY {
        shop.put(HALTED, &owned(t, &shop.ann)).await;
    }
    let first = owned(t, &shop.ann);
    let key = shop.put(MOVING, &first).await;
    let other = shop.put(MOVING, &first).await;
    shop.halt();
    let all = shop.revoke(None);
    until("the revocation has listed", || {
        let revoked = name("revoked", &shop.ann);
        shop.set().command::<u64>(&[b"EXISTS", revoked.as_bytes()]) == 1
    });
    let but_one = shop.revoke(Some(key));
    let stamped = loop {
        let found = live(store, t, &key).await.expect("not ended before");
        if found.header.authenticated_at > t {
            break found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let second = next(&stamped, 2);
    let between = shop.rotate(&key, &stamped, &second).await;
    let moved = shop.rotate(&between, &second, &next(&second, 3)).await;
    let bobs = shop.rotate(&other, &first, &owned(t, "bob")).await;
    shop.go_on();
    let ended = all.await.unwrap() + but_one.await.unwrap();
    for key in [key, between, moved, other] {
        assert!(live(store, t, &key).await.is_none(), "a session lives");
    }
    assert_eq!(ended, MANY as u64 + 1);
    assert!(live(store, t, &bobs).await.is_some());
    let (ann, bob) = (OwnerKey::of(&shop.ann), OwnerKey::of("bob"));
    assert_eq!(store.sessions_of(&op(t), &ann).await.unwrap(), []);
    assert_eq!(store.sessions_of(&op(t), &bob).await.unwrap().len(), 1);
    let left = name("owner", &shop.ann);
    assert_eq!(shop.set().command::<u64>(&[b"EXISTS", left.as_bytes()]), 0);
}

/// A session whose former key is still on the list is spared under its own.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_spared_is_not_come_upon_by_its_former_key() {
    if !available() {
        return;
    }
    let shop = Shop::new().await;
    let (store, t, ann) = (&*shop.store, shop.t, OwnerKey::of(&shop.ann));
    let first = owned(t, &shop.ann);
    let key = shop.put(MOVING, &first).await;
    let set = name("owner", &shop.ann);
    let listed: Vec<Vec<u8>> = shop.set().command(&[b"HGETALL", set.as_bytes()]);
    let moved = shop.rotate(&key, &first, &next(&first, 2)).await;
    // As if whoever rotated it had not come to tidy up.
    shop.set()
        .command::<u64>(&[b"HSET", set.as_bytes(), &listed[0], &listed[1]]);
    let ended = store.destroy_all_of(&op(t), &ann, Some(&moved)).await;
    assert_eq!(ended.unwrap(), 0);
    assert!(live(store, t, &moved).await.is_some());
    assert_eq!(store.sessions_of(&op(t), &ann).await.unwrap().len(), 1);
}
