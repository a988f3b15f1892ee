//! Strangers are reaped, and nobody else.

use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::exit::ExitStatus;
use treeherd_os::environment::BaseEnvironment;
use treeherd_os::reaper::{Strangers, become_subreaper, reap_strangers};
use treeherd_os::spawn::{Launch, Spawned, spawn};

fn sh(script: &str) -> Spawned {
    let words = ["sh", "-c", script].map(str::to_owned).to_vec();
    spawn(&Launch::new("/bin/sh", words, Arc::new(BaseEnvironment::of_this_process()))).unwrap()
}

/// Waits for the end of a child without taking its status.
fn until_dead(pid: i32) {
    waitid(Id::Pid(Pid::from_raw(pid)), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
}

fn reap_none(is_managed: &dyn Fn(i32) -> bool) -> bool {
    let Strangers { reaped, blocked } = reap_strangers(is_managed).unwrap();
    assert_eq!(reaped, []);
    blocked
}

pub(crate) fn a_strangers_status_is_taken_and_told() {
    become_subreaper().unwrap();
    assert!(!reap_none(&|_| false), "no children at all is no error");
    let Spawned { process, stdin, .. } = sh("exec 3<&0; (read line <&3; exit 9) & exit 3");
    until_dead(process.pid());
    assert_eq!(process.try_wait().unwrap(), Some(ExitStatus::Code(3)));
    assert!(!reap_none(&|_| false), "the orphan still reads");
    drop(stdin);
    waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
    let strangers = reap_strangers(&|_| false).unwrap();
    let [(pid, status)] = strangers.reaped[..] else { panic!("{strangers:?}") };
    assert_ne!(pid, process.pid());
    assert_eq!((status, strangers.blocked), (ExitStatus::Code(9), false));
}

pub(crate) fn a_child_of_ours_keeps_its_status() {
    let processes = [5, 6].map(|code| sh(&format!("exit {code}")).process);
    for process in &processes {
        until_dead(process.pid());
    }
    assert!(!reap_none(&|_| false));
    for (process, code) in processes.iter().zip([5, 6]) {
        assert_eq!(process.try_wait().unwrap(), Some(ExitStatus::Code(code)));
    }
    let dropped = sh("exit 7").process;
    let pid = dropped.pid();
    drop(dropped);
    until_dead(pid);
    assert_eq!(reap_strangers(&|_| false).unwrap().reaped, [(pid, ExitStatus::Code(7))]);
}

pub(crate) fn a_managed_child_is_not_touched() {
    let mut managed = Command::new("/bin/sh").args(["-c", "exit 6"]).stdin(Stdio::null()).spawn().unwrap();
    let pid = i32::try_from(managed.id()).unwrap();
    until_dead(pid);
    assert!(reap_none(&|other| other == pid));
    assert_eq!(managed.wait().unwrap().code(), Some(6));
}

pub(crate) fn spawning_and_reaping_at_once_lose_no_status() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let reaper = std::thread::spawn(move || {
        let mut strangers = 0;
        while stopped
            .recv_timeout(Duration::from_micros(50))
            .is_err_and(|e| matches!(e, std::sync::mpsc::RecvTimeoutError::Timeout))
        {
            strangers += reap_strangers(&|_| false).unwrap().reaped.len();
        }
        strangers
    });
    for code in 0..200 {
        let process = sh(&format!("exit {code}")).process;
        let wait = async { tokio::time::timeout(Duration::from_secs(20), process.wait()).await };
        assert_eq!(runtime.block_on(wait).unwrap().unwrap(), ExitStatus::Code(code));
    }
    drop(stop);
    assert_eq!(reaper.join().unwrap(), 0);
}

pub(crate) fn no_status_is_lost_if_we_were_started_with_sigchld_ignored() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    // SAFETY: to be ignored runs no handler.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }.unwrap();
    treeherd_os::signals::prepare().unwrap();
    let process = sh("exit 4").process;
    until_dead(process.pid());
    assert_eq!(process.try_wait().unwrap(), Some(ExitStatus::Code(4)));
}
