//! Attributes on the struct.

use proc_macro2::Ident;
use syn::{Attribute, Error, LitInt, LitStr, Path, Result};

use super::rename::Case;
use super::{Item, Words, read_items, unknown, word};
use crate::ctxt::Ctxt;

#[derive(Default)]
pub(crate) struct ContainerOptions {
    pub(crate) words: Words,
    pub(crate) prefix: Option<LitStr>,
    pub(crate) rename_all: Case,
    pub(crate) redirect: Option<LitStr>,
    pub(crate) next: Option<LitStr>,
    pub(crate) status: Option<u16>,
    pub(crate) accessor: Option<Ident>,
    pub(crate) krate: Option<Path>,
}

impl ContainerOptions {
    pub(crate) fn parse(cx: &mut Ctxt, attrs: &[Attribute]) -> Self {
        let mut options = Self::default();
        read_items(cx, attrs, |_, item| options.read(item));
        options
    }

    fn read(&mut self, item: &Item<'_>) -> Result<()> {
        let known = item.word.to_string();
        if !word::ON_STRUCT.contains(&known.as_str()) {
            return Err(unknown(
                &item.word,
                word::ON_STRUCT,
                word::ON_FIELD,
                "a field",
            ));
        }
        self.words.add(&item.word)?;
        match known.as_str() {
            word::PREFIX => self.prefix = Some(not_empty(item.string("acct.")?)?),
            word::RENAME_ALL => self.rename_all = Case::parse(&item.string("camelCase")?)?,
            word::REDIRECT => self.redirect = Some(path_of_site(item.string("/login")?)?),
            word::NEXT => self.next = Some(query_name(item.string("next")?)?),
            word::STATUS => self.status = Some(error_status(&item.value("403")?)?),
            word::ACCESSOR => self.accessor = Some(item.value("AccountSession")?),
            _ => self.krate = Some(absolute(item.value("::session")?)?),
        }
        Ok(())
    }
}

pub(super) fn not_empty(text: LitStr) -> Result<LitStr> {
    if text.value().is_empty() {
        return Err(Error::new_spanned(
            text,
            "expected a string that is not empty",
        ));
    }
    Ok(text)
}

/// The text becomes a `Location` header, and must not lead to another site.
fn path_of_site(text: LitStr) -> Result<LitStr> {
    let path = text.value();
    let message = if !path.starts_with('/') || path.starts_with("//") {
        "expected a path of this site that starts with a single `/`"
    } else if !path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    {
        "expected a path without spaces, backslashes or non-ASCII characters; percent-encode them"
    } else {
        return Ok(text);
    };
    Err(Error::new_spanned(text, message))
}

fn query_name(text: LitStr) -> Result<LitStr> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if text.value().is_empty() || !text.value().bytes().all(plain) {
        let message =
            "expected the name of a query parameter: ASCII letters, digits, `_`, `-`, `.`";
        return Err(Error::new_spanned(text, message));
    }
    Ok(text)
}

fn error_status(status: &LitInt) -> Result<u16> {
    match status.base10_parse() {
        Ok(code @ 400..=599) => Ok(code),
        Ok(300..=399) => Err(Error::new_spanned(
            status,
            "expected an error status, 400 to 599; to redirect, write `redirect = \"/login\"`",
        )),
        _ => Err(Error::new_spanned(
            status,
            "expected an error status, 400 to 599",
        )),
    }
}

/// A path that means the same in every module is the only one that survives being moved.
fn absolute(path: Path) -> Result<Path> {
    let first = path
        .segments
        .first()
        .map(|segment| segment.ident.to_string());
    if path.leading_colon.is_some() || matches!(first.as_deref(), Some("crate" | "$crate")) {
        return Ok(path);
    }
    let spelt = path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string());
    let spelt = spelt.collect::<Vec<_>>().join("::");
    Err(Error::new_spanned(
        path,
        format_args!("expected an absolute path: `::{spelt}` or `crate::{spelt}`"),
    ))
}
