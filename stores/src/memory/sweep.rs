//! `gc`: a shard at a time, so that nobody waits for long.

use session::{Op, Swept, Timestamp};

use super::shard::Shard;
use super::sync::Ordering;
use super::{Inner, PER_SHARD};

/// How many records one call looks at, at most about.
const LOOKED_AT: usize = 4 * PER_SHARD;
/// How many it removes at most, whatever its budget. Dropping what an application has put into a session costs about a
/// microsecond, and meanwhile the thread does nothing else: so a call takes some tenths of a millisecond.
const REMOVED: usize = 256;
/// How many are taken out of a shard under its lock, and dropped before the next. Not fewer: glibc puts off a part of the
/// work of freeing until something as large as the list of these is allocated, and then does all of it at once.
const AT_ONCE: usize = 64;

impl Inner {
    /// Goes on where the last call ended. There is more until the end of the last shard is reached.
    pub(super) fn gc(&self, op: &Op, budget: usize) -> Swept {
        let mut swept = Swept {
            removed: 0,
            more: true,
        };
        let past = |deadline: Timestamp| deadline + op.max_skew < op.now;
        let budget = budget.clamp(1, REMOVED);
        let mut looked_at = 0;
        while swept.removed < budget && looked_at < LOOKED_AT {
            let at = self.cursor.fetch_add(1, Ordering::Relaxed);
            if let Some(shard) = self.shards.get(at) {
                if past(shard.earliest()) {
                    looked_at += shard.lock().len();
                    let (removed, all) = self.sweep(shard, budget - swept.removed, past);
                    swept.removed += removed;
                    if !all {
                        self.cursor.store(at, Ordering::Relaxed);
                    }
                }
            } else if at - self.shards.len() < self.owners.len() {
                let at = at - self.shards.len();
                looked_at += self.owners.sweep(at, op.now, op.max_skew);
            } else {
                self.cursor.store(0, Ordering::Relaxed);
                swept.more = false;
                break;
            }
        }
        swept
    }

    /// Removes at most so many of a shard, and says how many and whether these were all.
    fn sweep(
        &self,
        shard: &Shard,
        budget: usize,
        past: impl Fn(Timestamp) -> bool,
    ) -> (usize, bool) {
        let mut removed = 0;
        while removed < budget {
            let most = AT_ONCE.min(budget - removed);
            let mut dropped = Vec::with_capacity(most);
            let tombs = shard.lock().sweep(most, &past, &mut dropped);
            removed += dropped.len();
            self.left(&dropped);
            if let Some(tombs) = tombs {
                return (removed + tombs, true);
            }
        }
        (removed, false)
    }
}
