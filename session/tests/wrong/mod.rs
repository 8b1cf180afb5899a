//! A store that makes one mistake, and is right in everything else.

mod promise;
mod revoke;
mod verbs;
mod written;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

pub(crate) use promise::BrokenPromise;
use session::testing::ModelStore;
use session::{
    Op, Over, OwnerKey, OwnerRule, ReadOutcome, Record, SessionHandle, SessionStore, StoreKey,
    Version,
};

/// What a [`WrongStore`] does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mistake {
    /// `save` makes the record where there is none.
    UpsertInSave,
    /// `save` writes whatever version stands there.
    NoVersionCheckInSave,
    /// `save` compares the version, and writes a moment later.
    CheckThenWrite,
    /// `save` stores the header, and the data a moment later.
    HeaderThenData,
    /// `save` answers a conflict with the record of the caller.
    StaleConflict,
    /// `rotate` destroys the old record, and makes the new one a moment later.
    DeleteThenCreate,
    /// `rotate` makes the new record, and destroys the old one a moment later.
    CreateThenDelete,
    /// `rotate` moves whatever version stands there.
    NoVersionCheckInRotate,
    /// `rotate` takes a key where something stands.
    RotateOnto,
    /// `rotate` cannot be repeated.
    RotateOnce,
    /// `rotate` asks the owner's set before it looks for the session.
    OwnerFirst,
    /// `touch` brings an expired session back.
    ReviveInTouch,
    /// `touch` renews whatever version stands there.
    NoVersionCheckInTouch,
    /// `create` replaces a live record.
    CreateReplaces,
    /// `create` cannot be repeated.
    CreateOnce,
    /// `destroy` leaves no tombstone.
    NoTombstone,
    /// `destroy` does not hand back a successor.
    NoSuccessor,
    /// `read` does not say where a session moved on to.
    TombstoneNamesNobody,
    /// `read` serves a session for twice its lifetime.
    DoubleLifetime,
    /// `read` makes an empty record where there is none.
    ReadCreates,
    /// `read` sweeps what it finds expired.
    ReadDeletes,
    /// A renewal makes a new version.
    RenewalIsACommit,
    /// `exists` does not look at deadlines.
    ExpiredExists,
    /// `gc` ignores that clocks differ.
    NoSkewInGc,
    /// `gc` ignores its budget.
    UnboundedGc,
    /// `gc` finds nothing.
    IdleGc,
    /// The owner's set is kept by `create` alone: `rotate` forgets it.
    SetOutOfStep,
    /// The owner's set shows what has died.
    DeadInSet,
    /// A handle works for every owner.
    HandleOfAnyOwner,
    /// A revocation does not outlive the moment.
    NoNotBefore,
    /// A revocation ends what it has listed a moment later, and not what that has moved on to.
    ListThenEnd,
    /// The excepted session is not stamped anew.
    ExceptedAsItWas,
    /// The rule is checked, and the session bound a moment later.
    CountThenBind,
    /// Sessions are evicted before it is clear that there is a reason.
    EvictFirst,
    /// Values are parsed and written anew.
    ValuesRewritten,
    /// Times are kept to the second.
    WholeSeconds,
    /// Each 64th state of a session ends a millisecond later than it should.
    Drifts,
    /// `touch` goes by the absolute deadline that the session had when it was created.
    AbsoluteOfCreation,
    /// What has passed when it is stored has no deadline.
    PastIsForever,
    /// Durations are kept as seconds in 32 bits.
    ShortDurations,
    /// A renewal that is always due never is.
    ZeroIsNever,
    /// A tombstone without grace stands for ever.
    NoGraceIsEndless,
    /// Values are cut after 64 KiB.
    CutsLongValues,
    /// What is too large is found once half of it is done.
    RefusesHalfway,
    /// What is too large is refused as if the store were full.
    RefusesAsFull,
}

/// [`ModelStore`] with one mistake.
pub(crate) struct WrongStore {
    right: ModelStore,
    mistake: Mistake,
    /// What a mistake needs to remember.
    seen: Mutex<HashMap<StoreKey, Arc<Record>>>,
}

const YIELDS: usize = 3;

async fn a_moment() {
    for _ in 0..YIELDS {
        tokio::task::yield_now().await;
    }
}

impl WrongStore {
    pub(crate) fn new(mistake: Mistake) -> Self {
        Self {
            right: ModelStore::new(),
            mistake,
            seen: Mutex::default(),
        }
    }

    fn is(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }

    fn see(&self, key: &StoreKey, record: &Arc<Record>) {
        self.seen.lock().unwrap().insert(*key, Arc::clone(record));
    }

    fn seen(&self, key: &StoreKey) -> Option<Arc<Record>> {
        self.seen.lock().unwrap().get(key).cloned()
    }

    async fn current(&self, op: &Op, key: &StoreKey) -> Option<Arc<Record>> {
        match self.right.read(op, key, None).await {
            Ok(ReadOutcome::Live(record)) => Some(record),
            _ => None,
        }
    }

    async fn version(&self, op: &Op, key: &StoreKey, otherwise: Version) -> Version {
        let current = self.current(op, key).await;
        current.map_or(otherwise, |record| record.header.version)
    }

    /// Sessions of the owner that have to go by the rule, the longest-lived first.
    async fn excess(
        &self,
        op: &Op,
        record: &Record,
        bind: Option<OwnerRule>,
    ) -> (Vec<SessionHandle>, bool) {
        let (Some(rule), Some(owner)) = (bind, &record.header.owner) else {
            return (Vec::new(), false);
        };
        let mut others = self.right.sessions_of(op, &owner.key).await.unwrap();
        others.retain(|info| info.handle != record.header.handle);
        let excess = (others.len() + 1).saturating_sub(rule.max.get() as usize);
        let handles = others[..excess].iter().map(|info| info.handle).collect();
        (handles, rule.over == Over::Refuse && excess > 0)
    }

    async fn evict(&self, op: &Op, record: &Record, handles: &[SessionHandle]) {
        for handle in handles {
            let owner = record.header.owner.as_ref().unwrap().key;
            self.right.destroy_of(op, &owner, *handle).await.unwrap();
        }
    }

    fn keys_of(&self, owner: &OwnerKey) -> Vec<StoreKey> {
        let seen = self.seen.lock().unwrap();
        let of = |r: &Record| r.header.owner.as_ref().is_some_and(|o| o.key == *owner);
        let keys = seen.iter().filter(|(_, record)| of(record));
        keys.map(|(key, _)| *key).collect()
    }
}
