//! What can go wrong when a store is opened, and how the verbs tell of files that failed.

use std::fmt;
use std::io;
use std::path::PathBuf;

use session::{StoreError, StoreErrorKind};

pub(super) type Result<T> = std::result::Result<T, StoreError>;

/// Whether something stands there that only a newer node can read.
pub(super) fn is_newer(error: &StoreError) -> bool {
    error.kind() == StoreErrorKind::NewerFormat
}

/// Why a [`FileStore`](crate::FileStore) could not be opened.
///
/// ```
/// use std::os::unix::fs::PermissionsExt;
/// use session_stores::{FileStore, FileStoreError};
///
/// let shared = tempfile::tempdir()?;
/// std::fs::set_permissions(shared.path(), std::fs::Permissions::from_mode(0o777))?;
/// let error = FileStore::new(shared.path()).unwrap_err();
/// assert!(matches!(error, FileStoreError::Writable { .. }));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum FileStoreError {
    /// A directory or file could not be made or read.
    Io {
        /// What it was.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// This should be a directory, and is a file, a symbolic link or something else.
    NotADirectory {
        /// What it was.
        path: PathBuf,
    },
    /// Others than the user of this process can write here: whoever can put a file into a session store can sign in
    /// as anyone.
    Writable {
        /// Which directory it was.
        path: PathBuf,
    },
    /// The file system does not keep locks, so versions could not be honoured between processes.
    NoLocks {
        /// Where it was tried.
        path: PathBuf,
    },
}

impl fmt::Display for FileStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, .. } => write!(f, "`{}` cannot be used for sessions", path.display()),
            Self::NotADirectory { path } => write!(
                f,
                "`{}` is not a directory (a symbolic link is not followed: give its target)",
                path.display()
            ),
            Self::Writable { path } => write!(
                f,
                "others can write to `{}`: it must belong to the user of this process, with mode 0700",
                path.display()
            ),
            Self::NoLocks { path } => {
                write!(
                    f,
                    "the file system at `{}` does not keep locks",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for FileStoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// A file operation that failed. Names the step and never the file, whose name is that of a session.
#[derive(Debug)]
struct Failed {
    step: &'static str,
    source: io::Error,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.source)
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// For a step before which nothing was changed: a full disk may be told as such.
pub(super) fn before(step: &'static str) -> impl FnOnce(io::Error) -> StoreError {
    move |source| {
        let kind = match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreErrorKind::Full,
            _ => StoreErrorKind::Unavailable,
        };
        StoreError::with_source(kind, Failed { step, source })
    }
}

/// For a step at or after the one that counts: the outcome is unknown.
pub(super) fn unsure(step: &'static str) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::unavailable(Failed { step, source })
}
