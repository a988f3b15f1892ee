//! Signals to the daemon: the news that some child has ended. What asks something of it is in
//! [`requests`](crate::requests).
//!
//! The news on Linux is a `signalfd`, read by the one thread that wants to know: a signal handler would wake
//! every thread of the daemon at each end of a program. For that `SIGCHLD` is blocked before the first
//! thread starts; a spawned program has its mask emptied. Elsewhere it is a signal handler. Absent: who
//! ended, and how (see [`reaper`](crate::reaper)).

#![allow(unsafe_code, reason = "registering a descriptor with the reactor, a disposition, a mask")]

use nix::sys::signal::{SigHandler, SigSet, Signal};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

#[cfg(all(target_os = "linux", not(feature = "portable")))]
mod news {
    use nix::sys::signal::{SigSet, Signal};
    use nix::sys::signalfd::{SfdFlags, SignalFd};
    use std::io;
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    fn child() -> SigSet {
        let mut set = SigSet::empty();
        set.add(Signal::SIGCHLD);
        set
    }

    pub(super) fn prepare() -> io::Result<()> {
        Ok(child().thread_block()?)
    }

    #[derive(Debug)]
    pub(super) struct News(AsyncFd<SignalFd>);

    impl News {
        pub(super) fn listen() -> io::Result<Self> {
            let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
            let signals = SignalFd::with_flags(&child(), flags)?;
            // SAFETY: the descriptor is the signalfd's own and stays open as long as the AsyncFd has it.
            Ok(Self(unsafe { AsyncFd::register_with_interest(signals, Interest::READABLE) }?))
        }

        pub(super) async fn next(&mut self) -> io::Result<()> {
            loop {
                let mut ready = self.0.readable().await?;
                match ready.get_inner().read_signal() {
                    Ok(Some(_)) => return Ok(()),
                    Ok(None) => ready.clear_ready(),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
}

#[cfg(not(all(target_os = "linux", not(feature = "portable"))))]
mod news {
    use std::io;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) fn prepare() -> io::Result<()> {
        Ok(())
    }

    #[derive(Debug)]
    pub(super) struct News(Signal);

    impl News {
        pub(super) fn listen() -> io::Result<Self> {
            signal(SignalKind::child()).map(Self)
        }

        pub(super) async fn next(&mut self) -> io::Result<()> {
            self.0.recv().await.ok_or_else(|| io::Error::other("the runtime's signal driver has ended"))
        }
    }
}

/// Prepares the process for [`ChildNews`]; before its first thread.
///
/// # Errors
/// What `sigaction(2)` or `pthread_sigmask(3)` says.
pub fn prepare() -> io::Result<()> {
    hear_of_children()?;
    news::prepare()
}

/// Whoever started us may have ignored `SIGCHLD`, which is inherited: the kernel would then throw the status
/// of every child away, and tell nobody of its end.
///
/// # Errors
/// What `sigaction(2)` says.
pub fn hear_of_children() -> io::Result<()> {
    // SAFETY: the default disposition runs no handler.
    unsafe { nix::sys::signal::signal(Signal::SIGCHLD, SigHandler::SigDfl) }?;
    Ok(())
}

/// Has a command begin with no signal blocked, whatever this thread blocks.
pub fn unblock_all_in(command: &mut Command) {
    let clear = || Ok(SigSet::empty().thread_set_mask()?);
    // SAFETY: between fork and exec it only calls pthread_sigmask(3), which is async-signal-safe.
    unsafe { command.pre_exec(clear) };
}

/// Ends of children, several at once told once.
#[derive(Debug)]
pub struct ChildNews(news::News);

impl ChildNews {
    /// Listens from now on, in the current runtime.
    ///
    /// # Errors
    /// What `signalfd(2)` or `sigaction(2)` says.
    pub fn listen() -> io::Result<Self> {
        news::News::listen().map(Self)
    }

    /// Waits until some child has ended.
    ///
    /// # Errors
    /// If the runtime is shutting down.
    pub async fn next(&mut self) -> io::Result<()> {
        self.0.next().await
    }
}
