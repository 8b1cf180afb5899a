//! The secret in the cookie, and what a store sees instead of it.

use std::fmt;

use rand::TryRng;
use sha2::{Digest, Sha256};

use crate::base64url;

/// Bytes that a [`SessionId`] has by default, and at most.
pub(crate) const ID_BYTES: usize = 32;
/// Bytes that a [`SessionId`] has at least: OWASP asks for 64 bits of entropy, and 16 of the bits are the slot tag.
pub(crate) const MIN_ID_BYTES: usize = 16;
const TAG_BYTES: usize = 2;
const MAX_TEXT: usize = base64url::encoded_len(ID_BYTES);

/// The secret that a client holds: by default 256 bits from the cryptographic generator of `rand`.
///
/// Its text is unpadded base64url, 43 characters, canonical: each id has exactly one spelling. It is never stored
/// and never printed: `Debug` is redacted, there is no `Display`, and a store is only ever handed the
/// [`StoreKey`].
///
/// ```
/// use session::SessionId;
///
/// let id = SessionId::generate()?;
/// assert_eq!(id.expose_secret().as_str().len(), 43);
/// assert_eq!(format!("{id:?}"), "SessionId([redacted])");
/// assert_eq!(SessionId::parse(id.expose_secret().as_str().as_bytes()), Some(id));
/// # Ok::<(), session::RandomError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionId {
    bytes: [u8; ID_BYTES],
    len: u8,
}

impl SessionId {
    /// A new id of 32 bytes.
    ///
    /// # Errors
    ///
    /// [`RandomError`] if the generator fails: there is no fallback to weaker randomness.
    pub fn generate() -> Result<Self, RandomError> {
        Self::generate_from(&mut rand::rng(), ID_BYTES, None)
    }

    /// A new id of `len` bytes that keeps the slot tag of `like`, so that both live in one slot of a cluster.
    pub(crate) fn generate_from<R: TryRng>(
        rng: &mut R,
        len: usize,
        like: Option<&Self>,
    ) -> Result<Self, RandomError> {
        debug_assert!((MIN_ID_BYTES..=ID_BYTES).contains(&len));
        let mut bytes = [0; ID_BYTES];
        rng.try_fill_bytes(&mut bytes[..len])
            .map_err(|_| RandomError)?;
        if let Some(like) = like {
            bytes[..TAG_BYTES].copy_from_slice(&like.bytes[..TAG_BYTES]);
        }
        Ok(Self {
            bytes,
            len: len as u8,
        })
    }

    /// Reads an id as a client sent it. `None` unless it is the canonical text of 16 to 32 bytes.
    ///
    /// That it parses says nothing about it being live: only the store knows.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; ID_BYTES];
        let len = match <&[u8; MAX_TEXT]>::try_from(text) {
            // Of a known length it takes half the time.
            Ok(whole) => base64url::decode(whole, &mut bytes)?,
            Err(_) => base64url::decode(text, &mut bytes)?,
        };
        (len >= MIN_ID_BYTES).then_some(Self {
            bytes,
            len: len as u8,
        })
    }

    /// The text that goes into the cookie. Whoever has it is the user: never log or store it.
    #[must_use]
    pub fn expose_secret(&self) -> IdText {
        let mut text = [0; MAX_TEXT];
        let len = base64url::encode(self.bytes(), &mut text) as u8;
        IdText { text, len }
    }

    /// What a store sees instead of this id.
    #[must_use]
    pub fn store_key(&self) -> StoreKey {
        let mut hash = Sha256::new();
        hash.update(b"session-id:");
        hash.update(self.bytes());
        StoreKey {
            hash: hash.finalize().into(),
            tag: [self.bytes[0], self.bytes[1]],
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId([redacted])")
    }
}

/// The text of a [`SessionId`], made without an allocation by [`SessionId::expose_secret`].
#[derive(Clone, Copy)]
pub struct IdText {
    text: [u8; MAX_TEXT],
    len: u8,
}

impl IdText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }
}

impl fmt::Debug for IdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdText([redacted])")
    }
}

/// What a store keeps a record under: the SHA-256 of a [`SessionId`], and two bytes of the id in clear.
///
/// A dump of a store therefore holds nothing that could be sent as a cookie. The clear bytes are a slot tag:
/// they survive rotation, so that a cluster keeps the old and the new record in one slot.
///
/// ```
/// let id = session::SessionId::generate()?;
/// let key = id.store_key();
/// assert_eq!(key, id.store_key());
/// assert_eq!(session::StoreKey::from_parts(*key.hash(), key.tag()), key);
/// # Ok::<(), session::RandomError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreKey {
    hash: [u8; 32],
    tag: [u8; TAG_BYTES],
}

impl StoreKey {
    /// Puts a key together again from what a store wrote down.
    #[must_use]
    pub const fn from_parts(hash: [u8; 32], tag: [u8; 2]) -> Self {
        Self { hash, tag }
    }

    /// The hash, which alone identifies the session.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The slot tag. Stores without slots may ignore it.
    #[must_use]
    pub const fn tag(&self) -> [u8; 2] {
        self.tag
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey([redacted])")
    }
}

/// Who owns a session, as a store sees it: the SHA-256 of the owner's text.
///
/// ```
/// use session::OwnerKey;
///
/// assert_eq!(OwnerKey::of(&42), OwnerKey::of("42"));
/// assert_ne!(OwnerKey::of("ann"), OwnerKey::of("bob"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnerKey([u8; 32]);

impl OwnerKey {
    /// The key of the owner with this text.
    #[must_use]
    pub fn of<T: fmt::Display + ?Sized>(owner: &T) -> Self {
        struct Hasher(Sha256);
        impl fmt::Write for Hasher {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.update(text);
                Ok(())
            }
        }
        let mut hasher = Hasher(Sha256::new_with_prefix(b"session-owner:"));
        // A `Display` that fails has written a part of the text: the same part each time, hence the same key.
        let _ = fmt::Write::write_fmt(&mut hasher, format_args!("{owner}"));
        Self(hasher.0.finalize().into())
    }

    /// Puts a key together again from what a store wrote down.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for OwnerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnerKey([redacted])")
    }
}

/// The cryptographic generator failed, so no id was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RandomError;

impl fmt::Display for RandomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the cryptographic random generator failed")
    }
}

impl std::error::Error for RandomError {}

#[cfg(test)]
mod tests;
