//! Everything that can be chosen, checked when the layer is built.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::{SessionLayer, Sweeper};
use crate::config::{Config, ConfigError, Hooks, OnGone, OnStoreError, ResponseHook};
use crate::error::Error;
use crate::id::{ID_BYTES, MIN_ID_BYTES};
use crate::schema::Registry;
use crate::shared::{HandedOff, Queues, Shared};
use crate::store::{ErasedStore, Over, OwnerRule, SessionStore};
use crate::time::{Clock, Lifetime, SystemClock};
use crate::transport::{CookieTransport, IdTransport};

/// Builds a [`SessionLayer`]. Impossible configurations fail in [`build`](Self::build), never in a request.
#[must_use = "call `build`"]
pub struct SessionLayerBuilder {
    store: Box<dyn ErasedStore>,
    transport: Transport,
    clock: Box<dyn Clock>,
    config: Config,
    touch_interval: Option<Duration>,
    hooks: Hooks,
}

enum Transport {
    Cookie(CookieTransport),
    Other(Box<dyn IdTransport>),
}

impl SessionLayerBuilder {
    pub(super) fn new(store: impl SessionStore) -> Self {
        Self {
            store: Box::new(store),
            transport: Transport::Cookie(CookieTransport::new()),
            clock: Box::new(SystemClock),
            config: Config::default(),
            touch_interval: None,
            hooks: Hooks::default(),
        }
    }

    /// The session cookie.
    pub fn cookie(mut self, cookie: CookieTransport) -> Self {
        self.transport = Transport::Cookie(cookie);
        self
    }

    /// Another way for the id to travel, in place of a cookie.
    pub fn transport(mut self, transport: impl IdTransport) -> Self {
        self.transport = Transport::Other(Box::new(transport));
        self
    }

    /// How long sessions live. Default: one hour idle, 24 hours in all. Sessions that exist keep theirs.
    pub fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.config.lifetime = lifetime;
        self
    }

    /// How often a session in use is renewed at most; it lives at most this much longer than its idle timeout.
    /// Default: a twentieth of that.
    pub fn touch_interval(mut self, interval: Duration) -> Self {
        self.touch_interval = Some(interval);
        self
    }

    /// How long a load or a commit may take, retries included. Default: 2 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.config.deadline = deadline;
        self
    }

    /// How long a store remembers that a session was rotated or destroyed. Default: 10 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.config.grace = grace;
        self
    }

    /// By how much the clocks of nodes that share a store may differ. Default: 1 min.
    pub fn max_skew(mut self, skew: Duration) -> Self {
        self.config.max_skew = skew;
        self
    }

    /// The largest session, in bytes: keys and the JSON text of the values. Default: 64 KiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.config.max_bytes = bytes;
        self
    }

    /// How many random bytes an id has: 16 to 32. Default: 32.
    pub fn id_bytes(mut self, bytes: usize) -> Self {
        self.config.id_bytes = bytes;
        self
    }

    /// Whether data changes are saved under a 5xx status too. Default: no.
    pub fn save_on_server_error(mut self, save: bool) -> Self {
        self.config.save_on_server_error = save;
        self
    }

    /// What becomes of a response whose changes were dropped. Default: 409.
    pub fn on_gone(mut self, on_gone: OnGone) -> Self {
        self.config.on_gone = on_gone;
        self
    }

    /// What becomes of a request whose session could not be loaded. Default: 503.
    pub fn on_store_error(mut self, on_store_error: OnStoreError) -> Self {
        self.config.on_store_error = on_store_error;
        self
    }

    /// How many sessions an owner may have, and what happens beyond. Default: any number.
    pub fn max_per_owner(mut self, max: NonZeroU32, over: Over) -> Self {
        self.config.owner_rule = Some(OwnerRule { max, over });
        self
    }

    /// How often the store is swept, jittered; `None`: never by this layer. Default: every minute.
    pub fn gc_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.config.gc_interval = interval.into();
        self
    }

    /// Where the time comes from. Default: the operating system.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Is told every failed load and commit, after its `tracing` event.
    pub fn on_error(mut self, hook: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.hooks.error = Some(Arc::new(hook));
        self
    }

    /// May fill the empty responses that report an [`Error`]: those that the layer makes in place of the handler's
    /// (a failed commit: 409, 500, 503), those of extractors, and those of handlers that return one.
    ///
    /// `B` is the body type of the responses that pass the layer: `axum::body::Body` with axum.
    pub fn on_error_response<B: 'static>(
        mut self,
        hook: impl Fn(&Error, &mut http::Response<B>) + Send + Sync + 'static,
    ) -> Self {
        let hook: ResponseHook<B> = Arc::new(hook);
        self.hooks.response = Some(Box::new(hook));
        self
    }

    /// The layer.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] says what cannot be: a cookie that browsers would drop, a lifetime whose parts contradict
    /// each other, an id with too little randomness.
    pub fn build(mut self) -> Result<SessionLayer, ConfigError> {
        let config = &mut self.config;
        if let Some(problem) = config.lifetime.problem() {
            return Err(ConfigError::new(problem));
        }
        config.touch_interval = self.touch_interval.unwrap_or(config.lifetime.idle / 20);
        if config.touch_interval >= config.lifetime.idle {
            return Err(ConfigError::new(
                "the touch interval must be shorter than the idle timeout",
            ));
        }
        if !(MIN_ID_BYTES..=ID_BYTES).contains(&config.id_bytes) {
            return Err(ConfigError::new("an id has 16 to 32 random bytes"));
        }
        if config.deadline.is_zero() {
            return Err(ConfigError::new("the deadline must not be zero"));
        }
        if config
            .gc_interval
            .is_some_and(|interval| interval.is_zero())
        {
            return Err(ConfigError::new("the gc interval must not be zero"));
        }
        self.finish()
    }

    pub(super) fn build_defaults(self) -> SessionLayer {
        match self.finish() {
            Ok(layer) => layer,
            Err(_) => unreachable!("the defaults are valid: a test builds them"),
        }
    }

    fn finish(mut self) -> Result<SessionLayer, ConfigError> {
        let transport = match self.transport {
            Transport::Other(transport) => transport,
            Transport::Cookie(cookie) => {
                self.config.persistent = cookie.is_persistent();
                let cookies = cookie.compile()?;
                if cookie.is_insecure() {
                    tracing::warn!(
                        target: "session",
                        "the session cookie is not `Secure`: whoever sees the traffic has the session"
                    );
                }
                Box::new(cookies)
            }
        };
        let shared = Shared {
            store: self.store,
            vary: transport.vary().into(),
            transport,
            clock: self.clock,
            config: self.config,
            hooks: self.hooks,
            registry: Registry::default(),
            queues: Queues::default(),
            handed_off: HandedOff::default(),
            sweeper: Sweeper::default(),
        };
        Ok(SessionLayer {
            shared: Arc::new(shared),
        })
    }
}

impl Shared {
    /// What a session without layer has.
    pub(crate) fn detached() -> Arc<Self> {
        SessionLayerBuilder::new(crate::store::NoStore)
            .build_defaults()
            .shared
    }
}

impl fmt::Debug for SessionLayerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayerBuilder")
            .finish_non_exhaustive()
    }
}
