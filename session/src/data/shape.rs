//! Which keys a map has. All sessions of an application have a few such lists between them, so each stands in memory
//! once, and a session has a pointer to it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::entry::{Key, Name};

/// The keys of a map, sorted.
pub(super) struct Shape {
    pub(super) keys: Box<[Key]>,
    /// How many bytes the names have together.
    pub(super) len: usize,
    /// The hashes of all names, which may be taken in or out one by one.
    hash: u64,
}

impl Shape {
    /// The list of these names, which are sorted: one that is in use already, if it is known.
    pub(super) fn of<'a, N: Name + 'a>(names: impl Iterator<Item = &'a N> + Clone) -> Arc<Self> {
        let texts = names.clone().map(Name::text);
        KNOWN.shape(names, texts.fold(0, |hash, name| hash ^ hash_one(name)))
    }

    /// The list of these names, which are those of `former` and one more, or but one.
    pub(super) fn next<'a>(
        former: Option<&Self>,
        changed: &str,
        names: impl Iterator<Item = &'a Key> + Clone,
    ) -> Arc<Self> {
        let former = former.map_or(0, |former| former.hash);
        KNOWN.shape(names, former ^ hash_one(changed))
    }
}

static KNOWN: Known = Known::new();

/// So many lists are looked at to find one again.
const LOOKED_AT: usize = 8;

/// The lists that are in use, as far as there is room. One that is not found is made again, which costs memory and
/// nothing else: so keys that somebody makes up do no harm, and are not kept.
struct Known([Mutex<Alike>; 64]);

type Alike = [Place; LOOKED_AT];

struct Place {
    hash: u64,
    shape: Weak<Shape>,
    /// A list of literals stays when nobody uses it: a flash that comes and goes would have it made each time.
    kept: Option<Arc<Shape>>,
}

impl Place {
    const FREE: Self = Self {
        hash: 0,
        shape: Weak::new(),
        kept: None,
    };

    fn is_in_use(&self) -> bool {
        self.shape.strong_count() > usize::from(self.kept.is_some())
    }
}

impl Known {
    const fn new() -> Self {
        Self([const { Mutex::new([Place::FREE; LOOKED_AT]) }; 64])
    }

    fn shape<'a, N: Name + 'a>(
        &self,
        names: impl Iterator<Item = &'a N> + Clone,
        hash: u64,
    ) -> Arc<Shape> {
        let at = (hash >> 32) as usize % self.0.len();
        let mut known = self.0[at].lock().unwrap_or_else(PoisonError::into_inner);
        let alike = known.iter().filter(|place| place.hash == hash);
        for shape in alike.filter_map(|place| place.shape.upgrade()) {
            let mut texts = names.clone().map(Name::text);
            // A schema's names are the same literals each time.
            let is_next = |key: &Key| {
                texts
                    .next()
                    .is_some_and(|name| std::ptr::eq(key.as_str(), name) || key.as_str() == name)
            };
            if shape.keys.iter().all(is_next) && texts.next().is_none() {
                return shape;
            }
        }
        let len = names.clone().map(|name| name.text().len()).sum();
        let keys: Box<[_]> = names.map(Name::to_key).collect();
        let is_of_literals = keys.iter().all(|key| matches!(key, Key::Static(_)));
        let shape = Arc::new(Shape { keys, len, hash });
        let free = known
            .iter()
            .position(|place| place.shape.strong_count() == 0);
        let unused = free.or_else(|| known.iter().position(|place| !place.is_in_use()));
        known[unused.unwrap_or(hash as usize % LOOKED_AT)] = Place {
            hash,
            shape: Arc::downgrade(&shape),
            kept: is_of_literals.then(|| Arc::clone(&shape)),
        };
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
            let hash = names.iter().fold(0, |hash, name| hash ^ hash_one(name));
            let shape = self.shape(keys.iter(), hash);
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
    fn a_list_that_grows_and_shrinks_is_the_one_that_was_made_at_once() {
        let names = names("grow", 5);
        let keys: Vec<_> = names.iter().map(|name| Key::from(&**name)).collect();
        let whole = Shape::of(keys.iter());
        let fewer = Shape::next(
            Some(&whole),
            &names[2],
            [&keys[0], &keys[1], &keys[3], &keys[4]].into_iter(),
        );
        assert_eq!(fewer.keys.len(), 4);
        assert!(Arc::ptr_eq(
            &whole,
            &Shape::next(Some(&fewer), &names[2], keys.iter())
        ));
        assert!(Arc::ptr_eq(
            &Shape::next(None, &names[0], keys[..1].iter()),
            &Shape::of(keys[..1].iter())
        ));
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
            let alive = alike.iter().filter(|place| place.shape.strong_count() > 0);
            alive.count()
        };
        assert_eq!(known.0.iter().map(alive).sum::<usize>(), 0);
        let names = names("after", 3);
        let first = known.of(&names);
        assert!(Arc::ptr_eq(&first, &known.of(&names)));
    }
}
