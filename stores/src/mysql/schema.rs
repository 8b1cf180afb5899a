//! The tables, and the statements that are the same for every call.

use std::sync::Arc;

use crate::sql::{Quote, TableName};

/// What every row of a record has; a tombstone has only the first, `successor` and `expires_at`.
pub(super) const COLUMNS: &str = "session_key, version, commit_id, handle, owner, created, authenticated_at, \
     last_seen, idle_for, idle_deadline, absolute_deadline, expires_at, header, data";

/// Whether this server is one that takes no writes, and so may not know yet who has signed out. As text: it is a number
/// in some versions and a word in others.
const READ_ONLY: &str = "CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF')";

/// The quoted names, and the texts of the prepared statements.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) records: String,
    pub(super) owners: String,
    pub(super) read: Arc<str>,
    pub(super) exists: Arc<str>,
    pub(super) create: Arc<str>,
    pub(super) save: Arc<str>,
    pub(super) touch: Arc<str>,
    pub(super) sessions_of: Arc<str>,
}

impl Schema {
    pub(super) fn new(name: &TableName) -> Self {
        let (records, owners) = tables(name);
        let one = "FROM (SELECT 1 AS one) AS one";
        let live = "data IS NOT NULL AND idle_deadline > ? AND absolute_deadline > ?";
        let read = format!(
            "SELECT {READ_ONLY}, s.session_key, s.version, s.authenticated_at, s.last_seen, s.idle_deadline, \
             s.absolute_deadline, s.expires_at, s.successor, s.header, s.data \
             {one} LEFT JOIN {records} AS s ON s.session_key = ?"
        );
        let exists = format!(
            "SELECT {READ_ONLY}, EXISTS (SELECT 1 FROM {records} WHERE session_key = ? AND {live})"
        );
        let create = format!(
            "INSERT INTO {records} ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        );
        let save = format!(
            "UPDATE {records} SET version = ?, commit_id = ?, handle = ?, created = ?, authenticated_at = ?, \
             last_seen = ?, idle_for = ?, idle_deadline = ?, absolute_deadline = ?, expires_at = ?, header = ?, \
             data = ? WHERE session_key = ? AND version = ? AND owner <=> ? AND {live}"
        );
        // In this order no value depends on one that was set before it: some modes read the new one, some the old.
        let touch = format!(
            "UPDATE {records} SET \
             expires_at = LEAST(GREATEST(idle_deadline, ?), absolute_deadline), \
             last_seen = GREATEST(last_seen, ?), \
             idle_deadline = GREATEST(idle_deadline, LEAST(?, absolute_deadline)) \
             WHERE session_key = ? AND version = ? AND {live}"
        );
        let sessions_of = format!(
            "SELECT {READ_ONLY}, s.owner, s.handle, s.created, s.last_seen, s.header {one} LEFT JOIN {records} AS s \
             ON s.owner = ? AND s.data IS NOT NULL AND s.idle_deadline > ? AND s.absolute_deadline > ? \
             ORDER BY s.created"
        );
        Self {
            records,
            owners,
            read: read.into(),
            exists: exists.into(),
            create: create.into(),
            save: save.into(),
            touch: touch.into(),
            sessions_of: sessions_of.into(),
        }
    }
}

fn tables(name: &TableName) -> (String, String) {
    (
        name.quoted(Quote::Back, ""),
        name.quoted(Quote::Back, "_owners"),
    )
}

/// The statements that make the tables.
pub(super) fn migration(name: &TableName) -> [String; 2] {
    let (records, owners) = tables(name);
    let records = format!(
        "CREATE TABLE IF NOT EXISTS {records} (
  session_key BINARY(32) NOT NULL,
  version BINARY(16) NULL,
  commit_id BINARY(16) NULL,
  handle BINARY(16) NULL,
  owner BINARY(32) NULL,
  created BIGINT NULL,
  authenticated_at BIGINT NULL,
  last_seen BIGINT NULL,
  idle_for BIGINT NULL,
  idle_deadline BIGINT NULL,
  absolute_deadline BIGINT NULL,
  expires_at BIGINT NOT NULL,
  successor BINARY(34) NULL,
  header LONGBLOB NULL,
  data LONGBLOB NULL,
  PRIMARY KEY (session_key),
  KEY by_owner (owner),
  KEY by_expiry (expires_at)
) ENGINE = InnoDB"
    );
    let owners = format!(
        "CREATE TABLE IF NOT EXISTS {owners} (
  owner BINARY(32) NOT NULL,
  not_before BIGINT NOT NULL,
  forget_at BIGINT NOT NULL,
  PRIMARY KEY (owner),
  KEY by_expiry (forget_at)
) ENGINE = InnoDB"
    );
    [records, owners]
}
