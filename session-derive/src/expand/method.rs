//! One method of one field.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};

use super::Output;
use super::entry::marker;
use crate::ast::{Field, Kind};
use crate::attr::word;
use crate::plan::{self, Method};

pub(super) fn default_name(field: &Field<'_>) -> Ident {
    format_ident!("__default_{}", field.ident)
}

impl Output<'_> {
    pub(super) fn method(&self, field: &Field<'_>, method: Method) -> TokenStream {
        let name = method.name(field.ident);
        let vis = field.vis;
        let reads = method == plan::getter(field);
        let mut docs = field
            .attrs
            .iter()
            .filter(|attr| attr.path().is_ident("doc"))
            .peekable();
        let doc = if reads && docs.peek().is_some() {
            quote!(#(#docs)*)
        } else {
            doc_attributes(&doc(field, method))
        };
        let deprecated = field
            .attrs
            .iter()
            .filter(|attr| attr.path().is_ident("deprecated"));
        let must_use = reads.then(|| quote!(#[must_use]));
        let (signature, storable) = (self.signature(field, method), &self.storable);
        let (krate, this) = (&self.krate, &self.schema.this);
        let (marker, index) = (marker(field), field.index);
        let shown = (method == Method::With).then(|| quote!(, _));
        let (function, arguments) = call(field, method);
        let function = format_ident!("{function}");
        let body = self.body(quote! {
            #krate::__private::#function::<#this, #marker #shown>(&self.__handle, #index #arguments)
        });
        quote! {
            #doc
            #(#deprecated)*
            #must_use
            #[inline]
            #vis fn #name #signature #storable {
                #body
            }
        }
    }

    fn signature(&self, field: &Field<'_>, method: Method) -> TokenStream {
        let value = &field.value;
        let option = || quote!(::core::option::Option<#value>);
        let stored = || match field.kind {
            Kind::Optional | Kind::FlashOne => option(),
            Kind::FlashMany => quote!(::std::vec::Vec<#value>),
            Kind::Default | Kind::Required => value.to_token_stream(),
        };
        match method {
            Method::Get | Method::Peek | Method::Take => {
                let stored = stored();
                quote!((&self) -> #stored)
            }
            Method::With => {
                let found = match field.kind {
                    Kind::Optional => quote!(::core::option::Option<__R>),
                    _ => quote!(__R),
                };
                quote!(<__R>(&self, __read: impl ::core::ops::FnOnce(&#value) -> __R) -> #found)
            }
            Method::Set | Method::Push => quote!((&self, __value: #value)),
            Method::Update => {
                let stored = stored();
                quote! {(
                    &self,
                    __update: impl ::core::ops::Fn(&mut #stored) + ::core::marker::Send + 'static,
                )}
            }
            Method::Consume => {
                let krate = &self.krate;
                quote!((&self) -> #krate::Consume<'_, #value>)
            }
            Method::Clear => quote!((&self)),
        }
    }
}

/// The function of the runtime, and its arguments after the place of the field.
fn call(field: &Field<'_>, method: Method) -> (&'static str, TokenStream) {
    let default = default_name(field);
    let none = TokenStream::new();
    match (method, field.kind) {
        (Method::Get, Kind::Optional) => ("get", none),
        (Method::Get, Kind::Default) => ("get_or", quote!(, Self::#default)),
        (Method::Get, _) => ("get_required", none),
        (Method::With, Kind::Optional) => ("with", quote!(, __read)),
        (Method::With, Kind::Default) => ("with_or", quote!(, Self::#default, __read)),
        (Method::With, _) => ("with_required", quote!(, __read)),
        (Method::Peek, Kind::FlashMany) => ("flash_peek_all", none),
        (Method::Peek, _) => ("flash_peek_one", none),
        (Method::Set, Kind::FlashOne) => ("flash_set", quote!(, __value)),
        (Method::Set, _) => ("set", quote!(, __value)),
        (Method::Push, _) => ("flash_push", quote!(, __value)),
        (Method::Update, Kind::Optional) => ("update", quote!(, __update)),
        (Method::Update, Kind::Default) => ("update_or", quote!(, Self::#default, __update)),
        (Method::Update, _) => ("update_required", quote!(, __update)),
        (Method::Take, Kind::FlashMany) => ("flash_take_all", none),
        (Method::Take, Kind::FlashOne) => ("flash_take_one", none),
        (Method::Take, _) => ("take", none),
        (Method::Consume, _) => ("consume", none),
        (Method::Clear, _) => ("clear", none),
    }
}

/// One attribute a line, as `///` makes them.
pub(super) fn doc_attributes(text: &str) -> TokenStream {
    let lines = text.lines().map(|line| match line {
        "" => String::new(),
        line => format!(" {line}"),
    });
    quote!(#(#[doc = #lines])*)
}

/// The documentation of a method, for a getter only where the field has none.
fn doc(field: &Field<'_>, method: Method) -> String {
    let name = &field.name;
    let link = format!(
        "[`{name}`](Self::{})",
        plan::getter(field).name(field.ident)
    );
    let owner = field.has(word::OWNER);
    match (method, field.kind) {
        (Method::Get, Kind::Optional) => format!("Returns `{name}`, if the session has it."),
        (Method::Get, Kind::Default) => format!("Returns `{name}`, or its default."),
        (Method::Get, _) => format!("Returns `{name}`."),
        (Method::With, _) => format!("Reads {link} in place, for values that are costly to clone."),
        (Method::Peek, _) => format!("Returns `{name}`, which stays to be taken."),
        (Method::Set, _) if owner => format!("Sets {link}: signs in, and the session id rotates."),
        (Method::Set, Kind::FlashOne) => format!("Sets {link}, until it is taken."),
        (Method::Set, _) => format!("Sets {link}."),
        (Method::Push, _) => format!("Adds a value to {link}, until it is taken."),
        (Method::Update, _) => format!(
            "Updates {link} atomically across concurrent requests.\n\nThe closure runs at once, and \
             again on what another request stored meanwhile: it must have no side effects."
        ),
        (Method::Take, Kind::Optional) => format!("Returns {link} and removes it."),
        (Method::Take, _) => format!("Returns {link} and removes exactly what it returns."),
        (Method::Consume, _) => format!(
            "Removes {link} at once, and returns it to exactly one of all concurrent callers.\n\n\
             # Errors\n\nThe session could not be committed."
        ),
        (Method::Clear, _) if owner => format!("Removes {link}: signs out, and the id rotates."),
        (Method::Clear, Kind::Default) => {
            format!("Removes {link}, which reads as its default then.")
        }
        (Method::Clear, _) => format!("Removes {link}."),
    }
}
