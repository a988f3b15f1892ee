//! A unix listener on a file, made so that two daemons that start at once cannot take it from each
//! other.
//!
//! The probe of an occupied file is a connection and nothing else: it is taken, or refused, or the
//! queue is full, and none of these waits. Between looking and unlinking a lock on the directory keeps
//! other daemons of this kind out, and the file must still be the one that was looked at.

use super::file::BoundFile;
use super::{BACKLOG, BindError, stream};
use crate::fd::set_nonblocking;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::socket::{AddressFamily, Backlog, UnixAddr, bind, connect, listen};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
#[cfg(target_os = "linux")]
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;
use treeherd_domain::account::Owner;

/// How often a stale file is removed before giving up: it comes back only if someone keeps making it.
const TRIES: usize = 5;
/// How often, and after which pause each time, the directory's lock is tried for.
const LOCK_TRIES: usize = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// A listener, and what belongs to it.
#[derive(Debug)]
pub struct BoundUnix {
    /// The listener: non-blocking, close-on-exec.
    pub listener: UnixListener,
    /// What to print on standard error: `Unlinking stale socket <file>`.
    pub notice: Option<String>,
    /// The file, to be removed at the end.
    pub file: UnixEndpointFile,
}

/// What names a file on this machine: device and number.
type Inode = (u64, u64);

/// The file of a listener of ours. Dropping it leaves the file.
#[derive(Debug)]
pub struct UnixEndpointFile {
    path: PathBuf,
    inode: Inode,
    /// Keeps the inode's number from being given to another file.
    _pin: Option<File>,
}

impl UnixEndpointFile {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file if it is still ours, not that of a daemon that came after. Tells whether it
    /// did.
    ///
    /// # Errors
    /// What `unlink(2)` says.
    pub fn remove(self) -> io::Result<bool> {
        match fs::symlink_metadata(&self.path) {
            Ok(there) if inode(&there) == self.inode => fs::remove_file(&self.path).map(|()| true),
            _ => Ok(false),
        }
    }
}

/// Holds a file without opening it. Where that cannot be done, a number that is used again is a risk
/// that is taken.
#[cfg(target_os = "linux")]
fn pin(file: &Path) -> Option<File> {
    let flags = libc::O_PATH | libc::O_NOFOLLOW;
    fs::OpenOptions::new().read(true).custom_flags(flags).open(file).ok()
}

#[cfg(not(target_os = "linux"))]
fn pin(_file: &Path) -> Option<File> {
    None
}

fn inode(metadata: &Metadata) -> Inode {
    (metadata.dev(), metadata.ino())
}

/// Listens on a socket file with this mode and owner.
///
/// # Errors
/// [`BindError`]; nothing but our own temporary file has then been made or removed, and perhaps a stale
/// socket.
pub fn bind_unix(file: &Path, chmod: u32, owner: Option<Owner>) -> Result<BoundUnix, BindError> {
    let temporary = temporary_name(file)?;
    let _lock = lock(file);
    let mut notice = None;
    for _ in 0..TRIES {
        clear_the_way(file, &mut notice)?;
        let listener = Temporary::make(&temporary, file, chmod, owner)?;
        if let Some((fd, inode)) = listener.publish(file)? {
            let file = UnixEndpointFile { path: file.to_owned(), inode, _pin: pin(file) };
            return Ok(BoundUnix { listener: fd.into(), notice, file });
        }
    }
    Err(BindError::InUse { place: file.display().to_string() })
}

fn failed(file: &Path) -> impl FnOnce(io::Error) -> BindError {
    let place = file.display().to_string();
    move |source| BindError::Failed { place, source }
}

/// `<file>.<pid>`, or `.<pid>` beside it where the longer name would not fit an address.
fn temporary_name(file: &Path) -> Result<PathBuf, BindError> {
    let pid = std::process::id();
    let mut long = file.as_os_str().to_owned();
    long.push(format!(".{pid}"));
    let names = [PathBuf::from(long), file.with_file_name(format!(".{pid}"))];
    let fits = |path: &Path| UnixAddr::new(path).is_ok();
    match names.into_iter().find(|name| fits(name)) {
        Some(name) if fits(file) => Ok(name),
        _ => Err(BindError::PathTooLong { file: file.to_owned(), most: longest() }),
    }
}

/// The most bytes of a path in a socket address, its NUL not counted.
fn longest() -> usize {
    size_of::<libc::sockaddr_un>() - std::mem::offset_of!(libc::sockaddr_un, sun_path) - 1
}

