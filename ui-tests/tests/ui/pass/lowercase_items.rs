//! Constants, statics and unit structs are patterns: a parameter of ours by their name would not be one.

#![deny(warnings)]
#![allow(non_upper_case_globals, non_camel_case_types, dead_code, unused_imports)]

use session::{Data, Session, SessionSchema};

const value: u64 = 1;
static read: u64 = 2;
struct update;
const default: u64 = 3;
const handle: u64 = 4;
static session: u64 = 5;
enum Word {
    schema,
    f,
    field,
}
use Word::*;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    theme: Option<String>,
    #[session(default = value)]
    visits: u64,
    #[session(flash)]
    notices: Vec<String>,
    #[session(flash)]
    form: Option<String>,
    basket: Option<Vec<u64>>,
}

#[derive(SessionSchema)]
struct Required {
    tenant: String,
}

fn main() {
    let it = Session::detached(Data::new());
    let account = it.typed::<Account>().unwrap();
    account.set_theme("dark".to_owned());
    account.update_visits(|n| *n += 1);
    assert_eq!((account.visits(), account.with_theme(String::len)), (2, Some(4)));
}
