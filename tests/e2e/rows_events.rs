//! Events and listeners, row by row: what a listener is told, byte for byte, and what becomes of its answers.

use crate::harness::{Herd, Plan, reference, until};
use crate::listening::{LISTEN, listener};
use serde_json::json;
use std::fs;

/// Sections with a listener's script beside them.
fn plan(sections: &str) -> Plan {
    Herd::of(sections).script("listen.sh", LISTEN)
}

/// What a listener was told, with pids and times as `N`.
fn told(herd: &Herd, name: &str) -> String {
    let text = fs::read_to_string(herd.path(&format!("{name}.told"))).unwrap_or_default();
    let mut plain = String::new();
    for word in text.split_inclusive([' ', '\n']) {
        let number = |key: &str| {
            let digits = word.strip_prefix(key)?.trim_end();
            (digits.len() > 1 && digits.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| digits.to_owned())
        };
        match number("pid:").or_else(|| number("when:")) {
            Some(digits) => plain.push_str(&word.replace(&digits, "N")),
            None => plain.push_str(word),
        }
    }
    plain
}

/// The names of the events that a listener was told of, with their serials.
fn names(herd: &Herd, name: &str) -> Vec<String> {
    let word = |line: &str, key: &str| {
        line.split(' ').find_map(|word| word.strip_prefix(key)).unwrap_or_default().to_owned()
    };
    let text = told(herd, name);
    let headers = text.lines().filter(|line| line.starts_with("ver:3.0 "));
    headers.map(|line| format!("{} {}", word(line, "serial:"), word(line, "eventname:"))).collect()
}

/// Waits until a listener was told of so many events, and gives their names.
#[track_caller]
fn wait_names(herd: &Herd, name: &str, count: usize) -> Vec<String> {
    until(&format!("{count} events; {:?}", names(herd, name)), || {
        Some(names(herd, name)).filter(|names| names.len() >= count)
    })
}

const ONE_SHOT: &str =
    "[program:shot]\ncommand=/bin/sh -c 'exit 3'\nstartsecs=0\nautorestart=false\nautostart=false\n";

#[test]
fn a_listener_is_told_of_every_state_in_supervisors_words() {
    let sections = "[program:cat]\ncommand=/bin/cat\nstartsecs=1\nautostart=false\nautorestart=false\n\
                    [program:none]\ncommand=/no/such/file\nstartretries=1\nautostart=false\n"
        .to_owned()
        + ONE_SHOT
        + &listener("lis", "PROCESS_STATE", "buffer_size=100\nstartsecs=0");
    let herd = plan(&sections).start();
    wait_names(&herd, "lis", 2);
    herd.ctl("start cat").is("cat: started\n", 0);
    herd.ctl("stop cat").is("cat: stopped\n", 0);
    herd.ctl("start shot");
    wait_names(&herd, "lis", 9);
    herd.ctl("start none");
    wait_names(&herd, "lis", 9);
    let (cat, shot) = ("processname:cat groupname:cat", "processname:shot groupname:shot");
    let rows = [
        ("STARTING", "processname:lis groupname:lis from_state:STOPPED tries:0".to_owned()),
        ("RUNNING", "processname:lis groupname:lis from_state:STARTING pid:N".to_owned()),
        ("STARTING", format!("{cat} from_state:STOPPED tries:0")),
        ("RUNNING", format!("{cat} from_state:STARTING pid:N")),
        ("STOPPING", format!("{cat} from_state:RUNNING pid:N")),
        ("STOPPED", format!("{cat} from_state:STOPPING pid:N")),
        ("STARTING", format!("{shot} from_state:STOPPED tries:0")),
        ("RUNNING", format!("{shot} from_state:STARTING pid:N")),
        ("EXITED", format!("{shot} from_state:RUNNING expected:0 pid:N")),
    ];
    let mut expected = String::new();
    let text = fs::read_to_string(herd.path("lis.told")).expect("it was told");
    let lengths: Vec<&str> = text.lines().filter_map(|line| line.split(" len:").nth(1)).collect();
    for (serial, (state, payload)) in rows.iter().enumerate() {
        expected += &format!(
            "ver:3.0 server:supervisor serial:{serial} pool:lis poolserial:{serial} eventname:PROCESS_STATE_{state} \
             len:{}\n{payload}\n",
            lengths[serial]
        );
    }
    assert_eq!(told(&herd, "lis"), expected);
    // what a length counts is what follows
    for (header, payload) in text.lines().zip(text.lines().skip(1)).step_by(2) {
        assert_eq!(header.split(" len:").nth(1), Some(&*payload.len().to_string()), "{header}");
    }
    herd.end();
}

