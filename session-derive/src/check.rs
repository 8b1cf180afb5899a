//! The rules that no attribute can break alone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use quote::ToTokens;
use syn::{GenericParam, Ident};

use crate::ast::{Field, Kind, Schema};
use crate::attr::word;
use crate::ctxt::Ctxt;
use crate::plan;
use crate::ty::{Shape, borrow_in, mentions};

/// Names that a `Typed<S>` answers itself before it derefs to the accessor, through `Clone` and
/// through blanket impls, and what every accessor has.
const TAKEN: &[&str] = &[
    "borrow",
    "borrow_mut",
    "clone",
    "clone_from",
    "clone_into",
    "fmt",
    "into",
    "session",
    "snapshot",
    "to_owned",
    "try_into",
];

const OURS: &str = "keys that start with `__` are the library's own";

/// Two words that exclude each other on a field, and why.
const CONFLICTS: &[(&str, &str, &str)] = &[
    (
        word::FLASH,
        word::OWNER,
        "a flash goes with the request that takes it, an owner stays",
    ),
    (
        word::FLASH,
        word::DEFAULT,
        "an absent flash reads as `None` or as an empty `Vec`",
    ),
    (
        word::FLASH,
        word::READ_ONLY,
        "a flash that is never taken is shown forever",
    ),
    (
        word::FLASH,
        word::STRICT,
        "a message that cannot be read hides no other, and waits for a version that can",
    ),
    (
        word::OWNER,
        word::DEFAULT,
        "nobody is signed in by default; write `Option<..>`",
    ),
    (
        word::OWNER,
        word::TTL,
        "a sign-in ends with its session; see `Session::set_lifetime`",
    ),
    (
        word::OWNER,
        word::KEEP,
        "`keep` is for what outlives a change of owner",
    ),
    (
        word::OWNER,
        word::PER_LOGIN,
        "`per_login` is for what is dropped at sign-in",
    ),
    (
        word::KEEP,
        word::PER_LOGIN,
        "the one survives a change of owner, the other does not",
    ),
];

pub(crate) fn check(cx: &mut Ctxt, schema: &Schema<'_>) {
    generics(cx, schema);
    when_missing(cx, schema);
    for field in &schema.fields {
        conflicts(cx, field);
        types(cx, field);
    }
    one_owner(cx, schema);
    keys(cx, schema);
    names(cx, schema);
}

fn generics(cx: &mut Ctxt, schema: &Schema<'_>) {
    let borrows = || {
        schema
            .fields
            .iter()
            .filter(|field| borrow_in(field.ty).is_some())
    };
    for param in &schema.generics.params {
        // A field that borrows is told so itself; once it does not, the parameter has no use.
        if let GenericParam::Lifetime(param) = param
            && !borrows().any(|field| mentions(&field.ty.to_token_stream(), &param.lifetime.ident))
        {
            let message =
                "a session outlives the request, so its schema cannot borrow; own the data";
            cx.error(param, message);
        }
    }
}

/// `redirect`, `next` and `status` answer a request that lacks a required field.
fn when_missing(cx: &mut Ctxt, schema: &Schema<'_>) {
    let words = &schema.options.words;
    let required = |field: &Field<'_>| field.kind == Kind::Required;
    if let Some(later) = words.later_of(word::REDIRECT, word::STATUS) {
        cx.error(
            later,
            "`redirect` and `status` exclude each other: a response has one status",
        );
    // What has no fields has been told so, or has nothing else to say.
    } else if !schema.fields.is_empty() && !schema.fields.iter().any(required) {
        let given = [word::REDIRECT, word::STATUS];
        for given in given.into_iter().filter_map(|word| words.get(word)) {
            let message = "it answers for a missing required field, and this struct has none (one \
                           that is neither `Option` nor `default`)";
            cx.error(given, format_args!("`{given}` has no effect: {message}"));
        }
    }
    if let Some(next) = words.get(word::NEXT) {
        let redirect = schema.options.redirect.as_ref();
        if !words.has(word::REDIRECT) {
            cx.error(
                next,
                "`next` needs `redirect = \"..\"`, to whose query it is added",
            );
        } else if let Some(path) = redirect.filter(|path| path.value().contains('#')) {
            cx.error(
                path,
                "`next` cannot be added to a path with a fragment (`#..`)",
            );
        }
    }
}

