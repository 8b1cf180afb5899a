//! What can be kept of a struct that does not parse, as while its user types.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Data, DataStruct, DeriveInput, Field, Fields, FieldsNamed, Generics, Ident, Token,
    Visibility, WhereClause,
};

/// The struct with the fields that parse, if it has a name.
pub(crate) fn recover(input: TokenStream) -> Option<DeriveInput> {
    item.parse2(input).ok()
}

fn item(input: ParseStream<'_>) -> syn::Result<DeriveInput> {
    let attrs = input.call(Attribute::parse_outer).unwrap_or_default();
    let vis = input.parse().unwrap_or(Visibility::Inherited);
    let struct_token: Token![struct] = input.parse()?;
    let ident: Ident = input.parse()?;
    let mut generics = attempt(input, Generics::parse).unwrap_or_default();
    generics.where_clause = attempt(input, Option::<WhereClause>::parse).flatten();
    let rest: TokenStream = input.parse()?;
    let body = rest.into_iter().find_map(|tree| match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
        _ => None,
    });
    let named = FieldsNamed {
        brace_token: syn::token::Brace::default(),
        named: body.iter().map(Group::stream).flat_map(fields).collect(),
    };
    Ok(DeriveInput {
        attrs,
        vis,
        ident,
        generics,
        data: Data::Struct(DataStruct {
            struct_token,
            fields: Fields::Named(named),
            semi_token: None,
        }),
    })
}

/// Reads on only after what parses.
fn attempt<T>(
    input: ParseStream<'_>,
    parse: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> Option<T> {
    let ahead = input.fork();
    let parsed = parse(&ahead).ok()?;
    input.advance_to(&ahead);
    Some(parsed)
}

fn fields(body: TokenStream) -> Punctuated<Field, Token![,]> {
    let parts = |input: ParseStream<'_>| {
        let mut fields = Punctuated::new();
        while !input.is_empty() {
            let field = attempt(input, |ahead| {
                let field = Field::parse_named(ahead)?;
                if ahead.is_empty() {
                    return Ok(field);
                }
                ahead.parse::<Token![,]>()?;
                Ok(field)
            });
            match field {
                Some(field) => fields.push(field),
                None => skip(input)?,
            }
        }
        Ok(fields)
    };
    parts.parse2(body).unwrap_or_default()
}

/// Skips to behind the next comma. One inside `<..>` only makes for one more part that is no field.
fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() {
        if let TokenTree::Punct(punct) = input.parse()?
            && punct.as_char() == ','
        {
            break;
        }
    }
    Ok(())
}
