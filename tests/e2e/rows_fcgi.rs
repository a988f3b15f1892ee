//! Programs with a socket in the place of their standard input, row by row.

use crate::harness::{Herd, Plan, free_port, reference, root, until};
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use serde_json::json;
use std::fs;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Tells what its standard input is, and stays.
const SHOW: &str = "/bin/sh -c 'readlink /proc/self/fd/0; exec sleep 60'";

fn section(name: &str, socket: &str, more: &str) -> String {
    format!("[fcgi-program:{name}]\ncommand={SHOW}\nsocket={socket}\nstartsecs=0\n{more}\n")
}

/// The inodes of the sockets that processes have as their standard input, by their logs.
#[track_caller]
fn inputs(herd: &Herd, count: usize) -> Vec<String> {
    until("sockets", || {
        let lines: Vec<String> =
            herd.log().into_iter().filter(|line| line.starts_with("socket:[")).collect();
        (lines.len() >= count).then_some(lines)
    })
}

#[test]
fn the_processes_of_a_program_share_one_socket() {
    let port = free_port();
    let text =
        section("tcp", &format!("tcp://LOCALHOST:{port}"), "numprocs=2\nprocess_name=t%(process_num)d")
            + &section("unix", "unix://{dir}/u.sock", "numprocs=2\nprocess_name=u%(process_num)d");
    let herd = Herd::start(&text);
    let mut inodes = inputs(&herd, 4);
    inodes.sort();
    assert!(inodes[0] == inodes[1] && inodes[2] == inodes[3] && inodes[1] != inodes[2], "{inodes:?}");
    TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    UnixStream::connect(herd.path("u.sock")).expect("somebody listens");
    // once to try it, once to use it
    herd.assert_count(&format!("INFO Creating socket tcp://localhost:{port}"), 2);
    herd.assert_count(&format!("INFO Closing socket tcp://localhost:{port}"), 1);
    let answer = herd.call("supervisor.sendProcessStdin", json!(["tcp:t0", "x"]));
    assert!(format!("{answer:?}").contains("NO_FILE"), "{answer:?}");
    herd.ctl("stop tcp:t0");
    herd.assert_count(&format!("INFO Closing socket tcp://localhost:{port}"), 1);
    herd.ctl("stop tcp:t1");
    until("closed", || {
        (herd.count(&format!("INFO Closing socket tcp://localhost:{port}")) == 2).then_some(())
    });
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    herd.ctl("stop unix:*");
    until("closed", || UnixStream::connect(herd.path("u.sock")).is_err().then_some(()));
    assert!(herd.path("u.sock").exists(), "the file stays");
    herd.end();
}

/// The owner, group and mode of a file.
fn dress(path: &Path) -> (u32, u32, u32) {
    let file = fs::symlink_metadata(path).expect("the socket is there");
    (file.uid(), file.gid(), file.permissions().mode() & 0o7777)
}

#[test]
fn the_file_has_the_owner_and_mode_that_are_asked_for() {
    let mut text = section("plain", "unix://{dir}/plain.sock", "")
        + &section("mode", "unix://{dir}/mode.sock", "socket_mode=0660");
    if root() {
        text += &section("user", "unix://{dir}/user.sock", "user=nobody");
        text += &section(
            "owner",
            "unix://{dir}/owner.sock",
            "user=nobody\nsocket_owner=daemon:daemon\nsocket_mode=777",
        );
    }
    let herd = Herd::start(&text);
    inputs(&herd, if root() { 4 } else { 2 });
    let (uid, gid, mode) = dress(&herd.path("plain.sock"));
    assert_eq!(mode, 0o700);
    assert_eq!(dress(&herd.path("mode.sock")), (uid, gid, 0o660));
    if root() {
        assert_eq!(dress(&herd.path("user.sock")), (65534, 65534, 0o700));
        assert_eq!(dress(&herd.path("owner.sock")), (1, 1, 0o777));
    }
    herd.end();
}

#[test]
fn as_many_wait_as_socket_backlog_says() {
    let herd = Herd::start(&section("few", "unix://{dir}/few.sock", "socket_backlog=2"));
    inputs(&herd, 1);
    let held: Vec<OwnedFd> = (0..20).map_while(|_| connect_at_once(&herd.path("few.sock"))).collect();
    assert_eq!(held.len(), 3, "Linux lets one more wait than it is told");
    herd.end();
}

/// Connects if that needs no waiting: a full queue is no error, it makes one wait.
fn connect_at_once(path: &Path) -> Option<OwnedFd> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None).expect("there are sockets");
    match connect(socket.as_raw_fd(), &UnixAddr::new(path).expect("the path is short")) {
        Ok(()) => Some(socket),
        Err(Errno::EAGAIN) => None,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

#[test]
fn a_socket_that_cannot_be_had_is_an_error_at_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = taken.local_addr().expect("it is bound").port();
    let plan: Plan = Herd::of(&section("f", &format!("tcp://127.0.0.1:{port}"), ""));
    let said = plan.refused();
    let words = format!(
        "Could not create FastCGI socket tcp://127.0.0.1:{port}: [Errno 98] Address already in use"
    );
    assert!(said.stderr.contains(&words), "{said:?}");
    assert_eq!(said.code, if reference() { 1 } else { 2 });
}

#[test]
fn a_socket_that_is_taken_later_is_a_spawn_error() {
    if reference() {
        // the daemon ends by it
        return;
    }
    let port = free_port();
    let socket = format!("tcp://127.0.0.1:{port}");
    let herd = Herd::start(&section("f", &socket, "autostart=false\nstartretries=1"));
    let taken = std::net::TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    herd.ctl("start f").is("f: ERROR (spawn error)\n", 7);
    herd.wait(&format!(
        "spawnerr: Could not create FastCGI socket {socket}: [Errno 98] Address already in use"
    ));
    herd.wait("gave up: f entered FATAL state");
    drop(taken);
    herd.ctl("start f").is("f: started\n", 0);
    herd.end();
}

#[test]
fn what_is_no_socket_is_left_alone() {
    if reference() {
        return;
    }
    let plan = Herd::of(&section("f", "unix://{dir}/precious", "")).file("precious", "data");
    let said = plan.refused();
    assert!(said.stderr.contains("/precious: [Errno 98] Address already in use"), "{said:?}");
    assert_eq!(fs::read_to_string(plan.dir().join("precious")).expect("it is there"), "data");
}

#[test]
fn the_socket_stays_open_over_restarts_and_in_groups() {
    if reference() {
        return;
    }
    let port = free_port();
    let text = section("f", &format!("tcp://127.0.0.1:{port}"), "autorestart=true")
        + "[program:p]\ncommand=/bin/cat\nstartsecs=0\n[group:g]\nprograms=f,p\n";
    let herd = Herd::start(&text);
    inputs(&herd, 1);
    herd.ctl("restart g:f").is("g:f: stopped\ng:f: started\n", 0);
    herd.ctl("signal KILL g:f");
    inputs(&herd, 3);
    let inodes = inputs(&herd, 3);
    assert!(inodes.iter().all(|inode| *inode == inodes[0]), "{inodes:?}");
    herd.end();
}

#[test]
fn a_socket_may_have_a_name_instead_of_a_file() {
    if reference() || !cfg!(target_os = "linux") {
        return;
    }
    let herd = Herd::start(&section("f", "unix://@{dir}/f", ""));
    inputs(&herd, 1);
    let names = fs::read_to_string("/proc/net/unix").expect("the system tells of its sockets");
    assert!(names.contains(&format!("@{}/f", herd.dir().display())), "{names}");
    herd.end();
}
