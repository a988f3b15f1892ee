//! A TCP listener on a host and port.

use super::{BACKLOG, BindError, stream};
use crate::fd::set_nonblocking;
use nix::sys::socket::{AddressFamily, Backlog, SockaddrStorage, bind, listen};
use nix::sys::socket::{setsockopt, sockopt};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::AsRawFd;

/// After how many seconds of silence a client is asked whether it is still there.
#[cfg(target_os = "linux")]
const KEEP_IDLE: u32 = 300;

/// Listens on a port: of every IPv4 interface if `host` is empty or `*`, of one address if it is a
/// literal (IPv6 with or without brackets), else of the first (by preference IPv4) address that the
/// name has. The listener is non-blocking and close-on-exec. A name may block on DNS.
///
/// # Errors
/// [`BindError`].
pub fn bind_inet(host: &str, port: u16) -> Result<TcpListener, BindError> {
    let address = resolve(host, port)?;
    listen_on(address).map_err(|source| match source.raw_os_error() {
        Some(libc::EADDRINUSE) => BindError::InUse { place: address.to_string() },
        _ => BindError::Failed { place: address.to_string(), source },
    })
}

fn resolve(host: &str, port: u16) -> Result<SocketAddr, BindError> {
    if host.is_empty() || host == "*" {
        return Ok((Ipv4Addr::UNSPECIFIED, port).into());
    }
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(literal) = bare.parse::<IpAddr>() {
        return Ok((literal, port).into());
    }
    let unknown = |source| BindError::UnknownHost { host: host.to_owned(), source };
    let found: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(unknown)?.collect();
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| unknown(io::ErrorKind::NotFound.into()))
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let fd = stream(family)?;
    set_nonblocking(&fd, true)?;
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    // what is accepted inherits it: a client that vanished without a word is noticed while nothing is sent
    setsockopt(&fd, sockopt::KeepAlive, &true)?;
    #[cfg(target_os = "linux")]
    setsockopt(&fd, sockopt::TcpKeepIdle, &KEEP_IDLE)?;
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    listen(&fd, Backlog::new(BACKLOG)?)?;
    Ok(fd.into())
}
