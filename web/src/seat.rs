//! The seats of an endpoint: which connection gives way when all are taken.
//!
//! ```text
//!   full, one more comes ──► of those that the server waits for (a head, an answer being read):
//!                            the one that it waits for longest is closed, its place is the new one's
//! ```
//!
//! Who is being answered, follows a log or has a WebSocket keeps its seat. Time is not asked: turns are
//! counted, one for each beginning of a wait. Absent: deadlines, which every connection has besides.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use tokio::sync::Notify;

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Seat {
    turns: Arc<AtomicU64>,
    /// The turn at which the server began to wait for the client.
    since: AtomicU64,
    /// Requests being answered.
    answering: AtomicUsize,
    /// Answers that go on as streams.
    streaming: AtomicUsize,
    /// Whether the request being answered has come in as a whole.
    whole: AtomicBool,
    /// Whether the client does not read.
    pub(crate) blocked: AtomicBool,
    /// Whether it cannot give way: it has been asked to, or is a connection of HTTP no more.
    over: AtomicBool,
    leave: Notify,
}

impl Seat {
    fn new(turns: &Arc<AtomicU64>) -> Arc<Self> {
        let seat = Self {
            turns: Arc::clone(turns),
            since: AtomicU64::new(0),
            answering: AtomicUsize::new(0),
            streaming: AtomicUsize::new(0),
            whole: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            over: AtomicBool::new(false),
            leave: Notify::new(),
        };
        seat.wait();
        Arc::new(seat)
    }

    fn wait(&self) {
        self.since.store(self.turns.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    /// A request is being answered for as long as this is held.
    pub(crate) fn answer(self: &Arc<Self>, is_whole: bool) -> Answering {
        self.whole.store(is_whole, Ordering::Relaxed);
        Answering::new(self, |seat| &seat.answering)
    }

    /// An answer goes on as a stream for as long as this is held. Who ends its side of one has left.
    pub(crate) fn stream(self: &Arc<Self>) -> Answering {
        Answering::new(self, |seat| &seat.streaming)
    }

    /// Whether the client has done its part and waits for an answer.
    pub(crate) fn is_owed(&self) -> bool {
        self.answering.load(Ordering::Relaxed) > 0 && self.whole.load(Ordering::Relaxed)
    }

    /// Whether a request is being answered, or the seat is that of a WebSocket.
    pub(crate) fn is_kept(&self) -> bool {
        let under_way = [&self.answering, &self.streaming].map(|count| count.load(Ordering::Relaxed));
        under_way != [0, 0] || self.over.load(Ordering::Relaxed)
    }

    /// The connection of HTTP has ended.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Waits until the seat is to be given up.
    pub(crate) async fn wanted(&self) {
        self.leave.notified().await;
    }
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Answering {
    seat: Arc<Seat>,
    count: fn(&Seat) -> &AtomicUsize,
}

impl Answering {
    fn new(seat: &Arc<Seat>, count: fn(&Seat) -> &AtomicUsize) -> Self {
        count(seat).fetch_add(1, Ordering::Relaxed);
        Self { seat: Arc::clone(seat), count }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        (self.count)(&self.seat).fetch_sub(1, Ordering::Relaxed);
        self.seat.wait();
    }
}

/// All seats that are taken.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    turns: Arc<AtomicU64>,
    taken: Vec<Weak<Seat>>,
}

impl Seats {
    /// A seat for a new connection.
    pub(crate) fn take(&mut self) -> Arc<Seat> {
        if self.taken.len() == self.taken.capacity() {
            self.taken.retain(|seat| seat.strong_count() > 0);
        }
        let seat = Seat::new(&self.turns);
        self.taken.push(Arc::downgrade(&seat));
        seat
    }

    /// Asks the one to leave that is waited for longest, first of those that read their answers; tells whether
    /// there is one.
    pub(crate) fn make_room(&mut self) -> bool {
        self.taken.retain(|seat| seat.strong_count() > 0);
        let idle = self.taken.iter().filter_map(Weak::upgrade).filter(|seat| !seat.is_kept());
        let since =
            |seat: &Arc<Seat>| (seat.blocked.load(Ordering::Relaxed), seat.since.load(Ordering::Relaxed));
        let Some(seat) = idle.min_by_key(since) else { return false };
        seat.end();
        seat.leave.notify_one();
        true
    }
}

/// A request's body that tells its seat when it is there.
#[derive(Debug)]
pub(crate) struct Watched<B> {
    pub(crate) body: B,
    pub(crate) seat: Arc<Seat>,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.seat.whole.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn is_wanted(seat: &Seat) -> bool {
        seat.wanted().now_or_never().is_some()
    }

    #[test]
    fn the_one_that_is_waited_for_longest_gives_way_first() {
        let mut seats = Seats::default();
        let [a, b, c] = [seats.take(), seats.take(), seats.take()];
        drop(a.answer(true));
        for (gives, others) in [(&b, [&a, &c]), (&c, [&a, &a])] {
            assert!(seats.make_room());
            assert!(is_wanted(gives) && !others.iter().any(|seat| is_wanted(seat)));
        }
        for under_way in [a.answer(true), a.stream()] {
            assert!(!seats.make_room(), "who is being answered stays");
            drop(under_way);
        }
        assert!(seats.make_room() && is_wanted(&a));
        assert!(!seats.make_room(), "nobody is asked twice");
    }

    #[test]
    fn who_does_not_read_gives_way_last() {
        let mut seats = Seats::default();
        let [slow, idle] = [seats.take(), seats.take()];
        slow.blocked.store(true, Ordering::Relaxed);
        assert!(seats.make_room() && is_wanted(&idle) && !is_wanted(&slow));
        assert!(seats.make_room() && is_wanted(&slow));
    }

    #[test]
    fn seats_that_are_free_again_are_forgotten() {
        let mut seats = Seats::default();
        for _ in 0..10_000 {
            drop(seats.take());
        }
        assert!(seats.taken.len() < 100);
    }
}
