//! The methods as data: what `system.methodHelp`, `system.methodSignature` and the documentation tell.
//!
//! The traits beside this file are what runs; tests hold the two together (names) and the document and
//! this table (everything).

use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::types::error::INVALID_PARAMS_CODE;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// A parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Its type, in the words of XML-RPC for Supervisor's methods, else of the documentation.
    pub kind: &'static str,
    /// Whether it may be left out.
    pub is_optional: bool,
}

/// A method or a subscription.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// Another name of it.
    pub alias: Option<&'static str>,
    /// Its parameters, in order.
    pub params: &'static [Param],
    /// The type of its result, or of its items.
    pub result: &'static str,
    /// The kinds of errors of its own (see [`code`](crate::code)); any method may answer ActorCrashed,
    /// Busy, and ShuttingDown once the daemon stops.
    pub errors: &'static [&'static str],
    /// What it does.
    pub help: &'static str,
    /// For a subscription: the name of its items and of the method that ends it.
    pub subscription: Option<(&'static str, &'static str)>,
}

impl Method {
    /// The result's type, then those of the parameters, as `system.methodSignature` tells.
    #[must_use]
    pub fn signature(&self) -> Vec<String> {
        std::iter::once(self.result).chain(self.params.iter().map(|p| p.kind)).map(str::to_owned).collect()
    }

    /// Every name it is called by.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        [Some(self.name), self.alias, self.subscription.map(|(_, end)| end)].into_iter().flatten()
    }
}

/// The method of this name, or with this alias.
#[must_use]
pub fn method(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.names().any(|known| known == name))
}

/// Every name that can be called, sorted: the answer of `system.listMethods`.
#[must_use]
pub fn method_names() -> Vec<String> {
    let mut names: Vec<String> = METHODS.iter().flat_map(Method::names).map(str::to_owned).collect();
    names.sort_unstable();
    names
}

/// Whether the parameters (the JSON text, if any) are ones the method has, and none is missing: a misspelt optional one
/// would otherwise be ignored. Their types are checked where they are read; other methods are let pass.
///
/// # Errors
/// -32602, which says what is wrong with which.
pub fn check_params(name: &str, params: Option<&str>) -> Result<(), ErrorObjectOwned> {
    // the end of a subscription has one parameter, which is not of the table
    let is_end = |method: &&Method| method.subscription.is_some_and(|(_, end)| end == name);
    let Some(method) = method(name).filter(|method| !is_end(method)) else { return Ok(()) };
    let Some(what) = misfit(method, params.unwrap_or("[]")) else { return Ok(()) };
    let known: Vec<_> = method.params.iter().map(|p| p.name).collect();
    let data = match known.as_slice() {
        [] => format!("{what}; {name} has no parameters"),
        known => format!("{what}; the parameters of {name} are: {}", known.join(", ")),
    };
    Err(ErrorObjectOwned::owned(INVALID_PARAMS_CODE, "Invalid params", Some(data)))
}

/// What there is too much or too little.
fn misfit(method: &Method, params: &str) -> Option<String> {
    let missing = |param: &Param| format!("parameter {:?} is missing", param.name);
    if let Ok(by_name) = serde_json::from_str::<BTreeMap<String, IgnoredAny>>(params) {
        let unknown = by_name.keys().find(|key| method.params.iter().all(|p| p.name != **key));
        let lacking = || method.params.iter().find(|p| !p.is_optional && !by_name.contains_key(p.name));
        return unknown.map(|key| format!("unknown parameter {key:?}")).or_else(|| lacking().map(missing));
    }
    let by_position = serde_json::from_str::<Vec<IgnoredAny>>(params).ok()?;
    if by_position.len() > method.params.len() {
        return Some(format!("{} parameters given", by_position.len()));
    }
    method.params.iter().skip(by_position.len()).find(|p| !p.is_optional).map(missing)
}

macro_rules! params {
    ($($name:ident $(?$optional:tt)? : $kind:literal),*) => {
        &[$(Param {
            name: wire_name(stringify!($name)),
            kind: $kind,
            is_optional: params!(@ $($optional)?),
        }),*]
    };
    (@) => { false };
    (@ $any:tt) => { true };
}

/// `type` is a keyword, so the table says `r#type`.
const fn wire_name(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}

