//! slog in Supervisor's line format: `2026-11-22 14:52:16,363 INFO message`.
//!
//! Only the message is written: every fact stands in it, so that a line is what Supervisor's users know.
//! `blather` is slog's trace with the tag `blather`.

use slog::{Drain, Logger, Never, OwnedKVList, Record, o};
use std::fmt;
use std::sync::Arc;
use treeherd_actors::clock;
use treeherd_actors::mainlog::MainLog;
use treeherd_domain::level::Level;
use treeherd_os::clock::local_time;

/// Formats records up to a level and hands them to the log.
struct Lines {
    log: Arc<MainLog>,
    level: Level,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("level", &self.level).finish_non_exhaustive()
    }
}

fn level_of(record: &Record<'_>) -> Level {
    match record.level() {
        slog::Level::Critical => Level::Critical,
        slog::Level::Error => Level::Error,
        slog::Level::Warning => Level::Warn,
        slog::Level::Info => Level::Info,
        slog::Level::Debug => Level::Debug,
        slog::Level::Trace if record.tag() == "blather" => Level::Blather,
        slog::Level::Trace => Level::Trace,
    }
}

impl Drain for Lines {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), Never> {
        let level = level_of(record);
        if level <= self.level {
            self.log.line(line(level, &record.msg().to_string()));
        }
        Ok(())
    }
}

/// One line of the log.
#[must_use]
pub fn line(level: Level, message: &str) -> Vec<u8> {
    let now = local_time(clock::wall_ms());
    format!("{now} {} {message}\n", level.code()).into_bytes()
}

/// A logger that writes to this log what is at or above `level`.
pub fn logger(log: Arc<MainLog>, level: Level) -> Logger {
    Logger::root(Lines { log, level }, o!())
}

/// Writes a line at a level that is known only at run time.
pub fn at(log: &Logger, level: Level, message: &str) {
    match level {
        Level::Critical => slog::crit!(log, "{message}"),
        Level::Error => slog::error!(log, "{message}"),
        Level::Warn => slog::warn!(log, "{message}"),
        Level::Info => slog::info!(log, "{message}"),
        Level::Debug => slog::debug!(log, "{message}"),
        Level::Trace => slog::trace!(log, "{message}"),
        Level::Blather => slog::trace!(log, # "blather", "{message}"),
    }
}
