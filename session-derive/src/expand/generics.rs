//! The where-clause of the impls.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::GenericParam;

use super::Output;
use crate::attr::word;
use crate::ty::mentions;

impl Output<'_> {
    /// The user's where-clause, and what it takes to store the fields that mention a parameter.
    ///
    /// The other fields are left to the bounds of what is called with them, whose errors point at
    /// the type of the field; a bound that holds nowhere would be an error at every use instead.
    pub(super) fn where_clause(&self) -> TokenStream {
        let generics = &self.schema.generics;
        let own = generics
            .where_clause
            .iter()
            .flat_map(|clause| &clause.predicates);
        let mut predicates: Vec<_> = own.map(ToTokens::to_token_stream).collect();
        predicates.extend(generics.params.iter().filter_map(|param| match param {
            GenericParam::Lifetime(param) => {
                Some(&param.lifetime).map(|name| quote!(#name: 'static))
            }
            GenericParam::Type(param) => Some(&param.ident).map(|name| quote!(#name: 'static)),
            GenericParam::Const(_) => None,
        }));
        if !self.failed {
            predicates.extend(self.storable());
        }
        let mut seen = HashSet::new();
        predicates.retain(|predicate| seen.insert(predicate.to_string()));
        if predicates.is_empty() {
            return TokenStream::new();
        }
        quote!(where #(#predicates),*)
    }

    fn storable(&self) -> impl Iterator<Item = TokenStream> {
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
        let generic =
            fields.filter(move |field| names.iter().any(|name| mentions(&field.value, name)));
        generic.map(move |field| {
            let value = &field.value;
            let display = field
                .has(word::OWNER)
                .then(|| quote!(+ ::core::fmt::Display));
            let default = (field.is_default() && field.default.is_none())
                .then(|| quote!(+ ::core::default::Default));
            quote!(#value: #krate::SessionValue #display #default)
        })
    }
}
