//! Becoming a daemon, the umask, the pid file.

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, getpid, getsid, mkfifo};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use treeherd_domain::rotation::Rotation;
use treeherd_os::daemon::{DaemonizeError, chdir, daemonize, set_umask};
use treeherd_os::logfile::LogFile;
use treeherd_os::pidfile::PidFile;

pub(crate) fn a_daemon_has_its_own_session_and_no_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let report = directory.path().join("report");
    mkfifo(&report, nix::sys::stat::Mode::S_IRWXU).unwrap();
    // SAFETY: this process has one thread.
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => {
            daemonize().unwrap();
            chdir(Path::new("/usr")).unwrap();
            fs::write(&report, found()).unwrap();
            // SAFETY: ends the daemon without the temporary directory's clean-up.
            unsafe { libc::_exit(0) };
        }
        ForkResult::Parent { child } => {
            assert_eq!(waitpid(child, None).unwrap(), WaitStatus::Exited(child, 0), "the launcher");
            let text = fs::read_to_string(&report).unwrap();
            assert_eq!(text, "leads its session: true\n/usr\n/dev/null /dev/null /dev/null\n");
        }
    }
}

fn found() -> String {
    let leads = getsid(None).unwrap() == getpid();
    let streams = [0, 1, 2].map(|fd| fs::read_link(format!("/proc/self/fd/{fd}")).unwrap());
    let [stdin, stdout, stderr] = streams.each_ref().map(|path| path.display());
    let cwd = std::env::current_dir().unwrap();
    format!("leads its session: {leads}\n{}\n{stdin} {stdout} {stderr}\n", cwd.display())
}

pub(crate) fn a_process_with_threads_is_not_daemonized() {
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || stopped.recv());
    assert!(matches!(daemonize().unwrap_err(), DaemonizeError::Threads(2)));
    drop(stop);
    assert!(thread.join().unwrap().is_err());
}

pub(crate) fn files_are_made_with_the_umask() {
    let directory = tempfile::tempdir().unwrap();
    set_umask(0o027);
    assert_eq!(set_umask(0o026), 0o027);
    let log = directory.path().join("log");
    LogFile::open(&log, Rotation::NEVER).unwrap();
    let pid = PidFile::write(&directory.path().join("pid")).unwrap();
    for path in [log.as_path(), pid.path()] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o640, "{}", path.display());
    }
}

pub(crate) fn a_pid_file_is_not_removed_by_a_forked_child() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pid");
    let file = PidFile::write(&path).unwrap();
    // SAFETY: this process has one thread.
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => {
            let removed = file.remove().unwrap();
            // SAFETY: ends the child without the temporary directory's clean-up.
            unsafe { libc::_exit(i32::from(removed)) };
        }
        ForkResult::Parent { child } => {
            assert_eq!(waitpid(child, None).unwrap(), WaitStatus::Exited(child, 0));
            assert!(path.exists());
            assert!(file.remove().unwrap());
        }
    }
}
