//! The handle of one request's session.

mod dynamic;
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
use crate::changes::{Change, Context, Place, Trash, Updated, Updater};
use crate::data::{Key, Slot, Value};
use crate::error::Error;
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
    pub(crate) arrived: Timestamp,
    /// Nothing was waited for since then: a reading of the clock less.
    pub(crate) has_just_arrived: AtomicBool,
    /// What the request presents, once an extractor asked.
    pub(crate) presented: OnceLock<Presented>,
    /// Whether `state` is loaded, so that the first load need not take the lock to learn that it is the first.
    pub(crate) is_loaded: AtomicBool,
    /// Nothing until an extractor asks. It has its place here: one allocation a request, touched or not.
    state: Mutex<Option<State>>,
}

/// What a place reads from at one time.
struct View {
    /// The slot, and the key under which it stands.
    found: Option<(Key, Slot)>,
    /// The time, if that had to be asked.
    now: Timestamp,
    /// The [`State::edits`] of then.
    edits: u32,
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
    pub(crate) fn alone(self: &mut Arc<Self>) -> Option<Option<&mut State>> {
        let inner = Arc::get_mut(self)?;
        let state = inner.state.get_mut();
        Some(state.unwrap_or_else(PoisonError::into_inner).as_mut())
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

    fn context(&self, now: Timestamp) -> Context<'_> {
        Context {
            now,
            policy: &self.shared.registry,
        }
    }

    /// What a place reads from. The clock is asked only where a deadline or a former key is in play.
    fn view(&self, place: &Place) -> View {
        if place.aliases.is_empty() {
            let timeless = self.with(|state| {
                let found = match state.data().slot(place.key.as_str()) {
                    None => None,
                    Some(slot @ Slot::Plain(_)) => Some((place.key.clone(), slot.clone())),
                    Some(_) => return None,
                };
                Some(View {
                    found,
                    now: Timestamp::default(),
                    edits: state.edits(),
                })
            });
            if let Some(view) = timeless {
                return view;
            }
        }
        let now = self.now();
        self.with(|state| {
            let current = place.current(state.data(), now);
            let found = current.map(|(key, slot)| {
                let key = if key == place.key.as_str() {
                    place.key.clone()
                } else {
                    key.into()
                };
                (key, slot.clone())
            });
            View {
                found,
                now,
                edits: state.edits(),
            }
        })
    }

    /// The slot that a place reads from, and the key under which it stands.
    pub(crate) fn slot(&self, place: &Place) -> Option<(Key, Slot)> {
        self.view(place).found
    }

    /// Records a change that runs no closure.
    pub(crate) fn record(&self, change: Change) {
        let timed = matches!(change, Change::Consume { .. });
        let now = if timed {
            self.now()
        } else {
            Timestamp::default()
        };
        let context = self.context(now);
        let mut trash = Trash::default();
        self.with(|state| {
            state.draft().apply_data(&change, &context, &mut trash);
            state.work.changes.push(change, &mut trash);
        });
    }

    /// Runs an update on this request's view and records it, to be repeated on what is actually stored.
    ///
    /// The closure runs without the lock; if another handle of this request changed the entry meanwhile, it runs
    /// again on that. With `defer`, one that fails on this view is kept, and fails at commit. Hands back the slot that
    /// it was shown.
    pub(crate) fn update(
        &self,
        place: &Place,
        updater: Updater,
        expires: Option<Timestamp>,
        defer: bool,
    ) -> Result<Option<Slot>, Error> {
        let mut trash = Trash::default();
        loop {
            let View { found, now, edits } = self.view(place);
            let current = found.map(|(_, slot)| slot);
            let context = self.context(now);
            let updated = match updater(current.as_ref().and_then(Slot::value)) {
                Ok(updated) => Some(updated),
                Err(_) if defer => None,
                Err(error) => return Err(error),
            };
            let failed = updated.is_none();
            let updated = updated.unwrap_or(Updated::Untouched);
            let mut state = self.lock();
            let state = state.get_or_insert_default();
            let unchanged = || match (place.current(state.data(), now), &current) {
                (None, None) => true,
                (Some((_, slot)), Some(seen)) => slot.is_same(seen),
                _ => false,
            };
            if state.edits() != edits && !unchanged() {
                trash.hold(updated);
                continue;
            }
            let folds = state.work.changes.foldable(place);
            let change = match (&updated, folds) {
                (Updated::Untouched, true) if !defer => return Ok(current),
                (Updated::Untouched, true) => Change::Update {
                    place: place.clone(),
                    updater,
                    expires,
                },
                (Updated::Removed, true) => Change::Remove {
                    place: place.clone(),
                },
                (Updated::Put(value), true) => {
                    let expires = current.as_ref().map_or(expires, Slot::expires);
                    let slot = Slot::new(value.clone(), expires);
                    Change::Set {
                        place: place.clone(),
                        slot,
                    }
                }
                (_, false) => Change::Update {
                    place: place.clone(),
                    updater,
                    expires,
                },
            };
            let draft = state.draft();
            draft.failed |= failed;
            draft.install(
                place,
                current.as_ref(),
                updated,
                expires,
                &context,
                &mut trash,
            );
            state.work.changes.push(change, &mut trash);
            return Ok(current);
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
