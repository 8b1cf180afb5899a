//! For tests: the contract as a suite, a clock that is told the time, stores that count and stores that fail, and a
//! client that tells what a handler did.
//!
//! - [`conformance!`](macro@conformance) runs the whole store contract against a store, one test a rule.
//! - [`ModelStore`] is the contract in its shortest form: one lock, three maps.
//! - [`FakeClock`] stands still until it is moved.
//! - [`CountingStore`] counts the calls that reach a store.
//! - [`SteppedStore`] holds each call until a test lets it proceed.
//! - [`TestSession`] runs a handler with a given session, and tells what it did.
//! - [`FaultStore`] fails, delays, hangs, loses answers and does things twice, on the call that a test names.

//!
//! # For the author of a store
//!
//! `Cargo.toml` has `session` with the feature `testing` under `[dev-dependencies]`, and a test file says:
//!
//! ```
//! // In place of `ModelStore`, your own.
//! use session::testing::ModelStore;
//!
//! mod contract {
//!     use super::*;
//!
//!     // Every rule of the contract, each as a test of its own on a store of its own.
//!     session::testing::conformance!(async { ModelStore::new() });
//! }
//!
//! // And what is your own: here that a sign-out whose answer is lost has been done.
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use session::testing::{CountingStore, Fault, FaultStore, Verb};
//! use session::{CreateOutcome, Data, Header, Lifetime, Op, Record, SessionId, SessionStore, Timestamp};
//! use std::{sync::Arc, time::Duration};
//!
//! let store = CountingStore::new(FaultStore::new(ModelStore::new()));
//! let op = Op {
//!     now: Timestamp::from_millis(1_700_000_000_000),
//!     grace: Duration::from_secs(10),
//!     max_skew: Duration::from_secs(60),
//! };
//! let key = SessionId::generate()?.store_key();
//! let header = Header::new(op.now, Lifetime::DEFAULT, Duration::from_secs(180));
//! let record = Arc::new(Record { header, data: Data::new() });
//! assert_eq!(store.create(&op, &key, record, None).await?, CreateOutcome::Created);
//!
//! store.get_ref().inject(Verb::Destroy, 1, Fault::LoseAnswer);
//! assert!(store.destroy(&op, &key).await.is_err());
//! assert!(!store.exists(&op, &key).await?);
//! assert_eq!(store.counts().total(), 3);
//! # Ok(())
//! # }
//! ```
//!
//! What the suite wants to know of a store (a dump of what it has written, an engine's own clock or expiry) is a
//! [`Fixture`](conformance::Fixture).

mod clock;
pub mod conformance;
mod counting;
mod fault;
mod fixture;
mod model;
mod stepped;
mod verb;

pub use crate::store::Verb;
pub use clock::FakeClock;
pub use counting::{CountingStore, Counts};
pub use fault::{Fault, FaultStore};
pub use fixture::{TestOutcome, TestSession};
pub use model::ModelStore;
pub use stepped::SteppedStore;

#[doc(inline)]
pub use crate::__conformance as conformance;
