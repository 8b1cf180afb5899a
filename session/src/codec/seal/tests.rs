use std::cell::Cell;

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use super::*;
use crate::codec::{Codec, SealingKey, SealingKeyError};
use crate::data::Data;
use crate::id::SessionId;
use crate::record::{Owner, Record};
use crate::time::Lifetime;

thread_local! {
    /// How often this thread has tried to open something.
    pub(super) static OPENED: Cell<u32> = const { Cell::new(0) };
}

fn key(seed: u8) -> SealingKey {
    let secret: Vec<u8> = (0..32).map(|n| n ^ seed).collect();
    SealingKey::new(&secret).unwrap()
}

fn ring() -> KeyRing {
    KeyRing::new(key(1))
}

fn sealed(ring: KeyRing) -> Codec {
    Codec::json().sealed(ring)
}

fn store_key() -> StoreKey {
    SessionId::generate().unwrap().store_key()
}

fn record() -> Record {
    let mut header = Header::new(
        Timestamp::from_millis(1_000),
        Lifetime::DEFAULT,
        Duration::from_secs(60),
    );
    let owner = Owner {
        key: OwnerKey::of("ann"),
        entry: "user_id".into(),
    };
    header.owner = Some(Arc::new(owner));
    let mut data = Data::new();
    data.insert("iban", "DE02120300000000202051".to_owned());
    Record { header, data }
}

/// What `bytes` open to under `key`, if they do.
fn opened(codec: &Codec, key: &StoreKey, bytes: &[u8]) -> Result<Data, DecodeError> {
    let mut header = record().header;
    codec.decode(key, &mut header, Bytes::copy_from_slice(bytes))
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    assert!(rest.is_empty());
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    pairs
        .iter()
        .map(|[a, b]| digit(*a) << 4 | digit(*b))
        .collect()
}

/// T34: the vector of draft-irtf-cfrg-xchacha-03, appendix A.3.1.
#[test]
fn t34_the_cipher_is_the_one_of_the_draft() {
    let secret: Vec<u8> = (0x80..0xa0).collect();
    let nonce: Vec<u8> = (0x40..0x58).collect();
    let bound = unhex("50515253c0c1c2c3c4c5c6c7");
    let mut text =
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for \
        the future, sunscreen would be it."
            .to_vec();
    let cipher = XChaCha20Poly1305::new(secret.as_slice().try_into().unwrap());
    let nonce = XNonce::try_from(nonce.as_slice()).unwrap();
    let tag = cipher
        .encrypt_inout_detached(&nonce, &bound, text.as_mut_slice().into())
        .unwrap();
    let expected = "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb\
        731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452\
        2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
        21f9664c97637da9768812f615c68b13b52e";
    assert_eq!(text, unhex(expected));
    assert_eq!(tag.to_vec(), unhex("c0875924c1c7987947deafd8780acf49"));
}

/// T34: what the first release has sealed opens, and is what this one would have made of it.
#[test]
fn t34_a_record_of_the_first_release_opens() {
    let key = StoreKey::from_parts([7; 32], [8, 9]);
    let frozen = unhex(FROZEN);
    let mut header = record().header;
    let data = sealed(ring())
        .decode(&key, &mut header, frozen.clone().into())
        .unwrap();
    let iban = data.get::<String>("iban").unwrap();
    assert_eq!(iban.as_deref(), Some("DE02120300000000202051"));

    let mut made = Vec::new();
    let write = |out: &mut Vec<u8>| {
        out.extend_from_slice(&Codec::json().encode(&key, &header, &data).unwrap());
        Ok(())
    };
    seal_with(&ring(), [5; NONCE], &mut made, (&key, &header), write).unwrap();
    assert_eq!(made, frozen);
}

