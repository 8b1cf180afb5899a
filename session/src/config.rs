//! What a layer is told when it is built, and what it refuses.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::store::OwnerRule;
use crate::time::Lifetime;

pub(crate) struct Config {
    pub(crate) lifetime: Lifetime,
    pub(crate) touch_interval: Duration,
    pub(crate) deadline: Duration,
    pub(crate) grace: Duration,
    pub(crate) max_skew: Duration,
    pub(crate) max_bytes: usize,
    pub(crate) id_bytes: usize,
    pub(crate) persistent: bool,
    pub(crate) save_on_server_error: bool,
    pub(crate) on_gone: OnGone,
    pub(crate) on_store_error: OnStoreError,
    pub(crate) owner_rule: Option<OwnerRule>,
    pub(crate) gc_interval: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lifetime: Lifetime::DEFAULT,
            touch_interval: Lifetime::DEFAULT.idle / 20,
            deadline: Duration::from_secs(2),
            grace: Duration::from_secs(10),
            max_skew: Duration::from_secs(60),
            max_bytes: 64 * 1024,
            id_bytes: 32,
            persistent: false,
            save_on_server_error: false,
            on_gone: OnGone::Conflict,
            on_store_error: OnStoreError::Refuse,
            owner_rule: None,
            gc_interval: Some(Duration::from_secs(60)),
        }
    }
}

/// What becomes of the response when changes were dropped because the session had ended or moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnGone {
    /// 409, with the error in the response's extensions.
    #[default]
    Conflict,
    /// It is sent as the handler made it.
    Keep,
}

/// What becomes of a request whose session could not be loaded because the store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnStoreError {
    /// 503 from the extractor.
    #[default]
    Refuse,
    /// It runs without a session. Its response is `no-store`, schemas with required fields still answer 503, and
    /// any change makes the response 503.
    Anonymous,
}

#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) error: Option<ErrorHook>,
    /// A `ResponseHook<B>` for the application's body type `B`.
    pub(crate) response: Option<Box<dyn std::any::Any + Send + Sync>>,
}

pub(crate) type ErrorHook = Arc<dyn Fn(&Error) + Send + Sync>;
pub(crate) type ResponseHook<B> = Arc<dyn Fn(&Error, &mut http::Response<B>) + Send + Sync>;

/// The layer cannot be built like this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl ConfigError {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}
