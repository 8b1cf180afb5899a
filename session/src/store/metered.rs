//! A store that tells what it is asked, for metrics.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{
    CreateOutcome, Op, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome, SessionInfo,
    SessionStore, StoreError, StoreErrorKind, Swept, TouchOutcome, Verb,
};
use crate::id::{OwnerKey, StoreKey};
use crate::record::{Record, SessionHandle, Version};
use crate::time::Timestamp;

/// Wraps a store and tells a hook of each call: what it was, what came of it, how long it took. For counters and
/// histograms of whatever metrics library the application has.
///
/// The hook runs on the request's own path, after the answer of the store: it should count and return, and must not
/// panic. A call costs two readings of the monotonic clock more, and a sum of sizes most of which are known already; without
/// the wrapper nothing is measured. It promises [`ALWAYS_READY`](SessionStore::ALWAYS_READY) where the store does.
///
/// ```
/// # #[cfg(feature = "testing")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use session::testing::ModelStore;
/// use session::{CallOutcome, MeteredStore, Op, SessionId, SessionStore, Timestamp, Verb};
/// # let op = Op { now: Timestamp::default(), grace: Default::default(), max_skew: Default::default() };
///
/// static MISSES: AtomicU64 = AtomicU64::new(0);
/// let store = MeteredStore::new(ModelStore::new(), |call| {
///     if (call.verb, call.outcome) == (Verb::Read, CallOutcome::Nothing) {
///         MISSES.fetch_add(1, Ordering::Relaxed);   // and `call.elapsed` into a histogram
///     }
/// });
/// store.read(&op, &SessionId::generate()?.store_key(), None).await?;   // what a layer over it does
/// assert_eq!(MISSES.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "testing"))]
/// # fn main() {}
/// ```
pub struct MeteredStore<S, H> {
    inner: S,
    hook: H,
}

/// What one call of a store was, and what came of it. Tells neither keys nor values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct StoreCall {
    /// What was asked.
    pub verb: Verb,
    /// What came of it.
    pub outcome: CallOutcome,
    /// From the first poll to the answer.
    pub elapsed: Duration,
    /// The size of the data that were read, or that were to be written, in bytes, as the layer's size cap counts them:
    /// the keys and the values' JSON.
    pub bytes: Option<usize>,
    /// Whether the idle deadline was renewed: by a `touch`, or by a `read` that finds the session last seen at the very
    /// millisecond of the call. (One that was made or renewed by another request in that millisecond looks the same.)
    pub renewed: bool,
}

/// What came of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CallOutcome {
    /// It did what it was asked.
    Done,
    /// There was nothing to do it with: the session is absent, gone or damaged, or the touch came too late.
    Nothing,
    /// Another commit came first.
    Conflict,
    /// The owner's rule or a revocation is against it, or the key is taken.
    Refused,
    /// It failed.
    Failed(StoreErrorKind),
    /// Nobody waited for the answer any longer: a deadline has passed, or the client is gone. Or the store panicked.
    Abandoned,
}

impl<S, H: Fn(&StoreCall) + Send + Sync + 'static> MeteredStore<S, H> {
    /// Tells `hook` of each call that goes to `store`.
    pub const fn new(store: S, hook: H) -> Self {
        Self { inner: store, hook }
    }

    /// The store inside, whose calls nobody is told of.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    fn begin(&self, verb: Verb, sent: Option<&Record>) -> Call<'_, H> {
        let told = StoreCall {
            verb,
            outcome: CallOutcome::Abandoned,
            elapsed: Duration::ZERO,
            bytes: sent.and_then(size),
            renewed: false,
        };
        Call {
            hook: &self.hook,
            told,
            begun: Instant::now(),
        }
    }
}

impl<S: fmt::Debug, H> fmt::Debug for MeteredStore<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeteredStore")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

fn size(record: &Record) -> Option<usize> {
    record.data.size().ok()
}

/// A call that is under way. Dropped before its end, it was abandoned.
struct Call<'h, H: Fn(&StoreCall)> {
    hook: &'h H,
    begun: Instant,
    told: StoreCall,
}

impl<H: Fn(&StoreCall)> Call<'_, H> {
    fn end<T: Answer>(mut self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        self.told.outcome = match &answer {
            Ok(answer) => answer.outcome(),
            Err(error) => CallOutcome::Failed(error.kind()),
        };
        answer
    }
}

impl<H: Fn(&StoreCall)> Drop for Call<'_, H> {
    fn drop(&mut self) {
        self.told.elapsed = self.begun.elapsed();
        (self.hook)(&self.told);
    }
}

