//! A cluster of real servers.

use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use session::StoreKey;

use crate::redis_server::Server;
use crate::redis_session::fresh_key;

const SETTINGS: [&str; 12] = [
    "--cluster-enabled",
    "yes",
    "--cluster-node-timeout",
    "1000",
    "--cluster-replica-validity-factor",
    "0",
    "--repl-diskless-sync-delay",
    "0",
    "--repl-ping-replica-period",
    "1",
    // While one node is away the others go on.
    "--cluster-require-full-coverage",
    "no",
];

/// Primaries and their replicas, killed when this is dropped.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Server>,
}

impl Cluster {
    /// Three primaries.
    pub(crate) fn start() -> Self {
        let nodes: Vec<_> = (0..3).map(|_| Server::start(&SETTINGS)).collect();
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        let output = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .arg("--cluster-yes")
            .output()
            .expect("redis-cli runs");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "no cluster: {told}");
        let cluster = Self { nodes };
        cluster.wait("cluster_slots_ok:16384", |node| {
            node.command(&[b"CLUSTER", b"INFO"])
        });
        cluster
    }

    /// Adds a node that has no slots, and waits until all know it.
    pub(crate) fn add(&mut self) -> &Server {
        let node = Server::start(&SETTINGS);
        let port = self.nodes[0].port.to_string();
        node.command::<String>(&[b"CLUSTER", b"MEET", b"127.0.0.1", port.as_bytes()]);
        self.nodes.push(node);
        let known = format!("cluster_known_nodes:{}", self.nodes.len());
        self.wait(&known, |node| node.command(&[b"CLUSTER", b"INFO"]));
        self.wait("cluster_slots_ok:16384", |node| {
            node.command(&[b"CLUSTER", b"INFO"])
        });
        self.nodes.last().expect("it was added")
    }

    /// Adds a replica of this node, and waits until it has what that has.
    pub(crate) fn add_replica(&mut self, of: usize) -> &Server {
        let id = id(&self.nodes[of]);
        let replica = self.add();
        until("the replica knows its primary", || {
            let replicate = [b"CLUSTER", &b"REPLICATE"[..], id.as_bytes()];
            replica.try_command::<String>(&replicate).is_ok()
        });
        until("the replica has its primary's data", || {
            info(replica, "replication", "master_link_status") == "up"
        });
        replica
    }

    /// A key whose slot this node serves.
    pub(crate) fn key_on(&self, node: usize) -> StoreKey {
        loop {
            let key = fresh_key();
            let tag = key.tag();
            let name = format!("{{{:02x}{:02x}}}", tag[0], tag[1]);
            let here = self.nodes[node].try_command::<Option<String>>(&[b"GET", name.as_bytes()]);
            if here.is_ok() {
                return key;
            }
        }
    }

    /// One cluster for all tests of the process that want no other.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start())
    }

    /// Waits until every node that answers tells one of the words.
    pub(crate) fn wait(&self, words: &str, ask: impl Fn(&Server) -> String) {
        let start = Instant::now();
        for node in &self.nodes {
            while !words.split('|').any(|word| ask(node).contains(word)) {
                assert!(
                    start.elapsed() < Duration::from_secs(30),
                    "the cluster does not come up"
                );
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Server::url).collect()
    }
}

/// What a node is called in its cluster.
pub(crate) fn id(node: &Server) -> String {
    node.command(&[b"CLUSTER", b"MYID"])
}

/// A field of a section of `INFO`.
pub(crate) fn info(node: &Server, section: &str, field: &str) -> String {
    let told: String = node.command(&[b"INFO", section.as_bytes()]);
    let of_field = |line: &str| Some(line.strip_prefix(field)?.strip_prefix(':')?.to_owned());
    told.lines().find_map(of_field).unwrap_or_default()
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
