//! Which process the daemon ends by, and the exit code that comes to.
//!
//! | `exit_code_from` | ended by | exit code |
//! |---|---|---|
//! | no | nobody | 0 |
//! | no | an essential process | its code |
//! | no | a group that gave up (`escalate=exit`) | 70 |
//! | yes | whoever | the code of that process; if that is 0, the code of the essential one that failed, or 70 |
//!
//! A code is what a shell makes of an end: 128 and the number of the signal that ended it. What has failed is never 0.

use super::Arena;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::name::Namespec;

/// The end of an essential process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ending {
    /// Which.
    pub namespec: Namespec,
    /// How it ended last; `None` if it never was spawned.
    pub status: Option<ExitStatus>,
    /// Whether that was expected.
    pub expected: bool,
}

impl Ending {
    fn code(&self) -> u8 {
        match (self.status.map_or(1, ExitStatus::shell_code), self.expected) {
            (0, false) => 1,
            (code, _) => code,
        }
    }
}

impl Arena {
    /// The exit code of the daemon, once all is down.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let ending = self.ending();
        let ended = ending.as_ref().map_or(0, Ending::code);
        let ended = if ended == 0 { self.exit_status() } else { ended };
        let Some(from) = &self.config().daemon.exit_code_from else { return ended };
        let last = self.estate(from).and_then(|estate| estate.record().last_end);
        match last.map(ExitStatus::shell_code) {
            Some(code) if code != 0 => code,
            Some(_) | None => ended,
        }
    }
}
