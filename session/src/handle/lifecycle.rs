//! The lifecycle verbs: ids, ends, deadlines, and commits before the automatic one.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Base, Inner, Loaded, Session};
use crate::changes::Change;
use crate::commit::RunToEnd;
use crate::config::ConfigError;
use crate::data::Data;
use crate::error::{Error, ErrorKind};
use crate::id::{OwnerKey, SessionId, StoreKey};
use crate::record::SessionHandle;
use crate::shared::{Deadline, Shared};
use crate::store::{SessionInfo, TouchOutcome};
use crate::time::{Lifetime, Timestamp};

impl Session {
    /// A session with this data and no layer: for background jobs and tests. It cannot be committed.
    #[must_use]
    pub fn detached(data: Data) -> Self {
        let inner = Inner::new(Shared::detached(), false);
        inner.with(|state| {
            state.draft().data = data;
            state.loaded = Loaded::Yes;
        });
        inner.is_loaded.store(true, Ordering::Release);
        Self(Arc::new(inner))
    }

    /// The id under which the session is stored; `None` before its first commit, and after `destroy`.
    ///
    /// It is the secret that the client holds: see [`SessionId::expose_secret`].
    #[must_use]
    pub fn id(&self) -> Option<SessionId> {
        self.0.with(|state| match &state.work.base {
            Base::Live { id, .. } => Some(*id),
            Base::None | Base::Gone { .. } => None,
        })
    }

    /// Gives the session a new id at commit and keeps its data; the old id is dead from then on.
    ///
    /// Setting an owner does so by itself (OWASP Session Management Cheat Sheet, "Renew the Session ID After Any
    /// Privilege Level Change"). Costs what a write costs. Does nothing where there is no session yet: it gets a
    /// new id anyway.
    #[doc(alias = "cycle_id")]
    #[doc(alias = "renew")]
    pub fn regenerate_id(&self) {
        self.0.record(Change::Regenerate);
    }

    /// Logs out: the session is dead in the store when the response is sent, and the cookie is removed.
    ///
    /// Changes before it are dropped. What is written after it (a "signed out" message) goes to a new session
    /// with a new id. Follows a session that another request has just rotated. Costs one store call.
    #[doc(alias = "logout")]
    #[doc(alias = "flush")]
    #[doc(alias = "purge")]
    #[doc(alias = "invalidate")]
    pub fn destroy(&self) {
        self.end_segment(true);
    }

    /// Leaves this session behind and begins a new one with the next write, whatever became of the old one.
    ///
    /// For login pages that must write before anyone is known and may be reached with the id of a session that
    /// [is gone](Self::is_gone). A session that lives is destroyed.
    pub fn start_over(&self) {
        let lives = self
            .0
            .with(|state| matches!(state.work.base, Base::Live { .. }));
        self.end_segment(lives);
    }

    fn end_segment(&self, removal: bool) {
        let trash = self.0.with(|state| {
            match &state.work.base {
                Base::Live { key, .. } => state.work.ended.push(*key),
                // Whatever it moved on to ends too, and so does each of several that are live.
                Base::Gone { .. } | Base::None if removal && state.must_end_presented() => {
                    state.work.ended.extend(self.0.presented_keys());
                }
                Base::Gone { .. } | Base::None => {}
            }
            state.work.removal |= removal;
            (state.next_segment(), state.verified_owner.take())
        });
        drop(trash);
    }

