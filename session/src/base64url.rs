//! Unpadded base64url of short byte strings, strict in both directions (RFC 4648, sections 3.5 and 5).
//!
//! Written here because an id must have exactly one spelling: padding, foreign characters and stray bits in the
//! last character are refused, so that two different cookies can never name one session.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Above the 24 bits that four characters tell.
const INVALID: u32 = 1 << 31;

/// What a character tells, moved to where it belongs if it is the n-th of four: four look-ups and three `or`s decode
/// three bytes, and a foreign character shows in the end.
const REVERSE: [[u32; 256]; 4] = {
    let mut tables = [[INVALID; 256]; 4];
    let mut i = 0;
    while i < 64 {
        let character = ALPHABET[i] as usize;
        tables[0][character] = (i as u32) << 18;
        tables[1][character] = (i as u32) << 12;
        tables[2][character] = (i as u32) << 6;
        tables[3][character] = i as u32;
        i += 1;
    }
    tables
};

fn sextets(four: &[u8; 4]) -> u32 {
    let [a, b, c, d] = four.map(usize::from);
    REVERSE[0][a] | REVERSE[1][b] | REVERSE[2][c] | REVERSE[3][d]
}

/// Characters that `bytes` bytes take.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Writes `bytes` to `out`, which must hold [`encoded_len`] characters, and returns how many there are.
pub(crate) fn encode(bytes: &[u8], out: &mut [u8]) -> usize {
    let len = encoded_len(bytes.len());
    let (threes, rest) = bytes.as_chunks::<3>();
    let (fours, tail) = out[..len].as_chunks_mut::<4>();
    for (three, four) in threes.iter().zip(fours) {
        *four = characters(*three);
    }
    let mut last = [0; 3];
    last[..rest.len()].copy_from_slice(rest);
    tail.copy_from_slice(&characters(last)[..tail.len()]);
    len
}

fn characters([a, b, c]: [u8; 3]) -> [u8; 4] {
    let bits = u32::from_be_bytes([0, a, b, c]);
    [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize])
}

/// Reads `text` into `out` and returns how many bytes it held, or `None` unless it is the canonical spelling of
/// at most `out.len()` bytes.
// Always: where the caller knows the length, the loop has none left to ask for.
#[inline(always)]
pub(crate) fn decode(text: &[u8], out: &mut [u8]) -> Option<usize> {
    let len = text.len() * 3 / 4;
    if len > out.len() || encoded_len(len) != text.len() {
        return None;
    }
    let (fours, rest) = text.as_chunks::<4>();
    let (threes, tail) = out[..len].as_chunks_mut::<3>();
    // Looked at once, at the end: an id that is no id is the rare case.
    let mut seen = 0;
    for (four, three) in fours.iter().zip(threes) {
        let bits = sextets(four);
        seen |= bits;
        let [_, bytes @ ..] = bits.to_be_bytes();
        *three = bytes;
    }
    // None, two or three characters, filled up with one that tells nothing: bits beyond those of the bytes are stray.
    let mut last = [b'A'; 4];
    last[..rest.len()].copy_from_slice(rest);
    let bits = sextets(&last);
    let [_, bytes @ ..] = bits.to_be_bytes();
    let (told, stray) = bytes.split_at(tail.len());
    tail.copy_from_slice(told);
    let canonical = (seen | bits) & INVALID == 0 && stray.iter().all(|byte| *byte == 0);
    canonical.then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(bytes: &[u8]) -> String {
        let mut out = [0; 64];
        let len = encode(bytes, &mut out);
        str::from_utf8(&out[..len]).unwrap().to_owned()
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
