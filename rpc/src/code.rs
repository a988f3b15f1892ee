//! One table: a fault's kind, its JSON-RPC code, Supervisor's fault number, what to do next.
//!
//! ```text
//!   Fault --kind()--> Kind --entry()--> {code, kind, fault, retryable, hint}
//!     |                                    |
//!     `--Display--> message                `--> error = {code, message, data: ErrorData}
//!                                                  |
//!   RemoteFault <---------------fault()------------'      (the way back, for clients)
//! ```
//!
//! `data.kind` is the contract; the number is for quick tests, the message for people. All codes are
//! positive, clear of the range JSON-RPC reserves. Absent: errors of the protocol itself (-32700 and so
//! on), which the server makes; [`fault`] knows the two that Supervisor has a number for.

use crate::wire::{ErrorData, RowError};
use jsonrpsee::core::ClientError;
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::types::error::{ErrorObject, INVALID_PARAMS_CODE, METHOD_NOT_FOUND_CODE};
use serde_json::{Value, json};
use treeherd_domain::fault::Fault;

/// One row of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The JSON-RPC error code.
    pub code: i32,
    /// The name: `data.kind`.
    pub kind: &'static str,
    /// Supervisor's fault number, where it has one.
    pub fault: Option<i32>,
    /// Whether the same call may succeed later without a change.
    pub retryable: bool,
    /// When it is answered.
    pub when: &'static str,
    /// What to do next.
    pub hint: Option<&'static str>,
}

macro_rules! kinds {
    ($($name:ident $code:literal $fault:expr, $retryable:literal, $when:literal, $hint:expr;)*) => {
        /// What an error is, by name.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Kind {
            $(#[doc = $when] $name,)*
        }

        impl Kind {
            /// All of them, by code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its row of the table.
            #[must_use]
            pub const fn entry(self) -> Entry {
                match self {
                    $(Self::$name => Entry {
                        code: $code,
                        kind: stringify!($name),
                        fault: $fault,
                        retryable: $retryable,
                        when: $when,
                        hint: $hint,
                    },)*
                }
            }
        }
    };
}

kinds! {
    BadName 1000 Some(10), false, "The selector is malformed.",
        Some("name a process, a group as `group:*`, a glob, or `all`");
    ProcessNotFound 1001 Some(10), false, "There is no such process, or a whole group is named where a process is needed.",
        Some("`process.list` tells the names");
    GroupNotFound 1002 Some(10), false, "There is no such group.",
        Some("`group.list` tells the names; `config.plan` tells what is configured and not active");
    NothingMatched 1003 Some(10), false, "The selector is well formed and names nothing.",
        Some("`process.list` tells the names");
    BadArguments 1004 Some(3), false, "The parameters make no sense together.", None;
    SignatureUnsupported 1005 Some(4), false, "Help was asked for a method that does not exist.",
        Some("`system.listMethods` tells the names");
    BadSignal 1010 Some(11), false, "Not a signal.", Some("give a name such as TERM, or a number");
    NoFile 1020 Some(20), false, "The program or the log file is missing, or stdin is closed.",
        Some("check the path in the configuration");
    NotExecutable 1021 Some(21), false, "The command cannot be executed.",
        Some("check the file's mode, and that it is a program");
    Failed 1030 Some(30), false, "The system refused; the message says why.", None;
    AbnormalTermination 1040 Some(40), true, "It ended while its start was being waited for.",
        Some("read its log: `log.read`");
    SpawnError 1050 Some(50), true, "It could not be spawned, or ended before `startsecs`.",
        Some("`details.spawnerr` says why; read its log: `log.read`");
    AlreadyStarted 1060 Some(60), false, "It is STARTING, RUNNING or in BACKOFF.", None;
    NotRunning 1070 Some(70), false, "It is in a state in which that cannot be done.", None;
    NoReload 1071 Some(30), false, "It has neither `reload_signal` nor `reload_command`.",
        Some("write reload_signal=HUP, or what the program reads its files by, into its section");
    AlreadyAdded 1090 Some(90), false, "The group is active.", None;
    StillRunning 1091 Some(91), false, "The group has processes that are not stopped.",
        Some("stop the group first");
    CantReread 1092 Some(92), false, "The configuration is invalid; `details.report` shows each error.",
        Some("correct the file and try again; what runs is unchanged");
    WaitTimeout 1302 Some(30), true, "`timeoutMs` passed; the work goes on.",
        Some("`process.get` tells how it went");
    NotReady 1303 Some(30), true, "A rolling restart: it was restarted and did not become ready, or not for long.",
        Some("`process.explain` and its log tell why: `log.read`");
    NotRestarted 1304 Some(30), true, "A restart has left it as it is: it is disabled, it was stopped meanwhile, or a rolling one came to no turn of it.",
        Some("`details.why` says why; what was not restarted runs on, or is down if it was stopped");
    Forbidden 1401 None, false, "The configuration does not allow this call.", None;
    SubscriptionNeedsWebSocket 1501 None, false, "A subscription was asked for over plain HTTP.",
        Some("connect to the same path by WebSocket");
    Busy 1503 None, true, "Too many calls are being carried out.", Some("try again later");
    ShuttingDown 1600 Some(6), false, "The daemon is stopping or restarting.",
        Some("wait until it is gone or back");
    ActorCrashed 1900 Some(30), true, "A part of the daemon failed and restarts by itself; processes are untouched.",
        Some("the daemon's log tells more under the incident's id");
}

