//! A configuration that changes under a running herd: reread tells, update acts on what changed and on nothing else.

use crate::harness::{Herd, reference, until};

const KEEP: &str = "[program:keep]\ncommand=/bin/cat\nstartsecs=0\n";

fn cat(name: &str, more: &str) -> String {
    format!("[program:{name}]\ncommand=/bin/cat\nstartsecs=0\n{more}")
}

/// A herd of `keep`, `edit` and `gone`, all running.
fn three() -> Herd {
    let herd = Herd::start(&format!("{KEEP}{}{}", cat("edit", ""), cat("gone", "")));
    for name in ["keep", "edit", "gone"] {
        herd.wait_anywhere(&format!("success: {name} "));
    }
    herd
}

/// `gone` is gone, `edit` is another, `new` is new.
fn changed() -> String {
    format!("{KEEP}{}{}", cat("edit", "environment=A=\"1\"\n"), cat("new", ""))
}

#[test]
fn reread_tells_what_changed_and_touches_nothing() {
    let herd = three();
    herd.ctl("reread").is("No config updates to processes\n", 0);
    herd.configure(&[], &changed());
    let before = ["keep", "edit", "gone"].map(|name| herd.pid(name));
    herd.ctl("reread").is("edit: changed\ngone: disappeared\nnew: available\n", 0);
    assert_eq!(["keep", "edit", "gone"].map(|name| herd.pid(name)), before);
    herd.ctl("status new").is("new: ERROR (no such process)\n", 4);
    herd.ctl("reread").is("edit: changed\ngone: disappeared\nnew: available\n", 0);
    herd.end();
}

#[test]
fn update_restarts_what_changed_and_nothing_else() {
    let herd = three();
    let keep = herd.pid("keep");
    let edit = herd.pid("edit");
    herd.configure(&[], &changed());
    herd.ctl("update").is(
        "gone: stopped\ngone: removed process group\nedit: stopped\nedit: updated process group\nnew: added process group\n",
        0,
    );
    herd.wait_status("new", "RUNNING");
    herd.wait_status("edit", "RUNNING");
    assert_eq!(herd.pid("keep"), keep);
    assert_ne!(herd.pid("edit"), edit);
    herd.ctl("status gone").is("gone: ERROR (no such process)\n", 4);
    herd.ctl("update").is("", 0);
    assert_eq!(herd.pid("keep"), keep);
    herd.end();
}

#[test]
fn update_of_one_group_leaves_the_other_changes_for_later() {
    let herd = three();
    let edit = herd.pid("edit");
    herd.configure(&[], &changed());
    herd.ctl("update new").is("new: added process group\n", 0);
    herd.ctl("update nope").is("ERROR: no such group: nope\n", 1);
    assert_eq!(herd.pid("edit"), edit);
    herd.ctl("status gone").has("RUNNING", 0);
    herd.ctl("update all")
        .is("gone: stopped\ngone: removed process group\nedit: stopped\nedit: updated process group\n", 0);
    herd.end();
}

#[test]
fn add_and_remove_act_on_the_configuration_last_read() {
    let herd = three();
    herd.configure(&[], &changed());
    herd.ctl("add new").is("ERROR: no such process/group: new\n", 1);
    herd.ctl("reread").has("new: available", 0);
    herd.ctl("add new").is("new: added process group\n", 0);
    herd.ctl("add keep").is("ERROR: process group already active\n", 0);
    herd.ctl("remove gone").is("ERROR: process/group still running: gone\n", 1);
    herd.ctl("stop gone").is("gone: stopped\n", 0);
    herd.ctl("remove gone").is("gone: removed process group\n", 0);
    herd.ctl("remove nope").is("ERROR: no such process/group: nope\n", 1);
    herd.ctl("status gone").is("gone: ERROR (no such process)\n", 4);
    herd.end();
}

#[test]
fn an_invalid_configuration_is_told_and_everything_keeps_running() {
    let herd = three();
    let before = ["keep", "edit", "gone"].map(|name| herd.pid(name));
    herd.configure(&[], &format!("{KEEP}[program:bad]\ncommand=/bin/cat\nstartsecs=soon\n"));
    let said = herd.ctl("reread");
    assert!(said.stdout.starts_with("ERROR: CANT_REREAD: ") && said.code == 1, "{said:?}");
    assert!(said.stdout.contains("program:bad") && said.stdout.contains("soon"), "{said:?}");
    let said = herd.ctl("update");
    assert!(said.stdout.to_lowercase().starts_with("error: ") && said.code == 1, "{said:?}");
    herd.put("supervisord.conf", "nonsense\n");
    let said = run_with(&herd, "reread");
    assert!(said.stdout.starts_with("ERROR: CANT_REREAD: ") && said.code == 1, "{said:?}");
    herd.configure(&[], &format!("{KEEP}{}{}", cat("edit", ""), cat("gone", "")));
    herd.ctl("reread").is("No config updates to processes\n", 0);
    assert_eq!(["keep", "edit", "gone"].map(|name| herd.pid(name)), before);
    herd.end();
}

