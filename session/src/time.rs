//! Points in time, and where they come from.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time: whole milliseconds since 1970, never negative. Arithmetic saturates.
///
/// ```
/// use std::time::Duration;
/// use session::Timestamp;
///
/// let start = Timestamp::from_millis(1_000);
/// assert_eq!(start + Duration::from_secs(2), Timestamp::from_millis(3_000));
/// assert_eq!(start.since(Timestamp::from_millis(5_000)), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The latest time that can be told: it fits the signed 64-bit columns of databases.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// From milliseconds since 1970.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, after: Duration) -> Self {
        let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        Self::from_millis(self.0.saturating_add(millis))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, before: Duration) -> Self {
        let millis = u64::try_from(before.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(millis))
    }
}

/// Where the layer takes the time from. The store's engine is never asked.
///
/// Wall-clock time, because deadlines outlive processes. Nodes that share a store must agree within `max_skew`.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 reads as 1970: deadlines then lie in the future, and the absolute one still binds.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::default() + since
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// How long a session lives without a request (`idle`) and at all (`absolute`).
///
/// Both are part of each record, so a change of configuration does not prolong sessions that exist. See OWASP's
/// Session Management Cheat Sheet, "Session Expiration", and NIST SP 800-63B-4, "Reauthentication".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lifetime {
    /// A session dies this long after its last request (at most `touch_interval` later).
    pub idle: Duration,
    /// A session dies this long after it was created or its user was authenticated, whatever its use.
    pub absolute: Duration,
}

/// The longest lifetime: what browsers keep a cookie for (RFC 6265bis, section 5.5).
pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(400 * 24 * 60 * 60);

impl Lifetime {
    /// One hour idle, 24 hours in all.
    pub const DEFAULT: Self = Self {
        idle: Duration::from_secs(3600),
        absolute: Duration::from_secs(24 * 3600),
    };

    /// Why this cannot be a lifetime, if so.
    pub(crate) fn problem(self) -> Option<&'static str> {
        if self.idle.as_millis() == 0 {
            Some("the idle timeout must be at least a millisecond")
        } else if self.absolute < self.idle {
            Some("the absolute timeout must not be shorter than the idle timeout")
        } else if self.absolute > MAX_LIFETIME {
            Some("the absolute timeout must not exceed 400 days")
        } else {
            None
        }
    }
}

impl Default for Lifetime {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t20_t61_arithmetic_saturates() {
        assert_eq!(Timestamp::MAX + Duration::MAX, Timestamp::MAX);
        assert_eq!(Timestamp::default() - Duration::MAX, Timestamp::default());
        assert_eq!(Timestamp::from_millis(u64::MAX), Timestamp::MAX);
    }

    #[test]
    fn t20_impossible_lifetimes_are_told() {
        let lifetime = |idle, absolute| Lifetime {
            idle: Duration::from_secs(idle),
            absolute: Duration::from_secs(absolute),
        };
        assert_eq!(Lifetime::DEFAULT.problem(), None);
        assert!(lifetime(0, 1).problem().is_some());
        assert!(lifetime(2, 1).problem().is_some());
        assert!(lifetime(1, 400 * 86_400 + 1).problem().is_some());
        assert!(lifetime(u64::MAX, u64::MAX).problem().is_some());
        assert_eq!(lifetime(1, 400 * 86_400).problem(), None);
    }
}
