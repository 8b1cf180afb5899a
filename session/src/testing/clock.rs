//! A clock for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::time::{Clock, Timestamp};

/// A clock that stands still until it is moved. Clones show the same time.
///
/// ```
/// use std::time::Duration;
/// use session::testing::FakeClock;
/// use session::{Clock, Timestamp};
///
/// let clock = FakeClock::new(Timestamp::from_millis(1_000));
/// let layer = clock.clone();
/// clock.advance(Duration::from_secs(2));
/// assert_eq!(layer.now(), Timestamp::from_millis(3_000));
/// clock.set(Timestamp::from_millis(500));
/// assert_eq!(layer.now(), Timestamp::from_millis(500));
/// ```
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<AtomicU64>);

impl FakeClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(now.as_millis())))
    }

    /// Moves the time on. It saturates at [`Timestamp::MAX`].
    pub fn advance(&self, by: Duration) {
        let later = |now| Some((Timestamp::from_millis(now) + by).as_millis());
        // The closure always gives a value, so there is nothing that could fail.
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }

    /// Sets the time, also to an earlier one.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }
}

/// A Friday in 2026: an ordinary time, and always the same.
impl Default for FakeClock {
    fn default() -> Self {
        Self::new(Timestamp::from_millis(1_767_312_000_000))
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
