//! Options of the store, and how its root is made and looked at.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use session::Codec;

use super::disk::Disk;
use super::gc::Cursor;
use super::layout::{Layout, STRIPES};
use super::probe::Probe;
use super::{FileStore, FileStoreError, Files};

/// What a [`FileStore`] promises to keep when the power fails.
///
/// A process that is killed loses nothing under either.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Durability {
    /// A verb answers once its files and their names are on the disk: whatever was acknowledged is there after a
    /// power failure. Renewals of the idle deadline are not waited for; losing one makes that deadline an earlier one.
    #[default]
    Full,
    /// Nothing waits for the disk: a write takes microseconds instead of milliseconds. After a power failure the last
    /// seconds may be lost: sessions are as they were before, gone, or damaged (which reads as no session), and a
    /// logout of those seconds may be undone.
    Process,
}

/// Options of a [`FileStore`]; made by [`FileStore::builder`].
///
/// ```
/// use session::Codec;
/// use session_stores::{Durability, FileStore};
///
/// # let dir = tempfile::tempdir()?;
/// # let root = dir.path().join("sessions");
/// let store = FileStore::builder(&root)
///     .codec(Codec::json())
///     .durability(Durability::Process)
///     .max_file_size(1024 * 1024)
///     .build()?;
/// assert!(root.join("records").is_dir());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileStoreBuilder {
    root: PathBuf,
    codec: Codec,
    durability: Durability,
    max_file: u64,
}

impl FileStoreBuilder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root,
            codec: Codec::default(),
            durability: Durability::default(),
            max_file: 4 * 1024 * 1024,
        }
    }

    /// How records are written; JSON if nothing else is said. What another codec wrote is still read.
    #[must_use]
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// What is waited for; [`Durability::Full`] if nothing else is said.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How long a file may be; 4 MiB if nothing else is said. A longer record is refused with
    /// [`TooLarge`](session::StoreErrorKind::TooLarge), and a longer file is not read but
    /// [damaged](session::ReadOutcome::Damaged). Must be well above the layer's own cap of a record.
    #[must_use]
    pub fn max_file_size(mut self, bytes: u64) -> Self {
        self.max_file = bytes;
        self
    }

    /// Opens the store. Makes the root if it is missing, and the few directories and lock files in it, so that
    /// signing out needs no more room than there is later.
    ///
    /// Does some hundred file operations the first time: call it at start-up, not in a request.
    ///
    /// # Errors
    ///
    /// [`FileStoreError`] says what is wrong with the root.
    pub fn build(self) -> Result<FileStore, FileStoreError> {
        self.build_with(Probe::default())
    }

    pub(super) fn build_with(self, probe: Probe) -> Result<FileStore, FileStoreError> {
        let disk = Disk {
            sync: self.durability == Durability::Full,
            probe,
        };
        // Made absolute, so that a change of the working directory does not move the sessions.
        let root = std::path::absolute(&self.root).map_err(|source| FileStoreError::Io {
            path: self.root.clone(),
            source,
        })?;
        let layout = Layout { root };
        prepare(&disk, &layout)?;
        Ok(FileStore {
            files: Arc::new(Files {
                disk,
                layout,
                codec: self.codec,
                max_file: self.max_file,
                cursor: Mutex::new(Cursor::default()),
            }),
        })
    }
}

fn prepare(disk: &Disk, layout: &Layout) -> Result<(), FileStoreError> {
    let path = &layout.root;
    if matches!(fs::symlink_metadata(path), Err(error) if error.kind() == ErrorKind::NotFound) {
        make_root(disk, path).map_err(|source| io_error(path, source))?;
    }
    let root = directory(path)?;
    for path in [layout.records(), layout.owners(), layout.locks()] {
        disk.make_dirs(&path)
            .map_err(|source| io_error(&path, source))?;
        if directory(&path)?.uid() != root.uid() {
            return Err(FileStoreError::Writable { path });
        }
    }
    for stripe in 0..STRIPES {
        for path in [layout.record_lock(stripe), layout.owner_lock(stripe)] {
            disk.lock_file(&path)
                .map_err(|source| io_error(&path, source))?;
        }
    }
    let path = layout.owner_lock(0);
    // A file of our own tells who we are: whoever else owns the root can write to it.
    let ours = disk
        .clock(&layout.clock())
        .and_then(|_| fs::symlink_metadata(layout.clock()));
    let ours = ours.map_err(|source| io_error(&layout.root, source))?;
    if ours.uid() != root.uid() {
        return Err(FileStoreError::Writable {
            path: layout.root.clone(),
        });
    }
    let held = disk.lock(&path).map_err(|source| io_error(&path, source))?;
    let second = disk
        .lock_file(&path)
        .map_err(|source| io_error(&path, source))?;
    let refused = matches!(second.try_lock(), Err(fs::TryLockError::WouldBlock));
    drop(held);
    if !refused {
        return Err(FileStoreError::NoLocks { path });
    }
    for path in [&layout.root, &layout.locks()] {
        disk.sync_dir(path)
            .map_err(|source| io_error(path, source))?;
    }
    Ok(())
}

/// The root and what is missing above it. What is above it is made as the system makes directories, the root is ours.
fn make_root(disk: &Disk, path: &Path) -> io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    disk.make_dirs(path)
}

/// A directory that only its owner can write to.
fn directory(path: &Path) -> Result<fs::Metadata, FileStoreError> {
    let meta = fs::symlink_metadata(path).map_err(|source| io_error(path, source))?;
    if !meta.is_dir() {
        return Err(FileStoreError::NotADirectory { path: path.into() });
    }
    if meta.mode() & 0o022 != 0 {
        return Err(FileStoreError::Writable { path: path.into() });
    }
    Ok(meta)
}

fn io_error(path: &Path, source: io::Error) -> FileStoreError {
    FileStoreError::Io {
        path: path.into(),
        source,
    }
}