fn conflicts(cx: &mut Ctxt, field: &Field<'_>) {
    for (a, b, why) in CONFLICTS {
        if let Some(later) = field.options.words.later_of(a, b) {
            cx.error(
                later,
                format_args!("`{a}` and `{b}` exclude each other: {why}"),
            );
        }
    }
}

fn types(cx: &mut Ctxt, field: &Field<'_>) {
    if borrow_in(field.ty).is_some() {
        let message = "a session outlives the request, so a field cannot borrow; own the data, as \
                       `String` does";
        cx.error(field.ty, message);
    }
    let shape = Shape::of(field.ty);
    let words = &field.options.words;
    if let (Shape::Option(_), Some(default), None) =
        (shape, words.get(word::DEFAULT), words.get(word::FLASH))
    {
        let message =
            "an `Option` is `None` when absent; drop `default`, or the `Option` around the type";
        cx.error(default, message);
    }
    if let (Shape::Other, Some(_)) = (shape, words.get(word::FLASH)) {
        let message = "a flash field is an `Option<T>` (the last value set) or a `Vec<T>` (all \
                       values pushed), spelt so";
        cx.error(field.ty, message);
    }
}

fn one_owner(cx: &mut Ctxt, schema: &Schema<'_>) {
    let owners = schema
        .fields
        .iter()
        .filter_map(|field| field.options.words.get(word::OWNER));
    for second in owners.skip(1) {
        cx.error(
            second,
            "a session has one owner, and another field is marked `owner` already",
        );
    }
}

/// Every stored key has one field, and none is ours.
fn keys(cx: &mut Ctxt, schema: &Schema<'_>) {
    let prefix = schema
        .options
        .prefix
        .as_ref()
        .filter(|prefix| prefix.value().starts_with("__"));
    if let Some(prefix) = prefix {
        cx.error(prefix, format_args!("{OURS}; choose another prefix"));
    }
    let mut owners = HashMap::new();
    for field in &schema.fields {
        let at = match &field.options.key {
            Some(key) => key.to_token_stream(),
            None => field.ident.to_token_stream(),
        };
        if field.key.is_empty() {
            cx.error(&at, "no key is left of this name; write `key = \"..\"`");
        } else if prefix.is_none() && field.key.starts_with("__") {
            let message = match &field.options.key {
                _ if field.key != field.own_key => {
                    format!(
                        "prefix and key make {:?}: {OURS}; choose another",
                        field.key
                    )
                }
                Some(_) => format!("{OURS}; choose another"),
                None => format!("{OURS}; write `key = \"..\"`"),
            };
            cx.error(&at, message);
        } else {
            match owners.entry(field.key.clone()) {
                Entry::Vacant(free) => drop(free.insert(field.ident)),
                Entry::Occupied(taken) => {
                    let (key, other) = (&field.key, taken.get());
                    let message = format!("the key {key:?} belongs to the field `{other}` already");
                    cx.error(&at, message);
                }
            }
        }
    }
    for field in &schema.fields {
        for alias in &field.options.aliases {
            let text = alias.value();
            if text.starts_with("__") {
                cx.error(alias, OURS);
                continue;
            }
            match owners.entry(text) {
                Entry::Vacant(free) => drop(free.insert(field.ident)),
                Entry::Occupied(taken) => {
                    let (message, other) = ("this key belongs to the field", taken.get());
                    let message = format!("{message} `{other}` already, as key or alias");
                    cx.error(alias, message);
                }
            }
        }
    }
}

/// Every generated method has a name of its own.
fn names(cx: &mut Ctxt, schema: &Schema<'_>) {
    let mut names: HashMap<Ident, &Field<'_>> = HashMap::new();
    // Without a key there is no saying how to keep it.
    for field in schema.fields.iter().filter(|field| !field.key.is_empty()) {
        let key = &field.own_key;
        let rename = format!("rename this field and keep its key with `key = {key:?}`");
        for name in plan::methods(field).map(|method| method.name(field.ident)) {
            let text = name.to_string();
            if TAKEN.contains(&text.as_str()) {
                cx.error(
                    field.ident,
                    format_args!("every accessor has a method `{name}`; {rename}"),
                );
            } else if text.starts_with("__") && !field.key.starts_with("__") {
                let message = "names that start with `__` are the library's own";
                cx.error(field.ident, format_args!("{message}; {rename}"));
            } else if let Some(other) = names.insert(name, field) {
                let other = other.ident;
                let message = "is generated for the field";
                cx.error(
                    field.ident,
                    format_args!("`{text}` {message} `{other}` too; {rename}"),
                );
            }
        }
    }
}
