//! What stands under a key.

use session::{StoreKey, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::sql::{Listed, Stored, millis, store_key};

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
        rows.first()
            .map_or(Ok(Self::Nothing), |row| Self::in_row(row, now))
    }

    /// What the rows of a statement for several keys say of this one.
    pub(super) fn among(
        rows: &[SqliteRow],
        key: &StoreKey,
        now: Timestamp,
    ) -> Result<Self, sqlx::Error> {
        for row in rows {
            if row.try_get::<&[u8], _>("session_key")? == key.hash() {
                return Self::in_row(row, now);
            }
        }
        Ok(Self::Nothing)
    }

    fn in_row(row: &SqliteRow, now: Timestamp) -> Result<Self, sqlx::Error> {
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

fn number(row: &SqliteRow, name: &str) -> Result<i64, sqlx::Error> {
    Ok(row.try_get::<Option<_>, _>(name)?.unwrap_or(0))
}

fn bytes(row: &SqliteRow, name: &str) -> Result<Vec<u8>, sqlx::Error> {
    row.try_get::<Option<_>, _>(name)
        .map(Option::unwrap_or_default)
}

/// A record's row. What is not filled in makes the record a damaged one.
fn stored(row: &SqliteRow, data: Vec<u8>) -> Result<Stored, sqlx::Error> {
    Ok(Stored {
        key: bytes(row, "session_key")?,
        version: bytes(row, "version")?,
        authenticated_at: number(row, "authenticated_at")?,
        last_seen: number(row, "last_seen")?,
        idle_deadline: number(row, "idle_deadline")?,
        header: bytes(row, "header")?,
        data,
    })
}

/// A row of a listing.
pub(super) fn listed(row: &SqliteRow) -> Result<Listed, sqlx::Error> {
    Ok(Listed {
        owner: bytes(row, "owner")?,
        handle: bytes(row, "handle")?,
        created: number(row, "created")?,
        last_seen: number(row, "last_seen")?,
        header: bytes(row, "header")?,
    })
}
