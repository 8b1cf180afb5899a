//! Where tests watch the file operations and make them fail. Outside of tests it is nothing.

use std::io;
use std::path::Path;

/// One operation, before it is done.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(test), allow(dead_code))]
pub(super) enum Step<'a> {
    Read(&'a Path),
    Create(&'a Path),
    Write(&'a Path, u64, &'a [u8]),
    SyncFile(&'a Path),
    Rename(&'a Path, &'a Path),
    Remove(&'a Path),
    MakeDir(&'a Path),
    RemoveDir(&'a Path),
    SyncDir(&'a Path),
    Lock(&'a Path),
    Clock,
}

#[cfg(not(test))]
#[derive(Debug, Default)]
pub(super) struct Probe(());

#[cfg(not(test))]
#[allow(clippy::unused_self)]
impl Probe {
    #[inline]
    pub(super) fn step(&self, _: Step<'_>) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
pub(super) use watched::Probe;

#[cfg(test)]
mod watched {
    use super::{Path, Step, io};
    use std::fmt;
    use std::sync::{Arc, Mutex};

    type Watch = dyn FnMut(Step<'_>) -> io::Result<()> + Send;

    /// Asks a test about each operation.
    #[derive(Clone, Default)]
    pub(in super::super) struct Probe(Arc<Mutex<Option<Box<Watch>>>>);

    impl Probe {
        pub(in super::super) fn step(&self, step: Step<'_>) -> io::Result<()> {
            match self.0.lock().unwrap().as_mut() {
                Some(watch) => watch(step),
                None => Ok(()),
            }
        }

        pub(in super::super) fn watch(
            &self,
            watch: impl FnMut(Step<'_>) -> io::Result<()> + Send + 'static,
        ) {
            *self.0.lock().unwrap() = Some(Box::new(watch));
        }

        pub(in super::super) fn stop(&self) {
            *self.0.lock().unwrap() = None;
        }
    }

    impl fmt::Debug for Probe {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Probe")
        }
    }

    impl Step<'_> {
        /// Whether the operation needs room on the disk.
        pub(in super::super) fn takes_space(&self) -> bool {
            // Writing over what is there does not.
            matches!(
                self,
                Self::Create(_) | Self::Write(_, 0, _) | Self::MakeDir(_)
            )
        }

        pub(in super::super) fn path(&self) -> Option<&Path> {
            match self {
                Self::Read(path)
                | Self::Create(path)
                | Self::Write(path, ..)
                | Self::SyncFile(path)
                | Self::Rename(path, _)
                | Self::Remove(path)
                | Self::MakeDir(path)
                | Self::RemoveDir(path)
                | Self::SyncDir(path)
                | Self::Lock(path) => Some(path),
                Self::Clock => None,
            }
        }
    }
}
