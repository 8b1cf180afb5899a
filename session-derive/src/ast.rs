//! The struct and its fields with their attributes, and the questions that later stages ask.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Data, DataStruct, DeriveInput, Error, Fields, Generics, LitStr, Result, Token, Type,
    Visibility,
};

use crate::attr::{ContainerOptions, FieldOptions, word};
use crate::ctxt::Ctxt;
use crate::pieces::Pieces;
use crate::ty::{Shape, replace_self};

pub(crate) struct Schema<'a> {
    pub(crate) ident: &'a Ident,
    /// The struct with its parameters, spelt so that it is a type and the path of an expression.
    pub(crate) this: Pieces,
    pub(crate) vis: &'a Visibility,
    pub(crate) generics: &'a Generics,
    pub(crate) attrs: &'a [Attribute],
    pub(crate) options: ContainerOptions,
    pub(crate) accessor: Ident,
    pub(crate) fields: Vec<Field<'a>>,
}

pub(crate) struct Field<'a> {
    pub(crate) index: usize,
    pub(crate) ident: &'a Ident,
    /// The identifier without `r#`.
    pub(crate) name: String,
    /// The key without the prefix.
    pub(crate) own_key: String,
    /// The key in the session.
    pub(crate) key: String,
    pub(crate) vis: &'a Visibility,
    pub(crate) ty: &'a Type,
    pub(crate) attrs: &'a [Attribute],
    pub(crate) options: FieldOptions,
    pub(crate) kind: Kind,
    /// The type of what is stored: `T` of an `Option<T>` and of a flash `Vec<T>`.
    pub(crate) value: Pieces,
    /// The expression of `default = expr`.
    pub(crate) default: Option<TokenStream>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Optional,
    Default,
    Required,
    FlashOne,
    FlashMany,
}

impl<'a> Schema<'a> {
    pub(crate) fn parse(cx: &mut Ctxt, input: &'a DeriveInput) -> Self {
        let options = ContainerOptions::parse(cx, &input.attrs);
        let ident = &input.ident;
        let (_, arguments, _) = input.generics.split_for_impl();
        let turbofish = arguments.as_turbofish();
        let this = quote!(#ident #turbofish);
        let mut fields = Vec::new();
        match named_fields(input) {
            Ok(named) => {
                for field in named {
                    let Some(ident) = &field.ident else { continue };
                    // Of two fields of one name the compiler speaks itself.
                    if fields.iter().all(|known: &Field<'_>| known.ident != ident) {
                        let index = fields.len();
                        fields.push(Field::parse(cx, &options, &this, ident, field, index));
                    }
                }
            }
            Err(error) => cx.push(error),
        }
        let accessor = options.accessor.clone().filter(|accessor| {
            let differs = accessor != ident;
            if !differs {
                let message = "the accessor is a type of its own; choose another name";
                cx.error(accessor, message);
            }
            differs
        });
        Self {
            ident,
            this: this.into(),
            vis: &input.vis,
            generics: &input.generics,
            attrs: &input.attrs,
            accessor: accessor.unwrap_or_else(|| format_ident!("{}Accessor", ident)),
            options,
            fields,
        }
    }
}

fn named_fields(input: &DeriveInput) -> Result<&Punctuated<syn::Field, Token![,]>> {
    let (at, message) = match &input.data {
        Data::Struct(DataStruct {
            fields: Fields::Named(fields),
            ..
        }) => return Ok(&fields.named),
        Data::Struct(DataStruct {
            fields: Fields::Unnamed(fields),
            ..
        }) => (
            fields.to_token_stream(),
            "expected named fields: the name of a field is its key in the session",
        ),
        Data::Struct(_) => (
            input.ident.to_token_stream(),
            "expected a struct with named fields, one for each entry of the session",
        ),
        Data::Enum(data) => (
            data.enum_token.to_token_stream(),
            "expected a struct: an enum can be the type of a field, but not a schema",
        ),
        Data::Union(data) => (
            data.union_token.to_token_stream(),
            "expected a struct: a union cannot be stored in a session",
        ),
    };
    Err(Error::new_spanned(at, message))
}

impl<'a> Field<'a> {
    fn parse(
        cx: &mut Ctxt,
        container: &ContainerOptions,
        this: &TokenStream,
        ident: &'a Ident,
        field: &'a syn::Field,
        index: usize,
    ) -> Self {
        let mut options = FieldOptions::parse(cx, &field.attrs);
        let name = ident.unraw().to_string();
        let prefix = container.prefix.as_ref().map(LitStr::value);
        let given = options.key.as_ref().map(LitStr::value);
        let own_key = given.unwrap_or_else(|| container.rename_all.apply(&name));
        let (kind, value) = kind(&options, &field.ty);
        let default = options.default.take();
        Self {
            index,
            ident,
            name,
            key: prefix.unwrap_or_default() + &own_key,
            own_key,
            vis: &field.vis,
            ty: &field.ty,
            attrs: &field.attrs,
            kind,
            value: replace_self(value.to_token_stream(), this).into(),
            default: default.map(|expr| replace_self(expr, this)),
            options,
        }
    }

    pub(crate) fn is_default(&self) -> bool {
        self.kind == Kind::Default
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.options.words.has(word)
    }
}

/// Kind and stored type. Where attributes contradict each other, [`crate::check`] says so, and the
/// choice here only decides which stubs the fallback has.
fn kind<'a>(options: &FieldOptions, ty: &'a Type) -> (Kind, &'a Type) {
    match Shape::of(ty) {
        Shape::Option(value) if options.words.has(word::FLASH) => (Kind::FlashOne, value),
        Shape::Vec(value) if options.words.has(word::FLASH) => (Kind::FlashMany, value),
        Shape::Other if options.words.has(word::FLASH) => (Kind::FlashOne, ty),
        Shape::Option(value) => (Kind::Optional, value),
        _ if options.words.has(word::DEFAULT) => (Kind::Default, ty),
        _ => (Kind::Required, ty),
    }
}
