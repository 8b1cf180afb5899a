//! A store behind a counted reference.

use std::sync::Arc;
use std::time::Duration;

use super::{
    CreateOutcome, Op, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome, SessionInfo,
    SessionStore, StoreError, Swept, TouchOutcome,
};
use crate::id::{OwnerKey, StoreKey};
use crate::record::{Record, SessionHandle, Version};
use crate::time::Timestamp;

/// A counted store is a store, so that a test can keep a hand on the one that it gave to the layer.
impl<S: SessionStore> SessionStore for Arc<S> {
    const ALWAYS_READY: bool = S::ALWAYS_READY;

    fn read(
        &self,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> impl Future<Output = Result<ReadOutcome, StoreError>> + Send {
        (**self).read(op, key, renew)
    }
    fn create(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> impl Future<Output = Result<CreateOutcome, StoreError>> + Send {
        (**self).create(op, key, record, bind)
    }
    fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        expected: Version,
    ) -> impl Future<Output = Result<SaveOutcome, StoreError>> + Send {
        (**self).save(op, key, record, expected)
    }
    fn rotate(
        &self,
        op: &Op,
        old: &StoreKey,
        new: &StoreKey,
        record: Arc<Record>,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> impl Future<Output = Result<RotateOutcome, StoreError>> + Send {
        (**self).rotate(op, old, new, record, expected, bind)
    }
    fn touch(
        &self,
        op: &Op,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> impl Future<Output = Result<TouchOutcome, StoreError>> + Send {
        (**self).touch(op, key, expected, idle_deadline)
    }
    fn destroy(
        &self,
        op: &Op,
        key: &StoreKey,
    ) -> impl Future<Output = Result<Option<StoreKey>, StoreError>> + Send {
        (**self).destroy(op, key)
    }
    fn exists(
        &self,
        op: &Op,
        key: &StoreKey,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        (**self).exists(op, key)
    }
    fn gc(&self, op: &Op, budget: usize) -> impl Future<Output = Result<Swept, StoreError>> + Send {
        (**self).gc(op, budget)
    }
    fn sessions_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
    ) -> impl Future<Output = Result<Vec<SessionInfo>, StoreError>> + Send {
        (**self).sessions_of(op, owner)
    }
    fn destroy_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        (**self).destroy_of(op, owner, handle)
    }
    fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        (**self).destroy_all_of(op, owner, except)
    }
}
