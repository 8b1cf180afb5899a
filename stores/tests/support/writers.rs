//! Sessions that are written without a pause while something goes wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use session::{ReadOutcome, Record, RotateOutcome, SaveOutcome, SessionStore, StoreKey, Timestamp};

use crate::sessions::{
    count, key_after, live, next, now, op, owned, put_one, record, until_it_works,
};

/// What the writers saw.
pub(crate) struct Seen {
    /// How many verbs were answered with an error.
    pub(crate) failures: u32,
    /// How far the session came that came least far.
    pub(crate) fewest: u64,
}

/// A session that one task saves and rotates, and nobody else.
struct Written {
    key: StoreKey,
    current: Record,
    /// Its former keys.
    dead: Vec<StoreKey>,
    /// Changes of which nobody knows, and where they would be. An engine whose client has gone may still be at one.
    unknown: Vec<(StoreKey, Arc<Record>)>,
}

impl Written {
    fn stored(&mut self, key: StoreKey, change: &Record) {
        if key != self.key {
            self.dead.push(self.key);
        }
        (self.key, self.current) = (key, change.clone());
        self.unknown.clear();
    }

    /// Whether one of the unknown changes has come true; then that is how the session stands.
    async fn looked<S: SessionStore>(&mut self, store: &S, t: Timestamp) -> bool {
        for (key, change) in std::mem::take(&mut self.unknown) {
            let op = op(t);
            let found = until_it_works(|| store.read(&op, &key, None)).await;
            if matches!(found, ReadOutcome::Live(found) if found.header.commit_id == change.header.commit_id)
            {
                self.stored(key, &change);
                return true;
            }
            self.unknown.push((key, change));
        }
        false
    }
}

/// Saves and rotates one session until `stop`. Says how many verbs failed.
async fn write<S: SessionStore>(store: &S, n: u64, stop: &AtomicBool) -> (Written, u32) {
    let t = now();
    // Half of them have owners, whose rotations are transactions in some engines.
    let current = match n % 2 {
        0 => record(t),
        _ => owned(t, &format!("owner {n}")),
    };
    let key = until_it_works(|| put_one(store, t, &current)).await;
    let (dead, unknown) = (Vec::new(), Vec::new());
    let mut written = Written {
        key,
        current,
        dead,
        unknown,
    };
    let (mut failed, op) = (0, op(t));
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let (key, count) = (written.key, count(&written.current) + 1);
        let rotates = (count + n).is_multiple_of(3);
        let new = if rotates { key_after(&key) } else { key };
        let change = Arc::new(next(&written.current, count));
        let (given, expected) = (Arc::clone(&change), written.current.header.version);
        let stored = if rotates {
            let outcome = store.rotate(&op, &key, &new, given, expected, None).await;
            outcome.map(|outcome| matches!(outcome, RotateOutcome::Saved(_)))
        } else {
            let outcome = store.save(&op, &key, given, expected).await;
            outcome.map(|outcome| matches!(outcome, SaveOutcome::Saved(_)))
        };
        match stored {
            Ok(true) => written.stored(new, &change),
            Ok(false) => {
                let known = written.looked(store, t).await;
                assert!(known, "nobody else writes this session");
            }
            Err(_) => {
                failed += 1;
                written.unknown.push((new, change));
                written.looked(store, t).await;
            }
        }
    }
    (written, failed)
}

/// Eight sessions that are saved and rotated while `disturb` goes on. Then every acknowledged change is there, and no id
/// that was rotated is live.
pub(crate) async fn under_load<S: SessionStore>(store: S, disturb: impl Future) -> Seen {
    let (store, stop) = (Arc::new(store), Arc::new(AtomicBool::new(false)));
    let writer = |n| {
        let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
        tokio::spawn(async move { write(&*store, n, &stop).await })
    };
    let writers: Vec<_> = (0..8).map(writer).collect();
    disturb.await;
    stop.store(true, Ordering::Relaxed);
    let t = now();
    let mut seen = Seen {
        failures: 0,
        fewest: u64::MAX,
    };
    for writer in writers {
        let (mut written, failed) = writer.await.unwrap();
        written.looked(&*store, t).await;
        let found = live(&*store, t, &written.key).await.unwrap();
        assert_eq!(found.header, written.current.header);
        assert_eq!(count(&found), count(&written.current));
        for key in written.dead {
            let found = live(&*store, t, &key).await;
            assert!(found.is_none(), "a rotated id is live");
        }
        seen.failures += failed;
        seen.fewest = seen.fewest.min(count(&found));
    }
    seen
}
