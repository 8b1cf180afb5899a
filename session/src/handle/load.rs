//! From a request to a loaded handle: at most one load, however many extractors ask.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::header::{HeaderMap, HeaderName};
use http::request::Parts;
use http::{Extensions, Method};

use super::{Base, Inner, Loaded, Session};
use crate::config::OnStoreError;
use crate::error::Error;
use crate::events;
use crate::id::{SessionId, StoreKey};
use crate::rejection::SessionRejection;
use crate::shared::Deadline;
use crate::store::{ReadOutcome, StoreError, StoreFuture};
use crate::time::Timestamp;
use crate::transport::PresentedIds;

/// The session of a request that nobody has loaded yet: what the layer puts into the request's extensions.
///
/// [`Session`] is this and loaded. Ask for it where a handler may not need the session, or wants to sign somebody
/// out without reading anything: [`destroy`](Self::destroy) then costs one store call instead of two.
///
/// ```
/// use session::{LazySession, SessionRejection};
///
/// async fn sign_out(session: LazySession) {
///     session.destroy();
/// }
///
/// async fn home(session: LazySession, wants_news: bool) -> Result<String, SessionRejection> {
///     if !wants_news {
///         return Ok("no store was asked".to_owned());
///     }
///     let session = session.load().await?;
///     Ok(format!("{} keys", session.keys().len()))
/// }
/// ```
#[derive(Clone)]
pub struct LazySession(pub(crate) Arc<Inner>);

static SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");

impl LazySession {
    /// The session of a request that passed a [`SessionLayer`](crate::SessionLayer). Reads ids from the headers;
    /// asks no store.
    ///
    /// # Errors
    ///
    /// [`SessionRejection::MissingLayer`].
    pub fn of(
        extensions: &Extensions,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Self, SessionRejection> {
        let lazy = extensions
            .get::<Self>()
            .cloned()
            .ok_or(SessionRejection::MissingLayer)?;
        lazy.0.present(method, headers);
        Ok(lazy)
    }

    /// Loads the session: one store call if the request presents an id and nobody has loaded it yet, else none.
    ///
    /// # Errors
    ///
    /// [`SessionRejection::Store`] if the store failed: that is never "no session".
    ///
    /// # Cancel safety
    ///
    /// A load that is dropped has done nothing; the next one starts over.
    pub async fn load(&self) -> Result<Session, SessionRejection> {
        self.clone().into_loaded().await
    }

    pub(crate) async fn into_loaded(self) -> Result<Session, SessionRejection> {
        self.0.load().await.map_err(SessionRejection::Store)?;
        Ok(Session(self.0))
    }

    /// Ends the session in the store when the handler has returned, and removes the cookie. See
    /// [`Session::destroy`].
    #[doc(alias = "logout")]
    pub fn destroy(&self) {
        let loaded = self.0.with(|state| {
            if matches!(state.loaded, Loaded::No) {
                state.work.ended.extend(self.0.presented_keys());
                state.loaded = Loaded::Yes;
                self.0.is_loaded.store(true, Ordering::Release);
                state.work.removal = true;
                state.work.segment += 1;
                return false;
            }
            true
        });
        if loaded {
            Session(Arc::clone(&self.0)).destroy();
        }
    }
}

impl fmt::Debug for LazySession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LazySession")
    }
}

impl Session {
    /// The session of a request, for services without axum: one store call if it presents an id and nobody has
    /// loaded it yet.
    ///
    /// The returned future borrows nothing, so the request's body need not be `Sync`.
    ///
    /// ```
    /// # async fn handler(request: http::Request<()>) -> Result<(), Box<dyn std::error::Error>> {
    /// use session::Session;
    ///
    /// let (parts, body) = request.into_parts();
    /// let session = Session::from_parts(&parts).await?;
    /// session.set("theme", "dark".to_owned())?;
    /// # let _ = body;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionRejection`]: no layer, or the store failed.
    pub fn from_parts(
        parts: &Parts,
    ) -> impl Future<Output = Result<Self, SessionRejection>> + Send + use<> {
        let lazy = LazySession::of(&parts.extensions, &parts.method, &parts.headers);
        async move { lazy?.into_loaded().await }
    }
}

/// What a request presents, read once from its headers.
pub(crate) struct Presented {
    ids: PresentedIds,
    /// The request is a HEAD or a prefetch: no flash is taken by it.
    pub(crate) keeps_flashes: bool,
}

/// What the presented ids lead to so far: the one live session, or none.
#[derive(Default)]
struct Found {
    base: Base,
    /// There were several live ones, so that none is used.
    ambiguous: bool,
}

impl Found {
    fn several() -> Self {
        events::several();
        Self {
            base: Base::None,
            ambiguous: true,
        }
    }

