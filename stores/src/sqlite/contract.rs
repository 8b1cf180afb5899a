//! The contract. What writes is handed to the engine whole: it has to be able to end without its caller.

use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, Op, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome, SaveOutcome,
    SessionHandle, SessionInfo, SessionStore, StoreError, StoreKey, Swept, Timestamp, TouchOutcome,
    Version,
};

use super::SqliteStore;
use super::owners::{DestroyAllOf, DestroyOf, Gc};
use super::writes::{Create, Destroy, Renew, Rotate, Save, Touch};

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
        let new = self.engine.encoded(key, record)?;
        let (op, key) = (*op, *key);
        self.engine.write(Create { op, key, new, bind }).await
    }

    async fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        expected: Version,
    ) -> Result<SaveOutcome, StoreError> {
        let new = self.engine.encoded(key, record)?;
        let (op, key) = (*op, *key);
        self.engine
            .write(Save {
                op,
                key,
                new,
                expected,
            })
            .await
    }

    async fn rotate(
        &self,
        op: &Op,
        old: &StoreKey,
        key: &StoreKey,
        record: Arc<Record>,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        let new = self.engine.encoded(key, record)?;
        let (op, old, key) = (*op, *old, *key);
        self.engine
            .write(Rotate {
                op,
                old,
                key,
                new,
                expected,
                bind,
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
        let renew = Renew {
            op,
            key,
            version: expected,
            deadline: idle_deadline,
        };
        self.engine.write(Touch(renew)).await
    }

    async fn destroy(&self, op: &Op, key: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        let (op, key) = (*op, *key);
        self.engine.write(Destroy { op, key }).await
    }

    async fn exists(&self, op: &Op, key: &StoreKey) -> Result<bool, StoreError> {
        self.engine.reading(self.engine.exists(op, key)).await
    }

    async fn gc(&self, op: &Op, budget: usize) -> Result<Swept, StoreError> {
        self.engine.write(Gc { op: *op, budget }).await
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
        self.engine.write(DestroyOf { op, owner, handle }).await
    }

    async fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        let (op, owner, except) = (*op, *owner, except.copied());
        self.engine.write(DestroyAllOf { op, owner, except }).await
    }
}
