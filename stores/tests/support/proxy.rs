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
    /// The next two replies change places.
    Swap { held: Option<Vec<u8>> },
    /// The next reply is sent again in place of the one after it.
    Repeat { held: Option<Vec<u8>> },
    /// The next reply comes only with the one after it.
    Delay { held: Option<Vec<u8>> },
}

#[derive(Default)]
struct State {
    plan: Plan,
    requested: usize,
    replied: usize,
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
            tokio::spawn(
                self.clone()
                    .forward(from_client, to_server, true, cut.clone()),
            );
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
            Plan::Swap { held } if !requests => match two(frames, bytes, held) {
                None => (Vec::new(), false),
                Some((first, second)) => {
                    state.plan = Plan::Pass;
                    ([second, first].concat(), false)
                }
            },
            Plan::Repeat { held } if !requests => match two(frames, bytes, held) {
                None => (Vec::new(), false),
                Some((first, _)) => {
                    state.plan = Plan::Pass;
                    ([first.clone(), first].concat(), false)
                }
            },
            Plan::Delay { held } if !requests => match two(frames, bytes, held) {
                None => (Vec::new(), false),
                Some((first, second)) => {
                    state.plan = Plan::Pass;
                    ([first, second].concat(), false)
                }
            },
            _ => (bytes.to_vec(), false),
        }
    }
}

/// Collects two replies.
fn two(
    frames: &mut Vec<u8>,
    bytes: &[u8],
    held: &mut Option<Vec<u8>>,
) -> Option<(Vec<u8>, Vec<u8>)> {
    frames.extend_from_slice(bytes);
    while let Some(len) = frame_len(frames) {
        let frame: Vec<u8> = frames.drain(..len).collect();
        if let Some(first) = held.take() {
            return Some((first, frame));
        }
        *held = Some(frame);
    }
    None
}

/// How long the first reply is, once it is there as a whole.
fn frame_len(bytes: &[u8]) -> Option<usize> {
    let line = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let number = || str::from_utf8(&bytes[1..line]).ok()?.parse::<i64>().ok();
    let mut len = line + 2;
    match bytes[0] {
        b'$' => len += number().filter(|n| *n >= 0).map_or(0, |n| n as usize + 2),
        b'*' => {
            for _ in 0..number()?.max(0) {
                len += frame_len(bytes.get(len..)?)?;
            }
        }
        _ => {}
    }
    (len <= bytes.len()).then_some(len)
}