impl Kind {
    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.entry().kind == name)
    }

    /// An error of this kind about `target`: for what has no [`Fault`].
    #[must_use]
    pub fn error(self, message: impl Into<String>, target: Option<&str>) -> ErrorObjectOwned {
        let data = ErrorData { target: target.map(str::to_owned), ..self.data() };
        ErrorObjectOwned::owned(self.entry().code, message, Some(data))
    }

    /// The same, where something else is to be done than its kind says.
    #[must_use]
    pub fn error_with_hint(self, message: impl Into<String>, target: &str, hint: &str) -> ErrorObjectOwned {
        let (target, hint) = (Some(target.to_owned()), Some(hint.to_owned()));
        ErrorObjectOwned::owned(self.entry().code, message, Some(ErrorData { target, hint, ..self.data() }))
    }

    fn data(self) -> ErrorData {
        let Entry { kind, fault, retryable, hint, .. } = self.entry();
        ErrorData {
            kind: kind.to_owned(),
            fault,
            target: None,
            retryable,
            hint: hint.map(str::to_owned),
            details: None,
            incident: None,
        }
    }
}

/// The kind of a fault.
#[must_use]
pub const fn kind(fault: &Fault) -> Kind {
    match fault {
        Fault::ShutdownState => Kind::ShuttingDown,
        Fault::BadArguments(_) => Kind::BadArguments,
        Fault::ProcessNotFound(_) => Kind::ProcessNotFound,
        Fault::GroupNotFound(_) => Kind::GroupNotFound,
        Fault::NothingMatched(_) => Kind::NothingMatched,
        Fault::BadSelector(_) => Kind::BadName,
        Fault::BadSignal(_) => Kind::BadSignal,
        Fault::NoFile(_) => Kind::NoFile,
        Fault::NotExecutable(_) => Kind::NotExecutable,
        Fault::Failed(_) => Kind::Failed,
        Fault::AbnormalTermination(_) => Kind::AbnormalTermination,
        Fault::SpawnError { .. } => Kind::SpawnError,
        Fault::AlreadyStarted(_) => Kind::AlreadyStarted,
        Fault::NotRunning(_) => Kind::NotRunning,
        Fault::NoReload(_) => Kind::NoReload,
        Fault::AlreadyAdded(_) => Kind::AlreadyAdded,
        Fault::StillRunning(_) => Kind::StillRunning,
        Fault::CantReread { .. } => Kind::CantReread,
        Fault::WaitTimeout { .. } => Kind::WaitTimeout,
        Fault::NotReady { .. } => Kind::NotReady,
        Fault::NotRestarted { .. } => Kind::NotRestarted,
        Fault::Crashed { .. } => Kind::ActorCrashed,
    }
}

/// The error that tells of a fault: the answer of a whole call.
#[must_use]
pub fn error_object(fault: &Fault) -> ErrorObjectOwned {
    let RowError { code, message, data } = row_error(fault);
    ErrorObjectOwned::owned(code, message, Some(data))
}

