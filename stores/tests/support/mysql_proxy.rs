//! A proxy before a MySQL server that counts what clients ask.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::proxy::{self, Plan, SQL};

/// The driver's question whether a connection is in order, asked when a verb has its answer.
const PING: u8 = 0x0e;
/// A command that is not answered.
const CLOSE_STATEMENT: u8 = 0x19;

#[derive(Default)]
struct Heard {
    /// Of each connection, the packets that are not whole yet.
    packets: HashMap<u64, Vec<u8>>,
    /// The first byte of each command since the last plan.
    commands: Vec<u8>,
    /// How many bytes came back since the last of them.
    since: usize,
}

impl Heard {
    fn hear(&mut self, connection: u64, requests: bool, bytes: &[u8]) {
        if !requests {
            self.since += bytes.len();
            return;
        }
        let packets = self.packets.entry(connection).or_default();
        packets.extend_from_slice(bytes);
        for command in commands(packets) {
            self.commands.push(command);
            self.since = 0;
        }
    }
}

/// The proxy; its tasks end with the runtime of the test.
pub(crate) struct Proxy {
    proxy: proxy::Proxy,
    heard: Arc<Mutex<Heard>>,
}

impl Deref for Proxy {
    type Target = proxy::Proxy;
    fn deref(&self) -> &proxy::Proxy {
        &self.proxy
    }
}

impl Proxy {
    pub(crate) async fn start(upstream: u16) -> Self {
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let hears = Arc::clone(&heard);
        let watch = Box::new(move |connection, requests, bytes: &[u8]| {
            hears.lock().unwrap().hear(connection, requests, bytes);
        });
        let proxy = proxy::Proxy::watched(upstream, SQL, watch).await;
        Self { proxy, heard }
    }

    pub(crate) fn url(&self) -> String {
        format!("mysql://app@127.0.0.1:{}/sessions", self.port)
    }

    /// Does this from now on, and counts anew.
    pub(crate) fn plan(&self, plan: Plan) {
        let mut heard = self.heard.lock().unwrap();
        (heard.commands, heard.since) = (Vec::new(), 0);
        self.proxy.plan(plan);
    }

    /// How many commands that somebody waited for were sent since the last plan, each a round trip.
    pub(crate) fn round_trips(&self) -> usize {
        let heard = self.heard.lock().unwrap();
        let commands = heard.commands.iter();
        commands
            .filter(|&&c| c != PING && c != CLOSE_STATEMENT)
            .count()
    }

    /// Waits until the driver has its answer that the connection is in order.
    pub(crate) async fn settled(&self) {
        const PONG: usize = 11;
        let settled = || {
            let heard = self.heard.lock().unwrap();
            heard.commands.last() == Some(&PING) && heard.since >= PONG
        };
        while !settled() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // The connection is back in the pool once the driver has read that.
        tokio::time::sleep(Duration::from_millis(1)).await;
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
