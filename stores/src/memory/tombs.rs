//! The tombstones of a shard: a ring that is searched from end to end, by a tag of four bytes each.

use std::collections::VecDeque;

use session::{Op, StoreKey, Timestamp};

use super::digest::Digest;

/// How many a shard keeps. Beyond it the oldest go.
pub(super) const MAX_TOMBS: usize = 128;

pub(super) struct Tomb {
    digest: Digest,
    pub(super) until: Timestamp,
    pub(super) successor: Option<StoreKey>,
}

/// A tombstone is twenty times as large as its tag, and a new key is looked for among all of them, in vain.
#[derive(Default)]
pub(super) struct Tombs {
    tags: VecDeque<u32>,
    ring: VecDeque<Tomb>,
}

impl Tombs {
    fn position(&self, digest: &Digest) -> Option<usize> {
        let tag = digest.tag();
        let alike = self.tags.iter().enumerate().filter(|(_, t)| **t == tag);
        alike.map(|(at, _)| at).find(|at| {
            self.ring
                .get(*at)
                .is_some_and(|tomb| tomb.digest == *digest)
        })
    }

    pub(super) fn get(&self, now: Timestamp, digest: &Digest) -> Option<&Tomb> {
        let tomb = self.ring.get(self.position(digest)?)?;
        (now < tomb.until).then_some(tomb)
    }

    pub(super) fn remove(&mut self, digest: &Digest) {
        if let Some(at) = self.position(digest) {
            self.tags.remove(at);
            self.ring.remove(at);
        }
    }

    /// Buries what stood under a key, and says whither it had moved. An older tombstone keeps its successor.
    pub(super) fn bury(
        &mut self,
        op: &Op,
        until: Timestamp,
        digest: &Digest,
        successor: Option<StoreKey>,
    ) -> Option<StoreKey> {
        let at = self.position(digest);
        if let Some(tomb) = at.and_then(|at| self.ring.get_mut(at)) {
            if op.now >= tomb.until {
                tomb.successor = None;
            }
            tomb.successor = successor.or(tomb.successor);
            tomb.until = tomb.until.max(until);
            return tomb.successor;
        }
        if self.ring.len() >= MAX_TOMBS {
            self.tags.pop_front();
            self.ring.pop_front();
        }
        self.tags.push_back(digest.tag());
        self.ring.push_back(Tomb {
            digest: *digest,
            until,
            successor,
        });
        successor
    }

    /// Takes out those that go, and says how many these were.
    pub(super) fn sweep(&mut self, mut goes: impl FnMut(Timestamp) -> bool) -> usize {
        let before = self.ring.len();
        self.ring.retain(|tomb| !goes(tomb.until));
        self.tags.clear();
        self.tags
            .extend(self.ring.iter().map(|tomb| tomb.digest.tag()));
        before - self.ring.len()
    }
}

#[cfg(test)]
impl Tombs {
    /// Panics unless each has its tag.
    pub(super) fn check(&self) {
        assert!(self.ring.len() <= MAX_TOMBS);
        let tags = self.ring.iter().map(|tomb| tomb.digest.tag());
        assert!(self.tags.iter().copied().eq(tags));
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&Digest, Timestamp)> {
        self.ring.iter().map(|tomb| (&tomb.digest, tomb.until))
    }
}
