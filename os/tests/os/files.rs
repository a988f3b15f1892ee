//! Pid files and descriptors.

use std::fs;
use treeherd_os::fd::{count_open, set_cloexec, set_nonblocking};
use treeherd_os::pidfile::PidFile;

#[test]
fn a_pid_file_holds_our_pid_and_is_removed_by_us() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("supervisord.pid");
    fs::write(&path, "something much longer than a pid\n").unwrap();
    let file = PidFile::write(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
    assert_eq!(file.path(), path);
    assert!(file.remove().unwrap());
    assert!(!path.exists());
}

#[test]
fn a_pid_file_that_another_daemon_has_taken_over_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("supervisord.pid");
    let file = PidFile::write(&path).unwrap();
    fs::write(&path, "1\n").unwrap();
    assert!(!file.remove().unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
}

#[test]
fn a_pid_file_that_cannot_be_written_is_told_as_supervisor_tells_it() {
    let failed = PidFile::write("/no/such/place/x.pid".as_ref()).unwrap_err();
    assert_eq!(failed.to_string(), "could not write pidfile /no/such/place/x.pid");
    assert_eq!(failed.source.raw_os_error(), Some(libc::ENOENT));
}

#[test]
fn flags_of_a_descriptor_are_set_and_cleared() {
    let (read, _write) = nix::unistd::pipe().unwrap();
    let flags = |arg| nix::fcntl::fcntl(&read, arg).unwrap();
    for on in [true, false] {
        set_cloexec(&read, on).unwrap();
        set_nonblocking(&read, on).unwrap();
        assert_eq!(flags(nix::fcntl::FcntlArg::F_GETFD) == libc::FD_CLOEXEC, on);
        assert_eq!(flags(nix::fcntl::FcntlArg::F_GETFL) & libc::O_NONBLOCK != 0, on);
    }
    assert!(count_open().unwrap() >= 5);
}
