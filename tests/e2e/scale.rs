//! `scale`: only the difference is touched, and nothing undoes it but another `numprocs` in the file: no end of the
//! daemon either.
//!
//! Ours alone: the reference has one number of processes, that of its file.

use crate::harness::{Herd, reference, until};

fn web(numprocs: u32, more: &str) -> String {
    format!(
        "[program:web]\nnumprocs={numprocs}\nprocess_name=%(program_name)s_%(process_num)d\ncommand=/bin/cat\n\
         startsecs=0\n{more}"
    )
}

const GROUP: &str = "[group:shop]\nprograms=web,till\n[program:till]\ncommand=/bin/cat\nstartsecs=0\n";

fn pids(herd: &Herd, names: &[&str]) -> Vec<i32> {
    names.iter().map(|name| herd.pid(name)).collect()
}

#[test]
fn the_highest_numbers_come_and_go_and_the_others_are_not_touched() {
    if reference() {
        return;
    }
    let herd = Herd::start(&web(2, ""));
    herd.ctl("wait all");
    let before = pids(&herd, &["web:web_0", "web:web_1"]);
    herd.ctl("scale web=4").is(
        "web:web_2: added process\nweb:web_3: added process\nweb: 2 -> 4 processes (the file says 2)\n",
        0,
    );
    herd.wait("scaled web from 2 to 4 processes");
    herd.ctl("wait all")
        .is("web:web_0: running\nweb:web_1: running\nweb:web_2: running\nweb:web_3: running\n", 0);
    assert_eq!(pids(&herd, &["web:web_0", "web:web_1"]), before);
    // nothing undoes it
    herd.ctl("reread").is("No config updates to processes\n", 0);
    herd.ctl("update").is("", 0);
    assert_eq!(herd.ctl("plan --check").code, 0);
    herd.ctl("scale web=1").is(
        "web:web_1: stopped\nweb:web_1: removed process\nweb:web_2: stopped\nweb:web_2: removed process\n\
         web:web_3: stopped\nweb:web_3: removed process\nweb: 4 -> 1 processes (the file says 2)\n",
        0,
    );
    herd.ctl("scale web=1").is("web: 1 processes as before (the file says 2)\n", 0);
    assert_eq!(pids(&herd, &["web:web_0"]), before[..1]);
    herd.ctl("scale web=0")
        .is("web:web_0: stopped\nweb:web_0: removed process\nweb: 1 -> 0 processes (the file says 2)\n", 0);
    // the group is there, and nothing in it
    for line in ["status web:*", "wait web:*", "status --check web:*"] {
        let said = herd.ctl(line);
        said.is("", 0);
        assert_eq!(said.stderr, "web: it has no processes now\n", "{line}");
    }
    herd.ctl("restart --rolling web:*").is("web:*: ERROR (it has no processes now)\n", 1);
    herd.ctl("scale web=2")
        .is("web:web_0: added process\nweb:web_1: added process\nweb: 0 -> 2 processes\n", 0);
    herd.ctl("wait all");
    herd.end();
}

#[test]
fn inside_a_group_the_others_are_not_touched() {
    if reference() {
        return;
    }
    let herd = Herd::start(&format!("{GROUP}{}", web(1, "")));
    herd.ctl("wait all");
    let before = pids(&herd, &["shop:web_0", "shop:till"]);
    herd.ctl("scale web=3").is(
        "shop:web_1: added process\nshop:web_2: added process\nweb: 1 -> 3 processes (the file says 1)\n",
        0,
    );
    herd.ctl("wait all");
    assert_eq!(pids(&herd, &["shop:web_0", "shop:till"]), before);
    herd.end();
}

