//! `restart_delay`, `fatal_retry`, `max_runtime`, `type=oneshot`, `essential`, `exit_code_from`: with the programs.

use crate::harness::{Herd, until};

/// A program that ends in this way after a moment in RUNNING.
fn ends(how: &str) -> String {
    format!("command=/bin/sh -c 'sleep 0.2; {how}'\nstartsecs=0\nstopasgroup=true\n")
}

/// The daemon's exit code when it has ended by itself.
fn code(mut herd: Herd) -> Option<i32> {
    herd.wait_end().code()
}

#[test]
fn the_daemon_ends_with_the_code_of_an_essential_program() {
    for (how, code_of) in [("exit 7", 7), ("kill -SEGV $$", 139), ("exit 0", 0)] {
        let text = format!("[program:web]\n{}autorestart=false\nessential=true\n", ends(how));
        let herd = Herd::of(&format!("{text}[program:other]\ncommand=/bin/cat\n")).start();
        herd.wait("essential program web");
        herd.wait("stopped: other");
        assert_eq!(code(herd), Some(code_of), "{how}");
    }
}

#[test]
fn the_daemon_ends_when_an_essential_program_is_fatal_and_never_with_0() {
    let text = "[program:web]\ncommand=/bin/true\nstartsecs=9\nstartretries=0\nessential=true\n";
    let herd = Herd::start(text);
    herd.wait("essential program web has failed (FATAL, last: exit status 0)");
    assert_eq!(code(herd), Some(1));
    let herd = Herd::start("[program:web]\ncommand=/nowhere/to/be/found\nstartretries=0\nessential=true\n");
    herd.wait("essential program web has failed (FATAL, it could not be spawned)");
    assert_eq!(code(herd), Some(1));
}

#[test]
fn what_somebody_asks_for_is_no_end() {
    let text = "[program:web]\ncommand=/bin/cat\nautorestart=false\nessential=true\nstartsecs=0\n\
                [program:job]\ncommand=/bin/true\ntype=oneshot\nessential=true\n\
                [program:again]\ncommand=/bin/sh -c 'sleep 0.2; exit 3'\nstartsecs=0\nessential=true\n";
    let herd = Herd::start(text);
    herd.wait("exited: job (exit status 0; expected)");
    herd.wait("exited: again (exit status 3; not expected)");
    herd.ctl("restart web").has("web: started", 0);
    herd.ctl("stop again").has("again: stopped", 0);
    herd.ctl("stop web").has("web: stopped", 0);
    herd.ctl("start web").has("web: started", 0);
    assert_eq!(herd.count("essential program"), 0);
    herd.end();
}

#[test]
fn an_end_that_a_group_answers_with_a_restart_is_none() {
    let text = format!(
        "[program:web]\n{}autorestart=true\nessential=true\n\
         [group:shop]\nprograms=web\nstrategy=one_for_one\nintensity=50\nperiod=60\n",
        ends("exit 3")
    );
    let herd = Herd::start(&text);
    until("two restarts", || (herd.count("spawned: 'web'") >= 3).then_some(()));
    assert_eq!(herd.count("essential program"), 0);
    herd.end();
}

#[test]
fn the_code_comes_from_the_program_that_is_named() {
    let web = "[program:web]\ncommand=/bin/sh -c 'trap \"exit 5\" TERM; while :; do sleep 0.1; done'\n";
    let herd = Herd::of(web).setting("exit_code_from=web").start();
    herd.wait("success: web");
    herd.signal("TERM");
    assert_eq!(code(herd), Some(5));

    // what ended the daemon has failed: no success, whatever the other says
    let web = web.replace("exit 5", "exit 0");
    let side = format!("[program:side]\n{}autorestart=false\nessential=true\n", ends("exit 9"));
    let herd = Herd::of(&format!("{web}{side}")).setting("exit_code_from=web").start();
    herd.wait("essential program side has failed (exit status 9)");
    assert_eq!(code(herd), Some(9));
}

