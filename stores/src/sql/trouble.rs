//! What an engine's error means, and what is told of it.

use std::fmt;

use session::{StoreError, StoreErrorKind};

/// What is told of a failure: its kind and the engine's code. The engine's own text may quote values, and with them keys.
#[derive(Debug)]
pub(crate) struct Cause(String);

impl Cause {
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        use sqlx::Error as E;
        let text = match error {
            E::Database(database) => match database.code() {
                Some(code) => format!("the engine refused with code {code}"),
                None => "the engine refused".to_owned(),
            },
            E::Io(io) => format!("the connection failed: {}", io.kind()),
            E::Tls(_) => "the connection could not be encrypted".to_owned(),
            E::PoolTimedOut => "no connection came free in time".to_owned(),
            E::PoolClosed => "the pool is closed".to_owned(),
            E::Configuration(_) => "the connection's options are wrong".to_owned(),
            E::RowNotFound | E::ColumnNotFound(_) | E::ColumnIndexOutOfBounds { .. } => {
                "the engine answered with other columns".to_owned()
            }
            E::ColumnDecode { .. } | E::Decode(_) => {
                "the engine answered with other types".to_owned()
            }
            E::Protocol(_) => "the engine broke the protocol".to_owned(),
            _ => "the driver failed".to_owned(),
        };
        Self(text)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

/// The store's error for one of the driver's that has no better meaning.
pub(crate) fn unavailable(error: &sqlx::Error) -> StoreError {
    let kind = match error {
        sqlx::Error::PoolTimedOut => StoreErrorKind::Timeout,
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::with_source(kind, Cause::of(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    #[test]
    fn t32_a_failure_tells_no_value() {
        let error = sqlx::Error::Protocol("Duplicate entry 'secret'".to_owned());
        let error = unavailable(&error);
        let told = format!("{error} {error:?} {}", error.source().unwrap());
        assert!(!told.contains("secret"), "{told}");
        assert!(told.contains("the engine broke the protocol"), "{told}");
        let error = unavailable(&sqlx::Error::PoolTimedOut);
        assert_eq!(error.kind(), StoreErrorKind::Timeout);
    }
}
