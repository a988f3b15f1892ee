//! Readiness and health of real processes, by every kind of check; and what survives when the actors that ask end.

use crate::herd::{Herd, with};
use crate::proc::{is_alive, is_reaped};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use tokio::net::TcpSocket;
use treeherd_actors::bus::Item;
use treeherd_domain::health::{Health, Readiness};
use treeherd_domain::status::ProcessState;

/// A program `web` with these keys, whose shell runs this.
fn web(keys: &str, script: &str) -> String {
    format!(
        "[program:web]\nstartsecs=0\nstopwaitsecs=2\ndirectory=%(here)s\nstderr_logfile=NONE\nstdout_logfile=NONE\n{keys}\n\
         command=/bin/sh -c '{script}'\n"
    )
}

const SLEEP: &str = "exec sleep 1000";
const WAIT: &str = "while ! test -e go; do sleep 0.02; done";

fn is_ready(herd: &Herd) -> bool {
    herd.estate("web").is_ready()
}

async fn until_ready(herd: &Herd) {
    herd.until("ready", || is_ready(herd)).await;
}

async fn until_health(herd: &Herd, health: Health) {
    herd.until("of that health", || herd.estate("web").health() == health).await;
}

fn reason(herd: &Herd) -> String {
    herd.estate("web").condition().reason
}

fn go(herd: &Herd) {
    std::fs::write(herd.path("go"), "").unwrap();
}

/// A port that nobody listens on, and nobody else can have: it is listened on later.
fn reserved() -> (TcpSocket, u16) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(false).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

/// The names of all events of ours about readiness and health so far, with their reasons.
fn told(herd: &Herd) -> Vec<String> {
    use treeherd_domain::event::EventKind::{ProcessHealth, ProcessReadiness};
    let mut events = herd.shared.journal.subscribe(Some(0), true);
    let name = |item: Item| match item {
        Item::Event(event) => match &event.kind {
            ProcessReadiness { reason, .. } | ProcessHealth { reason, .. } => {
                Some(format!("{} {reason}", event.kind.name()).trim().to_owned())
            }
            _ => None,
        },
        Item::Gap { .. } => None,
    };
    events.missed.drain(..).filter_map(name).collect()
}

#[test]
fn without_a_key_a_program_is_ready_while_it_is_running_and_nothing_is_told() {
    with(&web("", SLEEP), async |herd| {
        herd.state("web", ProcessState::Running).await;
        assert!(is_ready(herd) && herd.estate("web").health() == Health::Unknown);
        let stopped = herd.call("process.stop", json!({"selector": "web"})).await;
        assert!(stopped.is_ok(), "{stopped:?}");
        // the bus has recorded what it was told before it tells of itself
        assert!(herd.incarnations("root/bus").await.is_some());
        assert_eq!((is_ready(herd), told(herd)), (false, Vec::new()));
    });
}

#[test]
fn a_line_on_its_descriptor_makes_it_ready_until_it_ends() {
    let script = format!("{WAIT}; echo up >&3; {SLEEP}");
    with(&web("ready=fd:3\nautorestart=false", &script), async |herd| {
        herd.state("web", ProcessState::Running).await;
        assert!(!is_ready(herd), "RUNNING is Supervisor's");
        let rows = herd.call("process.list", json!({})).await.unwrap();
        assert_eq!(
            (&rows["items"][0]["ready"], &rows["items"][0]["state"]),
            (&json!(false), &json!("RUNNING"))
        );
        go(herd);
        until_ready(herd).await;
        herd.kill("web", treeherd_domain::signal::Signal::KILL);
        herd.state("web", ProcessState::Exited).await;
        herd.until("told", || told(herd).len() == 2).await;
        assert_eq!(told(herd), ["PROCESS_READY", "PROCESS_NOT_READY it has ended"]);
        assert!(!is_ready(herd));
    });
}

#[test]
fn what_is_never_ready_has_failed_its_start_and_is_tried_again() {
    let keys = "ready=fd:3\nready_timeout=300ms\nstartretries=1\nautorestart=false";
    with(&web(keys, SLEEP), async |herd| {
        herd.state("web", ProcessState::Fatal).await;
        let reason = "not ready within 300ms: no line came on fd 3";
        assert_eq!((herd.status("web").spawnerr.as_str(), herd.status("web").incarnation), (reason, 2));
        assert_eq!(herd.logged(&format!("web is {reason}; it is stopped")), 2, "{:#?}", herd.lines());
        assert_eq!(herd.logged("spawned: 'web'"), 2, "{:#?}", herd.lines());
    });
}

