//! What a field can hold, as the compiler is to explain it.
//!
//! The compiler checks the bound on an associated type together with all supertraits of that bound, and would report
//! a type without any derive three times. These traits have no supertraits, but what the supertraits are for.
//! `Send` and `Sync` stand beside them: the compiler says best itself which part of a type is to blame.

use std::fmt::Display;

use serde_core::{Serialize, de::DeserializeOwned};

use crate::data::{Cause, Value};
use crate::id::OwnerKey;

/// A [`SessionValue`](crate::SessionValue), if it is `Send` and `Sync` too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in a session",
    label = "a field must be `Clone + Serialize + DeserializeOwned`",
    note = "each type of yours in `{Self}` needs `#[derive(Clone, serde::Serialize, serde::Deserialize)]`"
)]
pub trait FieldValue: Sized + 'static {
    /// The value as an entry of the session.
    fn into_value(self) -> Value
    where
        Self: Send + Sync;

    /// A clone.
    #[must_use]
    fn copy(&self) -> Self;

    /// Reads an entry as this type. Runs user code: never call it under a lock.
    #[expect(private_interfaces, reason = "implemented here only")]
    fn read<R>(value: &Value, read: impl FnOnce(&Self) -> R) -> Result<R, Cause>
    where
        Self: Send + Sync;

    /// Reads a copy of an entry as this type. Runs user code: never call it under a lock.
    #[expect(private_interfaces, reason = "implemented here only")]
    fn get(value: &Value) -> Result<Self, Cause>
    where
        Self: Send + Sync;
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Serialize + DeserializeOwned + 'static> FieldValue for T {
    fn into_value(self) -> Value
    where
        Self: Send + Sync,
    {
        Value::new(self)
    }

    fn copy(&self) -> Self {
        self.clone()
    }

    #[expect(private_interfaces, reason = "implemented here only")]
    fn read<R>(value: &Value, read: impl FnOnce(&Self) -> R) -> Result<R, Cause>
    where
        Self: Send + Sync,
    {
        value.read(read)
    }

    #[expect(private_interfaces, reason = "implemented here only")]
    fn get(value: &Value) -> Result<Self, Cause>
    where
        Self: Send + Sync,
    {
        value.get()
    }
}

/// What can name an owner: its `Display` text does.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the owner of a session",
    label = "an owner must implement `std::fmt::Display`",
    note = "the text says whose session it is, so that two owners must not have the same"
)]
pub trait OwnerText {
    /// The key under which a store lists the sessions of this owner.
    fn owner_key(&self) -> OwnerKey;
}

#[diagnostic::do_not_recommend]
impl<T: Display> OwnerText for T {
    fn owner_key(&self) -> OwnerKey {
        OwnerKey::of(self)
    }
}
