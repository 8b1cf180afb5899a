//! What went wrong, and what it means for the call.

use session::{StoreError, StoreErrorKind};
use sqlx::Error;

use crate::sql::{Cause, unavailable};

/// What a failed statement means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// Two were in each other's way and this one was taken back: to be repeated.
    TakenBack,
    /// The engine takes no changes. Nothing was done.
    ReadOnly,
    /// The connection broke: nobody knows.
    Broken,
    /// The statement took too long and was taken back.
    Timeout,
    /// The engine has no room.
    Full,
    /// What `migrate` makes is not there, or something else is.
    NotMigrated,
    /// The engine refused.
    Refused,
}

impl Trouble {
    pub(super) fn of(error: &Error) -> Self {
        let Error::Database(database) = error else {
            return match error {
                Error::Io(_) | Error::Protocol(_) | Error::Tls(_) => Self::Broken,
                Error::PoolTimedOut => Self::Timeout,
                _ => Self::Refused,
            };
        };
        match database.code().as_deref().unwrap_or_default() {
            "40001" | "40P01" => Self::TakenBack,
            "25006" => Self::ReadOnly,
            "57014" | "55P03" => Self::Timeout,
            "53100" | "53200" => Self::Full,
            "3F000" | "42P01" | "42703" | "42883" => Self::NotMigrated,
            // Told to end, while it ended something or was idle.
            code if code.starts_with("57P") || code.starts_with("08") => Self::Broken,
            _ => Self::Refused,
        }
    }
}

pub(super) fn store_error(error: &Error) -> StoreError {
    match Trouble::of(error) {
        Trouble::Timeout => StoreError::with_source(StoreErrorKind::Timeout, Cause::of(error)),
        Trouble::Full => StoreError::with_source(StoreErrorKind::Full, Cause::of(error)),
        Trouble::NotMigrated => StoreError::unavailable(
            "the store's tables or functions are not there, or another's: call `PostgresStore::migrate`, with a table \
             of its own",
        ),
        _ => unavailable(error),
    }
}