/// Keeps other daemons out of the directory for as long as it lives; where that cannot be had in time,
/// goes on without.
fn lock(file: &Path) -> Option<Flock<File>> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut directory = File::open(parent.unwrap_or(Path::new("."))).ok()?;
    for _ in 0..LOCK_TRIES {
        match Flock::lock(directory, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Some(lock),
            Err((same, nix::Error::EWOULDBLOCK | nix::Error::EINTR)) => directory = same,
            Err(_) => return None,
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    None
}

/// Removes a stale socket; refuses what is in use or no socket.
fn clear_the_way(file: &Path, notice: &mut Option<String>) -> Result<(), BindError> {
    let there = match fs::symlink_metadata(file) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(file)(error)),
    };
    if !there.file_type().is_socket() {
        return Err(BindError::NotASocket { file: file.to_owned() });
    }
    if is_in_use(file).map_err(failed(file))? {
        return Err(BindError::InUse { place: file.display().to_string() });
    }
    let is_the_same = fs::symlink_metadata(file).is_ok_and(|now| inode(&now) == inode(&there));
    if is_the_same {
        notice.get_or_insert_with(|| format!("Unlinking stale socket {}", file.display()));
        fs::remove_file(file).map_err(failed(file))?;
    }
    Ok(())
}

/// Whether someone listens; never waits.
pub(super) fn is_in_use(file: &Path) -> io::Result<bool> {
    let probe = quick_stream()?;
    match connect(probe.as_raw_fd(), &UnixAddr::new(file)?) {
        // taken; or the queue is full; or a socket of another kind, which someone has
        Ok(()) | Err(nix::Error::EAGAIN | nix::Error::EINPROGRESS | nix::Error::EPROTOTYPE) => Ok(true),
        Err(nix::Error::ECONNREFUSED | nix::Error::ENOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn quick_stream() -> io::Result<OwnedFd> {
    let fd = stream(AddressFamily::Unix)?;
    set_nonblocking(&fd, true)?;
    Ok(fd)
}

/// A listening socket under a name that only this process uses; the name goes when this does.
struct Temporary<'a> {
    fd: OwnedFd,
    path: &'a Path,
    inode: Inode,
}

impl<'a> Temporary<'a> {
    fn make(path: &'a Path, file: &Path, chmod: u32, owner: Option<Owner>) -> Result<Self, BindError> {
        remove_leftover(path).map_err(failed(file))?;
        let fd = quick_stream().map_err(failed(file))?;
        let bound = UnixAddr::new(path).and_then(|address| bind(fd.as_raw_fd(), &address));
        bound.map_err(|error| failed(file)(error.into()))?;
        // from here on the name is removed on every way out
        let mut this = Self { fd, path, inode: (0, 0) };
        this.inode = inode(&fs::symlink_metadata(path).map_err(failed(file))?);
        let bound = BoundFile::hold(path).map_err(failed(file))?;
        bound.set_mode(chmod).map_err(failed(file))?;
        if let Some(owner) = owner {
            give(&bound, file, owner)?;
        }
        Backlog::new(BACKLOG)
            .and_then(|backlog| listen(&this.fd, backlog))
            .map_err(|error| failed(file)(error.into()))?;
        Ok(this)
    }

    /// Gives the socket its lasting name; `None` if someone else has taken that.
    fn publish(self, file: &Path) -> Result<Option<(OwnedFd, Inode)>, BindError> {
        let published = match fs::hard_link(self.path, file) {
            // a file system without hard links; the lock on the directory has to do
            Err(error)
                if matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOSYS | libc::EOPNOTSUPP))
                    && fs::symlink_metadata(file).is_err() =>
            {
                fs::rename(self.path, file)
            }
            linked => linked,
        };
        match published {
            Ok(()) => {
                let fd = self.fd.try_clone().map_err(failed(file))?;
                Ok(Some((fd, self.inode)))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(failed(file)(error)),
        }
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // a name that stays behind does no harm, and the next daemon of this pid removes it
        let _ = fs::remove_file(self.path);
    }
}

fn remove_leftover(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.file_type().is_socket() => fs::remove_file(path),
        // anything else makes the bind fail
        _ => Ok(()),
    }
}

fn give(bound: &BoundFile, file: &Path, owner: Owner) -> Result<(), BindError> {
    bound.give(owner).map_err(|error| match error {
        nix::Error::EPERM => {
            BindError::Chown { file: file.to_owned(), owner, user: crate::user::current_name() }
        }
        other => failed(file)(other.into()),
    })
}
