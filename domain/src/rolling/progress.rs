//! What is seen of a process that was told to restart, and what that means for the restart.

use crate::lifecycle::State;
use crate::status::ProcessState;

/// What is seen of a process at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Its state.
    pub state: ProcessState,
    /// Which spawn it is at.
    pub incarnation: u64,
    /// Whether it can be used; of a oneshot, whether it has done what it is for.
    pub is_ready: bool,
}

impl Seen {
    /// What is seen of a process in this state. One that was stopped to be started again is on its way up, though its new
    /// process is not begun.
    #[must_use]
    pub const fn of(state: &State, incarnation: u64, is_ready: bool) -> Self {
        let state = match state {
            State::Stopped { start_at: Some(_) } => ProcessState::Starting,
            state => state.name(),
        };
        Self { state, incarnation, is_ready }
    }
}

/// What was heard of the command to restart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// Nothing yet.
    Nothing,
    /// It is carried out: the new process is RUNNING, or was; a oneshot is COMPLETED.
    Done,
    /// No answer will come: an actor on its way ended by a bug. It may have been carried out.
    Lost,
}

/// How far a restart has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// It may come to be ready.
    UnderWay,
    /// It is ready, and it is another process than before.
    Ready,
    /// It will not be ready by this restart.
    Fell,
    /// The command has been lost on its way: it is to be given again.
    Again,
}

/// How a process that was at its spawn `before` when it was told to restart is doing.
#[must_use]
pub const fn progress(before: u64, seen: Seen, heard: Heard) -> Progress {
    let is_another = seen.incarnation > before;
    if is_another && seen.is_ready {
        return Progress::Ready;
    }
    // a second spawn: the first one has ended meanwhile
    if seen.incarnation > before + 1 && !matches!(heard, Heard::Nothing) {
        return Progress::Fell;
    }
    match (heard, seen.state) {
        (Heard::Nothing, _) | (_, ProcessState::Starting) => Progress::UnderWay,
        // the stop of the old process, or an end of the new one that somebody asked for
        (Heard::Lost, ProcessState::Stopping) if !is_another => Progress::UnderWay,
        (Heard::Lost, _) if !is_another => Progress::Again,
        (Heard::Done | Heard::Lost, ProcessState::Running) => Progress::UnderWay,
        (
            Heard::Done | Heard::Lost,
            ProcessState::Stopped
            | ProcessState::Backoff
            | ProcessState::Stopping
            | ProcessState::Exited
            | ProcessState::Fatal
            | ProcessState::Unknown,
        ) => Progress::Fell,
    }
}
