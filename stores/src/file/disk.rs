//! The file operations that the store is made of. Nothing here follows a link, waits for a FIFO or reads without end.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::SystemTime;

use super::layout::parent;
use super::probe::{Probe, Step};

/// What stands at a path.
#[derive(Debug)]
pub(super) enum Loaded {
    Missing,
    /// A link, a directory, a device: not a file, hence never ours.
    Foreign,
    /// A file that is longer than any record.
    Oversized {
        modified: SystemTime,
    },
    File {
        bytes: Vec<u8>,
        modified: SystemTime,
        /// How many names it has.
        links: u64,
    },
}

/// Why a file was not replaced.
#[derive(Debug)]
pub(super) struct NotReplaced {
    /// Whether the new file is in place all the same, though perhaps not after a power failure.
    pub(super) in_place: bool,
    pub(super) source: io::Error,
}

#[derive(Debug)]
pub(super) struct Disk {
    /// Whether files and directories are brought to the disk before a verb answers.
    pub(super) sync: bool,
    pub(super) probe: Probe,
}

/// A lock that is held. Let go when dropped, and by the system when the process dies.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Not left to the closing: a child process that was being started has a copy of the descriptor for a moment.
        let _ = self.0.unlock();
    }
}

impl Disk {
    /// Reads a whole file of at most `max` bytes.
    pub(super) fn load(&self, path: &Path, max: u64) -> io::Result<Loaded> {
        self.probe.step(Step::Read(path))?;
        if !self.check_dir(parent(path))? {
            return Ok(Loaded::Missing);
        }
        let mut file = match options().read(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Loaded::Missing),
            // A link, or a socket.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ELOOP | libc::ENXIO)) => {
                return Ok(Loaded::Foreign);
            }
            Err(error) => return Err(error),
        };
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Ok(Loaded::Foreign);
        }
        let modified = meta.modified()?;
        if meta.len() > max {
            return Ok(Loaded::Oversized { modified });
        }
        let mut bytes = Vec::with_capacity(meta.len() as usize + 1);
        Read::take(&mut file, max + 1).read_to_end(&mut bytes)?;
        Ok(Loaded::File {
            bytes,
            modified,
            links: meta.nlink(),
        })
    }

    /// Puts a file with these bytes at `target`, in place of what was there, in one step. Whoever calls holds the
    /// lock that `temp` belongs to, so what stands there is left from a process that died.
    pub(super) fn replace(
        &self,
        temp: &Path,
        target: &Path,
        bytes: &[u8],
        sync: bool,
    ) -> Result<(), NotReplaced> {
        let sync = sync && self.sync;
        let written = self
            .write(temp, bytes, sync)
            .and_then(|()| self.rename(temp, target));
        if let Err(source) = written {
            let _ = self.remove(temp);
            return Err(NotReplaced {
                in_place: false,
                source,
            });
        }
        if sync {
            self.sync_dir(parent(target))
                .map_err(|source| NotReplaced {
                    in_place: true,
                    source,
                })?;
        }
        Ok(())
    }

    fn write(&self, path: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
        let mut file = self.create(path)?;
        if let Err(error) = self.probe.step(Step::Write(path, 0, bytes)) {
            // As a full disk does it: a part is there.
            let _ = file.write_all(&bytes[..bytes.len() / 2]);
            return Err(error);
        }
        file.write_all(bytes)?;
        if sync {
            self.probe.step(Step::SyncFile(path))?;
            file.sync_all()?;
        }
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        self.probe.step(Step::Create(path))?;
        self.check_dir(parent(path))?;
        for _ in 0..4 {
            match options()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
            {
                Ok(file) => {
                    // The umask may have taken bits away from us too.
                    file.set_permissions(fs::Permissions::from_mode(0o600))?;
                    return Ok(file);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    self.remove(path)?;
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.make_dirs(parent(path))?;
                }
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// Makes an empty file that only its name matters of. It may be there already.
    pub(super) fn mark(&self, path: &Path) -> io::Result<()> {
        self.probe.step(Step::Create(path))?;
        self.check_dir(parent(path))?;
        let open = || {
            options()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)
        };
        let file = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.make_dirs(parent(path))?;
                open()?
            }
            other => other?,
        };
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        if self.sync {
            self.sync_dir(parent(path))?;
        }
        Ok(())
    }

    /// Overwrites a few bytes of a file where they stand. They share a sector, so a crash seldom tears them.
    pub(super) fn patch(&self, path: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
        let file = options().write(true).open(path)?;
        self.probe.step(Step::Write(path, at, bytes))?;
        file.write_all_at(bytes, at)
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.probe.step(Step::Rename(from, to))?;
        fs::rename(from, to)
    }

    /// Removes a file, and says whether it was there.
    pub(super) fn remove(&self, path: &Path) -> io::Result<bool> {
        self.probe.step(Step::Remove(path))?;
        Ok(self.check_dir(parent(path))? && found(fs::remove_file(path))?)
    }

    /// Removes a directory unless something is in it.
    pub(super) fn remove_dir(&self, path: &Path) -> io::Result<bool> {
        self.probe.step(Step::RemoveDir(path))?;
        match fs::remove_dir(path) {
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(false),
            other => found(other),
        }
    }

    /// Makes a directory of ours, and those above it as far as they are missing.
    pub(super) fn make_dirs(&self, path: &Path) -> io::Result<()> {
        self.probe.step(Step::MakeDir(path))?;
        let make = || DirBuilder::new().mode(0o700).create(path);
        let mut made = make();
        if matches!(&made, Err(error) if error.kind() == ErrorKind::NotFound)
            && parent(path) != path
        {
            self.make_dirs(parent(path))?;
            made = make();
        }
        match made {
            Ok(()) => {
                fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
                self.sync_dir(parent(path))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Brings the names in a directory to the disk.
    pub(super) fn sync_dir(&self, path: &Path) -> io::Result<()> {
        if !self.sync {
            return Ok(());
        }
        self.probe.step(Step::SyncDir(path))?;
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        options().read(true).open(path)?.sync_all()
    }

    /// The names in a directory, sorted. None if it is missing.
    pub(super) fn names(&self, path: &Path) -> io::Result<Vec<String>> {
        self.probe.step(Step::Read(path))?;
        if !self.check_dir(path)? {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            // A name that is not text is none of ours.
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Whether the directory is there. One that is a link or no directory, or that stands in such a one, is an
    /// error: nothing of ours is there.
    fn check_dir(&self, path: &Path) -> io::Result<bool> {
        for path in [parent(path), path] {
            match fs::symlink_metadata(path) {
                Ok(meta) if meta.is_dir() => {}
                Ok(_) => return Err(ErrorKind::NotADirectory.into()),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Waits for a lock.
    pub(super) fn lock(&self, path: &Path) -> io::Result<Lock> {
        self.probe.step(Step::Lock(path))?;
        loop {
            let file = self.lock_file(path)?;
            loop {
                match file.lock() {
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    other => break other?,
                }
            }
            let lock = Lock(file);
            // Someone may have cleaned up meanwhile: then the next one locks another file.
            if lock.0.metadata()?.nlink() > 0 {
                return Ok(lock);
            }
        }
    }

    pub(super) fn lock_file(&self, path: &Path) -> io::Result<File> {
        let open = || {
            options()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)
        };
        let file = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.make_dirs(parent(path))?;
                open()?
            }
            other => other?,
        };
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(ErrorKind::InvalidInput.into());
        }
        if meta.mode() & 0o777 != 0o600 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
        Ok(file)
    }

    /// The file system's time, which on a shared one is the server's. Costs no space.
    pub(super) fn clock(&self, path: &Path) -> io::Result<SystemTime> {
        self.probe.step(Step::Clock)?;
        let file = self.lock_file(path)?;
        file.set_len(1 - file.metadata()?.len().min(1))?;
        file.metadata()?.modified()
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options
}

fn found(removed: io::Result<()>) -> io::Result<bool> {
    match removed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
