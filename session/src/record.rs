//! What a store holds under a key: a header, which it reads and compares, and data, which it does not.

use std::fmt;
use std::sync::Arc;

use rand::Rng;

use crate::data::Data;
use crate::id::OwnerKey;
use crate::time::{Lifetime, Timestamp};

/// Which state of a record this is. Opaque, compared for equality only.
///
/// A counter and 64 random bits, so that an engine that failed over and lost a write cannot hand out the same
/// version for another state.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version {
    counter: u64,
    random: u64,
}

impl Version {
    /// The version of a record that is new.
    #[must_use]
    pub fn first() -> Self {
        Self {
            counter: 1,
            random: rand::rng().next_u64(),
        }
    }

    /// A version that comes after this one, never made before.
    #[must_use]
    pub fn next(self) -> Self {
        Self {
            counter: self.counter.wrapping_add(1),
            random: rand::rng().next_u64(),
        }
    }

    /// For a column or field of a store.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        join(self.counter, self.random)
    }

    /// What [`to_bytes`](Self::to_bytes) gave.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let (counter, random) = split(bytes);
        Self { counter, random }
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({}.{:016x})", self.counter, self.random)
    }
}

/// Marks one commit. Only a record that shows exactly this id proves that a commit whose answer was lost was stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CommitId([u8; 16]);

impl CommitId {
    /// A new random id.
    #[must_use]
    pub fn generate() -> Self {
        Self(random())
    }

    /// For a column or field of a store.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// What [`to_bytes`](Self::to_bytes) gave.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

/// Names a session in listings. Random, so it tells nothing of the id, and it works only within its owner.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionHandle([u8; 16]);

impl SessionHandle {
    /// A new random handle.
    #[must_use]
    pub fn generate() -> Self {
        Self(random())
    }

    /// For a column or field of a store.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// What [`to_bytes`](Self::to_bytes) gave.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

/// 32 hexadecimal digits: for a form that signs out one device.
impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_le_bytes(self.0))
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHandle({self})")
    }
}

impl std::str::FromStr for SessionHandle {
    type Err = ParseHandleError;
    fn from_str(text: &str) -> Result<Self, ParseHandleError> {
        let hex = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let value = hex.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        let bytes = value.map(u128::to_le_bytes);
        bytes.map(Self).ok_or(ParseHandleError)
    }
}

/// The text is not 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseHandleError;

impl fmt::Display for ParseHandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session handle is 32 lower-case hexadecimal digits")
    }
}

impl std::error::Error for ParseHandleError {}

/// Whom a session belongs to, and which entry of its data said so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The owner, as stores index it.
    pub key: OwnerKey,
    /// The key of the entry that holds the owner's value.
    pub entry: Arc<str>,
}

/// What a store knows of a record. It reads and compares these fields, and decides nothing else.
// In this order in memory: what each read looks at stands together, beside the pointers to the data and their counts. A
// session that nobody has asked for lately is in no cache, and each line of it is waited for.
#[derive(Clone, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Header {
    /// When a request was last seen, to within `touch_interval`.
    pub last_seen: Timestamp,
    /// Dead from here on, unless it is renewed before.
    pub idle_deadline: Timestamp,
    /// Dead from here on, whatever happens.
    pub absolute_deadline: Timestamp,
    /// Whom it belongs to, once someone has signed in.
    pub owner: Option<Arc<Owner>>,
    /// The lifetime that this session has, whatever the configuration says by now.
    pub lifetime: Lifetime,
    /// Which state of the record this is.
    pub version: Version,
    /// The commit that wrote this state.
    pub commit_id: CommitId,
    /// When the session began. Rotation keeps it.
    pub created: Timestamp,
    /// When the request that signed its owner in reached the layer; for a session without owner, when it began.
    pub authenticated_at: Timestamp,
    /// Whether `set_lifetime` gave it: such a session's cookie is persistent.
    pub persistent: bool,
    /// Its name in listings. Rotation keeps it.
    pub handle: SessionHandle,
    /// Its label in listings ("Firefox on Linux"), set by the application.
    pub label: Option<Arc<str>>,
}

impl Header {
    /// The header of a session that begins at `now`.
    #[must_use]
    pub fn new(now: Timestamp, lifetime: Lifetime, touch_interval: std::time::Duration) -> Self {
        Self::begun(now, lifetime, touch_interval, CommitId::generate())
    }

