//! How long a spawn takes: this crate, and the standard library for comparison.
//!
//! `cargo run --release -p treeherd-os --example spawn_latency [spawns] [megabytes to hold]`
#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use treeherd_os::environment::BaseEnvironment;
use treeherd_os::spawn::{Launch, spawn};
use treeherd_os::user;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let count = arguments.next().unwrap_or(1000);
    let held = vec![1_u8; arguments.next().unwrap_or(0) << 20];
    let words = vec!["true".to_owned()];
    let mut launch = Launch::new("/bin/true", words, Arc::new(BaseEnvironment::of_this_process()));
    report("treeherd, plain", count, || ours(&launch))?;
    launch.overrides = vec![("SUPERVISOR_ENABLED".to_owned(), "1".to_owned())];
    launch.directory = Some("/".to_owned());
    launch.umask = Some(0o022);
    launch.credentials = user::lookup("nobody")?.filter(|_| user::current_uid() == 0);
    report("treeherd, user, directory, umask", count, || ours(&launch))?;
    report("std, plain", count, || std_command(&mut Command::new("/bin/true")))?;
    let mut command = Command::new("/bin/true");
    command.current_dir("/");
    if user::current_uid() == 0 {
        std::os::unix::process::CommandExt::uid(&mut command, 65534);
    }
    report("std, user, directory", count, || std_command(&mut command))?;
    writeln!(io::stdout(), "({} bytes held)", held.len())
}

fn report(name: &str, count: usize, spawn: impl FnMut() -> io::Result<Duration>) -> io::Result<()> {
    let mut times = std::iter::repeat_with(spawn).take(count).collect::<io::Result<Vec<_>>>()?;
    times.sort();
    let at = |part: usize| times[times.len() * part / 100].as_micros();
    writeln!(io::stdout(), "{name:34} p50 {:5} us  p90 {:5} us  p99 {:5} us", at(50), at(90), at(99))
}

/// The time until the call returns; the end is then awaited.
fn ours(launch: &Launch) -> io::Result<Duration> {
    let start = Instant::now();
    let spawned = spawn(launch).map_err(io::Error::other)?;
    let took = start.elapsed();
    while spawned.process.try_wait()?.is_none() {
        std::thread::yield_now();
    }
    Ok(took)
}

fn std_command(command: &mut Command) -> io::Result<Duration> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn()?;
    let took = start.elapsed();
    child.wait()?;
    Ok(took)
}
