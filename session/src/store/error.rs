//! Why a verb of a store failed.

use std::fmt;

/// A verb of a store failed, and its outcome is unknown unless the kind says otherwise.
///
/// The message and the source must tell neither values nor keys: they go into logs.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What kind of failure a [`StoreError`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The engine cannot be reached, refused, or broke off.
    Unavailable,
    /// No answer came before the deadline.
    Timeout,
    /// The record was written by a newer version of this library: an older node must neither use nor replace it.
    NewerFormat,
    /// The record is sealed with a key that this node does not have, and that was not retired: another node may.
    UnknownKey,
    /// The store is full, by its own cap or the engine's.
    Full,
    /// A value cannot be encoded in the store's format.
    Encode,
    /// The record is larger than what the store takes. Nothing was changed, and a smaller one is taken as before.
    TooLarge,
}

impl StoreError {
    /// The engine failed with this error.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            kind: StoreErrorKind::Unavailable,
            source: Some(source.into()),
        }
    }

    /// A store broke its promise.
    pub(crate) fn not_ready() -> Self {
        Self::unavailable("a store that promises to be always ready was not")
    }

    /// A failure of this kind.
    #[must_use]
    pub const fn from_kind(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// A failure of this kind, and what it came from.
    pub fn with_source(
        kind: StoreErrorKind,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// What kind of failure this is.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => "the session store is unavailable",
            StoreErrorKind::Timeout => "the session store did not answer in time",
            StoreErrorKind::NewerFormat => "the session was stored by a newer version",
            StoreErrorKind::UnknownKey => {
                "the session is sealed with a key that is not in the ring"
            }
            StoreErrorKind::Full => "the session store is full",
            StoreErrorKind::Encode => "the session cannot be encoded",
            StoreErrorKind::TooLarge => "the session is larger than what the store takes",
        })
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
