//! The daemon's own standard streams: as log files, and missing.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use treeherd_domain::rotation::Rotation;
use treeherd_os::environment::BaseEnvironment;
use treeherd_os::fd::count_open;
use treeherd_os::logfile::{LogFile, clear_path};
use treeherd_os::spawn::{Inherited, Launch, Spawned, reserve, spawn};

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

/// What a child wrote to both streams. That this ends shows that nobody but it held its pipes.
fn output(spawned: Spawned) -> [String; 2] {
    drop(spawned.stdin);
    let read = |fd| {
        treeherd_os::fd::set_nonblocking(&fd, false).unwrap();
        let mut text = String::new();
        File::from(fd).read_to_string(&mut text).unwrap();
        text
    };
    [read(spawned.stdout), read(spawned.stderr.unwrap())]
}

fn sh(script: &str) -> Launch {
    let words = ["sh", "-c", script].map(str::to_owned).to_vec();
    Launch::new("/bin/sh", words, Arc::new(BaseEnvironment::of_this_process()))
}

pub(crate) fn a_child_of_many_files_has_three_and_ours_stay_open() {
    let reserved = reserve();
    assert_eq!(reserved.is_ok(), cfg!(all(target_os = "linux", not(feature = "portable"))), "{reserved:?}");
    let many: Vec<File> = (0..500).map(|_| File::open("/dev/zero").unwrap()).collect();
    let before = count_open().unwrap();
    let script = "echo out; echo err >&2; ls /proc/$$/fd; cat";
    let spawners = (0..4).map(|_| {
        thread::spawn(move || {
            for _ in 0..25 {
                assert_eq!(output(spawn(&sh(script)).unwrap()), ["out\n0\n1\n2\n", "err\n"]);
            }
        })
    });
    spawners.collect::<Vec<_>>().into_iter().for_each(|spawner| spawner.join().unwrap());
    let missing = Launch { directory: Some("/nowhere".to_owned()), ..sh("true") };
    let words =
        "supervisor: couldn't chdir to /nowhere: ENOENT\nsupervisor: child process was not spawned\n";
    assert_eq!(output(spawn(&missing).unwrap()), ["", words]);
    assert_eq!(count_open().unwrap(), before, "of ours, nothing was closed and nothing is left");
    for file in &many {
        assert!(file.metadata().is_ok());
    }
}

/// Puts a listener of its own at exactly this descriptor.
fn listener_at(place: RawFd, name: &str) -> Inherited {
    let path = std::env::temp_dir().join(name);
    let listener = OwnedFd::from(UnixListener::bind(path).unwrap());
    let fd = match listener.as_raw_fd() == place {
        true => listener,
        false => {
            // SAFETY: one thread, and nothing else uses what the case puts at these places.
            assert_eq!(unsafe { libc::dup3(listener.as_raw_fd(), place, libc::O_CLOEXEC) }, place);
            // SAFETY: dup3 has just made it.
            unsafe { OwnedFd::from_raw_fd(place) }
        }
    };
    Inherited { name: name.to_owned(), fd: Arc::new(fd) }
}

fn link(socket: &Inherited) -> String {
    let fd = socket.fd.as_raw_fd();
    std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap().display().to_string()
}

pub(crate) fn sockets_at_the_very_places_of_others_come_to_theirs() {
    // with a berth, and with everything from 0 to 7 taken or free, whatever the pipes get
    let _ = reserve();
    let c = listener_at(12, "c");
    let a = listener_at(13, "a");
    let b = listener_at(14, "b");
    let places = [[3, 4, 5], [4, 5, 3], [5, 3, 4], [0, 1, 2], [2, 3, 0]];
    for place in places {
        let lent: Vec<Inherited> = [(&a, place[0]), (&b, place[1]), (&c, place[2])]
            .map(|(socket, place)| {
                // SAFETY: as above; a descriptor that is in the way is not used by this case.
                assert_eq!(unsafe { libc::dup3(socket.fd.as_raw_fd(), place, libc::O_CLOEXEC) }, place);
                // SAFETY: dup3 has just made it; it is never closed, for the next round puts another there.
                let fd = Arc::new(unsafe { OwnedFd::from_raw_fd(place) });
                std::mem::forget(Arc::clone(&fd));
                Inherited { name: socket.name.clone(), fd }
            })
            .to_vec();
        let expected = [&a, &b, &c].map(|socket| link(socket) + "\n").concat();
        let script = "ls /proc/$$/fd; readlink /proc/$$/fd/3 /proc/$$/fd/4 /proc/$$/fd/5; \
                      test $LISTEN_PID = $$ || echo not $$; echo $LISTEN_FDNAMES >&2; cat";
        let launch = Launch { sockets: lent, ..sh(script) };
        let out = format!("0\n1\n2\n3\n4\n5\n{expected}");
        assert_eq!(output(spawn(&launch).unwrap()), [out.as_str(), "a:b:c\n"], "{place:?}");
    }
}

pub(crate) fn a_child_has_its_pipes_even_if_we_have_no_streams() {
    for stream in [0, 1, 2] {
        // SAFETY: this process uses its standard streams only to panic, which then shows in its status.
        unsafe { libc::close(stream) };
    }
    let [out, err] = output(spawn(&sh("echo out; echo err >&2; ls /proc/$$/fd; cat")).unwrap());
    assert_eq!((out.as_str(), err.as_str()), ("out\n0\n1\n2\n", "err\n"));
}
