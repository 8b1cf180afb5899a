//! The derive as a function of tokens.

mod errors;
mod snapshots;
mod soup;
