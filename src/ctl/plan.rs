//! `plan`: what an update would do, process by process, and why.
//!
//! ```text
//! group web: changed: it is stopped, removed and added as a whole
//!   web:web_0   restart  command: /bin/cat -> /bin/dog (restart)
//!   web:web_1   restart  with its group
//! group new: added
//!   new         add      stays down (autostart is off)
//! probe db: changed, by reread as well
//!   interval: 10s -> 5s (hot)
//! [supervisord] loglevel: taken over once the daemon is started anew (reload)
//! [unix_http_server] chmod: taken over once the daemon is started anew (reload)
//! Plan: 1 to add, 2 to restart, 0 to update, 0 to remove.
//! ```
//!
//! The daemon reads its file for it, keeps nothing of what it read, and changes nothing. Absent: the update
//! (`reconfigure`, `reshape`).

use crate::ctl::fault;
use crate::ctl::options::Arguments;
use crate::ctl::reconfigure::{held_back, not_read};
use crate::ctl::render;
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use treeherd_rpc::api::ConfigApiClient as _;
use treeherd_rpc::wire::{ChangedKey, ChangedProbe, PlanInfo, PlannedGroup, PlannedProcess};

/// The exit status of `plan --check` if an update would do something.
pub const PENDING: u8 = 2;

/// `plan [--json] [--per-process] [--check] [group...]`
pub(super) async fn plan(session: &mut Session, argument: &str) -> Outcome {
    let Some(arguments) = session.arguments("plan", argument, Ok) else { return Ok(()) };
    let per_process = arguments.has("per-process");
    let groups = wanted(&arguments);
    match session.call(async |client| client.config_plan(Some(per_process), groups).await).await {
        Ok(plan) => show(session, &arguments, &plan),
        Err(Problem::Fault(refusal)) if refusal.fault == Some(fault::BAD_NAME) => {
            let name = refusal.target.unwrap_or_default();
            session.fail(format!("ERROR: no such group: {name}"));
        }
        Err(Problem::Fault(refusal)) if refusal.fault == Some(fault::CANT_REREAD) => {
            session.fail(format!("ERROR: {}", fault::words(&refusal)));
            session.explain(&Problem::Fault(refusal));
        }
        Err(problem) => return not_read(session, problem),
    }
    Ok(())
}

/// The groups that are named; `None` for all.
fn wanted(arguments: &Arguments) -> Option<Vec<String>> {
    let words = arguments.words.clone();
    (!words.is_empty() && !words.iter().any(|word| word == "all")).then_some(words)
}

fn show(session: &mut Session, arguments: &Arguments, plan: &PlanInfo) {
    if arguments.has("json") {
        let text = serde_json::to_string_pretty(plan).expect("a plan has nothing that is no JSON");
        session.screen.line(text);
    } else {
        session.screen.bytes(shown(plan).as_bytes());
    }
    if arguments.has("check") && !plan.is_empty() {
        session.status.set(PENDING);
    }
}

const NOTHING: &str = "No config updates to processes\n";

/// The text of a plan.
#[must_use]
pub fn shown(plan: &PlanInfo) -> String {
    if plan.is_empty() {
        return NOTHING.to_owned() + &waiting(plan);
    }
    let processes = || plan.groups.iter().flat_map(|group| &group.processes);
    let names = processes().map(|process| namespec(process).chars().count());
    let width = names.max().unwrap_or(0);
    let mut text = String::new();
    for group in &plan.groups {
        text.push_str(&heading(group));
        for process in group.processes.iter().filter(|process| process.action != "none") {
            text.push_str(&line(process, width));
        }
    }
    plan.probes.iter().for_each(|probe| text.push_str(&of_probe(probe)));
    text.push_str(&waiting(plan));
    if plan.groups.is_empty() {
        return text + NOTHING;
    }
    let count = |action| processes().filter(|process| process.action == action).count();
    let counts =
        ["add", "restart", "update", "remove"].map(|action| format!("{} to {action}", count(action)));
    text.push_str(&format!("Plan: {}.\n", counts.join(", ")));
    text
}

fn waiting(plan: &PlanInfo) -> String {
    held_back(plan).into_iter().map(|line| line + "\n").collect()
}

fn heading(group: &PlannedGroup) -> String {
    let what = match group.action.as_str() {
        "add" => "added",
        "remove" => "stopped and removed",
        "restart" => "changed: it is stopped, removed and added as a whole",
        _ => "changed: only the processes that changed are touched",
    };
    let keys: String = group.keys.iter().map(|key| format!("  {}\n", change(key))).collect();
    format!("group {}: {what}\n{keys}", group.name)
}

fn of_probe(probe: &ChangedProbe) -> String {
    let keys: String = probe.keys.iter().map(|key| format!("  {}\n", change(key))).collect();
    format!("probe {}: {}, by reread as well\n{keys}", probe.name, probe.change)
}

