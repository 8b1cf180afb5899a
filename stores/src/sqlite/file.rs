//! The file of a database, before the engine sees it.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::builder::SqliteSetupError;

/// Makes the file if it is not there, for this user alone: the engine gives its log and its index the same mode. The
/// path that comes back is one that the engine takes for nothing but a file.
pub(super) fn prepare(path: &Path) -> Result<PathBuf, SqliteSetupError> {
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(SqliteSetupError::InMemory);
    }
    let failed = |error| SqliteSetupError::Open(Box::new(error));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
        // An empty file is an empty database.
        Ok(_) | Err(_) => {}
    }
    // `file:..` would be read as a URI.
    std::path::absolute(path).map_err(failed)
}
