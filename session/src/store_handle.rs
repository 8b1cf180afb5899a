//! The store, for handlers and background jobs: by ids and owners instead of keys.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::id::{OwnerKey, SessionId};
use crate::shared::{Deadline, Shared};
use crate::store::{SessionInfo, Swept};

/// The store of a layer, for what is not about this request's session.
///
/// An extractor with the feature `axum`; elsewhere [`SessionLayer::store`](crate::SessionLayer::store). Every
/// method costs one store call and ends within the layer's deadline.
///
/// ```
/// use session::{Error, StoreHandle};
///
/// async fn sign_out_everywhere(store: &StoreHandle, user: &str) -> Result<u64, Error> {
///     store.destroy_all_of(user).await
/// }
/// ```
#[derive(Clone)]
pub struct StoreHandle(Arc<Shared>);

impl StoreHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    fn deadline(&self) -> Deadline {
        Deadline::new(self.0.config.deadline)
    }

    /// Whether a session lives under this id.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn exists(&self, id: &SessionId) -> Result<bool, Error> {
        let op = self.0.op(self.0.now());
        Ok(self
            .deadline()
            .store(self.0.store.exists(&op, &id.store_key()))
            .await?)
    }

    /// Ends the session under this id, and those that it has just rotated to.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        let mut deadline = self.deadline();
        let mut next = Some(id.store_key());
        while let Some(key) = next {
            let op = self.0.op(self.0.now());
            next = deadline.store(self.0.store.destroy(&op, &key)).await?;
        }
        Ok(())
    }

    /// The live sessions of an owner, oldest first.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn sessions_of<O>(&self, owner: &O) -> Result<Vec<SessionInfo>, Error>
    where
        O: fmt::Display + Sync + ?Sized,
    {
        let (op, owner) = (self.0.op(self.0.now()), OwnerKey::of(owner));
        Ok(self
            .deadline()
            .store(self.0.store.sessions_of(&op, &owner))
            .await?)
    }

    /// Signs an owner out everywhere, and says of how many sessions. When it returns they are dead, and no sign-in
    /// that began before it succeeds.
    ///
    /// # Errors
    ///
    /// The store failed: then some may live.
    pub async fn destroy_all_of<O>(&self, owner: &O) -> Result<u64, Error>
    where
        O: fmt::Display + Sync + ?Sized,
    {
        let (op, owner) = (self.0.op(self.0.now()), OwnerKey::of(owner));
        Ok(self
            .deadline()
            .store(self.0.store.destroy_all_of(&op, &owner, None))
            .await?)
    }

    /// Sweeps up to `budget` dead records now. The layer does so in the background.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn gc(&self, budget: usize) -> Result<Swept, Error> {
        let op = self.0.op(self.0.now());
        Ok(self.deadline().store(self.0.store.gc(&op, budget)).await?)
    }
}

impl fmt::Debug for StoreHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreHandle")
    }
}