#[test]
fn another_number_in_the_file_is_the_last_word() {
    if reference() {
        return;
    }
    let herd = Herd::start(&web(2, ""));
    herd.ctl("wait all");
    let before = pids(&herd, &["web:web_0", "web:web_1"]);
    assert_eq!(herd.ctl("scale web=5").code, 0);
    herd.configure(&[], &web(3, ""));
    herd.ctl("update --per-process").is(
        "web:web_3: stopped\nweb:web_3: removed process\nweb:web_4: stopped\nweb:web_4: removed process\n\
         web: updated process group\n",
        0,
    );
    assert_eq!(pids(&herd, &["web:web_0", "web:web_1"]), before);
    // the old number in the file does not bring the scale back
    herd.configure(&[], &web(2, ""));
    herd.ctl("update --per-process")
        .is("web:web_2: stopped\nweb:web_2: removed process\nweb: updated process group\n", 0);
    assert_eq!(pids(&herd, &["web:web_0", "web:web_1"]), before);
    herd.end();
}

const ALL: [&str; 4] = ["web:web_0", "web:web_1", "web:web_2", "web:web_3"];

fn names(herd: &Herd) -> Vec<String> {
    let said = herd.ctl("status");
    said.stdout.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn state(herd: &Herd) -> String {
    std::fs::read_to_string(herd.path("supervisord.state")).unwrap_or_default()
}

#[test]
fn it_is_kept_over_the_end_of_the_daemon_and_over_a_reload() {
    if reference() {
        return;
    }
    let mut herd = Herd::start(&web(2, ""));
    herd.ctl("wait all");
    assert_eq!(herd.ctl("scale web=4").code, 0);
    let kept = state(&herd);
    assert!(kept.contains("\nscaled web 4 2 "), "{kept}");
    herd.again();
    herd.wait_anywhere(
        "web is scaled to 4 processes, where the file says 2 (process.scale over JSON-RPC by uid",
    );
    herd.ctl("wait all");
    assert_eq!(names(&herd), ALL);
    assert_eq!(herd.ctl("plan --check").code, 0);
    herd.ctl("update").is("", 0);
    assert_eq!(state(&herd), kept, "the end and the start of a daemon do not touch it");
    herd.ctl("reload").has("", 0);
    until("it has restarted", || (herd.count("spawned: 'web_3'") >= 2).then_some(()));
    herd.ctl("wait all");
    assert_eq!((names(&herd), state(&herd)), (ALL.map(str::to_owned).to_vec(), kept.clone()));
    herd.signal("HUP");
    until("it has restarted again", || (herd.count("spawned: 'web_3'") >= 3).then_some(()));
    herd.ctl("wait all");
    assert_eq!((names(&herd), state(&herd)), (ALL.map(str::to_owned).to_vec(), kept));
    // the way back
    let before = pids(&herd, &ALL[..2]);
    herd.ctl("scale web=default").is(
        "web:web_2: stopped\nweb:web_2: removed process\nweb:web_3: stopped\nweb:web_3: removed process\n\
         web: 4 -> 2 processes\n",
        0,
    );
    assert_eq!((state(&herd).contains("scaled"), pids(&herd, &ALL[..2])), (false, before));
    herd.ctl("scale web=default").is("web: 2 processes as before\n", 0);
    herd.again();
    herd.ctl("wait all");
    assert_eq!(names(&herd), ALL[..2]);
    herd.end();
}

#[test]
fn the_number_of_the_file_is_the_way_back_too() {
    if reference() {
        return;
    }
    let mut herd = Herd::start(&web(2, ""));
    herd.ctl("wait all");
    assert_eq!(herd.ctl("scale web=0").code, 0);
    assert!(state(&herd).contains("\nscaled web 0 2 "));
    herd.again();
    assert_eq!(names(&herd), [""; 0]);
    assert_eq!(herd.ctl("scale web=2").code, 0);
    assert!(!state(&herd).contains("scaled"));
    herd.ctl("wait all");
    herd.end();
}

#[test]
fn another_number_in_the_file_takes_it_out_of_what_is_kept() {
    if reference() {
        return;
    }
    let mut herd = Herd::start(&web(2, ""));
    herd.ctl("wait all");
    assert_eq!(herd.ctl("scale web=4").code, 0);
    // while the daemon runs
    herd.configure(&[], &web(3, ""));
    herd.ctl("reread").is("web: changed\n", 0);
    herd.wait("web is not scaled to 4 any more: its numprocs is not 2 any more");
    assert!(!state(&herd).contains("scaled"), "{}", state(&herd));
    herd.ctl("update --per-process");
    assert_eq!(names(&herd), ALL[..3]);
    // and while it does not
    assert_eq!(herd.ctl("scale web=1").code, 0);
    assert!(state(&herd).contains("\nscaled web 1 3 "));
    herd.configure(&[], &web(2, ""));
    herd.again();
    herd.wait_anywhere("web is not scaled to 1 any more: its numprocs is not 3 any more");
    assert!(!state(&herd).contains("scaled"));
    assert_eq!(names(&herd), ALL[..2]);
    herd.configure(&[], &web(3, ""));
    herd.again();
    assert_eq!(names(&herd), ALL[..3], "the old number does not bring it back");
    herd.ctl("wait all");
    herd.end();
}

#[test]
fn a_program_that_comes_back_has_as_many_as_it_had() {
    if reference() {
        return;
    }
    let herd = Herd::start(&web(1, ""));
    herd.ctl("wait all");
    assert_eq!(herd.ctl("scale web=3").code, 0);
    herd.configure(&[], "");
    herd.ctl("update").is("web: stopped\nweb: removed process group\n", 0);
    herd.configure(&[], &web(1, ""));
    herd.ctl("update").is("web: added process group\n", 0);
    herd.ctl("wait all");
    assert_eq!(names(&herd), ALL[..3]);
    herd.end();
}

#[test]
fn a_number_that_does_not_fit_any_more_keeps_no_daemon_from_starting() {
    if reference() {
        return;
    }
    let other =
        "[program:other]\nnumprocs=1\nprocess_name=%(process_num)d\ncommand=/bin/cat\nstartsecs=0\n";
    let mut herd = Herd::start(&format!("{}{other}", web(1, "")));
    herd.ctl("wait all");
    assert_eq!(herd.ctl("scale web=2 other=2").code, 0);
    let plain = format!("[program:web]\ncommand=/bin/cat\nstartsecs=0\n{other}");
    herd.configure(&[], &plain);
    herd.again();
    herd.wait_anywhere("web is not scaled any more, which does not fit its configuration: %(process_num)");
    herd.ctl("wait all");
    assert_eq!(names(&herd), ["other:0", "other:1", "web"], "it harms itself alone");
    assert!(state(&herd).contains("scaled other 2 1 ") && !state(&herd).contains("scaled web"));
    // the same while a daemon runs
    herd.configure(&[], &format!("{}{other}", web(1, "")));
    herd.ctl("update");
    assert_eq!(herd.ctl("scale web=2").code, 0);
    herd.configure(&[], &plain);
    herd.ctl("reread").is("web: changed\n", 0);
    herd.wait("web is not scaled any more, which does not fit its configuration");
    assert!(!state(&herd).contains("scaled web"));
    herd.ctl("update web");
    herd.ctl("wait all");
    herd.end();
}

#[test]
fn a_number_that_cannot_be_kept_changes_nothing() {
    if reference() {
        return;
    }
    let herd = Herd::of(&web(2, "")).setting("state_file=/proc/state").start();
    herd.ctl("wait all");
    let before = pids(&herd, &ALL[..2]);
    let refused = herd.ctl("scale web=4");
    let told = "web: ERROR (/proc/state cannot be written: No such file or directory (os error 2); this could not \
                be kept, and nothing is changed: name a file that can be written in [supervisord] state_file, and \
                restart the daemon)\n";
    refused.is(told, 1);
    assert_eq!(
        (names(&herd), pids(&herd, &ALL[..2])),
        (ALL[..2].iter().map(|name| (*name).to_owned()).collect(), before)
    );
    herd.end();
}

#[test]
fn a_plain_update_replaces_the_group_as_it_always_did() {
    if reference() {
        return;
    }
    let herd = Herd::start(&web(2, ""));
    herd.ctl("wait all");
    let before = herd.pid("web:web_0");
    herd.configure(&[], &web(3, ""));
    herd.ctl("update").is("web: stopped\nweb: updated process group\n", 0);
    herd.ctl("wait all");
    assert_ne!(herd.pid("web:web_0"), before);
    herd.end();
}

#[test]
fn without_words_each_program_is_told_with_who_scaled_it() {
    if reference() {
        return;
    }
    let mut herd = Herd::start(&format!("{GROUP}{}", web(2, "")));
    herd.ctl("wait all");
    herd.ctl("scale").is("till  1 process\nweb   2 processes\n", 0);
    assert_eq!(herd.ctl("scale web=1").code, 0);
    let scaled = |herd: &Herd| {
        let said = herd.ctl("scale");
        let head = "till  1 process\nweb   1 process (the file says 2; since 20";
        assert!(said.stdout.starts_with(head), "{said:?}");
        assert!(said.stdout.contains("Z, process.scale over JSON-RPC by uid "), "{said:?}");
        said.stdout
    };
    let told = scaled(&herd);
    herd.again();
    assert_eq!(scaled(&herd), told, "it is kept with its time");
    // the file has the last word
    herd.configure(&[], &format!("{GROUP}{}", web(3, "")));
    herd.ctl("update");
    herd.ctl("scale").is("till  1 process\nweb   3 processes\n", 0);
    herd.end();
}

#[test]
fn what_cannot_be_scaled_is_refused_and_left_alone() {
    if reference() {
        return;
    }
    let others = "[template:job]\ncommand=/bin/cat\n[subscriber:ear]\ncommand=/bin/cat\nevents=TICK_60\n\
                  [eventlistener:hear]\ncommand=/bin/cat\nevents=TICK_60\nautostart=false\n";
    let herd = Herd::start(&format!("{GROUP}{}{others}", web(1, "")));
    herd.ctl("wait shop:*");
    let before = pids(&herd, &["shop:web_0", "shop:till"]);
    for (line, code, told) in [
        ("scale web=", 2, "Error: \"web=\" is not a program and a number, such as web=8 or web=default\n"),
        ("scale web=two", 2, "Error: \"web=two\" is not a program and a number"),
        (
            "scale job=2",
            1,
            "job: ERROR ([template:job] has no number of processes: `supervisorctl spawn job",
        ),
        ("scale ear=2", 1, "ear: ERROR ([subscriber:ear] has the number of its file)\n"),
        ("scale hear=2", 1, "hear: ERROR ([eventlistener:hear] has the number of its file)\n"),
        ("scale web:*=2", 1, "web:*: ERROR (there is no [program:web:*]"),
        (
            "scale shop=2",
            1,
            "shop: ERROR (there is no [program:shop] in the configuration file; the name of a \
                             program is meant, not that of a group or a process: till, web)\n",
        ),
        (
            "scale web=100000",
            1,
            "web: ERROR (100000 is more than 65536, the most processes that a program can have)\n",
        ),
        ("scale web=99999999999", 2, "Error: \"web=99999999999\" is not a program and a number"),
        ("scale web", 2, "Error: \"web\" is not a program and a number"),
        ("scale web=-1", 2, "Error: \"web=-1\" is not a program and a number"),
        ("scale nope=2", 1, "nope: ERROR (there is no [program:nope]"),
        (
            "scale till=2",
            1,
            "till: ERROR ([program:till] cannot have 2 processes: %(process_num) must be present",
        ),
        ("scale web=70000", 1, "web: ERROR (70000 is more than"),
    ] {
        let said = herd.ctl(line);
        assert!(said.code == code && said.stdout.starts_with(told), "{line}: {said:?}");
    }
    // the file has more to say than the number
    herd.configure(&[], &format!("{GROUP}{}{others}", web(1, "stopsignal=INT\n")));
    let said = herd.ctl("scale web=2");
    assert!(
        said.stdout.starts_with("web: ERROR (shop does not run as the configuration file says"),
        "{said:?}"
    );
    assert_eq!(pids(&herd, &["shop:web_0", "shop:till"]), before);
    herd.ctl("update --per-process");
    assert_eq!(herd.ctl("scale web=2").code, 0);
    assert_eq!(pids(&herd, &["shop:web_0", "shop:till"]), before);
    herd.end();
}
