//! The nodes of a cluster, one link each, and who of them serves which slot.
//!
//! The driver has a client for clusters, which does not do here: without its retries it follows no `ASK`, with them it
//! repeats a save of which nobody knows whether it was done; it learns nothing from a node that hangs; and while it
//! looks for the cluster's new shape, one such node holds up the calls to all others.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::ConnectionLike;
use ::redis::{
    Client, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError, RedisResult, ServerErrorKind,
};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::told::{Address, SLOTS, Told, address, slot};
use crate::redis::link::{Link, Source};

/// So many nodes are asked at once, so that one that is behind is outvoted.
const ASKED: usize = 3;
/// How long the others have once one has answered.
const OTHERS: Duration = Duration::from_millis(50);
/// The cluster is looked at no sooner than so long after the last time.
const PAUSE: Duration = Duration::from_millis(100);

/// A cluster as far as it is known.
pub(crate) struct Nodes {
    /// The first node that was given: the others take the same credentials and settings.
    model: ConnectionInfo,
    seeds: Vec<Address>,
    connect_timeout: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of each slot, its primary.
    serving: Vec<Option<Arc<Link>>>,
    links: HashMap<Address, Arc<Link>>,
    /// Primaries and replicas.
    known: Vec<Address>,
    /// How many have been asked, so that others have their turn.
    turn: usize,
    looking: bool,
    looked: Option<Instant>,
}

