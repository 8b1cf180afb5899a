//! The keys that seal records at rest, and which of them a node goes by.

use std::fmt;
use std::str::FromStr;

use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use sha2::{Digest, Sha256};

use super::DecodeError;

const KEY_BYTES: usize = 32;
const ID_BYTES: usize = 8;

/// A secret of 256 bits that seals records. Each copy is wiped from memory when it is dropped; what it was made from is
/// the caller's.
///
/// Make one with `openssl rand -hex 32` and keep it where the other secrets of the application are, never in the
/// store or beside it.
///
/// ```
/// use session::SealingKey;
///
/// let key: SealingKey = "6d1f0a4c9be27358d04b1a66c3f5e8927a90d2be41357cf86e0b9d14a2c87f35".parse()?;
/// assert_eq!(format!("{key:?}"), format!("SealingKey({})", key.id()));   // nothing of the secret
/// assert!(SealingKey::new(&[7; 32]).is_err());                             // not what a generator gives
/// # Ok::<(), session::SealingKeyError>(())
/// ```
#[derive(Clone)]
pub struct SealingKey {
    id: KeyId,
    pub(super) cipher: XChaCha20Poly1305,
}

impl SealingKey {
    /// A key of exactly 32 bytes from a cryptographic generator: a password is none.
    ///
    /// # Errors
    ///
    /// [`SealingKeyError`] for any other length, and for one byte repeated: that is a buffer nobody filled.
    pub fn new(secret: &[u8]) -> Result<Self, SealingKeyError> {
        let secret: &[u8; KEY_BYTES] = secret.try_into().map_err(|_| SealingKeyError::Length)?;
        if secret.iter().all(|byte| *byte == secret[0]) {
            return Err(SealingKeyError::Repeated);
        }
        let mut id = [0; ID_BYTES];
        let mut hash = Sha256::new();
        hash.update(b"session-sealing-key:");
        hash.update(secret);
        id.copy_from_slice(&hash.finalize()[..ID_BYTES]);
        Ok(Self {
            id: KeyId(id),
            cipher: XChaCha20Poly1305::new(secret.into()),
        })
    }

    /// What stands in the clear beside everything that this key has sealed.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }
}

/// 64 hexadecimal digits.
impl FromStr for SealingKey {
    type Err = SealingKeyError;
    fn from_str(text: &str) -> Result<Self, SealingKeyError> {
        let secret: [u8; KEY_BYTES] = from_hex(text).ok_or(SealingKeyError::Digits)?;
        Self::new(&secret)
    }
}

/// Tells which key it is, and nothing of the secret.
impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

/// Why something is no [`SealingKey`], or no place for one. Tells nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SealingKeyError {
    /// It is not 32 bytes long.
    Length,
    /// It is one byte repeated.
    Repeated,
    /// The text is not 64 hexadecimal digits.
    Digits,
    /// It is the key that seals, which cannot be retired: whatever it sealed would be lost.
    Retired,
}

impl fmt::Display for SealingKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "a sealing key has 32 bytes",
            Self::Repeated => {
                "a sealing key comes from a cryptographic generator, and this is one byte repeated"
            }
            Self::Digits => "a sealing key is written as 64 hexadecimal digits",
            Self::Retired => "the key that seals cannot be retired: another one has to come first",
        })
    }
}

impl std::error::Error for SealingKeyError {}

/// Names a [`SealingKey`] without telling it: the beginning of a hash. Its text is 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; ID_BYTES]);

impl KeyId {
    pub(super) const fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }

    pub(super) const fn to_bytes(self) -> [u8; ID_BYTES] {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = ParseKeyIdError;
    fn from_str(text: &str) -> Result<Self, ParseKeyIdError> {
        from_hex(text).map(Self).ok_or(ParseKeyIdError)
    }
}

/// The text is not 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseKeyIdError;

impl fmt::Display for ParseKeyIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of a sealing key is 16 hexadecimal digits")
    }
}

impl std::error::Error for ParseKeyIdError {}

/// Which key seals, which others still open, and which have been given up.
///
/// To change keys while nodes are replaced one by one: first give every node the new key as
/// [`previous`](Self::previous); then make it the first one, with the old key as `previous`; once the longest absolute
/// lifetime has passed, drop the old one. What was sealed with a key that a node does not have is a store error there
/// (503), not the end of a session, until its id is [`retired`](Self::retired).
///
/// ```
/// use session::{Codec, Data, DecodeError, Header, KeyRing, Lifetime, SealingKey, SessionId, Timestamp};
///
/// let old: SealingKey = "6d1f0a4c9be27358d04b1a66c3f5e8927a90d2be41357cf86e0b9d14a2c87f35".parse()?;
/// let new: SealingKey = "1b9c40e27f5a83d6e0c74d915a2fb8633ce1f7094db82a56c8f30e6b7d12945a".parse()?;
/// let key = SessionId::generate()?.store_key();
/// let mut header = Header::new(Timestamp::default(), Lifetime::DEFAULT, Default::default());
/// let sealed = Codec::json().sealed(KeyRing::new(old.clone())).encode(&key, &header, &Data::new())?;
///
/// let mut opens = |ring| Codec::json().sealed(ring).decode(&key, &mut header, sealed.clone().into()).map(drop);
/// assert_eq!(opens(KeyRing::new(new.clone()).previous(old.clone())), Ok(()));
/// assert_eq!(opens(KeyRing::new(new.clone())), Err(DecodeError::UnknownKey));
/// assert_eq!(opens(KeyRing::new(new).retired(old.id())?), Err(DecodeError::Damaged));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeyRing {
    first: SealingKey,
    previous: Vec<SealingKey>,
    retired: Vec<KeyId>,
}

impl KeyRing {
    /// A ring whose first key seals, and opens what it has sealed.
    #[must_use]
    pub const fn new(first: SealingKey) -> Self {
        Self {
            first,
            previous: Vec::new(),
            retired: Vec::new(),
        }
    }

    /// Adds a key that only opens. What it has sealed is sealed with the first one at its next save.
    #[must_use]
    pub fn previous(mut self, key: SealingKey) -> Self {
        self.previous.push(key);
        self
    }

    /// Gives up a key, which may have leaked or be lost: what it has sealed is no session any more, also where the key
    /// is a [`previous`](Self::previous) one still. Until they expire such records keep their places under a
    /// `max_per_owner`; `destroy_all_of` ends them.
    ///
    /// # Errors
    ///
    /// [`SealingKeyError::Retired`] for the key that seals.
    pub fn retired(mut self, key: KeyId) -> Result<Self, SealingKeyError> {
        if key == self.first.id {
            return Err(SealingKeyError::Retired);
        }
        self.retired.push(key);
        Ok(self)
    }

    pub(super) fn sealing(&self) -> &SealingKey {
        &self.first
    }

    pub(super) fn opening(&self, id: KeyId) -> Result<&SealingKey, DecodeError> {
        if self.retired.contains(&id) {
            return Err(DecodeError::Damaged);
        }
        let mut keys = std::iter::once(&self.first).chain(&self.previous);
        keys.find(|key| key.id == id).ok_or(DecodeError::UnknownKey)
    }
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        *byte = (high? * 16 + low?) as u8;
    }
    Some(bytes)
}