#[test]
fn a_oneshot_is_waited_for_and_completed() {
    let text = "[program:job]\ncommand=/bin/sh -c 'sleep 1.3; exit 0'\ntype=oneshot\nautostart=false\n\
                autorestart=true\n\
                [program:bad]\ncommand=/bin/sh -c 'exit 4'\ntype=oneshot\nautostart=false\nautorestart=false\n";
    let herd = Herd::start(text);
    herd.ctl("start job").has("job: started", 0);
    herd.assert_count("exited: job (exit status 0; expected)", 1);
    herd.ctl("status --json job").has("\"COMPLETED\"", 3);
    herd.ctl("status job").has("job                              COMPLETED ", 3);
    herd.ctl("start bad").has("bad: ERROR", 7);
    herd.ctl("status bad").has("EXITED", 3);
    herd.assert_count("spawned: 'job'", 1);
    herd.end();
}

#[test]
fn fatal_is_announced_once_and_left_without_help() {
    let text = "[program:web]\ncommand=/bin/sh -c 'test -e %(here)s/db && exec cat'\nstartretries=0\n\
                fatal_retry=1s\n\
                [eventlistener:ear]\ncommand=/bin/sh %(here)s/ear\nevents=PROCESS_STATE\n";
    let ear = "echo READY\nwhile read line; do\n  \
               len=${line##*len:}; body=$(dd bs=1 count=$len 2>/dev/null)\n  \
               case \"$line$body\" in *processname:web*) echo \"$line $body\" >> $(dirname $0)/told;; esac\n  \
               printf 'RESULT 2\\nOK'; echo READY\ndone\n";
    let herd = Herd::of(text).script("ear", ear).start();
    herd.wait("gave up: web");
    for _ in 0..2 {
        let seen = herd.count("spawned: 'web'");
        until("another attempt", || (herd.count("spawned: 'web'") > seen).then_some(()));
        herd.ctl("status web").has("FATAL", 3);
    }
    herd.put("db", "");
    herd.wait_status("web", "RUNNING");
    let told = herd.wait_file("told", "PROCESS_STATE_RUNNING");
    let states: Vec<&str> = told
        .lines()
        .filter_map(|line| line.split("eventname:PROCESS_STATE_").nth(1)?.split(' ').next())
        .collect();
    assert_eq!(states, ["STARTING", "BACKOFF", "FATAL", "STARTING", "RUNNING"], "{told}");
    herd.end();
}

#[test]
fn a_stop_ends_the_attempts_in_the_background() {
    let herd = Herd::start(
        "[program:web]\ncommand=/bin/false\nstartretries=0\nfatal_retry=1s\n\
         [program:tick]\ncommand=/bin/sleep 1\nstartsecs=0\nautorestart=true\n",
    );
    herd.wait("gave up: web");
    until("another attempt", || (herd.count("spawned: 'web'") > 1).then_some(()));
    herd.ctl("stop web").has("web: stopped", 0);
    herd.ctl("status web").has("STOPPED", 3);
    let (spawned, ticks) = (herd.count("spawned: 'web'"), herd.count("spawned: 'tick'"));
    herd.ctl("stop web").has("web: ERROR (not running)", 0);
    until("two more would have come", || (herd.count("spawned: 'tick'") > ticks + 2).then_some(()));
    assert_eq!(herd.count("spawned: 'web'"), spawned);
    herd.end();
}

#[test]
fn a_program_is_started_anew_when_it_has_run_for_long_enough() {
    let herd =
        Herd::start("[program:web]\ncommand=/bin/cat\nmax_runtime=1s\nstartsecs=0\nautorestart=false\n");
    herd.wait("web is at the end of its max_runtime of 1s, restarting it");
    until("two more starts", || (herd.count("spawned: 'web'") >= 3).then_some(()));
    assert_eq!(herd.count("not expected"), 0);
    herd.end();
}

#[test]
fn a_delay_comes_before_a_restart() {
    let text = format!("[program:web]\n{}restart_delay=10m\n", ends("exit 1"));
    let herd = Herd::start(&text);
    herd.wait("exited: web (exit status 1; not expected)");
    herd.ctl("status web").has("EXITED", 3);
    herd.ctl("why web").has("it starts again in", 0);
    herd.ctl("stop web").has("web: stopped", 0);
    herd.assert_count("spawned: 'web'", 1);
    herd.end();
}