/// Made by another implementation of RFC 8439 and of the draft.
const FROZEN: &str = "8101a78e5fd78852ebb105050505050505050505050505050505050505050505\
    0505794d2e1bda4106ce78b19e1476af9075746fe997aaab6479e95502483c33\
    8198f54f09a96e0b50b0b4f0ead2b519cfbbf0194e19e0ad655eaab38095583e\
    87bec078a5a4bc1a92bc5dc0332c7ccec4fb91d24549c42207212a943b99e37b\
    e9cd52302f454c084f1f4122284592582046cb84e6fbbf93bb378f4e8038";

#[test]
fn t35_what_a_previous_key_sealed_opens_and_is_sealed_anew() {
    let (at, old) = (store_key(), record());
    let bytes = sealed(ring()).encode(&at, &old.header, &old.data).unwrap();
    let both = sealed(KeyRing::new(key(2)).previous(key(1)));
    let data = opened(&both, &at, &bytes).unwrap();
    let anew = both.encode(&at, &old.header, &data).unwrap();
    let only = sealed(KeyRing::new(key(2)));
    assert!(opened(&only, &at, &anew).is_ok());

    let tries = OPENED.get();
    assert_eq!(
        opened(&only, &at, &bytes).unwrap_err(),
        DecodeError::UnknownKey
    );
    let retired = sealed(
        KeyRing::new(key(2))
            .previous(key(1))
            .retired(key(1).id())
            .unwrap(),
    );
    assert_eq!(
        opened(&retired, &at, &bytes).unwrap_err(),
        DecodeError::Damaged
    );
    assert_eq!(OPENED.get(), tries, "nothing was decrypted for it");
}

/// T36: nothing opens but what was sealed, and whatever was changed of what is authenticated is one and the same error.
#[test]
fn t36_nothing_opens_that_was_changed() {
    let (at, record, codec) = (store_key(), record(), sealed(ring()));
    let bytes = codec.encode(&at, &record.header, &record.data).unwrap();
    assert!(opened(&codec, &at, &bytes).is_ok());
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = opened(&codec, &at, &flipped).unwrap_err();
        // Another version, algorithm or key may be a newer node's (S21), and says so.
        assert!(
            error == DecodeError::Damaged || bit / 8 < NAMED,
            "bit {bit}: {error:?}"
        );
    }
    for len in 0..bytes.len() {
        let error = opened(&codec, &at, &bytes[..len]).unwrap_err();
        assert_eq!(error, DecodeError::Damaged, "cut to {len}");
    }
    for more in [0, 1, 0xff] {
        let longer = [bytes.as_slice(), &[more]].concat();
        assert_eq!(
            opened(&codec, &at, &longer).unwrap_err(),
            DecodeError::Damaged
        );
    }
}

#[test]
fn t36_what_is_not_sealed_is_not_read() {
    let (at, record, codec) = (store_key(), record(), sealed(ring()));
    let plain = Codec::json();
    let bytes = plain.encode(&at, &record.header, &record.data).unwrap();
    assert_eq!(
        opened(&codec, &at, &bytes).unwrap_err(),
        DecodeError::Damaged
    );
    // Nor is the other way round the end of a session.
    let bytes = codec.encode(&at, &record.header, &record.data).unwrap();
    assert_eq!(
        opened(&plain, &at, &bytes).unwrap_err(),
        DecodeError::NewerFormat
    );
}

#[test]
fn t38_nothing_opens_under_another_store_key() {
    let (at, record, codec) = (store_key(), record(), sealed(ring()));
    let bytes = codec.encode(&at, &record.header, &record.data).unwrap();
    let another_tag = StoreKey::from_parts(*at.hash(), at.tag().map(|byte| byte ^ 1));
    for other in [store_key(), another_tag] {
        assert_eq!(
            opened(&codec, &other, &bytes).unwrap_err(),
            DecodeError::Damaged
        );
    }
}

