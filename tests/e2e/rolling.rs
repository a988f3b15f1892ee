//! `restart --rolling`: who has a turn, what is printed while it goes on, and how it ends. What comes between is told
//! in `rolling_midway`.
//!
//! Ours alone: the reference restarts everything at once.

use crate::harness::{Herd, Said, reference};

/// Three that take a second to be RUNNING; `fail_N` makes the next life of number N end at once.
const WEB: &str = "[program:web]\nnumprocs=3\nprocess_name=%(process_num)d\nstartretries=0\nautorestart=false\n\
    command=/bin/sh -c 'test -e {dir}/fail_%(process_num)d && echo no database >&2 && exit 3; exec /bin/cat'\n";

fn pids(herd: &Herd) -> Vec<i32> {
    ["web:0", "web:1", "web:2"].map(|name| herd.pid(name)).to_vec()
}

fn started(more: &str) -> Herd {
    let herd = Herd::start(&format!("{WEB}{more}\n"));
    herd.ctl("wait all");
    herd
}

/// The lines of its standard error that are about the restart, without the chain of reasons.
fn told(said: &Said) -> Vec<String> {
    let lines = said.stderr.lines().filter_map(|line| line.strip_prefix("supervisorctl: "));
    lines.map(str::to_owned).collect()
}

#[test]
fn each_is_told_as_it_comes_back_and_the_first_failure_ends_it() {
    if reference() {
        return;
    }
    let herd = started("");
    let before = pids(&herd);
    herd.ctl("restart --rolling web:*").is("web:0: restarted\nweb:1: restarted\nweb:2: restarted\n", 0);
    let after = pids(&herd);
    assert!(before.iter().zip(&after).all(|(old, new)| old != new), "{before:?} {after:?}");
    herd.put("fail_1", "");
    let failed = herd.ctl("restart --rolling --batch 1 --pause 10ms web:*");
    failed.is(
        "web:0: restarted\n\
         web:1: ERROR (spawn error: Exited too quickly (process log may have details))\n\
         web:2: ERROR (not restarted: aborted after web:1 failed)\n",
        1,
    );
    assert_eq!(herd.pid("web:2"), after[2]);
    // why, with its last words; what was left alone; and how to go on
    let (headline, last) = ("web:1 is FATAL: exit status 3 after", "  | no database\n");
    assert!(failed.stderr.starts_with(headline) && failed.stderr.contains(last), "{failed:?}");
    let go_on = "restart --rolling --batch 1 --pause 10ms web:1 web:2";
    let lines = format!(
        "more about it: supervisorctl why web:1\nnot touched: web:2\nto go on: supervisorctl {go_on}"
    );
    assert_eq!(told(&failed).join("\n"), lines);
    std::fs::remove_file(herd.path("fail_1")).expect("it is there");
    herd.ctl(go_on).is("web:1: started\nweb:2: restarted\n", 0);
    assert_ne!(herd.pid("web:2"), after[2]);
    herd.end();
}

#[test]
fn what_does_not_run_is_left_out_and_what_is_named_is_started() {
    if reference() {
        return;
    }
    let herd = Herd::of(
        "[group:shop]\nprograms=web,job,bad,done,slow\n\
         [program:web]\nnumprocs=4\nprocess_name=web%(process_num)d\ncommand=/bin/cat\nstartsecs=0\n\
         [program:job]\ntype=oneshot\ncommand=/bin/true\n\
         [program:bad]\ncommand=/nope\nstartretries=0\n\
         [program:done]\ncommand=/bin/true\nstartsecs=0\n\
         [program:slow]\ntype=oneshot\nautostart=false\n\
         command=/bin/sh -c 'while test ! -e {dir}/go; do sleep 0.02; done'\n",
    );
    let herd = herd.start();
    herd.ctl("wait shop:job shop:done --for completed");
    herd.ctl("wait shop:web0 shop:web1 shop:web2 shop:web3");
    herd.wait_status("shop:bad", "FATAL");
    herd.ctl("stop shop:web1").is("shop:web1: stopped\n", 0);
    herd.ctl("disable shop:web2 shop:web3").is("shop:web2: disabled\nshop:web3: disabled\n", 0);
    let runs_on = herd.pid("shop:web3");
    herd.ctl("restart --rolling shop:*").is(
        "shop:web1: left out (STOPPED)\nshop:web2: left out (disabled)\nshop:web3: left out (disabled)\n\
         shop:job: left out (COMPLETED)\nshop:bad: left out (FATAL)\nshop:done: left out (EXITED)\n\
         shop:slow: left out (STOPPED)\nshop:web0: restarted\n",
        0,
    );
    let named = herd.ctl("restart --rolling shop:web0 shop:web1 shop:web2");
    named.is(
        "shop:web2: ERROR (not restarted: it is disabled and left as it is; `supervisorctl enable shop:web2` comes \
         first)\nshop:web1: started\nshop:web0: restarted\n",
        1,
    );
    assert_eq!(herd.pid("shop:web3"), runs_on);
    // a oneshot is there when it has done what it is for
    herd.put("go", "");
    herd.ctl("restart --rolling shop:slow shop:job").is("shop:slow: started\nshop:job: started\n", 0);
    herd.ctl("status shop:slow shop:job").has("COMPLETED", 3);
    herd.ctl("stop shop:*");
    let nothing = herd.ctl("restart --rolling shop:*");
    nothing.has(
        "shop:*: ERROR (nothing of it runs, and nothing was restarted; `supervisorctl start shop:*` starts it)\n",
        1,
    );
    assert!(nothing.stdout.starts_with("shop:web0: left out (STOPPED)\n"), "{nothing:?}");
    herd.end();
}

#[test]
fn keys_say_how_and_options_are_over_them() {
    if reference() {
        return;
    }
    let herd = started("rolling_batch=3\nrolling_pause=10m\nrolling_abort_on=2");
    // one batch: there is nothing to pause before
    assert_eq!(herd.ctl("restart --rolling web:*").code, 0);
    herd.wait("rolling restart of 3 processes: 3 at a time, pause 10m, aborted after 2 failed");
    herd.put("fail_0", "");
    let said = herd.ctl("restart --rolling --batch 1 --pause 0 --abort-on 1 web:*");
    assert!(said.stdout.starts_with("web:0: ERROR (spawn error: Exited too quickly"), "{said:?}");
    herd.wait("rolling restart of 3 processes: 1 at a time, pause 0s, aborted after 1 failed");
    herd.end();
}

#[test]
fn words_that_make_no_sense_restart_nothing() {
    if reference() {
        return;
    }
    let herd = started("");
    let before = pids(&herd);
    for (line, code, told) in [
        ("restart --rolling", 1, "Error: restart requires a process name\n"),
        ("restart --rolling web:0 nope", 1, "nope: ERROR (no such process)\n"),
        ("restart --rolling web:0 nope:*", 1, "nope: ERROR (no such group)\n"),
        ("restart --rolling --batch 0 web:*", 2, "Error: invalid value for --batch '0': write"),
        ("restart --batch 2 web:*", 2, "Error: invalid value for --batch '2': it belongs"),
        ("restart --rolling --pause soon web:*", 2, "Error: invalid value for --pause 'soon': write"),
    ] {
        let said = herd.ctl(line);
        assert!(said.code == code && said.stdout.starts_with(told), "{line}: {said:?}");
    }
    assert_eq!(pids(&herd), before);
    herd.end();
}