impl Nodes {
    /// Finds the cluster that these nodes belong to.
    pub(crate) async fn find(
        given: Vec<ConnectionInfo>,
        connect_timeout: Duration,
    ) -> RedisResult<Arc<Self>> {
        let address = |node: &ConnectionInfo| match node.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Some((host.clone(), *port))
            }
            _ => None,
        };
        let seeds: Vec<_> = given.iter().filter_map(address).collect();
        let Some(model) = given.into_iter().find(|node| address(node).is_some()) else {
            let what = "a cluster is found by the addresses of its nodes";
            return Err((ErrorKind::InvalidClientConfig, what).into());
        };
        let nodes = Arc::new(Self {
            model,
            seeds,
            connect_timeout,
            state: Mutex::default(),
        });
        nodes.look().await?;
        Ok(nodes)
    }

    pub(crate) fn serving(&self, name: &str) -> Option<Arc<Link>> {
        self.lock().serving.get(slot(name))?.clone()
    }

    pub(crate) fn everywhere(&self) -> Vec<Arc<Link>> {
        let state = self.lock();
        let mut links = Vec::<Arc<Link>>::new();
        for link in state.serving.iter().flatten() {
            if !links.iter().any(|other| Arc::ptr_eq(other, link)) {
                links.push(Arc::clone(link));
            }
        }
        links
    }

    /// Goes where `MOVED` says from now on, and where `ASK` says this once. Anything else is a reason to look.
    pub(crate) fn follow(self: &Arc<Self>, error: &RedisError) -> Option<Arc<Link>> {
        let asks = match error.kind() {
            ErrorKind::Server(ServerErrorKind::Ask) => true,
            ErrorKind::Server(ServerErrorKind::TryAgain) => return None,
            _ => false,
        };
        let there = error.redirect_node();
        let there = there.and_then(|(there, slot)| Some((address(there)?, usize::from(slot))));
        let link = there.and_then(|(there, slot)| {
            let mut state = self.lock();
            let link = self.link(&mut state, &there).ok()?;
            if asks {
                return Some(link);
            }
            *state.serving.get_mut(slot)? = Some(link);
            None
        });
        if !asks {
            self.look_again();
        }
        link
    }

    /// Looks at the cluster beside the calls, if nobody does and nobody just did.
    pub(crate) fn look_again(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.looking || state.looked.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        state.looking = true;
        drop(state);
        let looking = Looking(Arc::clone(self));
        tokio::spawn(async move {
            // What fails is tried again by the next call that meets trouble.
            let _ = looking.0.look().await;
        });
    }

    /// Asks a few nodes, and further ones while none answers.
    async fn look(&self) -> RedisResult<()> {
        let mut candidates = {
            let mut state = self.lock();
            let mut known = state.known.clone();
            let turn = state.turn % known.len().max(1);
            known.rotate_left(turn);
            state.turn = state.turn.wrapping_add(ASKED);
            known
        };
        let seeds = self.seeds.iter().cloned();
        candidates.extend(seeds.filter(|seed| !self.lock().known.contains(seed)));
        let mut failure = (ErrorKind::ClusterConnectionNotFound, "no node tells").into();
        for few in candidates.chunks(ASKED) {
            match self.ask(few).await {
                Ok(told) => {
                    self.learn(told);
                    return Ok(());
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// The best answer of these nodes.
    async fn ask(&self, few: &[Address]) -> RedisResult<Told> {
        let mut asked = JoinSet::new();
        for node in few {
            let link = self.link(&mut self.lock(), node)?;
            let (host, within) = (node.0.clone(), self.connect_timeout);
            asked.spawn(async move {
                let answer = timeout(within, tell(&link, &host)).await;
                let silence =
                    || RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
                answer.unwrap_or_else(|_| Err(silence()))
            });
        }
        let mut until = Instant::now() + self.connect_timeout + OTHERS;
        let mut best: Option<Told> = None;
        let mut failure = (ErrorKind::ClusterConnectionNotFound, "no node tells").into();
        while let Ok(Some(Ok(answer))) = timeout_at(until, asked.join_next()).await {
            match answer {
                Ok(told) if told.ranges.is_empty() => {}
                Ok(told) => {
                    until = until.min(Instant::now() + OTHERS);
                    if best
                        .as_ref()
                        .is_none_or(|best| best.standing < told.standing)
                    {
                        best = Some(told);
                    }
                }
                Err(error) => failure = error,
            }
        }
        best.ok_or(failure)
    }

    fn learn(&self, told: Told) {
        let mut state = self.lock();
        let mut serving = vec![None; SLOTS];
        let mut known = Vec::new();
        for (from, to, nodes) in told.ranges {
            if let Some(primary) = nodes.first()
                && let Ok(link) = self.link(&mut state, primary)
            {
                serving[from..=to].fill(Some(link));
            }
            known.extend(nodes);
        }
        known.sort_unstable();
        known.dedup();
        state
            .links
            .retain(|node, _| known.binary_search(node).is_ok());
        (state.serving, state.known) = (serving, known);
    }

    fn link(&self, state: &mut State, node: &Address) -> RedisResult<Arc<Link>> {
        if let Some(link) = state.links.get(node) {
            return Ok(Arc::clone(link));
        }
        let (host, port) = node.clone();
        let there = match self.model.addr() {
            ConnectionAddr::TcpTls {
                insecure,
                tls_params,
                ..
            } => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: *insecure,
                tls_params: tls_params.clone(),
            },
            _ => ConnectionAddr::Tcp(host, port),
        };
        let client = Client::open(self.model.clone().set_addr(there))?;
        let link = Arc::new(Link::new(Source::Client(client), self.connect_timeout));
        state.links.insert(node.clone(), Arc::clone(&link));
        Ok(link)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the node behind this link tells.
async fn tell(link: &Link, host: &str) -> RedisResult<Told> {
    let (generation, mut connection) = link.connection().await?;
    let mut questions = ::redis::pipe();
    questions.cmd("CLUSTER").arg("INFO");
    questions.cmd("CLUSTER").arg("SLOTS");
    match connection.req_packed_commands(&questions, 0, 2).await {
        Ok(answers) => Told::new(answers, host),
        Err(error) => {
            link.retire(generation);
            Err(error)
        }
    }
}

/// Somebody looks; also when the runtime ends under it, nobody does any more.
struct Looking(Arc<Nodes>);

impl Drop for Looking {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        (state.looking, state.looked) = (false, Some(Instant::now()));
    }
}

impl fmt::Debug for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Addresses may carry a password.
        f.debug_struct("Nodes").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::redis::{IntoConnectionInfo, parse_redis_value};

    #[tokio::test]
    async fn a_redirection_is_followed_at_once() {
        let state = State {
            serving: vec![None; SLOTS],
            ..State::default()
        };
        let nodes = Arc::new(Nodes {
            model: "redis://127.0.0.1:1/".into_connection_info().unwrap(),
            seeds: Vec::new(),
            connect_timeout: Duration::from_secs(1),
            state: Mutex::new(state),
        });
        let follow = |line: &str| {
            let value = parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
            nodes.follow(&value.extract_error().unwrap_err())
        };
        assert!(nodes.serving("foo").is_none());
        assert!(follow("MOVED 12182 127.0.0.1:2").is_none());
        let moved = nodes.serving("foo").unwrap();
        let asked = follow("ASK 12182 127.0.0.1:3").unwrap();
        assert!(!Arc::ptr_eq(&asked, &moved));
        for nowhere in [
            "MOVED 99999 127.0.0.1:3",
            "MOVED 12182 :3",
            "MOVED",
            "TRYAGAIN",
        ] {
            assert!(follow(nowhere).is_none(), "{nowhere}");
            assert!(Arc::ptr_eq(&nodes.serving("foo").unwrap(), &moved));
        }
    }
}
