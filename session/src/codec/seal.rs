//! Sealed data: encrypted and authenticated, and bound to the key of its store and to what its header must not say
//! otherwise.
//!
//! In the clear: a version byte, the algorithm, the id of the key, the nonce. Sealed: when the session began, how long it
//! may last, its absolute deadline and its owner, then the data in their frame. The associated data are a label, the first
//! three of what is in the clear, and the store's key, so that nothing sealed opens under another session's.
//!
//! `XChaCha20-Poly1305` (draft-irtf-cfrg-xchacha-03): its nonce of 192 bits may be random, however many records one key
//! seals.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{Tag, XNonce};
use rand::Rng;

use super::keys::{KeyId, KeyRing};
use super::{DecodeError, Reader};
use crate::data::Unencodable;
use crate::id::{OwnerKey, StoreKey};
use crate::record::Header;
use crate::time::Timestamp;

/// No version of the frame: whoever has no keys finds a format that it does not know, and not a damaged record.
const VERSION: u8 = 0x81;
const XCHACHA20_POLY1305: u8 = 1;
/// Version, algorithm, id of the key.
const NAMED: usize = 1 + 1 + 8;
const NONCE: usize = 24;
const TAG: usize = 16;
const OWNER: u8 = 1;
const PERSISTENT: u8 = 2;

/// Appends what `write` writes, sealed.
pub(super) fn seal(
    ring: &KeyRing,
    out: &mut Vec<u8>,
    (key, header): (&StoreKey, &Header),
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Unencodable>,
) -> Result<(), Unencodable> {
    let mut nonce = [0; NONCE];
    rand::rng().fill_bytes(&mut nonce);
    seal_with(ring, nonce, out, (key, header), write)
}

fn seal_with(
    ring: &KeyRing,
    nonce: [u8; NONCE],
    out: &mut Vec<u8>,
    (key, header): (&StoreKey, &Header),
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Unencodable>,
) -> Result<(), Unencodable> {
    let start = out.len();
    let sealing = ring.sealing();
    out.extend_from_slice(&[VERSION, XCHACHA20_POLY1305]);
    out.extend_from_slice(&sealing.id().to_bytes());
    out.extend_from_slice(&nonce);
    Bound::of(header).write(out);
    write(out)?;
    let (clear, secret) = out[start..].split_at_mut(NAMED + NONCE);
    let bound = associated(key, clear);
    let nonce = XNonce::from(nonce);
    let tag = sealing
        .cipher
        .encrypt_inout_detached(&nonce, &bound, secret.into());
    // Only for what is longer than the algorithm takes, which is 256 GiB.
    out.extend_from_slice(&tag.map_err(|_| Unencodable("sealed data"))?);
    Ok(())
}

/// The frame that was sealed; the header is held to what was sealed with it.
pub(super) fn open(
    ring: &KeyRing,
    (key, header): (&StoreKey, &mut Header),
    bytes: &[u8],
) -> Result<Bytes, DecodeError> {
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        VERSION => {}
        // What is not sealed is not read, whoever may have put it there.
        0..VERSION => return Err(DecodeError::Damaged),
        _ => return Err(DecodeError::NewerFormat),
    }
    if reader.byte()? != XCHACHA20_POLY1305 {
        return Err(DecodeError::NewerFormat);
    }
    let opening = ring.opening(KeyId::from_bytes(reader.array()?))?;
    let nonce = XNonce::from(reader.array::<NONCE>()?);
    let rest = bytes.get(reader.at..).unwrap_or_default();
    let Some((secret, tag)) = rest.split_last_chunk::<TAG>() else {
        return Err(DecodeError::Damaged);
    };
    #[cfg(test)]
    tests::OPENED.set(tests::OPENED.get() + 1);
    let mut plain = secret.to_vec();
    let bound = associated(key, bytes);
    opening
        .cipher
        .decrypt_inout_detached(
            &nonce,
            &bound,
            plain.as_mut_slice().into(),
            &Tag::from(*tag),
        )
        .map_err(|_| DecodeError::Damaged)?;
    let mut reader = Reader::new(&plain);
    Bound::read(&mut reader)?.hold(header)?;
    let at = reader.at;
    Ok(Bytes::from(plain).slice(at..))
}

fn associated(key: &StoreKey, clear: &[u8]) -> Vec<u8> {
    [
        b"session-record:",
        key.hash().as_slice(),
        &key.tag(),
        &clear[..NAMED],
    ]
    .concat()
}

