//! The contract in its shortest form.

mod state;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::id::{OwnerKey, StoreKey};
use crate::record::{Record, SessionHandle, Version};
use crate::store::{
    CreateOutcome, Op, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome, SessionInfo,
    SessionStore, StoreError, Swept, TouchOutcome,
};
use crate::time::{MAX_LIFETIME, Timestamp};
use state::{Refusal, State, Tomb};

/// The store contract written to be read: one lock, three maps, and each verb as its documentation states it.
///
/// Tests compare other stores with it. It has no caps, `gc` and listings walk over everything, and nothing else
/// proceeds meanwhile: an application takes `MemoryStore` of `session-stores`.
///
/// ```
/// use std::sync::Arc;
/// use session::testing::ModelStore;
/// use session::{CreateOutcome, Data, Header, Lifetime, Op, Record, SessionId, SessionStore, Timestamp};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let op = Op { now: Timestamp::default(), grace: std::time::Duration::from_secs(10), max_skew: Default::default() };
///
/// let store = ModelStore::new();
/// let key = SessionId::generate()?.store_key();
/// let header = Header::new(op.now, Lifetime::DEFAULT, Default::default());
/// let record = Arc::new(Record { header, data: Data::new() });
/// assert_eq!(store.create(&op, &key, record, None).await?, CreateOutcome::Created);
///
/// let other = store.fork();
/// other.destroy(&op, &key).await?;
/// assert!(store.exists(&op, &key).await? && !other.exists(&op, &key).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ModelStore(Mutex<State>);

