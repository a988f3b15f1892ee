//! Listening sockets: complete when they appear, never taken from another, never over a file.

use nix::sys::socket::{getsockopt, sockopt};
use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use treeherd_domain::account::Owner;
use treeherd_os::socket::{BindError, BoundUnix, bind_inet, bind_unix};

const IN_USE: &str = "Another program is already listening on a port that one of our HTTP servers is \
                      configured to use.  Shut this program down first before starting supervisord.";

fn scratch() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("supervisor.sock");
    (directory, file)
}

fn names(directory: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap().map(Result::unwrap);
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// Waits until nobody listens: a child that another test is just starting holds every listener until
/// its `execve`.
fn until_refused(file: &Path) {
    let tries = std::iter::repeat_with(|| UnixStream::connect(file)).take(10_000);
    let refused = tries.map(|connected| {
        connected.map(|_| std::thread::sleep(Duration::from_millis(1))).map_err(|error| error.kind())
    });
    assert!(refused.into_iter().any(|answer| answer == Err(ErrorKind::ConnectionRefused)));
}

#[test]
fn a_unix_socket_appears_with_its_mode_and_owner_and_answers() {
    let (directory, file) = scratch();
    let owner = Owner { uid: Some(treeherd_os::user::current_uid()), gid: None };
    let BoundUnix { listener, notice, file: ours } = bind_unix(&file, 0o640, Some(owner)).unwrap();
    assert_eq!(notice, None);
    let there = fs::metadata(&file).unwrap();
    assert!(there.file_type().is_socket());
    assert_eq!((there.permissions().mode() & 0o777, there.uid()), (0o640, owner.uid.unwrap()));
    assert_eq!(names(&directory), ["supervisor.sock"], "the temporary name is gone");
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "it does not block");
    let flags = nix::fcntl::fcntl(listener.as_fd(), nix::fcntl::FcntlArg::F_GETFD).unwrap();
    assert_eq!(flags, libc::FD_CLOEXEC);
    let _client = UnixStream::connect(&file).unwrap();
    listener.accept().unwrap();
    assert_eq!(ours.path(), file);
    assert!(ours.remove().unwrap());
    assert!(names(&directory).is_empty());
}

#[test]
fn a_stale_socket_is_replaced_and_told() {
    let (directory, file) = scratch();
    drop(UnixListener::bind(&file).unwrap());
    until_refused(&file);
    let bound = bind_unix(&file, 0o700, None).unwrap();
    assert_eq!(bound.notice, Some(format!("Unlinking stale socket {}", file.display())));
    UnixStream::connect(&file).unwrap();
    assert_eq!(names(&directory).len(), 1);
}

#[test]
fn a_socket_in_use_is_left_alone_even_if_nobody_ever_answers() {
    let (directory, file) = scratch();
    let _mute = UnixListener::bind(&file).unwrap();
    let inode = fs::metadata(&file).unwrap().ino();
    let refused = bind_unix(&file, 0o700, None).unwrap_err();
    assert!(matches!(refused, BindError::InUse { .. }));
    assert_eq!(refused.to_string(), IN_USE);
    assert!(refused.hint().contains(file.to_str().unwrap()));
    assert_eq!((fs::metadata(&file).unwrap().ino(), names(&directory).len()), (inode, 1));
}

#[test]
fn a_socket_of_another_kind_in_use_is_left_alone() {
    let (_directory, file) = scratch();
    let _datagrams = UnixDatagram::bind(&file).unwrap();
    assert!(matches!(bind_unix(&file, 0o700, None).unwrap_err(), BindError::InUse { .. }));
}

#[test]
fn a_file_or_a_directory_of_that_name_is_refused_and_kept() {
    let (directory, file) = scratch();
    fs::write(&file, "precious").unwrap();
    let refused = bind_unix(&file, 0o700, None).unwrap_err();
    assert!(matches!(refused, BindError::NotASocket { .. }));
    assert_eq!(
        refused.to_string(),
        "Cannot open an HTTP server: socket.error reported errno.ENOTSOCK (88)"
    );
    assert!(refused.hint().contains("move it away"));
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    assert_eq!(names(&directory).len(), 1);
    let refused = bind_unix(directory.path(), 0o700, None).unwrap_err();
    assert!(matches!(refused, BindError::NotASocket { .. }));
}

#[test]
fn the_longest_path_that_an_address_holds_works_and_one_byte_more_is_refused() {
    let (directory, _) = scratch();
    let room = 107 - directory.path().as_os_str().len() - 1;
    let longest = directory.path().join("s".repeat(room));
    let bound = bind_unix(&longest, 0o700, None).unwrap();
    UnixStream::connect(&longest).unwrap();
    assert_eq!(names(&directory).len(), 1);
    assert!(bound.file.remove().unwrap());
    let refused = bind_unix(&directory.path().join("s".repeat(room + 1)), 0o700, None).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "Cannot open an HTTP server: socket.error reported AF_UNIX path too long"
    );
    assert!(refused.hint().contains("107"), "{}", refused.hint());
}

#[test]
fn a_directory_that_is_not_there_is_told_by_errno() {
    let (_directory, file) = scratch();
    let refused = bind_unix(&file.join("x"), 0o700, None).unwrap_err();
    assert_eq!(refused.to_string(), "Cannot open an HTTP server: socket.error reported errno.ENOENT (2)");
}

#[test]
fn the_file_of_a_successor_is_not_removed() {
    let (_directory, file) = scratch();
    let first = bind_unix(&file, 0o700, None).unwrap();
    drop(first.listener);
    until_refused(&file);
    let second = bind_unix(&file, 0o700, None).unwrap();
    assert!(second.notice.is_some());
    assert!(!first.file.remove().unwrap());
    UnixStream::connect(&file).unwrap();
    assert!(second.file.remove().unwrap());
}

#[test]
fn tcp_listens_on_literals_names_and_everything() {
    let hosts = ["127.0.0.1", "localhost", "", "*", "::1", "[::1]"];
    for host in hosts {
        let listener = match bind_inet(host, 0) {
            Err(BindError::Failed { source, .. })
                if matches!(source.raw_os_error(), Some(libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT)) =>
            {
                println!("skipped {host}: this machine has no IPv6");
                continue;
            }
            bound => bound.unwrap(),
        };
        let mut address: SocketAddr = listener.local_addr().unwrap();
        assert_eq!(address.ip().is_unspecified(), matches!(host, "" | "*"), "{host}");
        if address.ip().is_unspecified() {
            address.set_ip([127, 0, 0, 1].into());
        }
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        TcpStream::connect(address).unwrap();
    }
}

#[test]
fn a_client_that_vanished_is_noticed() {
    let listener = bind_inet("127.0.0.1", 0).unwrap();
    listener.set_nonblocking(false).unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    assert!(getsockopt(&accepted, sockopt::KeepAlive).unwrap());
}

#[test]
fn a_tcp_port_in_use_and_an_unknown_host_are_told_as_supervisor_tells_them() {
    let taken = bind_inet("127.0.0.1", 0).unwrap();
    let refused = bind_inet("127.0.0.1", taken.local_addr().unwrap().port()).unwrap_err();
    assert_eq!(refused.to_string(), IN_USE);
    let unknown = bind_inet("no.such.host.invalid", 9001).unwrap_err();
    assert_eq!(unknown.to_string(), "Cannot open an HTTP server: socket.error reported -2");
    let foreign = bind_inet("192.0.2.1", 9001).unwrap_err();
    assert_eq!(
        foreign.to_string(),
        "Cannot open an HTTP server: socket.error reported errno.EADDRNOTAVAIL (99)"
    );
}
