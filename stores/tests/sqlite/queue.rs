//! Verbs that wait for the database together are written in one transaction, and each comes out as if it were alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, OwnerKey, ReadOutcome, Record, RotateOutcome, SaveOutcome, SessionStore,
    StoreError, StoreErrorKind, StoreKey, Timestamp,
};
use session_stores::sqlite::SqliteStore;
use session_stores::sqlite::driver::sqlite::SqliteConnection;
use tokio::task::JoinHandle;

use crate::sessions::*;
use crate::sqlite_file::*;

const SESSIONS: usize = 20;

/// Sessions, and a database that is locked by somebody else.
struct Crowd {
    store: Arc<SqliteStore>,
    t: Timestamp,
    sessions: Vec<(StoreKey, Record)>,
    other: SqliteConnection,
    path: std::path::PathBuf,
    _dir: tempfile::TempDir,
}

type Saving = Vec<JoinHandle<Result<SaveOutcome, StoreError>>>;

impl Crowd {
    async fn new() -> Self {
        let (dir, path) = new_file();
        let builder = SqliteStore::builder().response_timeout(Duration::from_secs(60));
        let store = builder.open(&path).await.unwrap();
        let t = now();
        let mut sessions = Vec::new();
        for _ in 0..SESSIONS {
            let first = record(t);
            sessions.push((put(&store, t, &first).await, first));
        }
        let other = other(&path).await;
        Self {
            store: Arc::new(store),
            t,
            sessions,
            other,
            path,
            _dir: dir,
        }
    }

    async fn lock(&mut self) {
        run(&mut self.other, "BEGIN IMMEDIATE").await;
    }

    /// Lets those who wait go on, when they all do.
    async fn unlock(&mut self) {
        tokio::time::sleep(Duration::from_millis(300)).await;
        run(&mut self.other, "ROLLBACK").await;
    }

    fn save_all(&self) -> Saving {
        let (at, tasks) = (op(self.t), self.sessions.iter());
        let tasks = tasks.map(|(key, first)| {
            let (store, key) = (Arc::clone(&self.store), *key);
            let (second, expected) = (Arc::new(next(first, 2)), first.header.version);
            tokio::spawn(async move { store.save(&at, &key, second, expected).await })
        });
        tasks.collect()
    }

    async fn are_saved(&self, saving: Saving) {
        for task in saving {
            let outcome = task.await.unwrap();
            assert!(matches!(outcome, Ok(SaveOutcome::Saved(_))), "{outcome:?}");
        }
        for (key, _) in &self.sessions {
            let stored = live(&*self.store, self.t, key).await.unwrap();
            assert_eq!(count(&stored), 2);
        }
    }
}

/// How many transactions stand in the log, by the frames that end one: <https://sqlite.org/fileformat2.html#walformat>.
fn commits(path: &Path) -> usize {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = std::fs::read(log).unwrap();
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let page = usize::try_from(number(8)).unwrap();
    let frames = (32..log.len()).step_by(24 + page);
    frames.filter(|frame| number(frame + 4) != 0).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_together_is_one_transaction() {
    let mut crowd = Crowd::new().await;
    let before = commits(&crowd.path);
    assert!(before >= SESSIONS, "each was alone: {before}");
    crowd.lock().await;
    let saving = crowd.save_all();
    crowd.unlock().await;
    crowd.are_saved(saving).await;
    let transactions = commits(&crowd.path) - before;
    // The first may be on its way already, and on a slow machine one comes late.
    assert!((1..5).contains(&transactions), "{transactions}");
}

/// A session whose owner has been signed out everywhere, and a rotation onto a name that is taken, have written something
/// when they are refused. It goes, and the others stay.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_takes_nobody_along() {
    let mut crowd = Crowd::new().await;
    let (t, at, store) = (crowd.t, op(crowd.t), Arc::clone(&crowd.store));
    let ann = OwnerKey::of("ann");
    store.destroy_all_of(&at, &ann, None).await.unwrap();
    let (moving, taken) = (put(&*store, t, &record(t)).await, fresh_key());
    let taken = StoreKey::from_parts(*taken.hash(), moving.tag());
    let standing = Arc::new(record(t));
    store.create(&at, &taken, standing, None).await.unwrap();
    let first = live(&*store, t, &moving).await.unwrap();

    crowd.lock().await;
    let saving = crowd.save_all();
    let refused = fresh_key();
    let create = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            store
                .create(&at, &refused, Arc::new(owned(t, "ann")), None)
                .await
        }
    });
    let rotate = tokio::spawn({
        let (store, second) = (Arc::clone(&store), Arc::new(next(&first, 2)));
        let expected = first.header.version;
        async move {
            store
                .rotate(&at, &moving, &taken, second, expected, None)
                .await
        }
    });
    crowd.unlock().await;
    crowd.are_saved(saving).await;
    assert_eq!(create.await.unwrap().unwrap(), CreateOutcome::OwnerRevoked);
    assert!(live(&*store, t, &refused).await.is_none());
    assert!(matches!(rotate.await.unwrap(), Ok(RotateOutcome::Gone)));
    assert_eq!(
        live(&*store, t, &moving).await.unwrap().header,
        first.header
    );
    assert_eq!(count(&live(&*store, t, &taken).await.unwrap()), 1);
}

