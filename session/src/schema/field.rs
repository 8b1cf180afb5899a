//! One field of a schema, as data.

use std::any::{TypeId, type_name};
use std::fmt;

use super::FieldValue;
use crate::changes::Place;
use crate::data::{Cause, Key, Value};
use crate::id::OwnerKey;
use crate::time::Timestamp;

/// One field of a schema. Made by generated code, in a constant.
pub struct Field {
    name: &'static str,
    key: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    type_id: fn() -> TypeId,
    type_name: fn() -> &'static str,
    check: fn(&Value) -> Result<(), Cause>,
    owner: Option<fn(&Value) -> Option<OwnerKey>>,
    ttl: Option<u64>,
    flags: u8,
}

/// What a field is when its key is absent, and which verbs it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Optional,
    Default,
    Required,
    FlashOne,
    FlashMany,
}

const KEEP: u8 = 1;
const PER_LOGIN: u8 = 2;
const READ_ONLY: u8 = 4;
const SECRET: u8 = 8;
const STRICT: u8 = 16;

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub const fn $name<T: FieldValue + Send + Sync>(name: &'static str, key: &'static str) -> Self {
            Self::new::<T>(name, key, Kind::$kind)
        }
    )*};
}

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident => $flag:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub const fn $name(mut self) -> Self {
            self.flags |= $flag;
            self
        }
    )*};
}

impl Field {
    constructors! {
        /// `Option<T>`.
        optional => Optional;
        /// `T` with a default.
        default => Default;
        /// `T`, proved at extraction.
        required => Required;
        /// A flash `Option<T>`.
        flash_one => FlashOne;
        /// A flash `Vec<T>`.
        flash_many => FlashMany;
    }

    flags! {
        /// Survives a change of owner.
        keep => KEEP;
        /// Dropped at sign-in.
        per_login => PER_LOGIN;
        /// Has no setter.
        read_only => READ_ONLY;
        /// Is redacted in `Debug` and left out of `encode()`.
        secret => SECRET;
        /// Must be readable, or extraction fails.
        strict => STRICT;
    }

    const fn new<T: FieldValue + Send + Sync>(
        name: &'static str,
        key: &'static str,
        kind: Kind,
    ) -> Self {
        Self {
            name,
            key,
            aliases: &[],
            kind,
            type_id: TypeId::of::<T>,
            type_name: type_name::<T>,
            check: |value| T::read(value, |_| ()),
            owner: None,
            ttl: None,
            flags: 0,
        }
    }

    /// Names the owner of the session.
    #[must_use]
    pub const fn owner(mut self, owner: fn(&Value) -> Option<OwnerKey>) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Former keys.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Time to live of the entry, in milliseconds.
    #[must_use]
    pub const fn ttl(mut self, millis: u64) -> Self {
        self.ttl = Some(millis);
        self
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn key(&self) -> &'static str {
        self.key
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static str> {
        [self.key].into_iter().chain(self.aliases.iter().copied())
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            key: Key::Static(self.key),
            aliases: self.aliases,
        }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        (self.type_name)()
    }

    pub(crate) fn check(&self, value: &Value) -> Result<(), Cause> {
        (self.check)(value)
    }

    pub(crate) fn is_owner(&self) -> bool {
        self.owner.is_some()
    }

    /// The owner that a value of this field names. Runs the user's `Display`.
    pub(crate) fn owner_key(&self, value: &Value) -> Option<OwnerKey> {
        self.owner.and_then(|owner| owner(value))
    }

    pub(crate) fn is_flash(&self) -> bool {
        matches!(self.kind, Kind::FlashOne | Kind::FlashMany)
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.flags & KEEP != 0
    }

    pub(crate) fn is_per_login(&self) -> bool {
        self.flags & PER_LOGIN != 0
    }

    pub(crate) fn is_secret(&self) -> bool {
        self.flags & SECRET != 0
    }

    pub(crate) fn is_required(&self) -> bool {
        self.kind == Kind::Required
    }

    /// Whether extraction looks at it.
    pub(crate) fn is_checked(&self) -> bool {
        self.is_required() || (self.is_strict() && !self.is_flash())
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.flags & STRICT != 0
    }

    /// When an entry written now expires.
    pub(crate) fn expires(&self, now: impl FnOnce() -> Timestamp) -> Option<Timestamp> {
        self.ttl
            .map(|millis| now() + std::time::Duration::from_millis(millis))
    }

    /// Why two fields cannot share a key, if so.
    pub(crate) fn disagreement(&self, other: &Self) -> Option<&'static str> {
        if (self.type_id)() != (other.type_id)() {
            Some("type")
        } else if self.is_owner() != other.is_owner() {
            Some("`owner`")
        } else if self.is_flash() != other.is_flash() {
            Some("`flash`")
        } else if self.ttl != other.ttl {
            Some("`ttl`")
        } else {
            None
        }
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field")
            .field("name", &self.name)
            .field("key", &self.key)
            .field("kind", &self.kind)
            .field("type", &self.type_name())
            .finish_non_exhaustive()
    }
}
