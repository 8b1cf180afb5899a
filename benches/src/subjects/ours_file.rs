//! This library on its file store, in a directory of the system's temporary ones.

use session::SessionLayer;
use session_stores::{Durability, FileStore};

use super::Subject;
use super::ours::router;
use super::web::Web;
use crate::runner::in_thread;

pub const SUBJECT: Subject = Subject {
    name: "ours-file",
    what: "this library, FileStore that waits for the disk",
    build: Some(|runtime| {
        in_thread(runtime, async || {
            Web(router().layer(layer(Durability::Full)))
        })
    }),
    sessions: true,
    by_default: false,
    engine: None,
};

pub const PROCESS: Subject = Subject {
    name: "ours-file-process",
    what: "the same, Durability::Process",
    build: Some(|runtime| {
        in_thread(runtime, async || {
            Web(router().layer(layer(Durability::Process)))
        })
    }),
    sessions: true,
    by_default: false,
    engine: None,
};

/// The directory is left behind: a server here ends by being killed.
fn layer(durability: Durability) -> SessionLayer {
    let name = format!("session-benches-{:016x}", rand::random::<u64>());
    let root = std::env::temp_dir().join(name);
    let store = FileStore::builder(root).durability(durability).build();
    SessionLayer::new(store.expect("a directory that can be made"))
}
