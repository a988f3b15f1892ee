//! A socket to a syslog target.
//!
//! Absent: patience; deadlines and pauses are its owner's.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket, UnixDatagram, lookup_host};
use treeherd_domain::syslog::Transport;
use treeherd_os::errno::EMSGSIZE;

#[derive(Debug)]
pub(super) enum Link {
    Unix(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Link {
    pub(super) async fn open(to: &Transport) -> io::Result<Self> {
        match to {
            Transport::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(path)?;
                Ok(Self::Unix(socket))
            }
            Transport::Udp { host, port } => {
                let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
                for address in lookup_host((host.as_str(), *port)).await? {
                    match udp(address).await {
                        Ok(socket) => return Ok(Self::Udp(socket)),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
            Transport::Tcp { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                treeherd_os::socket::end_when_unanswered(&stream)?;
                Ok(Self::Tcp(stream))
            }
        }
    }

    pub(super) async fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match self {
            Self::Unix(socket) => socket.send(message).await.map(drop),
            Self::Udp(socket) => socket.send(message).await.map(drop),
            Self::Tcp(stream) => stream.write_all(message).await,
        }
    }

    /// Whether the other end has closed the connection: what were written now would be lost.
    pub(super) fn is_gone(&self) -> bool {
        let Self::Tcp(stream) = self else { return false };
        let mut unasked = [0; 256];
        loop {
            match stream.try_read(&mut unasked) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
    }
}

async fn udp(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(to).await?;
    Ok(socket)
}

/// Whether it is about this message alone.
pub(super) fn is_too_long(error: &io::Error) -> bool {
    error.raw_os_error() == Some(EMSGSIZE)
}
