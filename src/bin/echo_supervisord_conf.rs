//! `echo_supervisord_conf`: prints the sample configuration; arguments are ignored.

use std::io::{Write as _, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    // A reader that closes early (`| head`) has what it wants.
    let _ = stdout().write_all(treeherd::sample::CONF.as_bytes()).and_then(|()| stdout().flush());
    ExitCode::SUCCESS
}
