//! A listening socket for programs: blocking, as they expect it, and close-on-exec on this side.
//!
//! ```text
//! tcp    resolve (IPv4) -> SO_REUSEADDR -> bind -> listen
//! unix   unlink what is there, if it is a socket -> bind -> owner -> mode -> listen
//!        of a [socket:x]: and if nobody listens there
//! ```
//!
//! That of a `[socket:x]` takes another backlog, owner and mode while it listens ([`SharedSocket`]).
//! Absent: accepting, which the programs do, and removing the file: it stays when the socket is closed, as in
//! Supervisor.

use super::file::BoundFile;
use super::stream;
use super::unix::is_in_use;
use crate::user::current_uid;
use nix::sys::socket::{
    AddressFamily, Backlog, SockaddrStorage, UnixAddr, bind, listen, setsockopt, sockopt,
};
use std::fs;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;
use treeherd_domain::socket::{SocketAddress, SocketSpec};

/// Why a socket for programs cannot be had. The words are Supervisor's.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// The system refuses.
    #[error("{}", words(.0))]
    Io(#[from] io::Error),
    /// The host has no address.
    #[error("[Errno -2] Name or service not known")]
    UnknownHost,
    /// Something that is no socket has the file's name; it is left alone.
    #[error("[Errno {}] Address already in use", libc::EADDRINUSE)]
    NotASocket,
    /// The file may not be given away.
    #[error("Could not change ownership of socket file: {}", words(.0))]
    Owner(io::Error),
    /// The file's mode cannot be set.
    #[error("Could not change permissions of socket file: {}", words(.0))]
    Mode(io::Error),
}

impl ShareError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::UnknownHost => "write an IPv4 address into socket=",
            Self::NotASocket => "move the file away that has the socket's name, or change socket=",
            Self::Owner(_) => "change socket_owner=, or start as root",
            Self::Mode(_) => "change socket_mode=, or the directory",
            Self::Io(error) => match error.raw_os_error() {
                Some(libc::EADDRINUSE) => "stop the program that listens there, or change socket=",
                Some(libc::EACCES | libc::EPERM) => {
                    "check the directory's owner and mode, or use a port above 1023"
                }
                Some(libc::ENOENT) => "create the directory",
                Some(libc::ENAMETOOLONG) => "shorten the path: about 100 bytes is the most for a socket",
                _ => "change socket=",
            },
        }
    }
}

/// An error as Python shows it.
fn words(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(errno) => format!("[Errno {errno}] {}", nix::errno::Errno::from_raw(errno).desc()),
        None => error.to_string(),
    }
}

/// Makes the socket. A host's name may block on DNS.
///
/// # Errors
/// [`ShareError`]; a file that was made is then removed again.
pub fn share(spec: &SocketSpec) -> Result<OwnedFd, ShareError> {
    let fd = match &spec.address {
        SocketAddress::Tcp { host, port } => tcp(host, *port)?,
        SocketAddress::Unix(path) => file(path, spec)?.0,
        SocketAddress::Abstract(name) => named(name)?,
    };
    listen(&fd, backlog(spec)?).map_err(io::Error::from)?;
    Ok(fd)
}

/// The socket of a `[socket:x]`.
#[derive(Debug)]
pub struct SharedSocket {
    fd: Arc<OwnedFd>,
    file: Option<BoundFile>,
}

impl SharedSocket {
    /// Makes it. A host's name may block on DNS.
    ///
    /// # Errors
    /// [`ShareError`]; `EADDRINUSE` also if somebody listens on the socket's file, which is then left alone.
    pub fn make(spec: &SocketSpec) -> Result<Self, ShareError> {
        let (fd, file) = match &spec.address {
            SocketAddress::Tcp { host, port } => (tcp(host, *port)?, None),
            SocketAddress::Abstract(name) => (named(name)?, None),
            SocketAddress::Unix(path) => {
                let is_socket = fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket());
                if is_socket && is_in_use(path)? {
                    return Err(io::Error::from_raw_os_error(libc::EADDRINUSE).into());
                }
                let (fd, file) = file(path, spec)?;
                (fd, Some(file))
            }
        };
        listen(&fd, backlog(spec)?).map_err(io::Error::from)?;
        Ok(Self { fd: Arc::new(fd), file })
    }

    /// The descriptor, to be lent to processes.
    #[must_use]
    pub const fn fd(&self) -> &Arc<OwnedFd> {
        &self.fd
    }

    /// Gives it the backlog, owner and mode of another specification of the same address, while it listens. An owner
    /// that is not named stays.
    ///
    /// # Errors
    /// [`ShareError`]: what was not permitted stays as it was.
    pub fn fit(&self, spec: &SocketSpec) -> Result<(), ShareError> {
        listen(&self.fd, backlog(spec)?).map_err(io::Error::from)?;
        self.file.as_ref().map_or(Ok(()), |file| dress(file, spec))
    }
}

fn backlog(spec: &SocketSpec) -> io::Result<Backlog> {
    match spec.backlog {
        // beyond what the system allows, it takes what it allows
        Some(backlog) => Ok(Backlog::new(i32::from(backlog)).unwrap_or(Backlog::MAXCONN)),
        None => Ok(Backlog::MAXCONN),
    }
}

fn tcp(host: &str, port: u16) -> Result<OwnedFd, ShareError> {
    let mut found = (host, port).to_socket_addrs().map_err(|_| ShareError::UnknownHost)?;
    let address = found.find(SocketAddr::is_ipv4).ok_or(ShareError::UnknownHost)?;
    let fd = stream(AddressFamily::Inet)?;
    setsockopt(&fd, sockopt::ReuseAddr, &true).map_err(io::Error::from)?;
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address)).map_err(io::Error::from)?;
    Ok(fd)
}

#[cfg(target_os = "linux")]
fn named(name: &str) -> io::Result<OwnedFd> {
    let fd = stream(AddressFamily::Unix)?;
    bind(fd.as_raw_fd(), &UnixAddr::new_abstract(name.as_bytes())?)?;
    Ok(fd)
}

#[cfg(not(target_os = "linux"))]
fn named(_name: &str) -> io::Result<OwnedFd> {
    Err(io::Error::from_raw_os_error(libc::ENOTSUP))
}

fn file(path: &Path, spec: &SocketSpec) -> Result<(OwnedFd, BoundFile), ShareError> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.file_type().is_socket() => fs::remove_file(path)?,
        Ok(_) => return Err(ShareError::NotASocket),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let fd = stream(AddressFamily::Unix)?;
    let address = UnixAddr::new(path).map_err(io::Error::from)?;
    bind(fd.as_raw_fd(), &address).map_err(io::Error::from)?;
    let held = BoundFile::hold(path).map_err(ShareError::from);
    let dressed = held.and_then(|file| dress(&file, spec).map(|()| file));
    if dressed.is_err() {
        // what stays behind is taken for stale by the next who binds
        let _ = fs::remove_file(path);
    }
    dressed.map(|file| (fd, file))
}

/// Gives the file its owner, then its mode.
fn dress(file: &BoundFile, spec: &SocketSpec) -> Result<(), ShareError> {
    let user = spec.user.filter(|user| user.uid != Some(current_uid()));
    if let Some(owner) = spec.owner.or(user) {
        file.give(owner).map_err(|error| ShareError::Owner(error.into()))?;
    }
    file.set_mode(spec.mode).map_err(ShareError::Mode)
}
