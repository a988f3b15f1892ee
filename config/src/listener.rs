//! `[eventlistener:x]`: a pool of event listeners, checked as Supervisor checks it.
//!
//! ```text
//! priority buffer_size result_handler events redirect_stderr protocol_error     the pool
//! everything that a [program:x] has                                            its processes
//! ```

use crate::keys::Keys;
use crate::program::{self, Shared};
use crate::value::{self, ValueError};
use std::sync::Arc;
use treeherd_domain::event::types::{EventSet, is_type};
use treeherd_domain::pool::ProtocolError;
use treeherd_domain::quote::repr;
use treeherd_domain::spec::{ListenerSpec, ProcessSpec};

const HANDLER: &str = "supervisor.dispatchers:default_handler";

/// What a section says.
pub(crate) struct Listeners<'a> {
    pub(crate) name: &'a str,
    pub(crate) priority: i64,
    pub(crate) spec: ListenerSpec,
    pub(crate) processes: Vec<Arc<ProcessSpec>>,
}

/// Reads a section. Errors are noted.
pub(crate) fn read<'a>(shared: &Shared<'_>, keys: &Keys<'a>) -> Listeners<'a> {
    let section = &keys.section.name;
    let priority = keys.get("priority", -1, value::integer);
    let buffer_size = buffer_size(keys, 10);
    if let Some(handler) = keys.text("result_handler").filter(|handler| handler != HANDLER) {
        let message = format!("{handler} cannot be resolved within [{section}]");
        keys.fail(
            "result_handler",
            message,
            format!("only {HANDLER} is built in; leave result_handler out"),
        );
    }
    let events = EventSet::of(events(keys, is_type).iter().map(String::as_str));
    if keys.get("redirect_stderr", false, value::boolean) {
        let message = format!(
            "[{section}] section sets redirect_stderr=true but this is not allowed because it will interfere \
             with the eventlistener protocol"
        );
        keys.fail("redirect_stderr", message, "take redirect_stderr out: stdout carries the protocol");
    }
    let name = &section["eventlistener:".len()..];
    let processes = program::read(shared, keys.section, name);
    let protocol_error = keys.get("protocol_error", ProtocolError::Restart, protocol_error);
    Listeners { name, priority, spec: ListenerSpec { events, buffer_size, protocol_error }, processes }
}

fn protocol_error(text: &str) -> Result<ProtocolError, ValueError> {
    match text.to_lowercase().as_str() {
        "restart" => Ok(ProtocolError::Restart),
        "unknown" => Ok(ProtocolError::Unknown),
        _ => Err(ValueError::ProtocolError(repr(text))),
    }
}

/// The names of `events`. Errors are noted.
pub(crate) fn events(keys: &Keys<'_>, is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let section = &keys.section.name;
    let written = keys.text("events");
    if keys.raw("events").is_some() && written.is_none() {
        return Vec::new();
    }
    let text = written.unwrap_or_default();
    if text.trim().is_empty() {
        let message = format!("[{section}] section requires an \"events\" line");
        keys.fail("events", message, "write events = PROCESS_STATE, or other events");
    }
    for event in value::list(&text).map(str::to_uppercase) {
        if !text.trim().is_empty() && !is_known(&event) {
            let message = format!("Unknown event type {event} in [{section}] events");
            let help = "name events such as PROCESS_STATE_EXITED or TICK_60";
            keys.fail_item("events", &event, message, help);
        }
    }
    value::list(&text).map(str::to_owned).collect()
}

/// `buffer_size`, or its default. An error is noted.
pub(crate) fn buffer_size(keys: &Keys<'_>, default: i64) -> usize {
    let section = &keys.section.name;
    let size = keys.get("buffer_size", default, value::integer);
    if size < 1 {
        let message = format!("[{section}] section sets invalid buffer_size ({size})");
        let help = format!("write the number of events that may wait, such as {default}");
        keys.fail("buffer_size", message, help);
    }
    usize::try_from(size).unwrap_or(1)
}
