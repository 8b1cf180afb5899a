//! The set of an owner's sessions: a directory with an empty file for each, and the time of the last revocation.
//!
//! A marker is entered under the locks of its owner and its record, before the record is there. It is removed under
//! the lock of its record alone, by whoever has seen that the record no longer lives or has another owner. So each
//! live session stands in the set of its owner, whatever crashes.

use session::{
    Header, Op, Over, OwnerKey, OwnerRule, SessionHandle, SessionInfo, StoreError, StoreKey,
    Timestamp,
};

use super::Files;
use super::disk::{Loaded, Lock};
use super::error::{Result, before, is_newer, unsure};
use super::found::{Found, Tombstone, is_of, timestamp};
use super::frame::{self, Bad, Kind};
use super::layout::{REVOKED, REVOKED_TEMP, marker_name};
use super::verbs::not_put;

/// Whether a record may be bound to its owner. Holds the owner's lock.
#[derive(Debug)]
pub(super) enum Binding {
    /// There is no owner.
    Free,
    Bound {
        victims: Vec<StoreKey>,
        _lock: Lock,
    },
    Refused,
    Revoked,
}

impl Binding {
    /// Which sessions have to go for this one.
    pub(super) fn victims(&self) -> &[StoreKey] {
        match self {
            Self::Bound { victims, .. } => victims,
            Self::Free | Self::Refused | Self::Revoked => &[],
        }
    }
}

/// What stood under a key that was to end.
#[derive(PartialEq, Eq)]
enum End {
    Lived,
    Moved(StoreKey),
    Nothing,
}

impl Files {
    /// Locks the owner that a header names, and decides by its sessions and its last revocation. `own` are keys
    /// that do not count.
    pub(super) fn binding(
        &self,
        op: &Op,
        header: &Header,
        own: &[StoreKey],
        rule: Option<OwnerRule>,
    ) -> Result<Binding> {
        let Some(owner) = &header.owner else {
            return Ok(Binding::Free);
        };
        let lock = self.lock_owner(&owner.key)?;
        if self
            .not_before(&owner.key)?
            .is_some_and(|time| header.authenticated_at <= time)
        {
            return Ok(Binding::Revoked);
        }
        let mut victims = Vec::new();
        if let Some(rule) = rule {
            let mut live = self.live_of(op, &owner.key)?;
            live.retain(|(key, _)| !own.contains(key));
            let max = usize::try_from(rule.max.get()).unwrap_or(usize::MAX);
            let over = (live.len() + 1).saturating_sub(max);
            match rule.over {
                Over::Refuse if over > 0 => return Ok(Binding::Refused),
                Over::Refuse => {}
                Over::Evict => {
                    live.sort_by_key(|(key, header)| (header.created, *key));
                    victims.extend(live.into_iter().take(over).map(|(key, _)| key));
                }
            }
        }
        Ok(Binding::Bound {
            victims,
            _lock: lock,
        })
    }

    /// Enters a session into the set of its owner. The locks of both are held.
    pub(super) fn enter_owner(&self, key: &StoreKey, header: &Header) -> Result<()> {
        let Some(owner) = &header.owner else {
            return Ok(());
        };
        let marked = self.disk.mark(&self.layout.marker(&owner.key, key));
        marked.map_err(before("enter a session into its owner's set"))
    }

    /// Takes a session out of the set of its owner. A marker that stays behind does no harm.
    pub(super) fn leave_owner(&self, key: &StoreKey, header: &Header) {
        if let Some(owner) = &header.owner {
            let _ = self.disk.remove(&self.layout.marker(&owner.key, key));
        }
    }

    /// Ends the sessions that had to go for another one. Their locks are held.
    pub(super) fn evict(&self, op: &Op, header: &Header, victims: &[StoreKey]) -> Result<()> {
        let Some(owner) = &header.owner else {
            return Ok(());
        };
        for key in victims {
            self.end_member(op, &owner.key, key)?;
        }
        Ok(())
    }

