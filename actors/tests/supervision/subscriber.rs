//! Subscribers while actors end by bugs around them, while they do not read, and while they end themselves: each event
//! is told once, in order, or counted in a gap.
//!
//! ```text
//!   root ── group:sub ─┬─ feeder         struck while events flow
//!                      `─ program:sub    a process that notes what it is told
//! ```

use crate::herd::{Herd, with};
use serde_json::{Value, json};
use std::sync::Arc;
use treeherd_actors::estate::FeedEstate;
use treeherd_domain::feed::Tally;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::{ProcessState, ProcessStatus};

const SUBSCRIBER: &str = "[subscriber:sub]\nevents=REMOTE_COMMUNICATION\nstartsecs=0\nautorestart=true\n\
    stdout_logfile=NONE\nstderr_logfile=NONE\n";

/// Announces an event with this number, on the tree's thread, as all are.
async fn send(herd: &Herd, number: u64) {
    let data = format!("{number}");
    let sent = herd.call("supervisor.sendRemoteCommEvent", json!(["t", data])).await;
    assert_eq!(sent, Ok(json!(true)));
}

fn feed(herd: &Herd, group: &str) -> Arc<FeedEstate> {
    herd.shared.arena.group(group).and_then(|group| group.feed.clone()).expect("it is a subscriber")
}

fn tally(herd: &Herd) -> Tally {
    feed(herd, "sub").status()[0].tally
}

/// The lines of a file, each of which is JSON; one that is not all there yet is left out.
fn lines(herd: &Herd, file: &str) -> Vec<Value> {
    let text = herd.read(file);
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// The numbers that were sent with [`send`], as far as they were told.
fn numbers(lines: &[Value]) -> Vec<u64> {
    let number = |line: &Value| line["data"]["data"].as_str().map(|text| text.parse().unwrap());
    lines.iter().filter_map(number).collect()
}

/// Every event after the mark at the beginning was told or counted, up to the last line. How many each.
#[track_caller]
fn assert_whole(lines: &[Value]) -> (u64, u64) {
    assert_eq!(lines[0]["kind"], "snapshot", "{}", lines[0]);
    let (mut next, mut told, mut dropped) = (lines[0]["seq"].as_u64().unwrap() + 1, 0, 0);
    for line in &lines[1..] {
        if line["kind"] == "gap" {
            let count = line["dropped"].as_u64().unwrap();
            assert_eq!(line["resumeFrom"], next + count, "{line}");
            (next, dropped) = (next + count, dropped + count);
        } else {
            assert_eq!(line["seq"], next, "{line}");
            (next, told) = (next + 1, told + 1);
        }
    }
    (told, dropped)
}

/// Strikes while events flow; what the subscriber is told must not show it.
fn survives(path: &str, how: &str) {
    const EVENTS: u64 = 60;
    let command = "command=/bin/sh -c 'exec cat >>%(here)s/told'\n";
    with(&format!("{SUBSCRIBER}{command}"), async |herd| {
        herd.state("sub", ProcessState::Running).await;
        let pid = herd.pid("sub");
        for number in 0..EVENTS {
            send(herd, number).await;
            // few enough for what is above to stay
            if number % 25 == 10 {
                herd.crash(path, how).await;
            }
        }
        herd.until("told of all", || numbers(&lines(herd, "told")).len() as u64 >= EVENTS).await;
        let told = lines(herd, "told");
        assert_eq!(numbers(&told), (0..EVENTS).collect::<Vec<_>>());
        assert_eq!((told.len() as u64, &told[0]["kind"]), (EVENTS + 1, &json!("snapshot")));
        let tally = tally(herd);
        assert_eq!(tally, Tally { accepted: EVENTS, delivered: EVENTS, ..Tally::default() });
        assert_eq!(herd.pid("sub"), pid);
    });
}

survives! {
    no_event_is_lost_or_told_twice_by_a_panic_in_the_feeder: "root/group:sub/feeder", "panic";
    no_event_is_lost_or_told_twice_by_a_stop_of_the_feeder: "root/group:sub/feeder", "stop";
    no_event_is_lost_or_told_twice_by_a_panic_in_the_group: "root/group:sub", "panic";
    no_event_is_lost_or_told_twice_by_a_panic_in_the_program: "root/group:sub/program:sub", "panic";
    no_event_is_lost_or_told_twice_by_a_panic_in_the_rotator: "root/group:sub/program:sub/rotator:stdout", "panic";
    no_event_is_lost_or_told_twice_by_a_panic_in_the_bus: "root/bus", "panic";
    no_event_is_lost_or_told_twice_by_a_panic_in_the_root: "root", "panic";
}

/// A process that reads nothing until there is a file `go`, and all after that.
const LATE: &str =
    "command=/bin/sh -c 'while [ ! -e %(here)s/go ]; do sleep 0.02; done; exec cat >>%(here)s/told'\n";

#[test]
fn a_subscriber_that_does_not_read_holds_up_nobody_and_is_told_how_much_it_missed() {
    const EVENTS: u64 = 2000;
    with(&format!("{SUBSCRIBER}{LATE}buffer_size=10\n"), async |herd| {
        herd.state("sub", ProcessState::Running).await;
        for number in 0..EVENTS {
            send(herd, number).await;
        }
        let waits = || !herd.estate("sub").record().stdin_queue.is_empty();
        herd.until("a full pipe", waits).await;
        for path in ["root/group:sub/feeder", "root/group:sub/program:sub", "root/group:sub"] {
            herd.crash(path, "panic").await;
            assert!(waits());
        }
        let status = feed(herd, "sub").status();
        assert_eq!(
            (status[0].waiting, herd.logged("sub: takes no events, and 10 of them wait (buffer_size=10)")),
            (10, 1)
        );
        std::fs::write(herd.path("go"), "").unwrap();
        herd.until("the last one", || numbers(&lines(herd, "told")).last() == Some(&(EVENTS - 1))).await;
        let told = lines(herd, "told");
        let gaps: Vec<&Value> = told.iter().filter(|line| line["kind"] == "gap").collect();
        let counted = numbers(&told);
        let dropped = EVENTS - counted.len() as u64;
        assert!(dropped > 1000, "{dropped} were dropped");
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0]["dropped"], dropped);
        // the oldest that waited went
        assert_eq!(counted[counted.len() - 10..], (EVENTS - 10..EVENTS).collect::<Vec<_>>());
        let tally = tally(herd);
        assert_eq!(tally, Tally { accepted: EVENTS, delivered: EVENTS - dropped, returned: 0, dropped });
        let over =
            format!("sub: takes its events again; {dropped} were dropped meanwhile, {dropped} since");
        herd.until("over", || herd.logged(&over) == 1).await;
        assert_eq!(herd.logged("sub: takes no events"), 1);
    });
}

