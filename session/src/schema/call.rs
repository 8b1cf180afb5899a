//! What the methods of a generated accessor call: a function for each verb.
//!
//! A generated method names its field and not its type, so that the bounds on the type are
//! checked in one place, the impl of [`TypedField`], and a type that cannot be stored is one error and not one for
//! each of its methods. Functions, because the path to one costs the compiler a quarter less per schema than to find a
//! method of a generic type.

use super::access::Access;
use super::{Consume, Field, FieldValue, Handle, OwnerText, SessionSchema};
use crate::data::Value;
use crate::id::OwnerKey;

/// A field of the schema `S`. The derive makes a private type for each and implements it for that, so that `Value` may
/// be private too, and the compiler need not compare the impls of one schema's fields with each other.
pub trait TypedField<S>: 'static {
    /// `T` of an `Option<T>` and of a flash `Vec<T>`.
    type Value: FieldValue + Send + Sync;
}

/// The field that is the owner. `Owner` is the `Value` of the field once more, so that a type without a text is an
/// error at the type, and one that cannot be stored is no second error here.
pub trait OwnerField<S>: TypedField<S> {
    /// The type of the owner.
    type Owner: OwnerText;

    /// The same value.
    fn owner(value: &Self::Value) -> &Self::Owner;
}

/// The owner that a value of the field names. Runs the user's `Display`.
#[must_use]
pub fn owner_key<S, F: OwnerField<S>>(value: &Value) -> Option<OwnerKey> {
    F::Value::read(value, |value| F::owner(value).owner_key()).ok()
}

macro_rules! entries {
    ($($name:ident)*) => {$(
        /// The entry of a field of this kind in the schema.
        #[must_use]
        pub const fn $name<S, F: TypedField<S>>(name: &'static str, key: &'static str) -> Field {
            Field::$name::<F::Value>(name, key)
        }
    )*};
}

entries! { optional default required flash_one flash_many }

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident $(<$r:ident>)? ($($arg:ident: $ty:ty),*) $(-> $result:ty)?;)*) => {$(
        $(#[$doc])*
        pub fn $name<S: SessionSchema, F: TypedField<S> $(, $r)?>(
            handle: &Handle,
            index: usize,
            $($arg: $ty),*
        ) $(-> $result)? {
            Access::<S, F>::new(handle, index).$name($($arg),*)
        }
    )*};
}

verbs! {
    /// A copy of an optional field.
    get() -> Option<F::Value>;
    /// A copy of a field with a default.
    get_or(default: fn() -> F::Value) -> F::Value;
    /// A copy of a required field.
    get_required() -> F::Value;
    /// Shows an optional field by reference.
    with<R>(read: impl FnOnce(&F::Value) -> R) -> Option<R>;
    /// Shows a field with a default by reference.
    with_or<R>(default: fn() -> F::Value, read: impl FnOnce(&F::Value) -> R) -> R;
    /// Shows a required field by reference.
    with_required<R>(read: impl FnOnce(&F::Value) -> R) -> R;
    /// Puts a value into the field.
    set(value: F::Value);
    /// Removes the field's value.
    clear();
    /// Removes the field's value and hands it over.
    take() -> Option<F::Value>;
    /// Changes an optional field atomically.
    update(update: impl Fn(&mut Option<F::Value>) + Send + 'static);
    /// Changes a field with a default atomically.
    update_or(
        default: impl Fn() -> F::Value + Send + 'static,
        update: impl Fn(&mut F::Value) + Send + 'static
    );
    /// Changes a required field atomically.
    update_required(update: impl Fn(&mut F::Value) + Send + 'static);
    /// Commits at once and hands the value to exactly one of all concurrent callers.
    consume() -> Consume<'_, F::Value>;
    /// Puts one message into the flash.
    flash_set(message: F::Value);
    /// Adds a message to the flash.
    flash_push(message: F::Value);
    /// The last message of the flash.
    flash_peek_one() -> Option<F::Value>;
    /// The last message of the flash; it is emptied.
    flash_take_one() -> Option<F::Value>;
    /// The messages of the flash.
    flash_peek_all() -> Vec<F::Value>;
    /// The messages of the flash; they are removed.
    flash_take_all() -> Vec<F::Value>;
}
