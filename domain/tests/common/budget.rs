//! The budgets of groups, counted from what a simulation tells.

use std::collections::HashMap;
use std::time::Duration;
use treeherd_domain::simulate::{Report, Setting, What};

/// The groups themselves, as they are called.
const ROOT: &str = "[supervisord]";

/// Each moment at which a group had acted more often within its period than its budget allows, counted another way than
/// the group does. What was down, or was stopped or restarted by a group above it, has another budget.
pub(crate) fn overspent(setting: &Setting, report: &Report) -> Vec<String> {
    let mut spent: HashMap<String, Vec<Duration>> = HashMap::new();
    let mut found = Vec::new();
    for line in &report.lines {
        let (What::Group(text), Some(who)) = (&line.what, &line.who) else { continue };
        if text == "is up" {
            continue;
        }
        for name in below(setting, who) {
            spent.remove(&name);
        }
        if line.kind != "strategy" {
            spent.remove(who);
            continue;
        }
        let group = setting.groups.iter().find(|group| *who == format!("group {}", group.name));
        let policy = group.map_or(setting.rules.as_ref(), |group| group.rules.policy.as_ref());
        let times = spent.entry(who.clone()).or_default();
        times.push(line.at);
        let Some((policy, most)) = policy.and_then(|policy| Some((policy, policy.intensity?))) else {
            continue;
        };
        let within = times.iter().filter(|at| line.at - **at <= policy.period).count();
        if within > most {
            found.push(format!("{line:?}: {within} within {:?}", policy.period));
        }
    }
    found
}

/// All groups below one, as they are called.
fn below(setting: &Setting, who: &str) -> Vec<String> {
    if who == ROOT {
        return setting.groups.iter().map(|group| format!("group {}", group.name)).collect();
    }
    let group = setting.groups.iter().find(|group| who == format!("group {}", group.name));
    let names =
        group.map_or(&[][..], |group| &group.rules.groups).iter().map(|name| format!("group {name}"));
    names.flat_map(|name| [below(setting, &name), vec![name]].concat()).collect()
}
