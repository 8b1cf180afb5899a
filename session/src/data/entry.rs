//! What stands under a key: a plain value, one with a deadline, or a list of flash entries.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::value::{Unencodable, Value};
use crate::time::Timestamp;

/// A key: a schema's `&'static str`, which costs nothing to copy, or a counted string.
#[derive(Clone)]
pub(crate) enum Key {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Key {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Shared(text.into())
    }
}

/// What a map can be made with: keys, and names that are not kept yet.
pub(crate) trait Name {
    fn text(&self) -> &str;
    fn to_key(&self) -> Key;
}

impl Name for Key {
    fn text(&self) -> &str {
        self.as_str()
    }
    fn to_key(&self) -> Key {
        self.clone()
    }
}

impl Name for &str {
    fn text(&self) -> &str {
        self
    }
    fn to_key(&self) -> Key {
        Key::from(*self)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// One entry of a map, as it is looked at.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a Key,
    pub(crate) slot: &'a Slot,
}

#[derive(Clone, Debug)]
pub(crate) enum Slot {
    Plain(Value),
    /// Behind a pointer, because it is rare: the slots of all others are smaller for it.
    Expiring(Arc<(Timestamp, Value)>),
    Flash(Arc<Vec<FlashEntry>>),
}

/// One flash message. The id lets a take remove exactly what it returned.
#[derive(Clone, Debug)]
pub(crate) struct FlashEntry {
    pub(crate) id: u64,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) value: Value,
}

impl FlashEntry {
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

impl Slot {
    pub(crate) fn new(value: Value, expires: Option<Timestamp>) -> Self {
        match expires {
            None => Self::Plain(value),
            Some(expires) => Self::Expiring(Arc::new((expires, value))),
        }
    }

    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Expiring(expiring) => now < expiring.0,
            Self::Flash(entries) => entries.iter().any(|entry| entry.is_live(now)),
        }
    }

    /// The value, unless this is a flash.
    pub(crate) fn value(&self) -> Option<&Value> {
        match self {
            Self::Plain(value) => Some(value),
            Self::Expiring(expiring) => Some(&expiring.1),
            Self::Flash(_) => None,
        }
    }

    /// The value, unless this is a flash.
    pub(crate) fn into_value(self) -> Option<Value> {
        match self {
            Self::Plain(value) => Some(value),
            Self::Expiring(expiring) => Some(expiring.1.clone()),
            Self::Flash(_) => None,
        }
    }

    pub(crate) fn expires(&self) -> Option<Timestamp> {
        match self {
            Self::Expiring(expiring) => Some(expiring.0),
            Self::Plain(_) | Self::Flash(_) => None,
        }
    }

    pub(crate) fn flash(&self) -> &[FlashEntry] {
        match self {
            Self::Flash(entries) => entries,
            Self::Plain(_) | Self::Expiring(_) => &[],
        }
    }

    /// The sizes of its values together.
    #[inline]
    pub(crate) fn sum(
        &self,
        size: impl Fn(&Value) -> Result<usize, Unencodable>,
    ) -> Result<usize, Unencodable> {
        match self {
            Self::Plain(value) => size(value),
            Self::Expiring(expiring) => size(&expiring.1),
            Self::Flash(entries) => entries.iter().try_fold(0usize, |sum, entry| {
                Ok(sum.saturating_add(size(&entry.value)?))
            }),
        }
    }

    /// Whether both are one and the same by identity.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(a), Self::Plain(b)) => a.is_same(b),
            (Self::Expiring(a), Self::Expiring(b)) => a.0 == b.0 && a.1.is_same(&b.1),
            (Self::Flash(a), Self::Flash(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}
