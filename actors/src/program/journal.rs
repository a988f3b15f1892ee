//! What is kept and told of a transition: the record, the event, the entry in the history with its cause.

use super::Program;
use crate::clock;
use crate::estate::Signs;
use std::sync::Arc;
use std::time::Instant;
use treeherd_domain::cause::{Cause, Change, End, Entry, Signalled, Tail, Verdict};
use treeherd_domain::depend::UNHINDERED;
use treeherd_domain::event::EventKind;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{Edge, Effect, State};
use treeherd_domain::signal::Signal;
use treeherd_os::process::Process;

impl Program {
    /// What the record keeps of a transition.
    pub(super) fn note(&self, edge: &Edge, ended: Option<ExitStatus>) {
        let mut record = self.estate.record();
        record.hooks.making = None;
        match (edge.from, edge.to) {
            (
                State::Starting { .. },
                State::Backoff { .. } | State::Waiting { .. } | State::Fatal { .. },
            ) if ended.is_some() => {
                record.spawnerr = Some("Exited too quickly (process log may have details)".into());
                record.exit = None;
            }
            (State::Stopping { .. }, State::Backoff { .. }) if record.ailment.is_some() => {
                record.spawnerr = record.ailment.clone();
                record.exit = None;
            }
            (State::Stopping { .. }, State::Exited { status, .. }) if record.ailment.is_some() => {
                record.spawnerr = record.ailment.clone();
                record.exit = Some(status);
            }
            (_, State::Exited { status, expected, .. }) => {
                if !expected {
                    record.spawnerr = Some(format!("Bad exit code {}", status.code()).into());
                }
                record.exit = Some(status);
            }
            (State::Stopping { .. }, State::Stopped { .. }) => record.exit = ended,
            _ => {}
        }
    }

    /// Tells of a change of state, and writes it into the history.
    pub(super) fn announce(&self, edge: &Edge, ended: Option<ExitStatus>, cause: Cause) {
        let (pid, incarnation) = {
            let record = self.estate.record();
            // a spawn comes after the announcement of STARTING, which is about it
            let next = u64::from(edge.effect == Some(Effect::Spawn));
            let gone = if ended.is_some() { self.buried_pid } else { 0 };
            (record.process.as_ref().map_or(gone, Process::pid), record.incarnation + next)
        };
        let exit = match edge.to {
            State::Exited { status, expected, .. } => Some((status, expected)),
            _ => None,
        };
        let cause = Arc::new(cause);
        let (from, to, attempt) = (edge.from.name(), edge.to.name(), edge.to.attempt());
        let seq = self.shared.announce(EventKind::ProcessState {
            namespec: self.estate.namespec.clone(),
            from,
            to,
            pid,
            tries: attempt,
            exit,
            incarnation,
            cause: Arc::clone(&cause),
        });
        let (at, at_ms) = (clock::now(), clock::wall_ms());
        let tail = ended.and_then(|_| self.estate.last_output(pid)).map(Arc::new);
        let change = Change::State { from, to };
        let entry = Entry { seq, at, at_ms, change, cause, pid, incarnation, attempt, tail };
        let is_over = {
            let mut record = self.estate.record();
            record.seq = seq;
            record.history.push(entry);
            record.process.is_none() && edge.to.is_settled_down()
        };
        if is_over {
            self.streams.release();
            self.release_socket();
        }
    }

    /// Tells of what is no change of Supervisor's states: a wait for what is required that begins or ends, and what
    /// is tried in the background. A wait for nothing is no news.
    pub(super) fn announce_unseen(&self, edge: &Edge, ended: Option<ExitStatus>, cause: Cause) {
        let (waited, waits) = (is_waiting(edge.from), is_waiting(edge.to));
        let (was_down, is_down) = (is_fatal(edge.from), is_fatal(edge.to));
        if cause.kind() == UNHINDERED {
            return;
        }
        if was_down != is_down {
            let tail = ended.and_then(|_| self.estate.last_output(self.buried_pid)).map(Arc::new);
            self.became(if is_down { "failed again" } else { "tried again" }, is_down, cause, tail);
        } else if waited != waits {
            let tail = ended.and_then(|_| self.estate.last_output(self.buried_pid)).map(Arc::new);
            self.became(if waits { "waiting" } else { "free to start" }, waits, cause, tail);
        }
    }

    /// Tells of something that became different beside the state, and writes it into the history. `is_bad`: others
    /// may suffer from it.
    pub(super) fn became(&self, what: &'static str, is_bad: bool, cause: Cause, tail: Option<Arc<Tail>>) {
        let (pid, incarnation, _) = self.whose(&cause);
        let (namespec, cause) = (self.estate.namespec.clone(), Arc::new(cause));
        let told = Arc::clone(&cause);
        let kind = EventKind::ProcessBecame { namespec, what, pid, incarnation, cause: told };
        let seq = self.shared.announce(kind);
        self.record_change(seq, what, is_bad, cause, tail);
    }

    /// Writes something into the history that was told already, by the event of this number.
    pub(super) fn record_change(
        &self,
        seq: u64,
        what: &'static str,
        is_bad: bool,
        cause: Arc<Cause>,
        tail: Option<Arc<Tail>>,
    ) {
        let (pid, incarnation, attempt) = self.whose(&cause);
        let (at, at_ms) = (clock::now(), clock::wall_ms());
        let change = Change::Became { what, is_bad };
        let entry = Entry { seq, at, at_ms, change, cause, pid, incarnation, attempt, tail };
        let mut record = self.estate.record();
        record.seq = seq;
        record.history.push(entry);
    }

    /// The pid, the spawn and the attempt that something is about; where an end brought it, those of what ended.
    fn whose(&self, cause: &Cause) -> (i32, u64, u32) {
        let record = self.estate.record();
        let pid = match cause {
            Cause::Ended(_) => self.buried_pid,
            _ => record.process.as_ref().map_or(0, Process::pid),
        };
        (pid, record.incarnation, record.machine.state().attempt())
    }

    /// Notes a SIGKILL that the machine asked for.
    pub(super) fn note_kill(&self) {
        self.estate.record().signs.killed.get_or_insert_with(clock::now);
    }

    /// Notes a signal that somebody asked for, or that a rule of the configuration sent.
    pub(super) fn note_signal(&self, signal: Signal, cause: Cause) {
        let why = Arc::new(cause);
        self.estate.record().signs.signalled = Some(Signalled { signal, why, at: clock::now() });
    }

    /// What is known of the end of the process.
    pub(super) fn cause_of(&self, status: ExitStatus) -> Cause {
        let (now, policy) = (clock::now(), &self.estate.policy);
        let record = self.estate.record();
        let Signs { born, killed, signalled } = record.signs.clone();
        let verdict = Verdict::of(record.machine.state(), status, policy);
        drop(record);
        let since = |then: Instant| now.saturating_duration_since(then);
        Cause::Ended(Arc::new(End {
            status,
            verdict,
            lived: born.map(since),
            killed: killed.map(since),
            signalled,
        }))
    }
}

const fn is_waiting(state: State) -> bool {
    matches!(state, State::Waiting { .. })
}

const fn is_fatal(state: State) -> bool {
    matches!(state, State::Fatal { .. })
}
