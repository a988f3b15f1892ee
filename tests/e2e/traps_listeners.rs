//! Supervisor's own regression tests about event listeners, by the numbers of its issues.
//!
//! Its fixtures are in Python; here the shell plays them ([`LISTEN`]).

use crate::harness::{Herd, reference, until};
use crate::listening::{LISTEN, listener};

#[test]
fn issue_565_tail_f_follows_text_of_any_language_while_a_listener_is_told_of_it() {
    let program = "[program:hello]\ncommand=/bin/sh -c 'for i in 1 2 3; do \
                   echo \"The Øresund bridge ends in Malmö - $i\"; sleep 1; done; exec sleep 60'\n\
                   stdout_events_enabled=true\nstdout_logfile={dir}/hello.log\nautorestart=false\n";
    let herd = Herd::of(&(program.to_owned() + &listener("listener", "PROCESS_LOG", "")))
        .script("listen.sh", LISTEN)
        .start();
    let follower = herd.follow("tail -f hello");
    for number in 1..=3 {
        follower.wait(&format!("The Øresund bridge ends in Malmö - {number}\n"));
    }
    if reference() {
        // its `len` counts characters, which a listener that counts bytes does not survive
        return herd.end();
    }
    herd.wait_file("listener.told", "The Øresund bridge ends in Malmö - 3\n");
    herd.end();
}

#[test]
fn issue_638_a_listener_is_told_of_output_that_is_not_utf_8() {
    let program = "[program:binary]\ncommand=/bin/sh -c \"sleep 1.5; printf '\\\\210\\\\n'; exec sleep 60\"\n\
                   stdout_events_enabled=true\nstartsecs=0\nautorestart=false\n";
    let herd = Herd::of(&(program.to_owned() + &listener("listener", "PROCESS_LOG", "")))
        .script("listen.sh", LISTEN)
        .start();
    let told = herd.wait_file("listener.told", "Undecodable");
    assert!(told.ends_with("channel:stdout\nUndecodable: b'\\x88\\n'\n"), "{told:?}");
    herd.end();
}

#[test]
fn issue_663_the_protocol_goes_on_however_its_words_are_cut() {
    let herd = Herd::of(&listener("listener", "TICK_5", "")).script("listen.sh", LISTEN).start();
    for _ in 0..2 {
        herd.wait("OKREADY");
        herd.wait("BUSY -> ACKNOWLEDGED");
    }
    let told = herd.wait_file("listener.told", "when:");
    let when: u64 =
        told.split("when:").nth(1).and_then(|rest| rest.get(..10)?.parse().ok()).expect("a time");
    assert_eq!(when % 5, 0, "{told}");
    assert!(told.contains(" eventname:TICK_5 len:15\nwhen:"), "{told}");
    herd.end();
}

#[test]
fn issue_733_a_listener_of_one_line_ends_the_daemon_when_a_program_is_fatal() {
    let mut herd = Herd::start(
        "[program:nonexistent]\ncommand={dir}/nonexistent\nstartsecs=0\nstartretries=0\nautorestart=false\n\
         [eventlistener:fatalexit]\nevents=PROCESS_STATE_FATAL\ncommand=sh -c 'while true; do printf \"READY\\n\"; \
         read line; kill -15 $PPID; printf \"RESULT 2\\n\"; printf \"OK\"; done'\nstartsecs=0\nstartretries=0\n",
    );
    herd.wait("gave up: nonexistent entered FATAL state, too many start retries too quickly");
    herd.wait("received SIGTERM indicating exit request");
    assert_eq!(herd.wait_end().code(), Some(0));
    herd.assert_nothing_left();
}

#[test]
fn issue_1170c_a_variable_of_the_listener_beats_that_of_supervisord() {
    let herd = Herd::of(
        "[eventlistener:echo]\ncommand=sh -c \"echo '%(ENV_FOO)s' >&2\"\n\
         environment=FOO=\"set from [eventlistener] section\"\nevents=PROCESS_STATE_FATAL\nstartsecs=0\n\
         startretries=0\nautorestart=false\n",
    )
    .setting("environment=FOO=\"set from [supervisord] section\"")
    .start();
    herd.wait("'echo' stderr output:");
    assert_eq!(herd.wait("set from"), "set from [eventlistener] section");
    until("the end of echo", || (herd.count("exited: echo") > 0).then_some(()));
    herd.end();
}
