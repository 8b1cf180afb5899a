//! A rotation that comes after the owner's sessions were revoked, which in a store of several steps the session's own
//! record does not show: with a store whose `rotate` always says so, always ready or not.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use session::testing::ModelStore;
use session::{
    CreateOutcome, ErrorKind, Op, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome,
    SaveOutcome, Session, SessionHandle, SessionInfo, SessionLayer, SessionSchema, SessionStore,
    StoreError, StoreKey, Swept, Timestamp, TouchOutcome, Typed, Version,
};

use crate::support::{Answer, Browser};

#[derive(Default)]
struct Revoked<const READY: bool>(ModelStore);

macro_rules! forward {
    ($($verb:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        impl<const READY: bool> SessionStore for Revoked<READY> {
            const ALWAYS_READY: bool = READY;
            $(
                async fn $verb(&self, op: &Op, $($arg: $ty),*) -> Result<$out, StoreError> {
                    self.0.$verb(op, $($arg),*).await
                }
            )*
            async fn rotate(
                &self,
                _: &Op,
                _: &StoreKey,
                _: &StoreKey,
                _: Arc<Record>,
                _: Version,
                _: Option<OwnerRule>,
            ) -> Result<RotateOutcome, StoreError> {
                Ok(RotateOutcome::OwnerRevoked)
            }
        }
    };
}

forward! {
    read(key: &StoreKey, renew: Option<Duration>) -> ReadOutcome;
    create(key: &StoreKey, record: Arc<Record>, bind: Option<OwnerRule>) -> CreateOutcome;
    save(key: &StoreKey, record: Arc<Record>, expected: Version) -> SaveOutcome;
    touch(key: &StoreKey, expected: Version, idle_deadline: Timestamp) -> TouchOutcome;
    destroy(key: &StoreKey) -> Option<StoreKey>;
    exists(key: &StoreKey) -> bool;
    gc(budget: usize) -> Swept;
    sessions_of(owner: &OwnerKey) -> Vec<SessionInfo>;
    destroy_of(owner: &OwnerKey, handle: SessionHandle) -> bool;
    destroy_all_of(owner: &OwnerKey, except: Option<&StoreKey>) -> u64;
}

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(default)]
    n: u64,
}

fn browser<const READY: bool>() -> Browser {
    let routes = Router::new()
        .route("/visit", post(async |a: Typed<Account>| a.set_n(1)))
        .route("/login", post(async |a: Typed<Account>| a.set_user_id(1)))
        .route("/rotate", post(async |s: Session| s.regenerate_id()))
        .route(
            "/rotate-and-write",
            post(async |a: Typed<Account>| {
                a.session().regenerate_id();
                a.update_n(|n| *n += 1);
            }),
        );
    let store = Revoked::<READY>(ModelStore::new());
    Browser::of(routes.layer(SessionLayer::new(store)))
}

fn told(answer: &Answer) -> (u16, Option<ErrorKind>, usize) {
    let kind = answer.error.as_ref().map(session::Error::kind);
    (answer.status.as_u16(), kind, answer.set_cookies().len())
}

async fn late_ones_learn_what_became_of_them<const READY: bool>() {
    let mut ann = browser::<READY>();
    assert_eq!(told(&ann.post("/login").await), (200, None, 1));
    // It is one of those that were revoked: it has ended, and no data is lost by that.
    assert_eq!(told(&ann.post("/rotate").await), (200, None, 0));
    let late = ann.post("/rotate-and-write").await;
    assert_eq!(told(&late), (409, Some(ErrorKind::Gone), 0));

    // A sign-in that began before the revocation is refused.
    let mut bob = browser::<READY>();
    assert_eq!(told(&bob.post("/visit").await), (200, None, 1));
    let late = bob.post("/login").await;
    assert_eq!(told(&late), (409, Some(ErrorKind::OwnerRevoked), 0));
}

#[tokio::test]
async fn t29_late_rotations_with_a_store_that_is_always_ready() {
    late_ones_learn_what_became_of_them::<true>().await;
}

#[tokio::test]
async fn t29_late_rotations_with_a_store_that_may_wait() {
    late_ones_learn_what_became_of_them::<false>().await;
}