#[test]
fn nothing_is_dropped_while_the_process_reads_however_small_the_buffer() {
    let command = "command=/bin/sh -c 'exec cat >>%(here)s/told'\nbuffer_size=1\n";
    with(&format!("{SUBSCRIBER}{command}"), async |herd| {
        herd.state("sub", ProcessState::Running).await;
        for number in 0..300 {
            send(herd, number).await;
        }
        herd.until("all", || numbers(&lines(herd, "told")).len() == 300).await;
        assert_eq!(tally(herd).dropped, 0);
    });
}

#[test]
fn what_a_process_did_not_read_is_told_to_the_next_one_in_whole_lines() {
    // the first reads two lines and some of the third, byte by byte, and no more
    let command = "command=/bin/sh -c 'if [ -e %(here)s/half ]; then exec cat >>%(here)s/told; fi; read -r begin; \
                   read -r one; dd bs=1 count=20 2>/dev/null >%(here)s/half; exec sleep 600'\n";
    with(&format!("{SUBSCRIBER}{command}"), async |herd| {
        herd.state("sub", ProcessState::Running).await;
        for number in 0..5 {
            send(herd, number).await;
        }
        herd.until("read in part", || herd.read("half").len() == 20).await;
        let before = herd.here("root/group:sub").await;
        herd.strike("root/group:sub", "panic").await;
        herd.kill("sub", Signal::KILL);
        herd.after("root/group:sub", &before).await;
        herd.until("all", || numbers(&lines(herd, "told")).len() >= 4).await;
        let told = lines(herd, "told");
        assert_eq!(numbers(&told), [1, 2, 3, 4]);
        assert_eq!(told[0]["kind"], "snapshot");
        assert!(told[0]["seq"].as_u64() < told[1]["seq"].as_u64(), "{told:?}");
        assert_eq!(tally(herd), Tally { accepted: 5, delivered: 9, returned: 4, dropped: 0 });
    });
}

