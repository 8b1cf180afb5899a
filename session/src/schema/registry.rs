//! The schemas that a layer has seen: an append-only list, so that a request that finds its schema there takes no
//! lock.

use std::any::TypeId;
use std::fmt;
use std::sync::OnceLock;

use super::{Field, Schema, SessionSchema};
use crate::changes::Policy;

#[derive(Default)]
pub(crate) struct Registry {
    first: OnceLock<Box<Node>>,
}

struct Node {
    id: TypeId,
    schema: &'static Schema,
    verdict: Result<(), Conflict>,
    /// Whether an extraction has anything to prove: most schemas have no required and no strict field.
    is_checked: bool,
    next: OnceLock<Box<Self>>,
}

/// Two schemas disagree about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict(Box<Disagreement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Disagreement {
    key: &'static str,
    about: &'static str,
    later: Side,
    earlier: Side,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Side {
    schema: &'static str,
    field: &'static str,
    ty: &'static str,
}

impl Side {
    fn of(schema: &'static Schema, field: &Field) -> Self {
        Self {
            schema: schema.name,
            field: field.name(),
            ty: field.type_name(),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}.{}: {}`", self.schema, self.field, self.ty)
    }
}

impl Conflict {
    pub(crate) fn key(&self) -> &'static str {
        self.0.key
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Disagreement {
            key,
            about,
            later,
            earlier,
        } = &*self.0;
        write!(f, "{later} and {earlier} disagree about the ")?;
        match *about {
            OWNER_KEY => f.write_str("key that names the owner: a layer has one"),
            about => write!(f, "{about} of the key `{key}`"),
        }
    }
}

impl std::error::Error for Conflict {}

const OWNER_KEY: &str = "owner key";

impl Registry {
    /// Adds a schema unless it is there, and says whether it agrees with those that were seen before it.
    pub(crate) fn register<S: SessionSchema>(&self) -> Result<(), &Conflict> {
        self.add(TypeId::of::<S>(), S::SCHEMA).map(|_| ())
    }

    /// The same, and says whether there are fields that each extraction has to check.
    pub(crate) fn add(&self, id: TypeId, schema: &'static Schema) -> Result<bool, &Conflict> {
        let mut verdict = Ok(());
        let mut link = &self.first;
        loop {
            let node = link.get_or_init(|| {
                let verdict = std::mem::replace(&mut verdict, Ok(()));
                Box::new(Node {
                    id,
                    schema,
                    verdict,
                    is_checked: schema.fields.iter().any(Field::is_checked),
                    next: OnceLock::new(),
                })
            });
            if node.id == id {
                return node.verdict.as_ref().map(|()| node.is_checked);
            }
            // One that was itself refused binds nobody.
            if verdict.is_ok() && node.verdict.is_ok() {
                verdict = compare(schema, node.schema);
            }
            link = &node.next;
        }
    }

    fn fields(&self) -> impl Iterator<Item = &'static Field> {
        std::iter::successors(self.first.get(), |node| node.next.get())
            .filter(|node| node.verdict.is_ok())
            .flat_map(|node| node.schema.fields)
    }

    /// Whether some schema calls the key secret.
    pub(crate) fn is_secret(&self, key: &str) -> bool {
        self.fields()
            .any(|f| f.is_secret() && f.keys().any(|k| k == key))
    }
}

impl Policy for Registry {
    fn keeps(&self, key: &str) -> bool {
        self.fields()
            .any(|f| f.is_kept() && f.keys().any(|k| k == key))
    }

    fn is_per_login(&self, key: &str) -> bool {
        self.fields()
            .any(|f| f.is_per_login() && f.keys().any(|k| k == key))
    }
}

/// Two schemas may share a key if they agree about it, and name their owner by the same key.
pub(crate) fn compare(later: &'static Schema, earlier: &'static Schema) -> Result<(), Conflict> {
    let conflict = |key, about, a: &Field, b: &Field| {
        Conflict(Box::new(Disagreement {
            key,
            about,
            later: Side::of(later, a),
            earlier: Side::of(earlier, b),
        }))
    };
    for a in later.fields {
        for b in earlier.fields {
            if a.key() == b.key()
                && let Some(about) = a.disagreement(b)
            {
                return Err(conflict(a.key(), about, a, b));
            }
            if a.is_owner() && b.is_owner() && a.key() != b.key() {
                return Err(conflict(a.key(), OWNER_KEY, a, b));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::OnMissing;

    macro_rules! schema {
        ($name:literal, $($field:expr),*) => {
            &Schema { name: $name, fields: const { &[$($field),*] }, on_missing: OnMissing::Status(401) }
        };
    }

    static A: &Schema = schema!(
        "A",
        Field::optional::<u64>("user_id", "user_id").owner(|_| None),
        Field::default::<String>("theme", "theme").keep()
    );
    static B: &Schema = schema!(
        "B",
        Field::required::<u64>("user", "user_id").owner(|_| None)
    );
    static C: &Schema = schema!("C", Field::optional::<u32>("color", "theme"));
    static D: &Schema = schema!("D", Field::optional::<u64>("who", "who").owner(|_| None));
    static E: &Schema = schema!("E", Field::optional::<String>("theme", "theme").ttl(5));
    static F: &Schema = schema!("F", Field::optional::<u32>("color", "color"));

    fn id(n: usize) -> TypeId {
        [
            TypeId::of::<u8>(),
            TypeId::of::<u16>(),
            TypeId::of::<u32>(),
            TypeId::of::<u64>(),
        ][n]
    }

    #[test]
    fn schemas_that_agree_share_keys() {
        let registry = Registry::default();
        assert!(registry.add(id(0), A).is_ok());
        assert!(registry.add(id(1), B).is_ok());
        assert!(registry.add(id(0), A).is_ok());
        assert!(registry.keeps("theme") && !registry.keeps("user_id"));
    }

    #[test]
    fn the_later_of_two_that_disagree_is_refused_each_time() {
        let registry = Registry::default();
        assert!(registry.add(id(0), A).is_ok());
        for _ in 0..2 {
            let conflict = registry.add(id(1), C).unwrap_err().to_string();
            assert_eq!(
                conflict,
                "`C.color: u32` and `A.theme: alloc::string::String` disagree about the type of the key `theme`"
            );
        }
        // What was refused binds nobody.
        assert!(registry.add(id(2), F).is_ok());
    }

    #[test]
    fn s4_a_second_owner_key_and_another_ttl_are_refused() {
        let second = compare(D, A).unwrap_err().to_string();
        assert!(second.contains("key that names the owner"), "{second}");
        assert!(compare(E, A).unwrap_err().to_string().contains("`ttl`"));
    }
}
