//! What a program tells about itself: a line on a descriptor of its own, messages to its notify socket.

use crate::support::{run, sh};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;
use treeherd_os::notify::{NotifySocket, Sender};
use treeherd_os::pipe::{PipeReader, Read};
use treeherd_os::spawn::{Inherited, spawn};

fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), test).await.unwrap() })
}

async fn all(reader: &PipeReader) -> String {
    let (mut text, mut buffer) = (Vec::new(), [0; 64]);
    loop {
        reader.readable().await.unwrap();
        match reader.try_read(&mut buffer).unwrap() {
            Read::Bytes(count) => text.extend_from_slice(&buffer[..count]),
            Read::Empty => {}
            Read::Closed => return String::from_utf8(text).unwrap(),
        }
    }
}

#[test]
fn a_line_comes_from_the_descriptor_that_was_asked_for_and_no_other_is_left_open() {
    for target in [3, 7, 200] {
        let mut launch = sh(&format!("ls /proc/$$/fd; echo up > /proc/self/fd/{target}"));
        launch.line = Some(target);
        block_on(async {
            let spawned = spawn(&launch).unwrap();
            let line = PipeReader::new(&Arc::new(spawned.line.unwrap())).unwrap();
            let stdout = PipeReader::new(&Arc::new(spawned.stdout)).unwrap();
            let (line, stdout) = tokio::join!(all(&line), all(&stdout));
            spawned.process.wait().await.unwrap();
            let mut open: Vec<i32> = stdout.split_whitespace().map(|fd| fd.parse().unwrap()).collect();
            open.sort_unstable();
            assert_eq!((line.as_str(), open), ("up\n", vec![0, 1, 2, target]));
        });
    }
    assert!(run(&sh("true")).failure.is_none());
}

#[test]
fn a_line_and_sockets_do_not_get_into_each_others_way() {
    let socket = || Arc::new(std::os::fd::OwnedFd::from(UnixDatagram::unbound().unwrap()));
    let mut launch = sh("ls -l /proc/$$/fd | grep -c socket; echo up >&5");
    launch.sockets = ["a", "b"].map(|name| Inherited { name: name.to_owned(), fd: socket() }).into();
    launch.line = Some(5);
    block_on(async {
        let spawned = spawn(&launch).unwrap();
        let line = PipeReader::new(&Arc::new(spawned.line.unwrap())).unwrap();
        let stdout = PipeReader::new(&Arc::new(spawned.stdout)).unwrap();
        assert_eq!(tokio::join!(all(&line), all(&stdout)), ("up\n".to_owned(), "2\n".to_owned()));
        spawned.process.wait().await.unwrap();
    });
}

#[test]
fn a_message_comes_with_its_sender_and_what_came_along_is_closed() {
    block_on(async {
        let socket = NotifySocket::bind().unwrap();
        assert_ne!(socket.name(), NotifySocket::bind().unwrap().name());
        let reader = socket.listen().unwrap();
        let name = socket.name().strip_prefix('@').unwrap();
        let address = SocketAddr::from_abstract_name(name).unwrap();
        let other = UnixDatagram::unbound().unwrap();
        other.send_to_addr(b"READY=1\n", &address).unwrap();
        let mut buffer = [0; 16];
        let (count, sender) = reader.receive(&mut buffer).await.unwrap();
        let own = Sender { pid: std::process::id().cast_signed(), uid: nix::unistd::getuid().as_raw() };
        assert_eq!((&buffer[..count], sender), (&b"READY=1\n"[..], Some(own)));
        assert!(own.is_of(own.pid) && own.is_of(nix::unistd::getpgrp().as_raw()));
        assert!(
            !own.is_of(1)
                && !Sender { pid: 0, uid: 0 }.is_of(0)
                && !Sender { pid: i32::MAX, uid: 0 }.is_of(7)
        );
        // a barrier: the other end of a pipe that comes along
        let (read, write) = nix::unistd::pipe().unwrap();
        let unix = nix::sys::socket::UnixAddr::new_abstract(name.as_bytes()).unwrap();
        let fds = [std::os::fd::AsRawFd::as_raw_fd(&write)];
        let rights = [nix::sys::socket::ControlMessage::ScmRights(&fds)];
        let parts = [std::io::IoSlice::new(b"BARRIER=1, and more than there is room for")];
        let from = std::os::fd::AsRawFd::as_raw_fd(&other);
        nix::sys::socket::sendmsg(from, &parts, &rights, nix::sys::socket::MsgFlags::empty(), Some(&unix))
            .unwrap();
        drop(write);
        let (count, _) = reader.receive(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..count], b"BARRIER=1, and m");
        let end = tokio::task::spawn_blocking(move || nix::unistd::read(&read, &mut [0; 1])).await.unwrap();
        assert_eq!(end, Ok(0), "nobody holds the other end any more");
    });
}
