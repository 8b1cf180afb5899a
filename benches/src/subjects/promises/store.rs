//! Records under the hash of their id, compared and set.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::Rng;

use super::super::floor::FirstBytes;
use std::hash::BuildHasherDefault;

const SHARDS: usize = 256;
const GRACE: u64 = 60_000;
const IDLE: Duration = Duration::from_secs(1_800);
const ABSOLUTE: Duration = Duration::from_secs(86_400);
const TOUCH: u64 = 60_000;

/// SHA-256 of an id.
pub type Digest = [u8; 32];

#[derive(Clone)]
pub enum Value {
    Number(u64),
    Text(Arc<str>),
    /// Messages, each with an id by which it is taken.
    Flash(Arc<Vec<(u64, Arc<str>)>>),
}

/// Sorted keys. Shared with whoever reads it, so a change makes another.
pub type Data = Arc<[(&'static str, Value)]>;

pub fn get<'a>(data: &'a Data, key: &str) -> Option<&'a Value> {
    let at = data.binary_search_by(|(name, _)| (*name).cmp(key)).ok()?;
    Some(&data[at].1)
}

pub fn put(data: &mut Data, key: &'static str, value: Value) {
    match data.binary_search_by(|(name, _)| (*name).cmp(key)) {
        Ok(at) => Arc::make_mut(data)[at].1 = value,
        Err(at) => {
            let (before, after) = data.split_at(at);
            let new = std::iter::once((key, value));
            *data = before
                .iter()
                .cloned()
                .chain(new)
                .chain(after.iter().cloned())
                .collect();
        }
    }
}

pub fn remove(data: &mut Data, key: &str) {
    *data = data
        .iter()
        .filter(|(name, _)| *name != key)
        .cloned()
        .collect();
}

/// What the rules of a session are decided by.
#[derive(Clone)]
pub struct Header {
    pub version: (u64, u64),
    pub commit: [u8; 16],
    #[allow(dead_code, reason = "listings show it")]
    created: u64,
    #[allow(dead_code, reason = "revocations compare it")]
    authenticated_at: u64,
    last_seen: u64,
    lifetime: (Duration, Duration),
    idle_deadline: u64,
    absolute_deadline: u64,
    pub owner: Option<Arc<Digest>>,
    #[allow(dead_code, reason = "listings show it")]
    handle: [u8; 16],
    #[allow(dead_code, reason = "listings show it")]
    label: Option<Arc<str>>,
}

impl Header {
    pub fn new(now: u64) -> Self {
        let mut rng = rand::rng();
        let (mut commit, mut handle) = ([0; 16], [0; 16]);
        rng.fill_bytes(&mut commit);
        rng.fill_bytes(&mut handle);
        Self {
            version: (1, rng.next_u64()),
            commit,
            created: now,
            authenticated_at: now,
            last_seen: now,
            lifetime: (IDLE, ABSOLUTE),
            idle_deadline: now + millis(IDLE) + TOUCH,
            absolute_deadline: now + millis(ABSOLUTE),
            owner: None,
            handle,
            label: None,
        }
    }

    pub fn next(&self) -> Self {
        let mut rng = rand::rng();
        let mut next = self.clone();
        next.version = (self.version.0 + 1, rng.next_u64());
        rng.fill_bytes(&mut next.commit);
        next
    }

    fn is_live(&self, now: u64) -> bool {
        now < self.idle_deadline && now < self.absolute_deadline
    }

    fn renewal(&self, now: u64) -> Option<u64> {
        let deadline = now + millis(self.lifetime.0) + TOUCH;
        let deadline = deadline.min(self.absolute_deadline);
        (now >= self.last_seen + TOUCH && deadline > self.idle_deadline).then_some(deadline)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[derive(Clone)]
pub struct Record {
    pub header: Header,
    pub data: Data,
}

pub enum Stored {
    Saved,
    Conflict(Arc<Record>),
    Gone,
}

struct Tomb {
    digest: Digest,
    until: u64,
    #[allow(dead_code, reason = "a late sign-out follows it")]
    successor: Digest,
}

#[derive(Default)]
struct Shard {
    records: HashMap<Digest, Arc<Record>, BuildHasherDefault<FirstBytes>>,
    tombs: VecDeque<Tomb>,
}

impl Shard {
    fn live(&mut self, digest: &Digest, now: u64) -> Option<&mut Arc<Record>> {
        let record = self.records.get_mut(digest);
        record.filter(|record| record.header.is_live(now))
    }

    /// What stands in the way of a change of the record that had this version.
    fn check(&mut self, digest: &Digest, version: (u64, u64), now: u64) -> Option<Stored> {
        match self.live(digest, now) {
            None => Some(Stored::Gone),
            Some(found) if found.header.version == version => None,
            Some(found) => Some(Stored::Conflict(Arc::clone(found))),
        }
    }
}

pub struct Store(Box<[Mutex<Shard>]>);

impl Default for Store {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }
}

impl Store {
    fn shard(&self, at: usize) -> MutexGuard<'_, Shard> {
        self.0[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(digest: &Digest) -> usize {
        usize::from(digest[31]) % SHARDS
    }

    pub fn read(&self, digest: &Digest, now: u64) -> Option<Arc<Record>> {
        let mut shard = self.shard(Self::at(digest));
        let record = shard.live(digest, now)?;
        if let Some(deadline) = record.header.renewal(now) {
            let header = &mut Arc::make_mut(record).header;
            header.last_seen = now;
            header.idle_deadline = deadline;
        }
        Some(Arc::clone(record))
    }

    pub fn create(&self, digest: Digest, record: Arc<Record>, now: u64) -> bool {
        let mut shard = self.shard(Self::at(&digest));
        let buried = |tomb: &Tomb| tomb.digest == digest && now < tomb.until;
        if shard.live(&digest, now).is_some() || shard.tombs.iter().any(buried) {
            return false;
        }
        shard.records.insert(digest, record);
        true
    }

    /// The old record is dropped without the lock.
    pub fn save(
        &self,
        digest: &Digest,
        record: Arc<Record>,
        version: (u64, u64),
        now: u64,
    ) -> Stored {
        let mut shard = self.shard(Self::at(digest));
        if let Some(refused) = shard.check(digest, version, now) {
            return refused;
        }
        let old = shard.records.insert(*digest, record);
        drop(shard);
        drop(old);
        Stored::Saved
    }

    pub fn rotate(
        &self,
        (old, new): (&Digest, Digest),
        record: Arc<Record>,
        version: (u64, u64),
        now: u64,
    ) -> Stored {
        let (from, to) = (Self::at(old), Self::at(&new));
        let first = self.shard(from.min(to));
        let second = (from != to).then(|| self.shard(from.max(to)));
        let (mut from, mut to) = match second {
            Some(second) if from < to => (first, Some(second)),
            Some(second) => (second, Some(first)),
            None => (first, None),
        };
        if let Some(refused) = from.check(old, version, now) {
            return refused;
        }
        let moved = from.records.remove(old);
        if from.tombs.len() >= 128 {
            from.tombs.pop_front();
        }
        from.tombs.push_back(Tomb {
            digest: *old,
            until: now + GRACE,
            successor: new,
        });
        let place = to.as_mut().unwrap_or(&mut from);
        place.records.insert(new, record);
        drop(to);
        drop(from);
        drop(moved);
        Stored::Saved
    }
}
