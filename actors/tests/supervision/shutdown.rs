//! The end of the daemon while its actors end by bugs.

use crate::bytes::block_logs;
use crate::herd::{DEADLINE, Herd, over, with};
use crate::proc::is_reaped;
use serde_json::json;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;
use treeherd_actors::estate::Mood;
use treeherd_actors::root::shutdown;
use treeherd_domain::cause::Asked;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;
use treeherd_web::Listener;

const STUBBORN: &str = "[program:stubborn]\n\
    command=/bin/sh -c 'trap \"\" TERM; echo up; while :; do read line || sleep 9; done'\n\
    startsecs=0\nstopwaitsecs=60\nstdout_logfile=%(here)s/stubborn.out\n";

#[test]
fn an_end_that_is_asked_for_between_two_roots_is_heard() {
    with("[program:web]\ncommand=/bin/cat\nstartsecs=0\n", async |herd| {
        for _ in 0..5 {
            herd.crash("root", "panic").await;
        }
        herd.strike("root", "panic").await;
        herd.until("paused", || herd.logged("rebuilt after a pause") == 1).await;
        shutdown::ask(&herd.shared, &herd.slot, Mood::Shutdown, Asked::inside("shutdown"));
        herd.state("web", ProcessState::Stopped).await;
    });
}

#[test]
fn an_end_goes_on_whatever_actor_ends_meanwhile() {
    for path in ["root", "root/group:stubborn", "root/group:stubborn/program:stubborn"] {
        with(STUBBORN, async |herd| {
            herd.until("ready", || herd.read("stubborn.out") == "up\n").await;
            shutdown::ask(&herd.shared, &herd.slot, Mood::Shutdown, Asked::inside("shutdown"));
            herd.state("stubborn", ProcessState::Stopping).await;
            for how in ["panic", "stop"] {
                herd.crash(path, how).await;
                assert_eq!(herd.status("stubborn").state, ProcessState::Stopping, "{path}");
            }
            herd.kill("stubborn", Signal::KILL);
            herd.state("stubborn", ProcessState::Stopped).await;
        });
    }
}

#[test]
fn nothing_starts_by_itself_once_the_daemon_ends_also_after_a_bug() {
    let programs =
        format!("{STUBBORN}[program:web]\ncommand=/bin/cat\nautorestart=true\nstartsecs=0\npriority=1\n");
    with(&programs, async |herd| {
        herd.state("web", ProcessState::Running).await;
        herd.until("ready", || herd.read("stubborn.out") == "up\n").await;
        // `web` stops after `stubborn`, which takes its time
        shutdown::ask(&herd.shared, &herd.slot, Mood::Shutdown, Asked::inside("shutdown"));
        herd.state("stubborn", ProcessState::Stopping).await;
        herd.kill("web", Signal::KILL);
        herd.crash("root", "panic").await;
        herd.until("down", || herd.status("web").state.is_stopped()).await;
        assert_eq!(herd.status("web").incarnation, 1);
        herd.kill("stubborn", Signal::KILL);
    });
}

/// A program whose command goes on after its end until there is a file `go`, and another one that ends after it.
fn with_errand(keys: &str, web: &str, group: &str) -> String {
    let errand = "/bin/sh -c 'cd %(here)s; echo $$ > errand; while test -e herd.conf -a ! -e go; do sleep 0.02; done; echo over > done'";
    format!(
        "{group}[program:web]\ncommand=/bin/cat\nstartsecs=0\nautorestart=false\n{keys}={errand}\n{web}\n\
         [program:db]\ncommand=/bin/cat\nstartsecs=0\npriority=1\n"
    )
}

/// The daemon ends while an errand of `web`, whose process is gone, goes on: it waits for that, with what comes next.
async fn waits_for_the_errand(herd: &Herd, crash: Option<&str>) {
    shutdown::ask(&herd.shared, &herd.slot, Mood::Shutdown, Asked::inside("shutdown"));
    let waiting = "waiting for the commands that are still run for web";
    herd.until("waiting", || herd.logged(waiting) > 0).await;
    if let Some(path) = crash {
        herd.crash(path, "panic").await;
    }
    let lines = herd.lines();
    if herd.shared.arena.group("g").is_none() {
        // a group's own order is about its processes
        assert_eq!(herd.status("db").state, ProcessState::Running, "not its turn: {crash:?}, {lines:#?}");
    }
    assert_eq!(herd.read("done"), "", "the errand goes on: {crash:?}, {lines:#?}");
    std::fs::write(herd.path("go"), "").unwrap();
    herd.until("over", || herd.is_over()).await;
    assert_eq!(herd.read("done"), "over\n", "{:#?}", herd.lines());
}

const UNDER_RULES: &str = "[group:g]\nprograms=db,web\nstrategy=one_for_one\n";
const REQUIRED: &str = "requires=db";

#[test]
fn the_end_waits_for_a_post_stop_that_ran_before_it_began() {
    for (web, group) in [("", ""), (REQUIRED, ""), ("", UNDER_RULES), (REQUIRED, UNDER_RULES)] {
        let (name, place) = if group.is_empty() { ("web", "web") } else { ("g:web", "g") };
        let program = format!("root/group:{place}/program:web");
        let group_path = format!("root/group:{place}");
        for crash in [None, Some("root"), Some(&*group_path), Some(&*program)] {
            with(&with_errand("post_stop", web, group), async |herd| {
                herd.state(name, ProcessState::Running).await;
                herd.kill(name, Signal::KILL);
                herd.until("the hook runs", || herd.read("errand").ends_with('\n')).await;
                herd.state(name, ProcessState::Exited).await;
                waits_for_the_errand(herd, crash).await;
            });
        }
    }
}