/// supervisorctl when the configuration file cannot be read: it is told where the daemon is.
fn run_with(herd: &Herd, words: &str) -> crate::harness::Said {
    herd.put("ctl.conf", "[supervisorctl]\nserverurl=unix://{dir}/s.sock\n");
    let mut command = std::process::Command::new(crate::harness::program("supervisorctl"));
    crate::harness::run(command.arg("-c").arg(herd.path("ctl.conf")).args(words.split(' ')), "")
}

#[test]
fn a_group_changes_as_one() {
    let group =
        |members: &str| format!("{KEEP}{}{}[group:g]\nprograms={members}\n", cat("a", ""), cat("b", ""));
    let herd = Herd::start(&group("a,b"));
    for name in ["keep", "a", "b"] {
        herd.wait_anywhere(&format!("success: {name} "));
    }
    let keep = herd.pid("keep");
    herd.configure(&[], &group("a"));
    herd.ctl("reread").is("b: available\ng: changed\n", 0);
    herd.ctl("update").is("g: stopped\ng: updated process group\nb: added process group\n", 0);
    herd.wait_status("g:a", "RUNNING");
    herd.wait_status("b", "RUNNING");
    assert_eq!(herd.pid("keep"), keep);
    herd.end();
}

#[test]
fn included_files_are_read_again_too() {
    let herd = Herd::of("[include]\nfiles = conf.d/*.conf none/*.ini\n")
        .file("conf.d/b.conf", &cat("b", ""))
        .file(
            "conf.d/a.conf",
            "[program:a]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=%(here)s/a.log\n",
        )
        .start();
    herd.wait_anywhere(&format!(
        "WARN No file matches via include \"{}\"",
        herd.path("none/*.ini").display()
    ));
    let a = herd.wait_anywhere("conf.d/a.conf\" during parsing");
    assert!(
        a.contains(&format!("INFO Included extra file \"{}\"", herd.path("conf.d/a.conf").display())),
        "{a}"
    );
    herd.wait_anywhere("success: b ");
    herd.wait_anywhere("success: a ");
    assert!(herd.path("conf.d/a.log").exists());
    herd.put("conf.d/c.conf", &cat("c", ""));
    herd.ctl("reread").is("c: available\n", 0);
    herd.ctl("update").is("c: added process group\n", 0);
    herd.wait("success: c ");
    // These lines are about the start; a reread does not repeat them.
    assert_eq!((herd.count("during parsing"), herd.count("No file matches")), (2, 1));
    herd.end();
}

#[test]
fn a_changed_program_that_was_started_by_hand_stays_down_after_an_update() {
    let herd = Herd::start(&format!("{KEEP}{}", cat("hand", "autostart=false\n")));
    herd.wait("success: keep");
    herd.ctl("start hand").is("hand: started\n", 0);
    herd.configure(&[], &format!("{KEEP}{}", cat("hand", "autostart=false\npriority=7\n")));
    herd.ctl("update").is("hand: stopped\nhand: updated process group\n", 0);
    herd.ctl("status hand").is("hand                             STOPPED   Not started\n", 3);
    herd.end();
}

#[test]
fn reload_restarts_everything_with_the_new_configuration_under_the_same_pid() {
    let herd = three();
    let keep = herd.pid("keep");
    herd.configure(&[], &changed());
    herd.ctl("reload").is("Restarted supervisord\n", 0);
    herd.wait("stopped: ");
    let line = herd.wait("supervisord started with pid ");
    assert!(line.ends_with(&format!(" {}", herd.daemon())), "{line}");
    herd.wait("success: new ");
    herd.wait_status("keep", "RUNNING");
    assert_ne!(herd.pid("keep"), keep);
    herd.ctl("status gone").is("gone: ERROR (no such process)\n", 4);
    herd.end();
}

#[test]
fn hup_restarts_everything_with_the_new_configuration() {
    let herd = three();
    herd.configure(&[], &changed());
    herd.signal("HUP");
    herd.wait("WARN received SIGHUP indicating restart request");
    herd.wait("supervisord started with pid ");
    herd.wait("success: new ");
    herd.wait_status("keep", "RUNNING");
    herd.end();
}

#[test]
fn hup_with_an_invalid_configuration_stops_nothing() {
    let mut herd = three();
    let keep = herd.pid("keep");
    herd.configure(&[], "[program:bad]\n");
    herd.signal("HUP");
    herd.wait("WARN received SIGHUP indicating restart request");
    if reference() {
        // It stops every program first, reads then, and ends.
        assert_eq!(herd.wait_end().code(), Some(2));
        return;
    }
    herd.wait("ERRO ");
    assert_eq!(
        until("an answer", || Some(run_with(&herd, "pid keep")).filter(|said| said.code == 0)).stdout,
        format!("{keep}\n")
    );
    herd.end();
}

#[test]
fn hup_leaves_nothing_of_the_daemon_before() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    for _ in 0..3 {
        herd.wait("success: cat");
        herd.signal("HUP");
        herd.wait("supervisord started with pid");
    }
    herd.wait("success: cat");
    herd.ctl("status cat").has("RUNNING", 0);
    let open = std::fs::read_dir(format!("/proc/{}/fd", herd.daemon())).expect("the daemon lives");
    let logs = open
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|target| target.ends_with("supervisord.log"));
    assert_eq!(logs.count(), 1);
    herd.end();
}
