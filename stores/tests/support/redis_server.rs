//! Real servers, started by the tests on free ports and in temporary folders, and gone with the test process.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
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

/// Whether the tests can start servers. Says once that they are skipped, past the capture of the test harness; under
/// `SESSION_REQUIRE_SERVERS=1` a missing server is a failure.
pub(crate) fn available() -> bool {
    static SAY: Once = Once::new();
    let found = |program: &str| {
        let version = Command::new(program).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    if found("redis-server") && found("redis-cli") {
        return true;
    }
    let required = std::env::var_os("SESSION_REQUIRE_SERVERS").is_some_and(|v| v == "1");
    assert!(
        !required,
        "redis-server and redis-cli are required and missing"
    );
    SAY.call_once(|| {
        let line = b"skipped: the tests of RedisStore want redis-server and redis-cli\n";
        let _ = std::io::stderr().write_all(line);
    });
    false
}

/// A server, killed when this is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    dir: TempDir,
    arguments: Vec<String>,
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
    fn start(dir: &TempDir, arguments: &[String]) -> Self {
        let script = r#"redis-server "$@" >/dev/null & pid=$!; echo $pid; read keep; kill -9 $pid; wait $pid
            [ -n "$keep" ] || rm -rf "$0""#;
        let mut shell = Command::new("sh")
            .args(["-c", script])
            .arg(dir.path())
            .args(arguments)
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
    /// Starts a server with these settings on top of ours, and waits until it answers.
    pub(crate) fn start(settings: &[&str]) -> Self {
        Self::start_as(None, settings)
    }

    /// Starts a sentinel that alone decides when this primary, called `shop`, is down.
    pub(crate) fn sentinel(primary: &Self) -> Self {
        let watched = format!(
            "sentinel monitor shop 127.0.0.1 {} 1\nsentinel down-after-milliseconds shop 500\n\
             sentinel failover-timeout shop 3000\n",
            primary.port
        );
        Self::start_as(Some(&watched), &[])
    }

    fn start_as(sentinel: Option<&str>, settings: &[&str]) -> Self {
        // Between finding a free port and taking it somebody else may.
        for _ in 0..5 {
            if let Some(server) = Self::try_start(sentinel, settings) {
                return server;
            }
        }
        panic!("redis-server does not start");
    }

    fn try_start(sentinel: Option<&str>, settings: &[&str]) -> Option<Self> {
        let dir = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let mut arguments = Vec::new();
        if let Some(watched) = sentinel {
            let file = dir.path().join("sentinel.conf");
            std::fs::write(&file, watched).expect("a file");
            arguments.extend([file.display().to_string(), "--sentinel".to_owned()]);
        }
        arguments.extend(["--port".to_owned(), port.to_string()]);
        arguments.extend(["--bind", "127.0.0.1", "--save", "", "--dir"].map(str::to_owned));
        arguments.push(dir.path().display().to_string());
        arguments.extend(["--rdbcompression", "no", "--daemonize", "no"].map(str::to_owned));
        arguments.extend(settings.iter().map(|&setting| setting.to_owned()));
        let process = Mutex::new(Some(Process::start(&dir, &arguments)));
        let server = Self {
            port,
            dir,
            arguments,
            process,
        };
        server.answers().then_some(server)
    }

    /// Makes this server a replica, and waits until it has what the primary has.
    pub(crate) fn follow(&self, primary: &Self) {
        let port = primary.port.to_string();
        self.command::<String>(&[b"REPLICAOF", b"127.0.0.1", port.as_bytes()]);
        until("the replica has its primary's data", || {
            self.info("replication", "master_link_status") == "up"
        });
    }

    /// A field of a section of `INFO`; empty if there is none, or no answer.
    pub(crate) fn info(&self, section: &str, field: &str) -> String {
        let told = self.try_command::<String>(&[b"INFO", section.as_bytes()]);
        let of_field = |line: &str| Some(line.strip_prefix(field)?.strip_prefix(':')?.to_owned());
        let field = told.ok().and_then(|told| told.lines().find_map(of_field));
        field.unwrap_or_default()
    }

    /// One server for all tests of the process that want no other.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.dir.path().join(name)).expect("a file of the server")
    }

    /// Sends a command beside the store.
    pub(crate) fn command<T: redis::FromRedisValue>(&self, words: &[&[u8]]) -> T {
        self.try_command(words)
            .expect("the server takes the command")
    }

    pub(crate) fn try_command<T: redis::FromRedisValue>(
        &self,
        words: &[&[u8]],
    ) -> redis::RedisResult<T> {
        let client = redis::Client::open(self.url())?;
        let mut connection = client.get_connection_with_timeout(Duration::from_secs(2))?;
        connection.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.query(&mut connection)
    }

    /// Makes the header of the record with this hash one of a newer format; whether it is here.
    pub(crate) fn make_newer(&self, hash: &[u8]) -> bool {
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let names: Vec<String> = self.command(&[b"KEYS", format!("*:{hash}").as_bytes()]);
        for name in &names {
            // Behind the letter that says that it is a record.
            self.command::<u64>(&[b"SETRANGE", name.as_bytes(), b"1", &[200]]);
        }
        !names.is_empty()
    }

    fn answers(&self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            if self.try_command::<String>(&[b"PING"]).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    pub(crate) fn pid(&self) -> String {
        let process = self.process.lock().unwrap();
        process.as_ref().expect("the server runs").pid.clone()
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.pid()]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill {signal}");
    }

    /// Stops it where it is (`SIGSTOP`); its kernel goes on accepting connections.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
        stands_still(&self.pid());
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    /// Kills it (`SIGKILL`): nothing is written down that was not.
    pub(crate) fn kill(&self) {
        if let Some(mut process) = self.process.lock().unwrap().take() {
            let stdin = process.shell.stdin.as_mut().expect("standard input");
            stdin.write_all(b"keep\n").expect("the shell reads");
        }
    }

    /// Starts it again over the same files, and waits until it answers.
    pub(crate) fn restart(&self) {
        *self.process.lock().unwrap() = Some(Process::start(&self.dir, &self.arguments));
        assert!(self.answers(), "the server does not start again");
    }
}

/// A port that was free a moment ago, low enough for a cluster bus 10,000 above it.
pub(crate) fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        if port < 55_000 {
            return port;
        }
    }
}

/// Waits until something is so.
pub(crate) fn until(what: &str, so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        let waited = start.elapsed();
        assert!(
            waited < Duration::from_secs(30),
            "{what}: not in {waited:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
