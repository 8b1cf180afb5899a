//! What requests do to sessions, and what their clients are told.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod at_once;
mod cookies;
mod deadlines;
mod gone;
mod kept;
mod listing;
mod metered;
mod replay;
mod revoked;
mod turns;
