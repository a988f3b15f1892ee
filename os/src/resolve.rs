//! Which file a command's first word names, and whether it can be run.
//!
//! ```text
//! word with a slash ---------------> that path, against the daemon's working directory
//! word without --> each of PATH ---> the first entry that exists, whatever it is
//!                                        `--> directory? execute bit? permission?
//! ```
//!
//! Absent: splitting the command (domain), and running it: the child executes the same text after its
//! `chdir`, so a relative path may then mean another file, as in Supervisor.

use nix::unistd::{AccessFlags, access};
use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use treeherd_domain::quote::repr;

/// Where a word is looked up if neither the child nor the daemon has a `PATH`.
pub const DEFAULT_PATH: &str = "/bin:/usr/bin:/usr/local/bin";

/// Why a command cannot be run. The texts are Supervisor's.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ResolveError {
    /// There is no such file.
    #[error("can't find command {}", repr(.0))]
    NotFound(String),
    /// A directory has that name.
    #[error("command at {} is a directory", repr(.0))]
    Directory(String),
    /// The file has no execute bit at all.
    #[error("command at {} is not executable", repr(.0))]
    NotExecutable(String),
    /// The file has one, but not for the daemon's user.
    #[error("no permission to run command {}", repr(.0))]
    NoPermission(String),
}

/// Finds the file that `word` names. `path` is the `PATH` that the configuration gives the child; without
/// it the daemon's own is searched, then [`DEFAULT_PATH`].
///
/// # Errors
/// [`ResolveError`], worded as Supervisor words it.
pub fn resolve(word: &str, path: Option<&str>) -> Result<PathBuf, ResolveError> {
    let own = std::env::var("PATH").ok().filter(|own| !own.is_empty());
    let path = path.or(own.as_deref()).unwrap_or(DEFAULT_PATH);
    let found = if word.contains('/') { at(PathBuf::from(word)) } else { search(word, path) };
    let Some((file, metadata)) = found else { return Err(ResolveError::NotFound(word.to_owned())) };
    may_run(&file, &metadata).map(|()| file)
}

fn at(file: PathBuf) -> Option<(PathBuf, Metadata)> {
    fs::metadata(&file).ok().map(|metadata| (file, metadata))
}

fn search(word: &str, path: &str) -> Option<(PathBuf, Metadata)> {
    path.split(':').find_map(|directory| at(Path::new(directory).join(word)))
}

fn may_run(file: &Path, metadata: &Metadata) -> Result<(), ResolveError> {
    let shown = || file.to_string_lossy().into_owned();
    if metadata.is_dir() {
        Err(ResolveError::Directory(shown()))
    } else if metadata.permissions().mode() & 0o111 == 0 {
        Err(ResolveError::NotExecutable(shown()))
    } else if access(file, AccessFlags::X_OK).is_err() {
        Err(ResolveError::NoPermission(shown()))
    } else {
        Ok(())
    }
}
