//! placeholder

#[cfg(feature = "file")]
mod file;

#[cfg(feature = "file")]
pub use file::{Durability, FileStore, FileStoreBuilder, FileStoreError};
