//! The lines that a process's life leaves in the daemon's log: Supervisor's, word for word.

use crate::estate::Estate;
use slog::{Logger, debug, info, warn};
use std::time::Duration;
use treeherd_domain::duration::Shown;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{Edge, State};
use treeherd_domain::signal::Signal;

/// Says what a transition means. `ended` is the end that brought it, if one did.
pub(super) fn edge(log: &Logger, estate: &Estate, edge: &Edge, ended: Option<ExitStatus>) {
    let name = &estate.namespec.process;
    match (edge.from, edge.to) {
        (State::Starting { .. }, State::Running { .. }) => info!(
            log,
            "success: {name} entered RUNNING state, process has stayed up for > than {} seconds (startsecs)",
            estate.spec.startsecs
        ),
        (State::Backoff { .. }, State::Fatal { .. }) if edge.effect.is_none() && is_given_up(edge) => {
            info!(log, "gave up: {name} entered FATAL state, too many start retries too quickly");
        }
        (State::Exited { .. }, State::Fatal { .. }) => {
            info!(log, "gave up: {name} entered FATAL state, it failed too often");
        }
        (State::Fatal { .. }, State::Starting { attempt, .. }) if attempt.veiled => {
            debug!(log, "trying {name} again, which is in FATAL state (fatal_retry)");
        }
        (State::Starting { .. }, State::Fatal { .. }) => {
            if let Some(status) = ended {
                warn!(log, "exited: {name} ({status}; not expected)");
            }
            debug!(log, "{name} stays in FATAL state");
        }
        (State::Backoff { .. }, State::Stopped { .. }) => {
            debug!(log, "Attempted to kill {name}, which is in BACKOFF state.");
        }
        (State::Exited { .. }, State::Exited { .. }) if ended.is_none() => {
            debug!(log, "{name} is not started again");
        }
        (_, State::Exited { status, expected: true, .. }) => {
            info!(log, "exited: {name} ({status}; expected)");
        }
        (_, State::Exited { status, .. }) => warn!(log, "exited: {name} ({status}; not expected)"),
        (State::Starting { .. }, State::Backoff { .. } | State::Waiting { .. }) => {
            if let Some(status) = ended {
                warn!(log, "exited: {name} ({status}; not expected)");
            }
        }
        (State::Stopping { .. }, State::Stopped { .. }) => match ended {
            Some(status) if estate.policy.expects(status) => info!(log, "stopped: {name} ({status})"),
            Some(status) => warn!(log, "stopped: {name} ({status})"),
            None => info!(log, "stopped: {name} (it had not been spawned yet)"),
        },
        _ => {}
    }
}

/// Says what the passing of time has brought about, where nobody has asked for it.
pub(super) fn due(log: &Logger, estate: &Estate, edge: &Edge) {
    if let (State::Running { .. }, State::Stopping { .. }) = (edge.from, edge.to) {
        let limit = estate.spec.restart.max_runtime.map(Shown);
        let limit = limit.map_or_else(String::new, |limit| format!(" of {limit}"));
        info!(log, "{} is at the end of its max_runtime{limit}, restarting it", estate.namespec.process);
    }
}

/// Whether FATAL came by itself, and not because the daemon ends.
fn is_given_up(edge: &Edge) -> bool {
    matches!(edge.from, State::Backoff { next: treeherd_domain::lifecycle::Next::GiveUp(_), .. })
}

/// Says that the next signal of `stopsequence` goes out, as the one before did not end the process within its time.
pub(super) fn next_signal(log: &Logger, estate: &Estate, signal: Signal, waited: Duration) {
    let name = &estate.namespec.process;
    info!(log, "{name} has not ended within {}, sending {signal} (stopsequence)", Shown(waited));
}

/// Says that a signal goes out, to the process or to its group. `escalated`: SIGKILL after `stopwaitsecs` or `stopsequence`.
pub(super) fn signal(
    log: &Logger,
    estate: &Estate,
    pid: i32,
    signal: Signal,
    as_group: bool,
    escalated: bool,
) {
    let name = &estate.namespec.process;
    let group = if as_group { "process group " } else { "" };
    if escalated {
        warn!(log, "killing '{name}' ({pid}) with SIGKILL");
    }
    debug!(log, "killing {name} (pid {pid}) {group}with signal {signal}");
}
