//! Real servers, started by the tests on free ports and in temporary folders, and gone with the test process.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, Once, OnceLock};
use std::time::{Duration, Instant};

use tempfile::TempDir;

#[path = "stopped.rs"]
#[allow(
    clippy::duplicate_mod,
    reason = "a program can have servers of several engines"
)]
mod stopped;
use stopped::stands_still;

/// The folder of the server's programs, where they can be found: Debian keeps them off the path.
fn programs() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<_> = std::env::split_paths(&path).collect();
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter();
        folders.extend(versions.flatten().flatten().map(|v| v.path().join("bin")));
        let has = |folder: &PathBuf, name| folder.join(name).is_file();
        folders
            .into_iter()
            .find(|folder| has(folder, "initdb") && has(folder, "postgres") && has(folder, "psql"))
    });
    found.as_deref()
}

/// Whether the tests can start servers. Says once that they are skipped, past the capture of the test harness; under
/// `SESSION_REQUIRE_SERVERS=1` a missing server is a failure.
pub(crate) fn available() -> bool {
    static SAY: Once = Once::new();
    if programs().is_some() {
        return true;
    }
    let required = std::env::var_os("SESSION_REQUIRE_SERVERS").is_some_and(|v| v == "1");
    assert!(
        !required,
        "initdb, postgres and psql are required and missing"
    );
    SAY.call_once(|| {
        let line = b"skipped: the tests of PostgresStore want initdb, postgres and psql\n";
        let _ = std::io::stderr().write_all(line);
    });
    false
}

/// One of the server's programs, as a user who is not root: as root it refuses.
fn program(name: &str) -> Command {
    as_its_user(&programs().expect("the server's programs").join(name))
}

fn as_its_user(path: &Path) -> Command {
    if !is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    command.arg(path).current_dir("/");
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|us| us.uid() == 0)
}

fn run(command: &mut Command) {
    let output = command.output().expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {told}");
}

/// A folder that the server's user owns.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    give(dir.path());
    dir
}

/// Makes a folder the server's user's own.
pub(crate) fn give(folder: &Path) {
    if is_root() {
        run(Command::new("chown").arg("postgres:").arg(folder));
    }
}

/// A data folder to copy: making one takes longer than all else.
fn template() -> &'static Path {
    // Statics are not dropped: a shell removes the folder once its standard input ends, with the process.
    static MADE: OnceLock<(TempDir, Child)> = OnceLock::new();
    let (dir, _) = MADE.get_or_init(|| {
        let dir = folder();
        run(program("initdb")
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
            ])
            .args(["--locale=C", "--pgdata"])
            .arg(dir.path().join("data")));
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "read gone; rm -rf \"$0\""])
            .arg(dir.path());
        let shell = shell.stdin(Stdio::piped()).spawn().expect("a shell");
        (dir, shell)
    });
    dir.path()
}

/// A server, killed when this is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    dir: TempDir,
    settings: Vec<String>,
    process: Mutex<Option<Process>>,
}

struct Process {
    /// A shell that kills the server, and removes its files, once its standard input ends: with this handle, or with
    /// the test process.
    shell: Child,
    pid: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

impl Process {
    fn start(dir: &Path, settings: &[String]) -> Self {
        // The parent first, or it would start others; then those that it had.
        let script = r#""$@" >"$0/log" 2>&1 & pid=$!; echo $pid; read keep
            kill -STOP $pid; children=$(cat /proc/$pid/task/$pid/children); kill -9 $pid $children; wait $pid
            for child in $children; do while [ -e /proc/$child/exe ]; do sleep 0.01; done; done
            [ -n "$keep" ] || rm -rf "$0""#;
        let server = program("postgres");
        let mut shell = Command::new("sh")
            .args(["-c", script])
            .arg(dir)
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(dir.join("data"))
            .args(settings)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut pid = String::new();
        let stdout = shell.stdout.as_mut().expect("standard output");
        BufReader::new(stdout)
            .read_line(&mut pid)
            .expect("a process id");
        Self {
            shell,
            pid: pid.trim().to_owned(),
        }
    }
}

impl Server {
    /// Starts a server with these settings (`name=value`) on top of ours, and waits until it answers. It syncs nothing
    /// unless `fsync=on` is among them.
    pub(crate) fn start(settings: &[&str]) -> Self {
        // Between finding a free port and taking it somebody else may.
        for _ in 0..5 {
            let dir = folder();
            run(Command::new("cp")
                .arg("-a")
                .arg(template().join("data"))
                .arg(dir.path()));
            if let Some(server) = Self::try_start(dir, settings) {
                return server;
            }
        }
        panic!("the server does not start");
    }

