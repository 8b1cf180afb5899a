//! In a cluster a sign-in beyond the limit first claims the places of those who have to go, and ends them one by one
//! once it is stored: nobody gets away in between, and no two end each other.

use std::future::poll_fn;
use std::num::NonZeroU32;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use session::{
    CreateOutcome, Over, OwnerKey, OwnerRule, Record, RotateOutcome, SessionStore, StoreError,
    StoreKey, Timestamp,
};
use session_stores::redis::RedisStore;
use session_stores::redis::driver as redis;
use tokio::time::sleep;

use crate::redis_cluster::Cluster;
use crate::redis_server::available;
use crate::sessions::*;

/// How long others get to do what they should not.
const A_WHILE: Duration = Duration::from_millis(100);
/// Slow is not wrong.
const PATIENCE: Duration = Duration::from_secs(30);

fn at_most(max: u32) -> Option<OwnerRule> {
    let (max, over) = (NonZeroU32::new(max).unwrap(), Over::Evict);
    Some(OwnerRule { max, over })
}

/// How far a sign-in has come.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// It is in its owner's set, and has claimed places there.
    Entered,
    /// Its record is stored, and those whose places it claimed still live.
    Stored,
    /// They have ended, and still stand in the set.
    Ended,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An owner whom no other test knows, and the store that keeps her sessions.
struct Shop {
    store: RedisStore,
    t: Timestamp,
    ann: String,
}

impl Shop {
    async fn new(ann: &str, timeout: Duration) -> Self {
        let builder = RedisStore::builder().response_timeout(timeout);
        let store = builder.cluster(Cluster::shared().urls()).await.unwrap();
        let (t, ann) = (now(), ann.to_owned());
        Self { store, t, ann }
    }

    /// Ann's next session; each begins a second after the one before.
    fn session(&mut self) -> Record {
        self.t = self.t + Duration::from_secs(1);
        owned(self.t, &self.ann)
    }

    async fn sign_in(&self, key: &StoreKey, record: &Record, max: u32) -> CreateOutcome {
        let record = Arc::new(record.clone());
        let made = self
            .store
            .create(&op(self.t), key, record, at_most(max))
            .await;
        made.unwrap()
    }

    /// Gives the session that stands under `old` the id of `new`, as a rotation or as a sign-in under a limit.
    async fn rotate(
        &self,
        (old, new): (&StoreKey, &StoreKey),
        current: &Record,
        next: &Record,
        bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        let (op, next) = (op(self.t), Arc::new(next.clone()));
        let version = current.header.version;
        self.store.rotate(&op, old, new, next, version, bind).await
    }

    /// Asks whichever node knows.
    fn ask<T: redis::FromRedisValue>(&self, words: &[&[u8]]) -> T {
        let mut nodes = Cluster::shared().nodes.iter();
        nodes.find_map(|node| node.try_command(words).ok()).unwrap()
    }

    /// What stands under a key: `R`, a record, or `T`, a tombstone, or nothing.
    fn kind(&self, key: &StoreKey) -> String {
        let name = format!("sess:{{{}}}:{}", hex(&key.tag()), hex(key.hash()));
        self.ask(&[b"GETRANGE", name.as_bytes(), b"0", b"0"])
    }

    /// Goes on with a sign-in as `new`, or instead of `old`, until it has come so far, and not a command further.
    async fn step<F: Future>(
        &self,
        mut sign_in: Pin<&mut F>,
        (old, new): (&StoreKey, &StoreKey),
        stage: Stage,
    ) {
        let set = format!("sess:owner:{{{}}}", hex(OwnerKey::of(&self.ann).as_bytes()));
        let reached = || match stage {
            Stage::Entered => self.ask::<u64>(&[b"HLEN", set.as_bytes()]) == 2,
            Stage::Stored => self.kind(new) == "R",
            Stage::Ended => self.kind(old) == "T",
        };
        // On one thread nobody answers while it is polled, so that whoever looks before each step sees every state.
        poll_fn(|context| match reached() {
            true => Poll::Ready(()),
            false => match sign_in.as_mut().poll(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(_) => panic!("{stage:?} has gone by unseen"),
            },
        })
        .await;
    }

