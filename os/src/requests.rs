//! Signals that ask something of the daemon, and who sent them.
//!
//! ```text
//!   kill(2) ──► blocked in every thread, from before the first ──► signalfd ──► Request { signal, pid, uid }
//! ```
//!
//! They wait, blocked, until somebody listens, so that none comes too early; a spawned program has its mask emptied.
//! On Linux the kernel tells the sender. Elsewhere a handler takes them, and nobody knows whose they are. Absent: what
//! is done about them.

#![allow(unsafe_code, reason = "dispositions of signals; registering a descriptor with the reactor")]

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal as Raw, sigaction};
use std::io;
use treeherd_domain::signal::Signal;

/// The signals that ask for something, or seem to.
const ALL: [Raw; 6] = [Raw::SIGTERM, Raw::SIGINT, Raw::SIGQUIT, Raw::SIGHUP, Raw::SIGUSR1, Raw::SIGUSR2];

fn set() -> SigSet {
    ALL.into_iter().collect()
}

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// The end: TERM, INT, QUIT.
    End,
    /// An end and a new beginning: HUP.
    Restart,
    /// That the logs are opened anew: USR2.
    Reopen,
    /// Nothing: USR1, which means that to many programs and would be the end of this one by default.
    Nothing,
}

/// A signal that was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// Which.
    pub signal: Signal,
    /// What it asks for.
    pub wish: Wish,
    /// The process and the user that sent it, where the kernel tells: not for those that it sends itself (Ctrl-C), nor
    /// for those from outside of this process's namespace.
    pub sender: Option<(i32, u32)>,
}

impl Request {
    fn new(number: i32, sender: Option<(i32, u32)>) -> Self {
        let wish = match Raw::try_from(number) {
            Ok(Raw::SIGHUP) => Wish::Restart,
            Ok(Raw::SIGUSR2) => Wish::Reopen,
            Ok(Raw::SIGUSR1) => Wish::Nothing,
            _ => Wish::End,
        };
        Self { signal: Signal::from_number(number), wish, sender }
    }
}

/// Has these signals wait until somebody takes them. Before the first thread, and between two trees. Whoever started us may
/// have ignored some of them, which is inherited, and would throw them away. SIGXFSZ asks for nothing and is ignored: a file
/// that may not grow any more (`RLIMIT_FSIZE`) is an error of its write then, and not the end of the daemon.
///
/// # Errors
/// What `pthread_sigmask(3)` or `sigaction(2)` says.
pub fn hold() -> io::Result<()> {
    set().thread_block()?;
    let ignored = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler is run.
    unsafe { sigaction(Raw::SIGXFSZ, &ignored) }?;
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for signal in ALL {
        // SAFETY: the default disposition runs no handler.
        let before = unsafe { sigaction(signal, &default) }?;
        if !matches!(before.handler(), SigHandler::SigDfl | SigHandler::SigIgn) {
            // a handler of the tree before, which the runtime sets up once only
            // SAFETY: it was there a moment ago, and none of these signals is let through meanwhile.
            unsafe { sigaction(signal, &before) }?;
        }
    }
    Ok(())
}

/// Those that come from now on, and those that wait.
#[derive(Debug)]
pub struct Requests(imp::Requests);

impl Requests {
    /// Listens, in the current runtime, on the thread that may be interrupted by them.
    ///
    /// # Errors
    /// What `signalfd(2)` or `sigaction(2)` says; then they have their default action.
    pub fn listen() -> io::Result<Self> {
        imp::Requests::listen().map(Self).inspect_err(|_| _ = set().thread_unblock())
    }

    /// The next one.
    ///
    /// # Errors
    /// If the runtime is shutting down.
    pub async fn next(&mut self) -> io::Result<Request> {
        self.0.next().await
    }
}

#[cfg(all(target_os = "linux", not(feature = "portable")))]
mod imp {
    use super::Request;
    use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};
    use std::io;
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    #[derive(Debug)]
    pub(super) struct Requests(AsyncFd<SignalFd>);

    impl Requests {
        pub(super) fn listen() -> io::Result<Self> {
            let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
            let signals = SignalFd::with_flags(&super::set(), flags)?;
            // SAFETY: the descriptor is the signalfd's own and stays open as long as the AsyncFd has it.
            Ok(Self(unsafe { AsyncFd::register_with_interest(signals, Interest::READABLE) }?))
        }

        pub(super) async fn next(&mut self) -> io::Result<Request> {
            loop {
                let mut ready = self.0.readable().await?;
                match ready.get_inner().read_signal() {
                    Ok(Some(info)) => return Ok(request(&info)),
                    Ok(None) => ready.clear_ready(),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    fn request(info: &siginfo) -> Request {
        let number = i32::try_from(info.ssi_signo).unwrap_or(0);
        // SI_USER, SI_QUEUE, SI_TKILL: by a process; above are those of the kernel
        let pid = i32::try_from(info.ssi_pid).ok().filter(|pid| *pid > 0 && info.ssi_code <= 0);
        Request::new(number, pid.map(|pid| (pid, info.ssi_uid)))
    }
}

#[cfg(not(all(target_os = "linux", not(feature = "portable"))))]
mod imp {
    use super::Request;
    use std::future::poll_fn;
    use std::io;
    use std::task::Poll;
    use tokio::signal::unix::{Signal as Handled, SignalKind, signal};

    #[derive(Debug)]
    pub(super) struct Requests(Vec<(i32, Handled)>);

    impl Requests {
        pub(super) fn listen() -> io::Result<Self> {
            let numbers = super::ALL.into_iter().map(|raw| raw as i32);
            let handled = numbers.map(|number| Ok((number, signal(SignalKind::from_raw(number))?)));
            let handled = handled.collect::<io::Result<_>>()?;
            super::set().thread_unblock()?;
            Ok(Self(handled))
        }

        pub(super) async fn next(&mut self) -> io::Result<Request> {
            poll_fn(|context| {
                for (number, handled) in &mut self.0 {
                    if let Poll::Ready(come) = handled.poll_recv(context) {
                        let over = || io::Error::other("the runtime's signal driver has ended");
                        let request = Request::new(*number, None);
                        return Poll::Ready(come.map(|()| request).ok_or_else(over));
                    }
                }
                Poll::Pending
            })
            .await
        }
    }
}
