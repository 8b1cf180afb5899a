//! HTTP/1.1 over a socket, by hand: a connection a request, so that fifty are fifty, and one can be cut anywhere.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a browser remembers: the id of the session, in no other way than answers have told it.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) at: SocketAddr,
    pub(crate) id: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    Nothing,
    Removal,
    Id(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) told: Told,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) fn new(at: SocketAddr) -> Self {
        Self { at, id: None }
    }

    /// The same cookie, sent to another node.
    pub(crate) fn to(&self, at: SocketAddr) -> Self {
        Self {
            at,
            id: self.id.clone(),
        }
    }

    pub(crate) fn request(&self, path: &str) -> Vec<u8> {
        let cookie = self.id.as_ref().map_or_else(String::new, |id| {
            format!("Cookie: theme=dark; __Host-id={id}; lang=en\r\n")
        });
        let head = "Host: localhost\r\nContent-Length: 0\r\nConnection: close\r\n";
        format!("POST {path} HTTP/1.1\r\n{head}{cookie}\r\n").into_bytes()
    }

    /// Sends a request and keeps what comes back.
    pub(crate) async fn send(&mut self, path: &str) -> Answer {
        let answer = self.peek(path).await;
        self.keep(&answer);
        answer
    }

    /// Sends a request, and leaves the jar alone.
    pub(crate) async fn peek(&self, path: &str) -> Answer {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        stream.write_all(&self.request(path)).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        Answer::parse(&answer)
    }

    /// Does with an answer what a browser does when it arrives.
    pub(crate) fn keep(&mut self, answer: &Answer) {
        match &answer.told {
            Told::Nothing => {}
            Told::Removal => self.id = None,
            Told::Id(id) => self.id = Some(id.clone()),
        }
    }
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let mut told = Told::Nothing;
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            if !name.eq_ignore_ascii_case("set-cookie") {
                continue;
            }
            assert_eq!(told, Told::Nothing, "two cookies in {text}");
            let (pair, rest) = value.split_once("; ").unwrap();
            let id = pair.strip_prefix("__Host-id=").unwrap();
            told = if rest.contains("Max-Age=0") {
                Told::Removal
            } else {
                Told::Id(id.to_owned())
            };
        }
        Self {
            status: status.parse().unwrap(),
            told,
            body: body.to_owned(),
        }
    }

    /// Status and cookie, which are what most tests are about.
    pub(crate) fn says(&self) -> (u16, bool) {
        (self.status, self.told != Told::Nothing)
    }
}
