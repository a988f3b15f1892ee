//! One bug in each actor of a real tree: processes, states, calls, exits.
//!
//! ```text
//!   root ─┬─ bus, scribe, endpoint
//!         `─ group:web ─┬─ program:echo      cat, autorestart=true
//!                       |- program:once      cat, autorestart=false
//!                       `- program:stubborn  does not heed TERM
//! ```

use crate::bytes::block_logs;
use crate::herd::{Herd, with};
use serde_json::{Value, json};
use treeherd_actors::bus::Item;
use treeherd_domain::event::EventKind;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;
use treeherd_rpc::api::SupervisorApiClient;
use treeherd_rpc::client::{self, Target};

const PROGRAMS: &str = "[group:web]\nprograms=echo,once,stubborn\n\
    [program:echo]\ncommand=/bin/sh -c 'echo oops >&2; exec cat'\nautorestart=true\nstartsecs=0\n\
    stdout_logfile=%(here)s/echo.out\nstderr_logfile=%(here)s/echo.err\n\
    [program:once]\ncommand=/bin/cat\nautorestart=false\nstartsecs=0\nstdout_logfile=NONE\n\
    stderr_logfile=NONE\n\
    [program:stubborn]\ncommand=/bin/sh -c 'trap \"\" TERM; echo up; while :; do read line || sleep 9; done'\n\
    startsecs=0\nstopwaitsecs=60\nautorestart=false\nstdout_logfile=%(here)s/stubborn.out\nstderr_logfile=NONE\n";

const ECHO: &str = "root/group:web/program:echo";
const STUBBORN: &str = "root/group:web/program:stubborn";

/// Whether a call to the stubborn program is lost with the actor at this path.
fn is_above_stubborn(path: &str) -> bool {
    STUBBORN.starts_with(path)
}

async fn ready(herd: &Herd) {
    for name in ["web:echo", "web:once", "web:stubborn"] {
        herd.state(name, ProcessState::Running).await;
    }
    herd.until("ready", || herd.read("stubborn.out") == "up\n").await;
}

/// Data to the standard input of `echo` arrive in its log.
async fn check_input(herd: &Herd, text: &str) {
    let line = format!("{text}\n");
    let sent = herd.call("supervisor.sendProcessStdin", json!(["web:echo", line])).await;
    assert_eq!(sent, Ok(json!(true)));
    herd.until("echoed", || herd.read("echo.out").contains(&line)).await;
}

/// A client of flesh and blood gets an answer at the socket.
async fn check_socket(herd: &Herd) {
    let target = Target::Unix(herd.path("herd.sock"));
    let client = client::connect_http(&client::Endpoint::new(target)).await.unwrap();
    let state = client.get_state().await.unwrap();
    assert_eq!(state.statename, "RUNNING");
}

/// A process that ends while an actor is being restarted is noticed, with its status.
async fn check_exits(herd: &Herd, path: &str, how: &str) {
    let before = herd.here(path).await;
    let (pid, spawn) = (herd.pid("web:echo"), herd.status("web:echo").incarnation);
    let mut events = herd.shared.journal.subscribe(None, false);
    herd.strike(path, how).await;
    herd.kill("web:echo", Signal::KILL);
    herd.kill("web:once", Signal::TERM);
    herd.after(path, &before).await;
    herd.until("restarted", || herd.pid("web:echo") != pid && herd.pid("web:echo") > 0).await;
    assert_eq!(herd.status("web:echo").incarnation, spawn + 1);
    herd.state("web:once", ProcessState::Exited).await;
    let signaled = |signal| ExitStatus::Signaled { signal, core_dumped: false };
    assert_eq!(herd.status("web:once").exit, Some(signaled(Signal::TERM)));
    // a bus that ends with events in its mailbox loses them
    if path != "root/bus" && path != "root" {
        let end = async {
            loop {
                let Some(Item::Event(event)) = events.items.recv().await else { panic!("a gap") };
                if let EventKind::ProcessState { namespec, exit: Some((status, expected)), .. } =
                    &event.kind
                    && namespec.to_string() == "web:echo"
                {
                    return (*status, *expected);
                }
            }
        };
        assert_eq!(end.await, (signaled(Signal::KILL), false));
    }
    assert!(herd.logged("exited: echo") >= 1);
}

