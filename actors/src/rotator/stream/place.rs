//! Which file a stream is written to.

use crate::estate::LogSettings;
use std::io;
use std::path::PathBuf;
use treeherd_domain::name::Namespec;
use treeherd_domain::stream::{Logfile, Stream, StreamSpec};
use treeherd_os::autolog;

/// The log of a stream; an AUTO file is made. What went wrong with it is the second.
pub(super) fn place(
    namespec: &Namespec,
    stream: Stream,
    spec: &StreamSpec,
    logs: &LogSettings,
) -> (Option<PathBuf>, Option<String>) {
    if spec.logfile != Logfile::Auto {
        return (spec.logfile.path().cloned(), None);
    }
    match autolog::create_auto(namespec.process.as_str(), stream, &logs.identifier, &logs.childlogdir) {
        Ok(path) => (Some(path), None),
        Err(error) => (None, Some(auto_trouble(namespec, stream, logs, &error))),
    }
}

fn auto_trouble(namespec: &Namespec, stream: Stream, logs: &LogSettings, error: &io::Error) -> String {
    format!(
        "could not create the AUTO log of {namespec} ({stream}) in {}: {error}; its output is not kept: \
         make the directory writable or set {stream}_logfile, then restart the program",
        logs.childlogdir.display()
    )
}