/// The same to whoever asked for one process by this name, which the message shows as it was given.
#[must_use]
pub fn error_object_for(fault: &Fault, name: &str) -> ErrorObjectOwned {
    let RowError { code, data, .. } = row_error(fault);
    ErrorObjectOwned::owned(code, fault.message_for(name), Some(data))
}

/// The error that tells of a fault inside a result: the outcome of one target.
#[must_use]
pub fn row_error(fault: &Fault) -> RowError {
    let kind = kind(fault);
    let data = ErrorData {
        target: target(fault),
        details: details(fault),
        incident: match fault {
            Fault::Crashed { incident } => Some(incident.clone()),
            _ => None,
        },
        ..kind.data()
    };
    RowError { code: kind.entry().code, message: fault.to_string(), data }
}

fn target(fault: &Fault) -> Option<String> {
    match fault {
        Fault::ProcessNotFound(text)
        | Fault::GroupNotFound(text)
        | Fault::NothingMatched(text)
        | Fault::NoReload(text)
        | Fault::BadSignal(text) => Some(text.clone()),
        Fault::NoFile(path) => Some(path.clone()).filter(|path| !path.is_empty()),
        Fault::AbnormalTermination(namespec)
        | Fault::SpawnError { namespec, .. }
        | Fault::AlreadyStarted(namespec)
        | Fault::NotRunning(namespec)
        | Fault::WaitTimeout { namespec, .. }
        | Fault::NotReady { namespec, .. }
        | Fault::NotRestarted { namespec, .. } => Some(namespec.to_string()),
        Fault::AlreadyAdded(group) | Fault::StillRunning(group) => Some(group.to_string()),
        Fault::ShutdownState
        | Fault::BadArguments(_)
        | Fault::BadSelector(_)
        | Fault::NotExecutable(_)
        | Fault::Failed(_)
        | Fault::CantReread { .. }
        | Fault::Crashed { .. } => None,
    }
}

fn details(fault: &Fault) -> Option<Value> {
    match fault {
        Fault::SpawnError { spawnerr, .. } => Some(json!({"spawnerr": spawnerr})),
        Fault::CantReread { report, .. } => Some(json!({"report": report})),
        Fault::NotReady { why, .. } | Fault::NotRestarted { why, .. } => Some(json!({"why": why})),
        _ => None,
    }
}

/// A fault as a client gets it.
#[derive(Clone, PartialEq, Debug)]
pub struct RemoteFault {
    /// The kind's name; one that this version does not know is kept as it is.
    pub kind: String,
    /// Supervisor's fault number, where it has one.
    pub fault: Option<i32>,
    /// One line: Supervisor's fault string where it has one.
    pub message: String,
    /// What it is about.
    pub target: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// More, by kind: `spawnerr`, `report`.
    pub details: Option<Value>,
}

impl RemoteFault {
    /// A text of `details`.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<&str> {
        self.details.as_ref()?.get(name)?.as_str()
    }
}

impl From<RowError> for RemoteFault {
    fn from(RowError { code: _, message, data }: RowError) -> Self {
        let ErrorData { kind, fault, target, hint, details, retryable: _, incident: _ } = data;
        Self { kind, fault, message, target, hint, details }
    }
}

/// The fault that an error tells of; `None` for an error of another maker.
///
/// An unknown method and wrong parameters are errors of JSON-RPC itself; they are given Supervisor's
/// numbers 1 and 2.
#[must_use]
pub fn fault(error: &ErrorObject<'_>) -> Option<RemoteFault> {
    let of_protocol = |kind: &str, number, name: &str| RemoteFault {
        kind: kind.to_owned(),
        fault: Some(number),
        message: name.to_owned(),
        target: None,
        hint: error.data().map(|data| data.get().trim_matches('"').to_owned()),
        details: None,
    };
    match error.code() {
        METHOD_NOT_FOUND_CODE => Some(of_protocol("MethodNotFound", 1, "UNKNOWN_METHOD")),
        INVALID_PARAMS_CODE => Some(of_protocol("InvalidParams", 2, "INCORRECT_PARAMETERS")),
        code => {
            let data = serde_json::from_str(error.data()?.get()).ok()?;
            Some(RowError { code, message: error.message().to_owned(), data }.into())
        }
    }
}