#[test]
fn a_listener_is_told_of_attempts_that_fail() {
    let sections =
        "[program:quick]\ncommand=/bin/sh -c 'exit 1'\nstartsecs=5\nstartretries=1\nautostart=false\n"
            .to_owned()
            + &listener(
                "lis",
                "PROCESS_STATE_STARTING,PROCESS_STATE_BACKOFF,PROCESS_STATE_FATAL",
                "startsecs=0",
            );
    let herd = plan(&sections).start();
    wait_names(&herd, "lis", 1);
    herd.ctl("start quick");
    wait_names(&herd, "lis", 6);
    let payloads: Vec<String> = told(&herd, "lis")
        .lines()
        .skip(3)
        .step_by(2)
        .map(|line| line.replace("processname:quick groupname:quick ", ""))
        .collect();
    let expected = [
        "from_state:STOPPED tries:0",
        "from_state:STARTING tries:1",
        "from_state:BACKOFF tries:1",
        "from_state:STARTING tries:2",
        "from_state:BACKOFF",
    ];
    assert_eq!(payloads, expected);
    herd.end();
}

#[test]
fn groups_and_the_daemon_come_in_supervisors_order() {
    // all but what comes by the clock
    let kinds = "PROCESS_GROUP,SUPERVISOR_STATE_CHANGE,PROCESS_STATE";
    let sections = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n".to_owned()
        + &listener("lis", kinds, "buffer_size=100\nstartsecs=0\nstdout_logfile={dir}/lis.out");
    let herd = plan(&sections).start();
    let mut names = wait_names(&herd, "lis", 7);
    // which process is up first is not said
    names[3..7].sort_by_key(|name| name.split(' ').nth(1).unwrap_or_default().to_owned());
    let kinds: Vec<&str> = names.iter().take(7).filter_map(|name| name.split(' ').nth(1)).collect();
    let expected = [
        "PROCESS_GROUP_ADDED",
        "PROCESS_GROUP_ADDED",
        "SUPERVISOR_STATE_CHANGE_RUNNING",
        "PROCESS_STATE_RUNNING",
        "PROCESS_STATE_RUNNING",
        "PROCESS_STATE_STARTING",
        "PROCESS_STATE_STARTING",
    ];
    assert_eq!(kinds, expected);
    let begin = told(&herd, "lis");
    let head = "ver:3.0 server:supervisor serial:";
    assert!(
        begin.starts_with(&format!(
            "{head}0 pool:lis poolserial:0 eventname:PROCESS_GROUP_ADDED len:14\ngroupname:lis\n\n\
             {head}1 pool:lis poolserial:1 eventname:PROCESS_GROUP_ADDED len:14\ngroupname:cat\n\n\
             {head}2 pool:lis poolserial:2 eventname:SUPERVISOR_STATE_CHANGE_RUNNING len:0\n\n"
        )),
        "{begin}"
    );
    // all that a listener writes is in its log
    let log = herd.wait_file("lis.out", "RESULT");
    assert!(log.starts_with("READY\nRESULT 2\nOKREADY\n"), "{log}");
    herd.end();
}

#[test]
fn a_listener_sees_the_end_of_all_others() {
    let sections = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n".to_owned()
        + &listener("lis", "SUPERVISOR_STATE_CHANGE_STOPPING,PROCESS_STATE_STOPPED", "");
    let mut herd = plan(&sections).start();
    herd.wait("success: lis");
    herd.signal("TERM");
    herd.wait_end();
    let kinds: Vec<String> = names(&herd, "lis");
    if reference() {
        // the end of the last program comes after its listeners are told to stop
        assert_eq!(kinds[0], "0 SUPERVISOR_STATE_CHANGE_STOPPING");
        return herd.assert_nothing_left();
    }
    assert_eq!(kinds, ["0 SUPERVISOR_STATE_CHANGE_STOPPING", "1 PROCESS_STATE_STOPPED"]);
    assert!(told(&herd, "lis").ends_with("processname:cat groupname:cat from_state:STOPPING pid:N\n"));
    herd.assert_nothing_left();
}

