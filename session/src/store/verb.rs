//! The verbs by name.

/// A verb of [`SessionStore`](crate::SessionStore).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Verb {
    /// [`read`](crate::SessionStore::read)
    Read,
    /// [`create`](crate::SessionStore::create)
    Create,
    /// [`save`](crate::SessionStore::save)
    Save,
    /// [`rotate`](crate::SessionStore::rotate)
    Rotate,
    /// [`touch`](crate::SessionStore::touch)
    Touch,
    /// [`destroy`](crate::SessionStore::destroy)
    Destroy,
    /// [`exists`](crate::SessionStore::exists)
    Exists,
    /// [`gc`](crate::SessionStore::gc)
    Gc,
    /// [`sessions_of`](crate::SessionStore::sessions_of)
    SessionsOf,
    /// [`destroy_of`](crate::SessionStore::destroy_of)
    DestroyOf,
    /// [`destroy_all_of`](crate::SessionStore::destroy_all_of)
    DestroyAllOf,
}
