//! The map verbs: dynamic access by key.

use super::Session;
use crate::changes::{Change, Place, Updated, Updater};
use crate::data::{Cause, FlashEntry, Key, RESERVED, SessionValue, Slot, Value};
use crate::error::{Error, ErrorKind};
use crate::schema::FieldValue;

/// The slot of `set_flash` and `flash`.
const FLASH: Place = Place {
    key: Key::Static("__flash"),
    aliases: &[],
};

fn open(key: &str) -> Result<(), Error> {
    if key.starts_with(RESERVED) {
        Err(Error::on_key(ErrorKind::ReservedKey, key))
    } else {
        Ok(())
    }
}

impl Session {
    /// A copy of the value at `key`; `None` if there is none, or its deadline has passed.
    ///
    /// ```
    /// # fn main() -> Result<(), session::Error> {
    /// # let session = session::Session::detached(session::Data::new());
    /// session.set("visits", 3u64)?;
    /// assert_eq!(session.get::<u64>("visits")?, Some(3));
    /// assert_eq!(session.get::<u64>("absent")?, None);
    /// assert!(session.get::<String>("visits").is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The value is of another type, or a flash.
    pub fn get<T: SessionValue>(&self, key: &str) -> Result<Option<T>, Error> {
        let Some((_, slot)) = self.0.slot(&Place::dynamic(key)) else {
            return Ok(None);
        };
        let read = slot.value().ok_or(Cause::Flash).and_then(Value::get);
        read.map(Some)
            .map_err(|cause| Error::mismatch::<T>(key, cause))
    }

    /// Puts a value at `key`. Of concurrent sets of one key the last to commit wins.
    ///
    /// Setting the key of an `owner` field signs nobody in: it clears the owner. A value owns what it holds: a literal
    /// needs `.to_owned()`.
    ///
    /// # Errors
    ///
    /// The key is reserved: it begins with `__`.
    #[doc(alias = "insert")]
    pub fn set<T: SessionValue>(&self, key: &str, value: T) -> Result<(), Error> {
        open(key)?;
        let slot = Slot::Plain(Value::new(value));
        self.0.record(Change::Set {
            place: Place::dynamic(key),
            slot,
        });
        Ok(())
    }

    /// Changes the value at `key` atomically: `update` runs at once on what this request sees, and again on what
    /// is actually stored if another request has changed the session meanwhile.
    ///
    /// `None` is "absent", both ways. The closure must have no side effects: it may run several times.
    ///
    /// ```
    /// # fn main() -> Result<(), session::Error> {
    /// # let session = session::Session::detached(session::Data::new());
    /// session.update("visits", |visits: &mut Option<u64>| *visits.get_or_insert(0) += 1)?;
    /// assert_eq!(session.get::<u64>("visits")?, Some(1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The key is reserved, or the value is of another type or a flash; then nothing is changed.
    pub fn update<T: SessionValue>(
        &self,
        key: &str,
        update: impl Fn(&mut Option<T>) + Send + 'static,
    ) -> Result<(), Error> {
        open(key)?;
        let place = Place::dynamic(key);
        if let Some((_, Slot::Flash(_))) = self.0.slot(&place) {
            return Err(Error::mismatch::<T>(key, Cause::Flash));
        }
        let name: Box<str> = key.into();
        let updater: Updater = Box::new(move |value| {
            let mut present: Option<T> = match value {
                None => None,
                Some(value) => Some(
                    value
                        .get()
                        .map_err(|cause| Error::mismatch::<T>(&name, cause))?,
                ),
            };
            update(&mut present);
            Ok(match present {
                Some(value) => Updated::Put(Value::new(value)),
                None if value.is_some() => Updated::Removed,
                None => Updated::Untouched,
            })
        });
        self.0.update(&place, updater, None, false).map(drop)
    }

    /// Removes the value at `key`, here and, at commit, whatever stands there by then. Says whether there was one.
    ///
    /// # Errors
    ///
    /// The key is reserved.
    #[doc(alias = "delete")]
    pub fn remove(&self, key: &str) -> Result<bool, Error> {
        open(key)?;
        let was_there = self.contains(key);
        self.0.record(Change::Remove {
            place: Place::dynamic(key),
        });
        Ok(was_there)
    }