    /// Which of these live. Nobody else does.
    async fn living<const N: usize>(&self, keys: [&StoreKey; N]) -> [bool; N] {
        let mut living = [false; N];
        for (key, lives) in keys.iter().zip(&mut living) {
            *lives = self.store.exists(&op(self.t), key).await.unwrap();
        }
        let ann = OwnerKey::of(&self.ann);
        let listed = self.store.sessions_of(&op(self.t), &ann).await.unwrap();
        let count = living.iter().filter(|lives| **lives).count();
        assert_eq!(listed.len(), count, "the listing tells of others");
        living
    }
}

/// A session whose place is claimed rotates twice before it is ended, or is made again first, as its answer was lost: it
/// ends all the same.
#[tokio::test]
async fn whose_place_is_claimed_does_not_rotate_out_of_it() {
    if !available() {
        return;
    }
    for (stage, repeated) in [
        (Stage::Entered, false),
        (Stage::Stored, false),
        (Stage::Stored, true),
    ] {
        let ann = format!("rotating, {stage:?}, {repeated}");
        let mut shop = Shop::new(&ann, PATIENCE).await;
        let begun = shop.session();
        let former = put(&shop.store, shop.t, &begun).await;
        let (old, first) = (key_after(&former), next(&begun, 2));
        let made = || shop.rotate((&former, &old), &begun, &first, None);
        assert!(matches!(made().await, Ok(RotateOutcome::Saved(_))));
        let (new, second) = (fresh_key(), owned(shop.t + A_WHILE, &ann));
        let mut sign_in = pin!(shop.sign_in(&new, &second, 1));
        shop.step(sign_in.as_mut(), (&old, &new), stage).await;

        let (moved, again) = (key_after(&old), key_after(&old));
        let rotated = next(&first, 2);
        let rotations = async {
            if repeated {
                made().await.unwrap();
            }
            let once = shop.rotate((&old, &moved), &first, &rotated, None).await;
            let third = next(&rotated, 3);
            let twice = shop.rotate((&moved, &again), &rotated, &third, None).await;
            [once.unwrap(), twice.unwrap()]
        };
        let late = async {
            sleep(A_WHILE).await;
            sign_in.await
        };
        let (rotations, made) = tokio::join!(rotations, late);
        assert_eq!(made, CreateOutcome::Created);
        let living = shop.living([&old, &moved, &again, &new]).await;
        assert_eq!(living, [false, false, false, true], "{ann}");
        for outcome in rotations {
            assert!(matches!(outcome, RotateOutcome::Gone), "{outcome:?}");
        }
    }
}

/// The one who has to go signs in again meanwhile, and the other way round: one of the two lives, and one only.
#[tokio::test]
async fn two_sign_ins_at_once_do_not_end_each_other() {
    if !available() {
        return;
    }
    for (stage, of_old) in [
        (Stage::Entered, false),
        (Stage::Stored, false),
        (Stage::Entered, true),
        (Stage::Stored, true),
    ] {
        let mut shop = Shop::new(&format!("both, {stage:?}, {of_old}"), PATIENCE).await;
        let first = shop.session();
        let old = put(&shop.store, shop.t, &first).await;
        let (new, second) = (fresh_key(), shop.session());
        let (moved, mut third) = (key_after(&old), next(&first, 2));
        third.header.authenticated_at = second.header.authenticated_at;
        let other = shop.sign_in(&new, &second, 1);
        let again = shop.rotate((&old, &moved), &first, &third, at_most(1));
        let (mut other, mut again) = (pin!(other), pin!(again));
        let (made, rotated) = if of_old {
            shop.step(again.as_mut(), (&old, &moved), stage).await;
            let late = async {
                sleep(A_WHILE).await;
                again.await
            };
            tokio::join!(other, late)
        } else {
            shop.step(other.as_mut(), (&old, &new), stage).await;
            let late = async {
                sleep(A_WHILE).await;
                other.await
            };
            tokio::join!(late, again)
        };
        assert_eq!(made, CreateOutcome::Created);
        let rotated = rotated.unwrap();
        assert!(
            matches!(rotated, RotateOutcome::Saved(_) | RotateOutcome::Gone),
            "{rotated:?}"
        );
        let [former, moved, made] = shop.living([&old, &moved, &new]).await;
        assert!(!former && (moved != made), "{stage:?}, {of_old}: {moved}");
    }
}

