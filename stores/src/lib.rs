//! Session stores for [`session`]: one module and one feature per backend.

#[cfg(feature = "memory")]
pub mod memory;

#[cfg(feature = "memory")]
pub use memory::MemoryStore;
