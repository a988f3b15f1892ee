//! Causes and spans of time in words.

use super::{Cause, End, Verdict};
use std::fmt;
use std::time::Duration;

/// A span as a person reads it: `400 ms`, `3.2 s`, `4 min 2 s`, `5 h 12 min`, `3 d 4 h`.
#[must_use]
pub fn span(span: Duration) -> String {
    let (seconds, millis) = (span.as_secs(), span.subsec_millis());
    let two = |large: u64, unit: &str, small: u64, minor: &str| match small {
        0 => format!("{large} {unit}"),
        small => format!("{large} {unit} {small} {minor}"),
    };
    match seconds {
        0 => format!("{millis} ms"),
        1..10 if millis >= 100 => format!("{seconds}.{} s", millis / 100),
        1..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds / 60 % 60, "min"),
        _ => two(seconds / 86_400, "d", seconds / 3600 % 24, "h"),
    }
}

/// How long ago something was.
#[must_use]
pub fn age(ago: Duration) -> String {
    match ago.as_millis() {
        0..1000 => "just now".to_owned(),
        _ => format!("{} ago", span(ago)),
    }
}

pub(super) fn cause(cause: &Cause, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match cause {
        Cause::Asked(by) => write!(f, "asked for: {by}"),
        Cause::Autostart(None) => f.write_str("autostart=true, the daemon had come up"),
        Cause::Autostart(Some(by)) => {
            write!(f, "autostart=true, its group was made active or changed: {by}")
        }
        Cause::Shutdown { restart, by } => {
            f.write_str(if *restart { "the daemon starts anew" } else { "the daemon ends" })?;
            by.iter().try_for_each(|by| write!(f, ": {by}"))
        }
        Cause::Removed => f.write_str("its group is not active any more"),
        Cause::Up(startsecs) => write!(f, "it was up for startsecs={}", startsecs.as_secs()),
        Cause::Spawned => f.write_str("the process was made"),
        Cause::NotSpawned { error, .. } => write!(f, "not spawned: {error}"),
        Cause::Ended(how) => end(how, f),
        Cause::Retry { failed } => write!(f, "another attempt after {}", failures(*failed)),
        Cause::GaveUp { failed } => {
            write!(f, "given up after {}, startretries are used up", failures(*failed))
        }
        Cause::Again => f.write_str("the second half of a restart"),
        Cause::Autorestart => f.write_str("autorestart after its end"),
        Cause::Kill => f.write_str("SIGKILL, as it did not end within stopwaitsecs"),
        Cause::OutOfReach(error) => f.write_str(error),
        Cause::Listener => f.write_str("the event listener did not answer as it must"),
        Cause::Rule { text, of, .. } => {
            f.write_str(text)?;
            of.iter().try_for_each(|of| write!(f, " ({} #{})", of.name, of.seq))
        }
    }
}

fn failures(failed: u32) -> String {
    match failed {
        1 => "1 failed attempt".to_owned(),
        n => format!("{n} failed attempts"),
    }
}

fn end(how: &End, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let End { status, verdict, lived, killed, signalled } = how;
    write!(f, "{status}")?;
    if let Some(lived) = lived {
        write!(f, " after {}", span(*lived))?;
    }
    match verdict {
        Verdict::Stopped => {}
        Verdict::Expected => f.write_str(", expected")?,
        Verdict::Unexpected => f.write_str(", not expected")?,
        Verdict::TooSoon(startsecs) => write!(f, ", too soon (startsecs={})", startsecs.as_secs())?,
    }
    if let Some(ago) = killed {
        write!(f, "; SIGKILL was sent {} before, as its time to stop was over", span(*ago))?;
    }
    if let Some(sent) = signalled {
        write!(f, "; {} was sent before: ", sent.signal)?;
        match sent.why.by() {
            Some(by) => write!(f, "{by}")?,
            None => cause(&sent.why, f)?,
        }
    }
    Ok(())
}
