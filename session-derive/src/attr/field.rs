//! Attributes on a field.

use proc_macro2::TokenStream;
use syn::{Attribute, LitStr, Result};

use super::container::not_empty;
use super::{Item, Words, duration, read_items, unknown, word};
use crate::ctxt::Ctxt;

#[derive(Default)]
pub(crate) struct FieldOptions {
    /// Flags have no value, so that they stand here only.
    pub(crate) words: Words,
    pub(crate) key: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    /// The expression of `default = expr`.
    pub(crate) default: Option<TokenStream>,
    pub(crate) ttl_millis: Option<u64>,
}

impl FieldOptions {
    pub(crate) fn parse(cx: &mut Ctxt, attrs: &[Attribute]) -> Self {
        let mut options = Self::default();
        read_items(cx, attrs, |_, item| options.read(item));
        options
    }

    fn read(&mut self, item: &Item<'_>) -> Result<()> {
        let known = item.word.to_string();
        if !word::ON_FIELD.contains(&known.as_str()) {
            return Err(unknown(
                &item.word,
                word::ON_FIELD,
                word::ON_STRUCT,
                "the struct",
            ));
        }
        self.words.add(&item.word)?;
        match known.as_str() {
            word::KEY => self.key = Some(not_empty(item.string("user_id")?)?),
            word::ALIAS => self.aliases.push(not_empty(item.string("old_key")?)?),
            word::DEFAULT => self.default = item.expression()?,
            word::TTL => self.ttl_millis = Some(duration::millis(&item.string("10m")?)?),
            _ => item.flag()?,
        }
        Ok(())
    }
}
