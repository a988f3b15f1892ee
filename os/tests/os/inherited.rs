//! Listening sockets that a child inherits: which descriptors it has, and what it is told of them.

use crate::support::{base, is_root, run, sh};
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use treeherd_domain::account::Owner;
use treeherd_domain::socket::{SocketAddress, SocketSpec};
use treeherd_os::fd::{duplicate, set_cloexec};
use treeherd_os::socket::{ShareError, SharedSocket};
use treeherd_os::spawn::{Inherited, Launch, SetupStage};
use treeherd_os::user;

/// A listener, and how `/proc` names it.
fn listener(directory: &Path, name: &str) -> (Inherited, String) {
    let fd = OwnedFd::from(UnixListener::bind(directory.join(name)).unwrap());
    let link = fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap();
    (Inherited { name: name.to_owned(), fd: Arc::new(fd) }, link.display().to_string())
}

const SHOW: &str = "echo $LISTEN_FDS $LISTEN_FDNAMES; test $LISTEN_PID = $$ && echo own; ls /proc/$$/fd; \
                    readlink /proc/$$/fd/3 /proc/$$/fd/4; true";

#[test]
fn a_child_has_its_sockets_in_their_order_and_its_own_number() {
    let directory = tempfile::tempdir().unwrap();
    let leaked = fs::File::open("/dev/null").unwrap();
    set_cloexec(&leaked, false).unwrap();
    let (web, web_link) = listener(directory.path(), "web");
    let (admin, admin_link) = listener(directory.path(), "admin");
    let launch = Launch { sockets: vec![web, admin], ..sh(SHOW) };
    let expected = format!("2 web:admin\nown\n0\n1\n2\n3\n4\n{web_link}\n{admin_link}\n");
    for _ in 0..2 {
        let ran = run(&launch);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (expected.as_str(), ""));
    }
}

#[test]
fn one_socket_may_be_inherited_beside_one_that_is_standard_input() {
    let directory = tempfile::tempdir().unwrap();
    let (web, link) = listener(directory.path(), "web");
    let mut launch = sh("readlink /proc/$$/fd/0 /proc/$$/fd/3");
    launch.stdin = treeherd_os::spawn::StdinFrom::Descriptor(Arc::clone(&web.fd));
    launch.sockets = vec![web];
    assert_eq!(run(&launch).stdout, format!("{link}\n{link}\n"));
}

#[test]
fn what_we_were_told_of_sockets_is_replaced_and_without_sockets_passed_on() {
    let directory = tempfile::tempdir().unwrap();
    let (web, _) = listener(directory.path(), "web");
    let mut launch = sh("env | grep ^LISTEN_ | sort; echo $$");
    launch.environment = base(&[("LISTEN_FDS", "7"), ("LISTEN_PID", "7"), ("LISTEN_FDNAMES", "x")]);
    launch.overrides = vec![("LISTEN_PID".to_owned(), "8".to_owned())];
    let ran = run(&launch);
    assert_eq!(ran.stdout, format!("LISTEN_FDNAMES=x\nLISTEN_FDS=7\nLISTEN_PID=8\n{}\n", ran.pid));
    launch.overrides.push(("LISTEN_FDS".to_owned(), "9".to_owned()));
    launch.sockets = vec![web];
    let ran = run(&launch);
    let pid = ran.pid;
    assert_eq!(ran.stdout, format!("LISTEN_FDNAMES=web\nLISTEN_FDS=1\nLISTEN_PID={pid}\n{pid}\n"));
}

#[test]
fn children_that_are_made_at_once_have_their_own_sockets_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (web, web_link) = listener(directory.path(), "web");
    let (admin, admin_link) = listener(directory.path(), "admin");
    let cases = [
        (vec![], "\n0\n1\n2\n".to_owned()),
        (vec![web.clone()], format!("1\n0\n1\n2\n3\n{web_link}\n")),
        (vec![admin, web], format!("2\n0\n1\n2\n3\n4\n{admin_link}\n{web_link}\n")),
    ];
    let spawner = |(sockets, expected): (Vec<Inherited>, String)| {
        thread::spawn(move || {
            let script = "echo $LISTEN_FDS; ls /proc/$$/fd; \
                          for n in 3 4; do readlink /proc/$$/fd/$n; done; true";
            let launch = Launch { sockets, ..sh(script) };
            for _ in 0..40 {
                assert_eq!(run(&launch).stdout, expected);
            }
        })
    };
    cases.map(spawner).into_iter().for_each(|spawner| spawner.join().unwrap());
}

