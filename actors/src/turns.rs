//! Turns: processes are spawned in the order in which their starts were decided, though their files are opened
//! elsewhere, and one after the other, so that where resources run out the first ones have theirs.
//!
//! ```text
//! decided:   a ─ take        b ─ take        c ─ take
//!            │               : come          : come
//!            open, spawn     :               :
//!            drop ─────────► open, spawn     :
//!                            drop ─────────► open, spawn
//! ```
//!
//! A turn is over when it is dropped, so one whose holder ends by a bug holds up nobody. Deliberately absent: a
//! queue that somebody serves. Each turn knows the one before it, and no other.

use std::sync::Mutex;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::estate::lock;

/// Where turns are taken.
#[derive(Debug, Default)]
pub struct Turns(Mutex<Option<oneshot::Receiver<()>>>);

/// A place in the order; over when dropped.
#[derive(Debug)]
pub struct Turn {
    before: Option<oneshot::Receiver<()>>,
    /// Whoever comes next waits for the end of this.
    _over: oneshot::Sender<()>,
}

impl Turns {
    /// The place behind all that were taken before.
    pub fn take(&self) -> Turn {
        let (over, next) = oneshot::channel();
        Turn { before: lock(&self.0).replace(next), _over: over }
    }
}

impl Turn {
    /// Whether all before are over.
    pub fn has_come(&mut self) -> bool {
        self.before.as_mut().is_none_or(|before| !matches!(before.try_recv(), Err(TryRecvError::Empty)))
    }

    /// Waits until all before are over.
    pub async fn come(&mut self) {
        if let Some(before) = self.before.take() {
            // nothing is ever sent: what ends the wait is the end of the turn before
            let _ = before.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_comes_when_all_before_it_are_over_however_they_end() {
        let turns = Turns::default();
        let (first, mut second, mut third) = (turns.take(), turns.take(), turns.take());
        assert!(!second.has_come() && !third.has_come());
        drop(first);
        assert!(second.has_come() && !third.has_come());
        drop(second);
        assert!(third.has_come());
        drop(third);
        assert!(turns.take().has_come());
    }
}
