//! T29 with two instances of an application behind one engine, a node or a cluster: each call goes to the instance that
//! did not have the one before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use session::{
    CreateOutcome, Op, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome, SaveOutcome,
    SessionHandle, SessionInfo, SessionStore, StoreError, StoreKey, Swept, Timestamp, TouchOutcome,
    Version,
};
use session_stores::redis::{RedisStore, RedisStoreBuilder};

use crate::redis_cluster::Cluster;
use crate::redis_server::Server;

struct Two {
    stores: [RedisStore; 2],
    turn: AtomicUsize,
}

impl Two {
    fn builder() -> RedisStoreBuilder {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        // The cases run side by side on few cores: slow is not wrong.
        RedisStore::builder()
            .prefix(format!("instances{n}:"))
            .response_timeout(Duration::from_secs(30))
            .connect_timeout(Duration::from_secs(30))
    }

    fn new(stores: [RedisStore; 2]) -> Self {
        let turn = AtomicUsize::new(0);
        Self { stores, turn }
    }

    async fn on_a_node() -> Self {
        let (builder, url) = (Self::builder(), Server::shared().url());
        let one = builder.clone().connect(url.clone()).await.unwrap();
        Self::new([one, builder.connect(url).await.unwrap()])
    }

    async fn on_a_cluster() -> Self {
        let (builder, urls) = (Self::builder(), Cluster::shared().urls());
        let one = builder.clone().cluster(urls.clone()).await.unwrap();
        Self::new([one, builder.cluster(urls).await.unwrap()])
    }

    fn other(&self) -> &RedisStore {
        &self.stores[self.turn.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

macro_rules! each_goes_to_the_other {
    ($($verb:ident($($name:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl SessionStore for Two {
            $(async fn $verb(&self, op: &Op, $($name: $type),*) -> Result<$answer, StoreError> {
                self.other().$verb(op, $($name),*).await
            })*
        }
    };
}

each_goes_to_the_other! {
    read(key: &StoreKey, renew: Option<Duration>) -> ReadOutcome;
    create(key: &StoreKey, record: Arc<Record>, bind: Option<OwnerRule>) -> CreateOutcome;
    save(key: &StoreKey, record: Arc<Record>, expected: Version) -> SaveOutcome;
    rotate(
        old: &StoreKey, new: &StoreKey, record: Arc<Record>, expected: Version, bind: Option<OwnerRule>
    ) -> RotateOutcome;
    touch(key: &StoreKey, expected: Version, idle_deadline: Timestamp) -> TouchOutcome;
    destroy(key: &StoreKey) -> Option<StoreKey>;
    exists(key: &StoreKey) -> bool;
    gc(budget: usize) -> Swept;
    sessions_of(owner: &OwnerKey) -> Vec<SessionInfo>;
    destroy_of(owner: &OwnerKey, handle: SessionHandle) -> bool;
    destroy_all_of(owner: &OwnerKey, except: Option<&StoreKey>) -> u64;
}

macro_rules! cases {
    ($($topic:ident::$case:ident)*) => {
        cases! { on_a_node $($topic::$case)* }
        cases! { on_a_cluster $($topic::$case)* }
    };
    ($place:ident $($topic:ident::$case:ident)*) => {
        mod $place {
            use session::testing::conformance::{self, run};

            $(#[test]
            fn $case() {
                if crate::redis_server::available() {
                    run(super::Two::$place(), conformance::$topic::$case);
                }
            })*
        }
    };
}

cases! {
    race::t28_no_increment_is_lost
    race::t15_one_rotation_wins
    race::t29_no_sign_in_escapes_a_revocation
    race::a_rule_holds_for_sign_ins_at_once
    listing::t29_lists_the_oldest_first
    listing::t29_lists_no_dead
    listing::t29_a_handle_destroys_its_session
    listing::t29_a_handle_is_nothing_to_others
    listing::a_handle_follows_its_session
    revoke::t29_ends_every_session_of_the_owner
    revoke::t29_the_excepted_session_is_stamped_anew
    revoke::s3_refuses_who_authenticated_before
    revoke::t24_a_rotation_under_way_does_not_escape
}
