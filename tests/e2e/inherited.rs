//! `[socket:x]`: sockets that are there before their programs and over their restarts.
//!
//! Ours alone: the reference ignores the sections. The server and the configuration under load are those of
//! docs/configuration.md, run by a Python where there is one; a shell plays the others.

#![allow(clippy::print_stdout, reason = "a skip is shown, and what a load came to")]

use crate::harness::{DEADLINE, Herd, free_port, names, reference, root, until};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

const PAGE: &str = include_str!("../../docs/configuration.md");

/// The code of a language in the chapter on sockets.
fn code(language: &str) -> &'static str {
    let chapter = PAGE.split("### `[socket:x]`").nth(1).expect("the chapter is there");
    let after = chapter.split(&format!("```{language}\n")).nth(1).expect("it has the code");
    after.split("```").next().unwrap_or_default()
}

/// Whether the example can be run; says so where it cannot.
fn has_python() -> bool {
    let found =
        Command::new("python3").args(["-c", "import http.server"]).status().is_ok_and(|s| s.success());
    if !found {
        println!("skipped: no python3");
    }
    found && !reference()
}

/// The documented server on this port, with more keys.
fn server(port: u16, more: &str) -> Herd {
    let text = code("ini").replace("8080", &port.to_string());
    assert!(text.contains(&port.to_string()), "{text}");
    Herd::of(&format!("{text}startsecs=0\n{more}\n")).file("server.py", code("python")).start()
}

/// What became of the connections of some clients.
#[derive(Default, Debug)]
struct Tally {
    /// Connected, and answered in full.
    answered: usize,
    /// The processes that answered.
    pids: std::collections::BTreeSet<String>,
    /// Connected and not answered: the process that had accepted was killed.
    cut: usize,
    /// Not connected at all.
    refused: Vec<ErrorKind>,
}

/// Clients that connect one time after the other, without a pause, until they are told to stop.
struct Load {
    over: Arc<AtomicBool>,
    /// How often they were answered so far.
    answered: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Tally>>,
}

impl Load {
    fn on(port: u16, clients: usize) -> Self {
        let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let client = |_| {
            let (over, answered) = (Arc::clone(&over), Arc::clone(&answered));
            thread::spawn(move || {
                let mut tally = Tally::default();
                while !over.load(Ordering::Relaxed) {
                    let before = tally.answered;
                    visit(port, &mut tally);
                    answered.fetch_add(tally.answered - before, Ordering::Relaxed);
                }
                tally
            })
        };
        let clients = (0..clients).map(client).collect();
        Self { over, answered, clients }
    }

    /// Waits until some more of them were answered.
    #[track_caller]
    fn goes_on(&self) {
        let before = self.answered.load(Ordering::Relaxed);
        until("answers for the clients", || {
            (self.answered.load(Ordering::Relaxed) >= before + 4).then_some(())
        });
    }

    fn end(self) -> Tally {
        self.over.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        for client in self.clients {
            let one = client.join().expect("a client does not panic");
            all.answered += one.answered;
            all.cut += one.cut;
            all.pids.extend(one.pids);
            all.refused.extend(one.refused);
        }
        all
    }
}

fn visit(port: u16, tally: &mut Tally) {
    match TcpStream::connect(("127.0.0.1", port)) {
        Ok(stream) => converse(stream, tally),
        Err(error) => tally.refused.push(error.kind()),
    }
}

fn converse(mut stream: TcpStream, tally: &mut Tally) {
    stream.set_read_timeout(Some(DEADLINE)).expect("a time limit can be set");
    let mut answer = String::new();
    let asked =
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").and_then(|()| stream.read_to_string(&mut answer));
    let pid = answer.split("served by ").nth(1).and_then(|rest| rest.strip_suffix('\n'));
    match (asked, pid) {
        (Ok(_), Some(pid)) if answer.starts_with("HTTP/1.0 200 ") => {
            tally.answered += 1;
            tally.pids.insert(pid.to_owned());
        }
        _ => tally.cut += 1,
    }
}

