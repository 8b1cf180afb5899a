//! The untyped map inside a session: sorted keys to entries.

mod entry;
mod shape;
mod value;

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::time::Timestamp;

use entry::Name;
use shape::Shape;

pub(crate) use entry::{Entry, FlashEntry, Key, Slot};
pub(crate) use value::{Cause, Format, Unencodable};
pub use value::{SessionValue, Value};

/// Keys that begin so are the library's own.
pub(crate) const RESERVED: &str = "__";

/// The untyped map inside a session: sorted keys, each with a [`Value`].
///
/// An entry may have a deadline of its own (a field with `ttl`) or be a flash. Cloning copies one pointer; the
/// first change after that copies one pointer or short value a key. Maps with the same keys share the names. A store
/// moves `Data` about and never looks into it; a [`Codec`](crate::Codec) turns it into bytes.
///
/// ```
/// use session::Data;
///
/// let mut data = Data::new();
/// data.insert("theme", "dark".to_owned());
/// data.insert("visits", 3u64);
/// assert_eq!(data.get::<u64>("visits")?, Some(3));
/// assert_eq!(data.get::<u64>("absent")?, None);
/// assert!(data.get::<u64>("theme").is_err());
/// assert_eq!(data.keys().collect::<Vec<_>>(), ["theme", "visits"]);
/// # Ok::<(), session::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Data(Option<Arc<[Cell]>>);

/// One allocation a map: which keys it has, and then a slot for each of them. None for an empty map.
#[derive(Clone)]
enum Cell {
    Shape(Arc<Shape>),
    Slot(Slot),
}

impl Cell {
    fn slot(&self) -> Option<&Slot> {
        match self {
            Self::Slot(slot) => Some(slot),
            Self::Shape(_) => None,
        }
    }
}

