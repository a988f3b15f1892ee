//! Supervisor's fault numbers, as a client meets them; and refusals in words, for actions that Supervisor does not have.

use treeherd_domain::fault::plain;
use treeherd_rpc::code::RemoteFault;

/// The server has no such method.
pub const UNKNOWN_METHOD: i32 = 1;
/// The daemon is shutting down or restarting.
pub const SHUTDOWN_STATE: i32 = 6;
/// No such process or group.
pub const BAD_NAME: i32 = 10;
/// Not a signal.
pub const BAD_SIGNAL: i32 = 11;
/// A command or log file that is missing.
pub const NO_FILE: i32 = 20;
/// A command that cannot be executed.
pub const NOT_EXECUTABLE: i32 = 21;
/// The system refused.
pub const FAILED: i32 = 30;
/// It ended while its start was waited for.
pub const ABNORMAL_TERMINATION: i32 = 40;
/// It could not be spawned, or ended too soon.
pub const SPAWN_ERROR: i32 = 50;
/// It runs already.
pub const ALREADY_STARTED: i32 = 60;
/// It does not run.
pub const NOT_RUNNING: i32 = 70;
/// No fault: the `status` of a result that is good.
pub const SUCCESS: i32 = 80;
/// The group is active already.
pub const ALREADY_ADDED: i32 = 90;
/// The group has processes that are not stopped.
pub const STILL_RUNNING: i32 = 91;
/// The configuration is invalid.
pub const CANT_REREAD: i32 = 92;

/// Why the daemon refuses, for people: what happened, and what to do where the message does not say it. Supervisor's own
/// actions have its words.
#[must_use]
pub fn words(refusal: &RemoteFault) -> String {
    let message = plain(&refusal.message);
    match &*refusal.kind {
        "ShuttingDown" => {
            "the daemon is shutting down or starting anew; say it again once it is back".to_owned()
        }
        "StillRunning" => format!("{message} still has processes that run; stop them, and say it again"),
        "ProcessNotFound" => format!("there is no process {message}; `supervisorctl status` lists them"),
        "GroupNotFound" => format!("there is no group {message}; `supervisorctl avail` lists them"),
        "NothingMatched" => {
            format!("nothing matches {message}; `supervisorctl status` lists all processes")
        }
        "AlreadyStarted" => format!("{message} is started already"),
        "NotRunning" => format!("{message} does not run"),
        "CantReread" => format!("the configuration file has an error: {message}"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use treeherd_domain::fault::Fault;
    use treeherd_domain::name::GroupName;
    use treeherd_rpc::code::row_error;

    fn told(fault: &Fault) -> String {
        words(&RemoteFault::from(row_error(fault)))
    }

    #[test]
    fn no_refusal_begins_with_a_word_for_programs() {
        let text = || "it is so; do that".to_owned();
        let group = GroupName::new("web");
        let faults = [
            Fault::ShutdownState,
            Fault::BadArguments(text()),
            Fault::ProcessNotFound(text()),
            Fault::GroupNotFound(text()),
            Fault::NothingMatched(text()),
            Fault::BadSelector(text()),
            Fault::Failed(text()),
            Fault::AlreadyAdded(group.clone()),
            Fault::StillRunning(group),
            Fault::CantReread { message: text(), report: String::new() },
            Fault::Crashed { incident: "1-1".to_owned() },
        ];
        for fault in faults {
            let told = told(&fault);
            let word = fault.to_string();
            let word = word.split(':').next().unwrap_or_default();
            assert!(!told.contains(word) && !told.is_empty(), "{told}");
        }
        assert_eq!(
            told(&Fault::BadArguments("argument queue is missing".to_owned())),
            "argument queue is missing"
        );
        assert_eq!(
            told(&Fault::StillRunning(GroupName::new("web"))),
            "web still has processes that run; stop them, and say it again"
        );
    }

    #[test]
    fn what_only_looks_like_such_a_word_stays() {
        for text in ["X: no", "a file: it is gone", "[program:x]: no", "NOWHERE"] {
            assert_eq!(plain(text), text);
        }
    }
}
