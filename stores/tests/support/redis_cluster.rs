//! A cluster of real servers.

use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::redis_server::Server;

/// Primaries and their replicas, killed when this is dropped.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Server>,
}

impl Cluster {
    /// Three primaries with so many replicas each.
    pub(crate) fn start(replicas: usize) -> Self {
        let settings = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "1000",
            "--cluster-replica-validity-factor",
            "0",
            "--repl-diskless-sync-delay",
            "0",
        ];
        let nodes: Vec<_> = (0..3 * (1 + replicas))
            .map(|_| Server::start(&settings))
            .collect();
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        let output = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .args(["--cluster-yes", "--cluster-replicas", &replicas.to_string()])
            .output()
            .expect("redis-cli runs");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "no cluster: {told}");
        let cluster = Self { nodes };
        cluster.wait("cluster_state:ok", |node| {
            node.command(&[b"CLUSTER", b"INFO"])
        });
        if replicas > 0 {
            cluster.wait("link_status:up|role:master", |node| {
                node.command(&[b"INFO", b"replication"])
            });
        }
        cluster
    }

    /// One cluster for all tests of the process that want no other.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(0))
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
