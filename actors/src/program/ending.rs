//! What the steps of a stop do to the process.

use super::{Program, report};
use actix::Context;
use treeherd_domain::lifecycle::{State, StopStep};
use treeherd_domain::signal::Signal;

impl Program {
    /// Sends the signal of the step that a stop has come to.
    pub(super) fn tell_to_end(&mut self, state: State, context: &mut Context<Self>) {
        let State::Stopping { step: StopStep::Signal(at), .. } = state else { return };
        let spec = &self.estate.spec;
        let as_group = spec.stopasgroup;
        let step = spec.stop.sequence.as_ref().and_then(|sequence| sequence.get(at));
        if let (Some(step), Some(before)) =
            (step, at.checked_sub(1).and_then(|at| self.estate.policy.wait(at)))
        {
            report::next_signal(&self.shared.log, &self.estate, step.signal, before);
        }
        let signal = spec.signal_of(&state);
        self.signal(signal, as_group, false, context);
    }

    /// Sends SIGKILL.
    pub(super) fn kill(&mut self, context: &mut Context<Self>) {
        self.note_kill();
        let as_group = self.estate.spec.killasgroup;
        self.signal(Signal::KILL, as_group, true, context);
    }
}
