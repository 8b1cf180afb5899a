//! Every generated verb and every attribute of a field, within one request.

#![allow(clippy::unwrap_used)]

mod attributes;
mod verbs;

use std::cell::Cell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use session::{Data, ErrorKind, Session, SessionSchema, Typed};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Theme {
    Light,
    Dark,
}

#[derive(Debug, SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    nickname: Option<String>,
    #[session(default)]
    visits: u64,
    #[session(default = Theme::Light, keep)]
    theme: Theme,
    #[session(per_login)]
    csrf: Option<String>,
    #[session(flash)]
    notices: Vec<String>,
    #[session(flash)]
    form: Option<BTreeMap<String, String>>,
    maybe: Option<Option<u8>>,
}

#[derive(SessionSchema)]
struct Basket {
    basket: Vec<u64>,
    #[session(read_only)]
    currency: String,
}

#[derive(SessionSchema)]
struct SignedIn {
    #[session(owner)]
    user_id: u64,
}

fn empty() -> Session {
    Session::detached(Data::new())
}

fn account() -> Typed<Account> {
    empty().typed().unwrap()
}
