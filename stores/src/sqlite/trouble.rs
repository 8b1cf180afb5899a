//! What an error of the engine means.

use std::fmt;

use session::{StoreError, StoreErrorKind};

use crate::sql::{Cause, unavailable};

/// The engine's result codes that mean more than that something failed.
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const NOT_A_DATABASE: u32 = 26;

/// The result code without what extends it.
fn code(error: &sqlx::Error) -> Option<u32> {
    let sqlx::Error::Database(database) = error else {
        return None;
    };
    let extended: u32 = database.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// Another connection held the lock for longer than this one waits.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(BUSY | LOCKED))
}

/// The file is no database, or not a whole one.
pub(super) fn is_damaged(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(CORRUPT | NOT_A_DATABASE))
}

/// The tables are not there.
pub(super) fn is_missing(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(database) = error else {
        return false;
    };
    database.message().starts_with("no such table")
}

/// The tables are not there.
#[derive(Debug)]
struct NoTables;

impl fmt::Display for NoTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tables are not there: call `SqliteStore::migrate`, or run its migration")
    }
}

impl std::error::Error for NoTables {}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    if is_missing(&error) {
        return StoreError::unavailable(NoTables);
    }
    let kind = match code(&error) {
        Some(BUSY | LOCKED) => StoreErrorKind::Timeout,
        Some(FULL) => StoreErrorKind::Full,
        _ => return unavailable(&error),
    };
    StoreError::with_source(kind, Cause::of(&error))
}
