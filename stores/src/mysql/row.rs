//! What rows tell.

use session::{StoreError, StoreKey};
use sqlx::mysql::{MySqlArguments, MySqlRow};
use sqlx::{Arguments, ColumnIndex, Decode, MySql, Row, Type};

use super::trouble::{store_error, unexpected};
use crate::sql::{Columns, Stored, another, store_key};

/// A column, by its place.
pub(super) fn column<'r, T>(row: &'r MySqlRow, at: usize) -> Result<T, StoreError>
where
    T: Decode<'r, MySql> + Type<MySql>,
    usize: ColumnIndex<MySqlRow>,
{
    row.try_get(at).map_err(|error| store_error(&error))
}

/// Values for the marks of a statement, in their order.
#[derive(Default)]
pub(super) struct Values(MySqlArguments);

impl Values {
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        // Bytes and numbers can always be encoded; were one missing, the driver would refuse the statement.
        let _ = self.0.add(bytes);
        self
    }

    pub(super) fn maybe(mut self, bytes: Option<&[u8]>) -> Self {
        let _ = self.0.add(bytes);
        self
    }

    pub(super) fn numbers<const N: usize>(mut self, numbers: [i64; N]) -> Self {
        for number in numbers {
            let _ = self.0.add(number);
        }
        self
    }

    pub(super) fn done(self) -> MySqlArguments {
        self.0
    }
}

/// The columns of a record that are numbers, in the order of the statements.
pub(super) fn numbers(row: &Columns) -> [i64; 7] {
    [
        row.created,
        row.authenticated_at,
        row.last_seen,
        row.idle_for,
        row.idle_deadline,
        row.absolute_deadline,
        row.expires_at(),
    ]
}

/// What stands under a key.
pub(super) enum Found {
    Live(Stored),
    Tombstone(Option<StoreKey>),
    /// Nothing, or something that has expired.
    Nothing,
}

/// The one row that the statement `read` gives, whether or not there is a record.
pub(super) fn found(rows: &[MySqlRow], asked: &StoreKey, now: i64) -> Result<Found, StoreError> {
    let row = rows.first().ok_or_else(unexpected)?;
    let Some(key) = column::<Option<Vec<u8>>>(row, 1)? else {
        return Ok(Found::Nothing);
    };
    if key != asked.hash() {
        return Err(another());
    }
    let Some(data) = column::<Option<Vec<u8>>>(row, 10)? else {
        let standing = column::<i64>(row, 7)? > now;
        let successor = column::<Option<Vec<u8>>>(row, 8)?;
        let successor = successor.and_then(|successor| store_key(&successor));
        return Ok(if standing {
            Found::Tombstone(successor)
        } else {
            Found::Nothing
        });
    };
    let (idle_deadline, absolute_deadline) = (column::<i64>(row, 5)?, column::<i64>(row, 6)?);
    if now >= idle_deadline.min(absolute_deadline) {
        return Ok(Found::Nothing);
    }
    Ok(Found::Live(Stored {
        key,
        version: column(row, 2)?,
        authenticated_at: column(row, 3)?,
        last_seen: column(row, 4)?,
        idle_deadline,
        header: column(row, 9)?,
        data,
    }))
}