    /// Whether the id that the client presented is that of a session that has ended or moved on.
    ///
    /// Reads then see an empty session, and changes are dropped at commit, which answers 409; but signing in
    /// works, and so does [`start_over`](Self::start_over).
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.0
            .with(|state| matches!(state.work.base, Base::Gone { .. }))
    }

    /// When the session dies if no further request comes; `None` before its first commit.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.0.with(|state| match &state.work.base {
            Base::Live { record, .. } => Some(
                record
                    .header
                    .idle_deadline
                    .min(record.header.absolute_deadline),
            ),
            Base::None | Base::Gone { .. } => None,
        })
    }

    /// Gives this session a lifetime of its own ("remember me"): it is stored with it, the id rotates, and the
    /// cookie becomes persistent, with a Max-Age to the absolute deadline.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: the lifetime is zero, longer than 400 days, or its absolute part is the shorter one.
    pub fn set_lifetime(&self, lifetime: Lifetime) -> Result<(), ConfigError> {
        if let Some(problem) = lifetime.problem() {
            return Err(ConfigError::new(problem));
        }
        self.0.record(Change::SetLifetime(lifetime));
        Ok(())
    }

    /// Names the session in listings, say by browser and system.
    pub fn set_label(&self, label: impl Into<Arc<str>>) {
        self.0.record(Change::SetLabel(Some(label.into())));
    }

    /// Stores the changes now, in one store call (more if other requests interfere). The automatic commit then
    /// handles later changes only. What was stored stays, and its cookie is sent, whatever status the response has.
    ///
    /// # Errors
    ///
    /// As the automatic commit: conflict, store, too large, not encodable; `Gone` if changes were dropped. After
    /// the response head has gone, [`ErrorKind::HeadSent`](crate::ErrorKind::HeadSent) if the commit would need a
    /// new id. Unless it was `Gone` the changes are kept, and a later commit tries them again.
    ///
    /// # Cancel safety
    ///
    /// A commit that has begun runs to its end even if this future is dropped.
    pub async fn commit(&self) -> Result<(), Error> {
        let inner = Arc::clone(&self.0);
        let shared = Arc::clone(&self.0.shared);
        RunToEnd::new(shared, inner.commit()).await
    }

    /// Reads the session again and lays the uncommitted changes over it. One store call.
    ///
    /// # Errors
    ///
    /// The store failed, or an update does not apply to what is stored now: then reads see what is stored, and the
    /// changes are kept, to be tried and told once more when they are committed.
    ///
    /// # Cancel safety
    ///
    /// A reload that is dropped has changed nothing.
    pub async fn reload(&self) -> Result<(), Error> {
        self.0.reload().await
    }

    /// Renews the idle deadline now: for a WebSocket or another long connection, which counts as one request. One
    /// store call. Requests renew by themselves.
    ///
    /// # Errors
    ///
    /// The store failed, or the session [is gone](crate::ErrorKind::Gone).
    pub async fn touch(&self) -> Result<(), Error> {
        let live = self.0.with(|state| match &state.work.base {
            Base::Live { key, record, .. } => Some((*key, Arc::clone(record))),
            Base::None | Base::Gone { .. } => None,
        });
        let Some((key, record)) = live else {
            return Ok(());
        };
        let (now, config) = (self.0.now(), &self.0.shared.config);
        let header = &record.header;
        let until = now + header.lifetime.idle + config.touch_interval;
        let until = until.min(header.absolute_deadline);
        let op = self.0.shared.op(now);
        let call = self.0.shared.store.touch(&op, &key, header.version, until);
        match self.deadline().store(call).await? {
            // Another commit came first, and has renewed it.
            TouchOutcome::Touched | TouchOutcome::Stale => Ok(()),
            TouchOutcome::Gone => Err(Error::of(ErrorKind::Gone)),
        }
    }

    /// The live sessions of this session's owner, oldest first; empty where nobody is signed in. One store call.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn sessions_of_owner(&self) -> Result<Vec<SessionInfo>, Error> {
        let Some((owner, _)) = self.stored_owner() else {
            return Ok(Vec::new());
        };
        let op = self.0.shared.op(self.0.now());
        let call = self.0.shared.store.sessions_of(&op, &owner);
        Ok(self.deadline().store(call).await?)
    }

    /// Which entry of [`sessions_of_owner`](Self::sessions_of_owner) is this session.
    #[must_use]
    pub fn handle(&self) -> Option<SessionHandle> {
        self.0.with(|state| match &state.work.base {
            Base::Live { record, .. } => Some(record.header.handle),
            Base::None | Base::Gone { .. } => None,
        })
    }

    /// Signs out all other sessions of this session's owner, and says how many there were. When it returns they
    /// are dead, and no sign-in that began before it succeeds.
    ///
    /// # Errors
    ///
    /// The store failed: then some may live.
    pub async fn destroy_others(&self) -> Result<u64, Error> {
        let Some((owner, key)) = self.stored_owner() else {
            return Ok(0);
        };
        let op = self.0.shared.op(self.0.now());
        let call = self.0.shared.store.destroy_all_of(&op, &owner, Some(&key));
        Ok(self.deadline().store(call).await?)
    }

    /// Signs out one other session of this session's owner, and says whether there was one.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn destroy_other(&self, handle: SessionHandle) -> Result<bool, Error> {
        let Some((owner, _)) = self.stored_owner() else {
            return Ok(false);
        };
        let op = self.0.shared.op(self.0.now());
        let call = self.0.shared.store.destroy_of(&op, &owner, handle);
        Ok(self.deadline().store(call).await?)
    }

    fn deadline(&self) -> Deadline {
        Deadline::new(self.0.shared.config.deadline)
    }

    /// The owner in the stored header, and the key of the session.
    fn stored_owner(&self) -> Option<(OwnerKey, StoreKey)> {
        self.0.with(|state| match &state.work.base {
            Base::Live { key, record, .. } => {
                record.header.owner.as_ref().map(|owner| (owner.key, *key))
            }
            Base::None | Base::Gone { .. } => None,
        })
    }
}
