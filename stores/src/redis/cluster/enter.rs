//! Who is in an owner's set: how a session gets in, and who leaves for it.

use std::time::Duration;

use session::{Over, OwnerKey, OwnerRule, Record, StoreError, StoreErrorKind, StoreKey, Timestamp};
use tokio::time::sleep;

use super::Field;
use super::all::all;
use super::members::{Info, aged_fields};
use crate::redis::call::{Again, Verb};
use crate::redis::name::field;
use crate::redis::script;

/// How long a sign-in waits for others of the same owner that are on their way.
const WAIT: Duration = Duration::from_millis(10);

/// A session that stands in its owner's set.
pub(super) struct Entered<'a> {
    owner: &'a OwnerKey,
    field: Field,
    /// Whether it was not in there before.
    fresh: bool,
    /// Who has to go for it.
    claimed: Vec<Field>,
}

pub(super) enum Entry<'a> {
    Entered(Entered<'a>),
    Refused,
    Revoked,
}

impl Verb<'_> {
    /// Enters the session that `record` will be under `key` into its owner's set. `None`: it has no owner.
    pub(super) async fn enter<'r>(
        &self,
        key: &StoreKey,
        instead_of: &StoreKey,
        record: &'r Record,
        bind: Option<OwnerRule>,
    ) -> Result<Option<Entry<'r>>, StoreError> {
        let header = &record.header;
        let Some(owner) = header.owner.as_ref().map(|owner| &owner.key) else {
            return Ok(None);
        };
        let names = &self.engine.names;
        let (set, revoked) = (names.owner(owner), names.revoked(owner));
        let (field, instead_of) = (field(key), field(instead_of));
        let millis = |at: Timestamp| at.as_millis().to_string();
        let times = [
            millis(header.created),
            millis(header.absolute_deadline),
            millis(header.authenticated_at),
        ];
        let max = bind.map_or_else(String::new, |rule| rule.max.to_string());
        let (mut claimed, mut aside, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let fields = [&claimed, &aside, &gone].map(|fields: &Vec<Field>| fields.concat());
            let hold = self.rest().as_millis().to_string();
            let args: [&[u8]; 10] = [
                &field,
                &instead_of,
                times[0].as_bytes(),
                times[1].as_bytes(),
                times[2].as_bytes(),
                max.as_bytes(),
                &fields[0],
                &fields[1],
                &fields[2],
                hold.as_bytes(),
            ];
            let mut reply = self
                .run(&script::ENTER, &[&set, &revoked], &args, Again::Harmless)
                .await?;
            match reply.status()? {
                "entered" => {
                    return Ok(Some(Entry::Entered(Entered {
                        owner,
                        field,
                        fresh: reply.number() == 1,
                        claimed,
                    })));
                }
                "revoked" => return Ok(Some(Entry::Revoked)),
                "claimed" => {
                    self.pause().await?;
                    continue;
                }
                "full" => {}
                _ => return Err(reply.unexpected()),
            }
            let Some(rule) = bind else {
                return Err(reply.unexpected());
            };
            // The set is full of names: who of them lives?
            let others = aged_fields(&mut reply);
            let infos = self.infos(owner, &others).await?;
            (claimed, aside, gone) = (Vec::new(), Vec::new(), Vec::new());
            let (mut live, mut ended, mut on_their_way) = (Vec::new(), Vec::new(), 0);
            for ((other, old), info) in others.into_iter().zip(infos) {
                match info {
                    Info::Live(header) => live.push((header.created, other)),
                    Info::Absent if !old => on_their_way += 1,
                    Info::Absent => {
                        aside.push(other);
                        gone.push(other);
                    }
                    Info::Ended => {
                        aside.push(other);
                        ended.push(other);
                    }
                    Info::Aside => aside.push(other),
                }
            }
            if !ended.is_empty() {
                self.leave(owner, &ended.concat()).await;
            }
            let excess = (live.len() + on_their_way + 1).saturating_sub(rule.max.get() as usize);
            if rule.over == Over::Refuse && excess > 0 {
                return Ok(Some(Entry::Refused));
            }
            if excess > live.len() {
                self.pause().await?;
                continue;
            }
            live.sort_by_key(|(created, _)| *created);
            claimed.extend(live[..excess].iter().map(|(_, other)| *other));
        }
    }

    async fn pause(&self) -> Result<(), StoreError> {
        if self.rest() < WAIT {
            return Err(StoreError::from_kind(StoreErrorKind::Timeout));
        }
        sleep(WAIT).await;
        Ok(())
    }

    /// What follows once it is known whether the record was stored: whoever has to go for it ends, and the set is
    /// tidied. A set that is not is left to the next one that reads it.
    ///
    /// # Errors
    ///
    /// Whoever has to go may still live. Repeated, the verb finds its record stored, and ends them.
    pub(super) async fn settle(
        &self,
        entered: Option<Entered<'_>>,
        stored: bool,
        former: Option<OwnerKey>,
        former_field: &Field,
    ) -> Result<(), StoreError> {
        let owner = entered.as_ref().map(|entered| *entered.owner);
        let mut leaving = Vec::new();
        if let Some(entered) = entered {
            if !stored {
                let field = if entered.fresh {
                    &entered.field[..]
                } else {
                    &[]
                };
                if entered.fresh || !entered.claimed.is_empty() {
                    let args = [field, &entered.claimed.concat(), &entered.field];
                    self.tidy(entered.owner, &args).await;
                }
                return Ok(());
            }
            // One that has moved was on its way when its place was claimed: it counted by itself.
            let mut ends = Vec::new();
            for field in &entered.claimed {
                ends.push(self.end(entered.owner, field, b"", Again::Harmless));
            }
            for end in all(ends).await {
                end?;
            }
            leaving = entered.claimed;
        }
        if let Some(former) = former {
            if Some(former) == owner {
                leaving.push(*former_field);
            } else {
                self.leave(&former, former_field).await;
            }
        }
        if let Some(owner) = owner
            && !leaving.is_empty()
        {
            self.leave(&owner, &leaving.concat()).await;
        }
        Ok(())
    }

    /// Takes these fields out of a set.
    pub(super) async fn leave(&self, owner: &OwnerKey, leaving: &[u8]) {
        self.tidy(owner, &[leaving, b"", b""]).await;
    }

    /// Whoever reads a set verifies what it names, so that a failure costs no more than that.
    async fn tidy(&self, owner: &OwnerKey, args: &[&[u8]; 3]) {
        let set = self.engine.names.owner(owner);
        let _ = self
            .run(&script::LEAVE, &[&set], args, Again::Harmless)
            .await;
    }
}
