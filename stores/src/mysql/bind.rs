//! Creating and rotating where more than one row has a say: the owner's, those of their other sessions, and what stands
//! under the key.
//!
//! At first a transaction goes out whole that stores the record if nothing stands in the way (`at_once.rs`). Where it
//! has not, another takes two round trips: it locks and looks, then writes, or says why not.

use std::sync::Arc;

use session::{
    CreateOutcome, Over, OwnerRule, Record, RotateOutcome, StoreError, StoreKey, Version,
};
use sqlx::mysql::MySqlRow;

use super::call::{Again, Next, Verb};
use super::row::{Found, column};
use super::text::{bury, bury_all, hex, insert, keys, live};
use super::trouble::unexpected;
use crate::sql::{Columns, store_key};

/// Which of the statements a row comes from.
const OWNER: i64 = 0;
const SESSION: i64 = 1;
const KEY: i64 = 2;

/// What stands under a key, locked.
#[derive(Default)]
struct Place {
    /// There is a row, whatever it is.
    taken: bool,
    live: Option<State>,
    /// A tombstone stands here, and names this successor.
    tombstone: Option<Option<StoreKey>>,
}

struct State {
    version: Vec<u8>,
    commit_id: Vec<u8>,
}

/// What a transaction has seen.
struct Seen {
    /// The owner's sessions may not have been authenticated up to here; -1 if they were never revoked.
    not_before: i64,
    /// The keys of the owner's live sessions, oldest first.
    sessions: Vec<Vec<u8>>,
    places: Vec<(Vec<u8>, Place)>,
}

impl Seen {
    fn new(rows: &[MySqlRow]) -> Result<Self, StoreError> {
        let mut seen = Self {
            not_before: -1,
            sessions: Vec::new(),
            places: Vec::new(),
        };
        for row in rows {
            match column::<i64>(row, 0)? {
                OWNER => seen.not_before = column(row, 1)?,
                SESSION => seen.sessions.push(column(row, 1)?),
                KEY => {
                    let mut place = Place {
                        taken: true,
                        ..Place::default()
                    };
                    if column::<i64>(row, 2)? != 0 {
                        place.live = Some(State {
                            version: column(row, 4)?,
                            commit_id: column(row, 5)?,
                        });
                    } else if column::<i64>(row, 3)? != 0 {
                        let successor = column::<Option<Vec<u8>>>(row, 6)?;
                        let successor = successor.and_then(|successor| store_key(&successor));
                        place.tombstone = Some(successor);
                    }
                    seen.places.push((column(row, 1)?, place));
                }
                _ => return Err(unexpected()),
            }
        }
        Ok(seen)
    }

    fn take(&mut self, key: &StoreKey) -> Place {
        let at = self.places.iter().position(|(k, _)| k == key.hash());
        at.map_or_else(Place::default, |at| self.places.swap_remove(at).1)
    }

    /// Whether a record may be bound to its owner, and who has to go for it. `instead_of` is not counted.
    fn may_bind(
        &mut self,
        row: &Columns,
        bind: Option<OwnerRule>,
        instead_of: &StoreKey,
    ) -> Result<Vec<Vec<u8>>, Refusal> {
        if row.owner.is_none() {
            return Ok(Vec::new());
        }
        if row.authenticated_at <= self.not_before {
            return Err(Refusal::Revoked);
        }
        let Some(rule) = bind else {
            return Ok(Vec::new());
        };
        self.sessions.retain(|key| key != instead_of.hash());
        let excess = (self.sessions.len() + 1).saturating_sub(rule.max.get() as usize);
        match rule.over {
            Over::Refuse if excess > 0 => Err(Refusal::Refused),
            Over::Refuse => Ok(Vec::new()),
            Over::Evict => Ok(self.sessions.drain(..excess).collect()),
        }
    }
}

enum Refusal {
    Refused,
    Revoked,
}