#[test]
fn the_end_waits_for_a_reload_command_that_is_running() {
    for crash in [None, Some("root"), Some("root/group:web/program:web")] {
        with(&with_errand("reload_command", "", ""), async |herd| {
            herd.state("web", ProcessState::Running).await;
            let methods = herd.bridge.methods(true);
            let reload =
                r#"{"jsonrpc":"2.0","id":1,"method":"process.reload","params":{"selector":"web"}}"#;
            let reload = tokio::spawn(async move { methods.raw_json_request(reload, 1).await.unwrap().0 });
            herd.until("the command runs", || herd.read("errand").ends_with('\n')).await;
            waits_for_the_errand(herd, crash).await;
            let answer = reload.await.unwrap();
            assert_eq!(answer.get().contains("ActorCrashed"), crash.is_some(), "{answer}");
        });
    }
}

#[test]
fn the_end_waits_for_a_command_of_a_group_that_is_no_more() {
    with(&with_errand("post_stop", "", ""), async |herd| {
        herd.state("web", ProcessState::Running).await;
        herd.kill("web", Signal::KILL);
        herd.until("the hook runs", || herd.read("errand").ends_with('\n')).await;
        herd.state("web", ProcessState::Exited).await;
        let removed = herd.call("supervisor.removeProcessGroup", json!(["web"])).await;
        assert_eq!(removed, Ok(json!(true)));
        shutdown::ask(&herd.shared, &herd.slot, Mood::Shutdown, Asked::inside("shutdown"));
        herd.state("db", ProcessState::Stopped).await;
        // nothing else is waited for
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!herd.is_over(), "{:#?}", herd.lines());
        std::fs::write(herd.path("go"), "").unwrap();
        herd.until("over", || herd.is_over()).await;
        assert_eq!(herd.read("done"), "over\n");
    });
}

#[test]
fn the_end_waits_for_a_command_no_longer_than_its_limit() {
    let web = "[program:web]\ncommand=/bin/cat\nstartsecs=0\nautorestart=false\nhook_timeout=1s\n\
               post_stop=/bin/sh -c 'echo $$ > %(here)s/errand; exec sleep 1000'\n";
    with(web, async |herd| {
        herd.state("web", ProcessState::Running).await;
        herd.kill("web", Signal::KILL);
        herd.until("the hook runs", || herd.read("errand").ends_with('\n')).await;
        shutdown::ask(&herd.shared, &herd.slot, Mood::Shutdown, Asked::inside("shutdown"));
        herd.until("over", || herd.is_over()).await;
        assert_eq!(herd.logged("post_stop of web failed: did not end within 1s and was killed"), 1);
        assert!(is_reaped(herd.read("errand")));
    });
}

#[test]
fn a_request_that_never_ends_does_not_hold_up_the_next_root() {
    with("[program:web]\ncommand=/bin/cat\nstartsecs=0\n", async |herd| {
        herd.state("web", ProcessState::Running).await;
        let mut client = UnixStream::connect(herd.path("herd.sock")).unwrap();
        client.write_all(b"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\nhalf a").unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let back = tokio::time::timeout(DEADLINE / 3, herd.crash("root", "panic")).await;
        assert!(back.is_ok(), "the next root waits for a client");
        drop(client);
    });
}

#[test]
fn a_socket_that_cannot_be_served_harms_nothing_else() {
    let herd = Herd::start("[program:web]\ncommand=/bin/cat\nstartsecs=0\n", |dir, mut doors| {
        let mut broken = doors[0].0.clone();
        broken.section = "unix_http_server:broken".to_owned();
        // a file is not a socket: the reactor refuses it
        let file = std::fs::File::create(dir.join("no socket")).unwrap();
        doors.push((broken, Listener::Unix(UnixListener::from(OwnedFd::from(file)))));
        doors
    });
    over(herd, async |herd| {
        herd.until("told", || herd.logged("[unix_http_server:broken] cannot serve") > 0).await;
        herd.state("web", ProcessState::Running).await;
        // it is tried again every second
        tokio::time::sleep(Duration::from_millis(2500)).await;
        assert_eq!(herd.incarnations("root").await, Some(vec![1]));
        assert_eq!(herd.logged("cannot serve"), 1, "{:#?}", herd.lines());
    });
}

#[test]
fn a_slow_disk_delays_the_successor_of_a_program_and_loses_nothing() {
    with("[program:web]\ncommand=/bin/cat\nautorestart=true\nstartsecs=0\n", async |herd| {
        herd.state("web", ProcessState::Running).await;
        let pid = herd.pid("web");
        let blocked = block_logs(herd);
        herd.strike("root/group:web/program:web", "panic").await;
        herd.kill("web", Signal::KILL);
        // its rotators are still busy, and no two may read one pipe
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(herd.status("web").pid, pid);
        drop(blocked);
        herd.until("restarted", || ![0, pid].contains(&herd.pid("web"))).await;
    });
}
