//! The grammar of `#[session(..)]`: items separated by commas, each a word with or without a value.

mod container;
mod duration;
mod field;
mod rename;
mod similar;
pub(crate) mod word;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseBuffer, ParseStream};
use syn::token::Paren;
use syn::{Attribute, Error, LitStr, Meta, Result, Token, Variant};

pub(crate) use self::container::ContainerOptions;
pub(crate) use self::field::FieldOptions;
use crate::ctxt::Ctxt;

/// The words of one struct or field, in the order in which they were written.
///
/// A word is recorded even where its value is wrong, so that one mistake does not cause another.
#[derive(Default)]
pub(crate) struct Words(Vec<Ident>);

impl Words {
    pub(crate) fn get(&self, word: &str) -> Option<&Ident> {
        self.0.iter().find(|given| *given == word)
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.get(word).is_some()
    }

    /// If both words are given, the later one: it is the one to complain about.
    pub(crate) fn later_of(&self, a: &str, b: &str) -> Option<&Ident> {
        let later = self
            .0
            .iter()
            .rev()
            .find(|given| *given == a || *given == b)?;
        (self.has(a) && self.has(b)).then_some(later)
    }

    fn add(&mut self, word: &Ident) -> Result<()> {
        if self.has(&word.to_string()) && word != word::ALIAS {
            return Err(Error::new_spanned(
                word,
                format_args!("`{word}` is given twice"),
            ));
        }
        self.0.push(word.clone());
        Ok(())
    }
}

/// One item: its word has been read, its value has not.
struct Item<'a> {
    word: Ident,
    whole: ParseBuffer<'a>,
    input: ParseStream<'a>,
}

impl Item<'_> {
    fn error(&self, message: impl std::fmt::Display) -> Error {
        Error::new_spanned(&self.word, message)
    }

    fn flag(&self) -> Result<()> {
        let Self { word, input, .. } = self;
        if input.peek(Token![=]) || input.peek(Paren) {
            return Err(self.error(format_args!("`{word}` takes no value")));
        }
        Ok(())
    }

    /// Reads `= value`; `form` shows a value as the user would write it.
    fn value<T: Parse>(&self, form: &str) -> Result<T> {
        let Self { word, input, .. } = self;
        if !input.peek(Token![=]) {
            return Err(self.error(format_args!("`{word}` needs a value: `{word} = {form}`")));
        }
        input.parse::<Token![=]>()?;
        let value = input.fork();
        input
            .parse()
            .map_err(|_| value.error(format_args!("expected `{word} = {form}`")))
    }

    fn string(&self, example: &str) -> Result<LitStr> {
        self.value(&format!("{example:?}"))
    }

    /// Reads `= expression`, if there is one.
    fn expression(&self) -> Result<Option<TokenStream>> {
        if self.input.peek(Paren) {
            let form = "expected `{0}` or `{0} = expression`";
            return Err(self.error(form.replace("{0}", &self.word.to_string())));
        }
        if !self.input.peek(Token![=]) {
            return Ok(None);
        }
        // `default = expr` reads like an enum variant with its discriminant, the one place where
        // syn finds the end of any expression without being built `full`.
        let variant: Variant = self.whole.parse().map_err(|_| {
            self.error(format_args!(
                "expected an expression: `{0} = expression`",
                self.word
            ))
        })?;
        self.input.advance_to(&self.whole);
        Ok(variant
            .discriminant
            .map(|(_, expr)| expr.into_token_stream()))
    }
}

/// Calls `read` for every item of every `#[session(..)]`, going on after one that is wrong.
fn read_items(
    cx: &mut Ctxt,
    attrs: &[Attribute],
    mut read: impl FnMut(&mut Ctxt, &Item<'_>) -> Result<()>,
) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("session")) {
        let Meta::List(list) = &attr.meta else {
            cx.error(attr, "expected `#[session(..)]`");
            continue;
        };
        let items = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = read_item(input, |item| read(cx, item)) {
                    cx.push(error);
                    while !input.is_empty() && !input.peek(Token![,]) {
                        input.parse::<TokenTree>()?;
                    }
                }
                input.parse::<Option<Token![,]>>()?;
            }
            Ok(())
        };
        if let Err(error) = list.parse_args_with(items) {
            cx.push(error);
        }
    }
}

fn read_item(input: ParseStream<'_>, read: impl FnOnce(&Item<'_>) -> Result<()>) -> Result<()> {
    let whole = input.fork();
    let Ok(word) = input.call(Ident::parse_any) else {
        return Err(input.error("expected the name of an attribute, such as `default`"));
    };
    read(&Item { word, whole, input })?;
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(input.error("expected `,`"))
}

/// Says what is wrong with a word that does not belong here.
fn unknown(word: &Ident, here: &[&str], elsewhere: &[&str], where_else: &str) -> Error {
    let name = word.to_string();
    let message = if elsewhere.contains(&name.as_str()) {
        format!("`{name}` belongs on {where_else}")
    } else if let Some(meant) = similar::closest(&name, here) {
        format!("unknown attribute `{name}`; did you mean `{meant}`?")
    } else {
        format!(
            "unknown attribute `{name}`; expected one of `{}`",
            here.join("`, `")
        )
    };
    Error::new_spanned(word, message)
}
