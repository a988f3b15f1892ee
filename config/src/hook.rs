//! `pre_start` and its like, `reload_signal`, `reload_command`, `hook_timeout`: what is run beside a process for it.

use crate::keys::Keys;
use crate::value;
use std::time::Duration;
use treeherd_domain::duration;
use treeherd_domain::hook::{Hooks, ReloadSpec};
use treeherd_domain::signal::Signal;

/// The shortest `hook_timeout`: nothing ends in less.
const SHORTEST: Duration = Duration::from_millis(100);

/// Reads the keys of commands that are run beside a process. Errors are noted.
pub(crate) fn read(keys: &Keys<'_>) -> Hooks {
    Hooks {
        pre_start: command(keys, "pre_start"),
        post_start: command(keys, "post_start"),
        pre_stop: command(keys, "pre_stop"),
        post_stop: command(keys, "post_stop"),
        timeout: timeout(keys),
    }
}

/// Reads what makes a process read its configuration anew. Errors are noted.
pub(crate) fn reload(keys: &Keys<'_>) -> ReloadSpec {
    let signal = keys.value("reload_signal", value::signal).filter(|signal| is_sent(keys, *signal));
    let command = command(keys, "reload_command");
    if keys.raw("reload_signal").is_some() && keys.raw("reload_command").is_some() {
        let message = "reload_signal and reload_command are both given".to_owned();
        keys.fail("reload_command", message, "leave one of the two out: a command can send signals too");
    }
    ReloadSpec { signal, command }
}

/// Whether it can make anything read a configuration.
fn is_sent(keys: &Keys<'_>, signal: Signal) -> bool {
    let message = match signal {
        Signal::KILL => "KILL ends a process, and reloads none",
        signal if signal.number() == 0 => "signal 0 tells nothing to anybody",
        _ => return true,
    };
    keys.fail(
        "reload_signal",
        message.to_owned(),
        "write the signal that the program reads its files by: HUP",
    );
    false
}

/// A command that is not empty and can be split.
pub(crate) fn command(keys: &Keys<'_>, key: &str) -> Option<String> {
    let text = keys.text(key)?;
    let message = match treeherd_domain::command::split(&text) {
        Ok(words) if words.is_empty() => format!("{key} is empty"),
        Ok(_) => return Some(text.into_owned()),
        Err(error) => format!("{key} cannot be split: {error}"),
    };
    keys.fail(key, message, "write the command with its arguments, or leave the key out");
    None
}

fn timeout(keys: &Keys<'_>) -> Duration {
    let Some(text) = keys.text("hook_timeout") else { return Hooks::TIMEOUT };
    match duration::parse(&text) {
        Ok(span) if span >= SHORTEST => return span,
        Ok(_) => {
            let message = "hook_timeout is less than a tenth of a second".to_owned();
            keys.fail("hook_timeout", message, "write 100ms or more");
        }
        Err(error) if error.word().is_empty() => {
            keys.fail("hook_timeout", error.to_string(), error.help());
        }
        Err(error) => keys.fail_item("hook_timeout", error.word(), error.to_string(), error.help()),
    }
    Hooks::TIMEOUT
}