    fn try_start(dir: TempDir, settings: &[&str]) -> Option<Self> {
        let port = free_port();
        let ours = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            format!("unix_socket_directories={}", dir.path().display()),
            "fsync=off".to_owned(),
            "max_connections=200".to_owned(),
            "shared_buffers=16MB".to_owned(),
        ];
        let settings = ours
            .into_iter()
            .chain(settings.iter().map(|&s| s.to_owned()));
        let settings: Vec<_> = settings.flat_map(|s| ["-c".to_owned(), s]).collect();
        let process = Mutex::new(Some(Process::start(dir.path(), &settings)));
        let server = Self {
            port,
            dir,
            settings,
            process,
        };
        server.answers().then_some(server)
    }

    /// A standby of this server, up to date with it.
    pub(crate) fn standby(&self) -> Self {
        let dir = folder();
        run(program("pg_basebackup")
            .args(["--checkpoint=fast", "--no-sync", "--write-recovery-conf"])
            .args(["--username=postgres", "--host=127.0.0.1", "--port"])
            .arg(self.port.to_string())
            .arg("--pgdata")
            .arg(dir.path().join("data")));
        Self::try_start(dir, &[]).expect("the standby starts")
    }

    /// One server for all tests of the process that want no other.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }

    /// Runs SQL beside the store, and gives what it tells.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.try_sql(sql).expect("the server takes the statement")
    }

    pub(crate) fn try_sql(&self, sql: &str) -> Result<String, String> {
        let mut psql = Command::new(programs().expect("the server's programs").join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set=ON_ERROR_STOP=1", "--command", sql])
            .arg(self.url())
            .env("PGCONNECT_TIMEOUT", "5");
        let output = psql.output().expect("psql runs");
        let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(text(&output.stderr)),
        }
    }

    /// What the server has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).expect("the server's log")
    }

    /// Every byte of a file of the server's data.
    pub(crate) fn file(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.dir.path().join("data").join(path)).expect("a file of the server")
    }

    fn answers(&self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            if self.try_sql("SELECT 1").is_ok() {
                return true;
            }
            let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            if log.contains("could not create any TCP/IP sockets") {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the server does not answer: {}", self.log());
    }

    fn pid(&self) -> String {
        let process = self.process.lock().unwrap();
        process.as_ref().expect("the server runs").pid.clone()
    }

    /// The server's processes, the first one first.
    fn pids(&self) -> Vec<String> {
        let pid = self.pid();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.expect("the server's processes");
        let mut pids = vec![pid];
        pids.extend(children.split_whitespace().map(str::to_owned));
        pids
    }

    fn signal(signal: &str, pids: &[String]) {
        // One may have ended by itself meanwhile.
        let _ = Command::new("kill").arg(signal).args(pids).output();
    }

    fn stop(pids: &[String]) {
        Self::signal("-STOP", pids);
        pids.iter().for_each(|pid| stands_still(pid));
    }

    /// Stops it where it is (`SIGSTOP`); its kernel goes on accepting connections.
    pub(crate) fn pause(&self) {
        // The first one before the rest, so that there are no new ones.
        Self::stop(&[self.pid()]);
        Self::stop(&self.pids());
    }

    pub(crate) fn resume(&self) {
        Self::signal("-CONT", &self.pids());
    }

    /// Lets no file of its grow beyond so many bytes. The limit that it may set itself stays.
    pub(crate) fn limit_files(&self, bytes: &str) {
        for (n, pid) in self.pids().iter().enumerate() {
            let mut limit = as_its_user(Path::new("prlimit"));
            limit.args(["--pid", pid]).arg(format!("--fsize={bytes}:"));
            match n {
                0 => run(&mut limit),
                // One may have ended by itself meanwhile.
                _ => drop(limit.output()),
            }
        }
    }

    /// Kills it (`SIGKILL`), every process of it: nothing is written down that was not.
    pub(crate) fn kill(&self) {
        if let Some(mut process) = self.process.lock().unwrap().take() {
            let stdin = process.shell.stdin.as_mut().expect("standard input");
            stdin.write_all(b"keep\n").expect("the shell reads");
        }
    }

    /// Starts it again over the same files, and waits until it answers.
    pub(crate) fn restart(&self) {
        let process = Process::start(self.dir.path(), &self.settings);
        *self.process.lock().unwrap() = Some(process);
        assert!(self.answers(), "the server does not start again");
    }
}

/// The address of a server, or of a proxy before one.
pub(crate) fn url(port: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable")
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}
