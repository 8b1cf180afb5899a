//! Runnable applications that use the `session` crate.
//!
//! | application | shows | run |
//! |---|---|---|
//! | [`storefront`] | a shop: cart, sign-in, protected pages, devices, messages, several stores | `cargo run -p examples --bin storefront` |
//! | `counter` | the smallest application | `cargo run -p examples --bin counter` |
//! | `hyper` | a tower service on hyper, without axum | `cargo run -p examples --no-default-features --bin hyper` |

#[cfg(feature = "axum")]
pub mod storefront;

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
