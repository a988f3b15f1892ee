//! `scale`: only the difference is touched, and nothing undoes it but another `numprocs` in the file.
//!
//! Ours alone: the reference has one number of processes, that of its file.

use crate::harness::{Herd, reference};

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
fn what_cannot_be_scaled_is_refused_and_left_alone() {
    if reference() {
        return;
    }
    let herd = Herd::start(&format!("{GROUP}{}", web(1, "")));
    herd.ctl("wait all");
    let before = pids(&herd, &["shop:web_0", "shop:till"]);
    for (line, code, told) in [
        ("scale", 2, "Error: scale requires a program and a number\n"),
        ("scale web", 2, "Error: \"web\" is not a program and a number"),
        ("scale web=-1", 2, "Error: \"web=-1\" is not a program and a number"),
        ("scale nope=2", 1, "nope: ERROR (BAD_ARGUMENTS: there is no [program:nope]"),
        ("scale till=2", 1, "till: ERROR (CANT_REREAD: %(process_num) must be present within process_name"),
        ("scale web=70000", 1, "web: ERROR (BAD_ARGUMENTS: 70000 is more than"),
    ] {
        let said = herd.ctl(line);
        assert!(said.code == code && said.stdout.starts_with(told), "{line}: {said:?}");
    }
    // the file has more to say than the number
    herd.configure(&[], &format!("{GROUP}{}", web(1, "stopsignal=INT\n")));
    let said = herd.ctl("scale web=2");
    assert!(
        said.stdout.starts_with("web: ERROR (FAILED: shop does not run as the configuration file says"),
        "{said:?}"
    );
    assert_eq!(pids(&herd, &["shop:web_0", "shop:till"]), before);
    herd.ctl("update --per-process");
    assert_eq!(herd.ctl("scale web=2").code, 0);
    assert_eq!(pids(&herd, &["shop:web_0", "shop:till"]), before);
    herd.end();
}
