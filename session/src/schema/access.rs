//! One field of one session, and each verb once.

use std::marker::PhantomData;
use std::sync::{Arc, PoisonError};

use super::call::TypedField;
use super::{Consume, Field, FieldValue, Handle, SessionSchema};
use crate::changes::{Change, Updated, Updater};
use crate::data::{Cause, FlashEntry, Slot, Value};
use crate::error::{Error, ErrorKind};

/// The field `F` of the schema `S` in a session.
pub(super) struct Access<'a, S, F> {
    handle: &'a Handle,
    field: &'static Field,
    types: PhantomData<fn() -> (S, F)>,
}

impl<S, F> Clone for Access<'_, S, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, F> Copy for Access<'_, S, F> {}

/// How a field with a value, present or not, is read.
impl<'a, S: SessionSchema, F: TypedField<S>> Access<'a, S, F> {
    /// The field that stands at `index` among those of the schema.
    pub(super) fn new(handle: &'a Handle, index: usize) -> Self {
        Self {
            handle,
            field: &S::SCHEMA.fields[index],
            types: PhantomData,
        }
    }

    fn found(self) -> Option<Value> {
        self.handle.found(self.field)
    }

    fn readable(value: &Value) -> Option<F::Value> {
        F::Value::get(value).ok()
    }

    /// A copy of an optional field.
    pub(super) fn get(self) -> Option<F::Value> {
        self.handle.read(self.field, F::Value::get)
    }

    /// A copy of a field with a default.
    pub(super) fn get_or(self, default: impl FnOnce() -> F::Value) -> F::Value {
        self.get().unwrap_or_else(default)
    }

    /// A copy of a required field.
    pub(super) fn get_required(self) -> F::Value {
        self.get()
            .unwrap_or_else(|| self.with_required(F::Value::copy))
    }

    /// Shows an optional field by reference.
    pub(super) fn with<R>(self, read: impl FnOnce(&F::Value) -> R) -> Option<R> {
        self.handle
            .read(self.field, |value| F::Value::read(value, read))
    }

    /// Shows a field with a default by reference.
    pub(super) fn with_or<R>(
        self,
        default: impl FnOnce() -> F::Value,
        read: impl FnOnce(&F::Value) -> R,
    ) -> R {
        let value = self.found().unwrap_or_else(|| default().into_value());
        self.show(&value, read)
    }

    /// Shows a required field by reference: the present value, or the one that extraction proved.
    pub(super) fn with_required<R>(self, read: impl FnOnce(&F::Value) -> R) -> R {
        let proved = || self.handle.proved(self.field);
        match self.found().or_else(proved) {
            Some(value) => self.show(&value, read),
            None => unreachable!("extraction proved that `{}` is present", self.field.key()),
        }
    }

    fn show<R>(self, value: &Value, read: impl FnOnce(&F::Value) -> R) -> R {
        match F::Value::read(value, read) {
            Ok(shown) => shown,
            Err(cause) => unreachable!("`{}` was checked before: {cause}", self.field.key()),
        }
    }
}

/// How it is written.
impl<'a, S: SessionSchema, F: TypedField<S>> Access<'a, S, F> {
    fn record(self, change: Change) {
        self.handle.session().0.record(change);
    }

    /// The deadline of an entry that is written now.
    fn expires(self) -> Option<crate::Timestamp> {
        let now = || self.handle.session().0.now();
        self.field.expires(now)
    }

    /// Puts a value into the field. An owner signs in by it.
    pub(super) fn set(self, value: F::Value) {
        let (place, value) = (self.field.place(), value.into_value());
        self.record(match self.field.owner_key(&value) {
            Some(owner) => Change::own(place, value, owner),
            None => Change::Set {
                place,
                slot: Slot::new(value, self.expires()),
            },
        });
    }

    /// Removes the field's value.
    pub(super) fn clear(self) {
        self.record(Change::Remove {
            place: self.field.place(),
        });
    }

    /// Removes the field's value and hands it over.
    pub(super) fn take(self) -> Option<F::Value> {
        let value = self.get()?;
        self.clear();
        Some(value)
    }

