//! `update --per-process`: of a changed group only the processes that changed are touched, each as its keys ask for.
//!
//! Ours alone: the reference has no such option, so these tests are left out when it is under test. That the default
//! stays Supervisor's is in `reload`.

use crate::harness::{Herd, alive, reference, signal, until};

fn web(count: u32, more: &str) -> String {
    format!(
        "[program:web]\ncommand=/bin/cat\nstartsecs=0\nnumprocs={count}\nprocess_name=%(program_name)s_%(process_num)d\n\
         stderr_logfile=NONE\n{more}\n"
    )
}

fn herd(count: u32, more: &str) -> Herd {
    let herd = Herd::start(&web(count, more));
    for number in 0..count {
        herd.wait_anywhere(&format!("success: web_{number} "));
    }
    herd
}

fn pids(herd: &Herd, count: u32) -> Vec<i32> {
    (0..count).map(|number| herd.pid(&format!("web:web_{number}"))).collect()
}

#[test]
fn another_numprocs_touches_only_the_difference() {
    if reference() {
        return;
    }
    let herd = herd(3, "");
    let three = pids(&herd, 3);
    herd.configure(&[], &web(5, ""));
    herd.ctl("update --per-process")
        .is("web:web_3: added process\nweb:web_4: added process\nweb: updated process group\n", 0);
    herd.wait_status("web:web_4", "RUNNING");
    let five = pids(&herd, 5);
    assert_eq!(five[..3], three);
    herd.configure(&[], &web(2, ""));
    herd.ctl("update --per-process web").is(
        "web:web_2: stopped\nweb:web_2: removed process\nweb:web_3: stopped\nweb:web_3: removed process\n\
         web:web_4: stopped\nweb:web_4: removed process\nweb: updated process group\n",
        0,
    );
    assert_eq!(pids(&herd, 2), three[..2]);
    assert!(!five[2..].iter().any(|pid| alive(*pid)), "one that is gone lives");
    herd.ctl("status web:web_2").is("web:web_2: ERROR (no such process)\n", 4);
    herd.ctl("update --per-process").is("", 0);
    herd.end();
}

#[test]
fn hot_keys_hold_at_once_and_no_process_notices() {
    if reference() {
        return;
    }
    let herd = herd(2, "autorestart=true\nstdout_logfile=NONE\n");
    let before = pids(&herd, 2);
    herd.configure(
        &[],
        &web(2, "autorestart=false\nstopsignal=INT\nstopwaitsecs=7\nexitcodes=0,7\npriority=5\nstdout_logfile=NONE\n"),
    );
    herd.ctl("update --per-process").is(
        "web:web_0: updated process, without a restart\nweb:web_1: updated process, without a restart\n\
         web: updated process group\n",
        0,
    );
    assert_eq!(pids(&herd, 2), before);
    signal(before[0], "KILL");
    herd.wait_status("web:web_0", "EXITED");
    herd.ctl("stop web:web_1").is("web:web_1: stopped\n", 0);
    herd.wait("stopped: web_1 (terminated by SIGINT)");
    herd.end();
}

#[test]
fn a_log_is_rolled_over_by_its_new_size_while_its_process_writes() {
    if reference() {
        return;
    }
    let talker = |more: &str| {
        format!(
            "[program:web]\ncommand=/bin/sh -c 'while read line; do echo \"$line\"; done'\nstartsecs=0\n\
             stdout_logfile={{dir}}/web.log\nstderr_logfile=NONE\n{more}\n"
        )
    };
    let herd = Herd::start(&talker(""));
    herd.wait("success: web");
    let pid = herd.pid("web");
    herd.configure(&[], &talker("stdout_logfile_maxbytes=10\nstdout_logfile_backups=1"));
    herd.ctl("update --per-process")
        .is("web: updated process, without a restart\nweb: updated process group\n", 0);
    let said = crate::harness::run(herd.ctl_command().args(["fg", "web"]), "more than ten bytes\n");
    assert_eq!(said.code, 0, "{said:?}");
    until("a log that was rolled over", || herd.path("web.log.1").exists().then_some(()));
    assert_eq!(herd.pid("web"), pid);
    herd.end();
}

#[test]
fn what_holds_from_the_next_start_waits_for_it() {
    if reference() {
        return;
    }
    let herd = herd(1, "");
    let before = pids(&herd, 1);
    herd.configure(&[], &web(1, "startsecs=0\nserverurl=http://example.org:1"));
    herd.ctl("update --per-process")
        .is("web:web_0: updated process, from its next start on\nweb: updated process group\n", 0);
    assert_eq!(pids(&herd, 1), before);
    let url = |pid: i32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("the process lives");
        String::from_utf8_lossy(&environment).contains("SUPERVISOR_SERVER_URL=http://example.org:1\0")
    };
    assert!(!url(before[0]));
    herd.ctl("restart web:*").has("web:web_0: started", 0);
    assert!(url(pids(&herd, 1)[0]));
    herd.end();
}

