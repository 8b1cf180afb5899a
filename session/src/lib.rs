//! placeholder

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
pub use data::{Data, SessionValue, Value};
pub use error::{Error, ErrorKind};
pub use id::{IdText, OwnerKey, RandomError, SessionId, StoreKey};
pub use record::{CommitId, Header, Owner, ParseHandleError, Record, SessionHandle, Version};
pub use store::{
    CreateOutcome, Op, Over, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome, SessionInfo,
    SessionStore, StoreError, StoreErrorKind, Swept, TouchOutcome,
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
    schema::SchemaConflict,
    schema::SessionSchema,
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
    pub use crate::schema::{Access, Field, Handle, OnMissing, OwnerField, Schema, TypedField};
}
