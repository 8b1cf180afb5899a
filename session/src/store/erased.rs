//! The store behind an `Arc`, so that no handler and no layer names its type.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{
    CreateOutcome, Op, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome, SessionInfo,
    SessionStore, StoreError, Swept, TouchOutcome,
};
use crate::id::{OwnerKey, StoreKey};
use crate::record::{Record, SessionHandle, Version};
use crate::time::Timestamp;

/// One call of a verb: the answer itself of a store that is always ready, else a future in a box.
#[allow(missing_debug_implementations)]
pub(crate) enum StoreFuture<'a, T> {
    Ready(Result<T, StoreError>),
    Boxed(Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>),
}

impl<'a, T> StoreFuture<'a, T> {
    fn new<S: SessionStore>(
        future: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> Self {
        if !S::ALWAYS_READY {
            return Self::Boxed(Box::pin(future));
        }
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Self::Ready(answer),
            Poll::Pending => Self::Ready(Err(StoreError::not_ready())),
        }
    }

    /// The answer, whenever it comes.
    pub(crate) async fn answer(self) -> Result<T, StoreError> {
        match self {
            Self::Ready(answer) => answer,
            Self::Boxed(future) => future.await,
        }
    }
}

macro_rules! erase {
    ($($verb:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        /// [`SessionStore`] with its futures erased.
        pub(crate) trait ErasedStore: Send + Sync {
            fn is_always_ready(&self) -> bool;
            $(fn $verb<'a>(&'a self, op: &'a Op, $($arg: $ty),*) -> StoreFuture<'a, $out>;)*
        }

        impl<S: SessionStore> ErasedStore for S {
            fn is_always_ready(&self) -> bool {
                S::ALWAYS_READY
            }
            $(fn $verb<'a>(&'a self, op: &'a Op, $($arg: $ty),*) -> StoreFuture<'a, $out> {
                StoreFuture::new::<S>(SessionStore::$verb(self, op, $($arg),*))
            })*
        }
    };
}

erase! {
    read(key: &'a StoreKey, renew: Option<Duration>) -> ReadOutcome;
    create(key: &'a StoreKey, record: Arc<Record>, bind: Option<OwnerRule>) -> CreateOutcome;
    save(key: &'a StoreKey, record: Arc<Record>, expected: Version) -> SaveOutcome;
    rotate(
        old: &'a StoreKey, new: &'a StoreKey, record: Arc<Record>, expected: Version,
        bind: Option<OwnerRule>
    ) -> RotateOutcome;
    touch(key: &'a StoreKey, expected: Version, idle_deadline: Timestamp) -> TouchOutcome;
    destroy(key: &'a StoreKey) -> Option<StoreKey>;
    exists(key: &'a StoreKey) -> bool;
    gc(budget: usize) -> Swept;
    sessions_of(owner: &'a OwnerKey) -> Vec<SessionInfo>;
    destroy_of(owner: &'a OwnerKey, handle: SessionHandle) -> bool;
    destroy_all_of(owner: &'a OwnerKey, except: Option<&'a StoreKey>) -> u64;
}
