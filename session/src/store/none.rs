//! The store of a session without layer: every verb fails.

use std::sync::Arc;
use std::time::Duration;

use super::{
    CreateOutcome, Op, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome, SessionInfo,
    SessionStore, StoreError, Swept, TouchOutcome,
};
use crate::id::{OwnerKey, StoreKey};
use crate::record::{Record, SessionHandle, Version};
use crate::time::Timestamp;

#[derive(Debug)]
pub(crate) struct NoStore;

async fn none<T>() -> Result<T, StoreError> {
    Err(StoreError::unavailable("a detached session has no store"))
}

impl SessionStore for NoStore {
    const ALWAYS_READY: bool = true;

    async fn read(
        &self,
        _: &Op,
        _: &StoreKey,
        _: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        none().await
    }
    async fn create(
        &self,
        _: &Op,
        _: &StoreKey,
        _: Arc<Record>,
        _: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        none().await
    }
    async fn save(
        &self,
        _: &Op,
        _: &StoreKey,
        _: Arc<Record>,
        _: Version,
    ) -> Result<SaveOutcome, StoreError> {
        none().await
    }
    async fn rotate(
        &self,
        _: &Op,
        _: &StoreKey,
        _: &StoreKey,
        _: Arc<Record>,
        _: Version,
        _: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        none().await
    }
    async fn touch(
        &self,
        _: &Op,
        _: &StoreKey,
        _: Version,
        _: Timestamp,
    ) -> Result<TouchOutcome, StoreError> {
        none().await
    }
    async fn destroy(&self, _: &Op, _: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        none().await
    }
    async fn exists(&self, _: &Op, _: &StoreKey) -> Result<bool, StoreError> {
        none().await
    }
    async fn gc(&self, _: &Op, _: usize) -> Result<Swept, StoreError> {
        none().await
    }
    async fn sessions_of(&self, _: &Op, _: &OwnerKey) -> Result<Vec<SessionInfo>, StoreError> {
        none().await
    }
    async fn destroy_of(&self, _: &Op, _: &OwnerKey, _: SessionHandle) -> Result<bool, StoreError> {
        none().await
    }
    async fn destroy_all_of(
        &self,
        _: &Op,
        _: &OwnerKey,
        _: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        none().await
    }
}
