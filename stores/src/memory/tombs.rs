//! The tombstones of a shard: a ring that is searched from end to end, by a tag of two bytes each.

use session::{Op, StoreKey, Timestamp};

use super::digest::Digest;

/// How many a shard keeps. Beyond it the oldest go.
pub(super) const MAX_TOMBS: usize = 128;

pub(super) struct Tomb {
    digest: Digest,
    pub(super) until: Timestamp,
    pub(super) successor: Option<StoreKey>,
}

/// A tombstone is forty times as large as its tag, and a new key is looked for among all of them, in vain.
#[derive(Default)]
pub(super) struct Tombs {
    tags: Vec<u16>,
    ring: Vec<Tomb>,
    /// Where the next one goes once the ring is full.
    oldest: usize,
}

impl Tombs {
    fn position(&self, digest: &Digest) -> Option<usize> {
        let tag = digest.tag();
        let is_it = |at: &usize| {
            self.tags.get(*at) == Some(&tag)
                && self
                    .ring
                    .get(*at)
                    .is_some_and(|tomb| tomb.digest == *digest)
        };
        let (chunks, rest) = self.tags.as_chunks::<32>();
        for (n, tags) in chunks.iter().enumerate() {
            // Without a way out between them, thirty-two are compared in a few instructions.
            if tags.iter().fold(false, |any, other| any | (*other == tag))
                && let Some(at) = (n * 32..n * 32 + 32).find(is_it)
            {
                return Some(at);
            }
        }
        (self.tags.len() - rest.len()..self.tags.len()).find(is_it)
    }

    pub(super) fn get(&self, now: Timestamp, digest: &Digest) -> Option<&Tomb> {
        let tomb = self.ring.get(self.position(digest)?)?;
        (now < tomb.until).then_some(tomb)
    }

    pub(super) fn remove(&mut self, digest: &Digest) {
        if self.position(digest).is_some() {
            self.retain(|tomb| tomb.digest != *digest);
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
        let tomb = Tomb {
            digest: *digest,
            until,
            successor,
        };
        if self.ring.len() < MAX_TOMBS {
            self.tags.push(digest.tag());
            self.ring.push(tomb);
        } else {
            self.tags[self.oldest] = digest.tag();
            self.ring[self.oldest] = tomb;
            self.oldest = (self.oldest + 1) % MAX_TOMBS;
        }
        successor
    }

    /// Takes out those that go, and says how many these were.
    pub(super) fn sweep(&mut self, mut goes: impl FnMut(Timestamp) -> bool) -> usize {
        self.retain(|tomb| !goes(tomb.until))
    }

    fn retain(&mut self, keep: impl FnMut(&Tomb) -> bool) -> usize {
        let before = self.ring.len();
        self.ring.rotate_left(std::mem::take(&mut self.oldest));
        self.ring.retain(keep);
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
        assert!(self.ring.len() <= MAX_TOMBS && self.oldest < MAX_TOMBS);
        assert!(self.oldest == 0 || self.ring.len() == MAX_TOMBS);
        let tags = self.ring.iter().map(|tomb| tomb.digest.tag());
        assert!(self.tags.iter().copied().eq(tags));
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&Digest, Timestamp)> {
        self.ring.iter().map(|tomb| (&tomb.digest, tomb.until))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use session::SessionId;

    use super::*;

    /// Against a list in the order of age, with keys that come back and a ring that runs full many times.
    #[test]
    fn the_ring_is_a_list_in_the_order_of_age() {
        let keys: Vec<StoreKey> = (0..400)
            .map(|_| SessionId::generate().unwrap().store_key())
            .collect();
        let (mut tombs, mut list) = (Tombs::default(), Vec::<(usize, Timestamp)>::new());
        let mut state = 1u64;
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % below
        };
        for step in 0..20_000 {
            let op = Op {
                now: Timestamp::from_millis(step),
                grace: Duration::from_secs(1),
                max_skew: Duration::ZERO,
            };
            let at = random(keys.len());
            let digest = Digest::from(&keys[at]);
            let stands = list.iter().position(|(key, _)| *key == at);
            match random(20) {
                0 => {
                    tombs.remove(&digest);
                    list.retain(|(key, _)| *key != at);
                }
                1 => {
                    let past = |until: Timestamp| until <= op.now;
                    let before = list.len();
                    list.retain(|(_, until)| !past(*until));
                    assert_eq!(tombs.sweep(past), before - list.len());
                }
                _ => {
                    let until = op.now + op.grace * random(3) as u32;
                    tombs.bury(&op, until, &digest, None);
                    match stands {
                        Some(stands) => list[stands].1 = list[stands].1.max(until),
                        None => list.push((at, until)),
                    }
                    if list.len() > MAX_TOMBS {
                        list.remove(0);
                    }
                }
            }
            tombs.check();
            let oldest_first = tombs.ring[tombs.oldest..]
                .iter()
                .chain(&tombs.ring[..tombs.oldest]);
            let found = oldest_first.map(|tomb| (tomb.digest, tomb.until));
            let expected = list
                .iter()
                .map(|(at, until)| (Digest::from(&keys[*at]), *until));
            assert!(found.eq(expected), "step {step}");
            let live = list
                .iter()
                .find(|(key, until)| *key == at && op.now < *until);
            assert_eq!(tombs.get(op.now, &digest).is_some(), live.is_some());
        }
    }
}
