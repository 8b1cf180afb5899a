//! One value: native (set by this process) or bytes in a named format (from a store).

mod inline;

use std::any::{Any, type_name};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_core::Serialize;
use serde_core::de::{DeserializeOwned, IgnoredAny};

use self::inline::{Inline, is_plain, owned};

/// A longer text stays the `String` that it was: it is not copied to be kept, and can be read without being copied.
const LONGEST: usize = 255;

/// What a session can hold: any owned, cloneable, thread-safe type that serde can write and read.
///
/// Implemented for every type that meets the bounds; there is nothing to implement by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in a session",
    label = "a session value must be `Serialize + DeserializeOwned + Clone + Send + Sync + 'static`",
    note = "each type of yours in `{Self}` needs `#[derive(Clone, serde::Serialize, serde::Deserialize)]`"
)]
pub trait SessionValue: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> SessionValue for T {}

/// How the bytes of a value are to be read. Stands beside each value, so that a record may mix formats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    Json = 1,
}

impl Format {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        (byte == 1).then_some(Self::Json)
    }

    fn read<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, Cause> {
        match self {
            // What kind of mistake it is serde_json does not tell: an enum that finds a number is one of syntax to it.
            Self::Json => serde_json::from_slice(bytes).map_err(|_| {
                let text = str::from_utf8(bytes).ok();
                match text.map(serde_json::from_str::<IgnoredAny>) {
                    Some(Ok(IgnoredAny)) => Cause::Shape,
                    Some(Err(_)) | None => Cause::Damaged,
                }
            }),
        }
    }

    fn write<T: Serialize>(self, value: &T, out: &mut dyn io::Write) -> Result<(), Unencodable> {
        match self {
            // The text of the error may hold the value, so it goes no further.
            Self::Json => {
                serde_json::to_writer(out, value).map_err(|_| Unencodable(type_name::<T>()))
            }
        }
    }
}

/// Why a stored value could not be read as the type that was asked for. Never tells the value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cause {
    /// Well-formed, but of another shape.
    Shape,
    /// Not well-formed: damaged, or written by something else.
    Damaged,
    /// A flash entry, which only the flash verbs read.
    Flash,
    /// A native value that cannot be encoded, so it cannot be read as another type.
    Unencodable,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "the stored value has another shape",
            Self::Damaged => "the stored bytes are not well-formed",
            Self::Flash => "the stored entry is a flash, which only the flash verbs read",
            Self::Unencodable => "the stored value is of another type and cannot be encoded",
        })
    }
}

/// The type whose value serde refused to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unencodable(pub(crate) &'static str);

/// One value of a session: a Rust value that this process set, or bytes from a store.
///
/// Bytes are decoded once, at the first typed read, and the result is kept beside them; the bytes stay the
/// authority, so an unchanged value is written back byte for byte. A read as another type than the one held goes
/// through the encoding: an `i64` set and a `u64` read behave alike on every store.
///
/// Cloning copies one pointer, or a number or a short text itself. A `String` of up to 255 bytes is copied when it is
/// read.
#[derive(Clone)]
pub struct Value(Repr);

#[derive(Clone)]
enum Repr {
    Native(Arc<dyn Native>),
    Raw(Arc<Raw>),
    /// What is as small as a pointer to it.
    Inline(Inline),
    /// What was a `String`, in which JSON escapes nothing: so its length is known.
    Text(Arc<str>),
}

struct Raw {
    format: Format,
    bytes: Bytes,
    decoded: OnceLock<Arc<dyn Native>>,
}

trait Native: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn write(&self, format: Format, out: &mut dyn io::Write) -> Result<(), Unencodable>;
    fn size(&self) -> &AtomicU32;
}

/// A value and the length of its JSON text, once that was measured (zero before: no JSON text is empty).
struct Holder<T> {
    value: T,
    size: AtomicU32,
}

impl<T: SessionValue> Native for Holder<T> {
    fn as_any(&self) -> &dyn Any {
        &self.value
    }
    fn write(&self, format: Format, out: &mut dyn io::Write) -> Result<(), Unencodable> {
        format.write(&self.value, out)
    }
    fn size(&self) -> &AtomicU32 {
        &self.size
    }
}

impl Value {
    /// Holds a Rust value. Nothing is encoded yet.
    pub fn new<T: SessionValue>(value: T) -> Self {
        if let Some(inline) = Inline::of(&value) {
            return Self(Repr::Inline(inline));
        }
        let text = (&value as &dyn Any).downcast_ref::<String>();
        Self(
            match text.filter(|text| text.len() <= LONGEST && is_plain(text)) {
                Some(text) => Repr::Text(text.as_str().into()),
                None => Repr::Native(native(value)),
            },
        )
    }

    pub(crate) fn raw(format: Format, bytes: Bytes) -> Self {
        Self(Repr::Raw(Arc::new(Raw {
            format,
            bytes,
            decoded: OnceLock::new(),
        })))
    }

