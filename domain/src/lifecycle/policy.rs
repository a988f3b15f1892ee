//! What the configuration says about a lifecycle.

use super::state::Attempt;
use crate::exit::ExitStatus;
use crate::restart::{self, RestartPolicy};
use crate::seldom::Seldom;
use crate::signal::Signal;
use crate::spec::{Autorestart, ProcessSpec, ProcessType};
use crate::stop::StopSpec;
use std::time::{Duration, Instant};

/// The keys of `[program:x]` that decide transitions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// `startsecs`.
    pub startsecs: Duration,
    /// `startretries`.
    pub startretries: u32,
    /// `stopwaitsecs`.
    pub stopwaitsecs: Duration,
    /// `stopsequence`, `stop_command`.
    pub stop: Seldom<StopSpec>,
    /// How long `pre_stop` may run, if there is one.
    pub pre_stop: Option<Duration>,
    /// `autorestart`.
    pub autorestart: Autorestart,
    /// `exitcodes`.
    pub exitcodes: Vec<i32>,
    /// `clean_signals`.
    pub clean_signals: Vec<Signal>,
    /// Whether it waits before each spawn until what it `requires` is there.
    pub gated: bool,
    /// `type=oneshot`.
    pub oneshot: bool,
    /// `restart_delay` and what belongs to it.
    pub restart: Seldom<RestartPolicy>,
    /// What its jitter is made of.
    pub seed: u64,
}

impl Default for Policy {
    /// Supervisor's defaults.
    fn default() -> Self {
        Self {
            startsecs: Duration::from_secs(1),
            startretries: 3,
            stopwaitsecs: Duration::from_secs(10),
            stop: Seldom::default(),
            pre_stop: None,
            autorestart: Autorestart::Unexpected,
            exitcodes: vec![0],
            clean_signals: Vec::new(),
            gated: false,
            oneshot: false,
            restart: Seldom::default(),
            seed: 0,
        }
    }
}

impl Policy {
    /// The shortest pause between two SIGKILLs, whatever `stopwaitsecs` or `stopsequence` says.
    pub const KILL_PAUSE: Duration = Duration::from_secs(1);

    /// The shortest time from one start to the next that follows by itself. Supervisor's tick of a second
    /// is this brake for a program with `startsecs=0` that ends at once; with a longer `startsecs` such an
    /// end leads to BACKOFF.
    pub const RESTART_PAUSE: Duration = Duration::from_secs(1);

    /// The shortest wait between a failed attempt and the next with `restart_delay`.
    pub const RETRY_PAUSE: Duration = Duration::from_millis(100);

    /// How long the signal of this place has, counted from 0; `None`: SIGKILL is sent there.
    #[must_use]
    pub fn wait(&self, at: usize) -> Option<Duration> {
        match &self.stop.sequence {
            Some(sequence) => sequence.get(at).map(|step| step.wait),
            None => (at == 0).then_some(self.stopwaitsecs),
        }
    }

    /// How long `stop_command` has, if there is one: as long as the signal in whose place it is.
    #[must_use]
    pub fn command_wait(&self) -> Option<Duration> {
        self.stop.command.as_ref().map(|_| self.wait(0).unwrap_or(StopSpec::WAIT))
    }

    /// The time between two SIGKILLs: what the last signal before them has, and [`KILL_PAUSE`](Self::KILL_PAUSE) at least.
    #[must_use]
    pub fn kill_pause(&self) -> Duration {
        let last = (0..).map_while(|at| self.wait(at)).last();
        last.unwrap_or_default().max(Self::KILL_PAUSE)
    }

