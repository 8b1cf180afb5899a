//! Every attribute, and what suits it, without a warning where the compiler would have most.

#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![deny(unused_results, single_use_lifetimes, elided_lifetimes_in_paths, unnameable_types, let_underscore_drop)]
#![deny(missing_copy_implementations, trivial_casts, trivial_numeric_casts, explicit_outlives_requirements)]
#![deny(unit_bindings, unused_lifetimes, redundant_lifetimes, non_ascii_idents, variant_size_differences)]
#![deny(nonstandard_style, future_incompatible, rust_2018_idioms, rust_2021_compatibility, keyword_idents)]
#![forbid(unsafe_code)]

use session::{Data, Session, SessionSchema};

#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum Theme {
    Light,
    Dark,
}

#[derive(SessionSchema)]
#[session(prefix = "acct.", rename_all = "kebab-case", accessor = AccountSession, crate = ::session)]
struct Account {
    #[session(owner, alias = "uid", alias = "user", strict, secret)]
    user_id: Option<u64>,
    #[session(default, ttl = "1h 30m", keep, strict)]
    visits: u64,
    #[session(default = Theme::Light, keep, key = "look")]
    theme: Theme,
    #[session(default = { let mut all = vec![Theme::Dark]; all.push(Self::FIRST); all }, per_login)]
    themes: Vec<Theme>,
    #[session(default = (|n: u8| n + 1)(1))]
    #[session(read_only)]
    two: u8,
    #[session(secret, ttl = "10m", per_login)]
    otp: Option<String>,
    #[session(flash, ttl = "2d", keep)]
    notices: Vec<String>,
    #[session(flash, secret, alias = "old_form")]
    form: Option<std::collections::BTreeMap<String, String>>,
    maybe_maybe: Option<Option<u8>>,
    r#type: Option<String>,
    #[session(default = u64::MAX >> 1, alias = "n,m")]
    comparison: u64,
}

impl Account {
    const FIRST: Theme = Theme::Light;
}

#[derive(SessionSchema)]
#[session(redirect = "/login?from=1", next = "next")]
struct SignedIn {
    #[session(owner, key = "acct.user-id")]
    user_id: u64,
}

#[derive(SessionSchema)]
#[session(status = 403)]
struct Admin {
    #[session(read_only, strict)]
    role: String,
}

#[derive(SessionSchema)]
struct Nothing {}

fn main() {
    let session = Session::detached(Data::new());
    let account = session.typed::<Account>().unwrap();
    account.set_theme(Theme::Dark);
    account.update_visits(|n| *n += 1);
    let _ = session.typed::<Nothing>().unwrap().snapshot();
    assert!(session.typed::<Admin>().is_err() && session.typed::<SignedIn>().is_err());
}
