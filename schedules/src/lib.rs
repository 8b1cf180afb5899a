//! The memory store of `session-stores`, file for file, over the locks and counters of shuttle in place of the standard
//! library's: its tests decide who goes next at each of them.

#[allow(
    dead_code,
    reason = "of what helps its tests, the schedules use a part"
)]
#[path = "../../stores/src/memory/mod.rs"]
mod memory;

pub use memory::{MemoryStore, MemoryStoreBuilder};
