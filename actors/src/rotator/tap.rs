//! Followers of a log: each gets every byte after the moment it joined, or is told how many it missed.
//!
//! A follower has a bounded channel. One that is slow never holds up the stream: what does not fit is
//! counted, and the count goes out as a [`Chunk::Gap`] as soon as there is room.

use std::sync::Arc;
use tokio::sync::mpsc;

/// Chunks that wait for one follower.
const WAITING: usize = 64;

/// A piece of a followed log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Chunk {
    /// Bytes, and their place in all that was written since the daemon started.
    Bytes {
        /// Offset of the first byte.
        offset: u64,
        /// The bytes.
        data: Arc<[u8]>,
    },
    /// This many bytes were not delivered.
    Gap {
        /// How many.
        dropped: u64,
    },
}

#[derive(Debug)]
struct Follower {
    sender: mpsc::Sender<Chunk>,
    dropped: u64,
}

/// The live end of a log.
#[derive(Debug, Default)]
pub struct Tap {
    /// All bytes that went through.
    offset: u64,
    /// The size of the file after the last of them.
    size: u64,
    followers: Vec<Follower>,
}

/// What a new follower starts from.
#[derive(Debug)]
pub struct Joined {
    /// Where the live bytes begin.
    pub offset: u64,
    /// The size of the file at that moment: what stands before it is not delivered again.
    pub size: u64,
    /// The live bytes.
    pub chunks: mpsc::Receiver<Chunk>,
}

impl Tap {
    /// Adds a follower.
    pub fn join(&mut self) -> Joined {
        let (sender, chunks) = mpsc::channel(WAITING);
        self.followers.push(Follower { sender, dropped: 0 });
        Joined { offset: self.offset, size: self.size, chunks }
    }

    /// Hands out bytes that are in the file now; `size` is the file's size after them.
    pub fn pass(&mut self, bytes: &[u8], size: u64) {
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        self.size = size;
        if self.followers.is_empty() {
            return;
        }
        let data: Arc<[u8]> = Arc::from(bytes);
        self.followers.retain_mut(|follower| follower.pass(offset, &data));
    }

    /// Notes the file's size where no bytes passed (it was opened, cleared or rolled over).
    pub const fn resized(&mut self, size: u64) {
        self.size = size;
    }
}

impl Follower {
    /// Whether it still listens.
    fn pass(&mut self, offset: u64, data: &Arc<[u8]>) -> bool {
        if self.dropped > 0 {
            match self.sender.try_send(Chunk::Gap { dropped: self.dropped }) {
                Ok(()) => self.dropped = 0,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    self.dropped += data.len() as u64;
                    return true;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return false,
            }
        }
        match self.sender.try_send(Chunk::Bytes { offset, data: Arc::clone(data) }) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.dropped += data.len() as u64;
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_follower_is_told_what_it_missed() {
        let mut tap = Tap::default();
        let mut joined = tap.join();
        for _ in 0..WAITING + 3 {
            tap.pass(b"12", 0);
        }
        for _ in 0..WAITING {
            assert!(matches!(joined.chunks.try_recv(), Ok(Chunk::Bytes { .. })));
        }
        tap.pass(b"34", 0);
        assert_eq!(joined.chunks.try_recv(), Ok(Chunk::Gap { dropped: 6 }));
        let last = Chunk::Bytes { offset: 2 * (WAITING as u64 + 3), data: Arc::from(&b"34"[..]) };
        assert_eq!(joined.chunks.try_recv(), Ok(last));
    }

    #[test]
    fn a_follower_that_left_is_forgotten() {
        let mut tap = Tap::default();
        drop(tap.join());
        tap.pass(b"1", 1);
        assert!(tap.followers.is_empty());
        assert_eq!((tap.join().offset, tap.join().size), (1, 1));
    }
}
