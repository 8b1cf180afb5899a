//! A proxy before a server that does to the bytes what a test says.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to the bytes from now on.
#[derive(Clone, Debug, Default)]
pub(crate) enum Plan {
    #[default]
    Pass,
    /// After so many more bytes of requests, all connections end; then as `then` says.
    CutRequest { after: usize, then: Box<Self> },
    /// The same with replies.
    CutReply { after: usize, then: Box<Self> },
    /// Whoever connects is cut off at once.
    Dead,
    /// The next two replies, of one connection or of two, are mixed up.
    Mix(Mix),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Mix {
    /// They change places.
    Swap,
    /// The first one is sent again in place of the second.
    Repeat,
    /// The first one comes only with the second.
    Delay,
}

/// What a server's replies are.
#[derive(Clone, Copy)]
pub(crate) struct Replies {
    /// How long the one is that these bytes begin with, once it is there as a whole.
    whole: fn(&[u8]) -> Option<usize>,
    /// What is shorter answers no call, but a question of the driver's.
    least: usize,
}

pub(crate) const REDIS: Replies = Replies {
    whole: resp,
    least: 0,
};

/// A server that sends a short reply in one piece, and answers a connection's next request only then.
pub(crate) const SQL: Replies = Replies {
    whole: |bytes| (!bytes.is_empty()).then_some(bytes.len()),
    least: 20,
};

/// What is told of the bytes of a connection, of its requests or of its replies.
type Watch = Box<dyn Fn(u64, bool, &[u8]) + Send + Sync>;

/// The client's end of a connection, or the server's.
type Out = Arc<tokio::sync::Mutex<OwnedWriteHalf>>;

#[derive(Default)]
struct State {
    plan: Plan,
    requested: usize,
    replied: usize,
    /// The first of two replies that are mixed up, and whose it is.
    held: Option<(Out, Vec<u8>)>,
}

/// The proxy; its tasks end with the runtime of the test.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    kind: Replies,
    watch: Arc<Watch>,
    state: Arc<Mutex<State>>,
    /// Counts cuts: each ends the connections that there are.
    cut: watch::Sender<u64>,
    /// Those of all proxies that go by one plan.
    cuts: Arc<Mutex<Vec<watch::Sender<u64>>>>,
}

impl Proxy {
    pub(crate) async fn start(upstream: u16, kind: Replies) -> Self {
        Self::watched(upstream, kind, Box::new(|_, _, _| ())).await
    }

    pub(crate) async fn watched(upstream: u16, kind: Replies, watch: Watch) -> Self {
        let first = Self {
            port: 0,
            kind,
            watch: Arc::new(watch),
            state: Arc::default(),
            cut: watch::Sender::new(0),
            cuts: Arc::default(),
        };
        first.beside(upstream).await
    }

    /// Another one, before another server: they go by one plan and count together. A cut ends the connections of the
    /// one where it happens, and those of all if nobody can connect after it.
    pub(crate) async fn beside(&self, upstream: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut proxy = self.clone();
        proxy.port = listener.local_addr().unwrap().port();
        proxy.cut = watch::Sender::new(0);
        proxy.cuts.lock().unwrap().push(proxy.cut.clone());
        tokio::spawn(proxy.clone().accept(listener, upstream));
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Does this from now on, and counts bytes anew.
    pub(crate) fn plan(&self, plan: Plan) {
        *self.state.lock().unwrap() = State {
            plan,
            ..State::default()
        };
    }

    /// How many bytes went either way since the last plan.
    pub(crate) fn counted(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap();
        (state.requested, state.replied)
    }

    /// Whether a planned cut has happened.
    pub(crate) fn was_cut(&self) -> bool {
        let state = self.state.lock().unwrap();
        !matches!(state.plan, Plan::CutRequest { .. } | Plan::CutReply { .. })
    }

    /// Whether two replies have been mixed up as planned.
    pub(crate) fn has_mixed(&self) -> bool {
        !matches!(self.state.lock().unwrap().plan, Plan::Mix(_))
    }

    async fn accept(self, listener: TcpListener, upstream: u16) {
        for number in 0.. {
            let Ok((client, _)) = listener.accept().await else {
                break;
            };
            if matches!(self.state.lock().unwrap().plan, Plan::Dead) {
                continue;
            }
            let cut = self.cut.subscribe();
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).await else {
                continue;
            };
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let forward = |from, to: OwnedWriteHalf, requests| {
                let to = Arc::new(tokio::sync::Mutex::new(to));
                let forward = self
                    .clone()
                    .forward(number, from, to, requests, cut.clone());
                tokio::spawn(forward);
            };
            forward(from_client, to_server, true);
            forward(from_server, to_client, false);
        }
    }

