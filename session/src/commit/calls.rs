//! The calls of the store that a commit makes, and what their answers mean.

use std::sync::Arc;

use super::run::Commit;
use crate::error::{Error, ErrorKind};
use crate::events;
use crate::id::StoreKey;
use crate::record::{Record, Version};
use crate::store::{
    CreateOutcome, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome, StoreError, StoreErrorKind,
    StoreFuture,
};

/// What the store answers to a change of a live record.
pub(super) enum Answer {
    Stored(Arc<Record>),
    Conflict(Arc<Record>),
    /// Nothing lives under the key; where a rotation found that, also where the session went.
    Gone(Option<StoreKey>),
    /// The owner's sessions were revoked.
    Revoked,
}

impl Commit<'_> {
    pub(super) async fn save(
        &mut self,
        key: &StoreKey,
        next: Arc<Record>,
        expected: Version,
    ) -> Result<Answer, Error> {
        let op = self.shared.op(self.plan.times.now);
        let store = &self.shared.store;
        let call = store.save(&op, key, Arc::clone(&next), expected);
        match self.plan.deadline.store(call).await {
            Ok(SaveOutcome::Saved(_)) => Ok(Answer::Stored(next)),
            // A driver that repeated the call by itself is told of its own first success.
            Ok(SaveOutcome::Conflict(found)) if found.header.commit_id == self.plan.commit_id => {
                Ok(Answer::Stored(found))
            }
            Ok(SaveOutcome::Conflict(current)) => Ok(Answer::Conflict(current)),
            Ok(SaveOutcome::Gone) => Ok(Answer::Gone(None)),
            Err(error) => {
                events::store_failed("save", &error);
                // The answer may be lost and the change stored: only a record that shows this commit says so.
                match Box::pin(self.read(key)).await {
                    Ok(ReadOutcome::Live(found))
                        if found.header.commit_id == self.plan.commit_id =>
                    {
                        Ok(Answer::Stored(found))
                    }
                    _ => Err(error.into()),
                }
            }
        }
    }

    pub(super) async fn rotate(
        &mut self,
        from: &StoreKey,
        to: &StoreKey,
        next: Arc<Record>,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<Answer, Error> {
        let op = self.shared.op(self.plan.times.now);
        let store = &self.shared.store;
        let call = || store.rotate(&op, from, to, Arc::clone(&next), expected, bind);
        match self.twice("rotate", call).await? {
            RotateOutcome::Saved(_) => {
                events::rotated();
                Ok(Answer::Stored(next))
            }
            RotateOutcome::Conflict(current) => Ok(Answer::Conflict(current)),
            RotateOutcome::Gone => {
                let successor = Box::pin(self.successor(from)).await?;
                if successor != Some(*to) {
                    return Ok(Answer::Gone(successor));
                }
                // Nobody else knows this key: the rotation was made, its answer lost, and its session ended before the
                // call was repeated. So was the old one, by it, and the client must not be told that it stands.
                events::rotated();
                Ok(Answer::Stored(next))
            }
            RotateOutcome::OwnerRefused => Err(Error::of(ErrorKind::OwnerRefused)),
            RotateOutcome::OwnerRevoked => {
                events::revoked();
                Ok(Answer::Revoked)
            }
        }
    }

    pub(super) async fn call_create(
        &mut self,
        key: &StoreKey,
        record: &Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, Error> {
        let op = self.shared.op(self.plan.times.now);
        let store = &self.shared.store;
        let call = || store.create(&op, key, Arc::clone(record), bind);
        self.twice("create", call).await
    }

    pub(super) async fn read(&mut self, key: &StoreKey) -> Result<ReadOutcome, StoreError> {
        let op = self.shared.op(self.plan.times.now);
        let call = self.shared.store.read(&op, key, None);
        self.plan.deadline.store(call).await
    }

    pub(super) async fn successor(&mut self, key: &StoreKey) -> Result<Option<StoreKey>, Error> {
        match self.read(key).await? {
            ReadOutcome::Gone { successor } => Ok(successor),
            _ => Ok(None),
        }
    }

    /// Follows tombstones to the end of the chain, so that a sign-out reaches a session that has just moved on.
    pub(super) async fn destroy_chain(&mut self, mut key: StoreKey) -> Result<(), Error> {
        let op = self.shared.op(self.plan.times.now);
        // A chain is as long as there are rotations within the grace; the bound is against a store that circles.
        for _ in 0..1024 {
            let call = self.shared.store.destroy(&op, &key);
            match self.plan.deadline.store(call).await? {
                Some(successor) => key = successor,
                None => return Ok(()),
            }
        }
        Err(StoreError::unavailable("the chain of successors does not end").into())
    }

    /// Calls an idempotent verb, and once more if its answer may have been lost.
    async fn twice<'c, T: Unpin>(
        &mut self,
        verb: &'static str,
        call: impl Fn() -> StoreFuture<'c, T>,
    ) -> Result<T, Error> {
        match self.plan.deadline.store(call()).await {
            Ok(answer) => Ok(answer),
            Err(error) if error.kind() == StoreErrorKind::Unavailable => {
                events::store_failed(verb, &error);
                Ok(self.plan.deadline.store(call()).await?)
            }
            Err(error) => Err(error.into()),
        }
    }
}
