//! Disks that are soon full.

use std::path::PathBuf;
use std::process::Command;

/// A small disk of its own, in memory. Only root may have one.
pub(crate) struct Disk {
    pub(crate) path: PathBuf,
}

impl Disk {
    pub(crate) fn new(mebibytes: u32) -> Option<Self> {
        let path = tempfile::tempdir().unwrap().keep();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o"])
            .arg(format!("size={mebibytes}m"))
            .arg("tmpfs")
            .arg(&path)
            .output();
        if mount.is_ok_and(|mount| mount.status.success()) {
            return Some(Self { path });
        }
        let required = std::env::var_os("SESSION_REQUIRE_SERVERS").is_some();
        assert!(!required, "a small disk can be mounted");
        println!("skipped: no small disk can be mounted here");
        None
    }

    /// Makes room on it.
    #[allow(dead_code)]
    pub(crate) fn grow(&self, mebibytes: u32) {
        let mount = Command::new("mount")
            .args(["-o", &format!("remount,size={mebibytes}m")])
            .arg(&self.path)
            .status();
        assert!(mount.is_ok_and(|mount| mount.success()), "a larger disk");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
        let _ = std::fs::remove_dir(&self.path);
    }
}
