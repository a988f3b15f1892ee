//! From spawn to the end a program comes to by itself: `startsecs`, `startretries`, `exitcodes`, `autorestart`.
//!
//! ```text
//!   STOPPED -> STARTING -> RUNNING -> EXITED -> (autorestart) STARTING
//!                 ^  |
//!                 |  v
//!               BACKOFF -> FATAL
//! ```
//!
//! Stopping on demand is in `lifecycle_stop`.

use crate::harness::{Herd, reference, signal, until};

/// The seconds of the day in a log line's time stamp.
fn second(line: &str) -> f64 {
    let stamp = line.get(11..23).expect("a log line begins with its time");
    let parts: Vec<f64> = stamp.split([':', ',']).map(|part| part.parse().expect("digits")).collect();
    parts[0].mul_add(3600.0, parts[1].mul_add(60.0, parts[2] + parts[3] / 1000.0))
}

/// The seconds from one log line to another, also over midnight.
fn seconds(from: &str, to: &str) -> f64 {
    (second(to) - second(from)).rem_euclid(86400.0)
}

#[test]
fn a_program_is_running_once_it_has_stayed_up_for_startsecs() {
    let herd = Herd::start(
        "[program:long]\ncommand=/bin/cat\nstartsecs=600\n[program:steady]\ncommand=/bin/cat\nstartsecs=1\n",
    );
    let spawned = herd.wait("spawned: 'steady' with pid ");
    herd.ctl("status long").has("STARTING", 0);
    let running = herd.wait(
        "INFO success: steady entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
    );
    let took = seconds(&spawned, &running);
    // a line is stamped when it is written, which may be a while after the spawn
    assert!((0.5..15.0).contains(&took), "{took} s");
    herd.ctl("status steady").has(
        &format!("steady                           RUNNING   pid {}, uptime 0:0", herd.spawned("steady")),
        0,
    );
    herd.end();
}

#[test]
fn a_program_with_startsecs_zero_may_end_at_once() {
    let herd = Herd::start("[program:short]\ncommand=/bin/true\nstartsecs=0\nautorestart=false\n");
    herd.wait("INFO exited: short (exit status 0; expected)");
    herd.ctl("status short").has("short                            EXITED    ", 3);
    herd.assert_count("spawned: 'short'", 1);
    herd.end();
}

#[test]
fn a_program_that_ends_too_soon_backs_off_longer_each_time_and_is_given_up() {
    let herd = Herd::start(
        "[program:fail]\ncommand=/bin/false\nstartsecs=5\nstartretries=1\n\
         [program:zero]\ncommand=/bin/true\nstartsecs=5\nstartretries=0\n",
    );
    herd.wait("gave up: fail");
    herd.assert_story(
        &["fail "],
        "WARN exited: fail (exit status 1; not expected)\n\
         WARN exited: fail (exit status 1; not expected)\n\
         INFO gave up: fail entered FATAL state, too many start retries too quickly\n",
    );
    herd.assert_count("spawned: 'fail'", 2);
    herd.assert_count("spawned: 'zero'", 1);
    herd.wait_anywhere("gave up: zero");
    let ends: Vec<String> = herd.log().into_iter().filter(|line| line.contains("exited: fail")).collect();
    assert!(seconds(&ends[0], &ends[1]) >= 0.9, "{ends:?}");
    herd.ctl("status").is(
        "fail                             FATAL     Exited too quickly (process log may have details)\n\
         zero                             FATAL     Exited too quickly (process log may have details)\n",
        3,
    );
    herd.assert_count("WARN exited: zero (exit status 0; not expected)", 1);
    herd.end();
}

#[test]
fn a_program_given_up_starts_again_by_hand_with_all_its_retries() {
    let herd = Herd::start(
        "[program:flag]\ncommand=/bin/sh -c 'test -f {dir}/up && exec cat'\nstartretries=0\nstartsecs=2\n",
    );
    herd.wait("gave up: flag");
    herd.put("up", "");
    herd.ctl("start flag").is("flag: started\n", 0);
    herd.ctl("status flag").has("RUNNING", 0);
    herd.end();
}