#[test]
fn a_descriptor_that_is_closed_without_a_line_fails_at_once() {
    let keys = "ready=fd:3\nready_timeout=0\nstartretries=0";
    with(&web(keys, &format!("exec 3>&-; {SLEEP}")), async |herd| {
        herd.state("web", ProcessState::Fatal).await;
        assert_eq!(herd.status("web").spawnerr, "not ready: it closed fd 3 without writing a line");
    });
}

#[test]
fn a_port_is_asked_until_somebody_listens_and_its_end_ends_the_process() {
    let (socket, port) = reserved();
    let keys = format!(
        "ready=tcp:127.0.0.1:{port}\nready_interval=100ms\nhealth=tcp:localhost:{port}\nhealth_interval=100ms\n\
         health_failures=2"
    );
    with(&web(&keys, SLEEP), async |herd| {
        let refused = format!("tcp 127.0.0.1:{port}: connection refused");
        herd.until("refused", || reason(herd) == refused).await;
        let listener = socket.listen(16).unwrap();
        until_health(herd, Health::Healthy).await;
        let pid = herd.pid("web");
        drop(listener);
        herd.until("another process", || herd.status("web").incarnation == 2).await;
        assert_ne!(herd.pid("web"), pid);
        herd.until("told", || told(herd).len() >= 4).await;
        let told = told(herd);
        assert_eq!(told[..2], ["PROCESS_READY", "PROCESS_HEALTHY"]);
        assert!(told[2].starts_with("PROCESS_UNHEALTHY tcp localhost:"), "{told:?}");
        assert_eq!(told[3], "PROCESS_NOT_READY it is being stopped");
        assert!(
            herd.logged("exited: web (terminated by SIGTERM; not expected)") == 1,
            "{:#?}",
            herd.lines()
        );
    });
}

#[test]
fn a_server_is_asked_by_http_and_only_its_status_counts() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let status = Arc::new(AtomicU16::new(503));
    let answers = Arc::clone(&status);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 1024];
            let count = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..count]).to_lowercase();
            let code = answers.load(Ordering::SeqCst);
            if code == 0 {
                return; // the server ends
            }
            assert!(
                text.starts_with("get /up?x=1 http/1.1\r\n") && text.contains("\r\nhost: 127.0.0.1:"),
                "{text}"
            );
            let answer = match code {
                1 => "nonsense\r\n\r\n".to_owned(),
                code => format!("HTTP/1.1 {code} X\r\nContent-Length: 1000\r\n\r\n"),
            };
            // whoever asks reads no body
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let keys = format!(
        "ready=http://127.0.0.1:{port}/up?x=1\nready_interval=100ms\nhealth=http://127.0.0.1:{port}/up?x=1\n\
         health_interval=100ms\nhealth_failures=1\nhealth_action=none"
    );
    with(&web(&keys, SLEEP), async |herd| {
        herd.until("503", || reason(herd).ends_with("/up?x=1: status 503")).await;
        assert!(!is_ready(herd));
        status.store(302, Ordering::SeqCst);
        until_health(herd, Health::Healthy).await;
        status.store(1, Ordering::SeqCst);
        herd.until("nonsense", || reason(herd).contains("no answer by HTTP: ")).await;
        assert_eq!(herd.estate("web").health(), Health::Unhealthy);
        status.store(200, Ordering::SeqCst);
        until_health(herd, Health::Healthy).await;
        assert!(is_ready(herd) && herd.status("web").incarnation == 1, "it is only told");
    });
    status.store(0, Ordering::SeqCst);
    drop(std::net::TcpStream::connect(("127.0.0.1", port)));
}

#[test]
fn a_command_that_hangs_is_killed_with_its_group_and_a_stop_ends_what_is_being_asked() {
    let check = "exec:sh -c \"echo $TREEHERD_PID >> pids; sleep 1000 & echo $! >> children; wait\"";
    let keys = format!(
        "health={check}\nhealth_timeout=1s\nhealth_interval=100ms\nhealth_failures=2\nhealth_action=none"
    );
    with(&web(&keys, SLEEP), async |herd| {
        until_health(herd, Health::Unhealthy).await;
        assert_eq!(reason(herd), "exec sh: did not end within 1s and was killed");
        let own = herd.pid("web").to_string();
        herd.until("told the pid", || herd.read("pids").ends_with('\n')).await;
        assert!(herd.read("pids").lines().all(|pid| pid == own), "{}", herd.read("pids"));
        let before = herd.read("children").lines().count();
        herd.until("asked again", || herd.read("children").lines().count() > before).await;
        herd.call("process.stop", json!({"selector": "web"})).await.unwrap();
        herd.until("no child is left", || !herd.read("children").lines().any(is_alive)).await;
    });
}