fn survives(path: &str, how: &str) {
    with(PROGRAMS, async |herd| {
        ready(herd).await;
        check_input(herd, "before").await;
        let stop = async { herd.call("supervisor.stopProcess", json!(["web:stubborn"])).await };
        let scene = async {
            herd.state("web:stubborn", ProcessState::Stopping).await;
            let before = herd.snapshot();
            herd.crash(path, how).await;
            assert_eq!(herd.snapshot(), before, "processes, states, times, incarnations");
            check_input(herd, "after").await;
            check_socket(herd).await;
            // the stop that was begun is still under way, and ends with the process
            herd.kill("web:stubborn", Signal::KILL);
            herd.state("web:stubborn", ProcessState::Stopped).await;
        };
        let (stopped, ()) = tokio::join!(stop, scene);
        if is_above_stubborn(path) {
            let error = stopped.expect_err("a call that was cut short");
            assert_eq!(error["data"]["kind"], "ActorCrashed", "{error}");
            let incident = error["data"]["incident"].as_str().unwrap().to_owned();
            assert_eq!(herd.logged(&format!("(incident {incident})")), 1, "{:#?}", herd.lines());
        } else {
            assert_eq!(stopped, Ok(json!(true)));
        }
        check_exits(herd, path, how).await;
        let started = herd.call("supervisor.startProcess", json!(["web:stubborn"])).await;
        assert_eq!(started, Ok(json!(true)));
        assert_eq!(herd.read("echo.out"), "before\nafter\n");
        herd.until("logged", || herd.read("echo.err") == "oops\noops\n").await;
        let reason = if how == "panic" { "injected fault" } else { "it stopped without being told to" };
        let told = format!("actor {path} ended by an internal error (incident ");
        herd.until("told", || herd.logged(&told) == 2).await;
        assert!(herd.logged(reason) >= 2);
        herd.until("written", || herd.read("main.log").contains(reason)).await;
        herd.kill("web:stubborn", Signal::KILL);
        herd.state("web:stubborn", ProcessState::Exited).await;
    });
}

survives! {
    nothing_is_lost_by_a_panic_in_the_root: "root", "panic";
    nothing_is_lost_by_a_stop_of_the_root: "root", "stop";
    nothing_is_lost_by_a_panic_in_the_bus: "root/bus", "panic";
    nothing_is_lost_by_a_stop_of_the_bus: "root/bus", "stop";
    nothing_is_lost_by_a_panic_in_the_scribe: "root/scribe", "panic";
    nothing_is_lost_by_a_stop_of_the_scribe: "root/scribe", "stop";
    nothing_is_lost_by_a_panic_in_an_endpoint: "root/endpoint:unix_http_server", "panic";
    nothing_is_lost_by_a_stop_of_an_endpoint: "root/endpoint:unix_http_server", "stop";
    nothing_is_lost_by_a_panic_in_a_group: "root/group:web", "panic";
    nothing_is_lost_by_a_stop_of_a_group: "root/group:web", "stop";
    nothing_is_lost_by_a_panic_in_a_program: ECHO, "panic";
    nothing_is_lost_by_a_stop_of_a_program: ECHO, "stop";
    nothing_is_lost_by_a_panic_in_a_program_that_is_waited_for: STUBBORN, "panic";
    nothing_is_lost_by_a_stop_of_a_program_that_is_waited_for: STUBBORN, "stop";
    nothing_is_lost_by_a_panic_in_the_rotator_of_stdout: "root/group:web/program:echo/rotator:stdout", "panic";
    nothing_is_lost_by_a_stop_of_the_rotator_of_stdout: "root/group:web/program:echo/rotator:stdout", "stop";
    nothing_is_lost_by_a_panic_in_the_rotator_of_stderr: "root/group:web/program:echo/rotator:stderr", "panic";
    nothing_is_lost_by_a_stop_of_the_rotator_of_stderr: "root/group:web/program:echo/rotator:stderr", "stop";
}

#[test]
fn an_actor_that_is_not_there_cannot_be_crashed() {
    with(PROGRAMS, async |herd| {
        ready(herd).await;
        for path in ["elsewhere", "root/group:nobody", "root/group:web/program:nobody", "root/nobody"] {
            let error = herd.call("tree.crash", json!({"path": path, "how": "panic"})).await.unwrap_err();
            assert_eq!(error["data"]["kind"], "NothingMatched", "{error}");
            assert_eq!(error["message"], format!("there is no actor '{path}'"));
            assert_eq!(error["data"]["hint"], "`tree.get` tells the paths", "{error}");
        }
        herd.kill("web:stubborn", Signal::KILL);
    });
}

