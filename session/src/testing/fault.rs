//! A store that fails where a test wants it to.

use std::future::{Future, pending};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::verb::wrap_verbs;
use crate::store::{StoreError, StoreErrorKind, Verb};

/// What goes wrong in one call of a [`FaultStore`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing is done, and the answer is an error of this kind.
    Fail(StoreErrorKind),
    /// The verb is performed, and the answer is lost: an error ([`StoreErrorKind::Unavailable`]).
    LoseAnswer,
    /// Nothing is done, and no answer ever comes.
    Hang,
    /// The verb is performed, and no answer ever comes.
    HangAfter,
    /// The verb is performed this much later.
    Delay(Duration),
    /// The verb is performed, and its answer comes this much later.
    DelayAnswer(Duration),
    /// The verb is performed twice with a millisecond between, in which others get on, as by a driver that retries on its
    /// own: the answer is the second one.
    Repeat,
    /// The verb is performed twice, as by a network that doubles a message: the answer is the first one.
    Echo,
}

/// Wraps a store and does the wrong thing on the calls that a test names.
///
/// ```
/// use session::testing::{Fault, FaultStore, ModelStore, Verb};
/// use session::{Op, SessionId, SessionStore, StoreErrorKind, Timestamp};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let op = Op { now: Timestamp::default(), grace: std::time::Duration::from_secs(10), max_skew: Default::default() };
///
/// let store = FaultStore::new(ModelStore::new());
/// let key = SessionId::generate()?.store_key();
/// store.inject(Verb::Exists, 2, Fault::Fail(StoreErrorKind::Timeout));
/// assert!(!store.exists(&op, &key).await?);
/// assert_eq!(store.exists(&op, &key).await.unwrap_err().kind(), StoreErrorKind::Timeout);
/// assert!(!store.exists(&op, &key).await?);
///
/// store.always(None, Fault::Fail(StoreErrorKind::Unavailable));   // the engine is down
/// assert!(store.destroy(&op, &key).await.is_err());
/// assert_eq!(store.pending(), 0);
/// store.heal();
/// assert!(store.destroy(&op, &key).await.is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct FaultStore<S> {
    inner: S,
    plan: Mutex<Vec<Planned>>,
}

#[derive(Debug)]
struct Planned {
    verb: Option<Verb>,
    /// How many matching calls are still to come, this one included; `None`: each of them.
    calls: Option<u32>,
    fault: Fault,
}

impl<S> FaultStore<S> {
    /// A store that behaves, until a fault is planned.
    pub fn new(store: S) -> Self {
        Self {
            inner: store,
            plan: Mutex::default(),
        }
    }

    /// The store inside, which never fails.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Plans a fault for the `nth` call of `verb` (of any verb: `None`) from now on, the next one being the first.
    ///
    /// # Panics
    ///
    /// If `nth` is zero.
    pub fn inject(&self, verb: impl Into<Option<Verb>>, nth: u32, fault: Fault) {
        assert!(nth > 0, "the next call is the first, not the zeroth");
        self.plan().push(Planned {
            verb: verb.into(),
            calls: Some(nth),
            fault,
        });
    }

    /// Plans a fault for each call of `verb` (of any verb: `None`), until [`heal`](Self::heal).
    pub fn always(&self, verb: impl Into<Option<Verb>>, fault: Fault) {
        self.plan().push(Planned {
            verb: verb.into(),
            calls: None,
            fault,
        });
    }

    /// Plans no more faults.
    pub fn heal(&self) {
        self.plan().clear();
    }

    /// How many faults of [`inject`](Self::inject) have not happened yet: a test that ends with one left has not
    /// tested what it meant to.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.plan().iter().filter(|p| p.calls.is_some()).count()
    }

    fn plan(&self) -> MutexGuard<'_, Vec<Planned>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts this call against every plan for it. Of several faults that fall on it the one planned first happens.
    fn next_fault(&self, verb: Verb) -> Option<Fault> {
        let mut happens = None;
        self.plan().retain_mut(|planned| {
            if planned.verb.is_some_and(|of| of != verb) {
                return true;
            }
            let due = match &mut planned.calls {
                None => true,
                Some(calls) => {
                    *calls -= 1;
                    *calls == 0
                }
            };
            if due {
                happens.get_or_insert(planned.fault);
            }
            planned.calls != Some(0)
        });
        happens
    }

    async fn around<T, Fut>(
        &self,
        verb: Verb,
        call: impl Fn() -> Fut + Send,
    ) -> Result<T, StoreError>
    where
        T: Send,
        Fut: Future<Output = Result<T, StoreError>> + Send,
    {
        let Some(fault) = self.next_fault(verb) else {
            return call().await;
        };
        match fault {
            Fault::Fail(kind) => Err(StoreError::from_kind(kind)),
            Fault::LoseAnswer => {
                call().await?;
                Err(StoreError::unavailable("the answer was lost"))
            }
            Fault::Hang => pending().await,
            Fault::HangAfter => {
                let _ = call().await;
                pending().await
            }
            Fault::Delay(by) => {
                tokio::time::sleep(by).await;
                call().await
            }
            Fault::DelayAnswer(by) => {
                let answer = call().await;
                tokio::time::sleep(by).await;
                answer
            }
            Fault::Repeat => {
                call().await?;
                tokio::time::sleep(Duration::from_millis(1)).await;
                call().await
            }
            Fault::Echo => {
                let first = call().await;
                let _ = call().await;
                first
            }
        }
    }
}

wrap_verbs!(FaultStore, false);
