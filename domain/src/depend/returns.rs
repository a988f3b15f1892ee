//! Who is to be started again by restarts of several, and that a stop has called that off.
//!
//! ```text
//!   promise ─► due ── take: its turn has come ─► begun
//!               └──── call_off: a stop ────────► off ── take: it stays down
//! ```
//!
//! A stop of one that is down already has something to do as long as a start is due. Restarts go by numbers, since one
//! process may be on the way of several. Absent: who goes when ([`Way`](super::way::Way)).

/// What restarts of several have in mind with one process.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Returns(Vec<(u64, Turn)>);

/// How far one of them has come with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Turn {
    Due,
    Begun,
    Off,
}

impl Returns {
    /// The restart of this number will start it again.
    pub fn promise(&mut self, restart: u64) {
        self.0.push((restart, Turn::Due));
    }

    /// Somebody stops it: nobody starts it again.
    pub fn call_off(&mut self) {
        let due = self.0.iter_mut().filter(|(_, turn)| *turn == Turn::Due);
        due.for_each(|(_, turn)| *turn = Turn::Off);
    }

    /// Whether somebody is about to start it again.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.0.iter().any(|(_, turn)| *turn == Turn::Due)
    }

    /// Its turn in this restart has come: whether it is to be started.
    pub fn take(&mut self, restart: u64) -> bool {
        let Some((_, turn)) = self.0.iter_mut().find(|(number, _)| *number == restart) else { return true };
        if *turn == Turn::Due {
            *turn = Turn::Begun;
        }
        *turn == Turn::Begun
    }

    /// Whether both are in the same restart: each is started by that, or stays down, and by nobody's call.
    #[must_use]
    pub fn share(&self, other: &Self) -> bool {
        self.0.iter().any(|(mine, _)| other.0.iter().any(|(its, _)| its == mine))
    }

    /// This restart is over.
    pub fn end(&mut self, restart: u64) {
        self.0.retain(|(number, _)| *number != restart);
    }
}