    /// Changes an optional field atomically.
    pub(super) fn update(self, update: impl Fn(&mut Option<F::Value>) + Send + 'static) {
        self.run(move |mut value| {
            let was_readable = value.is_some();
            update(&mut value);
            Ok(match value {
                Some(value) => Updated::Put(value.into_value()),
                None if was_readable => Updated::Removed,
                // What could not be read stays stored until it is overwritten.
                None => Updated::Untouched,
            })
        });
    }

    /// Changes a field with a default atomically.
    pub(super) fn update_or(
        self,
        default: impl Fn() -> F::Value + Send + 'static,
        update: impl Fn(&mut F::Value) + Send + 'static,
    ) {
        self.run(move |present| {
            let mut value = present.unwrap_or_else(&default);
            update(&mut value);
            Ok(Updated::Put(value.into_value()))
        });
    }

    /// Changes a required field atomically. A record that has lost the value is a conflict.
    pub(super) fn update_required(self, update: impl Fn(&mut F::Value) + Send + 'static) {
        let key = self.field.key();
        self.run(move |present| {
            let mut value = present.ok_or_else(|| Error::on_key(ErrorKind::Conflict, key))?;
            update(&mut value);
            Ok(Updated::Put(value.into_value()))
        });
    }

    fn run(self, update: impl Fn(Option<F::Value>) -> Result<Updated, Error> + Send + 'static) {
        let updater: Updater = Box::new(move |value| update(value.and_then(Self::readable)));
        let inner = &self.handle.session().0;
        // The verbs of fields return nothing: an update that cannot run on this view fails at commit.
        let seen = inner.update(&self.field.place(), updater, self.expires(), true);
        // What cannot be read was absent to the update, which may have replaced it: that is said, once a request.
        if let Ok(Some(slot)) = seen {
            let checked = slot
                .value()
                .map_or(Err(Cause::Flash), |value| self.field.check(value));
            if let Err(cause) = checked {
                self.handle.report(self.field, cause);
            }
        }
    }

    /// Commits at once and hands the value to exactly one of all concurrent callers.
    pub(super) fn consume(self) -> Consume<'a, F::Value> {
        Consume::new(async move {
            if self.found().is_none() {
                return Ok(None);
            }
            let found = Arc::default();
            self.record(Change::Consume {
                place: self.field.place(),
                found: Arc::clone(&found),
            });
            match self.handle.session().commit().await {
                Ok(()) => {}
                // Somebody ended the session: nobody gets the value from this handle.
                Err(error) if error.kind() == ErrorKind::Gone => return Ok(None),
                Err(error) => return Err(error),
            }
            let value: Option<Value> = found.lock().unwrap_or_else(PoisonError::into_inner).take();
            Ok(value.as_ref().and_then(Self::readable))
        })
    }
}

/// Flashes.
impl<S: SessionSchema, F: TypedField<S>> Access<'_, S, F> {
    /// Puts one message into the flash, in place of what is there.
    pub(super) fn flash_set(self, message: F::Value) {
        self.record(Change::Set {
            place: self.field.place(),
            slot: Slot::Flash(Arc::new(vec![self.message(message)])),
        });
    }

    /// Adds a message to the flash, without reading what is there.
    pub(super) fn flash_push(self, message: F::Value) {
        self.record(Change::Push {
            place: self.field.place(),
            entry: self.message(message),
        });
    }

    fn message(self, message: F::Value) -> FlashEntry {
        FlashEntry {
            id: rand::random(),
            expires: self.expires(),
            value: message.into_value(),
        }
    }

    /// The last message of the flash; it stays.
    pub(super) fn flash_peek_one(self) -> Option<F::Value> {
        self.flash(false).pop()
    }

    /// The last message that an earlier request left; the flash is emptied of those.
    pub(super) fn flash_take_one(self) -> Option<F::Value> {
        self.flash(true).pop()
    }

    /// The messages of the flash, in order; they stay.
    pub(super) fn flash_peek_all(self) -> Vec<F::Value> {
        self.flash(false)
    }

    /// The messages that earlier requests left, in order; they are removed.
    pub(super) fn flash_take_all(self) -> Vec<F::Value> {
        self.flash(true)
    }

    fn flash(self, take: bool) -> Vec<F::Value> {
        let values = self
            .handle
            .session()
            .0
            .flash_values(&self.field.place(), take);
        values.unwrap_or_else(|cause| {
            self.handle.report(self.field, cause);
            Vec::new()
        })
    }
}
