//! Stores for `session`: one module and one feature a backend.

#[cfg(feature = "redis")]
pub mod redis;