impl ModelStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store of its own that begins with what this one holds: for trying several ways on from one state.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(Mutex::new(self.with(|state| state.clone())))
    }

    fn with<R>(&self, step: impl FnOnce(&mut State) -> R) -> R {
        step(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl SessionStore for ModelStore {
    const ALWAYS_READY: bool = true;

    async fn read(
        &self,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        self.with(|state| {
            let Some(record) = state.live(op.now, key) else {
                return Ok(match state.tomb(op.now, key) {
                    Some(Tomb { successor, .. }) => ReadOutcome::Gone { successor },
                    None => ReadOutcome::Absent,
                });
            };
            let due = renew.and_then(|interval| record.header.renewal(op.now, interval));
            if let Some(idle_deadline) = due {
                state.renew(key, op.now, idle_deadline);
            }
            Ok(ReadOutcome::Live(Arc::clone(&state.records[key])))
        })
    }

    async fn create(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        self.with(|state| {
            if let Some(current) = state.live(op.now, key) {
                let repeated = current.header.commit_id == record.header.commit_id;
                return Ok(if repeated {
                    CreateOutcome::Created
                } else {
                    CreateOutcome::Exists
                });
            }
            if state.tomb(op.now, key).is_some() {
                return Ok(CreateOutcome::Gone);
            }
            match state.may_bind(op, &record, bind, key) {
                Err(Refusal::Refused) => return Ok(CreateOutcome::OwnerRefused),
                Err(Refusal::Revoked) => return Ok(CreateOutcome::OwnerRevoked),
                Ok(evicted) => evicted.iter().for_each(|key| state.bury(op, key, None)),
            }
            state.insert(key, record);
            Ok(CreateOutcome::Created)
        })
    }

    async fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        mut record: Arc<Record>,
        expected: Version,
    ) -> Result<SaveOutcome, StoreError> {
        self.with(|state| {
            let Some(current) = state.live(op.now, key) else {
                return Ok(SaveOutcome::Gone);
            };
            if current.header.version != expected {
                return Ok(SaveOutcome::Conflict(Arc::clone(current)));
            }
            if record.header.owner != current.header.owner {
                Arc::make_mut(&mut record).header.owner = current.header.owner.clone();
            }
            let version = record.header.version;
            state.records.insert(*key, record);
            Ok(SaveOutcome::Saved(version))
        })
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
        self.with(|state| {
            let Some(current) = state.live(op.now, old) else {
                let moved = state.tomb(op.now, old).and_then(|tomb| tomb.successor);
                return Ok(match state.live(op.now, new) {
                    Some(moved_to)
                        if moved == Some(*new)
                            && moved_to.header.commit_id == record.header.commit_id =>
                    {
                        RotateOutcome::Saved(moved_to.header.version)
                    }
                    _ => RotateOutcome::Gone,
                });
            };
            if current.header.version != expected {
                return Ok(RotateOutcome::Conflict(Arc::clone(current)));
            }
            if state.live(op.now, new).is_some() || state.tomb(op.now, new).is_some() {
                return Ok(RotateOutcome::Gone);
            }
            match state.may_bind(op, &record, bind, old) {
                Err(Refusal::Refused) => return Ok(RotateOutcome::OwnerRefused),
                Err(Refusal::Revoked) => return Ok(RotateOutcome::OwnerRevoked),
                Ok(evicted) => evicted.iter().for_each(|key| state.bury(op, key, None)),
            }
            let version = record.header.version;
            state.bury(op, old, Some(*new));
            state.insert(new, record);
            Ok(RotateOutcome::Saved(version))
        })
    }

    async fn touch(
        &self,
        op: &Op,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> Result<TouchOutcome, StoreError> {
        self.with(|state| {
            Ok(match state.live(op.now, key) {
                None => TouchOutcome::Gone,
                Some(current) if current.header.version != expected => TouchOutcome::Stale,
                Some(_) => {
                    state.renew(key, op.now, idle_deadline);
                    TouchOutcome::Touched
                }
            })
        })
    }

    async fn destroy(&self, op: &Op, key: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        self.with(|state| {
            state.bury(op, key, None);
            Ok(state.tombs[key].successor)
        })
    }

    async fn exists(&self, op: &Op, key: &StoreKey) -> Result<bool, StoreError> {
        self.with(|state| Ok(state.live(op.now, key).is_some()))
    }

    async fn gc(&self, op: &Op, budget: usize) -> Result<Swept, StoreError> {
        self.with(|state| {
            let past = |deadline: Timestamp| deadline + op.max_skew < op.now;
            let mut dead: Vec<_> = state
                .records
                .iter()
                .filter(|(_, r)| past(r.header.idle_deadline.min(r.header.absolute_deadline)))
                .map(|(key, _)| *key)
                .collect();
            let tombs = state.tombs.iter().filter(|(_, tomb)| past(tomb.until));
            dead.extend(tombs.map(|(key, _)| *key));
            let more = dead.len() > budget;
            dead.truncate(budget);
            for key in &dead {
                state.remove(key);
                state.tombs.remove(key);
            }
            state.owners.retain(|_, set| {
                !set.keys.is_empty() || set.not_before.is_some_and(|at| !past(at + MAX_LIFETIME))
            });
            Ok(Swept {
                removed: dead.len(),
                more,
            })
        })
    }

    async fn sessions_of(&self, op: &Op, owner: &OwnerKey) -> Result<Vec<SessionInfo>, StoreError> {
        self.with(|state| {
            let live = state.live_of(op.now, owner);
            Ok(live.into_iter().map(|(_, info)| info).collect())
        })
    }

    async fn destroy_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> Result<bool, StoreError> {
        self.with(|state| {
            let live = state.live_of(op.now, owner);
            let found = live.iter().find(|(_, info)| info.handle == handle);
            if let Some((key, _)) = found {
                state.bury(op, key, None);
            }
            Ok(found.is_some())
        })
    }

    async fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        self.with(|state| {
            let set = state.owners.entry(*owner).or_default();
            let not_before = set.not_before.map_or(op.now, |at| at.max(op.now));
            set.not_before = Some(not_before);
            let keys = set.keys.clone();
            let mut destroyed = 0;
            for key in &keys {
                let live = state.live(op.now, key).is_some();
                if live && except == Some(key) {
                    state.stamp(key, not_before + Duration::from_millis(1));
                } else {
                    // Also what has expired: it may still live by the clock of a node that is behind.
                    state.bury(op, key, None);
                    destroyed += u64::from(live);
                }
            }
            Ok(destroyed)
        })
    }
}
