//! Tokens that stand in the output many times.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt};

/// Pushed one by one. Where a stream is spliced in, the compiler is asked to build it and to concatenate, which for
/// the name of a type takes it longer than all else about a method's tokens.
pub(crate) struct Pieces(Vec<TokenTree>);

impl From<TokenStream> for Pieces {
    fn from(tokens: TokenStream) -> Self {
        Self(tokens.into_iter().collect())
    }
}

impl ToTokens for Pieces {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for tree in &self.0 {
            tokens.append(tree.clone());
        }
    }
}
