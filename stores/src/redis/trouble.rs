//! What went wrong, and what it means for the call.

use std::fmt;

use ::redis::{ErrorKind, RedisError, ServerErrorKind};
use session::{StoreError, StoreErrorKind};

/// What a failed call means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// The engine did not do it, because the slot is elsewhere or on its way: to be repeated.
    Elsewhere,
    /// The engine did not do it, because it is a replica by now: to be repeated over a connection to the primary.
    ReadOnly,
    /// The script is not known there: nothing was done.
    NoScript,
    /// The engine did not do it for want of memory.
    Full,
    /// The connection broke: nobody knows.
    Broken,
    /// No answer came: nobody knows.
    Timeout,
    /// The engine refused.
    Refused,
}

impl Trouble {
    pub(super) fn of(error: &RedisError) -> Self {
        // Older engines wrap what a script met into an error of their own.
        let wraps = |code: &str| error.detail().is_some_and(|detail| detail.contains(code));
        match error.kind() {
            ErrorKind::Server(kind) => match kind {
                ServerErrorKind::Moved
                | ServerErrorKind::Ask
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown => Self::Elsewhere,
                ServerErrorKind::ReadOnly => Self::ReadOnly,
                ServerErrorKind::NoScript => Self::NoScript,
                _ if wraps("READONLY ") => Self::ReadOnly,
                _ if wraps("OOM ") => Self::Full,
                _ => Self::Refused,
            },
            ErrorKind::ClusterConnectionNotFound => Self::Elsewhere,
            ErrorKind::Extension if error.code() == Some("OOM") => Self::Full,
            ErrorKind::Io if error.is_timeout() => Self::Timeout,
            ErrorKind::Io | ErrorKind::Parse => Self::Broken,
            _ => Self::Refused,
        }
    }
}

/// What is told of a failure: its category and code. The engine's own text may quote commands, and with them keys.
#[derive(Debug)]
pub(super) struct Cause(String);

impl Cause {
    pub(super) fn of(error: &RedisError) -> Self {
        let text = match (error.kind(), error.code()) {
            (ErrorKind::Io, _) => error.to_string(),
            (_, Some(code)) => format!("{} ({code})", error.category()),
            (_, None) => error.category().to_owned(),
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

pub(super) fn store_error(error: &RedisError) -> StoreError {
    let kind = match Trouble::of(error) {
        Trouble::Full => StoreErrorKind::Full,
        Trouble::Timeout => StoreErrorKind::Timeout,
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::with_source(kind, Cause::of(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::redis::parse_redis_value;

    fn error(line: &str) -> RedisError {
        let value = parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        value.extract_error().unwrap_err()
    }

    #[test]
    fn t55_engines_words_are_understood() {
        let wrapped =
            "ERR Error running script (call to f_0): @user_script:7: -READONLY You can't write";
        for (line, expected) in [
            ("MOVED 99 127.0.0.1:7001", Trouble::Elsewhere),
            ("ASK 99 127.0.0.1:7001", Trouble::Elsewhere),
            (
                "TRYAGAIN Multiple keys request during rehashing of slot",
                Trouble::Elsewhere,
            ),
            ("CLUSTERDOWN Hash slot not served", Trouble::Elsewhere),
            (
                "READONLY You can't write against a read only replica.",
                Trouble::ReadOnly,
            ),
            (wrapped, Trouble::ReadOnly),
            ("NOSCRIPT No matching script.", Trouble::NoScript),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                Trouble::Full,
            ),
            (
                "MISCONF Redis is configured to save RDB snapshots",
                Trouble::Refused,
            ),
            (
                "LOADING Redis is loading the dataset in memory",
                Trouble::Refused,
            ),
        ] {
            assert_eq!(Trouble::of(&error(line)), expected, "{line}");
        }
    }

    #[test]
    fn t32_a_failure_quotes_no_command() {
        let quoting =
            error("ERR unknown command 'EVALSHA', with args beginning with: 'sess:{a1b2}:00ff'");
        let failure = store_error(&quoting);
        let source = std::error::Error::source(&failure).map(ToString::to_string);
        let told = format!("{failure} {failure:?} {source:?}");
        assert!(!told.contains("00ff") && told.contains("ERR"), "{told}");
    }
}
