//! The state that a record and some changes give: what the request reads, and what is stored in the end.

use std::sync::Arc;

use super::{Change, Place, Updated};
use crate::data::{Data, FlashEntry, Key, Slot, Value};
use crate::error::Error;
use crate::record::{Owner, Record};
use crate::time::{Lifetime, Timestamp};

/// Which keys outlive a change of owner, and which do not outlive a sign-in. The schemas of the layer know.
pub(crate) trait Policy {
    fn keeps(&self, key: &str) -> bool;
    fn is_per_login(&self, key: &str) -> bool;
}

pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) policy: &'a dyn Policy,
}

/// Collects what changes replace, so that values of user types drop outside the lock.
#[derive(Default)]
pub(crate) struct Trash {
    slot: Option<Slot>,
    more: Vec<Rubbish>,
}

#[expect(dead_code, reason = "it is kept to be dropped")]
enum Rubbish {
    Slot(Slot),
    Data(Data),
    Change(Change),
}

impl Trash {
    fn slot(&mut self, slot: Option<Slot>) {
        match (slot, &mut self.slot) {
            (Some(slot), Some(_)) => self.more.push(Rubbish::Slot(slot)),
            (Some(slot), free) => *free = Some(slot),
            (None, _) => {}
        }
    }

    pub(crate) fn hold(&mut self, updated: Updated) {
        if let Updated::Put(value) = updated {
            self.slot(Some(Slot::Plain(value)));
        }
    }

    pub(crate) fn data(&mut self, data: Data) {
        if !data.is_empty() {
            self.more.push(Rubbish::Data(data));
        }
    }

    pub(super) fn change(&mut self, change: Change) {
        self.more.push(Rubbish::Change(change));
    }
}

/// A session as it would be stored.
#[derive(Clone, Default)]
pub(crate) struct Draft {
    pub(crate) data: Data,
    pub(crate) owner: Option<Arc<Owner>>,
    pub(crate) label: Option<Arc<str>>,
    /// What `set_lifetime` asked for.
    pub(crate) lifetime: Option<Lifetime>,
    /// The id must change.
    pub(crate) rotate: bool,
    /// An owner was set: an authentication.
    pub(crate) authenticated: bool,
    /// A former owner's session ended within it: its lifetime, label and handle go too.
    pub(crate) wiped: bool,
    /// An update did not apply to it: the changes are to be repeated, and to fail, before it is stored.
    pub(crate) failed: bool,
}

impl Draft {
    pub(crate) fn of(record: &Record) -> Self {
        Self {
            data: record.data.clone(),
            owner: record.header.owner.clone(),
            label: record.header.label.clone(),
            ..Self::default()
        }
    }

    /// Applies one change. Runs the closure of an update: never call it under a lock.
    pub(crate) fn apply(
        &mut self,
        change: &Change,
        context: &Context<'_>,
        trash: &mut Trash,
    ) -> Result<(), Error> {
        if let Change::Update {
            place,
            updater,
            expires,
        } = change
        {
            let current = place.current(&self.data, context.now);
            let current = current.map(|(_, slot)| slot.clone());
            let updated = updater(current.as_ref().and_then(Slot::value))?;
            self.install(place, current.as_ref(), updated, *expires, context, trash);
            return Ok(());
        }
        self.apply_data(change, context, trash);
        Ok(())
    }

    /// Applies a change that runs no closure.
    pub(crate) fn apply_data(&mut self, change: &Change, context: &Context<'_>, trash: &mut Trash) {
        match change {
            Change::Set { place, slot } => self.write(place, Some(slot.clone()), context, trash),
            Change::Remove { place } => self.write(place, None, context, trash),
            Change::Consume { place, found } => {
                let current = place.current(&self.data, context.now);
                let value = current.and_then(|(_, slot)| slot.value()).cloned();
                let mut cell = found
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                let earlier = std::mem::replace(&mut *cell, value);
                drop(cell);
                trash.slot(earlier.map(Slot::Plain));
                self.write(place, None, context, trash);
            }
            Change::Push { place, entry } => self.push(&place.key, entry, trash),
            Change::Take { place, ids } => self.take(place, ids, trash),
            Change::Clear => {
                trash.data(std::mem::take(&mut self.data));
                if self.owner.is_some() {
                    self.disown(context, trash);
                }
            }
            Change::SetOwner {
                place,
                value,
                owner,
            } => self.set_owner(place, value, owner, context, trash),
            Change::Regenerate => self.rotate = true,
            Change::SetLifetime(lifetime) => {
                self.lifetime = Some(*lifetime);
                self.rotate = true;
            }
            Change::SetLabel(label) => self.label.clone_from(label),
            // `apply` has seen to it.
            Change::Update { .. } => {}
        }
    }

