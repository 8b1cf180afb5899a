//! Unpadded base64url of short byte strings, strict in both directions (RFC 4648, sections 3.5 and 5).
//!
//! Written here because an id must have exactly one spelling: padding, foreign characters and stray bits in the
//! last character are refused, so that two different cookies can never name one session.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const INVALID: u8 = 0xFF;

const REVERSE: [u8; 256] = {
    let mut table = [INVALID; 256];
    let mut i = 0;
    while i < 64 {
        table[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    table
};

/// Characters that `bytes` bytes take.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Writes `bytes` to `out`, which must hold [`encoded_len`] characters, and returns them as text.
pub(crate) fn encode<'out>(bytes: &[u8], out: &'out mut [u8]) -> &'out str {
    let len = encoded_len(bytes.len());
    let (mut buffer, mut bits, mut at) = (0u32, 0u32, 0);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 6 {
            bits -= 6;
            out[at] = ALPHABET[(buffer >> bits & 63) as usize];
            at += 1;
        }
    }
    if bits > 0 {
        out[at] = ALPHABET[(buffer << (6 - bits) & 63) as usize];
    }
    str::from_utf8(&out[..len]).unwrap_or_default()
}

/// Reads `text` into `out` and returns how many bytes it held, or `None` unless it is the canonical spelling of
/// at most `out.len()` bytes.
pub(crate) fn decode(text: &[u8], out: &mut [u8]) -> Option<usize> {
    let len = text.len() * 3 / 4;
    if len > out.len() || encoded_len(len) != text.len() {
        return None;
    }
    let (fours, rest) = text.as_chunks::<4>();
    let (threes, tail) = out[..len].as_chunks_mut::<3>();
    // Looked at once, at the end: an id that is no id is the rare case.
    let mut wrong = 0;
    let mut sextets = |text: &[u8]| {
        text.iter().fold(0u32, |bits, character| {
            let value = REVERSE[usize::from(*character)];
            wrong |= value;
            bits << 6 | u32::from(value)
        })
    };
    for (four, three) in fours.iter().zip(threes) {
        let [_, a, b, c] = sextets(four).to_be_bytes();
        *three = [a, b, c];
    }
    // Two or three characters: 12 or 18 bits, of which 8 or 16 tell something.
    let stray = 6 * rest.len() - 8 * tail.len();
    let bits = sextets(rest);
    for (at, byte) in tail.iter_mut().rev().enumerate() {
        *byte = (bits >> stray >> (8 * at)) as u8;
    }
    (wrong < 64 && bits & ((1 << stray) - 1) == 0).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(bytes: &[u8]) -> String {
        encode(bytes, &mut [0; 64]).to_owned()
    }

    #[test]
    fn encodes_the_vectors_of_rfc_4648() {
        let vectors: [(&[u8], &str); 7] = [
            (b"", ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"fooba", "Zm9vYmE"),
            (b"foobar", "Zm9vYmFy"),
        ];
        for (bytes, text) in vectors {
            assert_eq!(round(bytes), text);
            let mut out = [0; 8];
            let len = decode(text.as_bytes(), &mut out);
            assert_eq!(len, Some(bytes.len()));
            assert_eq!(&out[..bytes.len()], bytes);
        }
        assert_eq!(round(&[0xFB, 0xFF]), "-_8");
    }

    #[test]
    fn refuses_every_spelling_but_one() {
        let mut out = [0; 8];
        for text in [
            "Zh", "Zm9=", "Zm9v=", "Z", "Zm9vY", "Z+9v", "Z/9v", "Zm9 ", "\u{e9}9",
        ] {
            assert_eq!(decode(text.as_bytes(), &mut out), None, "{text:?}");
        }
        // One byte has 64 spellings of its second character, of which four are canonical.
        let canonical = ALPHABET
            .iter()
            .filter(|c| decode(&[b'Z', **c], &mut [0; 1]).is_some());
        assert_eq!(canonical.count(), 4);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(decode(b"Zm9v", &mut [0; 2]), None);
    }
}
