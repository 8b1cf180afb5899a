//! `PostgresStore` on servers that the tests start.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used)]

#[path = "../support/disk.rs"]
mod disk;
#[path = "../support/full.rs"]
mod full;
#[path = "../support/postgres_server.rs"]
mod postgres_server;
#[path = "../support/proxy.rs"]
#[allow(dead_code)]
mod proxy;
#[path = "../support/sessions.rs"]
mod sessions;
#[path = "../support/writers.rs"]
mod writers;

mod conformance;
mod costs;
mod cut;
mod faults;
mod no_room;
mod owners;
mod place;
mod setup;
mod together;
