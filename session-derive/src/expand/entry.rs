//! The description of a schema that the runtime reads: one entry a field.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::Output;
use crate::ast::{Field, Kind};
use crate::attr::word;

/// With the schema, what every call about a field is generic over.
pub(super) fn marker(field: &Field<'_>) -> Ident {
    format_ident!("__Field{}", field.index)
}

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
            let value = &field.value;
            let marker = marker(field);
            let owner = field.has(word::OWNER).then(|| {
                quote! {
                    #[automatically_derived]
                    impl #impl_generics #krate::__private::OwnerField<#this> for #marker #bounds {
                        type Owner = #value;

                        fn owner(__value: &#value) -> &#value {
                            __value
                        }
                    }
                }
            });
            quote! {
                enum #marker {}

                #[automatically_derived]
                impl #impl_generics #krate::__private::TypedField<#this> for #marker #bounds {
                    type Value = #value;
                }

                #owner
            }
        };
        schema.fields.iter().map(of_field).collect()
    }

    fn entry(&self, field: &Field<'_>) -> TokenStream {
        let (name, key) = (&field.name, &field.key);
        let kind = match field.kind {
            Kind::Optional => quote!(optional),
            Kind::Default => quote!(default),
            Kind::Required => quote!(required),
            Kind::FlashOne => quote!(flash_one),
            Kind::FlashMany => quote!(flash_many),
        };
        let (krate, this, marker) = (&self.krate, &self.schema.this, marker(field));
        let owner = field
            .has(word::OWNER)
            .then(|| quote!(.owner(#krate::__private::owner_key::<#this, #marker>)));
        let aliases = Some(&field.options.aliases).filter(|aliases| !aliases.is_empty());
        let aliases = aliases.map(|aliases| quote!(.aliases(&[#(#aliases),*])));
        let ttl = field.options.ttl_millis.map(|millis| quote!(.ttl(#millis)));
        let flags = [
            word::KEEP,
            word::PER_LOGIN,
            word::READ_ONLY,
            word::SECRET,
            word::STRICT,
        ];
        let flags = flags.into_iter().filter(|flag| field.has(flag));
        let flags = flags.map(|flag| format_ident!("{}", flag));
        quote!(#krate::__private::#kind::<#this, #marker>(#name, #key) #owner #aliases #ttl #(.#flags())*)
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
