//! A small file that is to survive: read with care, replaced as a whole or not at all.
//!
//! ```text
//! replace: temporary file beside it ─► written, synced ─► renamed over it ─► directory synced
//! ```
//!
//! Whoever reads finds the old content or the new one, never a part. What has no room, or may not be written, leaves the
//! old one and nothing beside it. Absent: what is in it.

use nix::fcntl::OFlag;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// No such file is larger.
const LARGEST: u64 = 16 * 1024 * 1024;

/// What a file holds; `None` if there is none.
///
/// # Errors
/// What the system says; also if it is no regular file, is another user's than ours and root's, can be written by
/// others, or is too large or no text.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).bits())
        .open(path);
    let file = match file {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let meta = file.metadata()?;
    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::PermissionDenied, why.to_owned()));
    if !meta.is_file() {
        return refused("it is no regular file");
    }
    if ![0, nix::unistd::geteuid().as_raw()].contains(&meta.uid()) {
        return refused("it belongs to somebody else");
    }
    if meta.mode() & 0o022 != 0 {
        return refused("others can write to it");
    }
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST { refused("it is too large") } else { Ok(Some(text)) }
}

/// Replaces what a file holds. If its directory is missing, and only that, it is made.
///
/// # Errors
/// What the system says; then the file is as it was.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !directory.exists() {
        fs::create_dir(directory)?;
    }
    // before anything is changed: whoever cannot have it has changed nothing
    let directory = File::open(directory)?;
    let temporary = beside(path, &format!("{}.new", std::process::id()));
    let written = write(&temporary, text).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        drop(fs::remove_file(&temporary)); // what there is of it is of no use
        return Err(error);
    }
    // it holds the new text now; some file systems cannot say that it will also after a power cut
    drop(directory.sync_all());
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    // of a daemon that was killed while it wrote, and had our pid
    drop(fs::remove_file(path));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Puts a file aside that is of no use; tells where it is now.
///
/// # Errors
/// What `rename(2)` says.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = beside(path, "bad");
    fs::rename(path, &aside).map(|()| aside)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{ending}"));
    path.with_file_name(name)
}