    pub(crate) fn begun(
        now: Timestamp,
        lifetime: Lifetime,
        touch_interval: std::time::Duration,
        commit_id: CommitId,
    ) -> Self {
        let absolute_deadline = now + lifetime.absolute;
        Self {
            version: Version::first(),
            commit_id,
            created: now,
            authenticated_at: now,
            last_seen: now,
            lifetime,
            persistent: false,
            idle_deadline: (now + lifetime.idle + touch_interval).min(absolute_deadline),
            absolute_deadline,
            owner: None,
            handle: SessionHandle::generate(),
            label: None,
        }
    }

    /// The header of the next state of this record, of nobody and without label: a commit decides on these.
    pub(crate) fn next(&self, commit_id: CommitId) -> Self {
        Self {
            version: self.version.next(),
            commit_id,
            owner: None,
            label: None,
            ..*self
        }
    }

    /// Whether the session lives at `now`: the one rule that every verb of every store goes by.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.idle_deadline && now < self.absolute_deadline
    }

    /// The idle deadline that a read at `now` should give, or `None` while it was renewed less than
    /// `touch_interval` ago.
    #[must_use]
    pub fn renewal(
        &self,
        now: Timestamp,
        touch_interval: std::time::Duration,
    ) -> Option<Timestamp> {
        if now < self.last_seen + touch_interval {
            return None;
        }
        let deadline = (now + self.lifetime.idle + touch_interval).min(self.absolute_deadline);
        (deadline > self.idle_deadline).then_some(deadline)
    }

    /// Renews the session: [`renewal`](Self::renewal) said until when.
    pub fn renew(&mut self, now: Timestamp, idle_deadline: Timestamp) {
        self.last_seen = self.last_seen.max(now);
        self.idle_deadline = self
            .idle_deadline
            .max(idle_deadline.min(self.absolute_deadline));
    }
}

/// One session as it is stored.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Record {
    /// What a store only keeps.
    pub data: Data,
    /// What a store reads and compares.
    pub header: Header,
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

fn join(a: u64, b: u64) -> [u8; 16] {
    ((u128::from(a) << 64) | u128::from(b)).to_le_bytes()
}

fn split(bytes: [u8; 16]) -> (u64, u64) {
    let both = u128::from_le_bytes(bytes);
    ((both >> 64) as u64, both as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn versions_differ_even_with_equal_counters() {
        let version = Version::first();
        assert_ne!(version.next(), version.next());
        assert_eq!(Version::from_bytes(version.to_bytes()), version);
    }

    #[test]
    fn a_handle_reads_back_and_has_one_spelling() {
        let handle = SessionHandle::generate();
        assert_eq!(handle.to_string().parse(), Ok(handle));
        assert_eq!(
            handle
                .to_string()
                .to_uppercase()
                .parse::<SessionHandle>()
                .is_ok(),
            { handle.to_string().bytes().all(|b| b.is_ascii_digit()) }
        );
        assert!(
            "+0000000000000000000000000000001"
                .parse::<SessionHandle>()
                .is_err()
        );
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn what_each_read_looks_at_takes_a_line_of_64_bytes() {
        use std::mem::offset_of;

        let counts = 2 * size_of::<usize>();
        let deadline = offset_of!(Record, header) + offset_of!(Header, absolute_deadline);
        assert_eq!(counts + deadline + size_of::<Timestamp>(), 64);
    }

    #[test]
    fn renewal_is_throttled_and_ends_at_the_absolute_deadline() {
        let second = Duration::from_secs;
        let start = Timestamp::from_millis(0);
        let lifetime = Lifetime {
            idle: second(100),
            absolute: second(250),
        };
        let mut header = Header::new(start, lifetime, second(5));
        assert_eq!(header.idle_deadline, start + second(105));
        assert_eq!(header.renewal(start + second(4), second(5)), None);
        let at = start + second(5);
        assert_eq!(header.renewal(at, second(5)), Some(start + second(110)));
        header.renew(at, start + second(110));
        assert_eq!(header.last_seen, at);
        assert_eq!(
            header.renewal(start + second(200), second(5)),
            Some(start + second(250))
        );
        header.renew(start + second(200), start + second(999));
        assert_eq!(header.idle_deadline, start + second(250));
        assert_eq!(header.renewal(start + second(249), second(5)), None);
        assert!(header.is_live(start + second(249)) && !header.is_live(start + second(250)));
    }
}