#[test]
fn output_and_captures_are_told_with_their_process_and_channel() {
    let sections = "[program:talk]\ncommand=/bin/sh -c 'echo out; sleep 0.3; echo err >&2; sleep 0.3; \
                    printf \"<!--XSUPERVISOR:BEGIN-->the data\\n<!--XSUPERVISOR:END-->\" >&2; exec sleep 60'\n\
                    autostart=false\nstdout_events_enabled=true\nstderr_events_enabled=true\n\
                    stderr_capture_maxbytes=1KB\nstdout_capture_maxbytes=0\n"
        .to_owned()
        + &listener("lis", "PROCESS_LOG,process_communication", "startsecs=0");
    let herd = plan(&sections).start();
    herd.wait("success: lis");
    herd.ctl("start talk");
    herd.wait_file("lis.told", "the data");
    let text = told(&herd, "lis");
    let head = "processname:talk groupname:talk pid:N";
    let has = |event: &str, payload: &str| {
        let (header, rest) =
            text.split_once(&format!("eventname:{event} ")).unwrap_or_else(|| panic!("{text}"));
        assert!(header.ends_with(' '), "{text}");
        let payload_told = rest.split_once('\n').map_or("", |(_, rest)| rest);
        assert!(payload_told.starts_with(payload), "{event}: {text}");
    };
    has("PROCESS_LOG_STDOUT", &format!("{head} channel:stdout\nout\n\n"));
    has("PROCESS_LOG_STDERR", &format!("{head} channel:stderr\nerr\n\n"));
    has("PROCESS_COMMUNICATION_STDERR", &format!("{head}\nthe data\n\n"));
    herd.end();
}

#[test]
fn remote_communication_is_told_word_for_word() {
    let herd = plan(&listener("lis", "REMOTE_COMMUNICATION", "startsecs=0")).start();
    herd.wait("success: lis");
    let sent = herd.call("supervisor.sendRemoteCommEvent", json!(["thetype", "thedata ends\n"]));
    assert_eq!(sent, Ok(json!(true)));
    let expected = "ver:3.0 server:supervisor serial:0 pool:lis poolserial:0 eventname:REMOTE_COMMUNICATION len:26\n\
                    type:thetype\nthedata ends\n\n";
    assert_eq!(herd.wait_file("lis.told", "ends\n\n"), expected);
    if !reference() {
        // bytes are counted, where Supervisor counts characters
        assert_eq!(herd.call("supervisor.sendRemoteCommEvent", json!(["é", "ü"])), Ok(json!(true)));
        let told = herd.wait_file("lis.told", "ü");
        assert!(told.ends_with("eventname:REMOTE_COMMUNICATION len:10\ntype:é\nü\n"), "{told}");
    }
    herd.end();
}

#[test]
fn subscriptions_that_overlap_bring_an_event_once() {
    let herd = plan(&listener("lis", "EVENT,REMOTE_COMMUNICATION,remote_communication", "buffer_size=100"))
        .start();
    herd.wait("success: lis");
    herd.call("supervisor.sendRemoteCommEvent", json!(["t", "d"])).expect("it is sent");
    herd.call("supervisor.sendRemoteCommEvent", json!(["t", "last"])).expect("it is sent");
    herd.wait_file("lis.told", "last");
    let count = names(&herd, "lis").iter().filter(|name| name.ends_with("REMOTE_COMMUNICATION")).count();
    // Supervisor sends it for each of the two
    let expected = if reference() { 3..=4 } else { 2..=2 };
    assert!(expected.contains(&count), "{:?}", names(&herd, "lis"));
    herd.end();
}

#[test]
fn an_event_that_is_rejected_is_sent_again_with_its_numbers_to_this_pool_alone() {
    let sections = listener("one", "REMOTE_COMMUNICATION", "startsecs=0")
        + &listener("two", "TICK_3600", "startsecs=0");
    let herd = plan(&sections).start();
    herd.wait_anywhere("success: one");
    herd.wait_anywhere("success: two");
    herd.put("one.answer", "FAIL");
    herd.call("supervisor.sendRemoteCommEvent", json!(["t", "d"])).expect("it is sent");
    herd.wait("one: event was rejected");
    herd.wait("BUSY -> ACKNOWLEDGED");
    herd.wait("rebuffering event 0 for pool one (buf size=0, max=10)");
    wait_names(&herd, "one", 3);
    fs::remove_file(herd.path("one.answer")).expect("it is there");
    herd.wait("one: event was processed");
    let names = names(&herd, "one");
    assert!(names.iter().all(|name| name == "0 REMOTE_COMMUNICATION"), "{names:?}");
    if !reference() {
        assert_eq!(herd.count("pool two"), 0);
    }
    herd.end();
}