#[test]
fn exit_codes_and_autorestart_decide_what_follows_an_end() {
    let once = "/bin/sh -c 'echo x >> {dir}/%(program_name)s; test $(wc -l < {dir}/%(program_name)s) -ge 2 && exec cat;";
    let herd = Herd::start(&format!(
        "[program:never]\ncommand={once} exit 7'\nstartsecs=0\nautorestart=false\n\
         [program:wanted]\ncommand={once} exit 3'\nstartsecs=0\nautorestart=unexpected\nexitcodes=0,3\n\
         [program:unwanted]\ncommand={once} exit 4'\nstartsecs=0\nautorestart=unexpected\nexitcodes=0,3\n\
         [program:always]\ncommand={once} exit 0'\nstartsecs=0\nautorestart=true\n\
         [program:default]\ncommand={once} exit 1'\nstartsecs=0\n\
         [program:killed]\ncommand={once} kill -9 $$'\nstartsecs=0\n"
    ));
    herd.wait_anywhere("exited: never (exit status 7; not expected)");
    herd.wait_anywhere("exited: wanted (exit status 3; expected)");
    herd.wait_anywhere("exited: unwanted (exit status 4; not expected)");
    herd.wait_anywhere("exited: always (exit status 0; expected)");
    herd.wait_anywhere("exited: default (exit status 1; not expected)");
    herd.wait_anywhere("exited: killed (terminated by SIGKILL; not expected)");
    for name in ["unwanted", "always", "default", "killed"] {
        herd.wait_status(name, "RUNNING");
        herd.assert_count(&format!("spawned: '{name}'"), 2);
    }
    for name in ["never", "wanted"] {
        herd.ctl(&format!("status {name}")).has("EXITED", 3);
        herd.assert_count(&format!("spawned: '{name}'"), 1);
    }
    herd.end();
}

#[test]
fn a_killed_program_comes_back_with_another_pid() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    let first = herd.pid("cat");
    signal(first, "SEGV");
    let line = herd.wait("WARN exited: cat (terminated by SIGSEGV");
    assert!(line.ends_with("; not expected)"), "{line}");
    herd.wait("spawned: 'cat' with pid ");
    herd.wait("success: cat");
    assert_ne!(herd.pid("cat"), first);
    herd.end();
}

#[test]
fn a_program_without_autostart_waits_to_be_asked() {
    let herd = Herd::start(
        "[program:manual]\ncommand=/bin/cat\nautostart=false\nstartsecs=0\n[program:other]\ncommand=/bin/cat\nstartsecs=0\n",
    );
    herd.wait("success: other");
    herd.ctl("status manual").is("manual                           STOPPED   Not started\n", 3);
    assert_eq!(herd.count("spawned: 'manual'"), 0);
    herd.ctl("start manual").is("manual: started\n", 0);
    herd.ctl("status manual").has("RUNNING", 0);
    herd.end();
}

#[test]
fn start_waits_for_startsecs_and_tells_of_an_end_before_it() {
    let herd = Herd::start(
        "[program:dies]\ncommand=/bin/false\nautostart=false\nstartsecs=5\nstartretries=0\n\
         [program:stays]\ncommand=/bin/cat\nautostart=false\n",
    );
    herd.ctl("start dies").is("dies: ERROR (spawn error)\n", 7);
    herd.ctl("start stays").is("stays: started\n", 0);
    until("the success", || (herd.count("success: stays entered RUNNING") == 1).then_some(()));
    herd.end();
}

#[test]
fn groups_start_by_priority_and_then_by_name() {
    let herd = Herd::start(
        "[program:b]\ncommand=/bin/cat\nstartsecs=0\npriority=20\n\
         [program:a]\ncommand=/bin/cat\nstartsecs=0\npriority=20\n\
         [program:z]\ncommand=/bin/cat\nstartsecs=0\npriority=10\n\
         [program:last]\ncommand=/bin/cat\nstartsecs=0\n",
    );
    for name in ["z", "a", "b", "last"] {
        herd.wait(&format!("spawned: '{name}'"));
    }
    herd.end();
}

#[test]
fn an_end_by_a_clean_signal_is_an_expected_one() {
    if reference() {
        return;
    }
    let cat =
        |name: &str| format!("[program:{name}]\ncommand=/bin/cat\nstartsecs=0\nclean_signals=TERM,HUP\n");
    let herd =
        Herd::start(&(cat("alone") + &cat("member") + "[group:shop]\nprograms=member\nintensity=0\n"));
    for (name, sent) in [("alone", "HUP"), ("shop:member", "TERM")] {
        herd.wait_status(name, "RUNNING");
        signal(herd.pid(name), sent);
        herd.wait_status(name, "EXITED");
    }
    herd.wait("INFO exited: alone (terminated by SIGHUP; expected)");
    herd.wait("INFO exited: member (terminated by SIGTERM; expected)");
    let why = herd.ctl("why alone").stdout;
    assert!(why.contains(", expected; not started again: autorestart=unexpected"), "{why}");
    herd.assert_count("group shop gives up", 0);
    herd.end();
}
