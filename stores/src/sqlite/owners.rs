//! Owners: binding, listing, revoking, and what `gc` sweeps.

use std::time::Duration;

use session::{
    Clock, Op, Over, OwnerKey, OwnerRule, Record, SessionHandle, SessionInfo, StoreError, StoreKey,
    Swept, SystemClock, Timestamp,
};
use sqlx::Row as _;

use super::engine::{Engine, Link, statement};
use super::queue::{Room, Write};
use super::row::{Found, listed};
use super::trouble::store_error;
use super::verbs::at;
use crate::sql::{millis, timestamp};

/// The longest absolute lifetime: so long is a revocation remembered.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 3600);

/// So many rows at most go in one statement, which no writer can interrupt.
const BATCH: usize = 500;

/// Why a session could not be bound to its owner.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal {
    Refused,
    Revoked,
}

impl Engine {
    /// Whether a record that was just stored under `key` may stay, and what has to go for it.
    pub(super) async fn bind(
        &self,
        link: &mut Link,
        op: &Op,
        key: &StoreKey,
        record: &Record,
        rule: Option<OwnerRule>,
    ) -> Result<Option<Refusal>, StoreError> {
        let Some(owner) = &record.header.owner else {
            return Ok(None);
        };
        let owner = owner.key.as_bytes();
        let revoked = at(
            &self.statements.revoked,
            owner,
            record.header.authenticated_at,
        );
        if !link.rows(revoked).await?.is_empty() {
            return Ok(Some(Refusal::Revoked));
        }
        let Some(rule) = rule else {
            return Ok(None);
        };
        let others = self.count_of(link, op, owner, key.hash()).await?;
        let excess = (others + 1).saturating_sub(u64::from(rule.max.get()));
        match rule.over {
            Over::Refuse if excess > 0 => return Ok(Some(Refusal::Refused)),
            Over::Evict if excess > 0 => {
                let evict = at(&self.statements.evict, owner, op.now)
                    .bind(key.hash().to_vec())
                    .bind(millis(op.now + op.grace))
                    .bind(i64::try_from(excess).unwrap_or(i64::MAX));
                link.execute(evict).await?;
            }
            Over::Refuse | Over::Evict => {}
        }
        Ok(None)
    }

    /// How many live sessions an owner has, but for one.
    async fn count_of(
        &self,
        link: &mut Link,
        op: &Op,
        owner: &[u8],
        except: &[u8],
    ) -> Result<u64, StoreError> {
        let count = at(&self.statements.count_of, owner, op.now).bind(except.to_vec());
        let rows = link.rows(count).await?;
        let count = rows.first().map_or(Ok(0), |row| row.try_get::<i64, _>(0));
        Ok(u64::try_from(count.map_err(store_error)?).unwrap_or(0))
    }

    pub(super) async fn sessions_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
    ) -> Result<Vec<SessionInfo>, StoreError> {
        let list = at(&self.statements.list, owner.as_bytes(), op.now);
        let rows = self.link().await?.rows(list).await?;
        let mut sessions = Vec::with_capacity(rows.len());
        for row in &rows {
            // What a read calls damaged signs nobody in.
            sessions.extend(listed(row).map_err(store_error)?.info(owner)?);
        }
        Ok(sessions)
    }

    /// Authenticates the excepted session anew, if it is a live one of this owner.
    async fn stamp<'k>(
        &self,
        link: &mut Link,
        op: &Op,
        owner: &OwnerKey,
        key: &'k StoreKey,
        not_before: Timestamp,
    ) -> Result<Option<&'k StoreKey>, StoreError> {
        let Found::Live(stored) = self.find(link, key, op.now).await? else {
            return Ok(None);
        };
        let Ok(header) = stored.header() else {
            return Ok(None);
        };
        if header.owner.is_none_or(|of| of.key != *owner) {
            return Ok(None);
        }
        let stamp = at(&self.statements.stamp, key.hash(), op.now)
            .bind(header.version.to_bytes().to_vec())
            .bind(millis(not_before + Duration::from_millis(1)))
            .bind(header.version.next().to_bytes().to_vec());
        Ok((link.execute(stamp).await? == 1).then_some(key))
    }
}

pub(super) struct DestroyOf {
    pub(super) op: Op,
    pub(super) owner: OwnerKey,
    pub(super) handle: SessionHandle,
}

impl Write for DestroyOf {
    type Outcome = bool;
    const ROOM: Room = Room::Frees;

    async fn run(&self, engine: &Engine, link: &mut Link) -> Result<bool, StoreError> {
        let Self { op, owner, handle } = self;
        let destroy = at(&engine.statements.destroy_of, owner.as_bytes(), op.now)
            .bind(handle.to_bytes().to_vec())
            .bind(millis(op.now + op.grace));
        Ok(link.execute(destroy).await? > 0)
    }
}

pub(super) struct DestroyAllOf {
    pub(super) op: Op,
    pub(super) owner: OwnerKey,
    pub(super) except: Option<StoreKey>,
}

impl Write for DestroyAllOf {
    type Outcome = u64;
    const ROOM: Room = Room::Frees;

    fn is_several(&self) -> bool {
        true
    }

    async fn run(&self, engine: &Engine, link: &mut Link) -> Result<u64, StoreError> {
        let Self { op, owner, except } = self;
        let revoke = at(&engine.statements.revoke, owner.as_bytes(), op.now);
        let rows = link.rows(revoke.bind(millis(op.now + LONGEST))).await?;
        let not_before = rows
            .first()
            .map_or(Ok(millis(op.now)), |row| row.try_get(0));
        let not_before = timestamp(not_before.map_err(store_error)?);
        let spared = match except {
            Some(key) => engine.stamp(link, op, owner, key, not_before).await?,
            None => None,
        };
        // No key is empty.
        let spared = spared.map_or(&[][..], |key| key.hash());
        let live = engine.count_of(link, op, owner.as_bytes(), spared).await?;
        let bury = statement(&engine.statements.bury_all)
            .bind(owner.as_bytes().to_vec())
            .bind(spared.to_vec())
            .bind(millis(op.now + op.grace));
        link.execute(bury).await?;
        Ok(live)
    }
}

/// Removes what is past by the caller's clock and by that of this machine, which is the engine's.
pub(super) struct Gc {
    pub(super) op: Op,
    pub(super) budget: usize,
}

impl Write for Gc {
    type Outcome = Swept;
    const ROOM: Room = Room::Frees;

    async fn run(&self, engine: &Engine, link: &mut Link) -> Result<Swept, StoreError> {
        let past = millis(self.op.now.min(SystemClock.now()) - self.op.max_skew);
        let limit = self.budget.clamp(1, BATCH);
        let bound = i64::try_from(limit).unwrap_or(i64::MAX);
        let [removed, forgotten] = [&engine.statements.sweep, &engine.statements.sweep_owners]
            .map(|sweep| statement(sweep).bind(past).bind(bound));
        let removed = link.execute(removed).await?;
        let forgotten = link.execute(forgotten).await?;
        let removed = usize::try_from(removed).unwrap_or(limit);
        Ok(Swept {
            removed,
            more: removed == limit || forgotten == bound.unsigned_abs(),
        })
    }
}
