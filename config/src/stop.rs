//! `stopsequence`, `stop_command`: how a process is told to end.

use crate::hook::command;
use crate::keys::Keys;
use treeherd_domain::stop::{StopSequence, StopSpec};

/// Reads the keys. Errors are noted.
pub(crate) fn read(keys: &Keys<'_>) -> StopSpec {
    StopSpec { sequence: sequence(keys), command: command(keys, "stop_command") }
}

fn sequence(keys: &Keys<'_>) -> Option<StopSequence> {
    let text = keys.text("stopsequence")?;
    let refused = |error: &treeherd_domain::stop::SequenceError| {
        let message = format!("[{}] stopsequence: {error}", keys.section.name);
        keys.refuse_item("stopsequence", error.word(), message, error.help());
    };
    StopSequence::parse(&text).inspect_err(refused).ok()
}