    /// Puts the outcome of an update in place. `current` is the slot that the update was shown.
    pub(crate) fn install(
        &mut self,
        place: &Place,
        current: Option<&Slot>,
        updated: Updated,
        expires: Option<Timestamp>,
        context: &Context<'_>,
        trash: &mut Trash,
    ) {
        match updated {
            Updated::Untouched => {}
            Updated::Removed => self.write(place, None, context, trash),
            Updated::Put(value) => {
                // An update of a live value leaves its deadline; one that creates the entry starts it.
                let expires = match current {
                    Some(slot) if slot.value().is_some() => slot.expires(),
                    _ => expires,
                };
                self.write(place, Some(Slot::new(value, expires)), context, trash);
            }
        }
    }

    fn write(
        &mut self,
        place: &Place,
        slot: Option<Slot>,
        context: &Context<'_>,
        trash: &mut Trash,
    ) {
        if self.is_owner_entry(place) {
            self.disown(context, trash);
        }
        for alias in place.aliases {
            trash.slot(self.data.take_slot(alias));
        }
        trash.slot(match slot {
            Some(slot) => self.data.put(&place.key, slot),
            None => self.data.take_slot(place.key.as_str()),
        });
    }

    /// Whether the entry that names the owner stands at this place.
    fn is_owner_entry(&self, place: &Place) -> bool {
        self.owner.as_ref().is_some_and(|owner| {
            *owner.entry == *place.key.as_str() || place.aliases.contains(&&*owner.entry)
        })
    }

    /// The owner leaves: what is left is what the schemas keep.
    fn disown(&mut self, context: &Context<'_>, trash: &mut Trash) {
        let owner = self.owner.take();
        let kept = self.data.filtered(|e| {
            let key = e.key.as_str();
            context.policy.keeps(key) && owner.as_ref().is_none_or(|owner| *owner.entry != *key)
        });
        trash.data(std::mem::replace(&mut self.data, kept));
        self.label = None;
        self.lifetime = None;
        self.rotate = true;
        self.authenticated = false;
        self.wiped = true;
    }

    fn set_owner(
        &mut self,
        place: &Place,
        value: &Value,
        owner: &Arc<Owner>,
        context: &Context<'_>,
        trash: &mut Trash,
    ) {
        match &self.owner {
            Some(present) if present.key == owner.key => {
                if present.entry != owner.entry {
                    trash.slot(self.data.take_slot(&present.entry));
                }
            }
            Some(_) => self.disown(context, trash),
            None => {
                let carried = self
                    .data
                    .filtered(|e| !context.policy.is_per_login(e.key.as_str()));
                trash.data(std::mem::replace(&mut self.data, carried));
            }
        }
        // Disowned first, so that this write does not count as clearing the owner.
        self.owner = None;
        self.write(place, Some(Slot::Plain(value.clone())), context, trash);
        self.owner = Some(Arc::clone(owner));
        self.rotate = true;
        self.authenticated = true;
    }

    fn push(&mut self, key: &Key, entry: &FlashEntry, trash: &mut Trash) {
        let mut entries = match self.data.slot(key.as_str()) {
            Some(Slot::Flash(entries)) => entries.to_vec(),
            _ => Vec::with_capacity(1),
        };
        entries.push(entry.clone());
        trash.slot(self.data.put(key, Slot::Flash(Arc::new(entries))));
    }

    fn take(&mut self, place: &Place, ids: &[u64], trash: &mut Trash) {
        let aliases = place.aliases.iter().map(|alias| Key::Static(alias));
        for key in aliases.chain([place.key.clone()]) {
            let Some(Slot::Flash(entries)) = self.data.slot(key.as_str()) else {
                continue;
            };
            let rest: Vec<_> = entries
                .iter()
                .filter(|e| !ids.contains(&e.id))
                .cloned()
                .collect();
            if rest.len() == entries.len() {
                continue;
            }
            trash.slot(if rest.is_empty() {
                self.data.take_slot(key.as_str())
            } else {
                self.data.put(&key, Slot::Flash(Arc::new(rest)))
            });
        }
    }
}
