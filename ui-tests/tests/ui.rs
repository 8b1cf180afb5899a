//! What the compiler says of a mistake, to the letter; and what it must accept without a warning.
//!
//! `TRYBUILD=overwrite cargo test -p ui-tests --test ui` writes the `.stderr` files anew: read the difference.

use std::process::Command;

/// Diagnostics change with every compiler, so they are compared under the one that the workspace names.
const TOOLCHAIN: &str = concat!("rustc ", env!("CARGO_PKG_RUST_VERSION"), ".");

fn main() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = version.unwrap_or_default();
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    if version.starts_with(TOOLCHAIN) {
        cases.compile_fail("tests/ui/fail/*/*.rs");
    } else {
        println!("skipped: the messages are recorded with {TOOLCHAIN}x and this is {version}");
    }
}