/// What an answer means for [`CallOutcome`].
trait Answer {
    fn outcome(&self) -> CallOutcome {
        CallOutcome::Done
    }
}

impl Answer for Option<StoreKey> {}
impl Answer for Swept {}
impl Answer for Vec<SessionInfo> {}
impl Answer for u64 {}

impl Answer for bool {
    fn outcome(&self) -> CallOutcome {
        match self {
            true => CallOutcome::Done,
            false => CallOutcome::Nothing,
        }
    }
}

impl Answer for ReadOutcome {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Live(_) => CallOutcome::Done,
            Self::Gone { .. } | Self::Absent | Self::Damaged => CallOutcome::Nothing,
        }
    }
}

impl Answer for CreateOutcome {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Created => CallOutcome::Done,
            Self::Gone => CallOutcome::Nothing,
            Self::Exists | Self::OwnerRefused | Self::OwnerRevoked => CallOutcome::Refused,
        }
    }
}

impl Answer for SaveOutcome {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Saved(_) => CallOutcome::Done,
            Self::Conflict(_) => CallOutcome::Conflict,
            Self::Gone => CallOutcome::Nothing,
        }
    }
}

impl Answer for RotateOutcome {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Saved(_) => CallOutcome::Done,
            Self::Conflict(_) => CallOutcome::Conflict,
            Self::Gone => CallOutcome::Nothing,
            Self::OwnerRefused | Self::OwnerRevoked => CallOutcome::Refused,
        }
    }
}

impl Answer for TouchOutcome {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Touched => CallOutcome::Done,
            Self::Stale | Self::Gone => CallOutcome::Nothing,
        }
    }
}

impl<S, H> SessionStore for MeteredStore<S, H>
where
    S: SessionStore,
    H: Fn(&StoreCall) + Send + Sync + 'static,
{
    const ALWAYS_READY: bool = S::ALWAYS_READY;

    async fn read(
        &self,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        let mut call = self.begin(Verb::Read, None);
        let answer = self.inner.read(op, key, renew).await;
        if let Ok(ReadOutcome::Live(record)) = &answer {
            call.told.bytes = size(record);
            call.told.renewed = renew.is_some() && record.header.last_seen == op.now;
        }
        call.end(answer)
    }

    async fn create(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        let call = self.begin(Verb::Create, Some(&record));
        call.end(self.inner.create(op, key, record, bind).await)
    }

    async fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        expected: Version,
    ) -> Result<SaveOutcome, StoreError> {
        let call = self.begin(Verb::Save, Some(&record));
        call.end(self.inner.save(op, key, record, expected).await)
    }

    async fn rotate(
        &self,
        op: &Op,
        old: &StoreKey,
        new: &StoreKey,
        record: Arc<Record>,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        let call = self.begin(Verb::Rotate, Some(&record));
        let rotate = self.inner.rotate(op, old, new, record, expected, bind);
        call.end(rotate.await)
    }

    async fn touch(
        &self,
        op: &Op,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> Result<TouchOutcome, StoreError> {
        let mut call = self.begin(Verb::Touch, None);
        let answer = self.inner.touch(op, key, expected, idle_deadline).await;
        call.told.renewed = matches!(answer, Ok(TouchOutcome::Touched));
        call.end(answer)
    }

    async fn destroy(&self, op: &Op, key: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        let call = self.begin(Verb::Destroy, None);
        call.end(self.inner.destroy(op, key).await)
    }

    async fn exists(&self, op: &Op, key: &StoreKey) -> Result<bool, StoreError> {
        let call = self.begin(Verb::Exists, None);
        call.end(self.inner.exists(op, key).await)
    }

    async fn gc(&self, op: &Op, budget: usize) -> Result<Swept, StoreError> {
        let call = self.begin(Verb::Gc, None);
        call.end(self.inner.gc(op, budget).await)
    }

    async fn sessions_of(&self, op: &Op, owner: &OwnerKey) -> Result<Vec<SessionInfo>, StoreError> {
        let call = self.begin(Verb::SessionsOf, None);
        call.end(self.inner.sessions_of(op, owner).await)
    }

    async fn destroy_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> Result<bool, StoreError> {
        let call = self.begin(Verb::DestroyOf, None);
        call.end(self.inner.destroy_of(op, owner, handle).await)
    }

    async fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        let call = self.begin(Verb::DestroyAllOf, None);
        call.end(self.inner.destroy_all_of(op, owner, except).await)
    }
}