#[test]
fn every_actor_that_the_tree_shows_can_be_crashed() {
    fn paths(node: &Value, into: &mut Vec<String>) {
        into.push(node["path"].as_str().unwrap().to_owned());
        node["children"].as_array().into_iter().flatten().for_each(|child| paths(child, into));
    }
    let programs = "[program:one]\ncommand=/bin/cat\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
    with(programs, async |herd| {
        let tree = herd.call("tree.get", json!({})).await.unwrap();
        let mut all = Vec::new();
        paths(&tree, &mut all);
        assert_eq!(all.len(), 8, "{all:?}");
        // the lowest first: whoever is above takes those below along
        for path in all.iter().rev() {
            herd.crash(path, "panic").await;
        }
    });
}

#[test]
fn the_tree_tells_how_long_a_message_waits_for_each_actor() {
    fn waits(node: &Value, into: &mut Vec<(String, Option<u64>)>) {
        into.push((node["path"].as_str().unwrap().to_owned(), node["mailbox"].as_u64()));
        node["children"].as_array().into_iter().flatten().for_each(|child| waits(child, into));
    }
    let programs = "[program:one]\ncommand=/bin/cat\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
    with(programs, async |herd| {
        let ask = async || {
            let mut all = Vec::new();
            waits(&herd.call("tree.get", json!({})).await.unwrap(), &mut all);
            assert_eq!(all.remove(0), ("root".to_owned(), None), "it is the root that was asked");
            assert_eq!(all.len(), 7, "{all:?}");
            all
        };
        // on a busy machine one may not come to it in time
        while ask().await.iter().any(|(_, waited)| waited.is_none()) {}
        let blocked = block_logs(herd);
        let all = ask().await;
        drop(blocked);
        let on_logs = |path: &str| path.contains("rotator") || path == "root/scribe";
        for (path, waited) in &all {
            assert!(waited.is_none() || !on_logs(path), "{path} cannot have come to it: {all:?}");
        }
        assert!(all.iter().any(|(_, waited)| waited.is_some()), "{all:?}");
    });
}

#[test]
fn the_tree_tells_how_long_each_repair_took() {
    fn repairs(node: &Value, into: &mut Vec<(String, bool)>) {
        into.push((node["path"].as_str().unwrap().to_owned(), node["repair"].is_u64()));
        node["children"].as_array().into_iter().flatten().for_each(|child| repairs(child, into));
    }
    let programs = "[program:one]\ncommand=/bin/cat\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
    with(programs, async |herd| {
        let (group, program) = ("root/group:one", "root/group:one/program:one");
        let mut told = Vec::new();
        repairs(&herd.call("tree.get", json!({})).await.unwrap(), &mut told);
        assert!(told.iter().all(|(_, is_told)| !is_told), "nothing was repaired: {told:?}");
        herd.crash(group, "panic").await;
        let (above, below) = (herd.repair(group).await, herd.repair(program).await);
        assert!(below >= above, "the group was there first: {above:?}, {below:?}");
        herd.repair(&format!("{program}/rotator:stderr")).await;
        told.clear();
        repairs(&herd.call("tree.get", json!({})).await.unwrap(), &mut told);
        assert!(told.iter().all(|(path, is_told)| *is_told == path.starts_with(group)), "{told:?}");
        herd.crash("root", "stop").await;
        for path in ["root", "root/bus", "root/scribe", group, program] {
            herd.repair(path).await;
        }
    });
}

#[test]
fn without_the_key_nothing_can_be_crashed() {
    with("fault_injection=false\n", async |herd| {
        let error = herd.call("tree.crash", json!({"path": "root/bus", "how": "panic"})).await.unwrap_err();
        assert_eq!(error["data"]["kind"], "Forbidden", "{error}");
        assert_eq!(herd.incarnations("root/bus").await, Some(vec![1, 1]));
    });
}

#[test]
fn the_bridge_has_every_method_of_the_table_and_no_other() {
    with("", async |herd| {
        let methods = herd.bridge.methods(true);
        let mut built: Vec<String> = methods.method_names().map(str::to_owned).collect();
        let mut written = treeherd_rpc::api::method_names();
        built.sort();
        written.sort();
        assert_eq!(built, written);
    });
}