/// Connects and waits for an answer, which says who gave it.
fn ask(port: u16) -> String {
    let mut tally = Tally::default();
    visit(port, &mut tally);
    assert_eq!((tally.answered, &tally.refused[..]), (1, &[][..]));
    tally.pids.pop_first().expect("somebody answered")
}

#[test]
fn no_connection_is_refused_or_lost_during_20_restarts() {
    if !has_python() {
        return;
    }
    let port = free_port();
    let herd = server(port, "");
    let first = ask(port);
    assert_eq!(first, herd.pid("web").to_string());
    let load = Load::on(port, 4);
    for _ in 0..20 {
        let before = herd.pid("web");
        herd.ctl("restart web").is("web: stopped\nweb: started\n", 0);
        assert_ne!(herd.pid("web"), before);
        // the new process serves them before it is restarted in its turn
        load.goes_on();
        let answered = until("an answer of the new process", || Some(ask(port)));
        assert_eq!(answered, herd.pid("web").to_string());
    }
    let tally = load.end();
    println!("{} connections, {} processes", tally.answered, tally.pids.len());
    assert!(tally.refused.is_empty(), "{tally:?}");
    assert_eq!(tally.cut, 0, "{tally:?}");
    assert!(tally.pids.len() >= 20 && tally.answered >= 80, "{tally:?}");
    herd.assert_count(&format!("INFO Creating socket tcp://127.0.0.1:{port}"), 1);
    herd.end();
}

#[test]
fn a_rolling_restart_refuses_nobody_and_keeps_all_but_one_up() {
    if !has_python() {
        return;
    }
    let port = free_port();
    let herd = server(port, "numprocs=3\nprocess_name=%(process_num)d");
    let states = "events --kind PROCESS_STATE web:*";
    let before = until("all are up", || {
        let told = herd.ctl(states).stdout;
        (told.matches("PROCESS_STATE_RUNNING").count() == 3).then(|| told.lines().count())
    });
    let load = Load::on(port, 4);
    herd.ctl("restart --rolling web:*").is("web:0: restarted\nweb:1: restarted\nweb:2: restarted\n", 0);
    let tally = load.end();
    assert!(tally.refused.is_empty(), "{tally:?}");
    assert_eq!(tally.cut, 0, "{tally:?}");
    let mut down = std::collections::BTreeSet::new();
    let told = herd.ctl(states).stdout;
    for line in told.lines().skip(before) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[1] {
            "PROCESS_STATE_RUNNING" => down.remove(words[2]),
            _ => down.insert(words[2]),
        };
        assert!(down.len() <= 1, "{down:?} are down: {told}");
    }
    assert!(down.is_empty() && told.lines().count() == before + 12, "{told}");
    herd.end();
}

#[test]
fn a_process_that_is_killed_cuts_what_it_had_accepted_and_nobody_is_refused() {
    if !has_python() {
        return;
    }
    let port = free_port();
    let herd = server(port, "autorestart=true");
    let mut known = ask(port);
    let load = Load::on(port, 4);
    for _ in 0..5 {
        herd.ctl("signal KILL web").is("web: signalled\n", 0);
        known = until("another process", || {
            Some(survivor(port)).filter(|pid| !pid.is_empty() && *pid != known)
        });
        load.goes_on();
    }
    let tally = load.end();
    println!("{} connections, {} cut, {} processes", tally.answered, tally.cut, tally.pids.len());
    assert!(tally.refused.is_empty(), "{tally:?}");
    // it serves one at a time: each end cuts at most the one that was accepted
    assert!(tally.cut <= 5, "{tally:?}");
    assert!(tally.answered >= 20, "{tally:?}");
    herd.end();
}

