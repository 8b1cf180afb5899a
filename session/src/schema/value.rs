//! What a field can hold, as the compiler is to explain it.
//!
//! The compiler checks the bound on an associated type together with all supertraits of that bound, and would report
//! a type without any derive three times. These traits have no supertraits, but what the supertraits are for.

use std::fmt::Display;

use serde_core::{Serialize, de::DeserializeOwned};

use crate::data::{Cause, Value};
use crate::id::OwnerKey;

/// A [`SessionValue`](crate::SessionValue). What is not `Send` or `Sync` is reported by the part that is to blame.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in a session",
    label = "a field must be `Clone + Serialize + DeserializeOwned + Send + Sync + 'static`",
    note = "each type of yours in `{Self}` needs `#[derive(Clone, serde::Serialize, serde::Deserialize)]`"
)]
pub trait FieldValue: Sized + 'static {
    /// The value as an entry of the session.
    fn into_value(self) -> Value;

    /// A clone.
    #[must_use]
    fn copy(&self) -> Self;

    /// Reads an entry as this type. Runs user code: never call it under a lock.
    #[expect(private_interfaces, reason = "implemented here only")]
    fn read<R>(value: &Value, read: impl FnOnce(&Self) -> R) -> Result<R, Cause>;

    /// Reads a copy of an entry as this type. Runs user code: never call it under a lock.
    #[expect(private_interfaces, reason = "implemented here only")]
    fn get(value: &Value) -> Result<Self, Cause>;
}

impl<T: CloneAndSerde + Send + Sync + 'static> FieldValue for T {
    fn into_value(self) -> Value {
        Value::new(self)
    }

    fn copy(&self) -> Self {
        self.clone()
    }

    #[expect(private_interfaces, reason = "implemented here only")]
    fn read<R>(value: &Value, read: impl FnOnce(&Self) -> R) -> Result<R, Cause> {
        value.read(read)
    }

    #[expect(private_interfaces, reason = "implemented here only")]
    fn get(value: &Value) -> Result<Self, Cause> {
        value.get()
    }
}

/// What derives give, as one bound.
pub trait CloneAndSerde: Clone + Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Serialize + DeserializeOwned> CloneAndSerde for T {}

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
