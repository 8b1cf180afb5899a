//! The text of every statement, built once for the tables of a store.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::reads::MOST;
use crate::sql::{Quote, TableName};

/// What the schema table says of a schema that this version of the library made.
pub(super) const SCHEMA: i64 = 1;

/// A tombstone has no data: that is what tells it from a record.
const RECORD: &str = "session_key, expires_at, version, handle, owner, created, authenticated_at, last_seen, \
    idle_deadline, absolute_deadline, header, data";

/// What makes a tombstone of a row, beside its `successor` and `expires_at`.
const BURIED: &str = "version = NULL, handle = NULL, owner = NULL, created = NULL, authenticated_at = NULL, \
    last_seen = NULL, idle_deadline = NULL, absolute_deadline = NULL, header = NULL, data = NULL";

/// Until when a row means something. Of a record only its own deadlines say so (T17): `gc` alone goes by `expires_at`.
const ENDS: &str = "coalesce(min(idle_deadline, absolute_deadline), expires_at)";

#[derive(Debug)]
pub(super) struct Statements {
    pub(super) schema: SqlStr,
    /// For one key, two, four and so on.
    read: Vec<SqlStr>,
    pub(super) insert: SqlStr,
    pub(super) save: SqlStr,
    pub(super) renew: SqlStr,
    pub(super) move_on: SqlStr,
    pub(super) destroy: SqlStr,
    pub(super) exists: SqlStr,
    pub(super) sweep: SqlStr,
    pub(super) sweep_owners: SqlStr,
    pub(super) revoked: SqlStr,
    pub(super) count_of: SqlStr,
    pub(super) evict: SqlStr,
    pub(super) list: SqlStr,
    pub(super) destroy_of: SqlStr,
    pub(super) revoke: SqlStr,
    pub(super) stamp: SqlStr,
    pub(super) bury_all: SqlStr,
}

impl Statements {
    /// For this many keys: one, two, four and so on up to [`MOST`].
    pub(super) fn read(&self, keys: usize) -> &SqlStr {
        &self.read[keys.ilog2() as usize]
    }