#[test]
fn an_event_whose_listener_ends_is_sent_again() {
    let herd = plan(&listener("lis", "REMOTE_COMMUNICATION", "startsecs=0")).start();
    herd.wait("success: lis");
    herd.put("lis.answer", "die");
    herd.call("supervisor.sendRemoteCommEvent", json!(["t", "d"])).expect("it is sent");
    herd.wait("exited: lis (exit status 1; not expected)");
    herd.wait("rebuffering event 0 for pool lis (buf size=0, max=10)");
    herd.wait("lis: event was processed");
    assert_eq!(names(&herd, "lis"), ["0 REMOTE_COMMUNICATION", "0 REMOTE_COMMUNICATION"]);
    herd.end();
}

#[test]
fn a_listener_that_breaks_the_protocol_is_restarted_and_its_event_sent_again() {
    let herd = plan(&listener("lis", "REMOTE_COMMUNICATION", "startsecs=0")).start();
    herd.wait("success: lis");
    let pid = herd.pid("lis");
    herd.put("lis.answer", "break");
    herd.call("supervisor.sendRemoteCommEvent", json!(["t", "d"])).expect("it is sent");
    herd.wait("lis: bad result line: 'hello world'");
    herd.wait("lis: BUSY -> UNKNOWN");
    herd.wait(
        "lis: has entered the UNKNOWN state and will no longer receive events, this usually indicates the process \
         violated the eventlistener protocol",
    );
    if reference() {
        return herd.end();
    }
    herd.wait("lis: event was processed");
    assert_eq!(names(&herd, "lis"), ["0 REMOTE_COMMUNICATION", "0 REMOTE_COMMUNICATION"]);
    assert_ne!(herd.pid("lis"), pid);
    herd.end();
}

#[test]
fn by_the_key_a_listener_that_broke_the_protocol_stays_as_it_is() {
    let herd =
        plan(&listener("lis", "REMOTE_COMMUNICATION", "startsecs=0\nprotocol_error=unknown")).start();
    herd.wait("success: lis");
    let pid = herd.pid("lis");
    herd.put("lis.answer", "break");
    herd.call("supervisor.sendRemoteCommEvent", json!(["t", "d"])).expect("it is sent");
    herd.wait("has entered the UNKNOWN state");
    herd.ctl("status lis").has("RUNNING", 0);
    assert_eq!(herd.pid("lis"), pid);
    // whoever restarts it gets the event through
    herd.ctl("restart lis").is("lis: stopped\nlis: started\n", 0);
    herd.wait("lis: event was processed");
    herd.end();
}

#[test]
fn a_full_buffer_drops_the_oldest_event_and_says_so() {
    let herd = plan(&listener("lis", "REMOTE_COMMUNICATION", "startsecs=12\nbuffer_size=2")).start();
    herd.wait("spawned: 'lis'");
    for data in ["a", "b", "c", "d"] {
        herd.call("supervisor.sendRemoteCommEvent", json!(["t", data])).expect("it is sent");
    }
    herd.wait("ERRO pool lis event buffer overflowed, discarding event 0");
    herd.wait("ERRO pool lis event buffer overflowed, discarding event 1");
    // nothing is sent before the listener is RUNNING
    herd.wait("success: lis");
    herd.wait("event 2 sent to listener lis");
    herd.wait("event 3 sent to listener lis");
    assert_eq!(wait_names(&herd, "lis", 2), ["2 REMOTE_COMMUNICATION", "3 REMOTE_COMMUNICATION"]);
    herd.end();
}

#[test]
fn each_event_goes_to_one_listener_of_a_pool() {
    let section = "[eventlistener:lis]\ncommand=/bin/sh {dir}/listen.sh %(process_num)d\nevents=REMOTE_COMMUNICATION\n\
                   numprocs=2\nprocess_name=lis_%(process_num)d\nbuffer_size=100\n";
    let herd = plan(section).start();
    herd.wait("success: lis_");
    herd.wait("success: lis_");
    for number in 0..20 {
        herd.call("supervisor.sendRemoteCommEvent", json!(["t", number.to_string()])).expect("it is sent");
    }
    let all = || {
        let mut all: Vec<u64> = ["0", "1"]
            .iter()
            .flat_map(|name| names(&herd, name))
            .filter_map(|name| name.split(' ').next()?.parse().ok())
            .collect();
        all.sort_unstable();
        all
    };
    until("20 events", || (all().len() == 20).then_some(()));
    assert_eq!(all(), (0..20).collect::<Vec<u64>>());
    herd.ctl("stop lis:lis_0").is("lis:lis_0: stopped\n", 0);
    let before = names(&herd, "1").len();
    herd.call("supervisor.sendRemoteCommEvent", json!(["t", "x"])).expect("it is sent");
    until("the last", || (names(&herd, "1").len() == before + 1).then_some(()));
    herd.end();
}

