//! `probes`: what is asked of the world outside, and what it answers.
//!
//! ```text
//! mysql  red    tcp:db.example:3306  since 2026-11-23T01:02:03.456Z  tcp db.example:3306: connection refused
//!        required by web, api
//! ```
//!
//! Absent: who waits for it (`status`, `graph`), and when it changed (`events`).

use crate::ctl::session::{Outcome, Session};
use treeherd_rpc::api::ProbeApiClient as _;
use treeherd_rpc::wire::ProbeInfo;

/// `probes [--json] [<name> ...]`
pub(super) async fn probes(session: &mut Session, argument: &str) -> Outcome {
    let Some(arguments) = session.arguments("probes", argument, Ok) else { return Ok(()) };
    session.server.require_ours("it has no probe.list")?;
    let all = session.call(async |client| client.probe_list().await).await?;
    let own = |word: &String| word.strip_prefix("probe:").unwrap_or(word).to_owned();
    let words: Vec<String> = arguments.words.iter().map(own).collect();
    let is_named = |probe: &&ProbeInfo| words.is_empty() || words.contains(&probe.name);
    let shown: Vec<&ProbeInfo> = all.iter().filter(is_named).collect();
    if arguments.has("json") {
        let text = serde_json::to_string_pretty(&shown).expect("a probe has nothing that is no JSON");
        session.screen.line(text);
    } else {
        session.screen.bytes(table(&shown).as_bytes());
    }
    for word in words.iter().filter(|word| !all.iter().any(|probe| probe.name == **word)) {
        session.fail(format!("{word}: ERROR (no such probe)"));
    }
    Ok(())
}

/// Two lines for each at most, in columns.
#[must_use]
pub fn table(probes: &[&ProbeInfo]) -> String {
    let widest =
        |of: fn(&ProbeInfo) -> &str| probes.iter().map(|p| of(p).chars().count()).max().unwrap_or(0);
    let (name, check) = (widest(|probe| &probe.name), widest(|probe| &probe.check));
    let mut text = String::new();
    for probe in probes {
        let reason = probe.reason.as_deref().map_or_else(String::new, |reason| format!("  {reason}"));
        let (colour, since) = (colour(&probe.health), &probe.since);
        text += &format!(
            "{:name$}  {colour:7}  {:check$}  since {since}{}\n",
            probe.name,
            probe.check,
            reason.escape_debug()
        );
        if !probe.required_by.is_empty() {
            text += &format!("{:name$}  required by {}\n", "", probe.required_by.join(", "));
        }
    }
    text
}

fn colour(health: &str) -> &str {
    match health {
        "healthy" => "green",
        "unhealthy" => "red",
        other => other,
    }
}
