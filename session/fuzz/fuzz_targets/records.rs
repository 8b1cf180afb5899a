//! T44: whatever stands in a store, it is a record or an error; and what is a record is written back as it was read.
//!
//! Run: `cargo +nightly fuzz run records` in `session/fuzz`.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use session::{Codec, Header, StoreKey};

fuzz_target!(|input: &[u8]| {
    let (codec, key) = (Codec::json(), StoreKey::from_parts([7; 32], [8, 9]));
    let _ = Header::from_bytes(input);
    let Ok(record) = codec.decode_record(&key, Bytes::copy_from_slice(input)) else {
        return;
    };
    for name in record.data.keys() {
        let _ = record.data.get::<u64>(name);
        let _ = record.data.get::<String>(name);
        let _ = record.data.get::<serde_json::Value>(name);
    }
    // It may tell times that no clock tells: those are the latest that one does, from the first reading on.
    let again = codec.encode_record(&key, &record).expect("bytes are encoded already");
    let back = codec.decode_record(&key, again.clone().into()).expect("what was written");
    assert_eq!((&back.header, again.len()), (&record.header, input.len()));
    assert_eq!(codec.encode_record(&key, &back).expect("likewise"), again);
});
