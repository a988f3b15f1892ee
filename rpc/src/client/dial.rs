//! Opening the byte stream to a daemon: a unix socket or a TCP connection, with a deadline.

use super::Endpoint;
use super::error::ConnectError;
use super::target::Target;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// An open byte stream of either kind.
#[derive(Debug)]
pub(super) enum Io {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// Opens a stream.
pub(super) async fn dial(endpoint: &Endpoint) -> Result<Io, ConnectError> {
    let after = endpoint.connect_timeout;
    match tokio::time::timeout(after, open(&endpoint.target)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(ConnectError::Timeout { target: endpoint.target.clone(), after }),
    }
}

async fn open(target: &Target) -> Result<Io, ConnectError> {
    match target {
        Target::Unix(path) => {
            UnixStream::connect(path).await.map(Io::Unix).map_err(|e| ConnectError::of_unix(path, &e))
        }
        Target::Http { host, port } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await;
            let stream = stream.map_err(|e| ConnectError::of_io(target, &e))?;
            // Small requests and answers in turn: waiting to fill a segment would only add delay.
            stream.set_nodelay(true).map_err(|e| ConnectError::of_io(target, &e))?;
            Ok(Io::Tcp(stream))
        }
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
