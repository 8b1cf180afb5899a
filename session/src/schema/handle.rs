//! What a generated accessor wraps.

use std::fmt;
use std::sync::Arc;

use super::{Field, Schema};
use crate::data::{Cause, Slot, Value};
use crate::handle::Session;

/// A session and what extraction proved of it: what a generated accessor wraps.
#[derive(Clone)]
pub struct Handle {
    session: Session,
    /// The values of the required fields, as extraction found them.
    proved: Option<Arc<[(&'static str, Value)]>>,
}

impl Handle {
    pub(crate) fn new(session: Session) -> Self {
        Self {
            session,
            proved: None,
        }
    }

    pub(crate) fn set_proved(&mut self, proved: Vec<(&'static str, Value)>) {
        self.proved = (!proved.is_empty()).then(|| proved.into());
    }

    /// The session behind the accessor.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The value of a field, where it is present and, for an owner, confirmed by the header; and whether it is of
    /// the field's type.
    pub(crate) fn present(&self, field: &Field) -> Option<(Value, Result<(), Cause>)> {
        let value = match self.stored(field)? {
            Ok(value) => value,
            Err(cause) => return Some((Value::new(()), Err(cause))),
        };
        let checked = field.check(&value);
        Some((value, checked))
    }

    /// As [`present`](Self::present), its type not checked yet.
    fn stored(&self, field: &Field) -> Option<Result<Value, Cause>> {
        let inner = &self.session.0;
        let (key, slot) = inner.slot(&field.place())?;
        let Some(value) = slot.into_value() else {
            return Some(Err(Cause::Flash));
        };
        let names_owner =
            || inner.names_owner(key.as_str(), &value, |value| field.owner_key(value));
        if field.is_owner() && field.check(&value).is_ok() && !names_owner() {
            return None;
        }
        Some(Ok(value))
    }

    /// Reads the value of a field, where it is present and of the field's type. Reports one of another type.
    pub(super) fn read<R>(
        &self,
        field: &Field,
        read: impl FnOnce(&Value) -> Result<R, Cause>,
    ) -> Option<R> {
        let read = self.stored(field)?.and_then(|value| read(&value));
        read.map_err(|cause| self.report(field, cause)).ok()
    }

    /// The value of a field, where it is present and of the field's type.
    pub(super) fn found(&self, field: &Field) -> Option<Value> {
        let (value, checked) = self.present(field)?;
        match checked {
            Ok(()) => Some(value),
            Err(cause) => {
                self.report(field, cause);
                None
            }
        }
    }

    /// What extraction proved of a required field.
    pub(super) fn proved(&self, field: &Field) -> Option<Value> {
        let mut proved = self.proved.as_deref()?.iter();
        let found = proved.find(|(key, _)| *key == field.key());
        found.map(|(_, value)| value.clone())
    }

    pub(super) fn report(&self, field: &Field, cause: Cause) {
        let inner = &self.session.0;
        inner.report_mismatch(field.key(), field.type_name(), cause);
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