impl Verb<'_> {
    /// The statements that lock the owner first and then the keys, and show both.
    fn lock(&self, row: &Columns, bind: Option<OwnerRule>, locked: &[&StoreKey]) -> String {
        let schema = &self.engine.schema;
        let (records, owners, live) = (&schema.records, &schema.owners, live(self.now()));
        let mut text = String::new();
        if let Some(owner) = row.owner {
            let (owner, forget) = (hex(&owner), row.absolute_deadline);
            text += &self.enter(&owner, forget);
            text += &format!("SELECT {OWNER}, not_before FROM {owners} WHERE owner = {owner}; ");
            if bind.is_some() {
                text += &format!(
                    "SELECT {SESSION}, session_key FROM {records} WHERE owner = {owner} AND {live} \
                     ORDER BY created, session_key; "
                );
            }
        }
        let locked = keys(locked.iter().map(|key| &key.hash()[..]));
        let now = self.now();
        text += &format!(
            "SELECT {KEY}, session_key, {live}, data IS NULL AND expires_at > {now}, version, commit_id, successor \
             FROM {records} FORCE INDEX (PRIMARY) WHERE session_key IN ({locked}) FOR UPDATE"
        );
        text
    }

    /// The statements that put a record under a key, end those who have to go for it, and end the transaction.
    fn put(&self, place: &Place, key: &StoreKey, row: &Columns, evicted: &[Vec<u8>]) -> String {
        let records = &self.engine.schema.records;
        let mut text = String::new();
        if place.taken {
            // What has expired gives way.
            let key = hex(key.hash());
            text += &format!("DELETE FROM {records} WHERE session_key = {key}; ");
        }
        text += &insert(records, key, row);
        text += "; ";
        if !evicted.is_empty() {
            text += &bury_all(records, self.op, evicted.iter().map(|key| &key[..]));
        }
        text + "COMMIT"
    }

    /// The statement that locks the owner's row, which may be a new one.
    pub(super) fn enter(&self, owner: &str, forget: i64) -> String {
        let owners = &self.engine.schema.owners;
        format!(
            "INSERT INTO {owners} (owner, not_before, forget_at) VALUES ({owner}, -1, {forget}) \
             ON DUPLICATE KEY UPDATE forget_at = GREATEST(forget_at, {forget}); "
        )
    }

    pub(super) async fn create_bound(
        &self,
        key: &StoreKey,
        row: &Columns,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        let decide = |rows: Vec<MySqlRow>| {
            let mut seen = Seen::new(&rows)?;
            let place = seen.take(key);
            if let Some(current) = place.live {
                let repeated = current.commit_id == row.commit_id;
                return Ok(Next::End(if repeated {
                    CreateOutcome::Created
                } else {
                    CreateOutcome::Exists
                }));
            }
            if place.tombstone.is_some() {
                return Ok(Next::End(CreateOutcome::Gone));
            }
            Ok(match seen.may_bind(row, bind, key) {
                Err(Refusal::Refused) => Next::End(CreateOutcome::OwnerRefused),
                Err(Refusal::Revoked) => Next::End(CreateOutcome::OwnerRevoked),
                Ok(evicted) => {
                    Next::Write(self.put(&place, key, row, &evicted), CreateOutcome::Created)
                }
            })
        };
        let lock = self.lock(row, bind, &[key]);
        self.transaction(Again::Harmless, &lock, decide).await
    }

    pub(super) async fn rotate(
        &self,
        keys: (&StoreKey, &StoreKey),
        record: &Record,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        let row = Columns::of(&self.engine.codec, keys.1, record)?;
        if self.rotate_at_once(keys, &row, expected, bind).await? {
            return Ok(RotateOutcome::Saved(record.header.version));
        }
        if let Some(outcome) = self.rotate_bound(keys, &row, expected, bind).await? {
            return Ok(outcome);
        }
        // As for a save: what stands there now takes a look of its own.
        let Found::Live(stored) = self.find(keys.0).await? else {
            return Ok(RotateOutcome::Gone);
        };
        let current = self.record(keys.0, stored)?;
        Ok(current.map_or(RotateOutcome::Gone, |current| {
            RotateOutcome::Conflict(Arc::new(current))
        }))
    }

    /// `None` is a conflict.
    async fn rotate_bound(
        &self,
        (old, new): (&StoreKey, &StoreKey),
        row: &Columns,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<Option<RotateOutcome>, StoreError> {
        let decide = |rows: Vec<MySqlRow>| {
            let mut seen = Seen::new(&rows)?;
            let (from, to) = (seen.take(old), seen.take(new));
            let Some(current) = from.live else {
                let moved = from.tombstone == Some(Some(*new));
                return Ok(Next::End(Some(match to.live {
                    Some(state) if moved && state.commit_id == row.commit_id => {
                        let version = state.version.try_into().map_err(|_| unexpected())?;
                        RotateOutcome::Saved(Version::from_bytes(version))
                    }
                    _ => RotateOutcome::Gone,
                })));
            };
            if current.version != expected.to_bytes() {
                return Ok(Next::End(None));
            }
            if to.live.is_some() || to.tombstone.is_some() {
                return Ok(Next::End(Some(RotateOutcome::Gone)));
            }
            Ok(match seen.may_bind(row, bind, old) {
                Err(Refusal::Refused) => Next::End(Some(RotateOutcome::OwnerRefused)),
                Err(Refusal::Revoked) => Next::End(Some(RotateOutcome::OwnerRevoked)),
                Ok(evicted) => {
                    let records = &self.engine.schema.records;
                    let (bury, key) = (bury(self.op, Some(new)), hex(old.hash()));
                    let text = format!("UPDATE {records} SET {bury} WHERE session_key = {key}; ");
                    let version = Version::from_bytes(row.version);
                    Next::Write(
                        text + &self.put(&to, new, row, &evicted),
                        Some(RotateOutcome::Saved(version)),
                    )
                }
            })
        };
        let lock = self.lock(row, bind, &[old, new]);
        self.transaction(Again::Harmless, &lock, decide).await
    }
}
