//! What generated code calls: one field of one session, named by schema and index.
//!
//! A generated method names the field and not its type, so that the bounds on the type are checked
//! in one place, the impl of [`TypedField`], and a type that cannot be stored is one error and not
//! one for each of its methods.

#![expect(
    missing_docs,
    reason = "each method does what the one of `Handle` does"
)]

use std::fmt::Display;
use std::future::Future;
use std::marker::PhantomData;

use super::{Field, Handle, SessionSchema};
use crate::{Error, SessionValue};

/// The type of a schema's field number `INDEX`. `P` is a private type beside the schema: in an impl
/// that names one, `Value` may be private too.
pub trait TypedField<P, const INDEX: usize>: SessionSchema {
    /// `T` of an `Option<T>` and of a flash `Vec<T>`.
    type Value: SessionValue;
}

/// A field of a session.
#[derive(Debug)]
pub struct Access<'a, S, P, const INDEX: usize> {
    handle: &'a Handle,
    schema: PhantomData<fn() -> (S, P)>,
}

impl Handle {
    /// The field number `INDEX` of `S`.
    #[inline]
    pub fn field<S: TypedField<P, INDEX>, P, const INDEX: usize>(&self) -> Access<'_, S, P, INDEX> {
        Access {
            handle: self,
            schema: PhantomData,
        }
    }
}

macro_rules! constructors {
    ($($name:ident)*) => {$(
        /// The entry of a field of this kind in the schema.
        #[must_use]
        pub const fn $name(name: &'static str, key: &'static str) -> Field {
            Field::$name::<S::Value>(name, key)
        }
    )*};
}

impl<S: TypedField<P, INDEX>, P, const INDEX: usize> Access<'_, S, P, INDEX> {
    constructors! { optional default required flash_one flash_many }

    /// The entry of an `Option` field that is the owner.
    #[must_use]
    pub const fn optional_owner(name: &'static str, key: &'static str) -> Field
    where
        S::Value: Display,
    {
        Field::optional::<S::Value>(name, key).owner::<S::Value>()
    }

    /// The entry of a required field that is the owner.
    #[must_use]
    pub const fn required_owner(name: &'static str, key: &'static str) -> Field
    where
        S::Value: Display,
    {
        Field::required::<S::Value>(name, key).owner::<S::Value>()
    }
}

impl<'a, S: TypedField<P, INDEX>, P, const INDEX: usize> Access<'a, S, P, INDEX> {
    fn entry(&self) -> &'static Field {
        &S::SCHEMA.fields[INDEX]
    }

    pub fn get(self) -> Option<S::Value> {
        self.handle.get(self.entry())
    }

    pub fn get_or(self, default: impl FnOnce() -> S::Value) -> S::Value {
        self.handle.get_or(self.entry(), default)
    }

    pub fn get_required(self) -> S::Value {
        self.handle.required(self.entry())
    }

    pub fn with<R>(self, read: impl FnOnce(&S::Value) -> R) -> Option<R> {
        self.handle.with(self.entry(), read)
    }

    pub fn with_or<R>(
        self,
        default: impl FnOnce() -> S::Value,
        read: impl FnOnce(&S::Value) -> R,
    ) -> R {
        self.handle.with_or(self.entry(), default, read)
    }

    pub fn with_required<R>(self, read: impl FnOnce(&S::Value) -> R) -> R {
        self.handle.with_required(self.entry(), read)
    }

    pub fn set(self, value: S::Value) {
        self.handle.set(self.entry(), value);
    }

    pub fn clear(self) {
        self.handle.clear(self.entry());
    }

    pub fn take(self) -> Option<S::Value> {
        self.handle.take(self.entry())
    }

    pub fn update(self, update: impl Fn(&mut Option<S::Value>) + Send + 'static) {
        self.handle.update(self.entry(), update);
    }

    pub fn update_or(
        self,
        default: impl Fn() -> S::Value + Send + 'static,
        update: impl Fn(&mut S::Value) + Send + 'static,
    ) {
        self.handle.update_or(self.entry(), default, update);
    }

    pub fn update_required(self, update: impl Fn(&mut S::Value) + Send + 'static) {
        self.handle.update_required(self.entry(), update);
    }

    pub fn consume(
        self,
    ) -> impl Future<Output = Result<Option<S::Value>, Error>> + Send + use<'a, S, P, INDEX> {
        self.handle.consume(self.entry())
    }

    pub fn flash_set(self, value: S::Value) {
        self.handle.flash_set(self.entry(), value);
    }

    pub fn flash_peek_one(self) -> Option<S::Value> {
        self.handle.flash_peek_one(self.entry())
    }

    pub fn flash_take_one(self) -> Option<S::Value> {
        self.handle.flash_take_one(self.entry())
    }

    pub fn flash_push(self, value: S::Value) {
        self.handle.flash_push(self.entry(), value);
    }

    pub fn flash_peek_all(self) -> Vec<S::Value> {
        self.handle.flash_peek_all(self.entry())
    }

    pub fn flash_take_all(self) -> Vec<S::Value> {
        self.handle.flash_take_all(self.entry())
    }
}
