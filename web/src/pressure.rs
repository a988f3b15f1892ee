//! Who does not read answers is not asked for more requests.
//!
//! ```text
//!   client ──requests──► poll_read   Pending while an answer does not get out
//!   client ◄──answers─── poll_write  Pending: the client does not read
//! ```
//!
//! Without it the requests of a client that only sends would be answered into memory without a bound.
//! Absent: any look at the bytes, and a time limit (pings and subscriptions have theirs).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that is not read while it cannot be written.
#[derive(Debug)]
pub(crate) struct Pressure<S> {
    inner: S,
    is_full: bool,
    reader: Option<Waker>,
}

impl<S> Pressure<S> {
    pub(crate) const fn new(inner: S) -> Self {
        Self { inner, is_full: false, reader: None }
    }

    /// Notes how a write went.
    fn noted<T>(&mut self, went: Poll<T>) -> Poll<T> {
        self.is_full = went.is_pending();
        if !self.is_full
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
        went
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Pressure<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_full {
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Pressure<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let went = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.noted(went)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let went = Pin::new(&mut self.inner).poll_write_vectored(context, pieces);
        self.noted(went)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_stream_that_cannot_be_written_is_read_again_once_it_can() {
        let (near, mut far) = tokio::io::duplex(4);
        let (mut reads, mut writes) = tokio::io::split(Pressure::new(near));
        far.write_all(b"in").await.unwrap();
        let writing = tokio::spawn(async move { writes.write_all(b"123456").await });
        tokio::task::yield_now().await;
        let mut piece = [0; 2];
        let mut reading = Box::pin(reads.read_exact(&mut piece));
        assert!(futures_util::poll!(&mut reading).is_pending());
        let mut out = [0; 6];
        far.read_exact(&mut out).await.unwrap();
        writing.await.unwrap().unwrap();
        reading.await.unwrap();
        assert_eq!((&out, &piece), (b"123456", b"in"));
    }
}
