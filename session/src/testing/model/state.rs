//! What a [`ModelStore`](super::ModelStore) holds, and the steps that its verbs are made of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::id::{OwnerKey, StoreKey};
use crate::record::Record;
use crate::store::{Op, Over, OwnerRule, SessionInfo};
use crate::time::Timestamp;

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) records: BTreeMap<StoreKey, Arc<Record>>,
    pub(super) tombs: BTreeMap<StoreKey, Tomb>,
    pub(super) owners: BTreeMap<OwnerKey, OwnerSet>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Tomb {
    pub(super) until: Timestamp,
    pub(super) successor: Option<StoreKey>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct OwnerSet {
    pub(super) not_before: Option<Timestamp>,
    pub(super) keys: BTreeSet<StoreKey>,
}

/// Why a session could not be bound to its owner.
pub(super) enum Refusal {
    Refused,
    Revoked,
}

impl State {
    pub(super) fn live(&self, now: Timestamp, key: &StoreKey) -> Option<&Arc<Record>> {
        self.records.get(key).filter(|r| r.header.is_live(now))
    }

    pub(super) fn tomb(&self, now: Timestamp, key: &StoreKey) -> Option<Tomb> {
        self.tombs.get(key).copied().filter(|tomb| now < tomb.until)
    }

    /// Takes the record away, and out of its owner's set.
    pub(super) fn remove(&mut self, key: &StoreKey) {
        if let Some(record) = self.records.remove(key)
            && let Some(owner) = &record.header.owner
            && let Some(set) = self.owners.get_mut(&owner.key)
        {
            set.keys.remove(key);
        }
    }

    /// Ends what stands under `key`. An older tombstone keeps its successor, and is kept for longer.
    pub(super) fn bury(&mut self, op: &Op, key: &StoreKey, successor: Option<StoreKey>) {
        self.remove(key);
        let old = self.tomb(op.now, key);
        let until = op.now + op.grace;
        self.tombs.insert(
            *key,
            Tomb {
                until: old.map_or(until, |old| old.until.max(until)),
                successor: successor.or(old.and_then(|old| old.successor)),
            },
        );
    }

    pub(super) fn live_of(&self, now: Timestamp, owner: &OwnerKey) -> Vec<(StoreKey, SessionInfo)> {
        let Some(set) = self.owners.get(owner) else {
            return Vec::new();
        };
        let mut live: Vec<_> = set
            .keys
            .iter()
            .filter_map(|key| Some((*key, SessionInfo::of(&self.live(now, key)?.header))))
            .collect();
        live.sort_by_key(|(_, info)| info.created);
        live
    }

    /// Whether `record` may be bound to its owner, and who has to go for it. `instead_of` is not counted.
    pub(super) fn may_bind(
        &self,
        op: &Op,
        record: &Record,
        bind: Option<OwnerRule>,
        instead_of: &StoreKey,
    ) -> Result<Vec<StoreKey>, Refusal> {
        let Some(owner) = &record.header.owner else {
            return Ok(Vec::new());
        };
        let not_before = self.owners.get(&owner.key).and_then(|set| set.not_before);
        if not_before.is_some_and(|not_before| record.header.authenticated_at <= not_before) {
            return Err(Refusal::Revoked);
        }
        let Some(rule) = bind else {
            return Ok(Vec::new());
        };
        let mut others = self.live_of(op.now, &owner.key);
        others.retain(|(key, _)| key != instead_of);
        let excess = (others.len() + 1).saturating_sub(rule.max.get() as usize);
        match rule.over {
            Over::Refuse if excess > 0 => Err(Refusal::Refused),
            Over::Refuse => Ok(Vec::new()),
            Over::Evict => Ok(others.drain(..excess).map(|(key, _)| key).collect()),
        }
    }

    pub(super) fn insert(&mut self, key: &StoreKey, record: Arc<Record>) {
        self.remove(key);
        self.tombs.remove(key);
        if let Some(owner) = &record.header.owner {
            self.owners.entry(owner.key).or_default().keys.insert(*key);
        }
        self.records.insert(*key, record);
    }

    /// Renews the idle deadline, which changes neither version nor data.
    pub(super) fn renew(&mut self, key: &StoreKey, now: Timestamp, idle_deadline: Timestamp) {
        if let Some(record) = self.records.get_mut(key) {
            Arc::make_mut(record).header.renew(now, idle_deadline);
        }
    }

    /// Authenticates the session anew; the version tells a save under way that the header has changed.
    pub(super) fn stamp(&mut self, key: &StoreKey, authenticated_at: Timestamp) {
        if let Some(record) = self.records.get_mut(key) {
            let header = &mut Arc::make_mut(record).header;
            header.authenticated_at = authenticated_at;
            header.version = header.version.next();
        }
    }
}