#[test]
fn a_process_that_closes_its_input_takes_nothing_with_it() {
    let command = "command=/bin/sh -c 'if [ -e %(here)s/shut ]; then exec cat >>%(here)s/told; fi; read -r begin; \
                   read -r one; exec <&-; echo >%(here)s/shut; exec sleep 600'\n";
    with(&format!("{SUBSCRIBER}{command}"), async |herd| {
        herd.state("sub", ProcessState::Running).await;
        for number in 0..3 {
            send(herd, number).await;
        }
        herd.until("shut", || !herd.read("shut").is_empty()).await;
        for number in 3..6 {
            send(herd, number).await;
        }
        herd.until("told so", || herd.logged("sub: has closed its standard input") == 1).await;
        herd.kill("sub", Signal::KILL);
        herd.until("all", || numbers(&lines(herd, "told")).len() >= 5).await;
        assert_eq!(numbers(&lines(herd, "told")), [1, 2, 3, 4, 5]);
    });
}

#[test]
fn events_wait_for_a_process_that_is_down() {
    let command = "command=/bin/sh -c 'exec cat >>%(here)s/told'\nbuffer_size=3\n";
    with(&format!("{SUBSCRIBER}{command}"), async |herd| {
        herd.state("sub", ProcessState::Running).await;
        send(herd, 0).await;
        herd.until("told", || numbers(&lines(herd, "told")).len() == 1).await;
        assert_eq!(herd.call("supervisor.stopProcess", json!(["sub"])).await, Ok(json!(true)));
        for number in 1..6 {
            send(herd, number).await;
        }
        assert_eq!(herd.call("supervisor.startProcess", json!(["sub"])).await, Ok(json!(true)));
        herd.until("told of the rest", || numbers(&lines(herd, "told")).len() == 4).await;
        let told = lines(herd, "told");
        assert_eq!(numbers(&told), [0, 3, 4, 5]);
        let kinds: Vec<&str> = told.iter().map(|line| line["kind"].as_str().unwrap()).collect();
        let event = "REMOTE_COMMUNICATION";
        assert_eq!(kinds, ["snapshot", event, "snapshot", "gap", event, event, event]);
        assert_eq!((&told[3]["dropped"], &told[3]["resumeFrom"]), (&json!(2), &told[4]["seq"]));
        assert_eq!(told[2]["seq"], told[1]["seq"]);
    });
}

#[test]
fn every_process_is_told_every_event_and_nobody_else_writes_to_it() {
    let more = "numprocs=2\nprocess_name=p%(process_num)d\n\
                command=/bin/sh -c 'exec cat >>%(here)s/told%(process_num)d'\n";
    with(&format!("{SUBSCRIBER}{more}"), async |herd| {
        for name in ["sub:p0", "sub:p1"] {
            herd.state(name, ProcessState::Running).await;
            let refused = herd.call("supervisor.sendProcessStdin", json!([name, "x"])).await.unwrap_err();
            assert_eq!(
                refused["message"],
                format!("FAILED: {name} is a subscriber: its standard input is for events")
            );
        }
        for number in 0..20 {
            send(herd, number).await;
        }
        for file in ["told0", "told1"] {
            herd.until("all", || numbers(&lines(herd, file)).len() == 20).await;
            assert_eq!(numbers(&lines(herd, file)), (0..20).collect::<Vec<_>>());
        }
    });
}

#[test]
fn its_own_output_is_not_told_to_a_subscriber() {
    let programs = "[subscriber:sub]\nevents=PROCESS_LOG\nstartsecs=0\nstdout_events_enabled=true\n\
        stdout_logfile=%(here)s/told\nstderr_logfile=NONE\ncommand=/bin/cat\n\
        [program:talk]\ncommand=/bin/echo hello\nautostart=false\nstartsecs=0\nautorestart=false\n\
        stdout_events_enabled=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
    with(programs, async |herd| {
        herd.state("sub", ProcessState::Running).await;
        for count in 1..4 {
            herd.call("supervisor.startProcess", json!(["talk", false])).await.unwrap();
            herd.until("told", || lines(herd, "told").len() > count).await;
            herd.state("talk", ProcessState::Exited).await;
        }
        let told = lines(herd, "told");
        assert!(
            told[1..].iter().all(|line| line["name"] == "talk" && line["data"]["data"] == "hello\n"),
            "{told:?}"
        );
    });
}

