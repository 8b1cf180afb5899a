//! Real MariaDB servers, started by the tests on free ports and in temporary folders, and gone with the test process.
//!
//! Wants the crate `tempfile` and nothing else, so that the tests and benches of other packages can include it.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
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

/// Where a program is. Servers are often not in the path of those who run tests.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Whether the tests can start servers. Says once that they are skipped, past the capture of the test harness; under
/// `SESSION_REQUIRE_SERVERS=1` a missing server is a failure.
pub(crate) fn available() -> bool {
    static SAY: Once = Once::new();
    let wanted = ["mariadbd", "mariadb-install-db", "mariadb"];
    if wanted.iter().all(|name| program(name).is_some()) {
        return true;
    }
    let required = std::env::var_os("SESSION_REQUIRE_SERVERS").is_some_and(|v| v == "1");
    assert!(!required, "{wanted:?} are required and missing");
    SAY.call_once(|| {
        let line =
            b"skipped: the tests of MysqlStore want mariadbd, mariadb-install-db and mariadb\n";
        let _ = std::io::stderr().write_all(line);
    });
    false
}

fn command(name: &str) -> Command {
    Command::new(program(name).unwrap_or_else(|| name.into()))
}

fn run(command: &mut Command) -> Output {
    let output = command.output().expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    output
}

/// A folder that the server's own user can enter.
fn folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    tempfile::Builder::new()
        .permissions(mode)
        .tempdir()
        .expect("a folder")
}

/// The server refuses to run as root.
fn user() -> Option<&'static str> {
    let id = run(Command::new("id").arg("-u")).stdout;
    (id.trim_ascii() == b"0").then_some("--user=mysql")
}

/// A data folder fresh from the installer, which takes seconds: made once on a machine, and copied for each server.
fn template() -> PathBuf {
    let version = run(command("mariadbd").arg("--version")).stdout;
    let word = |b: u8| {
        if b.is_ascii_alphanumeric() {
            char::from(b)
        } else {
            '-'
        }
    };
    let version: String = version.trim_ascii().iter().map(|&b| word(b)).collect();
    let rights = if user().is_some() { "root" } else { "user" };
    let template = std::env::temp_dir().join(format!("session-tests-{rights}-{version}"));
    if !template.is_dir() {
        let made = folder();
        let data = made.path().join("data");
        run(command("mariadb-install-db")
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ])
            .arg("--innodb-log-file-size=4M")
            .arg(format!("--datadir={}", data.display()))
            .args(user()));
        // Somebody else may have been quicker.
        let renamed = std::fs::rename(&data, &template);
        assert!(renamed.is_ok() || template.is_dir(), "{renamed:?}");
    }
    template
}

/// A server, killed when this is dropped. Its database is `sessions`, and belongs to `app`, who may do nothing else.
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
    fn start(dir: &Path, arguments: &[String]) -> Self {
        let script = r#""$@" >/dev/null & pid=$!; echo $pid; read keep; kill -9 $pid; wait $pid
            [ -n "$keep" ] || rm -rf "$0""#;
        let mut shell = Command::new("sh")
            .args(["-c", script])
            .arg(dir)
            .arg(program("mariadbd").expect("mariadbd is there"))
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
    /// Starts a server with these settings on top of ours, and waits until it answers. Every commit reaches the disk
    /// only with `--innodb-flush-log-at-trx-commit=1`, which is the engine's default and not ours.
    pub(crate) fn start(settings: &[&str]) -> Self {
        // Between finding a free port and taking it somebody else may.
        for _ in 0..5 {
            if let Some(server) = Self::try_start(settings) {
                return server;
            }
        }
        panic!("mariadbd does not start");
    }

    fn try_start(settings: &[&str]) -> Option<Self> {
        let dir = folder();
        let port = free_port();
        let path = dir.path().display();
        run(Command::new("cp")
            .arg("-a")
            .arg(template())
            .arg(dir.path().join("data")));
        // The server's own user writes here.
        run(Command::new("chmod").arg("777").arg(dir.path()));
        let mut arguments = vec![
            "--no-defaults".to_owned(),
            format!("--port={port}"),
            format!("--datadir={path}/data"),
            format!("--socket={path}/socket"),
            format!("--pid-file={path}/pid"),
            format!("--log-error={path}/log.err"),
            // An engine that starts removes what others have of temporary tables in the folder that all have by default.
            format!("--tmpdir={path}"),
        ];
        arguments.extend(user().map(str::to_owned));
        let ours = [
            "--skip-networking=0",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--innodb-buffer-pool-size=16M",
            "--innodb-log-file-size=4M",
            "--innodb-flush-log-at-trx-commit=2",
            "--performance-schema=OFF",
            "--max-connections=300",
        ];
        arguments.extend(
            ours.iter()
                .chain(settings)
                .map(|&setting| setting.to_owned()),
        );
        let process = Mutex::new(Some(Process::start(dir.path(), &arguments)));
        let server = Self {
            port,
            dir,
            arguments,
            process,
        };
        server.answers().then(|| {
            server.sql(
                "CREATE DATABASE sessions; CREATE USER app@'127.0.0.1'; \
                 GRANT ALL ON sessions.* TO app@'127.0.0.1'",
            );
            server
        })
    }

    /// One server for all tests of the process that want no other.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    pub(crate) fn url(&self) -> String {
        format!("mysql://app@127.0.0.1:{}/sessions", self.port)
    }

    /// Where the server keeps its files.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    fn client(&self) -> Command {
        let mut client = command("mariadb");
        client
            .args([
                "--no-defaults",
                "--user=root",
                "--batch",
                "--skip-column-names",
            ])
            .arg(format!(
                "--socket={}",
                self.dir.path().join("socket").display()
            ));
        client
    }

    /// Runs statements as root beside the store, and gives what they print: a line a row, a tab between columns.
    pub(crate) fn sql(&self, statements: &str) -> String {
        let output = run(self.client().arg("--execute").arg(statements));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn answers(&self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) {
            let output = self.client().args(["--execute", "SELECT 1"]).output();
            if output.is_ok_and(|output| output.status.success()) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        false
    }

    pub(crate) fn pid(&self) -> String {
        let process = self.process.lock().expect("nobody panicked");
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

    /// Has the tables that are made from now on in this folder.
    pub(crate) fn move_tables(&self, folder: &Path) {
        let database = self.dir.path().join("data/sessions");
        std::fs::copy(database.join("db.opt"), folder.join("db.opt")).expect("its settings");
        std::fs::remove_dir_all(&database).expect("the database is empty");
        std::os::unix::fs::symlink(folder, &database).expect("a link");
        run(Command::new("chmod").args(["-R", "777"]).arg(folder));
    }

    /// Kills it (`SIGKILL`): nothing is written down that was not.
    pub(crate) fn kill(&self) {
        let process = self.process.lock().expect("nobody panicked").take();
        if let Some(mut process) = process {
            let stdin = process.shell.stdin.as_mut().expect("standard input");
            stdin.write_all(b"keep\n").expect("the shell reads");
        }
    }

    /// Starts it again over the same files, and waits until it answers.
    pub(crate) fn restart(&self) {
        let process = Process::start(self.dir.path(), &self.arguments);
        *self.process.lock().expect("nobody panicked") = Some(process);
        assert!(
            self.answers(),
            "the server does not start again: {}",
            String::from_utf8_lossy(
                &std::fs::read(self.dir.path().join("log.err")).expect("a log")
            )
        );
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}
