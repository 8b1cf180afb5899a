//! The untyped map inside a session: sorted keys to entries.

mod entry;
mod value;

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::time::Timestamp;

pub(crate) use entry::{Entry, FlashEntry, Key, Slot};
pub(crate) use value::{Cause, Format, Unencodable};
pub use value::{SessionValue, Value};

/// Keys that begin so are the library's own.
pub(crate) const RESERVED: &str = "__";

/// The untyped map inside a session: sorted keys, each with a [`Value`].
///
/// An entry may have a deadline of its own (a field with `ttl`) or be a flash. Cloning copies one pointer; the
/// first change after that copies one entry a key. A store moves `Data` about and never looks into it; a
/// [`Codec`](crate::Codec) turns it into bytes.
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
pub struct Data(Option<Arc<[Entry]>>);

impl Data {
    /// An empty map. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// How many entries there are, flashes and expired ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there is no entry at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries().iter().map(|entry| entry.key.as_str())
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

    pub(crate) fn entries(&self) -> &[Entry] {
        self.0.as_deref().unwrap_or_default()
    }

    /// From entries that may stand in any order; of two with one key the later counts.
    pub(crate) fn from_entries(mut entries: Vec<Entry>) -> Self {
        if !entries.is_sorted_by(|a, b| a.key < b.key) {
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            entries.reverse();
            entries.dedup_by(|a, b| a.key == b.key);
            entries.reverse();
        }
        Self((!entries.is_empty()).then(|| entries.into()))
    }

    pub(crate) fn slot(&self, key: &str) -> Option<&Slot> {
        let entries = self.entries();
        find(entries, key).ok().map(|at| &entries[at].slot)
    }

    /// The entry at `key` unless its deadline has passed.
    pub(crate) fn live(&self, key: &str, now: Timestamp) -> Option<&Slot> {
        self.slot(key).filter(|slot| slot.is_live(now))
    }

    /// Puts a slot in place and hands back the old one, so that the caller decides where user code drops.
    pub(crate) fn put(&mut self, key: &Key, slot: Slot) -> Option<Slot> {
        let entries = self.entries();
        match find(entries, key.as_str()) {
            Ok(at) => {
                let entries = Arc::make_mut(self.0.as_mut()?);
                Some(std::mem::replace(&mut entries[at].slot, slot))
            }
            Err(at) => {
                let entry = Entry {
                    key: key.clone(),
                    slot,
                };
                let (before, after) = entries.split_at(at);
                let all = before.iter().cloned().chain([entry]);
                self.0 = Some(all.chain(after.iter().cloned()).collect());
                None
            }
        }
    }

    pub(crate) fn take_slot(&mut self, key: &str) -> Option<Slot> {
        let entries = self.entries();
        let at = find(entries, key).ok()?;
        let slot = entries[at].slot.clone();
        let (before, after) = (&entries[..at], &entries[at + 1..]);
        let rest = before.iter().chain(after).cloned().collect();
        self.0 = (entries.len() > 1).then_some(rest);
        Some(slot)
    }

    /// Keeps the entries that `keep` wants.
    pub(crate) fn filtered(&self, mut keep: impl FnMut(&Entry) -> bool) -> Self {
        Self::from_entries(
            self.entries()
                .iter()
                .filter(|entry| keep(entry))
                .cloned()
                .collect(),
        )
    }

    /// What the map takes, as the size cap counts it: the keys and the JSON text of the values.
    ///
    /// The error names the key whose value cannot be encoded.
    pub(crate) fn size(&self) -> Result<usize, (Key, Unencodable)> {
        self.entries().iter().try_fold(0usize, |sum, entry| {
            let size = entry.slot.size().map_err(|e| (entry.key.clone(), e))?;
            Ok(sum
                .saturating_add(entry.key.as_str().len())
                .saturating_add(size))
        })
    }
}

/// Searched by halves: 256 keys cost eight comparisons.
fn find(entries: &[Entry], key: &str) -> Result<usize, usize> {
    entries.binary_search_by(|entry| entry.key.as_str().cmp(key))
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.entries().iter().map(|e| (e.key.as_str(), &e.slot)))
            .finish()
    }
}

#[cfg(test)]
mod tests;
