//! Over loopback: each implementation serves in a process of its own, and this one sends requests to one after the
//! other, in rounds. Requests a second depend on who else uses the machine; the server's CPU time hardly does.

use std::io::{BufRead, BufReader, Error, ErrorKind, Result};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::measure::median;
use crate::scenario::{Scenario, Who};
use crate::subjects::Subject;

const CONNECTIONS: usize = 32;

/// A process that serves; it ends with this value.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(subject: &Subject) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", subject.name])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut address)?;
        }
        let address = address.trim().to_owned();
        Ok(Self { child, address })
    }

    /// What all its threads have used.
    fn cpu_time(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
            let first = text
                .split(' ')
                .next()
                .and_then(|first| first.parse::<u64>().ok());
            nanoseconds += first.unwrap_or_default();
        }
        Ok(Duration::from_nanos(nanoseconds))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept, and the client that has it.
struct Connection {
    stream: TcpStream,
    client: Client,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            client: Client::default(),
            buffer: Vec::with_capacity(4096),
        })
    }

    fn request(&self, path: &str) -> Vec<u8> {
        let cookies = self.client.cookies();
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n").into_bytes()
    }

    /// Sends, and reads the whole response into the buffer.
    async fn ask(&mut self, request: &[u8]) -> Result<()> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        while !is_whole(&self.buffer) {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        if self.buffer.starts_with(b"HTTP/1.1 200 ") {
            Ok(())
        } else {
            Err(Error::other("a status other than 200"))
        }
    }

    async fn seed(&mut self, path: &str) -> Result<()> {
        let request = self.request(path);
        self.ask(&request).await?;
        let head = String::from_utf8_lossy(&self.buffer);
        let header = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("set-cookie")
                .then(|| value.to_owned())
        };
        let set_cookies: Vec<String> = head.split("\r\n").filter_map(header).collect();
        self.client.receive(&set_cookies);
        Ok(())
    }
}

/// Head and body: all responses here have a length.
fn is_whole(response: &[u8]) -> bool {
    let Some(end) = response.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let length = response[..end]
        .split(|byte| *byte == b'\n')
        .find_map(|line| {
            let (name, value) = line.split_at_checked(15)?;
            let digits = std::str::from_utf8(value).ok()?.trim();
            name.eq_ignore_ascii_case(b"content-length:")
                .then(|| digits.parse::<usize>().ok())?
        });
    response.len() >= end + 4 + length.unwrap_or_default()
}

/// All connections at once for `span`; how many requests were answered.
async fn load(
    connections: &mut Vec<Connection>,
    paths: &'static [&'static str],
    span: Duration,
) -> Result<u64> {
    let start = Instant::now();
    let mut tasks = Vec::new();
    for mut connection in connections.drain(..) {
        tasks.push(tokio::spawn(async move {
            let requests: Vec<_> = paths.iter().map(|path| connection.request(path)).collect();
            let mut done = 0;
            while start.elapsed() < span {
                for request in &requests {
                    connection.ask(request).await?;
                    done += 1;
                }
            }
            Result::Ok((connection, done))
        }));
    }
    let mut all = 0;
    for task in tasks {
        let (connection, done) = task.await??;
        connections.push(connection);
        all += done;
    }
    Ok(all)
}

pub struct Line {
    name: &'static str,
    /// Requests a second, x the bare router's in the same round.
    ratio: Option<f64>,
    per_second: Option<f64>,
    /// Microseconds of the server's CPU time.
    cpu: Option<f64>,
}

/// The first subject is what the others are compared with.
pub fn measure(
    scenario: &'static Scenario,
    subjects: &[&'static Subject],
    rounds: usize,
    span: Duration,
) -> Result<Vec<Line>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut servers = Vec::new();
        for subject in subjects {
            let server = Server::start(subject)?;
            let mut connections = Vec::new();
            for _ in 0..CONNECTIONS {
                let mut connection = Connection::open(&server.address).await?;
                if let Who::Regular(seed) = scenario.who {
                    connection.seed(seed).await?;
                }
                connections.push(connection);
            }
            servers.push((server, connections, Vec::new()));
        }
        // The first round warms up.
        for round in 0..=rounds {
            for (server, connections, seen) in &mut servers {
                let (start, before) = (Instant::now(), server.cpu_time()?);
                let done = load(connections, scenario.paths, span).await? as f64;
                let (took, used) = (start.elapsed(), server.cpu_time()? - before);
                if round > 0 {
                    seen.push((done / took.as_secs_f64(), used.as_secs_f64() * 1e6 / done));
                }
            }
        }
        let bare: Arc<[f64]> = servers[0]
            .2
            .iter()
            .map(|(per_second, _)| *per_second)
            .collect();
        let lines = subjects
            .iter()
            .zip(&servers)
            .map(|(subject, (_, _, seen))| Line {
                name: subject.name,
                ratio: median(
                    seen.iter()
                        .zip(bare.iter())
                        .map(|((all, _), bare)| all / bare),
                ),
                per_second: median(seen.iter().map(|(all, _)| *all)),
                cpu: median(seen.iter().map(|(_, cpu)| *cpu)),
            });
        Ok(lines.collect())
    })
}

pub fn print(scenario: &Scenario, lines: &[Line]) {
    println!(
        "{}, {CONNECTIONS} connections over loopback",
        scenario.title
    );
    println!(
        "{:24}{:>8}{:>14}{:>14}{:>10}",
        "", "x bare", "requests/s", "server CPU", "over bare"
    );
    let base = lines.first().and_then(|line| line.cpu).unwrap_or_default();
    for line in lines {
        let (ratio, all, cpu) = (line.ratio, line.per_second, line.cpu);
        let (Some(ratio), Some(all), Some(cpu)) = (ratio, all, cpu) else {
            continue;
        };
        let over = cpu - base;
        println!(
            "{:24}{ratio:>8.2}{all:>14.0}{cpu:>11.1} us{over:>+7.1} us",
            line.name
        );
    }
    println!();
}

pub fn json(scenario: &Scenario, lines: &[Line]) -> Value {
    let line = |line: &Line| {
        json!({
            "name": line.name,
            "ratio": line.ratio,
            "requests_per_second": line.per_second,
            "server_cpu_microseconds": line.cpu,
        })
    };
    json!({ "scenario": scenario.name, "lines": lines.iter().map(line).collect::<Vec<_>>() })
}
