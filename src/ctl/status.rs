//! The exit status of a command, as it is gathered from the results of an action.
//!
//! Every failure that the action does not ignore overwrites the status; a success never resets it; so
//! the last failure wins.

use crate::ctl::fault;

/// Success.
pub const OK: u8 = 0;
/// A failure of no special kind.
pub const FAILURE: u8 = 1;
/// Arguments that make no sense.
pub const BAD_ARGUMENTS: u8 = 2;
/// The server has no `supervisor` namespace.
pub const NO_NAMESPACE: u8 = 3;
/// `status`: a shown process is STOPPED, EXITED, FATAL or UNKNOWN.
pub const STATUS_STOPPED: u8 = 3;
/// Nobody listens at the server's address.
pub const REFUSED: u8 = 4;
/// `status`: an unknown name, or no answer.
pub const STATUS_UNKNOWN: u8 = 4;
/// The server speaks another version.
pub const OTHER_VERSION: u8 = 5;
/// A process (or the daemon's socket) that is not there.
pub const NOT_RUNNING: u8 = 7;

/// The status that is being gathered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Status(u8);

impl Status {
    /// Overwrites it.
    pub fn set(&mut self, status: u8) {
        self.0 = status;
    }

    /// Takes in one result of an action: a fault number (or 80), and the one that the action ignores.
    pub fn fold(&mut self, code: i32, ignored: Option<i32>) {
        if code == fault::SUCCESS || Some(code) == ignored {
            return;
        }
        self.0 = match code {
            fault::SPAWN_ERROR | fault::ABNORMAL_TERMINATION | fault::NOT_RUNNING => NOT_RUNNING,
            _ => FAILURE,
        };
    }

    /// The number for `exit`.
    #[must_use]
    pub fn code(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(codes: &[i32], ignored: Option<i32>) -> u8 {
        let mut status = Status::default();
        codes.iter().for_each(|code| status.fold(*code, ignored));
        status.code()
    }

    #[test]
    fn the_last_failure_that_is_not_ignored_wins() {
        for (codes, ignored, expected) in [
            (&[][..], None, 0),
            (&[80, 80], None, 0),
            (&[10], None, 1),
            (&[50], None, 7),
            (&[40], None, 7),
            (&[70], None, 7),
            (&[70], Some(70), 0),
            (&[60], Some(60), 0),
            (&[60], None, 1),
            (&[50, 80], Some(60), 7),
            (&[50, 10, 60], Some(60), 1),
            (&[10, 50], Some(60), 7),
            (&[20, 21, 30], None, 1),
        ] {
            assert_eq!(folded(codes, ignored), expected, "{codes:?} ignoring {ignored:?}");
        }
    }
}
