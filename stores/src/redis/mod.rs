//! Sessions in Redis or Valkey.

mod builder;
mod call;
mod cluster;
mod contract;
mod inspect;
mod link;
mod name;
mod reply;
mod route;
mod script;
mod store;
mod trouble;

#[doc(no_inline)]
pub use ::redis as driver;
use ::redis::IntoConnectionInfo;

pub use self::builder::{RedisSetupError, RedisStoreBuilder};
use self::call::Engine;

/// Keeps sessions in Redis or Valkey.
///
/// On a node, or behind a Sentinel, each verb is one script and one round trip. So it is in a cluster, but where an owner
/// is concerned: entering the owner's set costs one more, and so does leaving it, so that a sign-in takes two and a
/// rotation of a session with an owner three; a listing, and what ends by owner, asks each session, 32 at once.
///
/// A record of more than 64 MiB is refused with [`TooLarge`](session::StoreErrorKind::TooLarge); the engine's own
/// `proto-max-bulk-len` (512 MiB by default) must not be smaller, or it ends the connection over such a record.
#[derive(Debug)]
pub struct RedisStore {
    engine: Engine,
}

impl RedisStore {
    /// A store on the node with this address, otherwise with the defaults of [`RedisStoreBuilder`].
    ///
    /// # Errors
    ///
    /// [`RedisSetupError`].
    pub async fn connect(node: impl IntoConnectionInfo) -> Result<Self, RedisSetupError> {
        Self::builder().connect(node).await
    }

    /// Everything else.
    pub fn builder() -> RedisStoreBuilder {
        RedisStoreBuilder::default()
    }
}
