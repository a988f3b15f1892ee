//! The pid file: written by one daemon, removed by the same one only.
//!
//! Absent: taking it for a lock. Two daemons are told apart by their sockets.

use crate::guarded;
use nix::fcntl::OFlag;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why the file was not written.
#[derive(Debug, thiserror::Error)]
#[error("could not write pidfile {}", path.display())]
pub struct PidFileError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// A pid file of this process. Dropping it leaves the file.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    pid: u32,
}

impl PidFile {
    /// Writes the decimal pid of this process and a line feed, over what was there.
    ///
    /// # Errors
    /// [`PidFileError`], whose text is Supervisor's; its source says why.
    pub fn write(path: &Path) -> Result<Self, PidFileError> {
        let pid = std::process::id();
        let write = || -> io::Result<()> {
            let mut file = guarded::open(path, OFlag::O_WRONLY | OFlag::O_CREAT, 0o666)?;
            if file.metadata()?.is_file() {
                file.set_len(0)?;
            }
            writeln!(file, "{pid}")
        };
        write().map_err(|source| PidFileError { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), pid })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file, if this process is the one that wrote it and the file still says so. Tells
    /// whether it did.
    ///
    /// # Errors
    /// What `unlink(2)` says.
    pub fn remove(self) -> io::Result<bool> {
        let is_ours = std::process::id() == self.pid
            && fs::read_to_string(&self.path).is_ok_and(|text| text.trim() == self.pid.to_string());
        if is_ours {
            fs::remove_file(&self.path)?;
        }
        Ok(is_ours)
    }
}
