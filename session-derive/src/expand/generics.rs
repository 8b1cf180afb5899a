//! The where-clauses.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::GenericParam;

use super::Output;
use crate::attr::word;
use crate::ty::mentions;

impl Output<'_> {
    /// The user's where-clause, and that what a schema stores lives as long as the process.
    pub(super) fn own_bounds(&self) -> Vec<TokenStream> {
        let generics = &self.schema.generics;
        let own = generics
            .where_clause
            .iter()
            .flat_map(|clause| &clause.predicates);
        let lives = generics.params.iter().filter_map(|param| match param {
            GenericParam::Lifetime(param) => Some(param.lifetime.to_token_stream()),
            GenericParam::Type(param) => Some(param.ident.to_token_stream()),
            GenericParam::Const(_) => None,
        });
        let lives = lives.map(|name| quote!(#name: 'static));
        own.map(ToTokens::to_token_stream).chain(lives).collect()
    }

    /// What it takes to store the fields that mention a parameter.
    ///
    /// The other fields are left to the bounds of what is called with them, whose errors point at
    /// the type of the field; a bound that holds nowhere would be an error at every use instead.
    pub(super) fn storable_bounds(&self) -> Vec<TokenStream> {
        if self.failed {
            return Vec::new();
        }
        let krate = &self.krate;
        let names = self
            .schema
            .generics
            .params
            .iter()
            .filter_map(|param| match param {
                GenericParam::Lifetime(_) => None,
                GenericParam::Type(param) => Some(&param.ident),
                GenericParam::Const(param) => Some(&param.ident),
            });
        let names: Vec<_> = names.collect();
        let fields = self.schema.fields.iter();
        let generic = fields.filter(|field| {
            names
                .iter()
                .any(|name| mentions(&field.value.to_token_stream(), name))
        });
        let bounds = generic.map(|field| {
            let value = &field.value;
            let display = field
                .has(word::OWNER)
                .then(|| quote!(+ ::core::fmt::Display));
            let default = (field.is_default() && field.default.is_none())
                .then(|| quote!(+ ::core::default::Default));
            quote!(#value: #krate::SessionValue #display #default)
        });
        bounds.collect()
    }
}

/// A where-clause in which no predicate stands twice.
pub(super) fn clause(mut predicates: Vec<TokenStream>) -> TokenStream {
    let mut seen = HashSet::new();
    predicates.retain(|predicate| seen.insert(predicate.to_string()));
    if predicates.is_empty() {
        return TokenStream::new();
    }
    quote!(where #(#predicates),*)
}