macro_rules! methods {
    ($($name:literal $(or $alias:literal)? ($($params:tt)*) -> $result:literal
        $(, items $item:literal until $end:literal)? $(, errors [$($error:ident)*])? : $help:literal;)*) => {
        /// Every method, by namespace.
        pub const METHODS: &[Method] = &[$(Method {
            name: $name,
            alias: methods!(@option $($alias)?),
            params: params!($($params)*),
            result: $result,
            errors: &[$($(stringify!($error)),*)?],
            help: $help,
            subscription: methods!(@option $(($item, $end))?),
        }),*];
    };
    (@option) => { None };
    (@option $value:expr) => { Some($value) };
}

methods! {
    "supervisor.getAPIVersion" or "supervisor.getVersion" () -> "string":
        "The version of Supervisor's API that this is: 3.0.";
    "supervisor.getSupervisorVersion" () -> "string":
        "The version of Supervisor that this daemon stands in for.";
    "supervisor.getIdentification" () -> "string":
        "The identifier from [supervisord].";
    "supervisor.getState" () -> "struct":
        "The daemon's own state: {statecode, statename}.";
    "supervisor.getPID" () -> "int":
        "The daemon's process id.";
    "supervisor.readLog" or "supervisor.readMainLog" (offset: "int", length: "int") -> "string",
        errors [BadArguments NoFile Failed]:
        "Bytes of the daemon's log: length from offset on (0: to the end), or with a negative offset and length 0 the last ones.";
    "supervisor.clearLog" () -> "boolean", errors [NoFile Failed]:
        "Empties the daemon's log.";
    "supervisor.shutdown" () -> "boolean":
        "Stops every process, then the daemon. Answers before it happens.";
    "supervisor.restart" () -> "boolean", errors [CantReread]:
        "Stops every process, reads the configuration anew, starts. Answers before it happens.";
    "supervisor.reloadConfig" () -> "array", errors [CantReread]:
        "Reads the configuration and tells what differs, as [[added, changed, removed]] lists of group names; applies nothing.";
    "supervisor.addProcessGroup" (name: "string") -> "boolean", errors [GroupNotFound AlreadyAdded]:
        "Makes a group of the configuration read last active.";
    "supervisor.removeProcessGroup" (name: "string") -> "boolean", errors [GroupNotFound StillRunning]:
        "Makes a group inactive whose processes are all stopped.";
    "supervisor.getAllConfigInfo" () -> "array":
        "Every process of the configuration read last, sorted by name.";
    "supervisor.getProcessInfo" (name: "string") -> "struct", errors [ProcessNotFound]:
        "One process.";
    "supervisor.getAllProcessInfo" () -> "array":
        "Every active process, sorted by group and name.";
    "supervisor.startProcess" (name: "string", wait?o: "boolean") -> "boolean",
        errors [ProcessNotFound GroupNotFound NoFile NotExecutable AlreadyStarted Failed SpawnError AbnormalTermination WaitTimeout]:
        "Starts a process; answers once it is RUNNING, or at once with wait=false. group:* starts a group and gives an array.";
    "supervisor.startProcessGroup" (name: "string", wait?o: "boolean") -> "array", errors [GroupNotFound]:
        "Starts the processes of a group that are not active; one status struct each.";
    "supervisor.startAllProcesses" (wait?o: "boolean") -> "array":
        "Starts every process that is not active; one status struct each.";
    "supervisor.stopProcess" (name: "string", wait?o: "boolean") -> "boolean",
        errors [ProcessNotFound GroupNotFound NotRunning Failed WaitTimeout]:
        "Stops a process; answers once it is down, or at once with wait=false. group:* stops a group and gives an array.";
    "supervisor.stopProcessGroup" (name: "string", wait?o: "boolean") -> "array", errors [GroupNotFound]:
        "Stops the active processes of a group; one status struct each.";
    "supervisor.stopAllProcesses" (wait?o: "boolean") -> "array":
        "Stops every active process; one status struct each.";
    "supervisor.signalProcess" (name: "string", signal: "string") -> "boolean",
        errors [ProcessNotFound GroupNotFound BadSignal NotRunning Failed]:
        "Sends a signal, by name or number, to a process. group:* sends it to a group and gives an array.";
    "supervisor.signalProcessGroup" (name: "string", signal: "string") -> "array", errors [GroupNotFound]:
        "Sends a signal to the running processes of a group; one status struct each.";
    "supervisor.signalAllProcesses" (signal: "string") -> "array":
        "Sends a signal to every running process; one status struct each.";
    "supervisor.readProcessStdoutLog" or "supervisor.readProcessLog"
        (name: "string", offset: "int", length: "int") -> "string",
        errors [ProcessNotFound BadArguments NoFile Failed]:
        "Bytes of a process's stdout log, by the rules of readLog.";
    "supervisor.readProcessStderrLog" (name: "string", offset: "int", length: "int") -> "string",
        errors [ProcessNotFound BadArguments NoFile Failed]:
        "Bytes of a process's stderr log, by the rules of readLog.";
    "supervisor.tailProcessStdoutLog" or "supervisor.tailProcessLog"
        (name: "string", offset: "int", length: "int") -> "array", errors [ProcessNotFound]:
        "The end of a process's stdout log since offset, at most length bytes, as [text, next offset, overflow].";
    "supervisor.tailProcessStderrLog" (name: "string", offset: "int", length: "int") -> "array",
        errors [ProcessNotFound]:
        "The end of a process's stderr log since offset, at most length bytes, as [text, next offset, overflow].";
    "supervisor.clearProcessLogs" or "supervisor.clearProcessLog" (name: "string") -> "boolean",
        errors [ProcessNotFound Failed]:
        "Empties both logs of a process.";
    "supervisor.clearAllProcessLogs" () -> "array":
        "Empties the logs of every process; one status struct each.";
    "supervisor.sendProcessStdin" (name: "string", chars: "string") -> "boolean",
        errors [ProcessNotFound NotRunning NoFile Failed]:
        "Writes text to a process's stdin, as UTF-8, without a newline of its own.";
    "supervisor.sendRemoteCommEvent" (r#type: "string", data: "string") -> "boolean":
        "Sends a REMOTE_COMMUNICATION event to whoever listens. Works while the daemon stops, too.";

    "system.listMethods" () -> "array":
        "The names of all methods, sorted.";
    "system.methodHelp" (name: "string") -> "string", errors [SignatureUnsupported]:
        "What a method does.";
    "system.methodSignature" (name: "string") -> "array", errors [SignatureUnsupported]:
        "The type of a method's result, then those of its parameters.";
    "system.multicall" (calls: "array") -> "array", errors [BadArguments]:
        "Several calls in one, in turn: of each {methodName, params} the result, or {faultCode, faultString}.";
    "system.info" () -> "SystemInfo":
        "Who answers: name, version, identifier, pid, configuration file.";
    "system.state" () -> "SystemState":
        "The daemon's state, how many processes are in which, the number of the last event, and what [supervisord] has in mind with the groups.";
    "system.shutdown" () -> "boolean":
        "As supervisor.shutdown.";
    "system.restart" () -> "boolean", errors [CantReread]:
        "As supervisor.restart.";

    "process.list" (selector?o: "Selector", states?o: "string[]") -> "ProcessList",
        errors [BadName ProcessNotFound GroupNotFound NothingMatched BadArguments]:
        "The processes a selector names (default: all), in any of the states (default: any).";
    "process.get" (name: "string") -> "ProcessInfo", errors [ProcessNotFound]:
        "One process.";
    "process.start" (selector: "Selector", wait?o: "Wait", timeoutMs?o: "int", noDeps?o: "boolean") -> "Operation",
        errors [BadName ProcessNotFound GroupNotFound NothingMatched]:
        "Starts what is not active, and before it what it requires, unless noDeps; waits until it is RUNNING or cannot be, unless wait is none.";
    "process.stop" (selector: "Selector", wait?o: "Wait", timeoutMs?o: "int") -> "Operation",
        errors [BadName ProcessNotFound GroupNotFound NothingMatched]:
        "Stops what is active; waits until it is down, unless wait is none.";
    "process.restart" (selector: "Selector", wait?o: "Wait", timeoutMs?o: "int", noDeps?o: "boolean", rolling?o: "Rolling")
        -> "Operation",
        errors [BadName ProcessNotFound GroupNotFound NothingMatched BadArguments Failed]:
        "Stops what is active and starts everything named; waits until it is RUNNING or cannot be, unless wait is none. With rolling a few at a time, each of which has to be ready before the next.";
    "process.disable" (selector: "Selector") -> "Operation",
        errors [BadName ProcessNotFound GroupNotFound NothingMatched Failed]:
        "Disables processes, also for the daemons to come: none of them is started until it is enabled. What runs runs on.";
    "process.enable" (selector: "Selector") -> "Operation",
        errors [BadName ProcessNotFound GroupNotFound NothingMatched Failed]:
        "Enables processes that were disabled, and starts none.";
    "process.graph" (selector?o: "Selector") -> "GraphInfo",
        errors [BadName ProcessNotFound GroupNotFound NothingMatched]:
        "Who requires whom, with what is missing: these processes and all that they require (default: all).";
    "process.explain" (selector: "Selector") -> "Explanations",
        errors [BadName ProcessNotFound GroupNotFound NothingMatched]:
        "Why each process is as it is: the chain of reasons, and the last lines of output before an end.";
    "process.history" (selector: "Selector", limit?o: "int", since?o: "int", withinMs?o: "int") -> "Histories",
        errors [BadName ProcessNotFound GroupNotFound NothingMatched]:
        "What happened to each process, and why: the newest entries, after a number, or of the last milliseconds.";
    "process.signal" (selector: "Selector", signal: "string | int") -> "Operation",
        errors [BadName ProcessNotFound GroupNotFound NothingMatched BadSignal]:
        "Sends a signal.";
    "process.reload" (selector: "Selector", timeoutMs?o: "int") -> "Operation",
        errors [BadName ProcessNotFound GroupNotFound NothingMatched NoReload]:
        "Has processes read their configuration anew, by reload_signal or reload_command; of a group, a glob or all those that run and have one of the two.";
    "process.scale" (name: "string", count?o: "int") -> "ScaleInfo",
        errors [BadArguments GroupNotFound StillRunning Failed CantReread]:
        "Has a program, by its name in [program:x], have so many processes, or without a count as many as its file says: the highest numbers go, new ones start by autostart, the others are not touched. It is kept over the end of the daemon, and holds until the file has another numprocs.";
    "process.programs" () -> "ProgramInfo[]":
        "How many processes each [program:x] has, how many its file says, and who scaled it since when.";
    "process.roll" (selector: "Selector", timeoutMs?o: "int", noDeps?o: "boolean", rolling?o: "Rolling") -> "RollItem",
        items "process.rolled" until "process.unroll",
        errors [BadName ProcessNotFound GroupNotFound NothingMatched BadArguments Failed SubscriptionNeedsWebSocket]:
        "A rolling restart that tells each outcome as it comes about; whoever leaves ends it after those that are under way.";
    "process.watch" (selector?o: "Selector") -> "ProcessChange",
        items "process.change" until "process.unwatch", errors [BadName SubscriptionNeedsWebSocket]:
        "First a snapshot of the processes, then every change of one.";

    "probe.list" () -> "ProbeInfo[]":
        "The probes of the world outside, in the order of the configuration: what each asks, how it is, and who requires it.";

    "group.list" () -> "GroupInfo[]":
        "The active groups by priority, then in the order in which they became active; of listeners and subscribers also what they were told.";
    "group.get" (name: "string") -> "GroupInfo", errors [GroupNotFound]:
        "One of them; of a group under OTP's rules also what it is about, and how many restarts are left.";
    "group.spawn" (name: "string", args?o: "object", wait?o: "Wait", timeoutMs?o: "int") -> "Operation",
        errors [GroupNotFound BadArguments Failed]:
        "Makes an instance of a template with these arguments (each by its name, as text) and starts it. It is named by a number that does not come again, and taken out when it is down for good.";
    "group.start" (name: "string", wait?o: "Wait", timeoutMs?o: "int") -> "Operation", errors [GroupNotFound]:
        "Starts the members that are not active, by ascending priority.";
    "group.stop" (name: "string", wait?o: "Wait", timeoutMs?o: "int") -> "Operation", errors [GroupNotFound]:
        "Stops the active members.";
    "group.restart" (name: "string", wait?o: "Wait", timeoutMs?o: "int") -> "Operation", errors [GroupNotFound]:
        "Stops the active members and starts all, but for those that are disabled, which are left as they are.";
    "group.update" (name: "string") -> "GroupUpdate", errors [GroupNotFound StillRunning Failed]:
        "Has an active group as the configuration read last says, and touches only the processes that changed, each by the reload class of its keys.";

    "config.plan" (perProcess?o: "boolean", groups?o: "string[]") -> "PlanInfo", errors [CantReread GroupNotFound]:
        "Reads the configuration and tells what an update would do to these groups (default: all), process by process and with the keys; applies nothing and keeps nothing.";
    "config.reread" () -> "PlanInfo", errors [CantReread]:
        "Reads the configuration and keeps it, as supervisor.reloadConfig does, and tells what an update would do to the groups. Probes are taken over at once: probes tells what became of them.";

    "log.read" (name?o: "string", stream?o: "string", from?o: "int | string", maxBytes?o: "int") -> "LogSlice",
        errors [ProcessNotFound BadArguments NoFile Failed]:
        "Bytes of a log from an offset, or the last N with from \"-N\"; without a name, of the daemon's own log.";
    "log.follow" (name?o: "string", stream?o: "string", from?o: "int | string") -> "LogItem",
        items "log.chunk" until "log.unfollow",
        errors [ProcessNotFound BadArguments NoFile SubscriptionNeedsWebSocket]:
        "First what the log holds (by from), then each new piece.";

    "event.subscribe" (kinds?o: "string[]", selector?o: "Selector", since?o: "int") -> "EventItem",
        items "event.item" until "event.unsubscribe", errors [BadName BadArguments SubscriptionNeedsWebSocket]:
        "First a mark that says from which number on, then every event of these kinds about these processes.";

    "tree.get" () -> "TreeNode":
        "The daemon's own actors, as a tree.";
    "tree.crash" (path: "string", how: "string") -> "CrashReport", errors [NothingMatched Forbidden]:
        "Makes an actor fail, by panic or stop, to see it come back; needs fault_injection in [supervisord].";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Kind;

    #[test]
    fn every_error_that_a_method_names_is_in_the_table_of_errors() {
        for method in METHODS {
            for error in method.errors {
                assert!(Kind::parse(error).is_some(), "{}: {error}", method.name);
            }
        }
    }

    #[test]
    fn no_name_is_used_twice() {
        let mut names: Vec<_> = METHODS.iter().flat_map(Method::names).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn parameters_that_a_method_does_not_have_or_lacks_are_refused() {
        let check = |name, params| {
            let told = check_params(name, params).err()?;
            Some(told.data()?.get().to_owned())
        };
        assert_eq!(check("process.get", Some(r#"{"name":"web"}"#)), None);
        assert_eq!(check("process.get", Some(r#"["web"]"#)), None);
        let told = check("process.get", None).unwrap_or_default();
        assert_eq!(told, r#""parameter \"name\" is missing; the parameters of process.get are: name""#);
        let told = check("process.start", Some(r#"{"wait":"none"}"#)).unwrap_or_default();
        assert!(told.starts_with(r#""parameter \"selector\" is missing; "#), "{told}");
        assert_eq!(check("process.list", None), None);
        assert_eq!(check("supervisor.startProcess", Some(r#"["web"]"#)), None);
        assert_eq!(check("toy.method", Some(r#"{"any":1}"#)), None);
        let told = check("process.stop", Some(r#"{"selector":"web","dryRun":true}"#)).unwrap_or_default();
        assert!(told.contains("dryRun") && told.contains("selector, wait, timeoutMs"), "{told}");
        let told = check("supervisor.getState", Some("[1]")).unwrap_or_default();
        assert_eq!(told, r#""1 parameters given; supervisor.getState has no parameters""#);
    }

    #[test]
    fn signatures_are_supervisors() {
        let signature = |name: &str| method(name).map(Method::signature).unwrap_or_default();
        assert_eq!(signature("supervisor.startProcess"), ["boolean", "string", "boolean"]);
        assert_eq!(signature("supervisor.readMainLog"), ["string", "int", "int"]);
        assert_eq!(signature("supervisor.getState"), ["struct"]);
        assert_eq!(signature("system.multicall"), ["array", "array"]);
        assert!(signature("system.nope").is_empty());
        assert_eq!(
            method("supervisor.sendRemoteCommEvent").map(|m| m.params[0].name),
            Some("type"),
            "a keyword is a name on the wire"
        );
    }
}
