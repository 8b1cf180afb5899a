//! Which keys a map has. All sessions of an application have a few such lists between them, so each stands in memory
//! once, and a session has a pointer to it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::entry::{Key, Name};

/// The keys of a map, sorted.
pub(super) struct Shape {
    pub(super) keys: Box<[Key]>,
    /// How many bytes the names have together.
    pub(super) len: usize,
}

impl Shape {
    /// The list of these names, which are sorted: one that is in use already, if it is known.
    pub(super) fn of<'a, N: Name + 'a>(names: impl Iterator<Item = &'a N> + Clone) -> Arc<Self> {
        static KNOWN: Known = Known::new();
        KNOWN.shape(names)
    }
}

/// So many lists are looked at to find one again.
const LOOKED_AT: usize = 8;

/// The lists that are in use, as far as there is room. One that is not found is made again, which costs memory and
/// nothing else: so keys that somebody makes up do no harm, and are not kept.
struct Known([Mutex<Alike>; 64]);

type Alike = [(u64, Weak<Shape>); LOOKED_AT];

impl Known {
    const fn new() -> Self {
        Self([const { Mutex::new([const { (0, Weak::new()) }; LOOKED_AT]) }; 64])
    }

    fn shape<'a, N: Name + 'a>(&self, names: impl Iterator<Item = &'a N> + Clone) -> Arc<Shape> {
        let texts = names.clone().map(Name::text);
        let hash = texts.clone().fold(0, |hash, name| hash ^ hash_one(name));
        let at = (hash >> 32) as usize % self.0.len();
        let mut known = self.0[at].lock().unwrap_or_else(PoisonError::into_inner);
        let alike = known.iter().filter(|(other, _)| *other == hash);
        for shape in alike.filter_map(|(_, shape)| shape.upgrade()) {
            if shape.keys.iter().map(Key::as_str).eq(texts.clone()) {
                return shape;
            }
        }
        let len = texts.map(str::len).sum();
        let keys = names.map(Name::to_key).collect();
        let shape = Arc::new(Shape { keys, len });
        let unused = known
            .iter()
            .position(|(_, shape)| shape.strong_count() == 0);
        let place = unused.unwrap_or(hash as usize % LOOKED_AT);
        known[place] = (hash, Arc::downgrade(&shape));
        shape
    }
}

/// FNV-1a, its halves mixed: the names are short, and nothing depends on who chose them.
fn hash_one(name: &str) -> u64 {
    let hash = name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    (hash ^ hash >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(prefix: &str, count: usize) -> Vec<String> {
        (0..count).map(|n| format!("{prefix}{n:05}")).collect()
    }

    impl Known {
        fn of(&self, names: &[String]) -> Arc<Shape> {
            let keys: Vec<_> = names.iter().map(|name| Key::from(&**name)).collect();
            let shape = self.shape(keys.iter());
            assert!(shape.keys.iter().map(Key::as_str).eq(names));
            shape
        }
    }

    #[test]
    fn a_list_of_keys_stands_in_memory_once() {
        let (known, names) = (Known::new(), names("once", 20));
        let first = known.of(&names);
        assert!(Arc::ptr_eq(&first, &known.of(&names)));
        assert!(!Arc::ptr_eq(&first, &known.of(&names[1..])));
        assert!(!Arc::ptr_eq(&first, &known.of(&names[..19])));
    }

    #[test]
    fn as_many_lists_as_applications_have_are_all_shared() {
        let known = Known::new();
        let lists: Vec<_> = (0..64).map(|n| names(&format!("app{n}"), 5)).collect();
        let first: Vec<_> = lists.iter().map(|names| known.of(names)).collect();
        let again = lists.iter().map(|names| known.of(names));
        assert!(first.iter().zip(again).all(|(a, b)| Arc::ptr_eq(a, &b)));
    }

    #[test]
    fn made_up_keys_are_not_kept_and_leave_the_room_that_they_took() {
        let known = Known::new();
        let held = (0..5_000).map(|n| known.of(&names(&format!("flood{n}"), 2)));
        let held: Vec<_> = held.collect();
        drop(held);
        let alive = |alike: &Mutex<Alike>| {
            let alike = alike.lock().unwrap();
            let alive = alike.iter().filter(|(_, shape)| shape.strong_count() > 0);
            alive.count()
        };
        assert_eq!(known.0.iter().map(alive).sum::<usize>(), 0);
        let names = names("after", 3);
        let first = known.of(&names);
        assert!(Arc::ptr_eq(&first, &known.of(&names)));
    }
}
