//! A daemon that knows some names and fails for others, and tables of lines to run against one.

use crate::fake::{Ended, Script, process, row};
use serde_json::{Value, json};
use treeherd_domain::fault::Fault;
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_rpc::code::row_error;
use treeherd_rpc::wire::{Operation, Row};

fn namespec(name: &str) -> Namespec {
    let (group, process) = name.split_once(':').unwrap_or((name, name));
    Namespec::new(GroupName::new(group), ProcessName::new(process))
}

/// The fault that a name asks for: `spawn` gives SPAWN_ERROR and so on; any other name succeeds.
fn by_name(params: &Value) -> Result<Value, Fault> {
    let name = params[0].as_str().unwrap_or_default();
    Err(match name {
        "nope" | "g:nope" => Fault::ProcessNotFound(name.to_owned()),
        "nogroup" => Fault::GroupNotFound(name.to_owned()),
        "nofile" => Fault::NoFile("/log".to_owned()),
        "noexec" => Fault::NotExecutable("why".to_owned()),
        "failed" => Fault::Failed("attempted to kill it".to_owned()),
        "abnormal" => Fault::AbnormalTermination(namespec(name)),
        "spawn" => {
            Fault::SpawnError { namespec: namespec(name), spawnerr: "can't find command".to_owned() }
        }
        "started" => Fault::AlreadyStarted(namespec(name)),
        "dead" => Fault::NotRunning(namespec(name)),
        "added" => Fault::AlreadyAdded(GroupName::new(name)),
        "busy" => Fault::StillRunning(GroupName::new(name)),
        "down" => Fault::ShutdownState,
        _ => return Ok(json!(true)),
    })
}

fn rows(params: &Value) -> Result<Value, Fault> {
    by_name(params)?;
    Ok(json!([
        row("g", "a", 80),
        row("g", "b", 50),
        row("g", "c", 70),
        row("g", "d", 60),
        row("w", "w", 80)
    ]))
}

/// The group `g`, and `low` below it, one process of which is in the asked state already.
fn tree(params: &Value) -> Result<Value, Fault> {
    let name = params["name"].as_str().or(params["selector"][0].as_str()).unwrap_or_default();
    by_name(&json!([name.trim_end_matches(":*")]))?;
    if params["signal"] == "BOGUS" {
        return Err(Fault::BadSignal("BOGUS".to_owned()));
    }
    let abnormal = Fault::AbnormalTermination(namespec("g:b"));
    let mut rows = vec![
        Row::ok(&namespec("g:a")),
        Row::failed(&namespec("g:b"), row_error(&abnormal)),
        Row::ok(&namespec("low:z")),
    ];
    if params.get("signal").is_some() {
        rows[1] = Row::failed(&namespec("g:b"), row_error(&Fault::NotRunning(namespec("g:b"))));
    }
    Ok(json!(Operation::done(rows)))
}

fn log_of(params: &Value) -> Result<Value, Fault> {
    by_name(params)?;
    Ok(json!(format!("{} {} {}", params[0], params[1], params[2])))
}

fn processes() -> Value {
    json!([
        process("cat", "cat", 20, "RUNNING", 11),
        process("g", "a", 20, "RUNNING", 12),
        process("g", "b", 0, "STOPPED", 0),
    ])
}

fn info_of(params: &Value) -> Result<Value, Fault> {
    by_name(params)?;
    Ok(match params[0].as_str() {
        Some("idle") => process("idle", "idle", 0, "STOPPED", 0),
        _ => process("cat", "cat", 20, "RUNNING", 11),
    })
}

pub(crate) fn daemon() -> Script {
    Script::new()
        .on("supervisor.startProcess", by_name)
        .on("group.start", tree)
        .on("supervisor.startAllProcesses", rows)
        .on("supervisor.stopProcess", by_name)
        .on("group.stop", tree)
        .on("supervisor.stopAllProcesses", rows)
        .on("supervisor.signalProcess", |params| match params[1].as_str() {
            Some("BOGUS") => Err(Fault::BadSignal("BOGUS".to_owned())),
            _ => by_name(params),
        })
        .on("process.signal", tree)
        .on("supervisor.signalProcessGroup", |params| match params[0].as_str() {
            Some("g") => Ok(json!([row("g", "a", 11), row("g", "b", 11)])),
            _ => by_name(params),
        })
        .on("supervisor.signalAllProcesses", |_| Ok(json!([row("g", "a", 11), row("w", "w", 80)])))
        .on("supervisor.clearProcessLogs", |params| match params[0].as_str() {
            Some("g:*") => Err(Fault::ProcessNotFound("g:*".to_owned())),
            _ => by_name(params),
        })
        .on("supervisor.clearAllProcessLogs", |_| Ok(json!([row("g", "a", 80), row("g", "b", 30)])))
        .on("supervisor.getAllProcessInfo", |_| Ok(processes()))
        .on("supervisor.getProcessInfo", info_of)
        .on("supervisor.getPID", |_| Ok(json!(4711)))
        .on("supervisor.getSupervisorVersion", |_| Ok(json!("4.3.0")))
        .on("supervisor.readProcessStdoutLog", log_of)
        .on("supervisor.readProcessStderrLog", log_of)
        .on("supervisor.readLog", |params| Ok(json!(format!("main {} {}", params[0], params[1]))))
        .on("supervisor.addProcessGroup", by_name)
        .on("supervisor.removeProcessGroup", by_name)
        .on("supervisor.shutdown", |_| Ok(json!(true)))
        .on("supervisor.restart", |_| Ok(json!(true)))
}

/// Runs each line and compares stdout and exit status.
pub(crate) fn check(script: Script, table: &[(&str, &str, i32)]) {
    let fake = script.serve();
    for (line, out, code) in table {
        let words: Vec<&str> = line.split(' ').collect();
        let Ended { out: printed, err, code: ended } = fake.run(&words);
        let usage = format!("{}\n", line.split(' ').next().unwrap_or_default());
        let expected = out.replace("<url>", &fake.url());
        let expected = match expected.strip_suffix("<usage>") {
            Some(message) => {
                let help = fake.run(&["help", usage.trim_end()]).out;
                format!("{message}{help}")
            }
            None => expected,
        };
        assert_eq!((printed.as_str(), ended), (expected.as_str(), Some(*code)), "{line}; stderr: {err}");
    }
}