#[test]
fn a_thousand_flapping_programs_are_told_or_counted_to_the_last() {
    // everything but ticks: nobody wants them, so there are none, and the numbers of the others have no holes
    let events = "PROCESS_STATE,PROCESS_GROUP,SUPERVISOR_STATE_CHANGE,REMOTE_COMMUNICATION,ACTOR_RESTARTED,LOG_TROUBLE";
    let subscriber = |name: &str, more: &str| {
        format!(
            "[subscriber:{name}]\nevents={events}\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n{more}\n"
        )
    };
    let slow = "buffer_size=50\ncommand=/bin/sh -c 'while read -r line; do printf \"%%s\\n\" \"$line\"; done >>%(here)s/slow'";
    let programs = subscriber("fast", "command=/bin/sh -c 'exec cat >>%(here)s/fast'\nbuffer_size=100000")
        + &subscriber("slow", slow)
        + "[program:flap]\ncommand=%(here)s/flap\nstartretries=0\nnumprocs=1000\nprocess_name=f%(process_num)d\nautostart=false\nstartsecs=0\n\
           autorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
    with(&programs, async |herd| {
        for name in ["fast", "slow"] {
            herd.state(name, ProcessState::Running).await;
        }
        std::os::unix::fs::symlink("/bin/true", herd.path("flap")).unwrap();
        let tally = |name: &str| feed(herd, name).status()[0].tally;
        let methods = herd.bridge.methods(true);
        let start =
            r#"{"jsonrpc":"2.0","id":1,"method":"supervisor.startProcessGroup","params":["flap",false]}"#;
        let started = tokio::spawn(async move { methods.raw_json_request(start, 1).await.unwrap().0 });
        // about once round
        herd.until("a storm", || tally("fast").accepted > 2500).await;
        // so busy, the tree may not take it in time, or do it and not answer in time
        let blow = json!({"path": "root/group:slow/feeder", "how": "panic"});
        let (mut blows, mut is_struck) = (1, herd.call("tree.crash", blow.clone()).await.is_ok());
        // what cannot be started any more is given up
        std::fs::remove_file(herd.path("flap")).unwrap();
        while !is_struck {
            blows += 1;
            is_struck = herd.call("tree.crash", blow.clone()).await.is_ok();
        }
        assert!(started.await.unwrap().get().contains("result"), "they were started");
        let group = herd.shared.arena.group("flap").unwrap();
        // what had not had its turn was refused, for there is nothing to start
        let is_over = |one: &ProcessStatus| match one.state {
            ProcessState::Stopped => one.incarnation == 0,
            state => state == ProcessState::Fatal,
        };
        let is_calm = || group.estates.iter().all(|one| is_over(&one.status()));
        herd.until("calm", is_calm).await;
        let bugs = || herd.logged("actor root/group:slow/feeder ended by an internal error");
        herd.until("its end is told", || bugs() > 0).await;
        assert!(bugs() <= blows);
        // the last event of all, by which one knows that nothing is on its way
        send(herd, 0).await;
        let last = |name: &str| {
            let text = herd.read(name);
            text.ends_with('\n')
                && text.lines().last().is_some_and(|line| line.contains("REMOTE_COMMUNICATION"))
        };
        for name in ["fast", "slow"] {
            herd.until("all of it", || last(name)).await;
            let told = lines(herd, name);
            let (delivered, dropped) = assert_whole(&told);
            let Tally { accepted, returned, .. } = tally(name);
            assert_eq!((delivered + dropped, returned), (accepted, 0), "{name}");
            assert_eq!((delivered, dropped), (tally(name).delivered, tally(name).dropped), "{name}");
        }
        assert_eq!(tally("fast").dropped, 0);
        assert!(herd.logged("slow: takes no events") <= herd.logged("slow: takes its events again") + 1);
    });
}
