//! `gc`: a shard at a time, so that nobody waits for long.

use session::{Op, Swept, Timestamp};

use super::sync::Ordering;
use super::{Inner, PER_SHARD};

/// How many records one call looks at, at most about.
const LOOKED_AT: usize = 4 * PER_SHARD;
/// How many it removes at most, whatever its budget: those of one shard, also of one that chance has filled better, so
/// that each record is looked at once. Dropping what an application has put into a session costs about a microsecond, and
/// meanwhile the thread does nothing else: so a call takes about a millisecond.
const REMOVED: usize = PER_SHARD + PER_SHARD / 4;

impl Inner {
    /// Goes on where the last call ended. There is more until the end of the last shard is reached.
    pub(super) fn gc(&self, op: &Op, budget: usize) -> Swept {
        let mut swept = Swept {
            removed: 0,
            more: true,
        };
        let past = |deadline: Timestamp| deadline + op.max_skew < op.now;
        let budget = budget.min(REMOVED);
        let mut looked_at = 0;
        while swept.removed < budget.max(1) && looked_at < LOOKED_AT {
            let at = self.cursor.fetch_add(1, Ordering::Relaxed);
            if let Some(shard) = self.shards.get(at) {
                if !past(shard.earliest()) {
                    continue;
                }
                let mut dropped = Vec::new();
                let (tombs, all) = {
                    let mut table = shard.lock();
                    looked_at += table.len();
                    table.sweep(budget - swept.removed, past, &mut dropped)
                };
                swept.removed += dropped.len() + tombs;
                self.left(&dropped);
                if !all {
                    self.cursor.store(at, Ordering::Relaxed);
                    break;
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
}
