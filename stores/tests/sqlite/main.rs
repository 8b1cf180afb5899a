//! `SqliteStore` on databases that the tests make.
//!
//! What listens to all events of its process is a program of its own: `sqlite_costs.rs`.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used)]

#[path = "../support/disk.rs"]
mod disk;
#[path = "../support/sessions.rs"]
#[allow(dead_code)]
mod sessions;
#[path = "../support/sqlite_file.rs"]
mod sqlite_file;

mod conformance;
mod faults;
mod full;
mod queue;
mod reads;
mod setup;
