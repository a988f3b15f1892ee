//! What the tests share: small launches, and waits with a deadline.

use std::future::Future;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::exit::ExitStatus;
use treeherd_os::environment::BaseEnvironment;
use treeherd_os::spawn::{Launch, SetupFailure, Spawned, spawn};

/// Far beyond what anything here takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) fn base(variables: &[(&str, &str)]) -> Arc<BaseEnvironment> {
    let path = ("PATH", "/usr/bin:/bin");
    let all = [&[path], variables].concat();
    Arc::new(BaseEnvironment::new(all.into_iter().map(|(name, value)| (name.into(), value.into()))))
}

pub(crate) fn sh(script: &str) -> Launch {
    program("/bin/sh", &["sh", "-c", script])
}

pub(crate) fn program(file: &str, argv: &[&str]) -> Launch {
    Launch::new(file, argv.iter().map(|word| (*word).to_owned()).collect(), base(&[]))
}

/// A runtime for one test.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(DEADLINE, future).await.expect("the deadline") })
}

/// Everything until the last writer closes.
pub(crate) fn read_all(fd: OwnedFd) -> String {
    use nix::poll::{PollFd, PollFlags, poll};
    let mut file = std::fs::File::from(fd);
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, 20_000_u16) {
            // another test's child has ended
            Err(nix::Error::EINTR) => continue,
            ready => assert_eq!(ready, Ok(1), "nothing came; so far {all:?}"),
        }
        match file.read(&mut buffer) {
            Ok(0) => return String::from_utf8_lossy(&all).into_owned(),
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::Interrupted),
        }
    }
}

/// What came of a launch.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) pid: i32,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) failure: Option<SetupFailure>,
}

/// Runs to the end, with nothing on standard input.
pub(crate) fn run(launch: &Launch) -> Ran {
    let Spawned { process, stdin, stdout, stderr, failure, .. } = spawn(launch).unwrap();
    drop(stdin);
    let stdout = read_all(stdout);
    let stderr = stderr.map(read_all).unwrap_or_default();
    let status = block_on(process.wait()).unwrap();
    Ran { pid: process.pid(), status, stdout, stderr, failure }
}

/// Whether the test runs as root; says so where it cannot be done.
pub(crate) fn is_root() -> bool {
    let is_root = treeherd_os::user::current_uid() == 0;
    if !is_root {
        println!("skipped: only root can change the user");
    }
    is_root
}