/// The engine gives up the whole transaction because of one, or leaves it open.
#[tokio::test(flavor = "multi_thread")]
async fn who_fails_takes_nobody_along() {
    for trigger in [
        "CREATE TRIGGER broken BEFORE INSERT ON sessions BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
        "CREATE TRIGGER broken BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'no'); END",
    ] {
        let mut crowd = Crowd::new().await;
        run(&mut crowd.other, trigger).await;
        crowd.lock().await;
        let mut creating = Vec::new();
        let mut saving = Vec::new();
        for task in crowd.save_all() {
            saving.push(task);
            let (store, at) = (Arc::clone(&crowd.store), op(crowd.t));
            let new = Arc::new(record(crowd.t));
            creating.push(tokio::spawn(async move {
                store.create(&at, &fresh_key(), new, None).await
            }));
        }
        crowd.unlock().await;
        for task in creating {
            let error = task.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        }
        crowd.are_saved(saving).await;
    }
}

/// Who has gone before its turn came has changed nothing.
#[tokio::test(flavor = "multi_thread")]
async fn t54_who_has_gone_is_left_out() {
    let mut crowd = Crowd::new().await;
    crowd.lock().await;
    // Somebody is written first, and the others wait for that.
    let leaving = somebody_writes(&crowd).await;
    let saving = crowd.save_all();
    tokio::time::sleep(Duration::from_millis(300)).await;
    for task in &saving {
        task.abort();
    }
    for task in saving {
        assert!(task.await.unwrap_err().is_cancelled());
    }
    crowd.unlock().await;
    assert_eq!(leaving.await.unwrap().unwrap(), None);
    for (key, first) in &crowd.sessions {
        let stored = live(&*crowd.store, crowd.t, key).await.unwrap();
        assert_eq!(stored.header, first.header);
    }
    // The queue is served as before.
    let saving = crowd.save_all();
    crowd.are_saved(saving).await;
}

async fn somebody_writes(crowd: &Crowd) -> JoinHandle<Result<Option<StoreKey>, StoreError>> {
    let (store, at) = (Arc::clone(&crowd.store), op(crowd.t));
    let leaving = tokio::spawn(async move { store.destroy(&at, &fresh_key()).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    leaving
}

/// Renewals, sign-outs and rotations of many sessions at once, each with its own outcome.
#[tokio::test(flavor = "multi_thread")]
async fn each_is_told_its_own_outcome() {
    let mut crowd = Crowd::new().await;
    let (at, later) = (op(crowd.t), op(crowd.t + INTERVAL));
    crowd.lock().await;
    let mut tasks = Vec::new();
    for (n, (key, first)) in crowd.sessions.iter().enumerate() {
        let (store, key, first) = (Arc::clone(&crowd.store), *key, first.clone());
        tasks.push(tokio::spawn(async move {
            let expected = first.header.version;
            let second = Arc::new(next(&first, n as u64));
            match n % 4 {
                0 => {
                    let ReadOutcome::Live(read) =
                        store.read(&later, &key, Some(INTERVAL)).await.unwrap()
                    else {
                        panic!("the session is live");
                    };
                    assert_eq!(read.header.last_seen, later.now);
                }
                1 => {
                    assert_eq!(store.destroy(&at, &key).await.unwrap(), None);
                    assert!(live(&*store, at.now, &key).await.is_none());
                }
                2 => {
                    let new = key_after(&key);
                    let rotate = store.rotate(&at, &key, &new, second, expected, None);
                    assert!(matches!(rotate.await, Ok(RotateOutcome::Saved(_))));
                    assert!(live(&*store, at.now, &key).await.is_none());
                    let moved = live(&*store, at.now, &new).await.unwrap();
                    assert_eq!(count(&moved), n as u64);
                }
                _ => {
                    let stale = second.header.version;
                    let Ok(SaveOutcome::Conflict(current)) =
                        store.save(&at, &key, second, stale).await
                    else {
                        panic!("another version is stored");
                    };
                    assert_eq!(current.header, first.header);
                }
            }
        }));
    }
    crowd.unlock().await;
    for task in tasks {
        task.await.unwrap();
    }
}
