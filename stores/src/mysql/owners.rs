//! The verbs that end sessions by their owner, and the sweep.

use std::time::Duration;

use session::{Op, OwnerKey, SessionHandle, StoreError, StoreKey, Swept, Timestamp, Version};
use sqlx::Row;
use sqlx::mysql::MySqlRow;

use super::call::{Again, Next, Verb};
use super::row::column;
use super::text::{bury_all, hex, live};
use crate::sql::{millis, timestamp};

/// A revocation is remembered for as long as the longest session that it is meant for can last.
const LONGEST_LIFETIME: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How many rows one sweep takes at most, however large its budget is: it holds their locks.
const BATCH: usize = 500;

impl Verb<'_> {
    pub(super) async fn destroy_of(
        &self,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> Result<bool, StoreError> {
        let schema = &self.engine.schema;
        let (records, owners, live) = (&schema.records, &schema.owners, live(self.now()));
        let (owner, handle) = (hex(owner.as_bytes()), hex(&handle.to_bytes()));
        // The lock keeps the session from moving to another key; an owner without a row has none.
        let first = format!(
            "SELECT owner FROM {owners} WHERE owner = {owner} FOR UPDATE; \
             SELECT session_key, handle FROM {records} WHERE owner = {owner} AND handle = {handle} AND {live}"
        );
        let decide = |rows: Vec<MySqlRow>| {
            let session = rows.iter().find(|row| row.len() > 1);
            let Some(session) = session else {
                return Ok(Next::End(false));
            };
            let key = column::<Vec<u8>>(session, 0)?;
            let bury = bury_all(records, self.op, [&key[..]]);
            Ok(Next::Write(bury + "COMMIT", true))
        };
        self.transaction(Again::Never, &first, decide).await
    }

    pub(super) async fn destroy_all_of(
        &self,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        let schema = &self.engine.schema;
        let (records, owners, live) = (&schema.records, &schema.owners, live(self.now()));
        let owner = hex(owner.as_bytes());
        let (now, forget) = (self.now(), millis(self.op.now + LONGEST_LIFETIME));
        // Expired ones too: they may still live by the clock of a node that is behind.
        let first = format!(
            "INSERT INTO {owners} (owner, not_before, forget_at) VALUES ({owner}, {now}, {forget}) \
             ON DUPLICATE KEY UPDATE not_before = GREATEST(not_before, {now}), \
             forget_at = GREATEST(forget_at, {forget}); \
             SELECT not_before FROM {owners} WHERE owner = {owner}; \
             SELECT session_key, {live} FROM {records} WHERE owner = {owner} AND data IS NOT NULL"
        );
        let decide = |rows: Vec<MySqlRow>| {
            let (mut not_before, mut ended, mut lived, mut spared) = (now, Vec::new(), 0, false);
            for row in &rows {
                if row.len() == 1 {
                    not_before = column(row, 0)?;
                    continue;
                }
                let (key, lives) = (column::<Vec<u8>>(row, 0)?, column::<i64>(row, 1)? != 0);
                if lives && except.is_some_and(|except| key == except.hash()) {
                    spared = true;
                } else {
                    lived += u64::from(lives);
                    ended.push(key);
                }
            }
            let mut text = String::new();
            if let Some(except) = except.filter(|_| spared) {
                let stamp = millis(timestamp(not_before) + Duration::from_millis(1));
                // A version of its own, so that a save under way meets a conflict.
                let version = hex(&Version::first().to_bytes());
                let key = hex(except.hash());
                text += &format!(
                    "UPDATE {records} SET authenticated_at = {stamp}, version = {version} \
                     WHERE session_key = {key} AND owner = {owner} AND data IS NOT NULL; "
                );
            }
            if !ended.is_empty() {
                text += &bury_all(records, self.op, ended.iter().map(|key| &key[..]));
            }
            Ok(Next::Write(text + "COMMIT", lived))
        };
        self.transaction(Again::Never, &first, decide).await
    }

    pub(super) async fn gc(&self, budget: usize) -> Result<Swept, StoreError> {
        let schema = &self.engine.schema;
        let (records, owners, limit) = (&schema.records, &schema.owners, budget.min(BATCH));
        if limit == 0 {
            return Ok(Swept::default());
        }
        let past = past(self.op);
        // Whoever is at a row keeps it: the next sweep is soon enough. Nobody is waited for, so both tables may be locked
        // in this order.
        let dead = |key: &str, table: &str, until: &str| {
            format!(
                "SELECT {key} FROM {table} FORCE INDEX (by_expiry) WHERE {until} < {past} \
                 ORDER BY {until} LIMIT {limit} FOR UPDATE SKIP LOCKED"
            )
        };
        let first = format!(
            "{}; {}",
            dead("session_key", records, "expires_at"),
            dead("owner, 1", owners, "forget_at"),
        );
        let decide = |rows: Vec<MySqlRow>| {
            let (mut removed, mut forgotten, mut text) = (0, 0, String::new());
            // One by one: with many keys in one statement the engine may rather go through the whole table, and wait
            // there for rows that others hold.
            for row in &rows {
                let (table, key, count) = match row.len() {
                    1 => (records, "session_key", &mut removed),
                    _ => (owners, "owner", &mut forgotten),
                };
                let dead = hex(&column::<Vec<u8>>(row, 0)?);
                text += &format!("DELETE FROM {table} WHERE {key} = {dead}; ");
                *count += 1;
            }
            let more = removed.max(forgotten) == limit;
            Ok(Next::Write(text + "COMMIT", Swept { removed, more }))
        };
        self.transaction(Again::Harmless, &first, decide).await
    }
}

/// What lies before is past by the skew, on the caller's clock and on the engine's.
fn past(op: &Op) -> String {
    let skew = millis(Timestamp::default() + op.max_skew);
    let caller = millis(op.now).saturating_sub(skew);
    format!("LEAST({caller}, UNIX_TIMESTAMP() * 1000 - {skew})")
}
