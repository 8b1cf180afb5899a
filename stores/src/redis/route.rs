//! Which node a call goes to.

use std::sync::Arc;

use ::redis::RedisError;

use super::cluster::Nodes;
use super::link::Link;

/// The way to whoever serves a name.
#[derive(Debug)]
pub(super) enum Route {
    /// One node holds everything.
    Alone(Arc<Link>),
    Cluster(Arc<Nodes>),
}

impl Route {
    pub(super) fn alone(&self) -> bool {
        matches!(self, Self::Alone(_))
    }

    /// The node that serves this name; `None` if nobody is known to.
    pub(super) fn to(&self, name: &str) -> Option<Arc<Link>> {
        match self {
            Self::Alone(link) => Some(Arc::clone(link)),
            Self::Cluster(nodes) => nodes.serving(name),
        }
    }

    /// Every node that serves something.
    pub(super) fn everywhere(&self) -> Vec<Arc<Link>> {
        match self {
            Self::Alone(link) => vec![Arc::clone(link)],
            Self::Cluster(nodes) => nodes.everywhere(),
        }
    }

    /// Learns from a call that met nobody, or the wrong node. Gives the node that is to be asked this once.
    pub(super) fn follow(&self, error: &RedisError) -> Option<Arc<Link>> {
        match self {
            Self::Alone(_) => None,
            Self::Cluster(nodes) => nodes.follow(error),
        }
    }

    /// A node did not answer, or not as it should: another may have taken its place.
    pub(super) fn doubt(&self) {
        if let Self::Cluster(nodes) = self {
            nodes.look_again();
        }
    }
}
