//! How a store that holds bytes writes a record down.

mod frame;
mod header;
#[cfg(feature = "sealed")]
mod keys;
#[cfg(feature = "sealed")]
mod seal;

use bytes::Bytes;

use crate::data::{Data, Format, Unencodable};
use crate::id::StoreKey;
use crate::record::{Header, Record};
use crate::store::{StoreError, StoreErrorKind};

#[cfg(feature = "sealed")]
pub use keys::{KeyId, KeyRing, ParseKeyIdError, SealingKey, SealingKeyError};

/// How a store turns data into bytes, and back.
///
/// Closed: a store that holds bytes takes one and uses it, and no third party writes one. The framing is the
/// library's: one byte string a value, each with its format, so that reading one key decodes one value, an
/// unchanged value is written back byte for byte, and records of several formats live side by side. With the feature
/// `sealed` the whole of it can be encrypted: `Codec::sealed`.
///
/// ```
/// use session::{Codec, Data, Header, Lifetime, SessionId, Timestamp};
///
/// let key = SessionId::generate()?.store_key();
/// let mut header = Header::new(Timestamp::default(), Lifetime::DEFAULT, Default::default());
/// let mut data = Data::new();
/// data.insert("theme", "dark".to_owned());
/// let bytes = Codec::json().encode(&key, &header, &data)?;
/// let back = Codec::json().decode(&key, &mut header, bytes.into())?;
/// assert_eq!(back.get::<String>("theme")?.as_deref(), Some("dark"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Codec {
    format: Format,
    #[cfg(feature = "sealed")]
    ring: Option<std::sync::Arc<KeyRing>>,
}

impl Default for Codec {
    fn default() -> Self {
        Self::json()
    }
}

/// Why bytes are not a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DecodeError {
    /// Not well-formed: such a record is no session ([`ReadOutcome::Damaged`](crate::ReadOutcome::Damaged)).
    Damaged,
    /// A newer version of this library wrote it: such a record is a store error, not "no session".
    NewerFormat,
    /// It was sealed with a key that is neither in the ring nor retired: as for
    /// [`NewerFormat`](Self::NewerFormat), another node may well read it.
    UnknownKey,
}

impl DecodeError {
    /// The error that a verb answers with; `None` for what is damaged, hence no session.
    ///
    /// ```
    /// use session::{DecodeError, StoreErrorKind};
    ///
    /// let newer = DecodeError::NewerFormat.store_error();
    /// assert_eq!(newer.map(|error| error.kind()), Some(StoreErrorKind::NewerFormat));
    /// assert!(DecodeError::Damaged.store_error().is_none());
    /// ```
    #[must_use]
    pub const fn store_error(self) -> Option<StoreError> {
        let kind = match self {
            Self::Damaged => return None,
            Self::NewerFormat => StoreErrorKind::NewerFormat,
            Self::UnknownKey => StoreErrorKind::UnknownKey,
        };
        Some(StoreError::from_kind(kind))
    }
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Damaged => "the stored bytes are not a record",
            Self::NewerFormat => "the record was stored by a newer version",
            Self::UnknownKey => "the record is sealed with a key that is not in the ring",
        })
    }
}

impl std::error::Error for DecodeError {}

impl Codec {
    /// Values as JSON text.
    #[must_use]
    pub const fn json() -> Self {
        Self {
            format: Format::Json,
            #[cfg(feature = "sealed")]
            ring: None,
        }
    }

    /// The data of a record as bytes. `key` and `header` are what they belong to.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Encode`] if a value cannot be encoded; the layer finds that before it calls a store.
    pub fn encode(
        &self,
        key: &StoreKey,
        header: &Header,
        data: &Data,
    ) -> Result<Vec<u8>, StoreError> {
        let mut out = Vec::with_capacity(64 + data.len() * 32);
        self.put(&mut out, key, header, data)?;
        Ok(out)
    }

