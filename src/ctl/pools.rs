//! `events --pools`: what listeners and subscribers were told, and what they were not.
//!
//! One line for each pool of listeners and for each subscriber; with `--json` the groups as `group.list` tells them.
//! Absent: what the events were (`events`).

use crate::ctl::render;
use crate::ctl::session::{Outcome, Session};
use treeherd_rpc::api::GroupApiClient as _;
use treeherd_rpc::wire::{GroupInfo, PoolInfo, SubscriberInfo};

/// Shows them. `words` are names of groups; none: all.
pub(super) async fn show(session: &mut Session, words: &[String], json: bool) -> Outcome {
    session.server.require_ours("it has no group.list")?;
    let groups = session.call(async |client| client.group_list().await).await?;
    let has_one = |group: &&GroupInfo| group.pool.is_some() || group.subscribers.is_some();
    let group_of = |word: &str| word.trim_end_matches(":*").to_owned();
    let is_named =
        |name: &str| words.is_empty() || words.iter().any(|word| word == "all" || group_of(word) == name);
    let chosen: Vec<&GroupInfo> =
        groups.iter().filter(has_one).filter(|group| is_named(&group.name)).collect();
    match json {
        true => {
            let text = serde_json::to_string_pretty(&chosen).expect("a group has nothing that is no JSON");
            session.screen.line(text);
        }
        false => session.screen.bytes(table(&chosen).as_bytes()),
    }
    for word in words.iter().filter(|word| *word != "all") {
        if !chosen.iter().any(|group| group.name == group_of(word)) {
            session.fail(format!("{word}: ERROR (no such eventlistener or subscriber)"));
        }
    }
    Ok(())
}

/// A line for each, in columns.
fn table(groups: &[&GroupInfo]) -> String {
    let rows: Vec<(String, String)> = groups.iter().flat_map(|group| rows(group)).collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(name, rest)| format!("{name:width$}  {rest}\n")).collect()
}

fn rows(group: &GroupInfo) -> Vec<(String, String)> {
    let pool = group.pool.iter().map(|pool| (group.name.clone(), of_pool(pool)));
    let subscribers = group.subscribers.iter().flatten();
    let subscribers = subscribers.map(|one| (render::namespec(&group.name, &one.name), of_subscriber(one)));
    pool.chain(subscribers).collect()
}

fn of_pool(pool: &PoolInfo) -> String {
    let PoolInfo { events: _, buffer_size, waiting, accepted, processed, rejected, dropped, listeners } =
        pool;
    let listeners: Vec<String> =
        listeners.iter().map(|one| format!("{} {}", one.name, one.state)).collect();
    format!(
        "eventlistener  waiting {waiting}/{buffer_size}  accepted {accepted}  processed {processed}  rejected {rejected}  \
         dropped {dropped}  ({})",
        listeners.join(", ")
    )
}

fn of_subscriber(one: &SubscriberInfo) -> String {
    let SubscriberInfo { name: _, events: _, buffer_size, waiting, accepted, delivered, returned, dropped } =
        one;
    format!(
        "subscriber     waiting {waiting}/{buffer_size}  accepted {accepted}  delivered {delivered}  returned {returned}  \
         dropped {dropped}"
    )
}