/// What a header must not say otherwise than when its data was sealed.
struct Bound {
    created: Timestamp,
    absolute_deadline: Timestamp,
    /// Idle and absolute, in milliseconds: whoever signs in carries them over.
    lifetime: [u64; 2],
    persistent: bool,
    owner: Option<OwnerKey>,
}

impl Bound {
    fn of(header: &Header) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            created: header.created,
            absolute_deadline: header.absolute_deadline,
            lifetime: [header.lifetime.idle, header.lifetime.absolute].map(millis),
            persistent: header.persistent,
            owner: header.owner.as_ref().map(|owner| owner.key),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let [idle, absolute] = self.lifetime;
        let (created, deadline) = (self.created, self.absolute_deadline);
        for number in [created.as_millis(), deadline.as_millis(), idle, absolute] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let flag = |set, bit| if set { bit } else { 0 };
        out.push(flag(self.owner.is_some(), OWNER) | flag(self.persistent, PERSISTENT));
        if let Some(owner) = &self.owner {
            out.extend_from_slice(owner.as_bytes());
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let created = Timestamp::from_millis(reader.u64()?);
        let absolute_deadline = Timestamp::from_millis(reader.u64()?);
        let lifetime = [reader.u64()?, reader.u64()?];
        let flags = reader.byte()?;
        if flags & !(OWNER | PERSISTENT) != 0 {
            return Err(DecodeError::NewerFormat);
        }
        let owner = match flags & OWNER {
            0 => None,
            _ => Some(OwnerKey::from_bytes(reader.array()?)),
        };
        Ok(Self {
            created,
            absolute_deadline,
            lifetime,
            persistent: flags & PERSISTENT != 0,
            owner,
        })
    }

    /// The stricter deadline holds. Whatever else differs is another session's header, or nobody's.
    fn hold(self, header: &mut Header) -> Result<(), DecodeError> {
        let said = Self::of(header);
        let same = said.owner == self.owner
            && said.created == self.created
            && said.lifetime == self.lifetime
            && said.persistent == self.persistent;
        if !same {
            return Err(DecodeError::Damaged);
        }
        header.absolute_deadline = header.absolute_deadline.min(self.absolute_deadline);
        header.idle_deadline = header.idle_deadline.min(header.absolute_deadline);
        Ok(())
    }
}

impl super::Codec {
    /// Seals data with the first key of a ring (AEAD, XChaCha20-Poly1305), and opens what a key of the ring has sealed.
    ///
    /// Whoever reads the store, its backups or its replicas reads no value; whoever writes to it can put no value there,
    /// nor move one to another session, give a session to somebody else, or prolong it beyond its absolute deadline.
    /// The header stays readable, since stores go by it: times, label, and the hash of the owner. An older state of the
    /// same session that is put back opens, as it did before.
    ///
    /// What is not sealed is not read ([`Damaged`](DecodeError::Damaged): no session), so sealing a store that has
    /// sessions already ends them. A key that is not in the ring is a store error
    /// ([`UnknownKey`](DecodeError::UnknownKey)). A sealed record takes 83 bytes more, 115 with an owner.
    ///
    /// The nonce is random, of 192 bits, so that one key may seal any number of records (draft-irtf-cfrg-xchacha-03,
    /// section 2); OWASP ASVS 5.0 asks for authenticated encryption where data is protected at rest (V11.3, V14.2).
    ///
    /// ```
    /// use session::{Codec, Data, DecodeError, Header, KeyRing, Lifetime, SealingKey, SessionId, Timestamp};
    ///
    /// let key: SealingKey = "6d1f0a4c9be27358d04b1a66c3f5e8927a90d2be41357cf86e0b9d14a2c87f35".parse()?;
    /// let codec = Codec::json().sealed(KeyRing::new(key));
    /// let mut header = Header::new(Timestamp::default(), Lifetime::DEFAULT, Default::default());
    /// let (mine, other) = (SessionId::generate()?.store_key(), SessionId::generate()?.store_key());
    /// let mut data = Data::new();
    /// data.insert("iban", "DE02120300000000202051".to_owned());
    ///
    /// let bytes = codec.encode(&mine, &header, &data)?;
    /// assert!(!bytes.windows(4).any(|four| four == b"DE02"));
    /// let moved = codec.decode(&other, &mut header, bytes.clone().into());
    /// assert_eq!(moved.unwrap_err(), DecodeError::Damaged);
    /// let back = codec.decode(&mine, &mut header, bytes.into())?;
    /// assert_eq!(back.get::<String>("iban")?.as_deref(), Some("DE02120300000000202051"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sealed(mut self, ring: KeyRing) -> Self {
        self.ring = Some(Arc::new(ring));
        self
    }
}

#[cfg(test)]
mod tests;
