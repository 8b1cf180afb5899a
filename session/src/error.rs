//! The one error of the session handle: what went wrong, and with which key. Never a value, never an id.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use crate::data::{Cause, Key, Unencodable};
use crate::store::{StoreError, StoreErrorKind};

/// Something that a session could not do.
///
/// It names the key and the cause, never a value or an id, so it may be logged. With the feature `axum` it is a
/// response with [`status`](Self::status) and no body. Cloning copies one pointer.
///
/// ```
/// use session::{Data, ErrorKind};
///
/// let mut data = Data::new();
/// data.insert("visits", "many".to_owned());
/// let error = data.get::<u64>("visits").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Mismatch);
/// assert_eq!(error.key(), Some("visits"));
/// assert_eq!(error.to_string(), "`visits` cannot be read as `u64`: the stored value has another shape");
/// ```
#[derive(Clone, Debug)]
pub struct Error(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    key: Option<Key>,
    detail: Detail,
}

#[derive(Debug)]
enum Detail {
    None,
    Type(&'static str, Cause),
    Unencodable(&'static str),
    Size { size: usize, max: usize },
    Store(StoreError),
}

/// What kind of failure an [`Error`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The stored value is of another type than the one asked for. 500.
    Mismatch,
    /// Keys that begin with `__` are the library's own. 500.
    ReservedKey,
    /// The session is larger than the cap, or than what the store takes. Nothing was saved. 500.
    TooLarge,
    /// A value cannot be encoded. Nothing was saved. 500.
    Encode,
    /// Code of the application panicked while a change was repeated on a newer state. Nothing was saved. 500.
    Panicked,
    /// The cryptographic generator failed, so no id could be made. 500.
    Random,
    /// A required field is not in the session. 401.
    MissingField,
    /// Two schemas of the layer disagree about a key. 500.
    SchemaConflict,
    /// A lifetime that cannot be was asked for. 500.
    Config,
    /// The response head is on its way, so the client can no longer be told a new id. Nothing was saved. 500.
    HeadSent,
    /// Other requests kept changing the session until the deadline, or a required field has gone. Nothing was
    /// saved. 503.
    Conflict,
    /// The store failed. 503.
    Store,
    /// The session was signed out or rotated meanwhile, so the changes were dropped. 409.
    Gone,
    /// The owner has as many sessions as the rule allows. 409.
    OwnerRefused,
    /// The owner's sessions were revoked after this request came in. 409.
    OwnerRevoked,
}

impl Error {
    fn new(kind: ErrorKind, key: Option<Key>, detail: Detail) -> Self {
        Self(Arc::new(Inner { kind, key, detail }))
    }

    pub(crate) fn of(kind: ErrorKind) -> Self {
        Self::new(kind, None, Detail::None)
    }

    pub(crate) fn on_key(kind: ErrorKind, key: &str) -> Self {
        Self::new(kind, Some(key.into()), Detail::None)
    }

    pub(crate) fn mismatch<T>(key: &str, cause: Cause) -> Self {
        Self::mismatch_as(key, type_name::<T>(), cause)
    }

    pub(crate) fn mismatch_as(key: &str, wanted: &'static str, cause: Cause) -> Self {
        Self::new(
            ErrorKind::Mismatch,
            Some(key.into()),
            Detail::Type(wanted, cause),
        )
    }

    pub(crate) fn unencodable(key: Key, error: Unencodable) -> Self {
        Self::new(ErrorKind::Encode, Some(key), Detail::Unencodable(error.0))
    }

    pub(crate) fn too_large(size: usize, max: usize) -> Self {
        Self::new(ErrorKind::TooLarge, None, Detail::Size { size, max })
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The key that it is about, where there is one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_ref().map(Key::as_str)
    }

    /// What the store said, where it was the store.
    #[must_use]
    pub fn store_error(&self) -> Option<&StoreError> {
        match &self.0.detail {
            Detail::Store(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the change may have been stored all the same: the answer was lost. Then the stored state is the old
    /// or the new, never a mixture.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.store_error().is_some_and(|error| {
            matches!(
                error.kind(),
                StoreErrorKind::Unavailable | StoreErrorKind::Timeout
            )
        })
    }

    /// The status code of a response that reports it: 401, 409, 500 or 503, as [`ErrorKind`] says.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.0.kind {
            ErrorKind::Mismatch
            | ErrorKind::ReservedKey
            | ErrorKind::TooLarge
            | ErrorKind::Encode
            | ErrorKind::Panicked
            | ErrorKind::Random
            | ErrorKind::SchemaConflict
            | ErrorKind::Config
            | ErrorKind::HeadSent => 500,
            ErrorKind::MissingField => 401,
            ErrorKind::Conflict | ErrorKind::Store => 503,
            ErrorKind::Gone | ErrorKind::OwnerRefused | ErrorKind::OwnerRevoked => 409,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let kind = match error.kind() {
            StoreErrorKind::Encode => ErrorKind::Encode,
            StoreErrorKind::TooLarge => ErrorKind::TooLarge,
            _ => ErrorKind::Store,
        };
        Self::new(kind, None, Detail::Store(error))
    }
}

#[cfg(feature = "tower")]
impl From<crate::ConfigError> for Error {
    fn from(_: crate::ConfigError) -> Self {
        Self::of(ErrorKind::Config)
    }
}

impl From<crate::RandomError> for Error {
    fn from(_: crate::RandomError) -> Self {
        Self::of(ErrorKind::Random)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = self.key() {
            write!(f, "`{key}` ")?;
        }
        match &self.0.detail {
            Detail::Type(wanted, cause) => {
                return write!(f, "cannot be read as `{wanted}`: {cause}");
            }
            Detail::Unencodable(of) => {
                return write!(f, "holds a `{of}` that cannot be encoded as JSON");
            }
            Detail::Size { size, max } => {
                return write!(f, "the session takes {size} bytes, and {max} are allowed");
            }
            Detail::Store(error) => return fmt::Display::fmt(error, f),
            Detail::None => {}
        }
        f.write_str(match self.0.kind {
            ErrorKind::Mismatch => "is of another type",
            ErrorKind::ReservedKey => {
                "is reserved: keys that begin with `__` are the library's own"
            }
            ErrorKind::TooLarge => "the session is too large",
            ErrorKind::Encode => "cannot be encoded",
            ErrorKind::Panicked => "an update panicked when it was repeated on a newer state",
            ErrorKind::Random => "the cryptographic random generator failed",
            ErrorKind::MissingField => "is required and not in the session",
            ErrorKind::Config => "the lifetime is impossible",
            ErrorKind::SchemaConflict => "is not what two schemas of this layer agree about",
            ErrorKind::HeadSent => "the client can no longer be told a new session id",
            ErrorKind::Conflict if self.key().is_some() => "is required and has gone meanwhile",
            ErrorKind::Conflict => "other requests kept changing the session until the deadline",
            ErrorKind::Store => "the session store failed",
            ErrorKind::Gone => "the session has ended or moved on meanwhile",
            ErrorKind::OwnerRefused => "the owner has too many sessions",
            ErrorKind::OwnerRevoked => "the owner's sessions were revoked meanwhile",
        })
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.store_error().and_then(std::error::Error::source)
    }
}