    pub(super) fn sessions_of(&self, op: &Op, owner: &OwnerKey) -> Result<Vec<SessionInfo>> {
        let _lock = self.lock_owner(owner)?;
        let mut live = self.live_of(op, owner)?;
        live.sort_by_key(|(key, header)| (header.created, *key));
        for key in self.members(owner)? {
            if !live.iter().any(|(of, _)| *of == key) {
                // Pruning what is dead may fail: it is not in the listing either way.
                let _ = self.prune(op.now - op.max_skew, owner, &key);
            }
        }
        Ok(live
            .iter()
            .map(|(_, header)| SessionInfo::of(header))
            .collect())
    }

    pub(super) fn destroy_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> Result<bool> {
        let _lock = self.lock_owner(owner)?;
        for (key, header) in self.live_of(op, owner)? {
            if header.handle == handle && self.end_if_of(op, owner, &key)? == End::Lived {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64> {
        let lock = self.lock_owner(owner)?;
        // Whatever fails from here on, the sessions still end; but then the answer is that it failed.
        let mut failed = None;
        let before = note(&mut failed, self.not_before(owner)).flatten();
        let not_before = op.now.max(before.unwrap_or_default());
        note(&mut failed, self.revoke(owner, not_before));
        let mut members = self.members(owner)?;
        // Spared is what was stamped; and what could not be, as the caller is told that this has failed.
        let spared = except.filter(|except| {
            let stamped = self.stamp(op, owner, except, not_before);
            note(&mut failed, stamped).unwrap_or(true)
        });
        members.retain(|key| spared != Some(key));
        drop(lock);
        let (mut ended, mut next) = (0, 0);
        while let Some(key) = members.get(next) {
            match note(&mut failed, self.end_if_of(op, owner, key)) {
                Some(End::Lived) => ended += 1,
                // Another call has excepted it meanwhile, so that it could move on.
                Some(End::Moved(to)) if spared != Some(&to) => members.push(to),
                _ => {}
            }
            next += 1;
        }
        failed.map_or(Ok(ended), Err)
    }

    /// Ends the session under a key if it is one of this owner. One that has just expired may live by the clock of
    /// another node, so it ends too.
    fn end_if_of(&self, op: &Op, owner: &OwnerKey, key: &StoreKey) -> Result<End> {
        let _lock = self.lock(&[*key])?;
        self.end_member(op, owner, key)
    }

    /// The same, under the lock of the record.
    fn end_member(&self, op: &Op, owner: &OwnerKey, key: &StoreKey) -> Result<End> {
        let lived = |header: &Header| match header.is_live(op.now) {
            true => End::Lived,
            false => End::Nothing,
        };
        let found = match self.settled(key) {
            // One that does not say whose it is, is whose set it stands in.
            Err(error) if is_newer(&error) => {
                self.end(op, key)?;
                let _ = self.disk.remove(&self.layout.marker(owner, key));
                return Ok(End::Nothing);
            }
            found => found?,
        };
        match found {
            Found::Record(stored) if stored.is_of(owner) => {
                self.end_record(op, key, &stored)?;
                Ok(lived(&stored.header))
            }
            Found::Tombstone(Tombstone {
                successor: Some(to),
                ..
            }) => Ok(End::Moved(to)),
            _ => Ok(End::Nothing),
        }
    }

    /// Lets a live session of this owner outlive a revocation, and says whether it is one. It gets a new version, so
    /// that a commit which read it before does not undo this.
    fn stamp(
        &self,
        op: &Op,
        owner: &OwnerKey,
        key: &StoreKey,
        not_before: Timestamp,
    ) -> Result<bool> {
        let _lock = self.lock(&[*key])?;
        let mut stored = match self.settled(key)? {
            Found::Record(stored) if stored.is_of(owner) && stored.is_live(op) => stored,
            _ => return Ok(false),
        };
        let header = &mut stored.header;
        let just_after = not_before + std::time::Duration::from_millis(1);
        header.authenticated_at = header.authenticated_at.max(just_after);
        header.version = header.version.next();
        let put = self.put(key, &(*stored).into());
        put.map(|()| true)
            .map_err(|error| not_put("stamp a session", error))
    }

    /// The live sessions of an owner whose lock is held. Whether their data can be read is no matter here; a header
    /// that cannot be is none, but a failing disk is an error.
    fn live_of(&self, op: &Op, owner: &OwnerKey) -> Result<Vec<(StoreKey, Header)>> {
        let mut live = Vec::new();
        let lives = |header: &Header| is_of(header, owner) && header.is_live(op.now);
        for key in self.members(owner)? {
            match self.look(&key) {
                Ok(Found::Record(stored)) if lives(&stored.header) => {
                    live.push((key, stored.header));
                }
                Ok(_) => {}
                Err(error) if is_newer(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(live)
    }

    fn members(&self, owner: &OwnerKey) -> Result<Vec<StoreKey>> {
        let names = self.disk.names(&self.layout.owner(owner));
        let names = names.map_err(before("list an owner's sessions"))?;
        Ok(names.iter().filter_map(|name| marker_name(name)).collect())
    }

    /// Removes a marker if its record has been dead since before `now`, is of another owner, or is missing.
    pub(super) fn prune(&self, now: Timestamp, owner: &OwnerKey, key: &StoreKey) -> Result<bool> {
        let dead = |found: Found| match found {
            Found::Missing | Found::Tombstone(_) => true,
            Found::Record(stored) => !stored.is_of(owner) || stored.until() < now,
            Found::Damaged(_) => false,
        };
        if !dead(self.look(key)?) {
            return Ok(false);
        }
        let _lock = self.lock(&[*key])?;
        if !dead(self.settled(key)?) {
            return Ok(false);
        }
        let removed = self.disk.remove(&self.layout.marker(owner, key));
        removed.map_err(before("prune an owner's set"))
    }

    /// Since when the sessions of an owner are revoked. The owner's lock is held.
    pub(super) fn not_before(&self, owner: &OwnerKey) -> Result<Option<Timestamp>> {
        let step = "read an owner's revocation";
        let path = self.layout.owner(owner).join(REVOKED);
        let (bytes, modified) = match self.disk.load(&path, self.max_file).map_err(before(step))? {
            Loaded::Missing => return Ok(None),
            Loaded::File {
                bytes, modified, ..
            } => (bytes, modified),
            Loaded::Oversized { modified } => (Vec::new(), modified),
            Loaded::Foreign => return Err(before(step)(std::io::ErrorKind::InvalidData.into())),
        };
        match frame::open(&bytes.into(), &as_key(owner)) {
            Ok(frame) if frame.kind == Kind::Revocation && frame.body.len() == 8 => {
                Ok(Some(frame::time(&frame.body)))
            }
            Err(Bad::Unknown(kind)) => Err(StoreError::from_kind(kind)),
            // It says no longer when, but it was written when the sessions were revoked.
            Ok(_) | Err(Bad::Damaged) => Ok(Some(timestamp(modified))),
        }
    }

    fn revoke(&self, owner: &OwnerKey, not_before: Timestamp) -> Result<()> {
        let dir = self.layout.owner(owner);
        let body = not_before.as_millis().to_le_bytes();
        let bytes = frame::seal(Kind::Revocation, &as_key(owner), &[&body]);
        let put = self
            .disk
            .replace(&dir.join(REVOKED_TEMP), &dir.join(REVOKED), &bytes, true);
        put.map_err(|error| unsure("revoke an owner's sessions")(error.source))
    }
}

/// An owner's file is sealed like a record's, with the owner's hash for a key.
fn as_key(owner: &OwnerKey) -> StoreKey {
    StoreKey::from_parts(*owner.as_bytes(), [0; 2])
}

/// Keeps the first error and goes on.
fn note<T>(failed: &mut Option<StoreError>, result: Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            failed.get_or_insert(error);
            None
        }
    }
}