    /// How long a stop may take until the first SIGKILL is sent.
    #[must_use]
    pub fn stop_time(&self) -> Duration {
        let before = [self.pre_stop, self.command_wait()].into_iter().flatten();
        before.chain((0..).map_while(|at| self.wait(at))).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// When a process starts again that was RUNNING from `since` and has ended `now`; `attempt` counts that end.
    #[must_use]
    pub fn restart_at(&self, since: Instant, now: Instant, attempt: Attempt) -> Instant {
        let wait =
            self.restart.delay(attempt.ends).map_or(Duration::ZERO, |wait| self.spread(wait, attempt));
        (now + wait).max(since + Self::RESTART_PAUSE.saturating_sub(self.startsecs))
    }

    /// How long BACKOFF lasts: as many seconds as attempts have failed, 1, 2, 3, … (Supervisor's way), or as
    /// `restart_delay` says. `attempt` counts the last failure.
    #[must_use]
    pub fn backoff(&self, attempt: Attempt) -> Duration {
        match self.restart.delay(attempt.ends) {
            None => Duration::from_secs(attempt.tries.into()),
            Some(wait) => self.spread(wait, attempt).max(Self::RETRY_PAUSE),
        }
    }

    /// When a process that is FATAL `now` is tried again, if it is.
    #[must_use]
    pub fn retry_at(&self, now: Instant, attempt: Attempt) -> Option<Instant> {
        self.restart.fatal_retry.map(|wait| now + self.spread(wait, attempt))
    }

    /// When a process that is RUNNING from `now` on has run for long enough, if there is such a time.
    #[must_use]
    pub fn end_at(&self, now: Instant, attempt: Attempt) -> Option<Instant> {
        let shorter = |span| self.restart.jitter.part(span, self.seed, attempt.ends);
        self.restart.max_runtime.map(|span| now + span.saturating_sub(shorter(span)))
    }

    /// What went before the attempt that follows an end from RUNNING. Failed attempts are forgotten there; so are
    /// earlier ends if this one was expected or comes late enough.
    #[must_use]
    pub fn after_running(&self, attempt: Attempt, up: Duration, expected: bool) -> Attempt {
        let anew = expected || up >= self.restart.reset_after();
        let ends = if anew { 1 } else { attempt.ends.saturating_add(1) };
        Attempt { ends, ..Attempt::FIRST }
    }

    /// A wait with its jitter: never shorter than it is.
    fn spread(&self, wait: Duration, attempt: Attempt) -> Duration {
        wait + self.restart.jitter.part(wait, self.seed, attempt.ends)
    }

    /// Whether an end is the success of a oneshot.
    #[must_use]
    pub fn completes(&self, status: ExitStatus) -> bool {
        self.oneshot && self.expects(status)
    }

    /// Whether a oneshot has failed once too often.
    #[must_use]
    pub const fn is_out_of_tries(&self, attempt: Attempt) -> bool {
        self.oneshot && attempt.tries > self.startretries
    }

    /// Whether an end from RUNNING is followed by a new start.
    #[must_use]
    pub const fn restarts(&self, expected: bool) -> bool {
        match self.autorestart {
            Autorestart::Always => !(self.oneshot && expected),
            Autorestart::Unexpected => !expected,
            Autorestart::Never => false,
        }
    }

    /// Whether an end is one of `exitcodes`, or by one of `clean_signals`.
    #[must_use]
    pub fn expects(&self, status: ExitStatus) -> bool {
        status.is_expected(&self.exitcodes) || status.is_clean(&self.clean_signals)
    }
}

impl From<&ProcessSpec> for Policy {
    fn from(spec: &ProcessSpec) -> Self {
        let seconds = |value: i64| Duration::from_secs(u64::try_from(value).unwrap_or(0).min(FOREVER));
        Self {
            startsecs: seconds(spec.startsecs),
            startretries: u32::try_from(spec.startretries.max(0)).unwrap_or(u32::MAX),
            stopwaitsecs: seconds(spec.stopwaitsecs),
            stop: spec.stop.clone(),
            pre_stop: spec.hooks.pre_stop.as_ref().map(|_| spec.hooks.timeout),
            // one that its group starts again does not start by itself
            autorestart: if spec.child.supervised { Autorestart::Never } else { spec.autorestart },
            exitcodes: spec.exitcodes.clone(),
            clean_signals: spec.clean_signals.clone(),
            gated: spec.depend.is_gated(),
            oneshot: spec.kind == ProcessType::Oneshot,
            restart: if spec.child.supervised {
                RestartPolicy { fatal_retry: None, ..(*spec.restart).clone() }.into()
            } else {
                spec.restart.clone()
            },
            seed: restart::seed(spec.name.as_str(), 0),
        }
    }
}

/// A hundred years in seconds: longer waits are cut to it, so that no sum of instants overflows.
const FOREVER: u64 = 100 * 366 * 86_400;
