//! Sessions in files.

#[cfg(not(unix))]
compile_error!(
    "the feature `file` needs a Unix system: the store depends on its modes, links and locks"
);

mod builder;
mod disk;
mod error;
mod found;
mod frame;
mod gc;
mod layout;
mod locks;
mod owners;
mod probe;
mod records;
mod rotate;
mod verbs;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use session::{
    Codec, CreateOutcome, Op, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome, SaveOutcome,
    SessionHandle, SessionInfo, SessionStore, StoreError, StoreKey, Swept, Timestamp, TouchOutcome,
    Version,
};

pub use builder::{Durability, FileStoreBuilder};
pub use error::FileStoreError;

/// A store that keeps each session in a file of its own, below one directory.
///
/// For applications on one machine that want their sessions to outlive a restart, and need no server for it. Several
/// processes may share the directory, also over a network file system that keeps locks (`flock`). Unix only.
///
/// ```
/// use session_stores::{Durability, FileStore};
///
/// # let dir = tempfile::tempdir()?;
/// # let root = dir.path().join("sessions");
/// let store = FileStore::new(&root)?;
///
/// // The same directory, for an application that may lose the last seconds when the power fails.
/// let store = FileStore::builder(&root).durability(Durability::Process).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What is promised
///
/// - **Atomic.** A file is written under another name, and renamed. A reader finds the old or the new record, without
///   a lock; a crash at any point leaves the old or the new. `rotate` has one step that decides: never are both ids
///   live, never none.
/// - **Durable**, as far as [`Durability`] says.
/// - **No lost updates**, between threads and processes: writers hold the lock of one of 64 stripes for as long as the
///   write takes. The system lets go of the locks of a process that dies.
/// - **Deadlines stand in the file.** The file's own times decide nothing about a live session; `gc` removes a file
///   when it is past by the caller's clock and by the file system's.
/// - **Full disk.** Reading, renewing and signing out still work. What needs room fails with
///   [`StoreErrorKind::Full`](session::StoreErrorKind::Full), and nothing has changed.
/// - **Damage is told apart.** Each file has a version and a checksum and names its session. One that is empty, cut
///   short, flipped, too long, of another session or no file at all is
///   [`ReadOutcome::Damaged`]; one that a newer version wrote is an error.
/// - **Private.** Directories have mode 0700 and files 0600, whatever the umask. The root must belong to the user of
///   this process, and nobody else may write to it. Links are not followed. File names are hashes.
/// - **Only its own.** `gc` touches nothing that is not named like a file of this store.
///
/// # What it costs
///
/// | verb | file operations (with [`Durability::Full`]) | waits for the disk |
/// |---|---|---|
/// | `read` | open, read | no |
/// | `read` that renews, `touch` | lock, read, write 24 bytes in place | no |
/// | `save`, `create` | lock, read, write, rename | 2 syncs |
/// | `create` with an owner | and a marker in the owner's directory | 3 syncs |
/// | `rotate` | lock two, read three, write two, rename three | 4 syncs, 5 with an owner |
/// | `destroy` | lock, read, write, rename | 2 syncs |
///
/// The operations run on tokio's blocking threads; a verb whose future is dropped runs to its end. A verb that has to
/// wait for a lock keeps such a thread waiting.
///
/// # Errors
///
/// A verb fails with [`Unavailable`](session::StoreErrorKind::Unavailable) if the system refuses a file operation,
/// with `Full` if there is no room, with `TooLarge` for a record of more than
/// [`max_file_size`](FileStoreBuilder::max_file_size), and with `NewerFormat` or `UnknownKey`. Errors name the operation, never the file.
#[derive(Clone)]
pub struct FileStore {
    files: Arc<Files>,
}

/// What the verbs work on, on a thread that may block.
#[derive(Debug)]
struct Files {
    disk: disk::Disk,
    layout: layout::Layout,
    codec: Codec,
    max_file: u64,
    cursor: Mutex<gc::Cursor>,
}

impl FileStore {
    /// Opens a store below `root`, with JSON and full durability. The directory is made if it is missing.
    ///
    /// # Errors
    ///
    /// As [`FileStoreBuilder::build`].
    pub fn new(root: impl Into<PathBuf>) -> Result<Self, FileStoreError> {
        Self::builder(root).build()
    }

    /// Options first.
    pub fn builder(root: impl Into<PathBuf>) -> FileStoreBuilder {
        FileStoreBuilder::new(root.into())
    }

    async fn run<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&Files) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let files = Arc::clone(&self.files);
        let done = tokio::task::spawn_blocking(move || verb(&files)).await;
        done.unwrap_or_else(|_| {
            Err(StoreError::unavailable(
                "the runtime shut down, or a value panicked",
            ))
        })
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("root", &self.files.layout.root)
            .field("codec", &self.files.codec)
            .finish_non_exhaustive()
    }
}

impl SessionStore for FileStore {
    async fn read(
        &self,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        let (op, key) = (*op, *key);
        self.run(move |files| files.read(&op, &key, renew)).await
    }

    async fn create(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        let (op, key) = (*op, *key);
        self.run(move |files| files.create(&op, &key, record, bind))
            .await
    }

    async fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        expected: Version,
    ) -> Result<SaveOutcome, StoreError> {
        let (op, key) = (*op, *key);
        self.run(move |files| files.save(&op, &key, record, expected))
            .await
    }

    async fn rotate(
        &self,
        op: &Op,
        old: &StoreKey,
        new: &StoreKey,
        record: Arc<Record>,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        let (op, old, new) = (*op, *old, *new);
        self.run(move |files| files.rotate(&op, &old, &new, record, expected, bind))
            .await
    }

    async fn touch(
        &self,
        op: &Op,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> Result<TouchOutcome, StoreError> {
        let (op, key) = (*op, *key);
        self.run(move |files| files.touch(&op, &key, expected, idle_deadline))
            .await
    }

    async fn destroy(&self, op: &Op, key: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        let (op, key) = (*op, *key);
        self.run(move |files| files.destroy(&op, &key)).await
    }

    async fn exists(&self, op: &Op, key: &StoreKey) -> Result<bool, StoreError> {
        let (op, key) = (*op, *key);
        self.run(move |files| files.exists(&op, &key)).await
    }

    async fn gc(&self, op: &Op, budget: usize) -> Result<Swept, StoreError> {
        let op = *op;
        self.run(move |files| files.gc(&op, budget)).await
    }

    async fn sessions_of(&self, op: &Op, owner: &OwnerKey) -> Result<Vec<SessionInfo>, StoreError> {
        let (op, owner) = (*op, *owner);
        self.run(move |files| files.sessions_of(&op, &owner)).await
    }

    async fn destroy_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> Result<bool, StoreError> {
        let (op, owner) = (*op, *owner);
        self.run(move |files| files.destroy_of(&op, &owner, handle))
            .await
    }

    async fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        let (op, owner, except) = (*op, *owner, except.copied());
        self.run(move |files| files.destroy_all_of(&op, &owner, except.as_ref()))
            .await
    }
}
