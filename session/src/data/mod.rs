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
/// An entry may have a deadline of its own (a field with `ttl`) or be a flash. Cloning copies two pointers; the
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
pub struct Data(Option<Parts>);

/// Which keys there are, and a slot for each of them.
#[derive(Clone)]
struct Parts {
    shape: Arc<Shape>,
    slots: Arc<[Slot]>,
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

    fn names(&self) -> &[Key] {
        self.0.as_ref().map_or(&[], |parts| &parts.shape.keys)
    }

    fn slots(&self) -> &[Slot] {
        self.0.as_ref().map_or(&[], |parts| &parts.slots)
    }

    /// The entries, sorted by key.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let entries = self.names().iter().zip(self.slots());
        entries.map(|(key, slot)| Entry { key, slot })
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
        let slots = entries.into_iter().map(|(_, slot)| slot).collect();
        Self(Some(Parts { shape, slots }))
    }

    pub(crate) fn slot(&self, key: &str) -> Option<&Slot> {
        let parts = self.0.as_ref()?;
        parts.slots.get(find(&parts.shape.keys, key).ok()?)
    }

    /// The entry at `key` unless its deadline has passed.
    pub(crate) fn live(&self, key: &str, now: Timestamp) -> Option<&Slot> {
        self.slot(key).filter(|slot| slot.is_live(now))
    }

    /// Puts a slot in place and hands back the old one, so that the caller decides where user code drops.
    pub(crate) fn put(&mut self, key: &Key, slot: Slot) -> Option<Slot> {
        let (keys, slots) = (self.names(), self.slots());
        match find(keys, key.as_str()) {
            Ok(at) => {
                let slots = &mut self.0.as_mut()?.slots;
                let stored = Arc::make_mut(slots).get_mut(at)?;
                Some(std::mem::replace(stored, slot))
            }
            Err(at) => {
                let (before, after) = keys.split_at(at);
                let names = before.iter().chain([key]).chain(after);
                let former = self.0.as_ref().map(|parts| &*parts.shape);
                let shape = Shape::next(former, key.as_str(), names);
                let slots: Arc<[_]> = if slots.is_empty() {
                    Arc::new([slot])
                } else {
                    let (before, after) = slots.split_at(at);
                    let all = before.iter().cloned().chain([slot]);
                    all.chain(after.iter().cloned()).collect()
                };
                self.0 = Some(Parts { shape, slots });
                None
            }
        }
    }

    pub(crate) fn take_slot(&mut self, key: &str) -> Option<Slot> {
        let Parts { shape, slots } = self.0.as_ref()?;
        let at = find(&shape.keys, key).ok()?;
        let taken = slots.get(at).cloned();
        self.0 = (slots.len() > 1).then(|| {
            let names = shape.keys[..at].iter().chain(&shape.keys[at + 1..]);
            let shape = Shape::next(Some(shape), key, names);
            let slots = slots[..at].iter().chain(&slots[at + 1..]);
            let slots = slots.cloned().collect();
            Parts { shape, slots }
        });
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
        self.sum(Value::size)
    }

    /// No less than [`size`](Self::size), and quicker: nearly every map is far from any cap.
    pub(crate) fn at_most(&self) -> Result<usize, (Key, Unencodable)> {
        self.sum(Value::at_most)
    }

    #[inline]
    fn sum(
        &self,
        size: impl Fn(&Value) -> Result<usize, Unencodable> + Copy,
    ) -> Result<usize, (Key, Unencodable)> {
        let mut sum = self.0.as_ref().map_or(0, |parts| parts.shape.len);
        for Entry { key, slot } in self.entries() {
            let size = slot.sum(size).map_err(|error| (key.clone(), error))?;
            sum = sum.saturating_add(size);
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
