//! The contract between the layer and a backend.

mod counted;
#[cfg(feature = "tower")]
mod erased;
mod error;
mod metered;
#[cfg(feature = "tower")]
mod none;
mod verb;

use std::fmt;
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::id::{OwnerKey, StoreKey};
use crate::record::{Record, SessionHandle, Version};
use crate::time::Timestamp;

#[cfg(feature = "tower")]
pub(crate) use self::{
    erased::{ErasedStore, StoreFuture},
    none::NoStore,
};
pub use error::{StoreError, StoreErrorKind};
pub use metered::{CallOutcome, MeteredStore, StoreCall};
pub use verb::Verb;

/// What every verb is told first: the caller's time, and how long things are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    /// The time by the layer's clock. Deadlines are compared with this, never with the engine's clock.
    pub now: Timestamp,
    /// How long a tombstone is kept.
    pub grace: Duration,
    /// By how much the clocks of nodes may differ: `gc` deletes only what is past by more.
    pub max_skew: Duration,
}

/// How many sessions an owner may have, and what happens beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerRule {
    /// How many live sessions at most, the one that is being bound included.
    pub max: NonZeroU32,
    /// What happens to one more.
    pub over: Over,
}

/// What happens when an owner has too many sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The sessions that began first are destroyed.
    Evict,
    /// The new one is refused.
    Refuse,
}

/// Answer of [`SessionStore::read`].
#[derive(Clone, Debug)]
pub enum ReadOutcome {
    /// The record, which lives.
    Live(Arc<Record>),
    /// A tombstone: the session was rotated (then it names the successor) or destroyed a moment ago.
    Gone {
        /// Where it lives on.
        successor: Option<StoreKey>,
    },
    /// Nothing, or an expired record.
    Absent,
    /// Something that is not a readable record. It is kept for inspection until it expires.
    Damaged,
}

/// Answer of [`SessionStore::create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// It stands; also if this very commit had created it before.
    Created,
    /// Another live record stands under this key.
    Exists,
    /// A tombstone stands under this key.
    Gone,
    /// The owner has as many sessions as the rule allows.
    OwnerRefused,
    /// The owner's sessions were revoked since the request authenticated.
    OwnerRevoked,
}

/// Answer of [`SessionStore::save`].
#[derive(Clone, Debug)]
pub enum SaveOutcome {
    /// Stored, with this version.
    Saved(Version),
    /// Another commit came first. This is the record as it stands.
    Conflict(Arc<Record>),
    /// No live record stands under this key.
    Gone,
}

/// Answer of [`SessionStore::rotate`].
#[derive(Clone, Debug)]
pub enum RotateOutcome {
    /// The record stands under the new key with this version, and the old key is dead; also if this very commit
    /// had done so before.
    Saved(Version),
    /// Another commit came first. This is the record under the old key as it stands.
    Conflict(Arc<Record>),
    /// No live record stands under the old key, or something stands under the new one.
    Gone,
    /// The owner has as many sessions as the rule allows.
    OwnerRefused,
    /// The owner's sessions were revoked since the request authenticated.
    OwnerRevoked,
}

/// Answer of [`SessionStore::touch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TouchOutcome {
    /// The idle deadline was renewed.
    Touched,
    /// Another commit came first; it has renewed the deadline itself.
    Stale,
    /// No live record stands under this key.
    Gone,
}

/// Answer of [`SessionStore::gc`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many dead records and tombstones went.
    pub removed: usize,
    /// Whether the budget ran out before everything dead was found.
    pub more: bool,
}

/// One session in the listing of its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Its name, for [`SessionStore::destroy_of`]. Tells nothing of the id.
    pub handle: SessionHandle,
    /// When it began.
    pub created: Timestamp,
    /// When a request was last seen, to within `touch_interval`.
    pub last_seen: Timestamp,
    /// The label that the application gave it.
    pub label: Option<Arc<str>>,
}

impl SessionInfo {
    /// What a listing tells of a record.
    #[must_use]
    pub fn of(header: &crate::record::Header) -> Self {
        Self {
            handle: header.handle,
            created: header.created,
            last_seen: header.last_seen,
            label: header.label.clone(),
        }
    }
}

