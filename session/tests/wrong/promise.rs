//! A store that promises to be always ready, and waits.

use std::sync::Arc;
use std::time::Duration;

use session::testing::ModelStore;
use session::{
    CreateOutcome, Op, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome, SaveOutcome,
    SessionHandle, SessionInfo, SessionStore, StoreError, StoreKey, Swept, Timestamp, TouchOutcome,
    Version,
};

#[derive(Default)]
pub(crate) struct BrokenPromise(ModelStore);

macro_rules! forward {
    ($($verb:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        impl SessionStore for BrokenPromise {
            const ALWAYS_READY: bool = true;
            $(
                async fn $verb(&self, op: &Op, $($arg: $ty),*) -> Result<$out, StoreError> {
                    if stringify!($verb) == "sessions_of" {
                        tokio::task::yield_now().await;
                    }
                    self.0.$verb(op, $($arg),*).await
                }
            )*
        }
    };
}

forward! {
    read(key: &StoreKey, renew: Option<Duration>) -> ReadOutcome;
    create(key: &StoreKey, record: Arc<Record>, bind: Option<OwnerRule>) -> CreateOutcome;
    save(key: &StoreKey, record: Arc<Record>, expected: Version) -> SaveOutcome;
    rotate(
        old: &StoreKey, new: &StoreKey, record: Arc<Record>, expected: Version,
        bind: Option<OwnerRule>
    ) -> RotateOutcome;
    touch(key: &StoreKey, expected: Version, idle_deadline: Timestamp) -> TouchOutcome;
    destroy(key: &StoreKey) -> Option<StoreKey>;
    exists(key: &StoreKey) -> bool;
    gc(budget: usize) -> Swept;
    sessions_of(owner: &OwnerKey) -> Vec<SessionInfo>;
    destroy_of(owner: &OwnerKey, handle: SessionHandle) -> bool;
    destroy_all_of(owner: &OwnerKey, except: Option<&StoreKey>) -> u64;
}