#[test]
fn a_header_is_held_to_what_was_sealed() {
    let (at, record, codec) = (store_key(), record(), sealed(ring()));
    let bytes = codec.encode(&at, &record.header, &record.data).unwrap();
    let decoded = |header: &mut Header| codec.decode(&at, header, bytes.clone().into()).map(drop);

    let mut prolonged = record.header.clone();
    let far = Timestamp::from_millis(u64::MAX);
    (prolonged.idle_deadline, prolonged.absolute_deadline) = (far, far);
    decoded(&mut prolonged).unwrap();
    let until = record.header.absolute_deadline;
    assert_eq!(
        (prolonged.idle_deadline, prolonged.absolute_deadline),
        (until, until)
    );
    // The other way the header's holds, and a renewal is none of its business.
    let mut shorter = record.header.clone();
    shorter.idle_deadline = Timestamp::from_millis(3);
    shorter.absolute_deadline = Timestamp::from_millis(4);
    let before = shorter.clone();
    decoded(&mut shorter).unwrap();
    assert_eq!(shorter, before);

    let bob = Owner {
        key: OwnerKey::of("bob"),
        entry: "user_id".into(),
    };
    let (mut bobs, mut nobodys, mut later) = (
        record.header.clone(),
        record.header.clone(),
        record.header.clone(),
    );
    bobs.owner = Some(Arc::new(bob));
    nobodys.owner = None;
    later.created = Timestamp::from_millis(1_001);
    let (mut idler, mut longer, mut kept) = (
        record.header.clone(),
        record.header.clone(),
        record.header.clone(),
    );
    idler.lifetime.idle += Duration::from_secs(1);
    longer.lifetime.absolute += Duration::from_secs(1);
    kept.persistent = true;
    for header in [
        &mut bobs,
        &mut nobodys,
        &mut later,
        &mut idler,
        &mut longer,
        &mut kept,
    ] {
        assert_eq!(decoded(header), Err(DecodeError::Damaged));
    }
}

#[test]
fn a_record_reads_back_whole_and_never_the_same_twice() {
    let (at, record, codec) = (store_key(), record(), sealed(ring()));
    let [one, two] = [(); 2].map(|()| codec.encode_record(&at, &record).unwrap());
    assert_ne!(one, two);
    assert!(
        !one.windows(4)
            .any(|bytes| bytes == b"DE02" || bytes == b"iban")
    );
    let back = codec.decode_record(&at, one.into()).unwrap();
    assert_eq!(back.header, record.header);
    assert_eq!(back.data.keys().collect::<Vec<_>>(), ["iban"]);
}

/// A node whose records nobody opens again would lose every session that it saves.
#[test]
fn the_key_that_seals_cannot_be_retired() {
    let refused = ring().previous(key(2)).retired(key(1).id());
    assert_eq!(refused.unwrap_err(), SealingKeyError::Retired);
}

#[test]
fn t40_weak_keys_are_refused_and_none_is_shown() {
    let secret: Vec<u8> = (0..32).collect();
    for len in [0, 16, 31, 33, 64] {
        let other: Vec<u8> = (0..len).collect();
        assert_eq!(
            SealingKey::new(&other).unwrap_err(),
            SealingKeyError::Length
        );
    }
    for byte in [0, 0xff, b'k'] {
        assert_eq!(
            SealingKey::new(&[byte; 32]).unwrap_err(),
            SealingKeyError::Repeated
        );
    }
    let hex: String = secret.iter().map(|byte| format!("{byte:02X}")).collect();
    let key: SealingKey = hex.parse().unwrap();
    assert_eq!(key.id(), SealingKey::new(&secret).unwrap().id());
    for text in [
        "",
        "00",
        &hex[1..],
        &hex.replace('F', "+"),
        &hex.replace("0F", "é"),
    ] {
        assert_eq!(
            text.parse::<SealingKey>().unwrap_err(),
            SealingKeyError::Digits
        );
    }
    let id = key.id().to_string();
    assert_eq!(id.parse::<KeyId>().unwrap(), key.id());
    assert!("0123".parse::<KeyId>().is_err());
    let shown = format!("{:?}", sealed(KeyRing::new(key)));
    assert!(shown.contains(&id), "{shown}");
    assert!(
        !shown.contains("0, 1, 2, 3") && !shown.to_uppercase().contains(&hex[..16]),
        "{shown}"
    );
}
