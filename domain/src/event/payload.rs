//! What a listener is told of an event: Supervisor's payloads, byte for byte.
//!
//! Tokens are `name:value`, separated by single spaces, in this order. Output follows a line feed, and what is not
//! UTF-8 is shown as Python shows bytes, so that a payload is always text.

use super::{EventKind, Output};
use crate::name::Namespec;
use crate::status::ProcessState;
use crate::undecodable::text_or_undecodable;

impl EventKind {
    /// The payload; empty for what listeners are not told.
    #[must_use]
    pub fn payload(&self) -> String {
        match self {
            Self::ProcessState { namespec, from, to, pid, tries, exit, .. } => {
                let head = format!("{} from_state:{from}", process(namespec));
                match to {
                    ProcessState::Starting | ProcessState::Backoff => format!("{head} tries:{tries}"),
                    ProcessState::Running | ProcessState::Stopping | ProcessState::Stopped => {
                        format!("{head} pid:{pid}")
                    }
                    ProcessState::Exited => {
                        let expected = exit.is_some_and(|(_, expected)| expected);
                        format!("{head} expected:{} pid:{pid}", u8::from(expected))
                    }
                    ProcessState::Fatal | ProcessState::Unknown => head,
                }
            }
            Self::GroupAdded(group) | Self::GroupRemoved(group) => format!("groupname:{group}\n"),
            Self::RemoteCommunication { kind, data } => format!("type:{kind}\n{data}"),
            Self::Tick { when, .. } => format!("when:{when}"),
            Self::ProcessLog(output) => {
                written(output, &format!("{} channel:{}", by(output), output.stream))
            }
            Self::ProcessCommunication(output) => written(output, &by(output)),
            Self::ProcessBecame { .. }
            | Self::SupervisorRunning
            | Self::SupervisorStopping
            | Self::GroupChanged(_)
            | Self::GroupState(_)
            | Self::ActorRestarted { .. }
            | Self::ProcessReadiness { .. }
            | Self::ProcessHealth { .. }
            | Self::Probe { .. }
            | Self::LogTrouble { .. } => String::new(),
        }
    }
}

fn process(namespec: &Namespec) -> String {
    format!("processname:{} groupname:{}", namespec.process, namespec.group)
}

fn by(output: &Output) -> String {
    format!("{} pid:{}", process(&output.namespec), output.pid)
}

fn written(output: &Output, head: &str) -> String {
    format!("{head}\n{}", text_or_undecodable(&output.data))
}

#[cfg(test)]
mod tests {
    use super::super::tick::Period;
    use super::*;
    use crate::cause::Cause;
    use crate::exit::ExitStatus;
    use crate::name::{GroupName, ProcessName};
    use crate::stream::Stream;
    use std::sync::Arc;

    fn cat() -> Namespec {
        Namespec::new(GroupName::new("pets"), ProcessName::new("cat"))
    }

    fn state(from: ProcessState, to: ProcessState, pid: i32, tries: u32) -> EventKind {
        let exit = (to == ProcessState::Exited).then_some((ExitStatus::Code(0), tries == 0));
        let cause = Arc::new(Cause::Again);
        EventKind::ProcessState { namespec: cat(), from, to, pid, tries, exit, incarnation: 1, cause }
    }

    fn output(data: &[u8]) -> Output {
        Output { namespec: cat(), pid: 7, stream: Stream::Stderr, data: data.to_vec() }
    }

    #[test]
    fn payloads_are_supervisors() {
        use ProcessState::{Backoff, Exited, Fatal, Running, Starting, Stopped, Stopping, Unknown};
        let rows = [
            (state(Stopped, Starting, 0, 0), "from_state:STOPPED tries:0"),
            (state(Starting, Running, 7, 0), "from_state:STARTING pid:7"),
            (state(Starting, Backoff, 0, 1), "from_state:STARTING tries:1"),
            (state(Running, Stopping, 7, 0), "from_state:RUNNING pid:7"),
            (state(Stopping, Stopped, 7, 0), "from_state:STOPPING pid:7"),
            (state(Backoff, Stopped, 0, 2), "from_state:BACKOFF pid:0"),
            (state(Running, Exited, 7, 0), "from_state:RUNNING expected:1 pid:7"),
            (state(Running, Exited, 7, 1), "from_state:RUNNING expected:0 pid:7"),
            (state(Backoff, Fatal, 0, 4), "from_state:BACKOFF"),
            (state(Running, Unknown, 7, 0), "from_state:RUNNING"),
        ];
        for (event, rest) in rows {
            assert_eq!(event.payload(), format!("processname:cat groupname:pets {rest}"));
        }
        let remote = EventKind::RemoteCommunication { kind: "a b".into(), data: "thedata é\n".into() };
        let rows = [
            (EventKind::GroupAdded(GroupName::new("pets")), "groupname:pets\n"),
            (EventKind::GroupRemoved(GroupName::new("pets")), "groupname:pets\n"),
            (remote, "type:a b\nthedata é\n"),
            (EventKind::SupervisorRunning, ""),
            (EventKind::SupervisorStopping, ""),
            (EventKind::Tick { period: Period::Minute, when: 1_795_360_080 }, "when:1795360080"),
            (
                EventKind::ProcessLog(output(b"hello\n")),
                "processname:cat groupname:pets pid:7 channel:stderr\nhello\n",
            ),
            (
                EventKind::ProcessCommunication(output(b"x\xffy")),
                "processname:cat groupname:pets pid:7\nUndecodable: b'x\\xffy'",
            ),
        ];
        for (event, payload) in rows {
            assert_eq!(event.payload(), payload);
        }
    }
}
