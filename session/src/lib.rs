//! Typed HTTP sessions for [axum](https://docs.rs/axum), and for any [tower](https://docs.rs/tower) service.
//!
//! A plain struct with `#[derive(SessionSchema)]` becomes a typed view of an untyped session map. One middleware
//! loads and commits. Three promises:
//!
//! 1. **Types are proved once.** A handler that asks for [`Typed<SignedIn>`](Typed) cannot run without a signed-in
//!    user; a wrong type, key or attribute is a compile error at the user's own tokens.
//! 2. **Nothing is lost, nothing comes back.** Concurrent requests on one session keep each other's changes; a
//!    session that was logged out, rotated or expired is never revived by a late request; a login never leaves the
//!    old id alive.
//! 3. **It costs nothing until it is used.** A request that does not touch its session pays no store call; a read is
//!    one round trip, a write two.
//!
//! # Example
//!
#![cfg_attr(feature = "axum", doc = "```")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use axum::{Router, routing::get};
//! use session::{SessionLayer, SessionSchema, Typed};
//!
//! #[derive(SessionSchema)]
//! struct Account {
//!     /// Who is signed in. Setting it rotates the session id.
//!     #[session(owner)]
//!     user_id: Option<u64>,
//!     #[session(default)]
//!     visits: u64,
//!     #[session(flash)]
//!     notices: Vec<String>,
//! }
//!
//! async fn home(account: Typed<Account>) -> String {
//!     account.update_visits(|visits| *visits += 1); // atomic across concurrent requests
//!     format!("visit {} {:?}", account.visits(), account.take_notices())
//! }
//!
//! # fn app(store: impl session::SessionStore) -> Router {
//! Router::new().route("/", get(home)).layer(SessionLayer::new(store))
//! # }
//! ```
//!
//! Stores live in the package `session-stores`: memory, files, and servers.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `derive` | yes | `#[derive(SessionSchema)]`; turns on `tower` |
//! | `tower` | yes | the handle, the commit engine and the middleware; needs a tokio runtime with timers |
//! | `axum` | yes | extractors, rejections and responses for axum 0.8; turns on `tower` |
//! | `sealed` | no | records encrypted at rest, for stores that hold bytes: [`Codec`] |
//! | `testing` | no | the conformance suite for store authors, a fake clock, stores that count and stores that fail |
//!
//! Without any of them the crate is the data model and the store contract: what a store depends on.
//!
//! # What a request costs
//!
//! | request | store calls |
//! |---|---|
//! | does not touch its session | 0 |
//! | reads (a due renewal included) | 1 |
//! | writes | 2: read and save |
//! | writes for the first time | 1: create |
//! | rotates, or signs in on a live session | 2: read and rotate |
//! | logs out | 2: read and destroy; 1 through [`LazySession`] |
//!
//! Plus one for each conflict with another request, and for each further well-formed cookie of the session's name.
//! [`performance`] has times and bytes, and how they are measured.
//!
//! # What can be watched
//!
//! `tracing` events of the target `session` tell what happened (created, rotated, destroyed, gone, conflict, several
//! cookies, damaged, refused, a store that failed), and never an id, a hash or a value. [`MeteredStore`] tells a hook of
//! each store call: loads, saves, conflicts, renewals, bytes and latency.
//!
//! # Sources
//!
//! The rules come from OWASP ASVS 5.0 (V3.3, V7) and the OWASP Session Management Cheat Sheet, NIST SP 800-63B-4 and
//! RFC 6265bis; each item names the one that it follows.

#![cfg_attr(
    not(feature = "tower"),
    allow(dead_code, reason = "the handle uses the rest of the data model")
)]

#[doc = include_str!("performance.md")]
pub mod performance {}

mod base64url;
mod codec;
mod data;
mod error;
mod id;
mod record;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod time;

#[cfg(feature = "tower")]
mod changes;
#[cfg(feature = "tower")]
mod commit;
#[cfg(feature = "tower")]
mod config;
#[cfg(feature = "tower")]
mod events;
#[cfg(feature = "axum")]
mod extract;
#[cfg(feature = "tower")]
mod handle;
#[cfg(feature = "tower")]
mod layer;
#[cfg(feature = "tower")]
mod rejection;
#[cfg(feature = "tower")]
mod schema;
#[cfg(feature = "tower")]
mod shared;
#[cfg(feature = "tower")]
mod store_handle;
#[cfg(feature = "tower")]
mod transport;
#[cfg(feature = "tower")]
mod typed;

pub use codec::{Codec, DecodeError};
#[cfg(feature = "sealed")]
pub use codec::{KeyId, KeyRing, ParseKeyIdError, SealingKey, SealingKeyError};
pub use data::{Data, SessionValue, Value};
pub use error::{Error, ErrorKind};
pub use id::{IdText, OwnerKey, RandomError, SessionId, StoreKey};
pub use record::{CommitId, Header, Owner, ParseHandleError, Record, SessionHandle, Version};
pub use store::{
    CallOutcome, CreateOutcome, MeteredStore, Op, Over, OwnerRule, ReadOutcome, RotateOutcome,
    SaveOutcome, SessionInfo, SessionStore, StoreCall, StoreError, StoreErrorKind, Swept,
    TouchOutcome, Verb,
};
pub use time::{Clock, Lifetime, SystemClock, Timestamp};

#[cfg(feature = "axum")]
pub use extract::Flash;
#[cfg(feature = "tower")]
pub use {
    config::{ConfigError, OnGone, OnStoreError},
    handle::{LazySession, Session},
    layer::{ResponseFuture, SchemaList, SessionLayer, SessionLayerBuilder, SessionService},
    rejection::{MissingAnswer, SessionRejection, TypedRejection},
    schema::{Consume, SchemaConflict, SessionSchema},
    store_handle::StoreHandle,
    transport::{
        CookieScope, CookieTransport, HeaderTransport, IdTransport, Issue, PresentedIds, SameSite,
    },
    typed::Typed,
};

#[cfg(feature = "derive")]
#[doc = include_str!("schema/reference.md")]
pub use session_derive::SessionSchema;

/// What generated code calls. Not for anybody else: it changes without notice.
#[cfg(feature = "tower")]
#[doc(hidden)]
pub mod __private {
    pub use crate::schema::call::*;
    pub use crate::schema::{Field, Handle, OnMissing, Schema};
}
