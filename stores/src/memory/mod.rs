//! Sessions in the memory of this process.

mod digest;
mod owners;
mod room;
mod sets;
mod shard;
mod sweep;
mod sync;
mod tombs;
mod verbs;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, Op, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome, SaveOutcome,
    SessionHandle, SessionInfo, SessionStore, StoreError, StoreKey, Swept, Timestamp, TouchOutcome,
    Version,
};

use digest::{Digest, Seed};
use owners::Owners;
use shard::{Locked, Shard};
use sync::{AtomicUsize, FEWEST_SHARDS, Ordering};

/// How many sessions a shard holds when the store is full. A lock is held no longer than it takes to look at so many,
/// and a table of 1,024 buckets, which takes 896, is filled well.
const PER_SHARD: usize = 832;

/// Keeps sessions in the memory of this process, as the Rust values that they are.
///
/// Nothing is encoded: a read hands out a counted reference to the record, a save puts another in its place. No verb
/// ever waits but for a lock that is held for at most some tens of microseconds, so the store is
/// [always ready](SessionStore::ALWAYS_READY). Clones share the sessions. They end with the process.
///
/// # Bounds
///
/// The store holds at most [`max_sessions`](MemoryStoreBuilder::max_sessions) sessions, by default a million. When it is
/// full, what has expired goes first. Then a creation without an owner is refused with
/// [`StoreErrorKind::Full`](session::StoreErrorKind::Full), and one with an owner takes the place of the anonymous
/// session that was not seen for the longest time among some hundreds: whoever floods the store with new visitors
/// keeps other new visitors out, and nobody who is signed in or signs in. Tombstones have a bound of their own, 128 for
/// each 832 sessions; beyond it the oldest go, and a late request then finds nothing where it would have found "gone".
///
/// # Example
///
/// ```
/// use session::{CreateOutcome, Data, Header, Lifetime, Op, ReadOutcome, Record, SessionId, SessionStore, Timestamp};
/// use session_stores::MemoryStore;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let op = Op { now: Timestamp::default(), grace: Default::default(), max_skew: Default::default() };
///
/// let store = MemoryStore::builder().max_sessions(50_000).build();
/// let key = SessionId::generate()?.store_key();
/// let header = Header::new(op.now, Lifetime::DEFAULT, Default::default());
/// let mut data = Data::new();
/// data.insert("theme", "dark".to_owned());
/// let outcome = store.create(&op, &key, Record { header, data }.into(), None).await?;
/// assert_eq!(outcome, CreateOutcome::Created);
///
/// let ReadOutcome::Live(record) = store.read(&op, &key, None).await? else { panic!() };
/// assert_eq!(record.data.get::<String>("theme")?.as_deref(), Some("dark"));
/// assert_eq!(store.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryStore(Arc<Inner>);

struct Inner {
    shards: Box<[Shard]>,
    owners: Owners,
    seed: Seed,
    max: usize,
    len: AtomicUsize,
    /// Where the next sweep goes on, in the shards of records and then in those of owners.
    cursor: AtomicUsize,
    /// Where the next search for an anonymous session begins.
    victims: AtomicUsize,
}

impl Inner {
    fn new(max: usize) -> Self {
        let (seed, count) = (
            Seed::random(),
            max.div_ceil(PER_SHARD).clamp(FEWEST_SHARDS, 65_536),
        );
        let shard = || Shard::new(seed);
        Self {
            shards: std::iter::repeat_with(shard).take(count).collect(),
            owners: Owners::new(count.div_ceil(4), seed),
            seed,
            max,
            len: AtomicUsize::new(0),
            cursor: AtomicUsize::new(0),
            victims: AtomicUsize::new(0),
        }
    }

    fn index(&self, digest: &Digest) -> usize {
        self.seed.shard(digest, self.shards.len())
    }

    fn shard(&self, digest: &Digest) -> Locked<'_> {
        self.shards[self.index(digest)].lock()
    }
}

impl MemoryStore {
    /// A store for at most a million sessions.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A store with bounds of one's own.
    pub const fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder {
            max_sessions: 1_000_000,
        }
    }

    /// How many sessions it holds, with those that have expired and were not swept yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len.load(Ordering::Relaxed)
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("sessions", &self.len())
            .field("max_sessions", &self.0.max)
            .finish_non_exhaustive()
    }
}

/// Sets the bounds of a [`MemoryStore`].
///
/// ```
/// use session_stores::MemoryStore;
///
/// let store = MemoryStore::builder().max_sessions(10_000).build();
/// assert!(store.is_empty());
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct MemoryStoreBuilder {
    max_sessions: usize,
}

impl MemoryStoreBuilder {
    /// How many sessions there can be at most. By default a million.
    pub const fn max_sessions(mut self, max: usize) -> Self {
        self.max_sessions = max;
        self
    }

    /// The store.
    #[must_use]
    pub fn build(self) -> MemoryStore {
        MemoryStore(Arc::new(Inner::new(self.max_sessions)))
    }
}

impl SessionStore for MemoryStore {
    const ALWAYS_READY: bool = true;

    async fn read(
        &self,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        Ok(self.0.read(op, &key.into(), renew))
    }

    async fn create(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        self.0.create(op, key.into(), record, bind)
    }

    async fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        expected: Version,
    ) -> Result<SaveOutcome, StoreError> {
        Ok(self.0.save(op, &key.into(), record, expected))
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
        Ok(self.0.rotate(op, &old.into(), new, &record, expected, bind))
    }

    async fn touch(
        &self,
        op: &Op,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> Result<TouchOutcome, StoreError> {
        Ok(self.0.touch(op, &key.into(), expected, idle_deadline))
    }

    async fn destroy(&self, op: &Op, key: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        Ok(self.0.destroy(op, &key.into()))
    }

    async fn exists(&self, op: &Op, key: &StoreKey) -> Result<bool, StoreError> {
        let digest = key.into();
        Ok(self.0.shard(&digest).live(op.now, &digest).is_some())
    }

    async fn gc(&self, op: &Op, budget: usize) -> Result<Swept, StoreError> {
        Ok(self.0.gc(op, budget))
    }

    async fn sessions_of(&self, op: &Op, owner: &OwnerKey) -> Result<Vec<SessionInfo>, StoreError> {
        Ok(self.0.sessions_of(op, owner))
    }

    async fn destroy_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> Result<bool, StoreError> {
        Ok(self.0.destroy_of(op, owner, handle))
    }

    async fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        Ok(self.0.destroy_all_of(op, owner, except))
    }
}

#[cfg(test)]
mod tests;
