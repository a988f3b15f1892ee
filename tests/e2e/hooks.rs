//! Hooks and stop commands: what is run around the starts and stops of a program.
//!
//! ```text
//!   pre_start ─► process ─► post_start ... pre_stop ─► stop_command ─► process ends ─► post_stop
//!        `──────────────── each notes itself in one file: `story` ───────────────────────'
//! ```

use crate::harness::{Herd, alive, until};

/// A hook that notes its name, the cause and how the process ended.
const NOTE: &str = "echo $SUPERVISOR_HOOK $SUPERVISOR_CAUSE ${SUPERVISOR_PID:+pid} \
                    $SUPERVISOR_EXIT_CODE$SUPERVISOR_EXIT_SIGNAL >> {dir}/story\n";
const ALL: &str = "pre_start=/bin/sh {dir}/note\npost_start=/bin/sh {dir}/note\npre_stop=/bin/sh {dir}/note\n\
                   post_stop=/bin/sh {dir}/note\n";

fn story(herd: &Herd) -> String {
    std::fs::read_to_string(herd.path("story")).unwrap_or_default()
}

fn noted(program: &str) -> Herd {
    Herd::of(program).script("note", NOTE).start()
}

#[test]
fn each_hook_is_run_at_its_time_and_told_why() {
    let herd = noted(&format!("[program:web]\ncommand=/bin/cat\nstartsecs=0\n{ALL}"));
    herd.wait_file("story", "post_start");
    herd.ctl("stop web").is("web: stopped\n", 0);
    assert_eq!(
        herd.wait_file("story", "post_stop"),
        "pre_start autostart\npost_start startsecs pid\npre_stop asked pid\npost_stop exit pid SIGTERM\n"
    );
    herd.end();
}

#[test]
fn a_crash_runs_post_stop_and_the_next_start_comes_after_it() {
    let herd = noted(&format!(
        "[program:web]\ncommand=/bin/sh -c 'test -e {{dir}}/once && exec cat; : > {{dir}}/once; exit 5'\n\
         startsecs=0\nautorestart=true\n{ALL}"
    ));
    until("the second start", || (story(&herd).matches("pre_start").count() == 2).then_some(()));
    let told = story(&herd);
    let told: Vec<&str> = told.lines().filter(|line| !line.starts_with("post_start")).collect();
    assert_eq!(told, ["pre_start autostart", "post_stop exit pid 5", "pre_start autorestart"]);
    herd.end();
}

#[test]
fn a_pre_start_that_fails_is_a_failed_start_and_says_why() {
    let herd = Herd::start(
        "[program:web]\ncommand=/bin/cat\nstartretries=1\npre_start=/bin/sh -c 'echo no database >&2; exit 4'\n\
         post_stop=/bin/sh -c ': > {dir}/stopped'\n",
    );
    herd.wait_status("web", "FATAL");
    herd.assert_count("INFO spawnerr: pre_start: exit status 4: no database", 2);
    assert_eq!(herd.count("INFO spawned"), 0);
    assert!(!herd.path("stopped").exists(), "there was no process");
    let said = herd.ctl("start web");
    assert!(said.stdout == "web: ERROR (spawn error)\n" && said.stderr.contains("no database"), "{said:?}");
    herd.end();
}

#[test]
fn a_stop_during_pre_start_kills_it_with_its_children() {
    let herd = Herd::start(
        "[program:web]\ncommand=/bin/cat\npre_start=/bin/sh -c 'sleep 600 & echo $! > {dir}/child; wait'\n\
         [program:other]\ncommand=/bin/cat\nstartsecs=0\n",
    );
    let child = herd.wait_file("child", "\n").trim().parse().expect("a pid");
    herd.wait_status("other", "RUNNING");
    herd.wait_status("web", "STARTING");
    herd.ctl("stop web").is("web: stopped\n", 0);
    until("the end of the child", || (!alive(child)).then_some(()));
    assert_eq!(herd.count("INFO spawned: 'web'"), 0);
    herd.end();
}

#[test]
fn hooks_that_hang_are_killed_and_hold_up_the_end_of_the_daemon_for_their_time_only() {
    let hang = |name: &str| format!("/bin/sh -c 'sleep 600 & echo $! > {{dir}}/{name}; wait'");
    let mut herd = Herd::start(&format!(
        "[program:web]\ncommand=/bin/cat\nstartsecs=0\nhook_timeout=3s\npre_stop={}\npost_stop={}\n",
        hang("before"),
        hang("after")
    ));
    herd.wait_status("web", "RUNNING");
    herd.signal("TERM");
    assert!(herd.wait_end().success());
    for name in ["before", "after"] {
        let child = herd.wait_file(name, "\n").trim().parse().expect("a pid");
        until("the end of the child", || (!alive(child)).then_some(()));
    }
    herd.assert_nothing_left();
}

#[test]
fn a_stop_command_takes_the_place_of_the_first_signal() {
    let herd = Herd::start(
        "[program:web]\ncommand=/bin/cat\nstartsecs=0\nstop_command=/bin/sh -c 'kill -USR1 $SUPERVISOR_PID'\n\
         [program:bad]\ncommand=/bin/cat\nstartsecs=0\nstop_command=/bin/sh -c 'echo no socket; exit 1'\n\
         [program:slow]\ncommand=/bin/cat\nstartsecs=0\nstopsequence=INT:300ms\nstop_command=/bin/sleep 600\n",
    );
    for name in ["web", "bad", "slow"] {
        herd.wait_status(name, "RUNNING");
        herd.ctl(&format!("stop {name}")).is(&format!("{name}: stopped\n"), 0);
    }
    herd.assert_story(
        &["killing", "stopped: ", "stop_command of bad", "stop_command of slow"],
        "WARN stopped: web (terminated by SIGUSR1)\n\
         DEBG running stop_command of bad\n\
         WARN stop_command of bad failed: exit status 1: no socket; the stop signal follows in its place: mend stop_command\n\
         DEBG killing bad (pid N) with signal SIGTERM\n\
         WARN stopped: bad (terminated by SIGTERM)\n\
         DEBG running stop_command of slow\n\
         INFO stop_command of slow is killed: its time is over\n\
         DEBG killing slow (pid N) with signal SIGINT\n\
         WARN stopped: slow (terminated by SIGINT)\n",
    );
    herd.end();
}

#[test]
fn a_hook_that_fails_says_what_follows_and_what_to_do() {
    let herd = Herd::start(
        "[program:web]\ncommand=/bin/cat\nstartsecs=0\npost_start=/bin/sh -c 'echo no cache; exit 2'\n\
         pre_stop=/bin/false\npost_stop=/bin/sh -c 'exit 4'\n",
    );
    herd.wait(
        "WARN post_start of web failed: exit status 2: no cache; the process runs on: mend post_start",
    );
    herd.ctl("stop web").is("web: stopped\n", 0);
    let see = |key| {
        format!("run the command of {key} by hand, as the program's user and in its directory, to see why")
    };
    for (key, told) in [
        ("pre_stop", "exit status 1, and it wrote nothing; the process is told to end all the same"),
        ("post_stop", "exit status 4, and it wrote nothing; the process is down all the same"),
    ] {
        herd.wait(&format!("WARN {key} of web failed: {told}: {}", see(key)));
    }
    herd.end();
}
