//! The whole expansion of a few schemas, to be read in review.
//!
//! After a change that is meant, `SESSION_BLESS=1 cargo test -p session-derive` writes them anew.

use std::path::PathBuf;
use std::{env, fs};

macro_rules! snapshots {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            check(stringify!($name));
        }
    )*};
}

snapshots! { kinds owner optional_owner flash keys flags generic attributes mistakes }

fn check(name: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests-snapshots");
    let input = fs::read_to_string(folder.join(format!("{name}.in.rs"))).unwrap();
    let tokens = crate::derive(input.parse().unwrap());
    let expanded = prettyplease::unparse(&syn::parse2(tokens).unwrap());
    let snapshot = folder.join(format!("{name}.out.rs"));
    if env::var_os("SESSION_BLESS").is_some() {
        fs::write(&snapshot, &expanded).unwrap();
    }
    let expected = fs::read_to_string(&snapshot).unwrap_or_default();
    assert!(
        expanded == expected,
        "{name} expands to something else now:\n{expanded}"
    );
}
