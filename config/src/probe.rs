//! `[probe:x]`: something outside that programs may require (`requires=probe:x`). A section of ours.
//!
//! ```text
//! check interval timeout failures successes user
//! ```

use crate::expand::Vars;
use crate::format::Value;
use crate::health::{QUICKEST, SHORTEST, check, threshold};
use crate::keys::{Context, Keys};
use crate::program::checked_name;
use crate::raw::RawSection;
use crate::value;
use std::sync::Arc;
use treeherd_domain::health::ProbeSpec;
use treeherd_domain::spec::Environment;

/// Reads all probes, in the order of the file. Errors are noted.
pub(crate) fn read(context: &Context<'_>, environment: &Environment) -> Vec<Arc<ProbeSpec>> {
    let sections = context.raw.sections_with("probe:");
    sections.filter_map(|section| one(context, environment, section).map(Arc::new)).collect()
}

fn one(context: &Context<'_>, environment: &Environment, section: &RawSection) -> Option<ProbeSpec> {
    let names = vec![("host_node_name", Value::Text(&context.world.hostname))];
    let vars = Vars::new(names, vec![&context.world.environment, environment]);
    let keys = Keys { is_ours: true, ..Keys::new(context, section, vars) };
    let name = checked_name(&keys, &section.name["probe:".len()..], || keys.missing_name())?;
    let interval = keys.span("interval", SHORTEST);
    let timeout = keys.span("timeout", QUICKEST);
    let (failures, successes) = (threshold(&keys, "failures", 3), threshold(&keys, "successes", 1));
    let user = keys.value("user", |text| value::user(text, &keys.context.accounts));
    let help = "write check = tcp:db.example:5432, http://host:port/path or exec:command";
    if keys.raw("check").is_none() {
        keys.missing(format!("[{}] has no check", section.name), help);
        return None;
    }
    let check = check(&keys, "check")?;
    if !check.is_asked() {
        let message =
            format!("check: {} is for programs: nothing outside tells of itself", check.subject());
        keys.fail("check", message, help);
        return None;
    }
    let usual = ProbeSpec::new(name, check);
    Some(ProbeSpec {
        interval: interval.unwrap_or(usual.interval),
        timeout: timeout.unwrap_or(usual.timeout),
        failures,
        successes,
        user,
        ..usual
    })
}
