//! `[eventlistener:x]`: checked as Supervisor checks it. Absent: listeners are not run yet.
//!
//! ```text
//! priority buffer_size result_handler events redirect_stderr     the pool
//! everything that a [program:x] has                              its processes
//! ```

use crate::keys::Keys;
use crate::program::{self, Shared};
use crate::value;
use treeherd_domain::event::is_below;

const HANDLER: &str = "supervisor.dispatchers:default_handler";

/// What a listener may subscribe to: these, and what is above one of them.
const EVENTS: [&str; 20] = [
    "PROCESS_STATE_STOPPED",
    "PROCESS_STATE_EXITED",
    "PROCESS_STATE_STARTING",
    "PROCESS_STATE_STOPPING",
    "PROCESS_STATE_BACKOFF",
    "PROCESS_STATE_FATAL",
    "PROCESS_STATE_RUNNING",
    "PROCESS_STATE_UNKNOWN",
    "PROCESS_COMMUNICATION_STDOUT",
    "PROCESS_COMMUNICATION_STDERR",
    "PROCESS_LOG_STDOUT",
    "PROCESS_LOG_STDERR",
    "REMOTE_COMMUNICATION",
    "SUPERVISOR_STATE_CHANGE_RUNNING",
    "SUPERVISOR_STATE_CHANGE_STOPPING",
    "TICK_5",
    "TICK_60",
    "TICK_3600",
    "PROCESS_GROUP_ADDED",
    "PROCESS_GROUP_REMOVED",
];

/// Above events, but no class of them.
const NO_CLASSES: [&str; 4] = ["PROCESS", "REMOTE", "SUPERVISOR", "SUPERVISOR_STATE"];

/// Reads a section. Errors are noted.
pub(crate) fn check(shared: &Shared<'_>, keys: &Keys<'_>) {
    let section = &keys.section.name;
    keys.get("priority", -1, value::integer);
    let size = keys.get("buffer_size", 10, value::integer);
    if size < 1 {
        let message = format!("[{section}] section sets invalid buffer_size ({size})");
        keys.fail("buffer_size", message, "write the number of events that may wait, such as 10");
    }
    if let Some(handler) = keys.text("result_handler").filter(|handler| handler != HANDLER) {
        let message = format!("{handler} cannot be resolved within [{section}]");
        keys.fail(
            "result_handler",
            message,
            format!("only {HANDLER} is built in; leave result_handler out"),
        );
    }
    events(keys);
    if keys.get("redirect_stderr", false, value::boolean) {
        let message = format!(
            "[{section}] section sets redirect_stderr=true but this is not allowed because it will interfere \
             with the eventlistener protocol"
        );
        keys.fail("redirect_stderr", message, "take redirect_stderr out: stdout carries the protocol");
    }
    let pool = &section["eventlistener:".len()..];
    program::read(shared, keys.section, pool);
}

fn events(keys: &Keys<'_>) {
    let section = &keys.section.name;
    let written = keys.text("events");
    if keys.raw("events").is_some() && written.is_none() {
        return;
    }
    let text = written.unwrap_or_default();
    if text.trim().is_empty() {
        let message = format!("[{section}] section requires an \"events\" line");
        keys.fail("events", message, "write events = PROCESS_STATE, or other events");
    }
    for event in value::list(&text).map(str::to_uppercase) {
        if !text.trim().is_empty() && !is_event(&event) {
            let message = format!("Unknown event type {event} in [{section}] events");
            keys.fail_item(
                "events",
                &event,
                message,
                "name events such as PROCESS_STATE_EXITED or TICK_60",
            );
        }
    }
}

fn is_event(name: &str) -> bool {
    !NO_CLASSES.contains(&name) && EVENTS.iter().any(|event| is_below(event, name))
}
