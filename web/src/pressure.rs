//! Who does not read answers is not asked for more requests.
//!
//! ```text
//!   client ──requests──► poll_read   Pending while an answer does not get out
//!   client ◄──answers─── poll_write  Pending: the client does not read
//! ```
//!
//! Without it the requests of a client that only sends would be answered into memory without a bound.
//! A client that reads nothing for [`Patience::unread`] is given up, and one that has ended its side after a
//! whole request is taken for gone only after [`Patience::half_closed`]: until then it may wait for its answer.
//! Absent: any look at the bytes, and time limits of WebSockets and streams (they have theirs).

use crate::seat::Seat;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a client is borne with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Without reading anything of an answer.
    pub(crate) unread: Duration,
    /// After it has ended its side.
    pub(crate) half_closed: Duration,
}

/// A stream that is not read while it cannot be written.
#[derive(Debug)]
pub(crate) struct Pressure<S> {
    inner: S,
    is_full: bool,
    reader: Option<Waker>,
    seat: Arc<Seat>,
    patience: Patience,
    /// Until when a write that is under way has to get on.
    writing: Option<Pin<Box<Sleep>>>,
    /// Until when the end of the client's side is kept back.
    ending: Option<Pin<Box<Sleep>>>,
}

impl<S> Pressure<S> {
    pub(crate) const fn new(inner: S, seat: Arc<Seat>, patience: Patience) -> Self {
        Self { inner, is_full: false, reader: None, seat, patience, writing: None, ending: None }
    }

    /// Notes how a write went.
    fn noted(
        &mut self,
        went: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.is_full = went.is_pending();
        self.seat.blocked.store(self.is_full, Ordering::Relaxed);
        if !self.is_full {
            self.writing = None;
            self.reader.take().into_iter().for_each(Waker::wake);
            return went;
        }
        if self.seat.is_kept() {
            return went;
        }
        let unread = self.patience.unread;
        let writing = self.writing.get_or_insert_with(|| Box::pin(sleep(unread)));
        writing.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Whether the end of the client's side is not to be told yet: an answer is owed.
    fn keeps_back(&mut self, context: &mut Context<'_>) -> bool {
        if !self.seat.is_owed() {
            return false;
        }
        let half_closed = self.patience.half_closed;
        let ending = self.ending.get_or_insert_with(|| Box::pin(sleep(half_closed)));
        ending.as_mut().poll(context).is_pending()
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
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        let is_end = matches!(read, Poll::Ready(Ok(())))
            && buffer.filled().len() == before
            && buffer.remaining() > 0;
        if is_end && self.keeps_back(context) { Poll::Pending } else { read }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Pressure<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let went = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.noted(went, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let went = Pin::new(&mut self.inner).poll_write_vectored(context, pieces);
        self.noted(went, context)
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
    use crate::seat::Seats;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    const PATIENCE: Patience =
        Patience { unread: Duration::from_secs(30), half_closed: Duration::from_secs(10) };

    fn pressure(inner: DuplexStream) -> (Pressure<DuplexStream>, Arc<Seat>) {
        let seat = Seats::default().take();
        (Pressure::new(inner, Arc::clone(&seat), PATIENCE), seat)
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_given_up_unless_an_answer_is_still_being_made() {
        let (near, mut far) = tokio::io::duplex(4);
        let (mut stream, seat) = pressure(near);
        let answering = seat.answer(true);
        let slow = tokio::time::timeout(PATIENCE.unread * 2, stream.write_all(b"123456")).await;
        assert!(slow.is_err(), "a stream has no such limit");
        drop(answering);
        let error = stream.write_all(b"7").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        // who reads a little has all the time again
        let mut one = [0];
        for _ in 0..3 {
            far.read_exact(&mut one).await.unwrap();
            stream.write_all(b"x").await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_ended_its_side_gets_what_it_is_owed() {
        let (near, mut far) = tokio::io::duplex(4);
        let (mut stream, seat) = pressure(near);
        far.shutdown().await.unwrap();
        let mut none = [0];
        let answering = seat.answer(true);
        let patient = tokio::time::timeout(PATIENCE.half_closed / 2, stream.read(&mut none)).await;
        assert!(patient.is_err(), "it is not gone yet");
        drop(answering);
        assert_eq!(stream.read(&mut none).await.unwrap(), 0);
        let half = seat.answer(false);
        assert_eq!(stream.read(&mut none).await.unwrap(), 0, "the rest of a request will not come");
        drop(half);
        let _answering = seat.answer(true);
        assert_eq!(stream.read(&mut none).await.unwrap(), 0, "not for ever");
    }

    #[tokio::test]
    async fn a_stream_that_cannot_be_written_is_read_again_once_it_can() {
        let (near, mut far) = tokio::io::duplex(4);
        let (mut reads, mut writes) = tokio::io::split(pressure(near).0);
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
