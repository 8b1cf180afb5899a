//! What the compiler says of a mistake, to the letter; and what it must accept without a warning.
//!
//! `TRYBUILD=overwrite cargo test -p ui-tests --test ui` writes the `.stderr` files anew: read the difference.

use std::env;
use std::process::{Command, ExitCode};

/// Diagnostics change with every compiler, so they are compared under the one that the workspace names.
const TOOLCHAIN: &str = concat!("rustc ", env!("CARGO_PKG_RUST_VERSION"), ".");

/// What trybuild gives to the compiler for a case. For the crates that a case needs it leaves out the last one, and so
/// builds them all twice, half a minute for nothing. This variable counts for both.
const FLAGS: (&str, &[&str]) = (
    "CARGO_ENCODED_RUSTFLAGS",
    &[
        "--cfg=trybuild",
        "--verbose",
        "-Adead_code",
        "--diagnostic-width=140",
    ],
);

fn main() -> ExitCode {
    let (name, flags) = FLAGS;
    if env::var_os(name).is_some() {
        cases();
        return ExitCode::SUCCESS;
    }
    let again = env::current_exe().and_then(|program| {
        let mut again = Command::new(program);
        again.args(env::args_os().skip(1));
        again.env(name, flags.join("\u{1f}")).status()
    });
    match again {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("this program does not start again: {error}");
            ExitCode::FAILURE
        }
    }
}

fn cases() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
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
