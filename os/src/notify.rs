//! The socket that a process speaks to by `sd_notify(3)`, and who spoke.
//!
//! ```text
//! NotifySocket::bind ─► @name of the kernel's choice ─► NOTIFY_SOCKET of one process
//! receive ─► bytes, and the sender's pid and uid as the kernel saw them; descriptors that came along are closed
//! ```
//!
//! An abstract datagram socket: it leaves no file, and goes with its last descriptor. Anybody on the machine may send
//! to it, so every message is to be judged by its sender ([`Sender::is_of`]). Closing what came along is what
//! `sd_notify_barrier(3)` waits for. Linux only. Absent: what the messages mean (`domain::health`).
#![allow(unsafe_code, reason = "recvmsg hands over descriptors that nobody owns yet")]

use crate::reactor::{Registered, register};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use tokio::io::Interest;

/// The longest message; what is longer is cut.
pub const LONGEST: usize = 4096;

/// Who sent a message, as the kernel says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sender {
    /// The process; 0 if it is in a foreign namespace.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
}

impl Sender {
    /// Whether it is this process, or of its process group. One that is gone already can only be the process itself.
    #[must_use]
    pub fn is_of(self, process: i32) -> bool {
        self.pid > 0
            && (self.pid == process
                || nix::unistd::getpgid(Some(nix::unistd::Pid::from_raw(self.pid)))
                    .is_ok_and(|group| group.as_raw() == process))
    }
}

/// The socket of one process, to be kept as long as the process lives.
#[derive(Clone, Debug)]
pub struct NotifySocket {
    fd: Arc<OwnedFd>,
    name: String,
}

impl NotifySocket {
    /// What `NOTIFY_SOCKET` is to say: `@` and a name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes a socket.
    ///
    /// # Errors
    /// What `socket(2)` and `bind(2)` say; `ENOTSUP` off Linux.
    #[cfg(target_os = "linux")]
    pub fn bind() -> io::Result<Self> {
        use nix::sys::socket::{
            AddressFamily, SockFlag, SockType, UnixAddr, bind, getsockname, setsockopt, socket, sockopt,
        };
        use std::os::fd::AsRawFd;
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let fd = socket(AddressFamily::Unix, SockType::Datagram, flags, None)?;
        setsockopt(&fd, sockopt::PassCred, &true)?;
        // without a name of ours the kernel finds one that nobody has
        bind(fd.as_raw_fd(), &UnixAddr::new_unnamed())?;
        let address: UnixAddr = getsockname(fd.as_raw_fd())?;
        let name = address.as_abstract().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let name = std::str::from_utf8(name).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok(Self { name: format!("@{name}"), fd: Arc::new(fd) })
    }

    /// Makes a socket.
    ///
    /// # Errors
    /// `ENOTSUP`, always.
    #[cfg(not(target_os = "linux"))]
    pub fn bind() -> io::Result<Self> {
        Err(io::Error::from_raw_os_error(libc::ENOTSUP))
    }

    /// Enters it in the reactor of the current runtime.
    ///
    /// # Errors
    /// What `epoll_ctl(2)` says.
    ///
    /// # Panics
    /// Outside a runtime with I/O enabled.
    pub fn listen(&self) -> io::Result<NotifyReader> {
        Ok(NotifyReader { registered: register(&self.fd, Interest::READABLE)? })
    }
}

/// A socket in this thread's reactor.
#[derive(Debug)]
pub struct NotifyReader {
    registered: Registered,
}

impl NotifyReader {
    /// Waits for the next message and reads it into `buffer`, as much of it as there is room for. Cancel-safe.
    ///
    /// # Errors
    /// What `recvmsg(2)` says.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, Option<Sender>)> {
        loop {
            let mut ready = self.registered.readable().await?;
            match ready.try_io(|registered| receive_now(registered.get_ref(), buffer)) {
                Ok(received) => return received,
                Err(_would_block) => {}
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn receive_now(fd: &OwnedFd, buffer: &mut [u8]) -> io::Result<(usize, Option<Sender>)> {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixAddr, recvmsg};
    use std::os::fd::{AsRawFd, FromRawFd};
    let mut space = nix::cmsg_space!(nix::sys::socket::UnixCredentials, [std::os::fd::RawFd; 16]);
    let mut parts = [io::IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<UnixAddr>(fd.as_raw_fd(), &mut parts, Some(&mut space), flags)?;
    let mut sender = None;
    for control in message.cmsgs()? {
        match control {
            ControlMessageOwned::ScmCredentials(of) => {
                sender = Some(Sender { pid: of.pid(), uid: of.uid() });
            }
            ControlMessageOwned::ScmRights(fds) => {
                for fd in fds {
                    // SAFETY: the kernel has just made this descriptor for us; nobody else knows of it.
                    drop(unsafe { OwnedFd::from_raw_fd(fd) });
                }
            }
            _ => {}
        }
    }
    Ok((message.bytes, sender))
}

#[cfg(not(target_os = "linux"))]
fn receive_now(_: &OwnedFd, _: &mut [u8]) -> io::Result<(usize, Option<Sender>)> {
    Err(io::Error::from_raw_os_error(libc::ENOTSUP))
}
