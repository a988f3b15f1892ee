//! `[template:x]`: a program of which instances are made on request, with arguments.
//!
//! ```text
//! command environment     with %(arg_NAME)s: marks, which are filled in later      pattern
//! max_children intensity period escalate backoff stop_order ...                    the group of the instances
//! everything else that a [program:x] has                                           its instances
//! ```

use crate::keys::Keys;
use crate::program::{self, Shared};
use crate::strategy;
use crate::value::{self, ValueError};
use std::collections::BTreeSet;
use treeherd_domain::group::{GroupPolicy, StartUp};
use treeherd_domain::spec::{ProcessSpec, StopOrder};
use treeherd_domain::strategy::Strategy;
use treeherd_domain::template::{self, MAX_CHILDREN, TemplateSpec};

/// What a section says.
pub(crate) struct Template {
    pub(crate) priority: i64,
    pub(crate) spec: TemplateSpec,
    pub(crate) policy: GroupPolicy,
}

/// Reads a section; `None` if it is of no use, which is noted.
pub(crate) fn read(shared: &Shared<'_>, keys: &Keys<'_>) -> Option<Template> {
    let section = keys.section;
    let name = &section.name["template:".len()..];
    let priority = keys.get("priority", 999, value::integer);
    let max_children = keys.ours().get("max_children", MAX_CHILDREN, max_children);
    for key in [
        "numprocs",
        "numprocs_start",
        "process_name",
        "programs",
        "groups",
        "significant",
        "requires",
        "requires_restart",
        "strategy",
        "auto_shutdown",
        "start_failure",
    ] {
        if let Some(option) = keys.raw(key) {
            let message = format!("[{}] {key} has no meaning in a template", section.name);
            keys.refuse(
                option.span,
                message,
                "take it out: instances are spawned one by one, and named by their numbers",
            );
        }
    }
    let args = args(keys);
    let marks: Vec<(String, String)> =
        args.iter().map(|name| (format!("arg_{name}"), template::mark(name))).collect();
    let mut process = program::read_with(shared, section, name, &marks).into_iter().next()?;
    check(keys, &process);
    let policy = GroupPolicy {
        strategy: Strategy::OneForOne,
        start_up: StartUp::Never,
        stop_order: keys.get("stop_order", StopOrder::Parallel, strategy::stop_order),
        ..strategy::of_template(keys)
    };
    strategy::supervise(&mut process);
    let spec = TemplateSpec { process, args: args.into_iter().collect(), max_children };
    Some(Template { priority, spec, policy })
}

fn max_children(text: &str) -> Result<usize, ValueError> {
    match value::integer(text)? {
        few @ ..1 => Err(ValueError::Below(few, 1)),
        many @ 65_537.. => Err(ValueError::Above(many, 65_536)),
        number => Ok(usize::try_from(number).unwrap_or(MAX_CHILDREN)),
    }
}

/// The names of the arguments that `command` and `environment` have.
fn args(keys: &Keys<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for option in ["command", "environment"].iter().filter_map(|key| keys.raw(key)) {
        for after in option.value.split("%(arg_").skip(1) {
            let name = after.split(')').next().unwrap_or_default();
            if template::is_name(name) {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

/// Refuses arguments where they could do more than be arguments.
fn check(keys: &Keys<'_>, process: &ProcessSpec) {
    let section = &keys.section.name;
    if let Err(error) = template::check(&process.command) {
        let help = "give it as an argument of its own: /bin/sh -c '... \"$1\"' sh %(arg_NAME)s";
        let span = keys.raw("command").map_or(keys.section.span, |option| option.span);
        keys.refuse(span, format!("[{section}] {error}"), help);
    }
    // by way of %(ENV_x)s of the template's own environment
    let paths = [&process.stdout, &process.stderr].map(|stream| stream.logfile.to_string());
    let texts = paths.iter().chain(&process.directory);
    if texts.into_iter().any(|text| template::is_marked(text))
        || process.environment.keys().any(|key| template::is_marked(key))
    {
        let message = format!("[{section}] has an argument in a path or in the name of a variable");
        let help = "arguments can stand in command, and in the values of environment";
        keys.refuse(keys.section.span, message, help);
    }
}
