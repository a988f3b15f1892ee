//! `stopsequence`: several signals, each with its time, and SIGKILL in the end.
//!
//! ```text
//!   stop ─► TERM ─(its time)─► INT ─(its time)─► KILL     the program notes what it hears, in a file
//! ```

use crate::harness::Herd;

/// A shell that notes TERM and INT and does not end by them, and ends by USR1.
const DEAF: &str = "trap 'echo TERM >> told' TERM\ntrap 'echo INT >> told' INT\n\
                    trap 'echo USR1 >> told; exit 7' USR1\n: > set\nwhile :; do sleep 0.05; done\n";

fn deaf(keys: &str) -> Herd {
    let program = format!(
        "[program:deaf]\ncommand=/bin/sh {{dir}}/deaf\ndirectory={{dir}}\nstartsecs=0\nautorestart=false\n{keys}\n"
    );
    let herd = Herd::of(&program).script("deaf", DEAF).start();
    herd.wait_file("set", "");
    herd
}

fn told(herd: &Herd) -> String {
    std::fs::read_to_string(herd.path("told")).unwrap_or_default()
}

#[test]
fn a_program_that_ignores_each_signal_hears_all_in_their_order_and_is_killed() {
    let herd = deaf("stopsequence=TERM:3s, INT:3s, KILL\nstopsignal=USR1\nstopwaitsecs=600");
    herd.ctl("stop deaf").is("deaf: stopped\n", 0);
    assert_eq!(told(&herd), "TERM\nINT\n");
    herd.assert_story(
        &["killing", "stopped: ", "has not ended"],
        "DEBG killing deaf (pid N) with signal SIGTERM\n\
         INFO deaf has not ended within 3s, sending SIGINT (stopsequence)\n\
         DEBG killing deaf (pid N) with signal SIGINT\n\
         WARN killing 'deaf' (N) with SIGKILL\n\
         DEBG killing deaf (pid N) with signal SIGKILL\n\
         WARN stopped: deaf (terminated by SIGKILL)\n",
    );
    herd.end();
}

#[test]
fn a_program_that_ends_by_a_later_signal_hears_nothing_after_it() {
    let herd = deaf("stopsequence=TERM:3s, USR1:600, INT:600");
    herd.ctl("stop deaf").is("deaf: stopped\n", 0);
    assert_eq!(told(&herd), "TERM\nUSR1\n");
    herd.wait("WARN stopped: deaf (exit status 7)");
    herd.end();
}

#[test]
fn a_sequence_reaches_the_whole_process_group_with_stopasgroup() {
    let herd = deaf("stopsequence=TERM:100ms, INT:100ms\nstopasgroup=true");
    herd.ctl("stop deaf").is("deaf: stopped\n", 0);
    herd.assert_story(
        &["DEBG killing"],
        "DEBG killing deaf (pid N) process group with signal SIGTERM\n\
         DEBG killing deaf (pid N) process group with signal SIGINT\n\
         DEBG killing deaf (pid N) process group with signal SIGKILL\n",
    );
    herd.end();
}

#[test]
fn the_end_of_the_daemon_goes_through_the_sequence() {
    let mut herd = deaf("stopsequence=TERM:3s, USR1:600");
    herd.signal("TERM");
    assert!(herd.wait_end().success());
    assert_eq!(told(&herd), "TERM\nUSR1\n");
    herd.assert_nothing_left();
}

#[test]
fn a_sequence_that_is_none_is_refused_with_a_mark_below_the_word_that_is_wrong() {
    let said = Herd::of("[program:web]\ncommand=/bin/cat\nstopsequence=TERM:30s, KILL:5s\n").refused();
    let mark = "| stopsequence=TERM:30s, KILL:5s\n   |                        ^^^^^^^\n";
    assert!(said.stderr.contains("KILL has no wait: 'KILL:5s'") && said.stderr.contains(mark), "{said:?}");
    assert!(said.stderr.contains("help: write KILL alone"), "{said:?}");
}
