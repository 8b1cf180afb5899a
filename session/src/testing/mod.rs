//! For tests: the contract as a suite, a clock that is told the time, stores that count and stores that fail.
//!
//! - [`conformance!`](macro@conformance) runs the whole store contract against a store, one test a rule.
//! - [`ModelStore`] is the contract in its shortest form: one lock, three maps.
//! - [`FakeClock`] stands still until it is moved.
//! - [`CountingStore`] counts the calls that reach a store.
//! - [`SteppedStore`] holds each call until a test lets it proceed.
//! - [`FaultStore`] fails, delays, hangs, loses answers and does things twice, on the call that a test names.

mod clock;
pub mod conformance;
mod counting;
mod fault;
mod model;
mod stepped;
mod verb;

pub use clock::FakeClock;
pub use counting::{CountingStore, Counts};
pub use fault::{Fault, FaultStore};
pub use model::ModelStore;
pub use stepped::SteppedStore;
pub use verb::Verb;

#[doc(inline)]
pub use crate::__conformance as conformance;