/// The fault that a failed call tells of; `None` if it failed for another reason.
#[must_use]
pub fn fault_of(error: &ClientError) -> Option<RemoteFault> {
    match error {
        ClientError::Call(object) => fault(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use treeherd_domain::name::{GroupName, Namespec, ProcessName};

    /// One of each fault.
    fn every_fault() -> Vec<Fault> {
        let text = || "x".to_owned();
        let namespec = || Namespec::new(GroupName::new("shop"), ProcessName::new("api"));
        vec![
            Fault::ShutdownState,
            Fault::BadArguments(text()),
            Fault::ProcessNotFound(text()),
            Fault::GroupNotFound(text()),
            Fault::NothingMatched(text()),
            Fault::BadSelector(text()),
            Fault::BadSignal(text()),
            Fault::NoFile(text()),
            Fault::NotExecutable(text()),
            Fault::Failed(text()),
            Fault::AbnormalTermination(namespec()),
            Fault::SpawnError { namespec: namespec(), spawnerr: "no cwd".to_owned() },
            Fault::AlreadyStarted(namespec()),
            Fault::NotRunning(namespec()),
            Fault::NoReload(text()),
            Fault::AlreadyAdded(GroupName::new("shop")),
            Fault::StillRunning(GroupName::new("shop")),
            Fault::CantReread { message: text(), report: "line 3".to_owned() },
            Fault::WaitTimeout { namespec: namespec(), waited: std::time::Duration::from_secs(1) },
            Fault::NotReady { namespec: namespec(), why: "it ended".to_owned() },
            Fault::NotRestarted { namespec: namespec(), why: "it was stopped".to_owned() },
            Fault::Crashed { incident: "web-1-1".to_owned() },
        ]
    }

    #[test]
    fn no_code_is_used_twice_or_reserved() {
        let codes: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.entry().code).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
        assert!(codes.iter().all(|code| !(-32768..=-32000).contains(code)));
    }

    #[test]
    fn every_fault_has_a_kind_of_its_own_and_keeps_supervisors_number() {
        let faults = every_fault();
        let kinds: BTreeSet<_> = faults.iter().map(|fault| kind(fault).entry().code).collect();
        assert_eq!(kinds.len(), faults.len());
        for fault in faults {
            assert_eq!(kind(&fault).entry().fault, Some(fault.code()), "{fault}");
        }
    }

    #[test]
    fn a_fault_reads_back_on_the_other_side() {
        for sent in every_fault() {
            let got = fault(&error_object(&sent)).expect("an error of ours");
            assert_eq!(got.message, sent.to_string());
            assert_eq!(got.fault, Some(sent.code()));
            assert_eq!(Kind::parse(&got.kind), Some(kind(&sent)));
        }
    }

    #[test]
    fn an_error_says_what_it_is_about_and_what_to_do() {
        let namespec = Namespec::new(GroupName::new("shop"), ProcessName::new("api"));
        let sent = Fault::SpawnError { namespec, spawnerr: "no cwd".to_owned() };
        let json = serde_json::to_value(error_object(&sent)).expect("it serializes");
        let expected = json!({
            "code": 1050,
            "message": "SPAWN_ERROR: shop:api",
            "data": {
                "kind": "SpawnError",
                "fault": 50,
                "target": "shop:api",
                "retryable": true,
                "hint": "`details.spawnerr` says why; read its log: `log.read`",
                "details": {"spawnerr": "no cwd"},
            },
        });
        assert_eq!(json, expected);
        let got = fault(&error_object(&sent)).expect("an error of ours");
        assert_eq!(got.detail("spawnerr"), Some("no cwd"));
    }

    #[test]
    fn errors_of_the_protocol_have_supervisors_numbers_and_others_none() {
        let number = |code| fault(&ErrorObjectOwned::owned(code, "m", None::<()>)).and_then(|f| f.fault);
        assert_eq!([-32601, -32602, -32603, 7].map(number), [Some(1), Some(2), None, None]);
    }
}
