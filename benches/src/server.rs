//! Processes that serve an implementation each.

use std::io::{BufRead, BufReader, Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::subjects::Subject;

/// The program in `engines`, beside this one or where it is built by default.
const ELSEWHERE: &str = "session-benches-engines";
const NOT_BUILT: &str =
    "not built: cargo build --release --manifest-path benches/engines/Cargo.toml";

fn program(subject: &Subject) -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    if subject.build.is_some() {
        return Ok(this);
    }
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("engines/target/release");
    [this.with_file_name(ELSEWHERE), default.join(ELSEWHERE)]
        .into_iter()
        .find(|program| program.is_file())
        .ok_or_else(|| Error::other(NOT_BUILT))
}

/// A process that serves; it ends with this value.
pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    pub fn start(subject: &Subject) -> Result<Self> {
        let mut command = Command::new(program(subject)?);
        command.args(["serve", subject.name]).stdout(Stdio::piped());
        if let Some(engine) = subject.engine {
            let address = engine.address().map_err(Error::other)?;
            command.env(engine.variable(), address);
        }
        let mut child = command.spawn()?;
        let mut address = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut address)?;
        }
        let address = address.trim().to_owned();
        Ok(Self { child, address })
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What all threads of these processes have used. One that has ended meanwhile has used nothing.
pub fn cpu_time(processes: &[u32]) -> Duration {
    let mut nanoseconds = 0;
    for process in processes {
        let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter();
        for task in tasks.flatten().flatten() {
            let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let first = text
                .split(' ')
                .next()
                .and_then(|first| first.parse::<u64>().ok());
            nanoseconds += first.unwrap_or_default();
        }
    }
    Duration::from_nanos(nanoseconds)
}
