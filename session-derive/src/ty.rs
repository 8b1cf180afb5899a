//! What can be seen of a field's type: its tokens, for a macro knows no types.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type};

/// The shape of a type as it is spelt. An alias of `Option` is therefore `Other`.
#[derive(Clone, Copy)]
pub(crate) enum Shape<'a> {
    Option(&'a Type),
    Vec(&'a Type),
    Other,
}

impl<'a> Shape<'a> {
    pub(crate) fn of(ty: &'a Type) -> Self {
        let path = match ty {
            Type::Path(path) if path.qself.is_none() => &path.path,
            // A type that a `macro_rules!` macro took as `$t:ty` stands in an invisible group.
            Type::Group(group) => return Self::of(&group.elem),
            Type::Paren(paren) => return Self::of(&paren.elem),
            _ => return Self::Other,
        };
        let names: Vec<_> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let shape = match names.as_slice() {
            ["Option"] | ["std" | "core", "option", "Option"] => Self::Option,
            ["Vec"] | ["std" | "alloc", "vec", "Vec"] => Self::Vec,
            _ => return Self::Other,
        };
        let Some(PathArguments::AngleBracketed(arguments)) =
            path.segments.last().map(|segment| &segment.arguments)
        else {
            return Self::Other;
        };
        match arguments.args.first() {
            Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => shape(inner),
            _ => Self::Other,
        }
    }
}

/// Replaces `Self`, which in the code that we generate is another type than where it was written.
pub(crate) fn replace_self(tokens: TokenStream, this: &TokenStream) -> TokenStream {
    let replaced = tokens.into_iter().map(|tree| match tree {
        TokenTree::Ident(ident) if ident == "Self" => located_at(this.clone(), ident.span()),
        TokenTree::Group(group) => {
            let stream = replace_self(group.stream(), this);
            let mut replaced = Group::new(group.delimiter(), stream);
            replaced.set_span(group.span());
            TokenTree::Group(replaced).into()
        }
        other => TokenStream::from(other),
    });
    replaced.collect()
}

/// Makes errors about the tokens point at `span`, and leaves alone what their names mean.
pub(crate) fn located_at(tokens: TokenStream, span: Span) -> TokenStream {
    let located = tokens.into_iter().map(|mut tree| {
        tree.set_span(tree.span().located_at(span));
        tree
    });
    located.collect()
}

/// The `&` of a borrow in a type; one in the braces of a const argument is an operator.
pub(crate) fn borrow_in(ty: &Type) -> Option<TokenTree> {
    find(
        ty.to_token_stream(),
        &|tree| matches!(tree, TokenTree::Punct(p) if p.as_char() == '&'),
    )
}

pub(crate) fn mentions(tokens: &TokenStream, name: &syn::Ident) -> bool {
    find(
        tokens.clone(),
        &|tree| matches!(tree, TokenTree::Ident(ident) if ident == name),
    )
    .is_some()
}

fn find(tokens: TokenStream, wanted: &impl Fn(&TokenTree) -> bool) -> Option<TokenTree> {
    tokens.into_iter().find_map(|tree| match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => None,
        TokenTree::Group(group) => find(group.stream(), wanted),
        tree => wanted(&tree).then_some(tree),
    })
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    fn spelt(ty: &Type) -> String {
        match Shape::of(ty) {
            Shape::Option(inner) => format!("Option of {}", inner.to_token_stream()),
            Shape::Vec(inner) => format!("Vec of {}", inner.to_token_stream()),
            Shape::Other => "other".into(),
        }
    }

    #[test]
    fn recognises_option_and_vec_by_their_spelling() {
        assert_eq!(spelt(&parse_quote!(Option<u8>)), "Option of u8");
        assert_eq!(
            spelt(&parse_quote!(std::option::Option<u8>)),
            "Option of u8"
        );
        assert_eq!(
            spelt(&parse_quote!(::core::option::Option<u8>)),
            "Option of u8"
        );
        assert_eq!(spelt(&parse_quote!((Option<u8>))), "Option of u8");
        assert_eq!(
            spelt(&parse_quote!(Option<Option<u8>>)),
            "Option of Option < u8 >"
        );
        assert_eq!(spelt(&parse_quote!(Vec<u8>)), "Vec of u8");
        assert_eq!(spelt(&parse_quote!(::std::vec::Vec<u8>)), "Vec of u8");
        assert_eq!(spelt(&parse_quote!(alloc::vec::Vec<u8>)), "Vec of u8");
    }

    #[test]
    fn everything_else_is_other() {
        for ty in [
            parse_quote!(Option),
            parse_quote!(Option<u8, u8>),
            parse_quote!(Option<'static>),
            parse_quote!(my::Option<u8>),
            parse_quote!(<X as Y>::Option<u8>),
            parse_quote!([Option<u8>; 2]),
        ] {
            assert_eq!(spelt(&ty), "other");
        }
    }

    #[test]
    fn replaces_self_at_any_depth() {
        let this = quote!(Prefs::<T>);
        let tokens = replace_self(quote!([Self::new(vec![Self::A]), self.x, Selfish]), &this);
        let wanted = quote!([Prefs::<T>::new(vec![Prefs::<T>::A]), self.x, Selfish]);
        assert_eq!(tokens.to_string(), wanted.to_string());
    }

    #[test]
    fn sees_borrows() {
        assert!(borrow_in(&parse_quote!(Option<Vec<&'a str>>)).is_some());
        assert!(borrow_in(&parse_quote!((u8, &u8))).is_some());
        assert!(borrow_in(&parse_quote!(Mask<{ A & B }>)).is_none());
        assert!(borrow_in(&parse_quote!(Cow<'static, str>)).is_none());
    }
}
