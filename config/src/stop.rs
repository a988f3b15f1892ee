//! `stopsequence`, `stop_command`: how a process is told to end; `clean_signals`: by which signals it may.

use crate::hook::command;
use crate::keys::Keys;
use crate::value;
use treeherd_domain::signal::Signal;
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

/// Reads `clean_signals`. Errors are noted.
pub(crate) fn clean_signals(keys: &Keys<'_>) -> Vec<Signal> {
    let text = keys.text("clean_signals").unwrap_or_default();
    let mut signals = Vec::new();
    for word in value::list(&text).filter(|word| !word.is_empty()) {
        let help = "write signals that programs end by on purpose, such as TERM, INT, HUP, PIPE";
        let message = match value::signal(word) {
            Ok(Signal::KILL) => "no end by KILL is clean: it is what a lack of memory ends by".to_owned(),
            Ok(signal) if signal.number() == 0 => "signal 0 ends nothing".to_owned(),
            Ok(signal) if signals.contains(&signal) => continue,
            Ok(signal) => {
                signals.push(signal);
                continue;
            }
            Err(error) => error.to_string(),
        };
        keys.fail_item("clean_signals", word, message, help);
    }
    signals
}