impl Data {
    /// An empty map. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// How many entries there are, flashes and expired ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names().len()
    }

    /// Whether there is no entry at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.names().iter().map(Key::as_str)
    }

    /// A copy of the value at `key`, whatever its deadline.
    ///
    /// # Errors
    ///
    /// A [mismatch](crate::ErrorKind::Mismatch) if it cannot be read as a `T`, or is a flash.
    pub fn get<T: SessionValue>(&self, key: &str) -> Result<Option<T>, Error> {
        match self.slot(key) {
            None => Ok(None),
            Some(slot) => slot
                .value()
                .map_or(Err(Cause::Flash), Value::get)
                .map(Some)
                .map_err(|cause| Error::mismatch::<T>(key, cause)),
        }
    }

    /// Puts a value at `key`, in place of whatever was there.
    pub fn insert<T: SessionValue>(&mut self, key: &str, value: T) {
        self.put(&Key::from(key), Slot::Plain(Value::new(value)));
    }

    /// Removes the entry at `key`, and says whether there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        self.take_slot(key).is_some()
    }

    fn parts(&self) -> Option<(&Shape, &[Cell])> {
        match self.0.as_deref()? {
            [Cell::Shape(shape), slots @ ..] => Some((shape, slots)),
            _ => None,
        }
    }

    fn names(&self) -> &[Key] {
        self.parts().map_or(&[], |(shape, _)| &shape.keys)
    }

    fn cells(&self) -> &[Cell] {
        self.parts().map_or(&[], |(_, cells)| cells)
    }

    /// The entries, sorted by key.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let slots = self.cells().iter().filter_map(Cell::slot);
        self.names()
            .iter()
            .zip(slots)
            .map(|(key, slot)| Entry { key, slot })
    }

    /// From entries that may stand in any order; of two with one key the later counts.
    pub(crate) fn from_entries<N: Name>(mut entries: Vec<(N, Slot)>) -> Self {
        if !entries.is_sorted_by(|(a, _), (b, _)| a.text() < b.text()) {
            entries.sort_by(|(a, _), (b, _)| a.text().cmp(b.text()));
            entries.reverse();
            entries.dedup_by(|(a, _), (b, _)| a.text() == b.text());
            entries.reverse();
        }
        if entries.is_empty() {
            return Self::new();
        }
        let shape = Shape::of(entries.iter().map(|(name, _)| name));
        let slots = entries.into_iter().map(|(_, slot)| Cell::Slot(slot));
        Self(Some(
            [Cell::Shape(shape)].into_iter().chain(slots).collect(),
        ))
    }

    pub(crate) fn slot(&self, key: &str) -> Option<&Slot> {
        let (shape, cells) = self.parts()?;
        let at = find(&shape.keys, key).ok()?;
        cells.get(at)?.slot()
    }

    /// The entry at `key` unless its deadline has passed.
    pub(crate) fn live(&self, key: &str, now: Timestamp) -> Option<&Slot> {
        self.slot(key).filter(|slot| slot.is_live(now))
    }

    /// Puts a slot in place and hands back the old one, so that the caller decides where user code drops.
    pub(crate) fn put(&mut self, key: &Key, slot: Slot) -> Option<Slot> {
        let (keys, cells) = (self.names(), self.cells());
        match find(keys, key.as_str()) {
            Ok(at) => {
                let cell = Arc::make_mut(self.0.as_mut()?).get_mut(at + 1)?;
                match std::mem::replace(cell, Cell::Slot(slot)) {
                    Cell::Slot(former) => Some(former),
                    Cell::Shape(_) => None,
                }
            }
            Err(at) => {
                let (before, after) = keys.split_at(at);
                let names = before.iter().chain([key]).chain(after);
                let former = self.parts().map(|(shape, _)| shape);
                let shape = Shape::next(former, key.as_str(), names);
                let added = [Cell::Shape(shape), Cell::Slot(slot)];
                self.0 = Some(if cells.is_empty() {
                    Arc::new(added)
                } else {
                    let ([first, slot], (before, after)) = (added, cells.split_at(at));
                    let all = [first].into_iter().chain(before.iter().cloned());
                    all.chain([slot]).chain(after.iter().cloned()).collect()
                });
                None
            }
        }
    }

    pub(crate) fn take_slot(&mut self, key: &str) -> Option<Slot> {
        let (keys, cells) = (self.names(), self.cells());
        let at = find(keys, key).ok()?;
        let taken = cells.get(at)?.slot().cloned();
        let rest = (keys.len() > 1).then(|| {
            let names = keys[..at].iter().chain(&keys[at + 1..]);
            let former = self.parts().map(|(shape, _)| shape);
            let shape = Shape::next(former, key, names);
            let slots = cells[..at].iter().chain(&cells[at + 1..]).cloned();
            [Cell::Shape(shape)].into_iter().chain(slots).collect()
        });
        self.0 = rest;
        taken
    }

    /// Keeps the entries that `keep` wants.
    pub(crate) fn filtered(&self, keep: impl FnMut(&Entry<'_>) -> bool) -> Self {
        let kept: Vec<_> = self.entries().filter(keep).collect();
        if kept.len() == self.len() {
            return self.clone();
        }
        let owned = |entry: &Entry<'_>| (entry.key.clone(), entry.slot.clone());
        Self::from_entries(kept.iter().map(owned).collect())
    }

    /// What the map takes, as the size cap counts it: the keys and the JSON text of the values.
    ///
    /// The error names the key whose value cannot be encoded.
    pub(crate) fn size(&self) -> Result<usize, (Key, Unencodable)> {
        let Some((shape, cells)) = self.parts() else {
            return Ok(0);
        };
        let mut sum = shape.len;
        for (key, cell) in shape.keys.iter().zip(cells) {
            if let Cell::Slot(slot) = cell {
                let size = slot.size().map_err(|error| (key.clone(), error))?;
                sum = sum.saturating_add(size);
            }
        }
        Ok(sum)
    }
}

/// Searched by halves: 256 keys cost eight comparisons. A schema's names are the same literals each time, so of a few
/// keys the right one is most often known by its address.
#[inline]
fn find(keys: &[Key], key: &str) -> Result<usize, usize> {
    if keys.len() <= 8
        && let Some(at) = keys
            .iter()
            .position(|name| std::ptr::eq(name.as_str(), key))
    {
        return Ok(at);
    }
    keys.binary_search_by(|name| name.as_str().cmp(key))
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.entries().map(|e| (e.key.as_str(), e.slot)))
            .finish()
    }
}

#[cfg(test)]
mod tests;
