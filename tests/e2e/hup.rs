//! `supervisorctl hup`: a program reads its configuration anew, by a signal or by a command.
//!
//! ```text
//!   hup ─► reload_signal ─► the process          reload_command ─► beside it, its end is the answer
//! ```

use crate::harness::{Herd, alive, until};
use serde_json::json;

/// A shell that notes each HUP.
const LISTENS: &str = "trap 'echo HUP >> {dir}/heard' HUP\n: > {dir}/set\nwhile :; do sleep 0.05; done\n";

#[test]
fn a_reload_signal_reaches_the_process_and_nothing_is_restarted() {
    let herd = Herd::of("[program:web]\ncommand=/bin/sh {dir}/listens\nstartsecs=0\nreload_signal=HUP\n")
        .script("listens", LISTENS)
        .start();
    herd.wait_file("set", "");
    let pid = herd.pid("web");
    herd.ctl("hup web").is("web: reloaded\n", 0);
    herd.wait_file("heard", "HUP\n");
    assert_eq!(herd.pid("web"), pid);
    herd.wait("INFO reloading web by SIGHUP (reload_signal)");
    herd.end();
}

#[test]
fn a_reload_command_has_the_programs_environment_and_the_pid_and_its_end_is_the_answer() {
    let script = "echo \"$SUPERVISOR_PID $SUPERVISOR_HOOK $SUPERVISOR_CAUSE $SHOP\" > {dir}/ran\n\
                  test -e {dir}/broken && echo no such shop >&2 && exit 3\nkill -HUP $SUPERVISOR_PID\n";
    let herd = Herd::of(
        "[program:web]\ncommand=/bin/sh {dir}/listens\nstartsecs=0\nenvironment=SHOP=\"tea\"\n\
         reload_command=/bin/sh {dir}/reload\n",
    )
    .script("listens", LISTENS)
    .script("reload", script)
    .start();
    herd.wait_file("set", "");
    herd.ctl("hup web").is("web: reloaded\n", 0);
    let pid = herd.pid("web");
    assert_eq!(herd.wait_file("ran", "\n"), format!("{pid} reload_command asked tea\n"));
    herd.wait_file("heard", "HUP\n");
    herd.put("broken", "");
    herd.ctl("hup web").is("web: ERROR (reload_command: exit status 3: no such shop)\n", 1);
    herd.wait("WARN web is not reloaded, reload_command: exit status 3: no such shop");
    assert_eq!(herd.pid("web"), pid);
    herd.end();
}

#[test]
fn a_reload_command_that_hangs_is_killed_with_its_children_and_holds_up_nobody() {
    let herd = Herd::of(
        "[program:web]\ncommand=/bin/cat\nstartsecs=0\nhook_timeout=3s\n\
         reload_command=/bin/sh -c 'sleep 600 & echo $! > {dir}/child; wait'\n\
         [program:api]\ncommand=/bin/cat\nstartsecs=0\nreload_signal=URG\n",
    )
    .start();
    herd.wait_status("web", "RUNNING");
    herd.ctl("hup web api")
        .is("web: ERROR (reload_command: did not end within 3s and was killed)\napi: reloaded\n", 1);
    let child = herd.wait_file("child", "\n").trim().parse().expect("a pid");
    until("the end of the child", || (!alive(child)).then_some(()));
    herd.wait_status("web", "RUNNING");
    herd.end();
}

#[test]
fn what_cannot_be_reloaded_is_refused_with_the_reason() {
    let herd = Herd::start(
        "[program:web]\ncommand=/bin/cat\nstartsecs=0\nreload_signal=URG\n\
         [program:plain]\ncommand=/bin/cat\nstartsecs=0\n\
         [program:down]\ncommand=/bin/cat\nautostart=false\nreload_signal=HUP\n",
    );
    herd.wait_status("web", "RUNNING");
    herd.wait_status("plain", "RUNNING");
    let said = herd.ctl("hup plain");
    said.is("plain: ERROR (it has no reload_signal and no reload_command)\n", 1);
    assert!(said.stderr.contains("plain: write reload_signal=HUP"), "{said:?}");
    herd.ctl("hup down").is("down: ERROR (not running)\n", 7);
    herd.ctl("hup nosuch").is("nosuch: ERROR (no such process)\n", 1);
    herd.ctl("hup plain:*").is("plain:*: ERROR (it has no reload_signal and no reload_command)\n", 1);
    herd.ctl("hup all").is("web: reloaded\n", 0);
    let said = herd.ctl("hup");
    assert!(said.code == 2 && said.stdout.contains("Error: hup requires a process name"), "{said:?}");
    let answer = herd.call("process.reload", json!({"selector": "plain"}));
    assert_eq!(answer.expect("rows")["rows"][0]["error"]["data"]["kind"], "NoReload");
    herd.end();
}
