//! What things are called at the engine.

use session::{OwnerKey, StoreKey};

/// A set names a session by tag and hash.
pub(super) const FIELD: usize = 34;

/// The names that begin with the store's prefix.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) prefix: String,
}

impl Names {
    /// `None` unless the prefix is 1 to 64 visible ASCII characters without braces, which mean a slot.
    pub(super) fn new(prefix: &str) -> Option<Self> {
        let good = |b: u8| b.is_ascii_graphic() && b != b'{' && b != b'}';
        let valid = (1..=64).contains(&prefix.len()) && prefix.bytes().all(good);
        valid.then(|| Self {
            prefix: prefix.to_owned(),
        })
    }

    /// `prefix{tag}:hash`: both ends of a rotation stand in one slot.
    pub(super) fn record(&self, key: &StoreKey) -> String {
        let mut name = String::with_capacity(self.prefix.len() + 71);
        name.push_str(&self.prefix);
        name.push('{');
        push_hex(&mut name, &key.tag());
        name.push_str("}:");
        push_hex(&mut name, key.hash());
        name
    }

    /// The set of an owner's sessions.
    pub(super) fn owner(&self, owner: &OwnerKey) -> String {
        self.of_owner("owner", owner)
    }

    /// The owner's `not_before`, in the slot of the set.
    pub(super) fn revoked(&self, owner: &OwnerKey) -> String {
        self.of_owner("revoked", owner)
    }

    fn of_owner(&self, what: &str, owner: &OwnerKey) -> String {
        let mut name = String::with_capacity(self.prefix.len() + what.len() + 67);
        name.push_str(&self.prefix);
        name.push_str(what);
        name.push_str(":{");
        push_hex(&mut name, owner.as_bytes());
        name.push('}');
        name
    }
}

/// By hand: a name has some seventy digits, and `write!` took a thirtieth of a server's whole time for them.
fn push_hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// The name of a session in a set, and as a successor.
pub(super) fn field(key: &StoreKey) -> [u8; FIELD] {
    let mut field = [0; FIELD];
    field[..2].copy_from_slice(&key.tag());
    field[2..].copy_from_slice(key.hash());
    field
}

/// What [`field`] gave.
pub(super) fn key_of(field: &[u8]) -> Option<StoreKey> {
    let (tag, hash) = field.split_first_chunk::<2>()?;
    Some(StoreKey::from_parts(hash.try_into().ok()?, *tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_field() {
        let key = StoreKey::from_parts([7; 32], [0xa1, 0xb2]);
        assert_eq!(key_of(&field(&key)), Some(key));
        assert_eq!(key_of(&field(&key)[1..]), None);
        assert_eq!(key_of(&[]), None);
    }

    #[test]
    fn both_ends_of_a_rotation_share_a_slot() {
        let names = Names::new("sess:").unwrap();
        let name = names.record(&StoreKey::from_parts([0x0f; 32], [0xa1, 0xb2]));
        assert_eq!(name, format!("sess:{{a1b2}}:{}", "0f".repeat(32)));
        let owner = OwnerKey::of("ann");
        let slot = |name: &str| name[name.find('{').unwrap()..].to_owned();
        assert_eq!(slot(&names.owner(&owner)), slot(&names.revoked(&owner)));
    }

    #[test]
    fn a_prefix_is_short_and_visible_and_no_slot() {
        for good in ["sess:", "s", "shop/eu:", &"x".repeat(64)] {
            assert!(Names::new(good).is_some(), "{good}");
        }
        for bad in ["", "a b", "{x}:", "a}", "ä:", "a\n", &"x".repeat(65)] {
            assert!(Names::new(bad).is_none(), "{bad}");
        }
    }
}
