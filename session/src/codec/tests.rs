use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::data::{FlashEntry, Key, Slot, Value};
use crate::id::{OwnerKey, SessionId};
use crate::record::Owner;
use crate::time::{Lifetime, Timestamp};

fn record() -> Record {
    let mut header = Header::new(
        Timestamp::from_millis(5),
        Lifetime::DEFAULT,
        Duration::from_secs(180),
    );
    header.persistent = true;
    header.owner = Some(
        Owner {
            key: OwnerKey::of("ann"),
            entry: "user_id".into(),
        }
        .into(),
    );
    header.label = Some("Firefox".into());
    let mut data = Data::new();
    data.insert("visits", 3u64);
    data.put(
        &Key::Static("otp"),
        Slot::new(
            Value::new("123".to_owned()),
            Some(Timestamp::from_millis(9)),
        ),
    );
    let flash = |id, expires| FlashEntry {
        id,
        expires,
        value: Value::new("hi".to_owned()),
    };
    let flashes = vec![flash(1, None), flash(2, Some(Timestamp::from_millis(7)))];
    data.put(&Key::Static("notices"), Slot::Flash(Arc::new(flashes)));
    Record { header, data }
}

fn key() -> StoreKey {
    SessionId::generate().unwrap().store_key()
}

#[test]
fn a_record_reads_back_whole() {
    let (codec, key, record) = (Codec::json(), key(), record());
    let bytes = codec.encode_record(&key, &record).unwrap();
    let back = codec.decode_record(&key, bytes.clone().into()).unwrap();
    assert_eq!(back.header, record.header);
    assert_eq!(back.data.get::<u64>("visits").unwrap(), Some(3));
    assert_eq!(
        back.data.slot("otp").and_then(Slot::expires),
        Some(Timestamp::from_millis(9))
    );
    let flashes = back.data.slot("notices").unwrap().flash();
    assert_eq!(
        flashes
            .iter()
            .map(|f| (f.id, f.expires))
            .collect::<Vec<_>>(),
        [(1, None), (2, Some(Timestamp::from_millis(7)))]
    );
    // Nothing was decoded on the way, so the bytes come out as they went in.
    assert_eq!(codec.encode_record(&key, &back).unwrap(), bytes);
}

#[test]
fn t44_every_truncation_and_extension_is_damaged() {
    let (codec, key, record) = (Codec::json(), key(), record());
    let bytes = codec.encode_record(&key, &record).unwrap();
    for len in 0..bytes.len() {
        let cut = Bytes::copy_from_slice(&bytes[..len]);
        assert_eq!(
            codec.decode_record(&key, cut).unwrap_err(),
            DecodeError::Damaged,
            "{len}"
        );
    }
    let longer = [bytes.as_slice(), b"x"].concat();
    assert_eq!(
        codec.decode_record(&key, longer.into()).unwrap_err(),
        DecodeError::Damaged
    );
}

#[test]
fn t44_no_bit_flip_panics() {
    let (codec, key, record) = (Codec::json(), key(), record());
    let bytes = codec.encode_record(&key, &record).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(record) = codec.decode_record(&key, flipped.into()) {
            let _ = record.data.get::<u64>("visits");
            let _ = record.data.get::<String>("otp");
        }
    }
}

#[test]
fn t60_a_huge_length_allocates_nothing() {
    let bytes = [&[1u8][..], &u32::MAX.to_le_bytes(), &[0; 32]].concat();
    assert_eq!(
        frame::decode(&bytes.into()).unwrap_err(),
        DecodeError::Damaged
    );
}

#[test]
fn s21_a_newer_version_is_told_from_damage() {
    let (codec, key, record) = (Codec::json(), key(), record());
    let mut bytes = codec.encode_record(&key, &record).unwrap();
    bytes[0] = 2;
    let newer = codec.decode_record(&key, bytes.into()).unwrap_err();
    assert_eq!(newer, DecodeError::NewerFormat);
}