    /// Whether there is a value at `key`.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.0.slot(&Place::dynamic(key)).is_some()
    }

    /// The keys, sorted, without the library's own.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let now = self.0.now();
        self.0.with(|state| {
            let data = state.data();
            let live = |key: &&str| data.live(key, now).is_some();
            let keys = data.keys().filter(|key| !key.starts_with(RESERVED));
            keys.filter(live).map(str::to_owned).collect()
        })
    }

    /// Keeps the session and removes all its data. To log somebody out, use [`destroy`](Self::destroy).
    ///
    /// Clears the owner, if there is one. Changes made after it apply.
    pub fn clear(&self) {
        self.0.record(Change::Clear);
    }

    /// Leaves a message for the next request, in the one slot without a name, in place of an earlier one.
    pub fn set_flash<T: SessionValue>(&self, message: T) {
        let entry = FlashEntry {
            id: rand::random(),
            expires: None,
            value: Value::new(message),
        };
        let slot = Slot::Flash(std::sync::Arc::new(vec![entry]));
        self.0.record(Change::Set { place: FLASH, slot });
    }

    /// Takes the message that an earlier request left with [`set_flash`](Self::set_flash).
    ///
    /// # Errors
    ///
    /// The message is of another type; then it stays.
    pub fn flash<T: SessionValue>(&self) -> Result<Option<T>, Error> {
        let mut taken = self
            .0
            .flash_values::<T>(&FLASH, true)
            .map_err(|cause| Error::mismatch::<T>("__flash", cause))?;
        Ok(taken.pop())
    }

    /// Whether this request recorded a change. Setting an equal value counts.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.0.with(|state| !state.work.changes.is_empty())
    }

    /// The map as a JSON object: without flashes, without what has expired, and without fields that a schema of
    /// this layer calls `secret`.
    ///
    /// # Errors
    ///
    /// A value cannot be encoded; the error names its key.
    pub fn encode(&self) -> Result<String, Error> {
        let data = self.0.with(|state| state.data().clone());
        let now = self.0.now();
        let mut out = String::from("{");
        for entry in data.entries() {
            let key = entry.key.as_str();
            let Some(value) = entry.slot.value().filter(|_| entry.slot.is_live(now)) else {
                continue;
            };
            if self.0.shared.registry.is_secret(key) {
                continue;
            }
            let unencodable = |e| Error::unencodable(entry.key.clone(), e);
            let text = value.to_json().map_err(unencodable)?;
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str(&Value::new(key.to_owned()).to_json().map_err(unencodable)?);
            out.push(':');
            out.push_str(&text);
        }
        out.push('}');
        Ok(out)
    }
}

impl super::Inner {
    /// The live messages of a flash: all of them for a peek; for a take those that earlier requests left, which
    /// are removed. One that cannot be read stays, and hides no other.
    pub(crate) fn flash_values<T: FieldValue + Send + Sync>(
        &self,
        place: &Place,
        take: bool,
    ) -> Result<Vec<T>, Cause> {
        let now = self.now();
        let entries: Vec<FlashEntry> = self.with(|state| {
            let before = match &state.work.base {
                super::Base::Live { record, .. } => Some(&record.data),
                super::Base::None | super::Base::Gone { .. } => None,
            };
            let is_in = |data: &crate::Data, id| {
                let mut slots = place.keys().filter_map(|key| data.slot(key));
                slots.any(|slot| slot.flash().iter().any(|entry| entry.id == id))
            };
            let known =
                |entry: &&FlashEntry| !take || before.is_some_and(|data| is_in(data, entry.id));
            let entries = place.flash(state.data(), now);
            entries.filter(known).cloned().collect()
        });
        let mut failed = None;
        let mut ids = Vec::new();
        let mut values = Vec::with_capacity(entries.len());
        for entry in &entries {
            match T::read(&entry.value, T::copy) {
                Ok(value) => {
                    ids.push(entry.id);
                    values.push(value);
                }
                Err(cause) => failed = Some(cause),
            }
        }
        if take && !ids.is_empty() {
            self.record(Change::Take {
                place: place.clone(),
                ids,
            });
        }
        match failed {
            Some(cause) if values.is_empty() => Err(cause),
            _ => Ok(values),
        }
    }
}