    pub(super) fn new(table: &TableName) -> Self {
        let sessions = table.quoted(Quote::Double, "");
        let owners = table.quoted(Quote::Double, "_owners");
        let schema = table.quoted(Quote::Double, "_schema");
        let text = |text: String| AssertSqlSafe(Arc::<str>::from(text)).into_sql_str();
        // In each of them, `?1` is what is looked for and `?2` the time.
        let live = format!("data IS NOT NULL AND {ENDS} > ?2");
        let tombstone = "data IS NULL AND expires_at > ?2";
        let later = "max(idle_deadline, min(?4, absolute_deadline))";
        Self {
            schema: text(format!("SELECT version FROM {schema}")),
            read: (0..=MOST.ilog2())
                .map(|power| {
                    let keys = vec!["?"; 1 << power].join(", ");
                    text(format!(
                        "SELECT session_key, version, authenticated_at, last_seen, idle_deadline, header, data, \
                         {ENDS} AS ends, successor FROM {sessions} WHERE session_key IN ({keys})"
                    ))
                })
                .collect(),
            insert: text(format!(
                "INSERT INTO {sessions} ({RECORD}) VALUES (?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
                 ON CONFLICT (session_key) DO UPDATE SET expires_at = excluded.expires_at, successor = NULL, \
                 version = excluded.version, handle = excluded.handle, owner = excluded.owner, \
                 created = excluded.created, authenticated_at = excluded.authenticated_at, \
                 last_seen = excluded.last_seen, idle_deadline = excluded.idle_deadline, \
                 absolute_deadline = excluded.absolute_deadline, header = excluded.header, data = excluded.data \
                 WHERE {ENDS} <= ?2"
            )),
            // The owner is compared and not set: a save never changes it.
            save: text(format!(
                "UPDATE {sessions} SET expires_at = ?3, version = ?4, handle = ?5, created = ?7, \
                 authenticated_at = ?8, last_seen = ?9, idle_deadline = ?10, absolute_deadline = ?11, header = ?12, \
                 data = ?13 WHERE session_key = ?1 AND version = ?14 AND owner IS ?6 AND {live}"
            )),
            renew: text(format!(
                "UPDATE {sessions} SET last_seen = max(last_seen, ?2), idle_deadline = {later}, \
                 expires_at = min({later}, absolute_deadline) WHERE session_key = ?1 AND version = ?3 AND {live} \
                 RETURNING last_seen, idle_deadline"
            )),
            move_on: text(format!(
                "UPDATE {sessions} SET successor = ?4, expires_at = ?5, {BURIED} \
                 WHERE session_key = ?1 AND version = ?3 AND {live}"
            )),
            destroy: text(format!(
                "INSERT INTO {sessions} (session_key, expires_at) VALUES (?1, ?3) \
                 ON CONFLICT (session_key) DO UPDATE SET successor = CASE WHEN {tombstone} THEN successor END, \
                 expires_at = CASE WHEN {tombstone} THEN max(expires_at, ?3) ELSE ?3 END, {BURIED} \
                 RETURNING successor"
            )),
            exists: text(format!(
                "SELECT 1 FROM {sessions} WHERE session_key = ?1 AND {live}"
            )),
            sweep: text(format!(
                "DELETE FROM {sessions} WHERE rowid IN \
                 (SELECT rowid FROM {sessions} WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)"
            )),
            sweep_owners: text(format!(
                "DELETE FROM {owners} WHERE owner IN (SELECT owner FROM {owners} WHERE until < ?1 LIMIT ?2)"
            )),
            revoked: text(format!(
                "SELECT 1 FROM {owners} WHERE owner = ?1 AND not_before >= ?2"
            )),
            count_of: text(format!(
                "SELECT count(*) FROM {sessions} WHERE owner = ?1 AND session_key <> ?3 AND {live}"
            )),
            evict: text(format!(
                "UPDATE {sessions} SET successor = NULL, expires_at = ?4, {BURIED} WHERE rowid IN \
                 (SELECT rowid FROM {sessions} WHERE owner = ?1 AND session_key <> ?3 AND {live} \
                 ORDER BY created LIMIT ?5)"
            )),
            list: text(format!(
                "SELECT owner, handle, created, last_seen, header FROM {sessions} \
                 WHERE owner = ?1 AND {live} ORDER BY created"
            )),
            destroy_of: text(format!(
                "UPDATE {sessions} SET successor = NULL, expires_at = ?4, {BURIED} \
                 WHERE owner = ?1 AND handle = ?3 AND {live}"
            )),
            revoke: text(format!(
                "INSERT INTO {owners} (owner, not_before, until) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (owner) DO UPDATE SET not_before = max(not_before, excluded.not_before), \
                 until = max(until, excluded.until) RETURNING not_before"
            )),
            stamp: text(format!(
                "UPDATE {sessions} SET authenticated_at = ?4, version = ?5 \
                 WHERE session_key = ?1 AND version = ?3 AND {live}"
            )),
            // Also what has expired: it may still live by the clock of a process that is behind.
            bury_all: text(format!(
                "UPDATE {sessions} SET successor = NULL, expires_at = ?3, {BURIED} \
                 WHERE owner = ?1 AND session_key <> ?2"
            )),
        }
    }
}

/// What makes the tables, statement by statement. Each may be repeated.
pub(super) fn migration(table: &TableName) -> [String; 7] {
    let sessions = table.quoted(Quote::Double, "");
    let owners = table.quoted(Quote::Double, "_owners");
    let schema = table.quoted(Quote::Double, "_schema");
    // An index is named with the schema, and its table without.
    let index = |suffix: &str| table.quoted(Quote::Double, suffix);
    let on = |suffix: &str| table.quoted_index(Quote::Double, suffix);
    [
        format!(
            "CREATE TABLE IF NOT EXISTS {sessions} (\n    session_key BLOB NOT NULL PRIMARY KEY,\n    \
             expires_at INTEGER NOT NULL,\n    successor BLOB,\n    version BLOB,\n    handle BLOB,\n    \
             owner BLOB,\n    created INTEGER,\n    authenticated_at INTEGER,\n    last_seen INTEGER,\n    \
             idle_deadline INTEGER,\n    absolute_deadline INTEGER,\n    header BLOB,\n    data BLOB\n)"
        ),
        format!(
            "CREATE INDEX IF NOT EXISTS {} ON {} (owner) WHERE owner IS NOT NULL",
            index("_owner"),
            on("")
        ),
        format!(
            "CREATE INDEX IF NOT EXISTS {} ON {} (expires_at)",
            index("_expires_at"),
            on("")
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {owners} (\n    owner BLOB NOT NULL PRIMARY KEY,\n    \
             not_before INTEGER NOT NULL,\n    until INTEGER NOT NULL\n) WITHOUT ROWID"
        ),
        format!(
            "CREATE INDEX IF NOT EXISTS {} ON {} (until)",
            index("_owners_until"),
            on("_owners")
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {schema} (\n    one INTEGER PRIMARY KEY CHECK (one = 1),\n    \
             version INTEGER NOT NULL\n)"
        ),
        format!("INSERT INTO {schema} (one, version) VALUES (1, {SCHEMA}) ON CONFLICT DO NOTHING"),
    ]
}
