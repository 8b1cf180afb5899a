//! A proxy before a MySQL server that counts what clients ask and cuts connections where a test says.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The driver's question whether a connection is in order, asked when a verb has its answer.
const PING: u8 = 0x0e;
/// A command that is not answered.
const CLOSE_STATEMENT: u8 = 0x19;

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
}

#[derive(Default)]
struct State {
    plan: Plan,
    requested: usize,
    replied: usize,
    /// The first byte of each command since the last plan.
    commands: Vec<u8>,
    /// How many bytes came back since the last of them.
    since: usize,
}

/// The proxy; its tasks end with the runtime of the test.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    /// Counts cuts: each ends the connections that there are.
    cut: watch::Sender<u64>,
}

impl Proxy {
    pub(crate) async fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::default(),
            cut: watch::Sender::new(0),
        };
        tokio::spawn(proxy.clone().accept(listener, upstream));
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("mysql://app@127.0.0.1:{}/sessions", self.port)
    }

    /// Does this from now on, and counts anew.
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

    /// How many commands that somebody waited for were sent since the last plan, each a round trip.
    pub(crate) fn round_trips(&self) -> usize {
        let state = self.state.lock().unwrap();
        let commands = state.commands.iter();
        commands
            .filter(|&&c| c != PING && c != CLOSE_STATEMENT)
            .count()
    }

    /// Waits until the driver has its answer that the connection is in order.
    pub(crate) async fn settled(&self) {
        const PONG: usize = 11;
        let settled = || {
            let state = self.state.lock().unwrap();
            state.commands.last() == Some(&PING) && state.since >= PONG
        };
        while !settled() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // The connection is back in the pool once the driver has read that.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Whether a planned cut has happened.
    pub(crate) fn was_cut(&self) -> bool {
        let state = self.state.lock().unwrap();
        !matches!(state.plan, Plan::CutRequest { .. } | Plan::CutReply { .. })
    }

    async fn accept(self, listener: TcpListener, upstream: u16) {
        while let Ok((client, _)) = listener.accept().await {
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
            let requests = self
                .clone()
                .forward(from_client, to_server, true, cut.clone());
            tokio::spawn(requests);
            tokio::spawn(self.clone().forward(from_server, to_client, false, cut));
        }
    }

    async fn forward(
        self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        requests: bool,
        mut cut: watch::Receiver<u64>,
    ) {
        let mut buffer = vec![0; 64 * 1024];
        let mut frames = Vec::new();
        loop {
            let read = tokio::select! {
                read = from.read(&mut buffer) => read,
                _ = cut.changed() => break,
            };
            let Ok(len @ 1..) = read else { break };
            let (bytes, cuts) = self.pass(&buffer[..len], requests, &mut frames);
            let written = to.write_all(&bytes).await;
            if cuts {
                self.cut.send_modify(|cuts| *cuts += 1);
            }
            if cuts || written.is_err() {
                break;
            }
        }
    }

    /// What is sent on of these bytes, and whether the connections are cut after it.
    fn pass(&self, bytes: &[u8], requests: bool, frames: &mut Vec<u8>) -> (Vec<u8>, bool) {
        let mut state = self.state.lock().unwrap();
        if requests {
            frames.extend_from_slice(bytes);
            for command in commands(frames) {
                state.commands.push(command);
                state.since = 0;
            }
        } else {
            state.since += bytes.len();
        }
        let counted = if requests {
            &mut state.requested
        } else {
            &mut state.replied
        };
        let before = *counted;
        *counted += bytes.len();
        let now = *counted;
        match &mut state.plan {
            Plan::CutRequest { after, then } if requests && now >= *after => {
                let rest = *after - before;
                state.plan = std::mem::take(then);
                (bytes[..rest].to_vec(), true)
            }
            Plan::CutReply { after, then } if !requests && now >= *after => {
                let rest = *after - before;
                state.plan = std::mem::take(then);
                (bytes[..rest].to_vec(), true)
            }
            _ => (bytes.to_vec(), false),
        }
    }
}

/// The first bytes of the commands among the packets that are complete, which are taken off. What belongs to a
/// handshake has another number than a command.
fn commands(frames: &mut Vec<u8>) -> Vec<u8> {
    let mut commands = Vec::new();
    while let [a, b, c, number, ..] = frames[..] {
        let end = 4 + u32::from_le_bytes([a, b, c, 0]) as usize;
        if frames.len() < end {
            break;
        }
        if number == 0 {
            commands.extend(frames.get(4));
        }
        frames.drain(..end);
    }
    commands
}