#[test]
fn a_line_of_output_makes_it_ready_however_it_is_written() {
    let script = format!("echo booting; printf \"listening \"; {WAIT}; printf \"on 80\\\\nmore\"; {SLEEP}");
    with(&web("ready=log:/^listening on [0-9]+$/", &script), async |herd| {
        herd.state("web", ProcessState::Running).await;
        assert!(!is_ready(herd));
        herd.crash("root/group:web/program:web/rotator:stdout", "panic").await;
        herd.crash("root/group:web/program:web", "panic").await;
        go(herd);
        until_ready(herd).await;
        assert_eq!(herd.status("web").incarnation, 1);
    });
}

/// A Python program that speaks to its notify socket as `sdnotify` does.
const SPEAKER: &str = "import os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(chr(0) + os.environ['NOTIFY_SOCKET'][1:])
def say(text): s.sendall(text.encode())
while not os.path.exists('go'): time.sleep(0.02)
say('STATUS=warm\\nREADY=1\\nMAINPID=1')
while os.path.exists('go'):
    say('WATCHDOG=1')
    time.sleep(0.05)
open('silent', 'a').write(os.environ['WATCHDOG_USEC'] + '\\n')
time.sleep(1000)
";

#[test]
fn a_program_says_that_it_is_ready_feeds_its_watchdog_and_is_bitten_when_it_stops_to() {
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: no python3");
        return;
    }
    let keys = "ready=notify\nwatchdog=3s";
    with(
        &web(keys, "while ! test -e speaker.py; do sleep 0.02; done; exec python3 speaker.py"),
        async |herd| {
            std::fs::write(herd.path("speaker.py"), SPEAKER).unwrap();
            herd.state("web", ProcessState::Running).await;
            // a stranger does not make it ready
            let name = herd.estate("web").notify_name().unwrap();
            use std::os::linux::net::SocketAddrExt;
            let address = std::os::unix::net::SocketAddr::from_abstract_name(&name[1..]).unwrap();
            let stranger = std::os::unix::net::UnixDatagram::unbound().unwrap();
            for _ in 0..3 {
                assert_eq!(stranger.send_to_addr(b"READY=1", &address).unwrap(), 7);
            }
            herd.until("refused", || herd.logged("which is not in its process group") == 1).await;
            assert!(!is_ready(herd));
            go(herd);
            until_ready(herd).await;
            until_health(herd, Health::Healthy).await;
            assert_eq!(herd.estate("web").condition().status, "warm");
            assert_eq!(herd.logged("says MAINPID=1: that is not supported"), 1);
            std::fs::remove_file(herd.path("go")).unwrap();
            herd.until("another process", || herd.status("web").incarnation == 2).await;
            assert_eq!(herd.read("silent"), "3000000\n");
            let told = told(herd);
            assert!(told.contains(&"PROCESS_UNHEALTHY no WATCHDOG=1 within 3s".to_owned()), "{told:?}");
            assert_eq!(herd.estate("web").condition().readiness, Readiness::NotReady);
        },
    );
}

#[test]
fn a_signal_is_sent_again_while_it_does_not_help() {
    let script = "trap \"echo hup >> hups\" HUP; while :; do sleep 0.05; done";
    let keys =
        "health=exec:test -e well\nhealth_interval=100ms\nhealth_failures=1\nhealth_action=signal:HUP";
    with(&web(keys, script), async |herd| {
        herd.until("two signals", || herd.read("hups").lines().count() >= 2).await;
        assert_eq!(
            (herd.status("web").incarnation, reason(herd)),
            (1, "exec test: exit status 1".to_owned())
        );
        std::fs::write(herd.path("well"), "").unwrap();
        until_health(herd, Health::Healthy).await;
    });
}

#[test]
fn an_end_by_the_signal_of_health_action_tells_why_it_was_sent() {
    let keys = "health=exec:test -e well\nhealth_interval=100ms\nhealth_failures=1\n\
                health_action=signal:USR2\nautorestart=false";
    with(&web(keys, SLEEP), async |herd| {
        herd.state("web", ProcessState::Exited).await;
        let estate = herd.estate("web");
        let record = estate.record();
        let last =
            record.history.entries().rev().find(|entry| entry.change.to() == Some(ProcessState::Exited));
        let end = last.expect("it has ended").cause.to_string();
        drop(record);
        let told = "; SIGUSR2 was sent before: unhealthy: exec test: exit status 1";
        assert!(end.ends_with(told), "{end}");
    });
}