/// A sign-in whose answer was lost is repeated: it ends those whom its first attempt had claimed, and does not wait for
/// whom that has ended.
#[tokio::test]
async fn a_repeated_sign_in_ends_whom_it_had_claimed() {
    if !available() {
        return;
    }
    for stage in [Stage::Entered, Stage::Stored, Stage::Ended] {
        let mut shop = Shop::new(&format!("repeated, {stage:?}"), PATIENCE).await;
        let first = shop.session();
        let old = put(&shop.store, shop.t, &first).await;
        let (new, second) = (fresh_key(), shop.session());
        {
            let mut sign_in = pin!(shop.sign_in(&new, &second, 1));
            shop.step(sign_in.as_mut(), (&old, &new), stage).await;
        }
        let made = shop.sign_in(&new, &second, 1).await;
        assert_eq!(made, CreateOutcome::Created);
        assert_eq!(shop.living([&old, &new]).await, [false, true], "{stage:?}");
    }
}

/// A sign-in that came to nothing holds up nobody: not at all if it could say so, and otherwise no longer than it
/// might have taken.
#[tokio::test]
async fn a_claim_ends_with_its_sign_in() {
    if !available() {
        return;
    }
    let mut shop = Shop::new("unclaimed", PATIENCE).await;
    let first = shop.session();
    let old = put(&shop.store, shop.t, &first).await;
    let (mine, anonymous) = (fresh_key(), record(shop.t));
    let made = shop.sign_in(&mine, &anonymous, 1).await;
    assert_eq!(made, CreateOutcome::Created);
    let start = Instant::now();
    let outdated = next(&anonymous, 2);
    let ann = Record {
        header: session::Header {
            owner: first.header.owner.clone(),
            ..next(&anonymous, 3).header
        },
        ..anonymous
    };
    let taken = key_after(&mine);
    let refused = shop.rotate((&mine, &taken), &outdated, &ann, at_most(1));
    let refused = refused.await.unwrap();
    assert!(matches!(refused, RotateOutcome::Conflict(_)), "{refused:?}");
    let (moved, second) = (key_after(&old), next(&first, 2));
    let rotated = shop.rotate((&old, &moved), &first, &second, None).await;
    assert!(matches!(rotated, Ok(RotateOutcome::Saved(_))));
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());

    let within = Duration::from_secs(1);
    let mut crashing = Shop::new("unclaimed", within).await;
    let (new, third) = (fresh_key(), crashing.session());
    {
        let mut sign_in = pin!(crashing.sign_in(&new, &third, 1));
        crashing
            .step(sign_in.as_mut(), (&moved, &new), Stage::Entered)
            .await;
    }
    let again = key_after(&old);
    let fourth = next(&second, 4);
    let rotated = shop.rotate((&moved, &again), &second, &fourth, None).await;
    assert!(matches!(rotated, Ok(RotateOutcome::Saved(_))));
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    let living = shop.living([&old, &moved, &again, &new]).await;
    assert_eq!(living, [false, false, true, false]);
}

/// Many sign in and rotate at once: no more are left than are allowed, and not none.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_allowed_are_left_of_many() {
    if !available() {
        return;
    }
    let shop = Arc::new(Shop::new("many", PATIENCE).await);
    let mut tasks = Vec::new();
    for n in 0..6 {
        let shop = Arc::clone(&shop);
        tasks.push(tokio::spawn(async move {
            for round in 0..5 {
                let key = fresh_key();
                let record = owned(shop.t + Duration::from_secs(n + 6 * round), &shop.ann);
                let made = shop.sign_in(&key, &record, 3).await;
                assert_eq!(made, CreateOutcome::Created);
                let (moved, rotated) = (key_after(&key), next(&record, 2));
                let rotated = shop.rotate((&key, &moved), &record, &rotated, None).await;
                let rotated = rotated.unwrap();
                assert!(
                    matches!(rotated, RotateOutcome::Saved(_) | RotateOutcome::Gone),
                    "{rotated:?}"
                );
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let ann = OwnerKey::of(&shop.ann);
    let left = shop.store.sessions_of(&op(shop.t), &ann).await.unwrap();
    assert!((1..=3).contains(&left.len()), "{} are left", left.len());
}
