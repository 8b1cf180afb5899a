//! What went wrong, and what it means for the call.

use std::fmt;

use session::{StoreError, StoreErrorKind};
use sqlx::mysql::MySqlDatabaseError;

use crate::sql::unavailable;

/// What a failed call means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// The engine has undone all of it, for the sake of another call or because the row came into being meanwhile: to
    /// be repeated.
    Undone,
    /// The engine did not do it, because it takes no writes: to be repeated over a connection to another.
    ReadOnly,
    /// The connection broke: nobody knows.
    Broken,
    /// A row stands under this key.
    Duplicate,
    /// The engine did not do it: there is no room.
    Full,
    /// The engine did not do it: the record is too large for it.
    TooLarge,
    /// The tables are not there, or not as they should be.
    NoTable,
    /// The engine or the driver refused.
    Refused,
}

const TOO_LARGE: &str = "the record is larger than the engine's max_allowed_packet";

impl Trouble {
    pub(super) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
                Self::Broken
            }
            _ => number(error).map_or(Self::Refused, Self::of_number),
        }
    }

    fn of_number(number: u16) -> Self {
        match number {
            // Lock wait, deadlock, changed since last read, to be prepared again.
            1205 | 1213 | 1020 | 1615 => Self::Undone,
            1290 | 1792 | 1836 => Self::ReadOnly,
            // Killed, interrupted, shutting down, aborted, took too long.
            1053 | 1077 | 1080 | 1152 | 1317 | 1927 | 1969 | 3024 | 4031 => Self::Broken,
            1022 | 1062 => Self::Duplicate,
            // Larger than what its log or a packet takes.
            1118 | 1153 => Self::TooLarge,
            1021 | 1041 | 1114 => Self::Full,
            1049 | 1054 | 1146 => Self::NoTable,
            _ => Self::Refused,
        }
    }
}

/// The engine's own number for what it refused.
fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?;
    Some(error.try_downcast_ref::<MySqlDatabaseError>()?.number())
}

/// The engine's number. Its text may quote values, and with them keys.
#[derive(Debug)]
struct Code(u16);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the engine refused with error {}", self.0)
    }
}

impl std::error::Error for Code {}

pub(super) fn store_error(error: &sqlx::Error) -> StoreError {
    match (Trouble::of(error), number(error)) {
        (Trouble::Full, Some(number)) => {
            StoreError::with_source(StoreErrorKind::Full, Code(number))
        }
        (Trouble::TooLarge, Some(1153)) => too_large(),
        (Trouble::TooLarge, Some(number)) => {
            StoreError::with_source(StoreErrorKind::TooLarge, Code(number))
        }
        (Trouble::NoTable, _) => StoreError::unavailable(
            "the tables are missing or not as they should be: run `MysqlStore::migrate`",
        ),
        (_, Some(number)) => StoreError::unavailable(Code(number)),
        _ => unavailable(error),
    }
}

/// A record that the engine would not take, known before it is sent.
pub(super) fn too_large() -> StoreError {
    StoreError::with_source(StoreErrorKind::TooLarge, TOO_LARGE)
}

/// What no statement of this store gives.
pub(super) fn unexpected() -> StoreError {
    StoreError::unavailable("an answer that no statement gives")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_undid_is_told_from_what_nobody_knows() {
        for (number, expected) in [
            (1213, Trouble::Undone),
            (1205, Trouble::Undone),
            (1290, Trouble::ReadOnly),
            (1062, Trouble::Duplicate),
            (1146, Trouble::NoTable),
            (1927, Trouble::Broken),
            (1064, Trouble::Refused),
            (1153, Trouble::TooLarge),
            (1114, Trouble::Full),
        ] {
            assert_eq!(Trouble::of_number(number), expected, "{number}");
        }
        let io = sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert_eq!(Trouble::of(&io), Trouble::Broken);
        assert_eq!(Trouble::of(&sqlx::Error::PoolTimedOut), Trouble::Refused);
        let timed_out = store_error(&sqlx::Error::PoolTimedOut);
        assert_eq!(timed_out.kind(), StoreErrorKind::Timeout);
    }
}
