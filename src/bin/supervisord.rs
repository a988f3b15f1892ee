//! `supervisord`: see [`treeherd::daemon`].

use std::process::ExitCode;

fn main() -> ExitCode {
    let argv: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    ExitCode::from(treeherd::daemon::main(&argv))
}
