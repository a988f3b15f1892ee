//! `pidproxy <pidfile> <command> [args...]`: see [`treeherd::pidproxy`].

use std::io::{stderr, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let argv: Vec<_> = std::env::args_os().collect();
    ExitCode::from(treeherd::pidproxy::run(&argv, &mut stdout(), &mut stderr()))
}
