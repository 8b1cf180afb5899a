//! From a request to a loaded handle: at most one load, however many extractors ask.

use std::fmt;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderName};
use http::request::Parts;
use http::{Extensions, Method};

use super::{Base, Inner, Loaded, Session, State};
use crate::config::OnStoreError;
use crate::error::Error;
use crate::events;
use crate::id::SessionId;
use crate::rejection::SessionRejection;
use crate::shared::Deadline;
use crate::store::{ReadOutcome, StoreError};
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
        let inner = &lazy.0;
        let known = inner.peek(|_| ()).is_some();
        if !known {
            let mut presented = PresentedIds::of_len(inner.shared.config.id_bytes);
            inner.shared.transport.read(headers, &mut presented);
            let prefetch = headers
                .get(&SEC_PURPOSE)
                .is_some_and(|purpose| purpose.as_bytes().starts_with(b"prefetch"));
            inner.with(|state| {
                state.presented = presented;
                state.keeps_flashes = prefetch || *method == Method::HEAD;
            });
        }
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
        self.0.load().await.map_err(SessionRejection::Store)?;
        Ok(Session(Arc::clone(&self.0)))
    }

    /// Ends the session in the store when the handler has returned, and removes the cookie. See
    /// [`Session::destroy`].
    #[doc(alias = "logout")]
    pub fn destroy(&self) {
        let loaded = self.0.with(|state| {
            if matches!(state.loaded, Loaded::No) {
                state
                    .ended
                    .extend(state.presented.ids().map(|id| id.store_key()));
                state.loaded = Loaded::Yes;
                state.removal = true;
                state.segment += 1;
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
        async move { lazy?.load().await }
    }
}

impl Inner {
    /// Loads once. A failed load is not repeated within the request.
    pub(crate) async fn load(&self) -> Result<(), Error> {
        if let Ok(known) = self.known_or(|_| ()) {
            return known;
        }
        let _turn = self.turn().await;
        let presented = match self.known_or(|state| state.presented.clone()) {
            Ok(known) => return known,
            Err(presented) => presented,
        };
        self.shared.sweeper.ensure(&self.shared);
        let found = self.find(presented.ids(), presented.overflow()).await;
        let loaded = match &found {
            Ok(_) => Loaded::Yes,
            Err(error) => {
                let error = error.clone();
                match self.shared.config.on_store_error {
                    OnStoreError::Refuse => Loaded::Failed(error),
                    OnStoreError::Anonymous => Loaded::Anonymous(error),
                }
            }
        };
        if let Err(error) = &found {
            self.shared.report(error);
        }
        let (base, ambiguous) = found.unwrap_or_default();
        self.with(|state| {
            state.draft = base.draft();
            state.base = base;
            state.ambiguous = ambiguous;
            state.loaded = loaded;
            state.loaded.answer().unwrap_or(Ok(()))
        })
    }

    /// What an earlier load came to, or what `look` says of the state that nobody has loaded.
    fn known_or<R>(&self, look: impl FnOnce(&State) -> R) -> Result<Result<(), Error>, R> {
        self.with(|state| state.loaded.answer().ok_or_else(|| look(state)))
    }

    /// Looks up what the request presents: the one live session, or none. Says also whether there were several.
    async fn find(
        &self,
        ids: impl Iterator<Item = SessionId>,
        overflow: bool,
    ) -> Result<(Base, bool), Error> {
        if overflow {
            events::several();
            return Ok((Base::None, true));
        }
        let mut deadline = Deadline::new(self.shared.config.deadline);
        let mut base = Base::None;
        for id in ids {
            let key = id.store_key();
            let op = self.shared.op(self.now());
            let renew = Some(self.shared.config.touch_interval);
            let read = deadline
                .store(self.shared.store.read(&op, &key, renew))
                .await;
            match read.inspect_err(|error: &StoreError| events::store_failed("read", error))? {
                ReadOutcome::Live(_) if matches!(base, Base::Live { .. }) => {
                    events::several();
                    return Ok((Base::None, true));
                }
                // The stricter of the store's answer and the header: whatever a store's own clock says.
                ReadOutcome::Live(record) if record.header.is_live(op.now) => {
                    base = Base::Live { id, key, record };
                }
                ReadOutcome::Gone { successor } => {
                    events::gone();
                    if matches!(base, Base::None) {
                        base = Base::Gone { successor };
                    }
                }
                ReadOutcome::Damaged => events::damaged(),
                ReadOutcome::Live(_) | ReadOutcome::Absent => events::unknown_id(),
            }
        }
        Ok((base, false))
    }
}
