//! What the configuration says about a group under OTP's rules.

use super::Backoff;
use crate::spec::StopOrder;
use crate::strategy::{Intensity, Restart, Strategy};
use std::time::Duration;

/// The keys of `[group:x]`, `[template:x]` and `[supervisord]` that decide what a group does about its children.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupPolicy {
    /// `strategy`.
    pub strategy: Strategy,
    /// `intensity`; `None`: no limit.
    pub intensity: Option<usize>,
    /// `period`.
    pub period: Duration,
    /// `escalate`.
    pub escalate: Escalate,
    /// `auto_shutdown`.
    pub auto_shutdown: AutoShutdown,
    /// `restart`: how the group's own parent treats its end.
    pub restart: Restart,
    /// `significant`, in the eyes of the group's own parent.
    pub significant: bool,
    /// `start_failure`.
    pub start_failure: StartFailure,
    /// `stop_order`.
    pub stop_order: StopOrder,
    /// `backoff`.
    pub backoff: Backoff,
    /// `otp_strict`: giving up is a `shutdown` for the parent, which a transient group is not restarted for.
    pub otp_strict: bool,
    /// How the first start goes.
    pub start_up: StartUp,
    /// Whether ends of children are the group's business; if not, it only starts and stops them together.
    pub decides: bool,
}

impl Default for GroupPolicy {
    fn default() -> Self {
        Self {
            strategy: Strategy::OneForOne,
            intensity: None,
            period: Self::PERIOD,
            escalate: Escalate::Fatal,
            auto_shutdown: AutoShutdown::Never,
            restart: Restart::Permanent,
            significant: false,
            start_failure: StartFailure::Retry,
            stop_order: StopOrder::Sequential,
            backoff: Backoff::default(),
            otp_strict: false,
            start_up: StartUp::InTurn,
            decides: true,
        }
    }
}

impl GroupPolicy {
    /// `period` where none is set, as in OTP.
    pub const PERIOD: Duration = Duration::from_secs(5);

    /// Of a group that is started and stopped by a parent, and whose processes live by Supervisor's rules.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            decides: false,
            start_up: StartUp::Together,
            stop_order: StopOrder::Parallel,
            ..Self::default()
        }
    }

    /// The budget, if there is one.
    #[must_use]
    pub fn budget(&self) -> Option<Intensity> {
        self.intensity.map(|restarts| Intensity { restarts, period: self.period })
    }

    /// The shortest time in which one child that takes `failing` to fail each time uses the budget up, from its first
    /// failure on; `None`: there is no limit. If it is longer than the period, the child never uses it up.
    #[must_use]
    pub fn shortest_end(&self, failing: Duration) -> Option<Duration> {
        let restarts = u32::try_from(self.intensity?).unwrap_or(u32::MAX);
        let shortest = (1.0 - self.backoff.jitter).clamp(0.0, 1.0);
        // the longest delay comes soon, and is the same from then on
        let grows = restarts.min(1000);
        let delays = (0..grows).map(|attempt| self.backoff.base(attempt).mul_f64(shortest));
        let rest = self.backoff.base(grows).mul_f64(shortest).saturating_mul(restarts - grows);
        let delays = delays.fold(rest, Duration::saturating_add);
        Some(delays.saturating_add(failing.saturating_mul(restarts)))
    }
}

/// `escalate`: what becomes of a group that is over its budget. Its children are stopped in any case.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Escalate {
    /// It stays down until somebody starts it.
    #[default]
    Fatal,
    /// Its parent hears of it as of the end of a child.
    Parent,
    /// The daemon ends, with a code that is not 0.
    Exit,
}

impl Escalate {
    /// The word in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Parent => "parent",
            Self::Exit => "exit",
        }
    }
}

/// `auto_shutdown`: whether a group ends when significant children have ended by themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AutoShutdown {
    /// It does not.
    #[default]
    Never,
    /// When one of them has.
    AnySignificant,
    /// When the last of them has.
    AllSignificant,
}

impl AutoShutdown {
    /// The word in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::AnySignificant => "any_significant",
            Self::AllSignificant => "all_significant",
        }
    }
}

/// `start_failure`: what a failure at the first start of a group is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StartFailure {
    /// The same as one later on: the child is started again, within the budget.
    #[default]
    Retry,
    /// The group fails, as in OTP.
    Fail,
}

impl StartFailure {
    /// The word in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Fail => "fail",
        }
    }
}

/// How the children are started for the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartUp {
    /// One after the other, each awaited until it is up.
    InTurn,
    /// All at once.
    Together,
    /// Not at all: they are added one by one (templates).
    Never,
}
