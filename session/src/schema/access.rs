//! What the methods of a generated accessor call: thin generic helpers, one a verb.

use std::fmt;
use std::sync::Arc;

use super::{Field, Schema};
use crate::changes::{Change, Updated, Updater};
use crate::data::{FlashEntry, SessionValue, Slot, Value};
use crate::error::{Error, ErrorKind};
use crate::handle::Session;

/// A session and what extraction proved of it: what a generated accessor wraps.
#[derive(Clone)]
pub struct Handle {
    session: Session,
    /// The values of the required fields, as extraction found them.
    proved: Option<Arc<[(&'static str, Value)]>>,
}

impl Handle {
    pub(crate) fn new(session: Session, proved: Vec<(&'static str, Value)>) -> Self {
        Self {
            session,
            proved: (!proved.is_empty()).then(|| proved.into()),
        }
    }

    /// The session behind the accessor.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The value of a field where it is present, of the right type, and, for an owner, confirmed by the header.
    fn value<T: SessionValue>(&self, field: &'static Field) -> Option<Value> {
        let (value, checked) = self.present(field)?;
        match checked {
            Ok(()) => Some(value),
            Err(cause) => {
                self.session
                    .0
                    .report_mismatch(field.key(), field.type_name(), cause);
                None
            }
        }
    }

    pub(crate) fn present(
        &self,
        field: &'static Field,
    ) -> Option<(Value, Result<(), crate::data::Cause>)> {
        let (key, slot) = self.session.0.slot(&field.place())?;
        let Some(value) = slot.value().cloned() else {
            return Some((Value::new(()), Err(crate::data::Cause::Flash)));
        };
        let checked = field.check(&value);
        if checked.is_ok()
            && field.is_owner()
            && !self
                .session
                .0
                .names_owner(key.as_str(), &value, |value| field.owner_key(value))
        {
            return None;
        }
        Some((value, checked))
    }

    fn proved(&self, field: &'static Field) -> Option<&Value> {
        let mut proved = self.proved.as_deref()?.iter();
        proved
            .find(|(key, _)| *key == field.key())
            .map(|(_, value)| value)
    }

    /// A copy of an optional field.
    pub fn get<T: SessionValue>(&self, field: &'static Field) -> Option<T> {
        self.with(field, T::clone)
    }

    /// A copy of a field with a default.
    pub fn get_or<T: SessionValue>(&self, field: &'static Field, default: impl FnOnce() -> T) -> T {
        self.get(field).unwrap_or_else(default)
    }

    /// A copy of a required field.
    pub fn required<T: SessionValue>(&self, field: &'static Field) -> T {
        self.with_required(field, T::clone)
    }

    /// Shows an optional field by reference.
    pub fn with<T: SessionValue, R>(
        &self,
        field: &'static Field,
        read: impl FnOnce(&T) -> R,
    ) -> Option<R> {
        self.value::<T>(field)?.read(read).ok()
    }

    /// Shows a field with a default by reference.
    pub fn with_or<T: SessionValue, R>(
        &self,
        field: &'static Field,
        default: impl FnOnce() -> T,
        read: impl FnOnce(&T) -> R,
    ) -> R {
        let value = self
            .value::<T>(field)
            .unwrap_or_else(|| Value::new(default()));
        match value.read(read) {
            Ok(shown) => shown,
            Err(_) => {
                unreachable!("`value` hands out what reads as its type, and so does a default")
            }
        }
    }

    /// Shows a required field by reference: the present value, or the one that extraction proved.
    pub fn with_required<T: SessionValue, R>(
        &self,
        field: &'static Field,
        read: impl FnOnce(&T) -> R,
    ) -> R {
        let value = self
            .value::<T>(field)
            .or_else(|| self.proved(field).cloned());
        match value.map(|value| value.read(read)) {
            Some(Ok(shown)) => shown,
            _ => unreachable!(
                "extraction proved that `{}` is present and readable",
                field.key()
            ),
        }
    }

    /// Puts a value into a field. An owner signs in by it.
    pub fn set<T: SessionValue>(&self, field: &'static Field, value: T) {
        let value = Value::new(value);
        let place = field.place();
        let change = match field.owner_key(&value) {
            Some(owner) => Change::SetOwner {
                place,
                value,
                owner,
            },
            None => {
                let expires = field.expires(|| self.session.0.now());
                Change::Set {
                    place,
                    slot: Slot::new(value, expires),
                }
            }
        };
        self.session.0.record(change);
    }

    /// Removes a field's value.
    pub fn clear(&self, field: &'static Field) {
        self.session.0.record(Change::Remove {
            place: field.place(),
        });
    }

    /// Removes a field's value and hands it over.
    pub fn take<T: SessionValue>(&self, field: &'static Field) -> Option<T> {
        let value = self.get(field)?;
        self.clear(field);
        Some(value)
    }

    /// Changes an optional field atomically.
    pub fn update<T: SessionValue>(
        &self,
        field: &'static Field,
        update: impl Fn(&mut Option<T>) + Send + 'static,
    ) {
        self.run(field, move |value| {
            let mut present: Option<T> = value.and_then(|value| value.get().ok());
            let was_readable = present.is_some();
            update(&mut present);
            Ok(match present {
                Some(value) => Updated::Put(Value::new(value)),
                None if was_readable => Updated::Removed,
                // What could not be read stays stored until it is overwritten.
                None => Updated::Untouched,
            })
        });
    }

    /// Changes a field with a default atomically.
    pub fn update_or<T: SessionValue>(
        &self,
        field: &'static Field,
        default: impl Fn() -> T + Send + 'static,
        update: impl Fn(&mut T) + Send + 'static,
    ) {
        self.run(field, move |value| {
            let mut value = value
                .and_then(|value| value.get().ok())
                .unwrap_or_else(&default);
            update(&mut value);
            Ok(Updated::Put(Value::new(value)))
        });
    }

    /// Changes a required field atomically. A record that has lost the value is a conflict.
    pub fn update_required<T: SessionValue>(
        &self,
        field: &'static Field,
        update: impl Fn(&mut T) + Send + 'static,
    ) {
        self.run(field, move |value| {
            let gone = || Error::on_key(ErrorKind::Conflict, field.key());
            let mut value: T = value.and_then(|value| value.get().ok()).ok_or_else(gone)?;
            update(&mut value);
            Ok(Updated::Put(Value::new(value)))
        });
    }

    fn run(
        &self,
        field: &'static Field,
        update: impl Fn(Option<&Value>) -> Result<Updated, Error> + Send + 'static,
    ) {
        let expires = field.expires(|| self.session.0.now());
        let updater: Updater = Box::new(update);
        // The verbs of fields return nothing: an update that cannot run on this view fails at commit.
        let _ = self
            .session
            .0
            .update(&field.place(), updater, expires, true);
    }

    /// Commits at once and hands the value to exactly one of all concurrent callers.
    ///
    /// # Errors
    ///
    /// As [`Session::commit`].
    pub fn consume<T: SessionValue>(
        &self,
        field: &'static Field,
    ) -> impl Future<Output = Result<Option<T>, Error>> + Send + use<T> {
        let session = self.session.clone();
        async move { session.0.consume(field).await }
    }

    /// Puts one message into a flash, in place of what is there.
    pub fn flash_set<T: SessionValue>(&self, field: &'static Field, message: T) {
        let slot = Slot::Flash(Arc::new(vec![self.flash_entry(field, message)]));
        self.session.0.record(Change::Set {
            place: field.place(),
            slot,
        });
    }

    /// Adds a message to a flash, without reading what is there.
    pub fn flash_push<T: SessionValue>(&self, field: &'static Field, message: T) {
        let entry = self.flash_entry(field, message);
        self.session.0.record(Change::Push {
            place: field.place(),
            entry,
        });
    }

    fn flash_entry<T: SessionValue>(&self, field: &'static Field, message: T) -> FlashEntry {
        FlashEntry {
            id: rand::random(),
            expires: field.expires(|| self.session.0.now()),
            value: Value::new(message),
        }
    }

    /// The last message of a flash; it stays.
    pub fn flash_peek_one<T: SessionValue>(&self, field: &'static Field) -> Option<T> {
        self.flash(field, false).pop()
    }

    /// The last message that an earlier request left; the flash is emptied of those.
    pub fn flash_take_one<T: SessionValue>(&self, field: &'static Field) -> Option<T> {
        self.flash(field, true).pop()
    }

    /// The messages of a flash, in order; they stay.
    pub fn flash_peek_all<T: SessionValue>(&self, field: &'static Field) -> Vec<T> {
        self.flash(field, false)
    }

    /// The messages that earlier requests left, in order; they are removed.
    pub fn flash_take_all<T: SessionValue>(&self, field: &'static Field) -> Vec<T> {
        self.flash(field, true)
    }

    fn flash<T: SessionValue>(&self, field: &'static Field, take: bool) -> Vec<T> {
        self.session
            .0
            .flash_values(&field.place(), take)
            .unwrap_or_else(|cause| {
                self.session
                    .0
                    .report_mismatch(field.key(), field.type_name(), cause);
                Vec::new()
            })
    }

    /// `Debug` of an accessor: each field's stored state as JSON, secret ones redacted.
    ///
    /// # Errors
    ///
    /// The formatter failed.
    pub fn fmt_debug(
        &self,
        accessor: &'static str,
        schema: &'static Schema,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let mut debug = f.debug_struct(accessor);
        for field in schema.fields {
            let slot = self.session.0.slot(&field.place()).map(|(_, slot)| slot);
            let shown = match slot {
                None => "absent".to_owned(),
                Some(_) if field.is_secret() => "[redacted]".to_owned(),
                Some(slot @ Slot::Flash(_)) => format!("{} flashes", slot.flash().len()),
                Some(slot) => {
                    let json = slot.value().and_then(|value| value.to_json().ok());
                    json.unwrap_or_else(|| "unencodable".to_owned())
                }
            };
            debug.field(field.name(), &format_args!("{shown}"));
        }
        debug.finish()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

impl crate::handle::Inner {
    async fn consume<T: SessionValue>(
        self: Arc<Self>,
        field: &'static Field,
    ) -> Result<Option<T>, Error> {
        let handle = Handle::new(Session(Arc::clone(&self)), Vec::new());
        if handle.value::<T>(field).is_none() {
            return Ok(None);
        }
        let found = Arc::default();
        let place = field.place();
        self.record(Change::Consume {
            place,
            found: Arc::clone(&found),
        });
        match handle.session.commit().await {
            Ok(()) => {}
            // Somebody ended the session: nobody gets the value from this handle.
            Err(error) if error.kind() == ErrorKind::Gone => return Ok(None),
            Err(error) => return Err(error),
        }
        let value: Option<Value> = {
            let mut cell = found
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            cell.take()
        };
        Ok(value.and_then(|value| value.get().ok()))
    }
}
