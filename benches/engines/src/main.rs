//! tower-sessions on engines, beside what `session-benches` compares: it starts this for `--loopback`.
//!
//! `serve NAME` prints an address of this machine and serves there; the engine's own is in the environment.

#[path = "../../src/alloc.rs"]
#[allow(dead_code, reason = "nothing is counted here, at the same price")]
mod alloc;
#[path = "../../src/runner.rs"]
#[allow(dead_code, reason = "nothing is measured here")]
mod runner;
#[path = "../../src/scenario.rs"]
#[allow(dead_code, reason = "nothing is measured here")]
mod scenario;
mod stores;
mod subjects;

use std::process::ExitCode;

use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let build = match args[..] {
        ["serve", "tower-sessions-redis"] => stores::redis,
        ["serve", "tower-sessions-sqlite"] => stores::sqlite,
        ["serve", "tower-sessions-sqlite-normal"] => stores::sqlite_normal,
        ["serve", "tower-sessions-postgres"] => stores::postgres,
        _ => {
            eprintln!("serve tower-sessions-[redis | sqlite | sqlite-normal | postgres]");
            return ExitCode::FAILURE;
        }
    };
    match Runtime::new().and_then(|workers| build(workers).serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