    /// Reads the value as a `T`, through a reference. Runs user code: never call it under a lock.
    pub(crate) fn read<T: SessionValue, R>(&self, read: impl FnOnce(&T) -> R) -> Result<R, Cause> {
        match &self.0 {
            Repr::Native(native) => match native.as_any().downcast_ref() {
                Some(value) => Ok(read(value)),
                None => self.reread(read),
            },
            Repr::Inline(inline) => match inline.to::<T>() {
                Some(value) => Ok(read(&value)),
                None => self.reread(read),
            },
            Repr::Text(text) => match owned(text) {
                Some(value) => Ok(read(&value)),
                None => self.reread(read),
            },
            Repr::Raw(raw) => {
                if let Some(decoded) = raw.decoded.get()
                    && let Some(value) = decoded.as_any().downcast_ref()
                {
                    return Ok(read(value));
                }
                let decoded = native(raw.format.read::<T>(&raw.bytes)?);
                // A race for the first place is no matter: both have decoded the same bytes.
                let _ = raw.decoded.set(Arc::clone(&decoded) as Arc<dyn Native>);
                Ok(read(&decoded.value))
            }
        }
    }

    /// Reads through the encoding what was set as another type.
    fn reread<T: SessionValue, R>(&self, read: impl FnOnce(&T) -> R) -> Result<R, Cause> {
        let mut bytes = Vec::new();
        let format = self
            .write(Format::Json, &mut bytes)
            .map_err(|_| Cause::Unencodable)?;
        format.read(&bytes).map(|value| read(&value))
    }

    /// A copy of the value as a `T`.
    pub(crate) fn get<T: SessionValue>(&self) -> Result<T, Cause> {
        let copy = match &self.0 {
            Repr::Inline(inline) => inline.to(),
            Repr::Text(text) => owned(text),
            Repr::Native(_) | Repr::Raw(_) => None,
        };
        copy.map_or_else(|| self.read(T::clone), Ok)
    }

    /// Appends the encoded value and says in which format it is: bytes stay as they are.
    pub(crate) fn write(&self, format: Format, out: &mut Vec<u8>) -> Result<Format, Unencodable> {
        match &self.0 {
            Repr::Native(native) => native.write(format, out).map(|()| format),
            Repr::Inline(inline) => inline.write(format, out).map(|()| format),
            Repr::Text(text) => format.write(&&**text, out).map(|()| format),
            Repr::Raw(raw) => {
                out.extend_from_slice(&raw.bytes);
                Ok(raw.format)
            }
        }
    }

    /// Length of the encoded value. Measured once by a writer that only counts, so that "too large" and "cannot
    /// be encoded" are found alike on every store.
    pub(crate) fn size(&self) -> Result<usize, Unencodable> {
        let native = match &self.0 {
            Repr::Raw(raw) => return Ok(raw.bytes.len()),
            Repr::Native(native) => native,
            Repr::Inline(inline) => return Ok(inline.json_len()),
            Repr::Text(text) => return Ok(2 + text.len()),
        };
        let known = native.size().load(Ordering::Relaxed);
        if known != 0 {
            return Ok(known as usize);
        }
        let mut count = Count(0);
        native.write(Format::Json, &mut count)?;
        native.size().store(
            u32::try_from(count.0).unwrap_or(u32::MAX),
            Ordering::Relaxed,
        );
        Ok(count.0)
    }

    /// No less than [`size`](Self::size): numbers and short texts are not looked at.
    #[inline]
    pub(crate) fn at_most(&self) -> Result<usize, Unencodable> {
        match &self.0 {
            Repr::Inline(_) => Ok(Inline::LONGEST_JSON),
            _ => self.size(),
        }
    }

    /// The value as JSON, for `encode()` and `Debug`.
    pub(crate) fn to_json(&self) -> Result<String, Unencodable> {
        let mut out = Vec::new();
        self.write(Format::Json, &mut out)?;
        String::from_utf8(out).map_err(|_| Unencodable("bytes from the store"))
    }

    /// Whether both are the same value by identity: what a compare-and-swap of the handle asks. One that has no
    /// identity is the same if it is equal.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Native(a), Repr::Native(b)) => Arc::ptr_eq(a, b),
            (Repr::Raw(a), Repr::Raw(b)) => Arc::ptr_eq(a, b),
            (Repr::Inline(a), Repr::Inline(b)) => a == b,
            (Repr::Text(a), Repr::Text(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

fn native<T: SessionValue>(value: T) -> Arc<Holder<T>> {
    Arc::new(Holder {
        value,
        size: AtomicU32::new(0),
    })
}

struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Which keys are secret only the schemas know, so no value prints here.
        f.write_str(match &self.0 {
            Repr::Native(_) | Repr::Inline(_) | Repr::Text(_) => "Value(native)",
            Repr::Raw(_) => "Value(bytes)",
        })
    }
}

#[cfg(test)]
mod tests;
