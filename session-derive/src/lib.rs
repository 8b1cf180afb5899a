//! The derive macro of the `session` crate, which re-exports it. Depend on `session`, not on this.
//!
//! The way of one struct: `attr` reads its attributes and `ast` pairs them with its fields,
//! `check` judges them together, `plan` says which methods each field gets, and `expand`
//! writes them. Everything up to `check` collects errors in a `ctxt::Ctxt` and goes on, so that
//! one compilation shows all of them. Of what does not parse at all `recover` keeps what does.

// A panic of the macro is an error without a place. The tests feed it what no user would write.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

use proc_macro2::TokenStream;

mod ast;
mod attr;
mod check;
mod ctxt;
mod expand;
mod pieces;
mod plan;
mod recover;
#[cfg(test)]
mod tests;
mod ty;

#[expect(missing_docs, reason = "`session` documents it where it re-exports it")]
#[proc_macro_derive(SessionSchema, attributes(session))]
pub fn derive_session_schema(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(input.into()).into()
}

/// The derive on the tokens of `proc_macro2`, which exist outside a compiler too.
fn derive(input: TokenStream) -> TokenStream {
    let mut cx = ctxt::Ctxt::default();
    let parsed = syn::parse2(input.clone()).or_else(|error: syn::Error| {
        let kept = recover::recover(input).ok_or_else(|| error.to_compile_error());
        cx.push(error);
        kept
    });
    let input = match parsed {
        Ok(input) => input,
        Err(error) => return error,
    };
    let schema = ast::Schema::parse(&mut cx, &input);
    check::check(&mut cx, &schema);
    match cx.finish() {
        Ok(()) => expand::schema(&schema),
        Err(errors) => expand::fallback(&schema, &errors),
    }
}