#[test]
fn what_restarts_does_so_alone_and_with_its_own_new_log() {
    if reference() {
        return;
    }
    let two = |more: &str, log: &str| {
        format!(
            "[group:g]\nprograms=a,b,c\n[program:a]\ncommand=/bin/cat\nstartsecs=0\n\
             [program:b]\ncommand=/bin/sh -c 'echo from b; exec cat'\nstartsecs=0\nstdout_logfile={{dir}}/{log}\n{more}\n\
             [program:c]\ncommand=/bin/cat\nstartsecs=0\n{more}\n"
        )
    };
    let herd = Herd::start(&two("", "one.log"));
    for name in ["a", "b", "c"] {
        herd.wait_anywhere(&format!("success: {name} "));
    }
    herd.ctl("stop g:c").is("g:c: stopped\n", 0);
    let (a, b) = (herd.pid("g:a"), herd.pid("g:b"));
    herd.configure(&[], &two("umask=027", "two.log"));
    herd.ctl("update --per-process")
        .is("g:b: stopped\ng:b: updated process\ng:c: updated process\ng: updated process group\n", 0);
    herd.wait_status("g:b", "RUNNING");
    assert_eq!(herd.pid("g:a"), a);
    assert_ne!(herd.pid("g:b"), b);
    herd.wait_file("two.log", "from b");
    herd.ctl("tail g:b").has("from b", 0);
    // what was down stays down, and is the new program once it is started
    herd.ctl("status g:c").has("STOPPED", 3);
    herd.ctl("start g:c").is("g:c: started\n", 0);
    herd.end();
}

#[test]
fn a_process_that_cannot_start_is_told_and_the_others_run() {
    if reference() {
        return;
    }
    let of = |command: &str| {
        format!(
            "[group:g]\nprograms=a,b\n[program:a]\ncommand=/bin/cat\nstartsecs=0\n[program:b]\ncommand={command}\nstartsecs=0\n"
        )
    };
    let herd = Herd::start(&of("/bin/cat"));
    for name in ["a", "b"] {
        herd.wait_anywhere(&format!("success: {name} "));
    }
    let a = herd.pid("g:a");
    herd.configure(&[], &of("/nope/none"));
    herd.ctl("update --per-process")
        .is("g:b: stopped\ng:b: updated process\ng:b: ERROR (no such file)\ng: updated process group\n", 1);
    assert_eq!(herd.pid("g:a"), a);
    let said = herd.ctl("update --bogus");
    assert!(
        said.stdout.starts_with("Error: option --bogus not recognized\n") && said.code == 2,
        "{said:?}"
    );
    herd.end();
}

#[test]
fn a_group_that_gets_rules_takes_care_of_what_runs_in_it() {
    if reference() {
        return;
    }
    let of = |rules: &str| {
        let program =
            |name: &str| format!("[program:{name}]\ncommand=/bin/cat\nstartsecs=0\nautorestart=true\n");
        format!(
            "[group:g]\nprograms=a,b,c\n{rules}{}{}{}autostart=false\n",
            program("a"),
            program("b"),
            program("c")
        )
    };
    let herd = Herd::start(&of(""));
    let pids = || ["g:a", "g:b"].map(|name| herd.pid(name));
    for name in ["a", "b"] {
        herd.wait_anywhere(&format!("success: {name} "));
    }
    let before = pids();
    herd.configure(&[], &of("strategy=one_for_all\nbackoff=0,0\n"));
    herd.ctl("update --per-process").is("g: updated process group\n", 0);
    assert_eq!(pids(), before, "the rules are hot");
    herd.ctl("status g:c").has("STOPPED", 3);
    signal(before[0], "KILL");
    until("both are new", || pids().iter().all(|pid| *pid > 0 && !before.contains(pid)).then_some(()));
    herd.ctl("status g:c").has("STOPPED", 3);
    let restarted = pids();
    // and without rules each is its own again
    herd.configure(&[], &of(""));
    herd.ctl("update --per-process").is("g: updated process group\n", 0);
    signal(restarted[0], "KILL");
    until("a is new", || (![0, restarted[0]].contains(&pids()[0])).then_some(()));
    assert_eq!(pids()[1], restarted[1]);
    herd.end();
}

#[test]
fn a_pool_of_listeners_changes_as_a_whole() {
    if reference() {
        return;
    }
    let pool = |more: &str| {
        format!(
            "[eventlistener:pool]\ncommand=/bin/sh -c 'echo READY; exec cat >&2'\nevents=TICK_3600\nnumprocs=2\n\
             process_name=%(program_name)s_%(process_num)d\nstartsecs=0\n{more}\n"
        )
    };
    let herd = Herd::start(&pool(""));
    for number in 0..2 {
        herd.wait_anywhere(&format!("success: pool_{number} "));
    }
    let before = herd.pid("pool:pool_0");
    herd.configure(&[], &pool("startretries=7"));
    herd.ctl("plan --per-process")
        .has("group pool: changed: it is stopped, removed and added as a whole\n", 0);
    herd.ctl("update --per-process").is("pool: stopped\npool: updated process group\n", 0);
    herd.wait_status("pool:pool_0", "RUNNING");
    assert_ne!(herd.pid("pool:pool_0"), before);
    herd.end();
}
