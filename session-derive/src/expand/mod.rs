//! The generated code. Paths are absolute and what is not for the user starts with `__`, because
//! it lands in a module of which nothing is known. That goes for parameters too: to the compiler a
//! parameter `value` is a pattern, and the user's `const value` would be what it matches.
//!
//! `#[inline]` on what is not generic leaves its compilation to the crate that calls it, as for
//! the impls that serde derives: a schema that is declared costs its check and no more.

mod entry;
mod generics;
mod lints;
mod method;

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;

use crate::ast::{Field, Schema};
use crate::pieces::Pieces;
use crate::plan;

/// The accessor and the trait impls of a schema without mistakes.
pub(crate) fn schema(schema: &Schema<'_>) -> TokenStream {
    Output::new(schema, false).into_tokens()
}

/// The errors, and stubs of all that a correct schema would have had: without them every use of
/// the schema would be an error too, and the one that matters would be lost among them.
pub(crate) fn fallback(schema: &Schema<'_>, errors: &syn::Error) -> TokenStream {
    let mut tokens = errors.to_compile_error();
    tokens.extend(Output::new(schema, true).into_tokens());
    tokens
}

struct Output<'a> {
    schema: &'a Schema<'a>,
    krate: Pieces,
    /// The where-clause of each method: on the impl, a missing bound would be told in the words of serde, each
    /// derive a line.
    storable: TokenStream,
    failed: bool,
}

impl<'a> Output<'a> {
    fn new(schema: &'a Schema<'a>, failed: bool) -> Self {
        let krate = schema.options.krate.as_ref();
        let krate = krate.map_or_else(|| quote!(::session), ToTokens::to_token_stream);
        let krate = krate.into();
        let mut output = Self {
            schema,
            krate,
            storable: TokenStream::new(),
            failed,
        };
        output.storable = generics::clause(output.storable_bounds());
        output
    }

    /// What stands in the body of a method.
    fn body(&self, body: TokenStream) -> TokenStream {
        if self.failed {
            quote!(::core::unimplemented!())
        } else {
            body
        }
    }

    fn into_tokens(self) -> TokenStream {
        let Self { schema, krate, .. } = &self;
        let (ident, this, accessor) = (schema.ident, &schema.this, &schema.accessor);
        let (vis, generics) = (schema.vis, schema.generics);
        let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
        let mut bounds = self.own_bounds();
        // The stubs call nothing, and a bound on them might be an error of its own.
        let own_bounds = if self.failed {
            quote!(#where_clause)
        } else {
            generics::clause(bounds.clone())
        };
        bounds.extend(self.storable_bounds());
        let bounds = generics::clause(bounds);
        let lints = lints::allow(schema, self.failed);
        let doc = method::doc_attributes(&format!(
            "Typed access to a session, generated from [`{ident}`]."
        ));
        let (name, accessor_name) = (ident.unraw().to_string(), accessor.unraw().to_string());
        let (entries, on_missing) = (self.entries(), self.on_missing());
        let (types, methods) = (self.types(&bounds), self.methods());
        quote! {
            #doc
            #lints
            #vis struct #accessor #generics #where_clause {
                __handle: #krate::__private::Handle,
                __schema: ::core::marker::PhantomData<fn() -> #this>,
            }

            #lints
            const _: () = {
                impl #impl_generics #accessor #ty_generics #own_bounds {
                    #methods
                }

                #[automatically_derived]
                impl #impl_generics #krate::SessionSchema for #this #bounds {
                    type Accessor = #accessor #ty_generics;

                    const SCHEMA: &'static #krate::__private::Schema = &#krate::__private::Schema {
                        name: #name,
                        fields: &[#(#entries),*],
                        on_missing: #on_missing,
                    };

                    #[inline]
                    fn __accessor(__handle: #krate::__private::Handle) -> #accessor #ty_generics {
                        #accessor { __handle, __schema: ::core::marker::PhantomData }
                    }
                }

                #(#types)*

                #[automatically_derived]
                impl #impl_generics ::core::clone::Clone for #accessor #ty_generics #bounds {
                    #[inline]
                    fn clone(&self) -> Self {
                        #accessor {
                            __handle: ::core::clone::Clone::clone(&self.__handle),
                            __schema: ::core::marker::PhantomData,
                        }
                    }
                }

                #[automatically_derived]
                impl #impl_generics ::core::fmt::Debug for #accessor #ty_generics #bounds {
                    #[inline]
                    fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        let __schema = <#this as #krate::SessionSchema>::SCHEMA;
                        self.__handle.fmt_debug(#accessor_name, __schema, __f)
                    }
                }
            };
        }
    }

    fn methods(&self) -> TokenStream {
        let Self {
            schema,
            krate,
            storable,
            ..
        } = self;
        let (ident, this, vis, fields) = (schema.ident, &schema.this, schema.vis, &schema.fields);
        // One name twice is an error that has been reported, unless this one drowns it.
        let mut names = HashSet::from([format_ident!("session"), format_ident!("snapshot")]);
        let of_fields = fields.iter().map(|field| {
            let methods = plan::methods(field);
            let methods = methods.filter(|method| names.insert(method.name(field.ident)));
            let methods: Vec<_> = methods.map(|method| self.method(field, method)).collect();
            let default = self.default(field);
            quote!(#(#methods)* #default)
        });
        let fields_of_schema: Vec<&Ident> = fields.iter().map(|field| field.ident).collect();
        let getters = fields
            .iter()
            .map(|field| plan::getter(field).name(field.ident));
        let session = self.body(quote!(self.__handle.session()));
        let snapshot = self.body(quote!(#ident { #(#fields_of_schema: self.#getters()),* }));
        let doc = format!("The whole [`{ident}`] as it is now. Flash fields are not taken.");
        let doc = method::doc_attributes(&doc);
        quote! {
            #(#of_fields)*

            /// The session itself, for what the schema does not describe.
            #[must_use]
            #[inline]
            #vis fn session(&self) -> &#krate::Session {
                #session
            }

            #doc
            #[must_use]
            #[inline]
            #vis fn snapshot(&self) -> #this #storable {
                #snapshot
            }

            // The fields of the schema are only ever written, by `snapshot`, and the compiler
            // would call them dead.
            fn __read(__schema: &#this) {
                #(let _ = &__schema.#fields_of_schema;)*
            }
        }
    }

    /// The default of a field as a function, whose body sees no variables of ours.
    fn default(&self, field: &Field<'_>) -> Option<TokenStream> {
        if !field.is_default() {
            return None;
        }
        let (value, storable) = (&field.value, &self.storable);
        let name = method::default_name(field);
        let body = match &field.default {
            Some(expr) => expr.clone(),
            None => quote!(<#value as ::core::default::Default>::default()),
        };
        let body = self.body(body);
        Some(quote!(#[inline] fn #name() -> #value #storable { #body }))
    }
}