    async fn forward(
        self,
        number: u64,
        mut from: OwnedReadHalf,
        to: Out,
        requests: bool,
        mut cut: watch::Receiver<u64>,
    ) {
        let mut buffer = vec![0; 64 * 1024];
        let mut replies = Vec::new();
        loop {
            let read = tokio::select! {
                read = from.read(&mut buffer) => read,
                _ = cut.changed() => break,
            };
            let Ok(len @ 1..) = read else { break };
            (self.watch)(number, requests, &buffer[..len]);
            let (sent, cuts) = match self.mix(&to, &buffer[..len], requests, &mut replies) {
                Some(sent) => (sent, false),
                None => {
                    let (len, cuts) = self.pass(len, requests);
                    (vec![(Arc::clone(&to), buffer[..len].to_vec())], cuts)
                }
            };
            let mut ended = cuts;
            for (out, bytes) in sent {
                let written = out.lock().await.write_all(&bytes).await;
                ended |= written.is_err() && Arc::ptr_eq(&out, &to);
            }
            if cuts {
                self.end_connections();
            }
            if ended {
                break;
            }
        }
    }

    fn end_connections(&self) {
        let everywhere = matches!(self.state.lock().unwrap().plan, Plan::Dead);
        let cuts = self.cuts.lock().unwrap();
        let here = |cut: &&watch::Sender<u64>| everywhere || cut.same_channel(&self.cut);
        for cut in cuts.iter().filter(here) {
            cut.send_modify(|cuts| *cuts += 1);
        }
    }

    /// How many of so many bytes are sent on, and whether the connections are cut after them.
    fn pass(&self, len: usize, requests: bool) -> (usize, bool) {
        let mut state = self.state.lock().unwrap();
        let counted = if requests {
            &mut state.requested
        } else {
            &mut state.replied
        };
        let before = *counted;
        *counted += len;
        let now = *counted;
        match &mut state.plan {
            Plan::CutRequest { after, then } if requests && now >= *after => {
                let rest = *after - before;
                state.plan = std::mem::take(then);
                (rest, true)
            }
            Plan::CutReply { after, then } if !requests && now >= *after => {
                let rest = *after - before;
                state.plan = std::mem::take(then);
                (rest, true)
            }
            _ => (len, false),
        }
    }

    /// What is sent to whom in place of these bytes, if replies are mixed up.
    fn mix(
        &self,
        to: &Out,
        bytes: &[u8],
        requests: bool,
        replies: &mut Vec<u8>,
    ) -> Option<Vec<(Out, Vec<u8>)>> {
        let mut state = self.state.lock().unwrap();
        let Plan::Mix(mix) = state.plan else {
            return None;
        };
        if requests || replies.is_empty() && bytes.len() < self.kind.least {
            return None;
        }
        replies.extend_from_slice(bytes);
        while let Some(len) = (self.kind.whole)(replies) {
            let second: Vec<u8> = replies.drain(..len).collect();
            let Some((other, first)) = state.held.take() else {
                state.held = Some((Arc::clone(to), second));
                continue;
            };
            state.plan = Plan::Pass;
            let (to, rest) = (Arc::clone(to), std::mem::take(replies));
            let [for_other, for_this] = match mix {
                Mix::Swap => [second, first],
                Mix::Repeat => [first.clone(), first],
                Mix::Delay => [first, second],
            };
            return Some(vec![(other, for_other), (to, [for_this, rest].concat())]);
        }
        Some(Vec::new())
    }
}

/// How long the first reply is, once it is there as a whole.
fn resp(bytes: &[u8]) -> Option<usize> {
    let line = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let number = || str::from_utf8(&bytes[1..line]).ok()?.parse::<i64>().ok();
    let mut len = line + 2;
    match bytes[0] {
        b'$' => len += number().filter(|n| *n >= 0).map_or(0, |n| n as usize + 2),
        b'*' => {
            for _ in 0..number()?.max(0) {
                len += resp(bytes.get(len..)?)?;
            }
        }
        _ => {}
    }
    (len <= bytes.len()).then_some(len)
}
