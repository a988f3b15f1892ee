//! `[subscriber:x]` (ours): programs that are told of events, without a protocol of their own.
//!
//! ```text
//! priority events buffer_size          what they are told
//! everything that a [program:x] has    its processes
//! ```

use crate::keys::Keys;
use crate::listener::{buffer_size, events};
use crate::program::{self, Shared, checked_name};
use crate::value;
use std::sync::Arc;
use treeherd_domain::event::types::{EventSet, is_any_type};
use treeherd_domain::spec::{ProcessSpec, SubscriberSpec};

/// Events that wait for one process, if nothing is said.
const BUFFER: i64 = 1024;

/// What a section says.
pub(crate) struct Subscribers<'a> {
    pub(crate) name: &'a str,
    pub(crate) priority: i64,
    pub(crate) spec: SubscriberSpec,
    pub(crate) processes: Vec<Arc<ProcessSpec>>,
}

/// Reads a section. Errors are noted.
pub(crate) fn read<'a>(shared: &Shared<'_>, keys: &Keys<'a>) -> Option<Subscribers<'a>> {
    let text = &keys.section.name["subscriber:".len()..];
    let name = checked_name(keys, text, || keys.missing_name())?;
    let priority = keys.get("priority", -1, value::integer);
    let buffer_size = buffer_size(keys, BUFFER);
    let events = EventSet::of_any(events(keys, is_any_type).iter().map(String::as_str));
    let processes = program::read(shared, keys.section, name);
    Some(Subscribers { name, priority, spec: SubscriberSpec { events, buffer_size }, processes })
}
