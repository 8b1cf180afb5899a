//! Room that is kept for signing out on a full disk.
//!
//! Every write needs room in the log, also one that frees some. The log begins anew, in the room that it has, once it
//! has been brought into the database; and a database that has grown needs more room for that. A file that holds this
//! room is given up for it, and as long as it is missing nothing else is written, or new sessions would take the room.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// As much as the log may hold before it is brought into the database, which is a thousand pages.
const SIZE: u64 = 4 * 1024 * 1024;

/// So long passes between two attempts to take the room again.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    tried: Mutex<Option<Instant>>,
}

impl Reserve {
    /// The reserve of the database at this path, or `None` where no file can be made beside it.
    pub(super) fn beside(database: &Path) -> Option<Self> {
        let mut path = database.as_os_str().to_owned();
        path.push("-reserve");
        let reserve = Self {
            path: path.into(),
            tried: Mutex::new(None),
        };
        match reserve.take() {
            Ok(()) => Some(reserve),
            Err(error) if is_full(&error) => Some(reserve),
            Err(_) => None,
        }
    }

    /// Whether there is room for more than signing out.
    pub(super) fn stands(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|file| file.len() == SIZE)
    }

    /// Takes the room again if it is there by now, but does not look all the time.
    pub(super) fn look_again(&self) -> bool {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.is_some_and(|tried| tried.elapsed() < AGAIN) {
            return false;
        }
        *tried = Some(Instant::now());
        drop(tried);
        self.take().is_ok()
    }

    /// Gives the room up.
    pub(super) fn give_up(&self) {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        *tried = Some(Instant::now());
        // Another process may have done it.
        let _ = fs::remove_file(&self.path);
    }

    fn take(&self) -> io::Result<()> {
        if self.stands() {
            return Ok(());
        }
        let taken = self.fill();
        if taken.is_err() {
            let _ = fs::remove_file(&self.path);
        }
        taken
    }

    /// Writes what no file system can make smaller.
    fn fill(&self) -> io::Result<()> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path)?;
        let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut block = Vec::with_capacity(64 * 1024);
        for _ in 0..SIZE / (64 * 1024) {
            block.clear();
            while block.len() < 64 * 1024 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                block.extend_from_slice(&state.to_le_bytes());
            }
            file.write_all(&block)?;
        }
        // A file system may take what it has no room for, and say so later.
        file.sync_all()
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}
