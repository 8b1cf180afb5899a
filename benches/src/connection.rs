//! Connections to a server.

use std::io::{Error, ErrorKind, Result};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::runner::{Answer, Ask};

/// A connection that is kept, and the client that has it.
pub struct Connection {
    stream: TcpStream,
    client: Client,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            client: Client::default(),
            buffer: Vec::with_capacity(4096),
        })
    }

    fn request(path: &str, cookies: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n").into_bytes()
    }

    /// Sends, and reads the whole response into the buffer.
    async fn send(&mut self, request: &[u8]) -> Result<()> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        while !is_whole(&self.buffer) {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// The same, of a request that is answered well.
    async fn ask(&mut self, request: &[u8]) -> Result<()> {
        self.send(request).await?;
        if self.buffer.starts_with(b"HTTP/1.1 200 ") {
            Ok(())
        } else {
            Err(Error::other("a status other than 200"))
        }
    }

    pub async fn seed(&mut self, path: &str) -> Result<()> {
        let request = Self::request(path, &self.client.cookies());
        self.ask(&request).await?;
        let answer = self.answer();
        self.client.receive(&answer.set_cookies);
        Ok(())
    }

    /// What stands in the buffer.
    fn answer(&self) -> Answer {
        let text = String::from_utf8_lossy(&self.buffer);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        let set_cookie = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("set-cookie")
                .then(|| value.to_owned())
        };
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Answer {
            status: status.unwrap_or_default(),
            set_cookies: head.split("\r\n").filter_map(set_cookie).collect(),
            body: body.to_owned(),
        }
    }
}

/// A connection to a server, for those who look at the answers.
pub struct Over<'a> {
    pub runtime: &'a Runtime,
    pub connection: Connection,
}

impl Ask for Over<'_> {
    fn ask(&mut self, path: &'static str, cookies: &str) -> Answer {
        let request = Connection::request(path, cookies);
        match self.runtime.block_on(self.connection.send(&request)) {
            Ok(()) => self.connection.answer(),
            Err(error) => Answer {
                status: 0,
                set_cookies: Vec::new(),
                body: error.to_string(),
            },
        }
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
pub async fn load(
    connections: &mut Vec<Connection>,
    paths: &'static [&'static str],
    span: Duration,
) -> Result<u64> {
    let start = Instant::now();
    let mut tasks = Vec::new();
    for mut connection in connections.drain(..) {
        tasks.push(tokio::spawn(async move {
            let cookies = connection.client.cookies();
            let request = |path: &&str| Connection::request(path, &cookies);
            let requests: Vec<_> = paths.iter().map(request).collect();
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
