//! What is written down beside the tables, compared with what is in them.

use std::collections::HashMap;

use session::OwnerKey;

use crate::memory::sync::Ordering;

impl crate::memory::Inner {
    /// Panics unless what is written down beside the tables is what is in them. Nobody else may be at work.
    pub(super) fn check(&self) {
        let mut sessions = 0;
        let mut of_owners: HashMap<OwnerKey, Vec<_>> = HashMap::new();
        for shard in &self.shards {
            let table = shard.lock();
            sessions += table.len();
            table.check();
            let (earliest, anonymous) = (shard.earliest(), shard.has_anonymous());
            for (digest, record) in table.records() {
                assert!(record.header.idle_deadline >= earliest);
                match &record.header.owner {
                    Some(owner) => {
                        let of = of_owners.entry(owner.key).or_default();
                        of.push((*digest, record.header.authenticated_at));
                    }
                    None => assert!(anonymous),
                }
            }
        }
        assert_eq!(self.len.load(Ordering::Relaxed), sessions);
        for (owner, of) in &of_owners {
            let owner = crate::memory::Digest::from(owner);
            let sets = self.owners.lock(&owner);
            let set = sets.get(&owner).expect("an owner with sessions has a set");
            assert!(of.iter().all(|(digest, _)| set.keys.contains(digest)));
            assert_eq!(set.keys.len(), of.len(), "and nothing else is in it");
            let revoked = of.iter().filter(|(_, at)| set.refuses(*at));
            assert_eq!(revoked.count(), 0, "nobody has escaped a revocation");
        }
        let sets: usize = self.owners.set_sizes().sum();
        assert_eq!(sets, of_owners.values().map(Vec::len).sum::<usize>());
    }

    /// How much room the tables of records, and the maps of owners, have.
    pub(super) fn capacities(&self) -> (usize, usize) {
        let records = self.shards.iter().map(|shard| shard.lock().capacity());
        (records.sum(), self.owners.capacity())
    }
}
