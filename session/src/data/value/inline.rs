//! Values that take no more room than a pointer to them would: the numbers and short texts of which sessions are full.

use std::any::Any;
use std::io;

use super::{Format, Unencodable};

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Inline {
    U64(u64),
    I64(i64),
    U32(u32),
    I32(i32),
    Bool(bool),
    Text(Short),
}

/// A text of at most [`LONGEST`](Self::LONGEST) bytes, which was a `String`.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Short {
    len: u8,
    bytes: [u8; Self::LONGEST],
}

impl Short {
    pub(super) const LONGEST: usize = 22;

    fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; Self::LONGEST];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let len = text.len() as u8;
        Some(Self { len, bytes })
    }

    fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl Inline {
    /// Every byte of a text may take six.
    pub(super) const LONGEST_JSON: usize = 2 + 6 * Short::LONGEST;

    /// Length of the JSON text. Counted and not kept: there is no room for it, and it is quick.
    pub(super) fn json_len(&self) -> usize {
        let digits = |n: u64| n.checked_ilog10().map_or(1, |log| log as usize + 1);
        let signed = |n: i64| usize::from(n < 0) + digits(n.unsigned_abs());
        match *self {
            Self::U64(n) => digits(n),
            Self::U32(n) => digits(n.into()),
            Self::I64(n) => signed(n),
            Self::I32(n) => signed(n.into()),
            Self::Bool(true) => 4,
            Self::Bool(false) => 5,
            Self::Text(text) => 2 + text.as_str().bytes().map(escaped_len).sum::<usize>(),
        }
    }
}

/// Whether JSON takes the text as it is.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| escaped_len(byte) == 1)
}

/// How many bytes JSON takes for a byte of a text (RFC 8259, section 7, in the shortest spelling).
const fn escaped_len(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | 0x08 | b'\t' | b'\n' | 0x0C | b'\r' => 2,
        0x00..=0x1F => 6,
        _ => 1,
    }
}

/// The value, if a `T` is what it is.
fn cast<T: Any>(value: impl Any) -> Option<T> {
    let mut value = Some(value);
    (&mut value as &mut dyn Any)
        .downcast_mut::<Option<T>>()?
        .take()
}

/// The text, if a `T` is a `String`.
pub(super) fn owned<T: Any>(text: &str) -> Option<T> {
    cast::<T>(String::new())?;
    cast(text.to_owned())
}

macro_rules! scalars {
    ($($variant:ident $ty:ty),*) => {
        impl Inline {
            /// The value, if it is of one of these types. The types are compared when this is compiled.
            #[inline]
            pub(super) fn of<T: Any>(value: &T) -> Option<Self> {
                let value: &dyn Any = value;
                $(if let Some(value) = value.downcast_ref::<$ty>() {
                    return Some(Self::$variant(*value));
                })*
                Short::new(value.downcast_ref::<String>()?).map(Self::Text)
            }

            /// The value, if it was set as a `T`.
            #[inline]
            pub(super) fn to<T: Any>(&self) -> Option<T> {
                match self {
                    $(Self::$variant(value) => cast(*value),)*
                    Self::Text(text) => owned(text.as_str()),
                }
            }

            pub(super) fn write(
                &self,
                format: Format,
                out: &mut dyn io::Write,
            ) -> Result<(), Unencodable> {
                match self {
                    $(Self::$variant(value) => format.write(value, out),)*
                    Self::Text(text) => format.write(&text.as_str(), out),
                }
            }
        }
    };
}

scalars! { U64 u64, I64 i64, U32 u32, I32 i32, Bool bool }
