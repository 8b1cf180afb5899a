//! A cluster of real servers.

use std::process::Command;
use std::sync::OnceLock;

use session::StoreKey;

use crate::redis_server::{Server, until};
use crate::sessions::fresh_key;

const SETTINGS: [&str; 14] = [
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
    // A node without slots stays what it is.
    "--cluster-allow-replica-migration",
    "no",
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
        cluster.wait("cluster_slots_ok", "16384");
        cluster.wait("cluster_state", "ok");
        cluster
    }

    /// Has each node tell this port, in order, in place of its own, and waits until all tell it of all. What they say to
    /// each other stays where it is.
    pub(crate) fn announce(&self, ports: &[u16]) {
        for (node, port) in self.nodes.iter().zip(ports) {
            for (what, port) in [
                ("cluster-announce-bus-port", node.port + 10_000),
                ("cluster-announce-port", *port),
            ] {
                let port = port.to_string();
                node.command::<String>(&[b"CONFIG", b"SET", what.as_bytes(), port.as_bytes()]);
            }
        }
        let told = |node: &Server| {
            let told: String = node.command(&[b"CLUSTER", b"NODES"]);
            ports.iter().all(|port| told.contains(&format!(":{port}@")))
        };
        until("all tell the ports", || self.nodes.iter().all(told));
        self.wait("cluster_state", "ok");
    }

    /// Adds a node that has no slots, and waits until all know it.
    pub(crate) fn add(&mut self) -> &Server {
        let node = Server::start(&SETTINGS);
        let port = self.nodes[0].port.to_string();
        node.command::<String>(&[b"CLUSTER", b"MEET", b"127.0.0.1", port.as_bytes()]);
        self.nodes.push(node);
        self.wait("cluster_known_nodes", &self.nodes.len().to_string());
        self.wait("cluster_slots_ok", "16384");
        self.wait("cluster_state", "ok");
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
            replica.info("replication", "master_link_status") == "up"
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
        SHARED.get_or_init(Self::start)
    }

    /// Waits until every node says this of the cluster.
    fn wait(&self, field: &str, value: &str) {
        let says = |node: &Server| {
            let told: String = node.command(&[b"CLUSTER", b"INFO"]);
            told.contains(&format!("{field}:{value}\r"))
        };
        until(field, || self.nodes.iter().all(says));
    }

    /// Begins to move a slot: it is on its way until [`end_move`](Self::end_move).
    pub(crate) fn begin_move(&self, slot: &str, from: usize, to: usize) {
        let (from, to) = (&self.nodes[from], &self.nodes[to]);
        let begin = |node: &Server, what: &str, other: &Server| {
            let words = [
                b"CLUSTER",
                &b"SETSLOT"[..],
                slot.as_bytes(),
                what.as_bytes(),
            ];
            node.command::<String>(&[&words[..], &[id(other).as_bytes()]].concat());
        };
        begin(to, "IMPORTING", from);
        begin(from, "MIGRATING", to);
    }

    /// Moves one key of the slot, if one is left.
    pub(crate) fn move_one(&self, slot: &str, from: usize, to: usize) -> bool {
        let from = &self.nodes[from];
        let words = [b"CLUSTER", &b"GETKEYSINSLOT"[..], slot.as_bytes(), b"1"];
        match from.command::<Vec<String>>(&words).first() {
            Some(name) => self.move_key(name, from, to),
            None => return false,
        }
        true
    }

    pub(crate) fn move_key(&self, name: &str, from: &Server, to: usize) {
        let port = self.nodes[to].port.to_string();
        let words = [
            b"MIGRATE",
            &b"127.0.0.1"[..],
            port.as_bytes(),
            name.as_bytes(),
        ];
        from.command::<String>(&[&words[..], &[b"0", b"5000"]].concat());
    }

    /// Moves what is left, and tells everybody whose the slot is, who gets it first.
    pub(crate) fn end_move(&self, slot: &str, from: usize, to: usize) {
        while self.move_one(slot, from, to) {}
        let id = id(&self.nodes[to]);
        let words = [
            b"CLUSTER",
            &b"SETSLOT"[..],
            slot.as_bytes(),
            b"NODE",
            id.as_bytes(),
        ];
        self.nodes[to].command::<String>(&words);
        self.nodes[from].command::<String>(&words);
    }

    /// The slot of a name.
    pub(crate) fn slot(&self, name: &str) -> String {
        let slot: u64 = self.nodes[0].command(&[b"CLUSTER", b"KEYSLOT", name.as_bytes()]);
        slot.to_string()
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Server::url).collect()
    }
}

/// What a node is called in its cluster.
pub(crate) fn id(node: &Server) -> String {
    node.command(&[b"CLUSTER", b"MYID"])
}
