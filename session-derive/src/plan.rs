//! Which methods a field gets, and what they are called.

use proc_macro2::Ident;
use quote::format_ident;

use crate::ast::{Field, Kind};
use crate::attr::word;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Method {
    Get,
    With,
    Peek,
    Set,
    Push,
    Update,
    Take,
    Consume,
    Clear,
}

impl Method {
    pub(crate) fn name(self, field: &Ident) -> Ident {
        match self {
            Self::Get => field.clone(),
            Self::With => format_ident!("with_{}", field),
            Self::Peek => format_ident!("peek_{}", field),
            Self::Set => format_ident!("set_{}", field),
            Self::Push => format_ident!("push_{}", field),
            Self::Update => format_ident!("update_{}", field),
            Self::Take => format_ident!("take_{}", field),
            Self::Consume => format_ident!("consume_{}", field),
            Self::Clear => format_ident!("clear_{}", field),
        }
    }

    fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::With | Self::Peek)
    }

    /// An owner is only ever replaced as a whole, since each change of it rotates the id.
    fn suits_owner(self) -> bool {
        !matches!(self, Self::Update | Self::Take | Self::Consume)
    }
}

/// The methods of a field, in the order in which they appear in the documentation.
pub(crate) fn methods(field: &Field<'_>) -> impl Iterator<Item = Method> {
    use Method::{Clear, Consume, Get, Peek, Push, Set, Take, Update, With};
    let all: &[Method] = match field.kind {
        Kind::Optional => &[Get, With, Set, Update, Take, Consume, Clear],
        Kind::Default => &[Get, With, Set, Update, Clear],
        Kind::Required => &[Get, With, Set, Update],
        Kind::FlashOne => &[Peek, Set, Take],
        Kind::FlashMany => &[Peek, Push, Take],
    };
    let owner = field.has(word::OWNER);
    let read_only = field.has(word::READ_ONLY);
    let fits =
        move |method: &Method| (!owner || method.suits_owner()) && (!read_only || !method.writes());
    all.iter().copied().filter(fits)
}

/// The method whose result is the field of a snapshot.
pub(crate) fn getter(field: &Field<'_>) -> Method {
    match field.kind {
        Kind::FlashOne | Kind::FlashMany => Method::Peek,
        Kind::Optional | Kind::Default | Kind::Required => Method::Get,
    }
}