    #[cfg_attr(not(feature = "sealed"), expect(unused_variables))]
    fn put(
        &self,
        out: &mut Vec<u8>,
        key: &StoreKey,
        header: &Header,
        data: &Data,
    ) -> Result<(), StoreError> {
        let write = |out: &mut Vec<u8>| frame::encode(out, self.format, data);
        #[cfg(feature = "sealed")]
        let written = match &self.ring {
            Some(ring) => seal::seal(ring, out, (key, header), write),
            None => write(out),
        };
        #[cfg(not(feature = "sealed"))]
        let written = write(out);
        written.map_err(|Unencodable(_)| StoreError::from_kind(StoreErrorKind::Encode))
    }

    /// The data that [`encode`](Self::encode) wrote, its values not yet decoded. Shares the buffer, unless it is sealed:
    /// then the header is held to what was sealed with the data, whatever the store says by now.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]: no part of damaged bytes is used.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the values go on sharing the buffer"
    )]
    #[cfg_attr(not(feature = "sealed"), expect(unused_variables))]
    pub fn decode(
        &self,
        key: &StoreKey,
        header: &mut Header,
        bytes: Bytes,
    ) -> Result<Data, DecodeError> {
        #[cfg(feature = "sealed")]
        if let Some(ring) = &self.ring {
            return frame::decode(&seal::open(ring, (key, header), &bytes)?);
        }
        frame::decode(&bytes)
    }

    /// Header and data in one byte string, for stores that keep a record in one place.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn encode_record(&self, key: &StoreKey, record: &Record) -> Result<Vec<u8>, StoreError> {
        let mut out = record.header.to_bytes();
        self.put(&mut out, key, &record.header, &record.data)?;
        Ok(out)
    }

    /// What [`encode_record`](Self::encode_record) wrote.
    ///
    /// # Errors
    ///
    /// [`DecodeError`].
    pub fn decode_record(&self, key: &StoreKey, bytes: Bytes) -> Result<Record, DecodeError> {
        let (mut header, data) = Header::split_from(bytes)?;
        let data = self.decode(key, &mut header, data)?;
        Ok(Record { header, data })
    }
}

impl Header {
    /// The header as bytes that tell their own length.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        header::encode(self)
    }

    /// What [`to_bytes`](Self::to_bytes) gave; further bytes may follow it.
    ///
    /// # Errors
    ///
    /// [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        header::decode(bytes).map(|(header, _)| header)
    }

    /// What [`Codec::encode_record`] wrote, its data not looked at: for a store that decides by the header alone. The data
    /// share the buffer.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], of the header.
    ///
    /// ```
    /// use session::{Codec, Data, Header, Lifetime, Record, SessionId, Timestamp};
    ///
    /// let key = SessionId::generate()?.store_key();
    /// let header = Header::new(Timestamp::default(), Lifetime::DEFAULT, Default::default());
    /// let mut data = Data::new();
    /// data.insert("theme", "dark".to_owned());
    /// let bytes = Codec::json().encode_record(&key, &Record { header: header.clone(), data })?;
    /// let (mut read, rest) = Header::split_from(bytes.into())?;
    /// assert_eq!(read, header);
    /// assert_eq!(Codec::json().decode(&key, &mut read, rest)?.len(), 1);
    /// assert!(Header::split_from("no record".into()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the data go on sharing the buffer"
    )]
    pub fn split_from(bytes: Bytes) -> Result<(Self, Bytes), DecodeError> {
        let (header, used) = header::decode(&bytes)?;
        Ok((header, bytes.slice(used..)))
    }
}

/// Reads fields off the front of untrusted bytes; every length is checked against what is there.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..len).ok_or(DecodeError::Damaged)?;
        self.at += len;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        self.take(N)?.try_into().map_err(|_| DecodeError::Damaged)
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A length, never larger than what is left: nothing can be made to allocate by four bytes.
    fn len(&mut self) -> Result<usize, DecodeError> {
        let len = u32::from_le_bytes(self.array()?) as usize;
        if len > self.bytes.len() - self.at {
            Err(DecodeError::Damaged)
        } else {
            Ok(len)
        }
    }

    fn text(&mut self) -> Result<&'a str, DecodeError> {
        let len = self.len()?;
        str::from_utf8(self.take(len)?).map_err(|_| DecodeError::Damaged)
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_len(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn put_len(out: &mut Vec<u8>, len: usize) {
    // The size cap lies far below 4 GiB; a length that is cut here fails to decode instead of misreading.
    out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
}

#[cfg(test)]
mod tests;
