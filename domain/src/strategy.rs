//! Erlang's supervision as pure functions: restart types, strategies, intensity (`supervisor.erl`).
//!
//! The tree's own supervision of actors uses them; so may groups of processes. They know nothing of
//! either. The words are OTP's, unaltered.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Which ends of a child are followed by a restart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restart {
    /// Every end.
    Permanent,
    /// An abnormal end.
    Transient,
    /// None; the child is forgotten.
    Temporary,
}

/// How a child ended, as far as the decision goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// By itself and orderly, or because it was told to.
    Normal,
    /// By a bug.
    Abnormal,
}

/// What a supervisor does about one child's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Start it again (and whom the strategy adds), if the intensity allows.
    Restart,
    /// Leave it down, remember it.
    StayDown,
    /// Leave it down, forget it.
    Forget,
}

impl Restart {
    /// The word in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::Transient => "transient",
            Self::Temporary => "temporary",
        }
    }

    /// OTP's `do_restart` table.
    #[must_use]
    pub const fn decide(self, ending: Ending) -> Decision {
        match (self, ending) {
            (Self::Permanent, Ending::Normal | Ending::Abnormal) | (Self::Transient, Ending::Abnormal) => {
                Decision::Restart
            }
            (Self::Transient, Ending::Normal) => Decision::StayDown,
            (Self::Temporary, Ending::Normal | Ending::Abnormal) => Decision::Forget,
        }
    }
}

/// Whom the restart of one child takes along.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// Nobody.
    OneForOne,
    /// All others.
    OneForAll,
    /// Those that were started after it.
    RestForOne,
}

impl Strategy {
    /// The word in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneForOne => "one_for_one",
            Self::OneForAll => "one_for_all",
            Self::RestForOne => "rest_for_one",
        }
    }

    /// The children that are stopped (in reverse order) and started again (in order) when the one at
    /// `failed` of `count` ended.
    #[must_use]
    pub const fn affected(self, failed: usize, count: usize) -> Range<usize> {
        match self {
            Self::OneForOne => failed..failed + 1,
            Self::OneForAll => 0..count,
            Self::RestForOne => failed..count,
        }
    }
}

/// At most `restarts` within `period`, over all children of one supervisor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Intensity {
    /// How many restarts are allowed.
    pub restarts: usize,
    /// In how long a time.
    pub period: Duration,
}

/// The restarts of a supervisor that still count.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Window {
    recent: VecDeque<Instant>,
}

impl Window {
    /// Counts a restart at `now` and says whether it is within the intensity. The edge of the period
    /// is inclusive, as in `add_restart`.
    pub fn allows(&mut self, now: Instant, intensity: Intensity) -> bool {
        while self.recent.front().is_some_and(|at| now.saturating_duration_since(*at) > intensity.period) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        let allowed = self.recent.len() <= intensity.restarts;
        // more than that many need not be remembered: the answer stays no until they grow old
        while self.recent.len() > intensity.restarts.saturating_add(1) {
            self.recent.pop_front();
        }
        allowed
    }

    /// How many restarts count at `now`, the edge of the period included.
    #[must_use]
    pub fn counting(&self, now: Instant, period: Duration) -> usize {
        self.recent.iter().filter(|at| now.saturating_duration_since(**at) <= period).count()
    }

    /// How many restarts are in the window.
    #[must_use]
    pub fn used(&self) -> usize {
        self.recent.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
    fn the_edge_of_the_period_is_inclusive() {
        let start = Instant::now();
        let intensity = Intensity { restarts: 1, period: Duration::from_secs(5) };
        let mut window = Window::default();
        assert!(window.allows(start, intensity));
        assert!(!window.clone().allows(start + Duration::from_secs(5), intensity));
        assert!(window.allows(start + Duration::from_millis(5001), intensity));
        assert!(!Window::default().allows(start, Intensity { restarts: 0, ..intensity }));
    }

    #[test]
    fn strategies_take_along_whom_otp_says() {
        assert_eq!(Strategy::OneForOne.affected(1, 4), 1..2);
        assert_eq!(Strategy::OneForAll.affected(1, 4), 0..4);
        assert_eq!(Strategy::RestForOne.affected(1, 4), 1..4);
    }

    #[test]
    fn restart_types_decide_as_otp_says() {
        use Decision::{Forget, Restart as Again, StayDown};
        let rows = [
            (Restart::Permanent, Again, Again),
            (Restart::Transient, StayDown, Again),
            (Restart::Temporary, Forget, Forget),
        ];
        for (restart, normal, abnormal) in rows {
            assert_eq!(restart.decide(Ending::Normal), normal, "{restart:?}");
            assert_eq!(restart.decide(Ending::Abnormal), abnormal, "{restart:?}");
        }
    }
}
