//! What is taken out of the output of programs, or copied from it: captures, events, the debug copy.
//!
//! Lines in syslog are tested below the daemon (`actors::rotator`): its socket is the system's.

use crate::harness::{DEADLINE, Herd, reference};
use std::collections::VecDeque;
use treeherd_rpc::api::EventApiClient as _;
use treeherd_rpc::client::{Endpoint, Target, connect_ws};
use treeherd_rpc::wire::{EventBody, EventItem};

/// A script of the shell that sends `text` between the tokens.
fn send(text: &str) -> String {
    format!("printf \"<!--XSUPERVISOR:BEGIN-->{text}<!--XSUPERVISOR:END-->\"")
}

/// The first events of these kinds since the daemon began, as many as asked for.
#[track_caller]
pub(crate) fn events(herd: &Herd, kinds: &[&str], count: usize) -> Vec<EventBody> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let endpoint = Endpoint::new(Target::Unix(herd.path("s.sock")));
    let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let collect = async {
        let client = connect_ws(&endpoint).await.expect("the daemon serves");
        let mut items =
            client.event_subscribe(Some(kinds), None, Some(0)).await.expect("anyone may subscribe");
        let mut events = Vec::new();
        while events.len() < count {
            match items.next().await.expect("the subscription goes on").expect("an item can be read") {
                EventItem::Event(event) => events.push(*event),
                EventItem::Mark(_) => {}
            }
        }
        events
    };
    runtime.block_on(async {
        let collected = tokio::time::timeout(DEADLINE, collect).await;
        collected
            .unwrap_or_else(|_| panic!("{count} events did not come; the log:\n{}", herd.log().join("\n")))
    })
}

/// The `data` of an event, and under which name it stands.
#[track_caller]
fn data(event: &EventBody) -> (&str, &str) {
    let data = event.data.as_ref().expect("it carries output");
    let text = |key| data.get(key).and_then(|text| text.as_str());
    text("data")
        .map(|text| ("data", text))
        .or_else(|| Some(("base64", text("base64")?)))
        .expect("it has bytes")
}

#[test]
fn captured_text_is_an_event_and_stays_out_of_the_log() {
    let script = format!("echo before; {}; echo after; {} >&2; exec cat", send("Malmö"), send("\\\\377"));
    let herd = Herd::start(&format!(
        "[program:cap]\ncommand=/bin/sh -c '{script}'\nstartsecs=0\nstdout_capture_maxbytes=1KB\n\
         stderr_capture_maxbytes=1KB\nstdout_logfile={{dir}}/cap.log\nstderr_logfile={{dir}}/cap.err\n"
    ));
    if !reference() {
        let mut sent = events(&herd, &["PROCESS_COMMUNICATION"], 2);
        sent.sort_by(|a, b| b.kind.cmp(&a.kind));
        assert_eq!(sent[0].kind, "PROCESS_COMMUNICATION_STDOUT");
        assert_eq!((sent[0].group.as_deref(), sent[0].name.as_deref()), (Some("cap"), Some("cap")));
        assert_eq!(sent[0].pid, Some(herd.spawned("cap")));
        assert_eq!(data(&sent[0]), ("data", "Malmö"));
        assert_eq!(sent[1].kind, "PROCESS_COMMUNICATION_STDERR");
        assert_eq!(data(&sent[1]), ("base64", "/w=="));
        // The reference holds back what is shorter than a token.
        assert_eq!(herd.wait_file("cap.log", "after\n"), "before\nafter\n");
    }
    herd.wait_anywhere("DEBG 'cap' stdout emitted a comm event");
    herd.wait_anywhere("DEBG 'cap' stderr emitted a comm event");
    herd.end();
}

#[test]
fn a_short_output_is_in_the_log_when_its_program_has_ended() {
    let herd = Herd::start(
        "[program:cap]\ncommand=/bin/sh -c 'printf \"short<!--XSUPER\"'\nstartsecs=0\nautorestart=false\n\
         stdout_capture_maxbytes=1KB\nstdout_logfile={dir}/cap.log\n",
    );
    herd.wait_anywhere("exited: cap (exit status 0; expected)");
    // The reference loses it.
    let text = if reference() { "" } else { "short<!--XSUPER" };
    assert_eq!(std::fs::read_to_string(herd.path("cap.log")).expect("it is there"), text);
    herd.end();
}

#[test]
fn output_is_announced_where_that_is_enabled_and_before_the_end_of_its_process() {
    let herd = Herd::start(
        "[program:say]\ncommand=/bin/sh -c 'echo out; printf \"\\\\377\" >&2'\nstartsecs=0\nautorestart=false\n\
         stdout_events_enabled=true\nstderr_events_enabled=true\n\
         [program:mute]\ncommand=/bin/sh -c 'echo out'\nstartsecs=0\nautorestart=false\npriority=1\n",
    );
    herd.wait_anywhere("exited: say");
    herd.wait_anywhere("exited: mute");
    if !reference() {
        let all = events(&herd, &["PROCESS_LOG", "PROCESS_STATE_EXITED"], 4);
        let mut said: VecDeque<&EventBody> =
            all.iter().filter(|event| event.name.as_deref() == Some("say")).collect();
        let end = said.pop_back().expect("its end is among them");
        assert_eq!((end.kind.as_str(), said.len()), ("PROCESS_STATE_EXITED", 2), "{all:?}");
        let mut found: Vec<_> = said.iter().map(|event| (event.kind.as_str(), data(event))).collect();
        found.sort_unstable();
        let expected =
            [("PROCESS_LOG_STDERR", ("base64", "/w==")), ("PROCESS_LOG_STDOUT", ("data", "out\n"))];
        assert_eq!(found, expected);
    }
    herd.end();
}

#[test]
fn the_debug_log_has_a_copy_of_all_output() {
    let script = "echo Malmö; exec cat";
    let herd = Herd::start(&format!("[program:say]\ncommand=/bin/sh -c '{script}'\nstartsecs=0\n"));
    herd.wait("DEBG 'say' stdout output:");
    let lines = herd.log();
    let at =
        lines.iter().position(|line| line.ends_with("DEBG 'say' stdout output:")).expect("it was there");
    herd.wait("Malmö");
    assert_eq!(herd.log()[at + 1], "Malmö");
    herd.end();
}

#[test]
fn above_the_debug_level_no_output_is_copied() {
    let herd = Herd::of(
        "[program:say]\ncommand=/bin/sh -c 'echo out'\nstartsecs=0\nautorestart=false\nstdout_logfile={dir}/say.log\n",
    )
    .argument("-einfo")
    .start();
    herd.wait("exited: say");
    assert_eq!(herd.wait_file("say.log", "\n"), "out\n");
    assert_eq!(herd.count("output:") + herd.count("DEBG"), 0);
    herd.end();
}
