//! The contract, and what is this store's own.

session::testing::conformance!(async { crate::MemoryStore::new() });
