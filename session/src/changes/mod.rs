//! What a request did to its session: ordered changes, kept so that they can be repeated on a newer record.

mod draft;

use std::sync::{Arc, Mutex};

use crate::data::{Data, FlashEntry, Key, Slot, Value};
use crate::error::Error;
use crate::id::OwnerKey;
use crate::record::Owner;
use crate::time::{Lifetime, Timestamp};

pub(crate) use draft::{Context, Draft, Policy, Trash};

/// A field's key and its former keys, of which the first that is present wins: an older version wrote it later.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) key: Key,
    pub(crate) aliases: &'static [&'static str],
}

impl Place {
    pub(crate) fn dynamic(key: &str) -> Self {
        Self {
            key: key.into(),
            aliases: &[],
        }
    }

    /// The slot that it reads from: the first alias that is present, else the key.
    pub(crate) fn current<'a>(
        &'a self,
        data: &'a Data,
        now: Timestamp,
    ) -> Option<(&'a str, &'a Slot)> {
        // Not by `keys`: a chain is slower, and every update comes by here.
        let present = |key| data.live(key, now).map(|slot| (key, slot));
        let former = self.aliases.iter().copied().find_map(present);
        former.or_else(|| present(self.key.as_str()))
    }

    /// The live entries of a flash, those under former keys first.
    pub(crate) fn flash<'a>(
        &'a self,
        data: &'a Data,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a FlashEntry> {
        self.keys()
            .filter_map(|key| data.slot(key))
            .flat_map(Slot::flash)
            .filter(move |entry| entry.is_live(now))
    }

    /// The former keys, then the present one.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let former = self.aliases.iter().copied();
        former.chain([self.key.as_str()])
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.key == other.key
            || self.aliases.contains(&other.key.as_str())
            || other.aliases.contains(&self.key.as_str())
    }
}

/// What an update made of the value that it was shown.
pub(crate) enum Updated {
    /// Whatever is stored stays: also something that could not be read.
    Untouched,
    Put(Value),
    Removed,
}

/// An update closure with its types erased. Runs user code.
pub(crate) type Updater = Box<dyn Fn(Option<&Value>) -> Result<Updated, Error> + Send>;

/// One change.
pub(crate) enum Change {
    Set {
        place: Place,
        slot: Slot,
    },
    Remove {
        place: Place,
    },
    Update {
        place: Place,
        updater: Updater,
        /// The deadline of the entry, should the update create it.
        expires: Option<Timestamp>,
    },
    /// Appends to a flash without looking at what is there.
    Push {
        place: Place,
        entry: FlashEntry,
    },
    /// Removes exactly these entries of a flash.
    Take {
        place: Place,
        ids: Vec<u64>,
    },
    /// Removes the value and reports what the record that was changed held.
    Consume {
        place: Place,
        found: Arc<Mutex<Option<Value>>>,
    },
    Clear,
    SetOwner {
        place: Place,
        value: Value,
        owner: Arc<Owner>,
    },
    Regenerate,
    SetLifetime(Lifetime),
    SetLabel(Option<Arc<str>>),
}

impl Change {
    /// A sign-in, by the value at this place.
    pub(crate) fn own(place: Place, value: Value, key: OwnerKey) -> Self {
        let entry = place.key.as_str().into();
        let owner = Arc::new(Owner { key, entry });
        Self::SetOwner {
            place,
            value,
            owner,
        }
    }

    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Self::Set { place, .. }
            | Self::Remove { place }
            | Self::Update { place, .. }
            | Self::Push { place, .. }
            | Self::Take { place, .. }
            | Self::Consume { place, .. }
            | Self::SetOwner { place, .. } => Some(place),
            Self::Clear | Self::Regenerate | Self::SetLifetime(_) | Self::SetLabel(_) => None,
        }
    }

    /// Whether dropping it loses data: then the client is told.
    pub(crate) fn is_data(&self) -> bool {
        !matches!(
            self,
            Self::Take { .. } | Self::Regenerate | Self::SetLabel(_)
        )
    }

    /// Whether changes before it must stay before it: their effect depends on the order.
    fn is_barrier(&self) -> bool {
        matches!(
            self,
            Self::Clear | Self::SetOwner { .. } | Self::Consume { .. }
        )
    }
}

/// The changes of one segment, in order.
#[derive(Default)]
pub(crate) enum Changes {
    #[default]
    None,
    /// All that most requests do, without an allocation.
    One(Change),
    Many(Vec<Change>),
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    fn as_slice(&self) -> &[Change] {
        match self {
            Self::None => &[],
            Self::One(change) => std::slice::from_ref(change),
            Self::Many(changes) => changes,
        }
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Change> {
        self.as_slice().iter()
    }

    /// Adds a change. A set or removal makes earlier changes of the same place pointless: they go into the trash.
    pub(crate) fn push(&mut self, change: Change, trash: &mut Trash) {
        if let Self::None = self {
            *self = Self::One(change);
            return;
        }
        if let Change::Set { place, .. } | Change::Remove { place } = &change {
            let start = self.after_barrier();
            // One that removes aliases of its own is still needed: another schema may know more of them.
            let covers = |p: &Place| {
                p.key == place.key && p.aliases.iter().all(|a| place.aliases.contains(a))
            };
            let superseded = |c: &Change| c.place().is_some_and(covers);
            if self.as_slice()[start..].iter().any(superseded) {
                self.edit(|list| {
                    let dropped = list.extract_if(start.., |c| superseded(c));
                    dropped.for_each(|change| trash.change(change));
                });
            }
        }
        self.edit(|list| list.push(change));
    }

    /// The set or removal that an update of `place` folds into: the last change of that place, unless a barrier
    /// stands between.
    pub(crate) fn foldable(&self, place: &Place) -> bool {
        let start = self.after_barrier();
        let last = self.as_slice()[start..]
            .iter()
            .rev()
            .find(|c| c.place().is_some_and(|p| p.overlaps(place)));
        matches!(last, Some(Change::Set { place: p, .. } | Change::Remove { place: p }) if p.key == place.key)
    }

    fn after_barrier(&self) -> usize {
        self.iter()
            .rposition(Change::is_barrier)
            .map_or(0, |at| at + 1)
    }

    /// Works on them as a list, which may become longer or shorter.
    fn edit(&mut self, edit: impl FnOnce(&mut Vec<Change>)) {
        if let Self::Many(list) = self {
            return edit(list);
        }
        let mut list = std::mem::take(self).into_list();
        edit(&mut list);
        *self = Self::Many(list);
    }

    fn into_list(self) -> Vec<Change> {
        match self {
            Self::None => Vec::new(),
            Self::One(change) => {
                let mut list = Vec::with_capacity(4);
                list.push(change);
                list
            }
            Self::Many(list) => list,
        }
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&Change) -> bool) {
        self.edit(|list| list.retain(keep));
    }

    /// Puts changes that could not be committed back before those made since.
    pub(crate) fn prepend(&mut self, mut earlier: Self) {
        earlier.append(std::mem::take(self));
        *self = earlier;
    }

    pub(crate) fn append(&mut self, later: Self) {
        let later = later.into_list();
        self.edit(|list| list.extend(later));
    }
}

impl From<Vec<Change>> for Changes {
    fn from(changes: Vec<Change>) -> Self {
        Self::Many(changes)
    }
}

#[cfg(test)]
mod tests;
