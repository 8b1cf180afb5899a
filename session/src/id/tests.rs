use std::collections::HashSet;
use std::convert::Infallible;

use super::*;

#[test]
fn t33_ids_are_distinct_and_every_bit_is_fair() {
    const IDS: usize = 1_000_000;
    let mut ones = [0u32; 256];
    let mut seen = HashSet::with_capacity(IDS);
    for _ in 0..IDS {
        let id = SessionId::generate().unwrap();
        assert_eq!(id.expose_secret().as_str().len(), 43);
        for (bit, count) in ones.iter_mut().enumerate() {
            *count += u32::from(id.bytes[bit / 8] >> (bit % 8) & 1);
        }
        seen.insert(id.bytes);
    }
    assert_eq!(seen.len(), IDS);
    // Five sigma of a fair coin tossed a million times: sqrt(n) / 2 * 5.
    for count in ones {
        assert!((f64::from(count) - 500_000.0).abs() < 2_500.0, "{count}");
    }
}

#[derive(Debug)]
struct Broken;

impl TryRng for Broken {
    type Error = fmt::Error;
    fn try_next_u32(&mut self) -> Result<u32, fmt::Error> {
        Err(fmt::Error)
    }
    fn try_next_u64(&mut self) -> Result<u64, fmt::Error> {
        Err(fmt::Error)
    }
    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), fmt::Error> {
        Err(fmt::Error)
    }
}

#[test]
fn t33_a_failing_generator_is_an_error() {
    assert_eq!(
        SessionId::generate_from(&mut Broken, 32, None),
        Err(RandomError)
    );
}

#[derive(Debug)]
struct Constant(u8);

impl TryRng for Constant {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_ne_bytes([self.0; 4]))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_ne_bytes([self.0; 8]))
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.fill(self.0);
        Ok(())
    }
}

#[test]
fn rotation_keeps_the_slot_tag_and_nothing_else() {
    let old = SessionId::generate_from(&mut Constant(1), 32, None).unwrap();
    let new = SessionId::generate_from(&mut Constant(2), 32, Some(&old)).unwrap();
    assert_eq!(new.store_key().tag(), old.store_key().tag());
    assert_eq!(&new.bytes[2..], &[2; 30]);
    assert_ne!(new.store_key().hash(), old.store_key().hash());
}

// P13, P17: in the predecessor an id has 16 characters of base 36; here any length from 16 to 32 bytes is legal.
#[test]
fn p13_p17_generated_ids_are_valid_at_every_length() {
    for len in MIN_ID_BYTES..=ID_BYTES {
        for _ in 0..10 {
            let id = SessionId::generate_from(&mut rand::rng(), len, None).unwrap();
            let text = id.expose_secret();
            assert_eq!(text.as_str().len(), base64url::encoded_len(len));
            assert_eq!(SessionId::parse(text.as_str().as_bytes()), Some(id));
        }
    }
}

#[test]
fn p14_malformed_ids_are_refused() {
    for text in [
        "",
        "123",
        "3qKCBYmuAqG1RQix",
        "../session/ad2c7",
        "../../../../../../../../etc/passwd..",
    ] {
        assert_eq!(SessionId::parse(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn t31_the_stored_hash_is_not_an_id_of_the_same_session() {
    let id = SessionId::generate().unwrap();
    let stolen = SessionId {
        bytes: *id.store_key().hash(),
        len: 32,
    };
    assert_ne!(stolen.store_key().hash(), id.store_key().hash());
}

#[test]
fn d07_nothing_prints_an_id_or_a_hash() {
    let id = SessionId::generate().unwrap();
    let printed = format!(
        "{id:?} {:?} {:?} {:?}",
        id.expose_secret(),
        id.store_key(),
        OwnerKey::of("ann")
    );
    assert_eq!(printed.matches("[redacted]").count(), 4);
}