#[test]
fn a_server_that_listens_for_itself_refuses_some_which_the_clients_notice() {
    if !has_python() {
        return;
    }
    let port = free_port();
    let own = code("python")
        .replace("assert os", "# assert os")
        .replace("(\"\", 0)", &format!("(\"127.0.0.1\", {port})"))
        .replace("bind_and_activate=False", "bind_and_activate=True")
        .replace("server.socket.close()\n", "")
        .replace("server.socket = socket.socket(fileno=3)\n", "");
    let text = "[program:web]\ncommand=python3 %(here)s/server.py\nstartsecs=0\n";
    let herd = Herd::of(text).file("server.py", &own).start();
    until("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(()));
    let load = Load::on(port, 4);
    herd.ctl("restart web").is("web: stopped\nweb: started\n", 0);
    until("it listens again", || TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(()));
    let tally = load.end();
    assert!(!tally.refused.is_empty(), "{tally:?}");
    herd.end();
}

/// Who answers; nobody, if the one that had accepted was killed.
fn survivor(port: u16) -> String {
    let mut tally = Tally::default();
    visit(port, &mut tally);
    assert!(tally.refused.is_empty(), "{tally:?}");
    tally.pids.pop_first().unwrap_or_default()
}

#[test]
fn a_change_of_the_command_and_a_stop_refuse_nobody_either() {
    if !has_python() {
        return;
    }
    let port = free_port();
    let herd = server(port, "");
    ask(port);
    let load = Load::on(port, 3);
    let text = code("ini").replace("8080", &port.to_string()).replace("server.py", "server.py again");
    herd.configure(&[], &format!("{text}startsecs=0\n"));
    herd.ctl("update").is("web: stopped\nweb: updated process group\n", 0);
    assert_eq!(ask(port), herd.pid("web").to_string());
    herd.ctl("stop web").is("web: stopped\n", 0);
    let waits = TcpStream::connect(("127.0.0.1", port)).expect("it waits in the backlog");
    herd.ctl("start web").is("web: started\n", 0);
    let mut served = Tally::default();
    converse(waits, &mut served);
    assert_eq!(served.pids.pop_first(), Some(herd.pid("web").to_string()));
    let tally = load.end();
    assert!(tally.refused.is_empty() && tally.cut == 0, "{tally:?}");
    herd.assert_count(&format!("INFO Creating socket tcp://127.0.0.1:{port}"), 1);
    // no group has it any more
    herd.configure(&[], "[program:other]\ncommand=/bin/cat\n");
    herd.ctl("update");
    until("the socket is closed", || TcpStream::connect(("127.0.0.1", port)).is_err().then_some(()));
    herd.assert_count(&format!("INFO Closing socket tcp://127.0.0.1:{port}"), 1);
    herd.end();
}

/// Tells what it has and stays. A `$(...)` has a pipe, so descriptors are looked at outside of one.
const SHOW: &str = "/bin/sh -c 'for n in 0 1 2 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$n && all=\"$all $n\"; done; \
                    own=no; links=; if test \"$LISTEN_PID\" = $$; then own=own; l=/proc/$$/fd/3; \
                    test $LISTEN_FDS = 2 && l=\"$l /proc/$$/fd/4\"; links=$(readlink $l); fi; \
                    echo \"$SUPERVISOR_PROCESS_NAME:\" $LISTEN_FDS $LISTEN_FDNAMES $own $all $links; exec sleep 60'";

fn program(name: &str, more: &str) -> String {
    format!("[program:{name}]\ncommand={SHOW}\nstartsecs=0\n{more}\n")
}

/// What a process told, without its name.
#[track_caller]
fn told(herd: &Herd, name: &str) -> String {
    let start = format!("{name}: ");
    until(&start, || {
        let line = herd.log().into_iter().rfind(|line| line.starts_with(&start))?;
        line.strip_prefix(&start).map(str::to_owned)
    })
}

#[test]
fn every_kind_and_copy_of_a_program_inherits_what_it_names() {
    if reference() {
        return;
    }
    let mut text = "[socket:web]\nsocket=unix://{dir}/web.sock\n[socket:w0]\nsocket=unix://{dir}/w0.sock\n\
                    [socket:w1]\nsocket=unix://{dir}/w1.sock\n"
        .to_owned();
    let copies = "numprocs=2\nprocess_name=%(program_name)s%(process_num)d\n";
    text += &program("all", &format!("{copies}sockets=web"));
    text += &program("own", &format!("{copies}sockets=w%(process_num)d, web"));
    text += &program("none", "");
    text += "[group:g]\nprograms=own\n";
    text += &format!(
        "[fcgi-program:f]\ncommand={SHOW}\nstartsecs=0\nsocket=unix://{{dir}}/f.sock\nsockets=web\n"
    );
    if root() {
        text += &program("user", "user=nobody\nsockets=web\n");
    }
    // what the daemon was told is not its programs'
    let herd = Herd::of(&text).variable("LISTEN_FDS", "9").variable("LISTEN_PID", "1").start();
    let web = told(&herd, "all0");
    let link = web.strip_prefix("1 web own 0 1 2 3 ").unwrap_or_else(|| panic!("{web}")).to_owned();
    assert!(link.starts_with("socket:["), "{link}");
    assert_eq!(told(&herd, "all1"), web);
    assert_eq!(told(&herd, "f"), web);
    let own: Vec<String> = ["own0", "own1"].map(|name| told(&herd, name)).to_vec();
    for (number, own) in own.iter().enumerate() {
        let rest =
            own.strip_prefix(&format!("2 w{number}:web own 0 1 2 3 4 ")).unwrap_or_else(|| panic!("{own}"));
        assert!(rest.starts_with("socket:[") && rest.ends_with(&format!(" {link}")), "{own}");
    }
    assert_eq!(told(&herd, "none"), "9 no 0 1 2");
    if root() {
        assert_eq!(told(&herd, "user"), web);
    }
    herd.end();
}

/// The number of a file, and its mode.
fn file(path: &Path) -> (u64, u32) {
    let there = fs::symlink_metadata(path).expect("the socket is there");
    (there.ino(), there.permissions().mode() & 0o777)
}

#[test]
fn mode_and_backlog_are_hot_and_another_address_is_a_restart() {
    if reference() {
        return;
    }
    let text = |socket: &str| format!("[socket:web]\nsocket={socket}\n") + &program("p", "sockets=web");
    let herd = Herd::start(&text("unix://{dir}/web.sock"));
    herd.wait("spawned: 'p'");
    let before = (herd.pid("p"), file(&herd.path("web.sock")));
    assert_eq!(before.1.1, 0o700);
    herd.configure(&[], &text("unix://{dir}/web.sock\nsocket_mode=0660\nsocket_backlog=5"));
    let plan = herd.ctl("plan");
    assert!(plan.stdout.contains("socket_mode") && plan.stdout.contains("hot"), "{plan:?}");
    herd.ctl("update --per-process")
        .is("p: updated process, without a restart\np: updated process group\n", 0);
    assert_eq!((herd.pid("p"), file(&herd.path("web.sock"))), (before.0, (before.1.0, 0o660)));
    herd.wait_anywhere("web.sock backlog 5 mode 660");
    herd.configure(&[], &text("unix://{dir}/other.sock"));
    herd.ctl("update --per-process");
    assert_ne!(herd.pid("p"), before.0);
    UnixStream::connect(herd.path("other.sock")).expect("somebody listens");
    until("closed", || UnixStream::connect(herd.path("web.sock")).is_err().then_some(()));
    herd.end();
}

#[test]
fn a_socket_that_cannot_be_had_is_a_spawn_error_until_it_can() {
    if reference() {
        return;
    }
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = taken.local_addr().expect("it is bound").port();
    let long = "x".repeat(120);
    let text = format!(
        "[socket:web]\nsocket=tcp://127.0.0.1:{port}\n[socket:long]\nsocket=unix://{{dir}}/{long}\n"
    ) + "[socket:live]\nsocket=unix://{dir}/live.sock\n[socket:nowhere]\nsocket=unix://{dir}/no/dir.sock\n"
        + &program("p", "sockets=web\nstartretries=0")
        + &program("l", "sockets=long\nstartretries=0")
        + &program("v", "sockets=live\nstartretries=0")
        + &program("n", "sockets=nowhere\nstartretries=0")
        + "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n";
    let plan = Herd::of(&text);
    let live = UnixListener::bind(plan.dir().join("live.sock")).expect("the name is free");
    let herd = plan.start();
    let message =
        format!("Could not create socket web at tcp://127.0.0.1:{port}: [Errno 98] Address already in use");
    herd.wait_anywhere(&format!(
        "WARN {message}; stop the program that listens there, or change socket=; every start"
    ));
    herd.wait_anywhere(&format!("INFO spawnerr: {message}"));
    herd.wait_anywhere("[Errno 36] File name too long");
    herd.wait_anywhere("live.sock: [Errno 98] Address already in use");
    herd.wait_anywhere("dir.sock: [Errno 2] No such file or directory; create the directory");
    for name in ["p", "l", "v", "n"] {
        herd.wait_status(name, "FATAL");
    }
    assert!(herd.ctl("status p").stdout.contains("Address already in use"));
    herd.wait_status("cat", "RUNNING");
    herd.ctl("start p").is("p: ERROR (spawn error)\n", 7);
    drop((taken, live));
    herd.ctl("start p v").is("p: started\nv: started\n", 0);
    TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    UnixStream::connect(herd.path("live.sock")).expect("somebody listens");
    assert!(told(&herd, "v").starts_with("1 live own 0 1 2 3 socket:["));
    herd.end();
}

#[test]
fn a_socket_is_there_as_long_as_one_group_has_it() {
    if reference() {
        return;
    }
    let socket = "[socket:web]\nsocket=unix://{dir}/web.sock\n";
    let both = socket.to_owned() + &program("a", "sockets=web") + &program("b", "sockets=web");
    let herd = Herd::start(&both);
    assert_eq!(told(&herd, "a"), told(&herd, "b"));
    let before = file(&herd.path("web.sock"));
    herd.configure(&[], &(socket.to_owned() + &program("b", "sockets=web")));
    herd.ctl("update").is("a: stopped\na: removed process group\n", 0);
    UnixStream::connect(herd.path("web.sock")).expect("b has it");
    // neither a removed group that is configured nor one of another name in its place closes it
    herd.ctl("stop b").is("b: stopped\n", 0);
    herd.ctl("remove b").is("b: removed process group\n", 0);
    herd.configure(&[], &(socket.to_owned() + &program("c", "sockets=web")));
    herd.ctl("update").is("c: added process group\n", 0);
    assert_eq!(file(&herd.path("web.sock")), before);
    assert!(told(&herd, "c").starts_with("1 web own 0 1 2 3 socket:["));
    herd.configure(&[], &(socket.to_owned() + &program("c", "")));
    herd.ctl("update").is("c: stopped\nc: updated process group\n", 0);
    until("closed", || UnixStream::connect(herd.path("web.sock")).is_err().then_some(()));
    herd.assert_count("INFO Creating socket unix://", 1);
    herd.end();
}

#[test]
fn a_reload_closes_the_sockets_and_makes_them_anew() {
    if reference() {
        return;
    }
    let port = free_port();
    let text = format!(
        "[socket:web]\nsocket=tcp://127.0.0.1:{port}\n[socket:file]\nsocket=unix://{{dir}}/web.sock\n[socket:unused]\n\
         socket=unix://{{dir}}/unused.sock\n"
    ) + &program("p", "sockets=web,file\nautostart=false");
    let herd = Herd::start(&text);
    TcpStream::connect(("127.0.0.1", port)).expect("it is there without a process");
    herd.ctl("start p").is("p: started\n", 0);
    herd.ctl("reload");
    until("made anew", || (herd.count("INFO Creating socket tcp://") == 2).then_some(()));
    herd.assert_count("INFO Closing socket tcp://", 1);
    until("served", || herd.ctl("start p").stdout.contains("p: started").then_some(()));
    TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    UnixStream::connect(herd.path("web.sock")).expect("somebody listens");
    assert!(!names(herd.dir()).contains(&"unused.sock".to_owned()), "nobody names it");
    herd.end();
    TcpStream::connect(("127.0.0.1", port)).expect_err("it is closed with the daemon");
}
