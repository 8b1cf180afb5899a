//! A store that counts.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use super::verb::wrap_verbs;
use crate::store::{StoreError, Verb};

/// Wraps a store and counts the calls of each verb. It promises
/// [`ALWAYS_READY`](crate::SessionStore::ALWAYS_READY) where the store does.
///
/// ```
/// use std::sync::Arc;
/// use session::testing::{CountingStore, Counts, ModelStore};
/// use session::{Op, SessionId, SessionStore, Timestamp};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let op = Op { now: Timestamp::default(), grace: Default::default(), max_skew: Default::default() };
///
/// let store = Arc::new(CountingStore::new(ModelStore::new()));   // the clone would go to the layer
/// let key = SessionId::generate()?.store_key();
/// store.exists(&op, &key).await?;
/// store.read(&op, &key, None).await?;
/// store.read(&op, &key, None).await?;
/// assert_eq!(store.counts(), Counts { exists: 1, read: 2, ..Counts::default() });
/// assert_eq!(store.counts().total(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct CountingStore<S> {
    inner: S,
    counts: [AtomicU64; 11],
}

/// How often each verb of a [`CountingStore`] was called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs)]
pub struct Counts {
    pub read: u64,
    pub create: u64,
    pub save: u64,
    pub rotate: u64,
    pub touch: u64,
    pub destroy: u64,
    pub exists: u64,
    pub gc: u64,
    pub sessions_of: u64,
    pub destroy_of: u64,
    pub destroy_all_of: u64,
}

impl Counts {
    /// How many calls there were in all.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.read
            + self.create
            + self.save
            + self.rotate
            + self.touch
            + self.destroy
            + self.exists
            + self.gc
            + self.sessions_of
            + self.destroy_of
            + self.destroy_all_of
    }
}

impl<S> CountingStore<S> {
    /// Counts the calls that go to `store`.
    pub fn new(store: S) -> Self {
        Self {
            inner: store,
            counts: Default::default(),
        }
    }

    /// The store inside.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// What was called since the store was made, or since [`reset`](Self::reset).
    #[must_use]
    pub fn counts(&self) -> Counts {
        let of = |verb: Verb| self.counts[verb as usize].load(Ordering::SeqCst);
        Counts {
            read: of(Verb::Read),
            create: of(Verb::Create),
            save: of(Verb::Save),
            rotate: of(Verb::Rotate),
            touch: of(Verb::Touch),
            destroy: of(Verb::Destroy),
            exists: of(Verb::Exists),
            gc: of(Verb::Gc),
            sessions_of: of(Verb::SessionsOf),
            destroy_of: of(Verb::DestroyOf),
            destroy_all_of: of(Verb::DestroyAllOf),
        }
    }

    /// Begins to count anew.
    pub fn reset(&self) {
        for count in &self.counts {
            count.store(0, Ordering::SeqCst);
        }
    }

    fn around<T, Fut>(&self, verb: Verb, call: impl FnOnce() -> Fut) -> Fut
    where
        Fut: Future<Output = Result<T, StoreError>>,
    {
        self.counts[verb as usize].fetch_add(1, Ordering::SeqCst);
        call()
    }
}

wrap_verbs!(CountingStore, S::ALWAYS_READY);
