//! The engines under the stores: started when they are first asked for, in folders of their own, and gone with this
//! process.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Error, Read, Result, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Keeps nothing on disk.
    Redis,
    /// As durable as `initdb` leaves it: a commit waits for the disk.
    Postgres,
    /// A folder for files.
    Sqlite,
}

/// An engine, and if it is this process's own the shell that ends it: once its standard input ends, which it does
/// however this process ends.
struct Running {
    address: String,
    pid: Option<u32>,
    _shell: Option<Child>,
}

static RUNNING: [OnceLock<std::result::Result<Running, String>>; 3] =
    [const { OnceLock::new() }; 3];

impl Engine {
    /// Who sets it brings an engine along; servers are told theirs by it.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Redis => "REDIS_URL",
            Self::Postgres => "POSTGRES_URL",
            Self::Sqlite => "SQLITE_FOLDER",
        }
    }

    /// Where it is, or why it does not run.
    pub fn address(self) -> std::result::Result<&'static str, &'static str> {
        let running = RUNNING[self as usize].get_or_init(|| {
            let running = match (std::env::var(self.variable()), self) {
                (Ok(address), _) => Ok(Running {
                    address,
                    pid: None,
                    _shell: None,
                }),
                (Err(_), Self::Redis) => redis(),
                (Err(_), Self::Postgres) => postgres(),
                (Err(_), Self::Sqlite) => sqlite(),
            };
            running.map_err(|error| format!("without {}: {error}", self.variable()))
        });
        match running {
            Ok(running) => Ok(&running.address),
            Err(why) => Err(why),
        }
    }

    /// Its processes, if it is ours and has any.
    pub fn processes(self) -> Vec<u32> {
        let running = RUNNING[self as usize].get();
        let Some(pid) = running.and_then(|running| running.as_ref().ok()?.pid) else {
            return Vec::new();
        };
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.unwrap_or_default();
        let children = children.split_whitespace();
        std::iter::once(pid)
            .chain(children.filter_map(|pid| pid.parse().ok()))
            .collect()
    }
}

/// Runs a program with a folder until nobody wants it any more; then the folder goes too.
fn keep(
    folder: &Path,
    program: Option<&Command>,
    end: &str,
) -> Result<(Option<u32>, Option<Child>)> {
    let script = match program {
        Some(_) => format!(
            r#""$@" >"$0/log" 2>&1 & pid=$!; echo $pid; read gone; kill {end} $pid; wait $pid; rm -rf "$0""#
        ),
        None => r#"read gone; rm -rf "$0""#.to_owned(),
    };
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(folder).current_dir("/");
    if let Some(program) = program {
        command.arg(program.get_program()).args(program.get_args());
    }
    let mut shell = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut pid = String::new();
    if let (Some(_), Some(out)) = (program, shell.stdout.take()) {
        BufReader::new(out).read_line(&mut pid)?;
    }
    Ok((pid.trim().parse().ok(), Some(shell)))
}

fn folder() -> Result<PathBuf> {
    let name = format!("session-benches-{:016x}", rand::random::<u64>());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

fn until(what: &str, so: impl Fn() -> bool) -> Result<()> {
    let start = Instant::now();
    while !so() {
        if start.elapsed() > Duration::from_secs(60) {
            return Err(Error::other(format!("{what} does not answer")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(Error::other(format!("{:?}: {told}", command.get_program())))
}

fn sqlite() -> Result<Running> {
    let folder = folder()?;
    let (pid, shell) = keep(&folder, None, "")?;
    Ok(Running {
        address: folder.display().to_string(),
        pid,
        _shell: shell,
    })
}

fn redis() -> Result<Running> {
    let (folder, port) = (folder()?, free_port()?);
    let mut server = Command::new("redis-server");
    server.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    server.args(["--save", "", "--appendonly", "no", "--dir"]);
    let (pid, shell) = keep(&folder, Some(server.arg(&folder)), "-KILL")?;
    let address = format!("redis://127.0.0.1:{port}/");
    until("redis-server", || redis_commands_of(&address).is_ok())?;
    Ok(Running {
        address,
        pid,
        _shell: shell,
    })
}

/// Which commands the Redis server has run, those within scripts among them, and how often each.
pub fn redis_commands() -> Result<BTreeMap<String, u64>> {
    redis_commands_of(Engine::Redis.address().map_err(Error::other)?)
}

fn redis_commands_of(address: &str) -> Result<BTreeMap<String, u64>> {
    let place = address.trim_start_matches("redis://").trim_end_matches('/');
    let place = match place.contains(':') {
        true => place.to_owned(),
        false => format!("{place}:6379"),
    };
    let mut stream = TcpStream::connect(place)?;
    stream.write_all(b"INFO commandstats\r\nQUIT\r\n")?;
    let mut told = String::new();
    stream.read_to_string(&mut told)?;
    let command = |line: &str| {
        let (name, of_it) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let calls = of_it.split(',').next()?.parse().ok()?;
        Some((name.to_owned(), calls))
    };
    match told.starts_with('$') {
        true => Ok(told.lines().filter_map(command).collect()),
        false => Err(Error::other("no answer from Redis")),
    }
}

/// One of the server's programs, as a user who is not root: as root it refuses. Debian keeps them off the path.
fn postgres_program(name: &str) -> Result<Command> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter();
    folders.extend(versions.flatten().flatten().map(|v| v.path().join("bin")));
    let mut programs = folders.into_iter().map(|folder| folder.join(name));
    let program = programs.find(|program| program.is_file());
    let program = program.ok_or_else(|| Error::other(format!("no {name} here")))?;
    if !is_root() {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    command.arg(program).current_dir("/");
    Ok(command)
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|us| us.uid() == 0)
}

fn postgres() -> Result<Running> {
    let (folder, port) = (folder()?, free_port()?);
    if is_root() {
        run(Command::new("chown").arg("postgres:").arg(&folder))?;
    }
    let data = folder.join("data");
    run(postgres_program("initdb")?
        .args(["--no-sync", "--auth=trust", "--username=postgres"])
        .args(["--encoding=UTF8", "--locale=C", "--pgdata"])
        .arg(&data))?;
    let mut server = postgres_program("postgres")?;
    server.arg("-D").arg(data);
    for setting in [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        format!("unix_socket_directories={}", folder.display()),
    ] {
        server.args(["-c", &setting]);
    }
    let (pid, shell) = keep(&folder, Some(&server), "-QUIT")?;
    until("postgres", || {
        let mut ready = match postgres_program("pg_isready") {
            Ok(ready) => ready,
            Err(_) => return false,
        };
        ready.args(["--quiet", "--host=127.0.0.1", &format!("--port={port}")]);
        ready.status().is_ok_and(|status| status.success())
    })?;
    Ok(Running {
        address: format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable"),
        pid,
        _shell: shell,
    })
}
