//! T36: nothing opens that was not sealed, whatever was done to what was.
//!
//! Run: `cargo +nightly fuzz run sealed` in `session/fuzz`. The input says where a sealed record is changed, or is put in
//! place of it.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use session::{Codec, Data, Header, KeyRing, Lifetime, SealingKey, StoreKey, Timestamp};

fuzz_target!(|input: &[u8]| {
    let secret: [u8; 32] = std::array::from_fn(|n| n as u8);
    let ring = KeyRing::new(SealingKey::new(&secret).expect("no weak key"));
    let (codec, key) = (
        Codec::json().sealed(ring),
        StoreKey::from_parts([7; 32], [8, 9]),
    );
    let mut header = Header::new(Timestamp::default(), Lifetime::DEFAULT, Default::default());
    let mut data = Data::new();
    data.insert("user", 7u64);
    let sealed = codec
        .encode(&key, &header, &data)
        .expect("a number can be encoded");
    let changed = match input {
        [0, edits @ ..] => {
            let mut changed = sealed.clone();
            for edit in edits.chunks_exact(2) {
                let at = usize::from(edit[0]) % changed.len();
                changed[at] ^= edit[1];
            }
            changed
        }
        [1, len, more @ ..] => {
            let kept = &sealed[..usize::from(*len).min(sealed.len())];
            [kept, more].concat()
        }
        other => other.to_vec(),
    };
    let opened = codec.decode(&key, &mut header, Bytes::from(changed.clone()));
    assert_eq!(opened.is_ok(), changed == sealed);
});
