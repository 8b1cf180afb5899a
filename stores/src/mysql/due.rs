//! Of which sessions this process knows that no renewal is due yet.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use session::{Header, StoreKey, Timestamp};

/// So many sessions are remembered, eight bytes each; of those that share a place the last one is.
const PLACES: usize = 1 << 16;

/// A guess that saves work, and never more than that: a read of what is not known looks for itself whether a renewal is
/// due. Each place is the second up to which none is, and a part of the key.
#[derive(Debug)]
pub(super) struct Due(Box<[AtomicU64]>);

impl Default for Due {
    fn default() -> Self {
        Self((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Due {
    fn place(&self, key: &StoreKey) -> (&AtomicU64, u64) {
        let [a, b, c, d, e, f, ..] = *key.hash();
        let at = usize::from(u16::from_le_bytes([a, b]));
        (&self.0[at], u32::from_le_bytes([c, d, e, f]).into())
    }

    /// Whether a renewal may be due.
    pub(super) fn may_be(&self, key: &StoreKey, now: Timestamp) -> bool {
        let (place, part) = self.place(key);
        let known = place.load(Ordering::Relaxed);
        known & u64::from(u32::MAX) != part || now.as_millis() / 1000 >= known >> 32
    }

    /// This is what was read last.
    pub(super) fn note(&self, key: &StoreKey, header: &Header, now: Timestamp, interval: Duration) {
        let next = header.last_seen + interval;
        let until = match header.renewal(now, interval) {
            Some(_) => now,
            None if now < next => next,
            // One that cannot be put off any longer is never due again.
            None => header.absolute_deadline,
        };
        let seconds = (until.as_millis() / 1000).min(u64::from(u32::MAX));
        let (place, part) = self.place(key);
        place.store(seconds << 32 | part, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use session::Lifetime;

    #[test]
    fn a_renewal_is_not_looked_for_where_none_can_be_due() {
        let (due, key) = (Due::default(), StoreKey::from_parts([7; 32], [0; 2]));
        let start = Timestamp::from_millis(1_700_000_000_000);
        let minute = Duration::from_secs(60);
        let lifetime = Lifetime {
            idle: 10 * minute,
            absolute: 12 * minute,
        };
        let mut header = Header::new(start, lifetime, minute);
        assert!(due.may_be(&key, start), "nothing is known");
        due.note(&key, &header, start, minute);
        assert!(!due.may_be(&key, start + Duration::from_secs(59)));
        assert!(due.may_be(&key, start + minute));
        let other = StoreKey::from_parts([8; 32], [0; 2]);
        assert!(due.may_be(&other, start));
        // One that could not be renewed still has to be.
        due.note(&key, &header, start + minute, minute);
        assert!(due.may_be(&key, start + minute));
        // It lives as long as it can.
        header.idle_deadline = header.absolute_deadline;
        due.note(&key, &header, start + minute, minute);
        assert!(!due.may_be(&key, start + 11 * minute));
        assert!(due.may_be(&key, start + 12 * minute));
    }
}
