//! A client with a cookie jar, over TCP, and programs to talk to.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "only tests are built from this")]

pub(crate) mod client;
pub(crate) mod program;
