//! A store whose calls wait until a test lets them proceed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::verb::wrap_verbs;
use crate::store::{StoreError, Verb};

type Gate = dyn Fn(Verb) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// Wraps a store; each call first waits for a future of the test's choice. For putting requests into an order.
///
/// ```
/// use std::sync::Arc;
/// use session::testing::{ModelStore, SteppedStore};
/// use session::{Op, SessionId, SessionStore, Timestamp};
/// use tokio::sync::Semaphore;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let op = Op { now: Timestamp::default(), grace: Default::default(), max_skew: Default::default() };
///
/// let steps = Arc::new(Semaphore::new(0));
/// let permits = Arc::clone(&steps);
/// let store = SteppedStore::new(ModelStore::new(), move |_| {
///     let permits = Arc::clone(&permits);
///     async move {
///         if let Ok(permit) = permits.acquire().await {
///             permit.forget();
///         }
///     }
/// });
/// let key = SessionId::generate()?.store_key();
/// let mut call = Box::pin(store.exists(&op, &key));
/// assert!(futures_are_pending(&mut call));
/// steps.add_permits(1);
/// assert!(!call.await?);
/// # fn futures_are_pending<F: Future>(future: &mut std::pin::Pin<Box<F>>) -> bool {
/// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// #     future.as_mut().poll(&mut context).is_pending()
/// # }
/// # Ok(())
/// # }
/// ```
pub struct SteppedStore<S> {
    inner: S,
    gate: Box<Gate>,
}

impl<S> SteppedStore<S> {
    /// Calls of `store` wait for `gate`.
    pub fn new<F>(store: S, gate: impl Fn(Verb) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self {
            inner: store,
            gate: Box::new(move |verb| Box::pin(gate(verb))),
        }
    }

    /// The store inside, for a look past the gate.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    async fn around<T, Fut>(
        &self,
        verb: Verb,
        call: impl Fn() -> Fut + Send,
    ) -> Result<T, StoreError>
    where
        Fut: Future<Output = Result<T, StoreError>> + Send,
    {
        (self.gate)(verb).await;
        call().await
    }
}

impl<S> fmt::Debug for SteppedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SteppedStore").finish_non_exhaustive()
    }
}

wrap_verbs!(SteppedStore, false);
