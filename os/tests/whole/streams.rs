//! The daemon's own standard streams: as log files, and missing.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use treeherd_domain::rotation::Rotation;
use treeherd_os::environment::BaseEnvironment;
use treeherd_os::logfile::{LogFile, clear_path};
use treeherd_os::spawn::{Launch, spawn};

pub(crate) fn our_own_streams_are_log_files_even_if_they_are_sockets() {
    let (mut reader, writer) = UnixStream::pair().unwrap();
    for target in [1, 2] {
        // SAFETY: puts an open socket in the place of a standard stream.
        assert_eq!(unsafe { libc::dup2(writer.as_raw_fd(), target) }, target);
    }
    drop(writer);
    let paths = ["/dev/stdout", "/dev/stderr", "/dev/fd/1", "/proc/self/fd/2"].map(Path::new);
    for path in paths {
        let mut log = LogFile::open(path, Rotation { maxbytes: 2, backups: 2 }).unwrap();
        log.write(format!("{}\n", path.display()).as_bytes()).unwrap();
        log.clear().unwrap();
        log.reopen().unwrap();
        clear_path(path).unwrap();
        log.write(b"on\n").unwrap();
        assert!(log.is_current() && !log.is_regular());
    }
    for target in [1, 2] {
        // SAFETY: nothing is written to the standard streams after this.
        unsafe { libc::close(target) };
    }
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let expected: Vec<String> = paths.iter().map(|path| format!("{}\non\n", path.display())).collect();
    assert_eq!(text, expected.concat());
}

pub(crate) fn a_child_has_its_pipes_even_if_we_have_no_streams() {
    for stream in [0, 1, 2] {
        // SAFETY: this process uses its standard streams only to panic, which then shows in its status.
        unsafe { libc::close(stream) };
    }
    let words = ["sh", "-c", "echo out; echo err >&2; ls /proc/$$/fd; cat"].map(str::to_owned).to_vec();
    let launch = Launch::new("/bin/sh", words, Arc::new(BaseEnvironment::of_this_process()));
    let spawned = spawn(&launch).unwrap();
    drop(spawned.stdin);
    let read = |fd| {
        treeherd_os::fd::set_nonblocking(&fd, false).unwrap();
        let mut text = String::new();
        File::from(fd).read_to_string(&mut text).unwrap();
        text
    };
    assert_eq!(read(spawned.stdout), "out\n0\n1\n2\n");
    assert_eq!(read(spawned.stderr.unwrap()), "err\n");
}
