//! `RedisStore` on servers that the tests start.

#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used)]

#[path = "../support/places.rs"]
mod places;
#[path = "../support/proxy.rs"]
#[allow(dead_code)]
mod proxy;
#[path = "../support/redis_cluster.rs"]
mod redis_cluster;
#[path = "../support/redis_cluster_cuts.rs"]
mod redis_cluster_cuts;
#[path = "../support/redis_load.rs"]
mod redis_load;
#[path = "../support/redis_server.rs"]
mod redis_server;
#[path = "../support/sessions.rs"]
#[allow(dead_code)]
mod sessions;
#[path = "../support/writers.rs"]
mod writers;

mod answers;
mod cluster_conformance;
mod cluster_cut;
mod conformance;
mod costs;
mod cut;
mod failover;
mod faults;
mod instances;
mod large;
mod limit;
mod revocation;
mod slots;
