//! The description of a schema that the runtime reads: one entry a field.

use proc_macro2::TokenStream;
use quote::quote;

use super::Output;
use crate::ast::{Field, Kind};
use crate::attr::word;

impl Output<'_> {
    pub(super) fn entries(&self) -> Vec<TokenStream> {
        // A schema that failed is never read, and a type that cannot be stored would be an error
        // beside the one that the user has to mend first.
        if self.failed {
            return Vec::new();
        }
        self.schema
            .fields
            .iter()
            .map(|field| self.entry(field))
            .collect()
    }

    /// The type of each field, which is the one place where its bounds are checked: the caret is on
    /// the user's type, and no method repeats the error.
    pub(super) fn types(&self, bounds: &TokenStream) -> Vec<TokenStream> {
        if self.failed {
            return Vec::new();
        }
        let Self { schema, krate, .. } = self;
        let (impl_generics, ..) = schema.generics.split_for_impl();
        let this = &self.schema.this;
        let of_field = |field: &Field<'_>| {
            let Field { index, value, .. } = field;
            quote! {
                #[automatically_derived]
                impl #impl_generics #krate::__private::TypedField<__Private, #index> for #this #bounds {
                    type Value = #value;
                }
            }
        };
        schema.fields.iter().map(of_field).collect()
    }

    fn entry(&self, field: &Field<'_>) -> TokenStream {
        let krate = &self.krate;
        let this = &self.schema.this;
        let Field {
            index,
            name,
            key,
            value,
            ..
        } = field;
        let new = match field.kind {
            // Named again, so that the caret is on a type that is not `Display`.
            Kind::Optional if field.has(word::OWNER) => quote!(optional_owner::<#value>),
            Kind::Optional => quote!(optional),
            Kind::Default => quote!(default),
            Kind::Required if field.has(word::OWNER) => quote!(required_owner::<#value>),
            Kind::Required => quote!(required),
            Kind::FlashOne => quote!(flash_one),
            Kind::FlashMany => quote!(flash_many),
        };
        let access = quote!(#krate::__private::Access::<#this, __Private, #index>);
        let mut entry = quote!(#access::#new(#name, #key));
        let aliases = &field.options.aliases;
        if !aliases.is_empty() {
            entry.extend(quote!(.aliases(&[#(#aliases),*])));
        }
        if let Some(millis) = field.options.ttl_millis {
            entry.extend(quote!(.ttl(#millis)));
        }
        for (word, flag) in [
            (word::KEEP, quote!(.keep())),
            (word::PER_LOGIN, quote!(.per_login())),
            (word::READ_ONLY, quote!(.read_only())),
            (word::SECRET, quote!(.secret())),
            (word::STRICT, quote!(.strict())),
        ] {
            if field.has(word) {
                entry.extend(flag);
            }
        }
        entry
    }

    pub(super) fn on_missing(&self) -> TokenStream {
        let krate = &self.krate;
        let options = &self.schema.options;
        let Some(to) = &options.redirect else {
            let status = options.status.unwrap_or(401);
            return quote!(#krate::__private::OnMissing::Status(#status));
        };
        let next = match &options.next {
            Some(next) => quote!(::core::option::Option::Some(#next)),
            None => quote!(::core::option::Option::None),
        };
        quote!(#krate::__private::OnMissing::Redirect { to: #to, next: #next })
    }
}