#[test]
fn many_sockets_are_all_there_and_more_than_the_limit_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let (web, link) = listener(directory.path(), "web");
    let copy = |_| Inherited { name: "web".to_owned(), fd: Arc::clone(&web.fd) };
    let launch = Launch {
        sockets: (0..300).map(copy).collect(),
        ..sh("echo $LISTEN_FDS; readlink /proc/$$/fd/302")
    };
    assert_eq!(run(&launch).stdout, format!("300\n{link}\n"));
    let least = i32::try_from(
        nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).unwrap().0,
    );
    if let Ok(least) = least {
        assert!(duplicate(web.fd.as_fd(), least).is_err(), "the limit is what bounds them");
    }
}

#[test]
fn a_child_that_becomes_another_user_has_its_sockets() {
    if !is_root() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (web, link) = listener(directory.path(), "web");
    let mut launch = sh("id -u; test $LISTEN_PID = $$ && echo own; readlink /proc/self/fd/3");
    let nobody = user::lookup("nobody").unwrap().unwrap();
    launch.credentials = Some(nobody.clone());
    launch.sockets = vec![web];
    assert_eq!(run(&launch).stdout, format!("{}\nown\n{link}\n", nobody.uid));
    launch.directory = Some("/nowhere".to_owned());
    assert_eq!(run(&launch).failure.unwrap().stage, SetupStage::Directory);
}

fn spec(path: &Path) -> SocketSpec {
    let address = SocketAddress::Unix(path.to_owned());
    SocketSpec { address, backlog: None, owner: None, user: None, mode: 0o700 }
}

#[test]
fn a_socket_takes_another_mode_and_owner_while_it_listens() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let socket = SharedSocket::make(&spec(&path)).unwrap();
    let flags = nix::fcntl::fcntl(socket.fd(), nix::fcntl::FcntlArg::F_GETFD).unwrap();
    assert_eq!(flags, libc::FD_CLOEXEC);
    let waits = UnixStream::connect(&path).unwrap();
    let before = fs::symlink_metadata(&path).unwrap();
    let owner = is_root().then_some(Owner { uid: Some(65_534), gid: Some(65_534) });
    socket.fit(&SocketSpec { mode: 0o660, owner, backlog: Some(1), ..spec(&path) }).unwrap();
    let after = fs::symlink_metadata(&path).unwrap();
    assert_eq!((after.ino(), after.permissions().mode() & 0o777), (before.ino(), 0o660));
    assert_eq!(after.uid(), if is_root() { 65_534 } else { before.uid() });
    // whoever waited is accepted, and it can be given away a second time
    let listener = UnixListener::from(socket.fd().try_clone().unwrap());
    listener.accept().unwrap();
    drop(waits);
    socket.fit(&SocketSpec { mode: 0o600, ..spec(&path) }).unwrap();
    assert_eq!(fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_at_which_somebody_listens_is_left_alone_and_a_stale_one_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let other = UnixListener::bind(&path).unwrap();
    let before = fs::symlink_metadata(&path).unwrap().ino();
    let refused = SharedSocket::make(&spec(&path)).unwrap_err();
    assert_eq!(refused.to_string(), "[Errno 98] Address already in use");
    assert_eq!(refused.hint(), "stop the program that listens there, or change socket=");
    assert_eq!(fs::symlink_metadata(&path).unwrap().ino(), before);
    // a child that another test is just making holds a copy of every listener until its execve
    drop(other);
    let made = std::iter::repeat_with(|| SharedSocket::make(&spec(&path)))
        .take(10_000)
        .find_map(|made| made.map_err(|_| thread::sleep(std::time::Duration::from_millis(1))).ok());
    assert!(made.is_some() && fs::symlink_metadata(&path).unwrap().file_type().is_socket());
}

#[test]
fn a_path_that_is_too_long_and_one_that_is_no_socket_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let refused = SharedSocket::make(&spec(&directory.path().join("s".repeat(120)))).unwrap_err();
    assert_eq!(refused.to_string(), "[Errno 36] File name too long");
    assert!(refused.hint().starts_with("shorten the path"), "{}", refused.hint());
    let file = directory.path().join("data");
    fs::write(&file, "precious").unwrap();
    let refused = SharedSocket::make(&spec(&file)).unwrap_err();
    assert!(matches!(refused, ShareError::NotASocket), "{refused}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
}