/// A backend that keeps sessions.
///
/// A store is a thin translation of these verbs into what its engine does best. It never sees a
/// [`SessionId`](crate::SessionId), never decides policy, never merges, and never retries a conflict.
/// `session::testing::conformance!` (feature `testing`) runs the contract against it, and
/// `session::testing::ModelStore` is the contract in its shortest form.
///
/// # Rules for every verb
///
/// - A record lives while [`Header::is_live`](crate::Header::is_live)`(op.now)`. An expired one is treated as if it were not there, but
///   only `gc`, `create` and the verbs that destroy remove it: a node whose clock is behind may still find it live.
/// - The caller gives every record that it hands over a version and a commit id of their own
///   ([`Version::first`], [`Version::next`]). A store writes the header as it stands, and answers with that version.
/// - Only `create` makes a record, and `rotate` moves one. `save` and `touch` change a live record or answer
///   `Gone`.
/// - A *tombstone* is left for `op.grace` after `rotate` (naming the successor) and after `destroy`, also after a
///   `destroy` of a key without record. While it stands, no verb makes the key live. A further `destroy` keeps its
///   successor and counts the grace anew.
/// - Each verb is atomic: a reader sees the state before it or after it, whatever fails or is cancelled meanwhile.
/// - An error means that the outcome is unknown: the old state or the new, never a mixture.
///
/// # What has to be taken
///
/// - **Any time and any duration** that the types can tell, in a header, in `op`, as a deadline and as a touch interval:
///   no verb fails for them. Sums saturate, as those of [`Timestamp`] do. What was stored reads back as it was, but for
///   the fields of [`Lifetime`](crate::Lifetime): these are kept in whole milliseconds, of which there are `u64::MAX` at
///   most.
/// - **A deadline that has passed** when it is handed over: the record is stored, the answer is `Created` or `Saved`, and
///   it is dead from the start like any other expired one. A `touch` with such a deadline is `Touched` and leaves the
///   deadline where it is.
/// - **No grace** (zero): a tombstone that stands for no time, so that the key is absent at once. **No skew**: `gc`
///   removes what is past by the clocks as they stand.
/// - **A record of any size**: it is kept whole, byte for byte, or refused with [`StoreErrorKind::TooLarge`]. A refusal
///   changes nothing: neither record nor deadlines, nor who is in an owner's set, and it evicts nobody. Where the limit
///   is may differ from verb to verb.
///
/// # Owners
///
/// Per owner a store keeps `not_before` and the set of live sessions. `create` and `rotate` of a record with an
/// owner first enter it into the set in one atomic step, and answer `OwnerRevoked` if
/// `authenticated_at <= not_before`. With a `bind` rule the same step counts the owner's live sessions (the one
/// under `old`, or under the same key, not counted) and evicts those with the earliest `created`, or answers
/// `OwnerRefused`. A refusal changes nothing, and whatever is not stored (`Exists`, `Gone`, `Conflict`) evicts nobody.
/// Where set and record are one engine step these three are found before a refusal. A `rotate` that changes the owner takes the old key out of the
/// former owner's set. `not_before` lives as long as the longest absolute lifetime.
pub trait SessionStore: Send + Sync + 'static {
    /// Promises that every future of this store is ready at its first poll, so that the layer needs no box for it.
    ///
    /// A future that breaks the promise is dropped, and the verb is an error.
    const ALWAYS_READY: bool = false;

    /// The record under `key`. With `renew` (the touch interval), renews its idle deadline in the same step where
    /// [`Header::renewal`](crate::Header::renewal) says that it is due, without changing version or data; the answer
    /// shows the renewal.
    fn read(
        &self,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> impl Future<Output = Result<ReadOutcome, StoreError>> + Send;

    /// Makes a record. Idempotent: with a live record of the same `commit_id` under `key` it answers `Created`.
    fn create(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> impl Future<Output = Result<CreateOutcome, StoreError>> + Send;

    /// Replaces the live record under `key` if its version is `expected`. The owner is never changed by it: should
    /// `record` name another than the stored one, the stored one stays.
    fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        expected: Version,
    ) -> impl Future<Output = Result<SaveOutcome, StoreError>> + Send;

    /// Stores `record` under `new` and leaves a tombstone with successor `new` under `old`, in one step, if the
    /// live record under `old` has version `expected`. Idempotent: if `old` is a tombstone whose successor is
    /// `new`, and `new` is live with the same `commit_id`, it answers `Saved`. Should a live record or a tombstone
    /// stand under `new` otherwise, it answers `Gone` and changes nothing. A refusal means that `old` lives: where it
    /// does not, the answer is `Gone`, whatever the owner's set says.
    fn rotate(
        &self,
        op: &Op,
        old: &StoreKey,
        new: &StoreKey,
        record: Arc<Record>,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> impl Future<Output = Result<RotateOutcome, StoreError>> + Send;

    /// Sets the idle deadline (never to an earlier one, never past the absolute one) and `last_seen = op.now` if
    /// the version is `expected`; leaves version and data alone.
    fn touch(
        &self,
        op: &Op,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> impl Future<Output = Result<TouchOutcome, StoreError>> + Send;

    /// Ends the session under `key` and leaves a tombstone. If a tombstone with a successor stood there, hands
    /// back the successor, which the caller destroys next.
    fn destroy(
        &self,
        op: &Op,
        key: &StoreKey,
    ) -> impl Future<Output = Result<Option<StoreKey>, StoreError>> + Send;

    /// Whether a live record stands under `key`.
    fn exists(
        &self,
        op: &Op,
        key: &StoreKey,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes at most about `budget` records and tombstones whose time passed more than `op.max_skew` ago. One call
    /// does a bounded piece of work, so it may find nothing and still say that there is more; calls that are
    /// repeated while there is more come to an end.
    fn gc(&self, op: &Op, budget: usize) -> impl Future<Output = Result<Swept, StoreError>> + Send;

    /// The live sessions of an owner, oldest first. Each entry of the set is verified, the dead are pruned.
    ///
    /// A session in a newer format is listed as far as this node can read it, and left out if it cannot; it never makes
    /// the listing fail, and [`destroy_all_of`](Self::destroy_all_of) ends it.
    fn sessions_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
    ) -> impl Future<Output = Result<Vec<SessionInfo>, StoreError>> + Send;

    /// Destroys the live session of `owner` that has this handle, and says whether there was one.
    fn destroy_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Destroys all sessions of `owner` but `except`, and says how many live ones there were. First sets
    /// `not_before = op.now` (never to an earlier time) and lists, in one atomic step that stamps the excepted session
    /// with `authenticated_at` just after `not_before` and gives it a new version, so that a save under way meets a
    /// conflict; then destroys each, expired ones included. Each leaves a tombstone. An `except` that is no live session
    /// of `owner` spares nothing. Where the two are not one step, another call can except a listed session in between,
    /// and it can rotate: then its successor is destroyed too, if it is this owner's.
    fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} removed{}",
            self.removed,
            if self.more { ", more to come" } else { "" }
        )
    }
}