fn namespec(process: &PlannedProcess) -> String {
    render::namespec(&process.group, &process.name)
}

fn line(process: &PlannedProcess, width: usize) -> String {
    let mut reasons: Vec<String> = process.keys.iter().map(change).collect();
    if reasons.is_empty() && process.action == "restart" {
        reasons.push("with its group".to_owned());
    }
    reasons.extend(afterwards(process).map(str::to_owned));
    if reasons.is_empty() {
        reasons.push(String::new());
    }
    let mut text = String::new();
    for (number, reason) in reasons.iter().enumerate() {
        let (name, action) =
            if number == 0 { (namespec(process), &*process.action) } else { Default::default() };
        let line = format!("  {name:width$}  {action:7}  {reason}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn change(key: &ChangedKey) -> String {
    let hidden = if key.key == "environment" { " (values are not shown)" } else { "" };
    let value = |text: &str| if text.is_empty() { "nothing".to_owned() } else { one_line(text) };
    format!("{}: {} -> {} ({}){hidden}", key.key, value(&key.old), value(&key.new), key.reload)
}

/// A value as far as a line has room for it.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 100;
    let flat = text.replace('\n', "\\n");
    if flat.chars().count() <= LONGEST {
        return flat;
    }
    flat.chars().take(LONGEST).chain("...".chars()).collect()
}

/// What is unexpected about a process after the update.
fn afterwards(process: &PlannedProcess) -> Option<&'static str> {
    let is_up = matches!(process.state.as_deref(), Some("STARTING" | "RUNNING" | "BACKOFF"));
    match (&*process.action, process.starts?, is_up) {
        ("restart", false, true) => Some("is left stopped (autostart is off)"),
        ("restart", true, false) => Some("is not up now and is started (autostart)"),
        ("update", true, _) => Some("has never been started and is started (autostart)"),
        ("add", false, _) => Some("stays down (autostart is off)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn key(key: &str, reload: &str, old: &str, new: &str) -> ChangedKey {
        let text = str::to_owned;
        ChangedKey { key: text(key), reload: text(reload), old: text(old), new: text(new) }
    }

    fn process(name: &str, action: &str, state: Option<&str>, starts: Option<bool>) -> PlannedProcess {
        PlannedProcess {
            name: name.to_owned(),
            group: "web".to_owned(),
            action: action.to_owned(),
            reload: None,
            keys: Vec::new(),
            state: state.map(str::to_owned),
            starts,
        }
    }

    #[test]
    fn a_plan_tells_each_process_with_its_causes() {
        let changed = PlannedProcess {
            keys: vec![
                key("command", "restart", "/bin/cat", "/bin/sh -c '\n'"),
                key("environment", "restart", "", "SECRET"),
            ],
            ..process("web_0", "restart", Some("RUNNING"), Some(true))
        };
        let plan = PlanInfo {
            groups: vec![PlannedGroup {
                name: "web".to_owned(),
                action: "restart".to_owned(),
                keys: vec![key("priority", "hot", "999", "1")],
                processes: vec![
                    changed,
                    process("web_1", "restart", Some("RUNNING"), Some(false)),
                    process("web_2", "restart", Some("STOPPED"), Some(true)),
                    process("web_3", "none", Some("STOPPED"), None),
                    process("web", "add", None, Some(true)),
                ],
            }],
            ..PlanInfo::default()
        };
        expect![[r#"
            group web: changed: it is stopped, removed and added as a whole
              priority: 999 -> 1 (hot)
              web:web_0  restart  command: /bin/cat -> /bin/sh -c '\n' (restart)
                                  environment: nothing -> SECRET (restart) (values are not shown)
              web:web_1  restart  with its group
                                  is left stopped (autostart is off)
              web:web_2  restart  with its group
                                  is not up now and is started (autostart)
              web        add
            Plan: 1 to add, 3 to restart, 0 to update, 0 to remove.
        "#]]
        .assert_eq(&shown(&plan));
        assert_eq!(shown(&PlanInfo::default()), NOTHING);
    }

    #[test]
    fn probes_are_told_behind_the_groups() {
        let probe = |name: &str, change: &str, keys| ChangedProbe {
            name: name.to_owned(),
            change: change.to_owned(),
            keys,
        };
        let probes = vec![
            probe(
                "db",
                "changed",
                vec![key("interval", "hot", "10s", "5s"), key("user", "hot", "", "www")],
            ),
            probe("net", "added", Vec::new()),
        ];
        expect![[r#"
            probe db: changed, by reread as well
              interval: 10s -> 5s (hot)
              user: nothing -> www (hot)
            probe net: added, by reread as well
            No config updates to processes
        "#]]
        .assert_eq(&shown(&PlanInfo { probes, ..PlanInfo::default() }));
    }
}
