//! What binds sessions to owners, and ends them by owner.

use std::sync::Arc;

use session::{Op, Over, OwnerKey, OwnerRule, Record, SessionHandle, SessionInfo, StoreKey};

use super::Inner;
use super::digest::Digest;
use super::owners::{OwnerSet, Sets, forget};
use super::shard::Dropped;
use super::sync::Ordering;

/// Why a session could not be bound to its owner.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    Refused,
    Revoked,
}

fn is_of(record: &Record, owner: &Digest) -> bool {
    let of = record.header.owner.as_ref();
    of.is_some_and(|of| Digest::from(&of.key) == *owner)
}

impl Inner {
    /// Whether the record may be bound to its owner, whose set is locked, and who has to go for it. The session under
    /// `instead_of` is not counted.
    pub(super) fn may_bind(
        &self,
        op: &Op,
        set: Option<&OwnerSet>,
        record: &Record,
        bind: Option<OwnerRule>,
        instead_of: &Digest,
    ) -> Result<Vec<Digest>, Refusal> {
        let (Some(owner), Some(set)) = (&record.header.owner, set) else {
            return Ok(Vec::new());
        };
        if set.refuses(record.header.authenticated_at) {
            return Err(Refusal::Revoked);
        }
        let Some(rule) = bind else {
            return Ok(Vec::new());
        };
        let mut others = self.live_of(op, set, &Digest::from(&owner.key));
        others.retain(|(digest, _)| digest != instead_of);
        let excess = (others.len() + 1).saturating_sub(rule.max.get() as usize);
        match rule.over {
            Over::Refuse if excess > 0 => Err(Refusal::Refused),
            Over::Refuse => Ok(Vec::new()),
            Over::Evict => Ok(others[..excess].iter().map(|(digest, _)| *digest).collect()),
        }
    }

    /// Destroys sessions of an owner whose set is locked. What they were is dropped after the lock.
    pub(super) fn evict(
        &self,
        op: &Op,
        owner: &Digest,
        set: &mut OwnerSet,
        digests: &[Digest],
    ) -> Vec<Dropped> {
        let bury = |digest: &Digest| {
            set.remove(digest);
            self.bury_of(op, owner, digest).0
        };
        digests.iter().map(bury).collect()
    }

    /// Ends the session under the key, live or expired, unless it is another owner's by now, and says whither it had
    /// moved.
    fn bury_of(&self, op: &Op, owner: &Digest, digest: &Digest) -> (Dropped, Option<StoreKey>) {
        let mut table = self.shard(digest);
        if table
            .get(digest)
            .is_some_and(|record| !is_of(record, owner))
        {
            return (None, None);
        }
        let buried = table.bury(op, digest, None);
        self.len
            .fetch_sub(usize::from(buried.0.is_some()), Ordering::Relaxed);
        buried
    }

    /// Takes the key out of the owner's set, unless the owner has a record under it again.
    fn leave(&self, sets: &mut Sets, owner: &Digest, digest: &Digest) {
        let back = self
            .shard(digest)
            .get(digest)
            .is_some_and(|record| is_of(record, owner));
        if !back {
            forget(sets, owner, digest);
        }
    }

    /// The live sessions of an owner whose set is locked, oldest first.
    fn live_of(&self, op: &Op, set: &OwnerSet, owner: &Digest) -> Vec<(Digest, SessionInfo)> {
        let live = |digest: &Digest| {
            let table = self.shard(digest);
            let record = table
                .live(op.now, digest)
                .filter(|record| is_of(record, owner))?;
            Some((*digest, SessionInfo::of(&record.header)))
        };
        let mut live: Vec<_> = set.keys.iter().filter_map(live).collect();
        live.sort_by_key(|(_, info)| info.created);
        live
    }

    pub(super) fn sessions_of(&self, op: &Op, owner: &OwnerKey) -> Vec<SessionInfo> {
        let owner = Digest::from(owner);
        let sets = self.owners.lock(&owner);
        let live = sets.get(&owner).map(|set| self.live_of(op, set, &owner));
        live.into_iter().flatten().map(|(_, info)| info).collect()
    }

    pub(super) fn destroy_of(&self, op: &Op, owner: &OwnerKey, handle: SessionHandle) -> bool {
        let owner = Digest::from(owner);
        let mut sets = self.owners.lock(&owner);
        let Some(set) = sets.get_mut(&owner) else {
            return false;
        };
        let live = self.live_of(op, set, &owner);
        let Some((digest, _)) = live.iter().find(|(_, info)| info.handle == handle) else {
            return false;
        };
        // It can have been signed out meanwhile: that takes no owner's lock.
        let (buried, _) = self.bury_of(op, &owner, digest);
        forget(&mut sets, &owner, digest);
        drop(sets);
        buried.is_some()
    }

    pub(super) fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> u64 {
        let owner = Digest::from(owner);
        let mut sets = self.owners.lock(&owner);
        let set = sets.entry(owner).or_default();
        let authenticated_at = set.revoke(op.now);
        let mut keys = set.keys.clone();
        let (except, mut spared) = (except.map(Digest::from), None);
        if let Some(except) = except
            && let Some(record) = self.shard(&except).live_mut(op.now, &except)
            && is_of(record, &owner)
        {
            let header = &mut Arc::make_mut(record).header;
            header.authenticated_at = authenticated_at;
            header.version = header.version.next();
            keys.retain(|digest| *digest != except);
            spared = Some(except);
        }
        // From here on nobody who authenticated before gets into the set. So what is in `keys` is all there is, and what
        // that moves on to if another call excepts it meanwhile.
        drop(sets);
        let (mut destroyed, mut next) = (0, 0);
        while let Some(digest) = keys.get(next) {
            let (buried, successor) = self.bury_of(op, &owner, digest);
            destroyed += u64::from(buried.is_some_and(|record| record.header.is_live(op.now)));
            let successor = successor.as_ref().map(Digest::from);
            keys.extend(successor.filter(|to| spared != Some(*to)));
            next += 1;
        }
        let mut sets = self.owners.lock(&owner);
        for digest in &keys {
            self.leave(&mut sets, &owner, digest);
        }
        destroyed
    }

    /// Drops a record that has left its shard, and takes it out of its owner's set. No lock may be held.
    pub(super) fn leave_set_of(&self, record: Dropped, digest: &Digest) {
        if let Some(record) = record {
            self.leave_set(&record, digest);
        }
    }

    /// Takes the key out of its former owner's set, unless the owner has a record under it again.
    pub(super) fn leave_set(&self, record: &Record, digest: &Digest) {
        let Some(owner) = record.header.owner.as_ref() else {
            return;
        };
        let owner = Digest::from(&owner.key);
        let mut sets = self.owners.lock(&owner);
        self.leave(&mut sets, &owner, digest);
    }
}
