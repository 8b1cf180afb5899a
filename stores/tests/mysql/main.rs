//! `MysqlStore` on servers that the tests start.
//!
//! What listens to all events of its process is a program of its own: `mysql_pool.rs`.

#![cfg(feature = "mysql")]
#![allow(clippy::unwrap_used)]

#[path = "../support/disk.rs"]
mod disk;
#[path = "../support/full.rs"]
mod full;
#[path = "../support/mysql_proxy.rs"]
mod mysql_proxy;
#[path = "../support/mysql_server.rs"]
mod mysql_server;
#[path = "../support/mysql_store.rs"]
mod mysql_store;
#[path = "../support/places.rs"]
mod places;
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
mod load;
mod no_room;
mod nodes;
mod owners;