#[test]
fn a_notification_may_be_larger_than_a_pipe() {
    let sections = "[program:big]\ncommand=/bin/sh -c 'printf \"<!--XSUPERVISOR:BEGIN-->\"; \
                    head -c 300000 /dev/zero | tr \"\\\\\\\\0\" x; printf \"<!--XSUPERVISOR:END-->\"; exec sleep 60'\n\
                    autostart=false\nstdout_capture_maxbytes=1MB\n\
                    [eventlistener:lis]\nevents=PROCESS_COMMUNICATION\nstartsecs=0\n\
                    command=/bin/sh -c 'printf \"READY\\n\"; read -r line; sleep 1; len=${line##*len:}; \
                    head -c $len | wc -c >{dir}/count; printf \"RESULT 2\\nOK\"; exec sleep 60'\n";
    let herd = plan(sections).start();
    herd.wait("success: lis");
    herd.ctl("start big");
    let count: usize = herd.wait_file("count", "\n").trim().parse().expect("a number");
    assert!((300_000..300_100).contains(&count), "{count}");
    herd.wait("lis: event was processed");
    herd.end();
}

#[test]
fn a_listener_that_does_not_read_is_told_of_nothing() {
    let herd = plan(
        "[eventlistener:lis]\nevents=REMOTE_COMMUNICATION\nstartsecs=0\n\
         command=/bin/sh -c 'exec 0<&-; printf \"READY\\n\"; exec sleep 60'\n",
    )
    .start();
    herd.wait("lis: ACKNOWLEDGED -> READY");
    herd.wait_anywhere("success: lis");
    herd.call("supervisor.sendRemoteCommEvent", json!(["t", "d"])).expect("it is sent");
    herd.wait("epipe occurred while sending event 0 to listener lis, listener state unchanged");
    herd.end();
}

#[test]
fn the_serials_of_a_pool_begin_anew_with_it_and_those_of_all_go_on() {
    let section = listener("lis", "REMOTE_COMMUNICATION", "startsecs=0");
    let herd = plan(&section).start();
    let send = || herd.call("supervisor.sendRemoteCommEvent", json!(["t", "d"])).expect("it is sent");
    herd.wait("success: lis");
    send();
    wait_names(&herd, "lis", 1);
    herd.configure(&[], &(section.clone() + "buffer_size=20\n"));
    herd.ctl("update").is("lis: stopped\nlis: updated process group\n", 0);
    herd.wait("success: lis");
    send();
    wait_names(&herd, "lis", 2);
    herd.signal("HUP");
    herd.wait("supervisord started with pid");
    herd.wait("success: lis");
    until("the socket", || herd.ctl("status").stdout.contains("RUNNING").then_some(()));
    send();
    wait_names(&herd, "lis", 3);
    let numbers: Vec<String> = told(&herd, "lis")
        .lines()
        .filter(|line| line.starts_with("ver:"))
        .map(|line| line.split(' ').filter(|word| word.contains("serial:")).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(numbers, ["serial:0 poolserial:0", "serial:1 poolserial:0", "serial:2 poolserial:0"]);
    herd.end();
}

#[test]
fn supervisorctl_shows_what_was_and_follows_what_comes() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n[program:dog]\ncommand=/bin/cat\nstartsecs=0\n",
    );
    herd.wait_status("cat", "RUNNING");
    herd.wait_status("dog", "RUNNING");
    let said = herd.ctl("events cat --kind process_state");
    let kinds: Vec<&str> = said.stdout.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(
        (kinds, said.code),
        (vec!["PROCESS_STATE_STARTING", "PROCESS_STATE_RUNNING"], 0),
        "{said:?}"
    );
    assert!(said.stdout.lines().all(|line| line.contains(" cat from ")), "{said:?}");
    let follower = herd.follow("events -f --json dog");
    follower.wait("\"kind\":\"snapshot\"");
    herd.ctl("stop cat dog").has("dog: stopped\n", 0);
    follower.wait("\"to\":\"STOPPED\"");
    assert!(!follower.text().contains("\"name\":\"cat\""), "{}", follower.text());
    drop(follower);
    herd.ctl("events --since x").has("", 2);
    herd.end();
}