#[test]
fn questions_go_on_when_whoever_asks_ends_by_a_bug_and_the_process_does_not_notice() {
    let keys = "ready=exec:test -e go\nready_interval=100ms\nhealth=exec:sh -c \"echo >> asked; test -e go\"\n\
                health_interval=100ms\nhealth_failures=1\nhealth_action=none";
    with(&web(keys, SLEEP), async |herd| {
        herd.state("web", ProcessState::Running).await;
        let pid = herd.pid("web");
        for how in ["panic", "stop"] {
            herd.crash("root/group:web/program:web/probe:ready", how).await;
        }
        go(herd);
        until_health(herd, Health::Healthy).await;
        for path in [
            "root/group:web/program:web/probe:health",
            "root/group:web/program:web",
            "root/group:web",
            "root",
        ] {
            herd.crash(path, "panic").await;
            assert!(is_ready(herd), "{path}");
            let before = herd.read("asked").lines().count();
            herd.until("asked again", || herd.read("asked").lines().count() > before).await;
        }
        std::fs::remove_file(herd.path("go")).unwrap();
        until_health(herd, Health::Unhealthy).await;
        assert_eq!((herd.pid("web"), herd.status("web").incarnation), (pid, 1));
        herd.until("told", || told(herd).len() == 3).await;
        assert_eq!(
            told(herd),
            ["PROCESS_READY", "PROCESS_HEALTHY", "PROCESS_UNHEALTHY exec sh: exit status 1"]
        );
    });
}

#[test]
fn a_probe_of_the_world_outside_turns_and_wakes_who_waits() {
    let (socket, port) = reserved();
    let text = format!(
        "[probe:db]\ncheck=tcp://127.0.0.1:{port}\ninterval=100ms\nfailures=2\n{}",
        web("requires=probe:db", SLEEP)
    );
    with(&text, async |herd| {
        herd.until("red", || herd.logged("probe db is unhealthy: tcp 127.0.0.1:") == 1).await;
        assert_eq!((herd.pid("web"), herd.status("web").state), (0, ProcessState::Starting));
        herd.crash("root/probe:db", "panic").await;
        let listener = socket.listen(16).unwrap();
        herd.state("web", ProcessState::Running).await;
        assert_eq!((herd.logged("probe db is healthy"), herd.status("web").incarnation), (1, 1));
        drop(listener);
        herd.until("red again", || herd.logged("probe db is unhealthy") == 2).await;
        assert_eq!(herd.status("web").incarnation, 1);
    });
}

/// Whoever asks by a command ends by a bug, and the command, which has written its pids, with it; it is run anew, and no
/// process notices.
async fn crash_while_asking(herd: &Herd, path: &str, how: &str) {
    herd.until("asked", || herd.read("own").ends_with('\n')).await;
    let before = herd.snapshot();
    let (own, child) = (herd.read("own"), herd.read("children"));
    herd.crash(path, how).await;
    herd.until("it has ended", || !is_alive(&child)).await;
    herd.until("its status is taken", || is_reaped(&own)).await;
    herd.until("asked again", || herd.read("own").lines().count() == 2).await;
    assert_eq!(herd.snapshot(), before, "{path} {how}");
}

#[test]
fn a_command_that_is_asking_ends_with_whoever_asks_and_the_process_does_not_notice() {
    let check = "exec:sh -c \"sleep 1000 & echo $! >> children; echo $$ >> own; wait\"";
    for (path, how) in [
        ("root/group:web/program:web/probe:health", "panic"),
        ("root/group:web/program:web/probe:health", "stop"),
        ("root/group:web/program:web", "panic"),
        ("root/group:web", "panic"),
        ("root", "panic"),
    ] {
        let keys = format!("health={check}\nhealth_timeout=10m\nhealth_interval=100ms\nhealth_failures=1");
        with(&web(&keys, SLEEP), async |herd| {
            crash_while_asking(herd, path, how).await;
            assert_eq!(herd.estate("web").health(), Health::Unknown, "no answer is none");
        });
    }
}

#[test]
fn a_command_of_a_probe_outside_ends_with_whoever_asks_and_is_run_anew() {
    for (path, how) in [("root/probe:db", "panic"), ("root/probe:db", "stop"), ("root", "panic")] {
        let check = "exec:sh -c \"cd %(here)s; sleep 1000 & echo $! >> children; echo $$ >> own; wait\"";
        let text = format!(
            "[probe:db]\ncheck={check}\ninterval=100ms\ntimeout=10m\nfailures=1\n{}",
            web("", SLEEP)
        );
        with(&text, async |herd| {
            herd.state("web", ProcessState::Running).await;
            crash_while_asking(herd, path, how).await;
            assert_eq!(herd.logged("probe db is "), 0, "no answer is none");
        });
    }
}