    /// Takes what the store said of one id into account.
    fn judge(
        &mut self,
        id: SessionId,
        key: StoreKey,
        read: Result<ReadOutcome, StoreError>,
        now: Timestamp,
    ) -> Result<(), Error> {
        match read.inspect_err(|error| events::store_failed("read", error))? {
            ReadOutcome::Live(_) if matches!(self.base, Base::Live { .. }) => {
                *self = Self::several();
            }
            // The stricter of the store's answer and the header: whatever a store's own clock says.
            ReadOutcome::Live(record) if record.header.is_live(now) => {
                self.base = Base::Live { id, key, record };
            }
            ReadOutcome::Gone { successor } => {
                events::gone();
                if matches!(self.base, Base::None) {
                    self.base = Base::Gone { successor };
                }
            }
            ReadOutcome::Damaged => events::damaged(),
            ReadOutcome::Live(_) | ReadOutcome::Absent => events::unknown_id(),
        }
        Ok(())
    }
}

impl Inner {
    /// Reads what the request presents, once.
    fn present(&self, method: &Method, headers: &HeaderMap) {
        self.presented.get_or_init(|| {
            let mut ids = PresentedIds::of_len(self.shared.config.id_bytes);
            self.shared.transport.read(headers, &mut ids);
            let prefetch = headers
                .get(&SEC_PURPOSE)
                .is_some_and(|purpose| purpose.as_bytes().starts_with(b"prefetch"));
            let keeps_flashes = prefetch || *method == Method::HEAD;
            Presented { ids, keeps_flashes }
        });
    }

    /// The ids that the request presents; none, and `true`, if they are more than are looked up.
    fn presented_ids(&self) -> (impl Iterator<Item = SessionId>, bool) {
        let ids = self.presented.get().map(|presented| &presented.ids);
        let overflow = ids.is_some_and(PresentedIds::overflow);
        let looked_up = ids.filter(|_| !overflow);
        (looked_up.into_iter().flat_map(PresentedIds::ids), overflow)
    }

    /// The keys of all ids that the request presents.
    pub(crate) fn presented_keys(&self) -> Vec<StoreKey> {
        let ids = self.presented.get().map(|presented| &presented.ids);
        ids.into_iter()
            .flat_map(PresentedIds::ids)
            .map(|id| id.store_key())
            .collect()
    }

    /// Loads once. A failed load is not repeated within the request.
    pub(crate) async fn load(&self) -> Result<(), Error> {
        match self.load_now() {
            Some(outcome) => outcome,
            // In a box, so that the future of a handler is as small as if there were no session.
            None => Box::pin(self.load_in_turn()).await,
        }
    }

    /// Loads where nothing is to be waited for: a store that is always ready, or a request that presents no id.
    ///
    /// Without a turn: should two handles of one request meet here, the later one finds the session loaded.
    fn load_now(&self) -> Option<Result<(), Error>> {
        if self.is_loaded.load(Ordering::Acquire) {
            return self.with(|state| state.loaded.answer());
        }
        let (ids, overflow) = self.presented_ids();
        let mut found = if overflow {
            Found::several()
        } else {
            Found::default()
        };
        for id in ids {
            if !self.shared.store.is_always_ready() {
                return None;
            }
            let (key, op) = (id.store_key(), self.shared.op(self.looked_up_at()));
            let renew = Some(self.shared.config.touch_interval);
            let StoreFuture::Ready(read) = self.shared.store.read(&op, &key, renew) else {
                return None;
            };
            if let Err(error) = found.judge(id, key, read, op.now) {
                return Some(self.install(&mut Found::default(), Some(error)));
            }
            if found.ambiguous {
                break;
            }
        }
        Some(self.install(&mut found, None))
    }

    async fn load_in_turn(&self) -> Result<(), Error> {
        let _turn = self.turn().await;
        if let Some(known) = self.with(|state| state.loaded.answer()) {
            return known;
        }
        match self.find().await {
            Ok(mut found) => self.install(&mut found, None),
            Err(error) => self.install(&mut Found::default(), Some(error)),
        }
    }

    async fn find(&self) -> Result<Found, Error> {
        let mut deadline = Deadline::new(self.shared.config.deadline);
        let mut found = Found::default();
        for id in self.presented_ids().0 {
            let (key, op) = (id.store_key(), self.shared.op(self.now()));
            let renew = Some(self.shared.config.touch_interval);
            let read = deadline
                .store(self.shared.store.read(&op, &key, renew))
                .await;
            found.judge(id, key, read, op.now)?;
            if found.ambiguous {
                break;
            }
        }
        Ok(found)
    }

    /// Makes what was found the base, unless another handle of this request was quicker.
    fn install(&self, found: &mut Found, error: Option<Error>) -> Result<(), Error> {
        self.shared.sweeper.ensure(&self.shared);
        let mut loaded = match error {
            None => Loaded::Yes,
            Some(error) => {
                self.shared.report(&error);
                match self.shared.config.on_store_error {
                    OnStoreError::Refuse => Loaded::Failed(error),
                    OnStoreError::Anonymous => Loaded::Anonymous(error),
                }
            }
        };
        self.with(|state| {
            if let Loaded::No = state.loaded {
                // What is not taken is dropped outside the lock.
                std::mem::swap(&mut state.work.base, &mut found.base);
                state.ambiguous = found.ambiguous;
                std::mem::swap(&mut state.loaded, &mut loaded);
                self.is_loaded.store(true, Ordering::Release);
            }
            state.loaded.answer().unwrap_or(Ok(()))
        })
    }
}
