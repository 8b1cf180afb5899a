//! The handle of one request's session.

mod dynamic;
mod edit;
mod lifecycle;
mod load;
mod state;
mod turn;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub use self::load::LazySession;
pub(crate) use self::load::Presented;
pub(crate) use self::state::{Base, Loaded, Outgoing, State, Told, Work};
pub(crate) use self::turn::Turn;
use crate::data::Value;
use crate::events;
use crate::shared::Shared;
use crate::time::Timestamp;

/// The session of this request.
///
/// Extraction loads it, which is one store call, and the only `await`; after that every accessor is synchronous
/// and works in memory. What a handler changes is stored in one call when it has returned, before the response
/// head is sent. All handles of one request see each other's changes at once; other requests see them when they
/// are stored.
///
/// Cloning copies one pointer. No lock is held while code of the application runs: using the session inside an
/// update or a `with_f` closure works.
///
/// # Changes and other requests
///
/// Changes to different keys by concurrent requests all survive. [`update`](Self::update) is atomic: it is
/// repeated on the value that is actually stored. Of two [`set`](Self::set)s of one key the later commit wins.
/// If the session was signed out or rotated meanwhile, changes are dropped and the client is told (409).
///
/// # After the response head
///
/// A WebSocket or a spawned task may keep a handle. Its changes wait for an explicit
/// [`commit`](Self::commit). A handle dropped with changes that nobody committed says so in a `warn` event.
#[derive(Clone)]
pub struct Session(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    /// When the request reached the layer.
    arrived: Timestamp,
    /// Nothing was waited for since then: a reading of the clock less.
    pub(crate) has_just_arrived: AtomicBool,
    /// What the request presents, once an extractor asked.
    presented: OnceLock<Presented>,
    /// Whether `state` is loaded, so that the first load need not take the lock to learn that it is the first.
    pub(crate) is_loaded: AtomicBool,
    /// Nothing until an extractor asks. It has its place here: one allocation a request, touched or not.
    state: Mutex<Option<State>>,
}

/// What a commit has to know of its request.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) arrived: Timestamp,
    pub(crate) presented: &'a OnceLock<Presented>,
}

impl Inner {
    #[inline]
    pub(crate) fn new(shared: Arc<Shared>, has_just_arrived: bool) -> Self {
        Self {
            arrived: shared.now(),
            shared,
            has_just_arrived: AtomicBool::new(has_just_arrived),
            presented: OnceLock::new(),
            is_loaded: AtomicBool::new(false),
            state: Mutex::new(None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        // No user code runs under it, so it cannot be poisoned by a panic that matters.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, if any extractor asked for one, where nobody else has the handle.
    pub(crate) fn alone(self: &mut Arc<Self>) -> Option<(Request<'_>, Option<&mut State>)> {
        let inner = Arc::get_mut(self)?;
        let request = Request {
            shared: &inner.shared,
            arrived: inner.arrived,
            presented: &inner.presented,
        };
        let state = inner.state.get_mut();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        Some((request, state.as_mut()))
    }

    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            shared: &self.shared,
            arrived: self.arrived,
            presented: &self.presented,
        }
    }

    /// Looks at the state, if any extractor asked for one.
    pub(crate) fn peek<R>(&self, look: impl FnOnce(&mut State) -> R) -> Option<R> {
        self.lock().as_mut().map(look)
    }

    /// Works on the state, made if need be.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        work(self.lock().get_or_insert_default())
    }

    /// What the response has to say, unless nobody asked for the session.
    pub(crate) fn told(&self) -> Option<Told> {
        self.peek(|state| state.told()).flatten()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.now()
    }

    /// The time at which a session is looked up. As long as nothing was waited for, that is when the request arrived.
    fn looked_up_at(&self) -> Timestamp {
        if self.has_just_arrived.load(Ordering::Relaxed) {
            self.arrived
        } else {
            self.now()
        }
    }

    /// Whether the owner's entry says what the header says. Verified once a value: it costs one SHA-256.
    pub(crate) fn names_owner(
        &self,
        key: &str,
        value: &Value,
        owner_key: impl FnOnce(&Value) -> Option<crate::OwnerKey>,
    ) -> bool {
        let (owner, verified) = self.with(|state| {
            let verified = state
                .verified_owner
                .as_ref()
                .is_some_and(|v| v.is_same(value));
            (state.owner().cloned(), verified)
        });
        let Some(owner) = owner.filter(|owner| *owner.entry == *key) else {
            return false;
        };
        if verified {
            return true;
        }
        let named = owner_key(value) == Some(owner.key);
        if named {
            let earlier = self.with(|state| state.verified_owner.replace(value.clone()));
            drop(earlier);
        }
        named
    }

    /// Reports an unreadable value, once a request.
    pub(crate) fn report_mismatch(
        &self,
        key: &'static str,
        wanted: &'static str,
        cause: crate::data::Cause,
    ) {
        let new = self.with(|state| {
            let new = !state.reported.contains(&key);
            if new {
                state.reported.push(key);
            }
            new
        });
        if new {
            events::mismatch(key, wanted, &cause);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state
            .as_ref()
            .is_some_and(|state| !state.work.changes.is_empty())
        {
            events::lost();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keys, changed) = self.0.with(|state| {
            let keys: Vec<_> = state.data().keys().map(str::to_owned).collect();
            (keys, !state.work.changes.is_empty())
        });
        f.debug_struct("Session")
            .field("keys", &keys)
            .field("changed", &changed)
            .finish()
    }
}
