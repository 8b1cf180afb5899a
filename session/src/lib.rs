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
