//! The verbs that concern owners in a cluster: the owner's slot and the record's, in the order that lets nobody escape.
//!
//! A session is entered into its owner's set before its record is stored. A revocation notes `not_before` and lists the
//! set in one step: a session is entered before that, and then it is on the list and ended even if its record is still
//! on its way, or it is refused. One that another call has excepted since then, and that has rotated, is followed by
//! its tombstones.
//!
//! A sign-in beyond the limit claims the places of those who have to go in the step that enters it, and ends them once
//! its record is stored. Until then they do not rotate: whoever would take the place of one of them waits, and then
//! finds it gone. Whoever has a claim waits for nobody, so that no two sign-ins wait for each other, or end each other.

mod all;
mod end;
mod enter;
mod members;
mod nodes;
mod told;

use session::{
    CreateOutcome, OwnerKey, OwnerRule, Record, RotateOutcome, SessionHandle, SessionInfo,
    StoreError, StoreKey, Version,
};

pub(super) use self::all::all;
use self::end::End;
use self::enter::Entry;
pub(super) use self::nodes::Nodes;
use super::call::{Again, Verb};
use super::name::{FIELD, field, key_of};
use super::script;
use super::store::created;

/// How a set names a session.
type Field = [u8; FIELD];

impl Verb<'_> {
    pub(super) async fn create_in_cluster(
        &self,
        key: &StoreKey,
        record: &Record,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        // Before anything is entered for a record that cannot be sent.
        let value = self.engine.value(key, record)?;
        let entered = match self.enter(key, key, record, bind).await? {
            None => None,
            Some(Entry::Entered(entered)) => Some(entered),
            Some(Entry::Refused) => return Ok(CreateOutcome::OwnerRefused),
            Some(Entry::Revoked) => return Ok(CreateOutcome::OwnerRevoked),
        };
        let mut reply = self.create_record(key, &value, None, None).await?;
        let outcome = created(&reply)?;
        let stored = outcome == CreateOutcome::Created;
        let former = owner_of(&reply.bytes());
        self.settle(entered, stored, former, &field(key)).await?;
        Ok(outcome)
    }

    pub(super) async fn rotate_in_cluster(
        &self,
        keys: (&StoreKey, &StoreKey),
        record: &Record,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        let (old, new) = keys;
        let value = self.engine.value(new, record)?;
        let entered = match self.enter(new, old, record, bind).await? {
            None => None,
            Some(Entry::Entered(entered)) => Some(entered),
            // A refusal says that the old session stands, and this may be the repetition of a call that moved it.
            Some(_) if !self.exists(old).await? => return Ok(RotateOutcome::Gone),
            Some(Entry::Refused) => return Ok(RotateOutcome::OwnerRefused),
            Some(Entry::Revoked) => return Ok(RotateOutcome::OwnerRevoked),
        };
        let mut reply = self
            .rotate_record(keys, &value, expected, None, None)
            .await?;
        let outcome = self.rotated(old, &mut reply)?;
        let stored = matches!(outcome, RotateOutcome::Saved(_));
        let former = owner_of(&reply.bytes());
        self.settle(entered, stored, former, &field(old)).await?;
        Ok(outcome)
    }

    pub(super) async fn destroy_in_cluster(
        &self,
        key: &StoreKey,
    ) -> Result<Option<StoreKey>, StoreError> {
        let mut reply = self.destroy_record(key).await?;
        let successor = key_of(&reply.bytes());
        if let Some(owner) = owner_of(&reply.bytes()) {
            self.leave(&owner, &field(key)).await;
        }
        Ok(successor)
    }

    pub(super) async fn sessions_in_cluster(
        &self,
        owner: &OwnerKey,
    ) -> Result<Vec<SessionInfo>, StoreError> {
        let live = self.live_of(owner).await?;
        let mut infos: Vec<_> = live
            .iter()
            .map(|(_, header)| SessionInfo::of(header))
            .collect();
        infos.sort_by_key(|info| info.created);
        Ok(infos)
    }

    pub(super) async fn destroy_of_in_cluster(
        &self,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> Result<bool, StoreError> {
        let live = self.live_of(owner).await?;
        let Some((mut field, _)) = live.into_iter().find(|(_, header)| header.handle == handle)
        else {
            return Ok(false);
        };
        // It may have moved since it was listed, and its handle with it.
        loop {
            match self
                .end(owner, &field, &handle.to_bytes(), Again::Never)
                .await?
            {
                End::Ended => {
                    self.leave(owner, &field).await;
                    return Ok(true);
                }
                End::Moved(to) => field = to,
                End::Nothing => return Ok(false),
            }
        }
    }

    pub(super) async fn destroy_all_of_in_cluster(
        &self,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        let names = &self.engine.names;
        let (set, revoked) = (names.owner(owner), names.revoked(owner));
        let mut reply = self
            .run(&script::REVOKE, &[&set, &revoked], &[], Again::Harmless)
            .await?;
        let fields: Vec<Field> = reply.list().filter_map(|f| f.try_into().ok()).collect();
        let mut spared = None;
        if let Some(except) = except {
            let (version, at) = (Version::first().to_bytes(), reply.bytes());
            let args: [&[u8]; 3] = [owner.as_bytes(), &version, &at];
            let name = names.record(except);
            let reply = self
                .run(&script::STAMP, &[&name], &args, Again::Never)
                .await?;
            if reply.status()? == "stamped" {
                spared = Some(field(except));
            }
        }
        let (lived, ended) = self.end_all(owner, &fields, spared).await?;
        self.leave(owner, &ended.concat()).await;
        Ok(lived)
    }
}

/// The owner whom an answer names.
fn owner_of(bytes: &[u8]) -> Option<OwnerKey> {
    bytes.try_into().ok().map(OwnerKey::from_bytes)
}
