//! Sessions that are written while something happens to the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use session::{
    CreateOutcome, ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, StoreKey, Timestamp,
};
use session_stores::redis::RedisStore;
use tokio::task::JoinHandle;

use crate::sessions::{count, key_after, next, op, record};

/// What all tasks share.
pub(crate) struct Load {
    store: Arc<RedisStore>,
    t: Timestamp,
    stop: AtomicBool,
    failed: AtomicU64,
}

/// One task: a session that counts, and changes its id now and then.
pub(crate) struct Life {
    /// How far it has counted.
    pub(crate) acknowledged: Arc<AtomicU64>,
    task: JoinHandle<Lived>,
}

/// What has become of it.
pub(crate) struct Lived {
    /// Every key that the session has ever had.
    keys: Vec<StoreKey>,
    /// Calls that failed, and calls that met another state than they had left.
    pub(crate) failed: Vec<String>,
    pub(crate) strange: u32,
    pub(crate) acknowledged: u64,
}

impl Load {
    pub(crate) fn new(store: Arc<RedisStore>, t: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            store,
            t,
            stop: AtomicBool::new(false),
            failed: AtomicU64::new(0),
        })
    }

    /// How many calls have failed.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// A session under this key that changes until the end.
    pub(crate) async fn begin(self: &Arc<Self>, key: StoreKey) -> Life {
        let acknowledged = Arc::new(AtomicU64::new(1));
        let first = Arc::new(record(self.t));
        let op = op(self.t);
        let made = self.store.create(&op, &key, first.clone(), None).await;
        assert_eq!(made.unwrap(), CreateOutcome::Created);
        let (load, counted) = (Arc::clone(self), Arc::clone(&acknowledged));
        let task = tokio::spawn(async move { load.live(key, first, &counted).await });
        Life { acknowledged, task }
    }

    async fn live(
        &self,
        mut key: StoreKey,
        mut current: Arc<session::Record>,
        counted: &AtomicU64,
    ) -> Lived {
        let (store, op) = (&self.store, op(self.t));
        let mut lived = Lived {
            keys: vec![key],
            failed: Vec::new(),
            strange: 0,
            acknowledged: 1,
        };
        while !self.stopped() {
            tokio::time::sleep(Duration::from_millis(4)).await;
            let change = Arc::new(next(&current, count(&current) + 1));
            let expected = current.header.version;
            let stored = if count(&change).is_multiple_of(5) {
                let new = key_after(&key);
                lived.keys.push(new);
                let rotated = store.rotate(&op, &key, &new, change.clone(), expected, None);
                rotated.await.map(|outcome| match outcome {
                    RotateOutcome::Saved(_) => Some(new),
                    _ => None,
                })
            } else {
                let saved = store.save(&op, &key, change.clone(), expected);
                saved.await.map(|outcome| match outcome {
                    SaveOutcome::Saved(_) => Some(key),
                    _ => None,
                })
            };
            match stored {
                Ok(Some(at)) => (key, current) = (at, change),
                other => {
                    match other {
                        Err(error) => {
                            self.failed.fetch_add(1, Ordering::Relaxed);
                            lived.failed.push(format!("{error:?}"));
                        }
                        Ok(_) => lived.strange += 1,
                    }
                    (key, current) = self.find(&lived.keys).await;
                }
            }
            lived.acknowledged = count(&current);
            counted.store(lived.acknowledged, Ordering::Relaxed);
        }
        lived
    }

    /// Where the session is: whoever lost an answer looks, and lets nothing stop it.
    async fn find(&self, keys: &[StoreKey]) -> (StoreKey, Arc<session::Record>) {
        loop {
            for key in keys.iter().rev() {
                match self.store.read(&op(self.t), key, None).await {
                    Ok(ReadOutcome::Live(found)) => return (*key, found),
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The end: exactly one key of the session lives, with all that it has counted.
    pub(crate) async fn end(&self, life: Life) -> Lived {
        self.stop();
        let lived = life.task.await.unwrap();
        let mut live = Vec::new();
        for key in &lived.keys {
            if let ReadOutcome::Live(found) = self.store.read(&op(self.t), key, None).await.unwrap()
            {
                live.push(count(&found));
            }
        }
        assert_eq!(live, [lived.acknowledged], "of {} keys", lived.keys.len());
        lived
    }
}
