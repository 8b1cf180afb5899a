//! The contract. What writes is handed to the engine whole: it has to be able to end without its caller.

use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, Op, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome, SaveOutcome,
    SessionHandle, SessionInfo, SessionStore, StoreError, StoreKey, Swept, Timestamp, TouchOutcome,
    Version,
};

use super::SqliteStore;

impl SessionStore for SqliteStore {
    async fn read(
        &self,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        self.engine.read(op, key, renew).await
    }

    async fn create(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        let (op, key) = (*op, *key);
        let columns = self.engine.columns(&key, &record)?;
        self.engine
            .adding(move |engine| async move {
                engine.create(&op, &key, (&record, &columns), bind).await
            })
            .await
    }

    async fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        expected: Version,
    ) -> Result<SaveOutcome, StoreError> {
        let (op, key) = (*op, *key);
        let columns = self.engine.columns(&key, &record)?;
        self.engine
            .adding(move |engine| async move {
                engine.save(&op, &key, (record, columns), expected).await
            })
            .await
    }

    async fn rotate(
        &self,
        op: &Op,
        old: &StoreKey,
        new: &StoreKey,
        record: Arc<Record>,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        let (op, old, new) = (*op, *old, *new);
        let columns = self.engine.columns(&new, &record)?;
        self.engine
            .adding(move |engine| async move {
                let rotate = engine.rotate(&op, (&old, &new), (&record, &columns), expected, bind);
                rotate.await
            })
            .await
    }

    async fn touch(
        &self,
        op: &Op,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> Result<TouchOutcome, StoreError> {
        let (op, key) = (*op, *key);
        self.engine
            .writing(
                move |engine| async move { engine.touch(&op, &key, expected, idle_deadline).await },
            )
            .await
    }

    async fn destroy(&self, op: &Op, key: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        let (op, key) = (*op, *key);
        self.engine
            .ending(move |engine| async move { engine.destroy(&op, &key).await })
            .await
    }

    async fn exists(&self, op: &Op, key: &StoreKey) -> Result<bool, StoreError> {
        self.engine.reading(self.engine.exists(op, key)).await
    }

    async fn gc(&self, op: &Op, budget: usize) -> Result<Swept, StoreError> {
        let op = *op;
        self.engine
            .ending(move |engine| async move { engine.gc(&op, budget).await })
            .await
    }

    async fn sessions_of(&self, op: &Op, owner: &OwnerKey) -> Result<Vec<SessionInfo>, StoreError> {
        self.engine
            .reading(self.engine.sessions_of(op, owner))
            .await
    }

    async fn destroy_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> Result<bool, StoreError> {
        let (op, owner) = (*op, *owner);
        self.engine
            .ending(move |engine| async move { engine.destroy_of(&op, &owner, handle).await })
            .await
    }

    async fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        let (op, owner, except) = (*op, *owner, except.copied());
        self.engine
            .ending(move |engine| async move {
                let destroy = engine.destroy_all_of(&op, &owner, except.as_ref());
                destroy.await
            })
            .await
    }
}
