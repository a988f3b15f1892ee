//! What a program's own keys say about restarts, over bugs in the actors that carry it out: no moment is forgotten, none
//! comes twice.

use crate::herd::{Herd, with};
use std::time::Duration;
use treeherd_actors::clock;
use treeherd_actors::estate::Mood;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::{ProcessState, View};

/// Who ends by a bug, and how.
const BUGS: [(&str, &str); 4] = [
    ("root/group:web/program:web", "panic"),
    ("root/group:web/program:web", "stop"),
    ("root/group:web", "panic"),
    ("root", "panic"),
];

fn web(keys: &str) -> String {
    format!("[program:web]\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n{keys}\n")
}

fn spawns(herd: &Herd) -> (u64, usize) {
    (herd.status("web").incarnation, herd.logged("spawned: 'web'"))
}

#[test]
fn a_delay_before_a_restart_goes_on() {
    for (path, how) in BUGS {
        with(
            &web("command=/bin/cat\nautorestart=true\nrestart_delay=2s\nrestart_jitter=0%%"),
            async |herd| {
                herd.state("web", ProcessState::Running).await;
                let killed = clock::now();
                herd.kill("web", Signal::KILL);
                herd.state("web", ProcessState::Exited).await;
                herd.crash(path, how).await;
                herd.until("again", || herd.status("web").incarnation == 2).await;
                assert!(clock::now() - killed >= Duration::from_secs(2), "{path} {how}: too soon");
                herd.state("web", ProcessState::Running).await;
                assert_eq!(spawns(herd), (2, 2), "{path} {how}");
            },
        );
    }
}

#[test]
fn the_end_of_its_time_comes_all_the_same() {
    for (path, how) in [BUGS[0], BUGS[3]] {
        with(&web("command=/bin/cat\nautorestart=false\nmax_runtime=4s"), async |herd| {
            herd.state("web", ProcessState::Running).await;
            let (begun, before) = (clock::now(), herd.snapshot());
            herd.crash(path, how).await;
            assert_eq!(herd.snapshot(), before, "{path} {how}");
            herd.until("again", || herd.status("web").incarnation == 2).await;
            assert!(clock::now() - begun < Duration::from_secs(30), "{path} {how}");
            let told = herd.logged("web is at the end of its max_runtime of 4s, restarting it");
            assert_eq!(told, 1, "{path} {how}: {:#?}", herd.lines());
        });
    }
}

#[test]
fn an_attempt_in_the_background_is_made_when_it_is_due() {
    for (path, how) in BUGS {
        let keys = "command=/bin/sh -c 'test -e %(here)s/db && exec cat'\nstartretries=0\nfatal_retry=1s";
        with(&web(keys).replace("startsecs=0", "startsecs=1"), async |herd| {
            herd.state("web", ProcessState::Fatal).await;
            std::fs::write(herd.path("db"), "").unwrap();
            herd.crash(path, how).await;
            herd.state("web", ProcessState::Running).await;
            assert!(herd.logged("gave up: web") == 1, "{path} {how}: {:#?}", herd.lines());
        });
    }
}

#[test]
fn a_oneshot_that_ends_meanwhile_is_completed_and_not_run_again() {
    for (path, how) in BUGS {
        let keys = "command=/bin/sh -c 'cd %(here)s; while test -e herd.conf -a ! -e go; do sleep 0.02; done'\ntype=oneshot\nautorestart=true";
        with(&web(keys), async |herd| {
            herd.until("at work", || herd.pid("web") != 0).await;
            let before = herd.here(path).await;
            herd.strike(path, how).await;
            std::fs::write(herd.path("go"), "").unwrap();
            herd.after(path, &before).await;
            herd.until("completed", || herd.status("web").view == View::Completed).await;
            assert_eq!(spawns(herd), (1, 1), "{path} {how}");
        });
    }
}

#[test]
fn the_daemon_ends_with_an_essential_program_that_ends_meanwhile() {
    for (path, how) in BUGS {
        let keys = "command=/bin/sh -c 'read line; exit 7'\nautorestart=false\nessential=true";
        let other = "[program:other]\ncommand=/bin/cat\nstartsecs=0\n";
        with(&format!("{}{other}", web(keys)), async |herd| {
            herd.state("web", ProcessState::Running).await;
            herd.state("other", ProcessState::Running).await;
            herd.strike(path, how).await;
            herd.kill("web", Signal::KILL);
            herd.until("the end", || herd.shared.arena.mood() == Mood::Shutdown).await;
            herd.until("over", || herd.is_over()).await;
            assert_eq!(herd.shared.arena.exit_code(), 137, "{path} {how}");
            assert_eq!(herd.logged("essential program web has failed"), 1, "{path} {how}");
        });
    }
}
