//! What the derive implements, and what generated code calls.

mod access;
pub(crate) mod call;
mod consume;
mod field;
mod handle;
mod registry;
mod value;

pub use consume::Consume;
pub use field::Field;
pub use handle::Handle;
pub use registry::Conflict as SchemaConflict;
pub(crate) use registry::Registry;
pub(crate) use value::FieldValue;
use value::OwnerText;

/// A struct seen as a typed view of a session. Implemented by `#[derive(SessionSchema)]`, and by nothing else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session schema",
    label = "needs `#[derive(SessionSchema)]`",
    note = "put `#[derive(session::SessionSchema)]` on the struct whose fields name the session's keys"
)]
pub trait SessionSchema: Sized + 'static {
    /// The generated type with a getter, a setter and so on for each field. [`Typed`](crate::Typed) derefs to it.
    type Accessor: Clone + std::fmt::Debug + Send + Sync + 'static;

    #[doc(hidden)]
    const SCHEMA: &'static Schema;

    #[doc(hidden)]
    fn __accessor(handle: Handle) -> Self::Accessor;
}

/// A schema as data: what extraction checks and the registry compares.
#[derive(Debug)]
pub struct Schema {
    /// The struct's name.
    pub name: &'static str,
    /// The fields, in the order of the struct.
    pub fields: &'static [Field],
    /// What the client is told when a required field is missing.
    pub on_missing: OnMissing,
}

/// What the client is told when a required field is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMissing {
    /// This status code.
    Status(u16),
    /// 303 to this path.
    Redirect {
        /// The path.
        to: &'static str,
        /// The query parameter that says where to go afterwards.
        next: Option<&'static str>,
    },
}
