//! The locks and counters that all threads share. Package `schedules` takes those of shuttle in their place.

#[cfg(not(session_shuttle))]
pub(super) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

#[cfg(session_shuttle)]
pub(super) use shuttle::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// In how many shards a small store is split. Under shuttle in few: each is a lock more that `gc` passes by.
pub(super) const FEWEST_SHARDS: usize = if cfg!(session_shuttle) { 5 } else { 64 };
