//! What stands under a key.

use session::{StoreKey, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::sql::{Stored, millis, store_key};

#[derive(Debug)]
pub(super) enum Found {
    /// A record that lives.
    Live(Stored),
    /// A tombstone within its grace.
    Tombstone(Option<StoreKey>),
    /// Nothing, or what has expired.
    Nothing,
}

impl Found {
    /// What the rows of the statement `read` say at this time.
    pub(super) fn of(rows: &[SqliteRow], now: Timestamp) -> Result<Self, sqlx::Error> {
        let Some(row) = rows.first() else {
            return Ok(Self::Nothing);
        };
        if row.try_get::<i64, _>("ends")? <= millis(now) {
            return Ok(Self::Nothing);
        }
        let Some(data) = row.try_get("data")? else {
            let successor: Option<&[u8]> = row.try_get("successor")?;
            return Ok(Self::Tombstone(successor.and_then(store_key)));
        };
        stored(row, data).map(Self::Live)
    }
}

/// A record's row; a listing leaves the data out. What is not filled in makes the record a damaged one.
pub(super) fn stored(row: &SqliteRow, data: Vec<u8>) -> Result<Stored, sqlx::Error> {
    let number = |name| Ok::<i64, sqlx::Error>(row.try_get::<Option<_>, _>(name)?.unwrap_or(0));
    let bytes = |name| {
        row.try_get::<Option<_>, _>(name)
            .map(Option::unwrap_or_default)
    };
    Ok(Stored {
        key: bytes("session_key")?,
        version: bytes("version")?,
        authenticated_at: number("authenticated_at")?,
        last_seen: number("last_seen")?,
        idle_deadline: number("idle_deadline")?,
        header: bytes("header")?,
        data,
    })
}
