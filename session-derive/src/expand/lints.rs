//! Lint attributes on what is generated.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Meta};

use crate::ast::Schema;

/// Allows what the user allows anywhere in the struct, whose types and expressions are repeated in
/// the output. An `expect` must be fulfilled where the user wrote it, so it is an `allow` here.
pub(super) fn allow(schema: &Schema<'_>, failed: bool) -> TokenStream {
    let fields = schema.fields.iter().flat_map(|field| field.attrs);
    let attrs: Vec<&Attribute> = schema.attrs.iter().chain(fields).collect();
    let users = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => {
            let lints = &list.tokens;
            Some(quote!(#[allow(#lints)]))
        }
        _ => None,
    });
    let deprecated = attrs
        .iter()
        .any(|attr| attr.path().is_ident("deprecated"))
        .then(|| quote!(#[allow(deprecated)]));
    let failed = failed.then(|| quote!(#[allow(unused_variables)]));
    quote! {
        #[allow(dead_code)]
        #deprecated
        #failed
        #(#users)*
    }
}
