//! The contract, by one node or by a cluster.

use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, Op, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome, SaveOutcome,
    SessionHandle, SessionInfo, SessionStore, StoreError, StoreKey, Swept, Timestamp, TouchOutcome,
    Version,
};

use super::RedisStore;

impl SessionStore for RedisStore {
    async fn read(
        &self,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        self.engine.verb(op).read(key, renew).await
    }

    async fn create(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        let verb = self.engine.verb(op);
        if !self.engine.route.alone() {
            return verb.create_in_cluster(key, &record, bind).await;
        }
        verb.create(key, &record, bind).await
    }

    async fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        expected: Version,
    ) -> Result<SaveOutcome, StoreError> {
        self.engine.verb(op).save(key, record, expected).await
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
        let verb = self.engine.verb(op);
        if !self.engine.route.alone() {
            return verb
                .rotate_in_cluster((old, new), &record, expected, bind)
                .await;
        }
        verb.rotate((old, new), &record, expected, bind).await
    }

    async fn touch(
        &self,
        op: &Op,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> Result<TouchOutcome, StoreError> {
        self.engine
            .verb(op)
            .touch(key, expected, idle_deadline)
            .await
    }

    async fn destroy(&self, op: &Op, key: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        let verb = self.engine.verb(op);
        if !self.engine.route.alone() {
            return verb.destroy_in_cluster(key).await;
        }
        verb.destroy(key).await
    }

    async fn exists(&self, op: &Op, key: &StoreKey) -> Result<bool, StoreError> {
        self.engine.verb(op).exists(key).await
    }

    /// Nothing to do: the engine expires records, and sets are pruned as they are used.
    async fn gc(&self, _: &Op, _: usize) -> Result<Swept, StoreError> {
        Ok(Swept::default())
    }

    async fn sessions_of(&self, op: &Op, owner: &OwnerKey) -> Result<Vec<SessionInfo>, StoreError> {
        let verb = self.engine.verb(op);
        if !self.engine.route.alone() {
            return verb.sessions_in_cluster(owner).await;
        }
        verb.sessions_of(owner).await
    }

    async fn destroy_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> Result<bool, StoreError> {
        let verb = self.engine.verb(op);
        if !self.engine.route.alone() {
            return verb.destroy_of_in_cluster(owner, handle).await;
        }
        verb.destroy_of(owner, handle).await
    }

    async fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        let verb = self.engine.verb(op);
        if !self.engine.route.alone() {
            return verb.destroy_all_of_in_cluster(owner, except).await;
        }
        verb.destroy_all_of(owner, except).await
    }
}
