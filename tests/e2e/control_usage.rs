//! supervisorctl without a happy end: wrong arguments, help, a daemon that is not there.

use crate::harness::{Herd, free_port, program, reference, run};
use std::process::Command;

const START: &str = "start <name>\t\tStart a process\nstart <gname>:*\t\tStart all processes in a group\n\
     start <name> <name>\tStart multiple processes or groups\nstart all\t\tStart all processes\n";
const RESTART: &str = "restart <name>\t\tRestart a process\nrestart <gname>:*\tRestart all processes in a group\n\
     restart <name> <name>\tRestart multiple processes or groups\nrestart all\t\tRestart all processes\n\
     Note: restart does not reread config files. For that, see reread and update.\n";
const SIGNAL: &str = "signal <signal name> <name>\t\tSignal a process\n\
     signal <signal name> <gname>:*\t\tSignal all processes in a group\n\
     signal <signal name> <name> <name>\tSignal multiple processes or groups\n\
     signal <signal name> all\t\tSignal all processes\n";
const CLEAR: &str = "clear <name>\t\tClear a process' log files.\n\
     clear <name> <name>\tClear multiple process' log files\nclear all\t\tClear all process' log files\n";
const TAIL: &str = "tail [-f] <name> [stdout|stderr] (default stdout)\nEx:\n\
     tail -f <name>\t\tContinuous tail of named process stdout\n\t\t\tCtrl-C to exit.\n\
     tail -100 <name>\tlast 100 *bytes* of process stdout\n\
     tail <name> stderr\tlast 1600 *bytes* of process stderr\n";
const MAINTAIL: &str = "maintail -f \tContinuous tail of supervisor main log file (Ctrl-C to exit)\n\
     maintail -100\tlast 100 *bytes* of supervisord main log file\n\
     maintail\tlast 1600 *bytes* of supervisor main log file\n\n";
const ACTIONS: &str = "\ndefault commands (type help <topic>):\n=====================================\n\
     add    exit      open  reload  restart   start   tail   \n\
     avail  fg        pid   remove  shutdown  status  update \n\
     clear  maintail  quit  reread  signal    stop    version\n\n";

#[test]
fn wrong_arguments_are_told_with_the_usage() {
    let herd = Herd::start(
        "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n[program:off]\ncommand=/bin/cat\nautostart=false\n",
    );
    herd.wait("success: cat");
    let none = |action: &str, usage: &str| format!("Error: {action} requires a process name\n{usage}");
    let rows: Vec<(&str, String, i32)> = vec![
        ("start", none("start", START), 2),
        ("stop", none("stop", &START.replace("start", "stop").replace("Start", "Stop")), 1),
        ("restart", none("restart", RESTART), 1),
        ("signal", format!("Error: signal requires a signal name and a process name\n{SIGNAL}"), 1),
        ("signal HUP", format!("Error: signal requires a signal name and a process name\n{SIGNAL}"), 1),
        ("clear", none("clear", CLEAR), 1),
        ("clear nope", "nope: ERROR (no such process)\n".into(), 1),
        ("tail", format!("Error: too few arguments\n{TAIL}"), 1),
        ("tail a b c d", format!("Error: too many arguments\n{TAIL}"), 1),
        ("tail -f", "Error: tail requires process name\n".into(), 1),
        ("tail -x cat", "Error: bad argument -x\n".into(), 1),
        ("tail cat foo", "Error: bad channel 'foo'\n".into(), 1),
        ("tail nope", "nope: ERROR (no such process name)\n".into(), 1),
        ("maintail x", "Error: bad argument x\n".into(), 1),
        ("maintail a b", format!("Error: too many arguments\n{MAINTAIL}"), 1),
        ("fg", "ERROR: no process name supplied\nfg <process>\tConnect to a process in foreground mode\n\t\tCtrl-C to exit\n".into(), 1),
        ("fg nope", "ERROR: bad process name supplied\n".into(), 1),
        ("fg a b", "ERROR: too many process names supplied\n".into(), 1),
        ("fg off", "ERROR: process not running\n".into(), 1),
        ("reread x", "Error: reread accepts no arguments\nreread \t\t\tReload the daemon's configuration files without add/remove\n".into(), 1),
        ("avail x", "Error: avail accepts no arguments\navail\t\t\tDisplay all configured processes\n".into(), 1),
        ("version x", "Error: version accepts no arguments\nversion\t\t\tShow the version of the remote supervisord process\n".into(), 1),
        ("shutdown x", "Error: shutdown accepts no arguments\nshutdown \tShut the remote supervisord down.\n".into(), 1),
        ("reload x", "Error: reload accepts no arguments\nreload \t\tRestart the remote supervisord.\n".into(), 1),
        ("open ftp://x", "ERROR: url must be http:// or unix://\n".into(), 1),
        ("add", String::new(), 0),
        ("remove", String::new(), 0),
        ("bogus", "*** Unknown syntax: bogus\n".into(), 1),
        ("STATUS", "*** Unknown syntax: STATUS\n".into(), 1),
        ("", String::new(), 0),
        ("quit", "\n".into(), 0),
        ("help start", START.into(), 0),
        ("help bogus", "*** No help on bogus\n".into(), 0),
    ];
    for (words, stdout, code) in rows {
        let said = herd.ctl(words);
        assert_eq!(
            (said.stdout.as_str(), said.code),
            (stdout.as_str(), code),
            "{words:?}: {}",
            said.stderr
        );
    }
    for words in ["help", "?"] {
        let said = herd.ctl(words);
        let ours = said.stdout.strip_prefix(ACTIONS).unwrap_or_else(|| panic!("{words}: {said:?}"));
        assert_eq!(ours.starts_with("\ntreeherd commands (type help <topic>):\n"), !reference(), "{ours}");
    }
    herd.end();
}

#[test]
fn a_server_that_is_not_there_is_told_by_its_url() {
    let plan = Herd::of("").file("ctl.conf", "[supervisorctl]\n");
    let conf = plan.dir().join("ctl.conf");
    let url = format!("http://127.0.0.1:{}", free_port());
    let ctl = |words: &str| {
        run(
            Command::new(program("supervisorctl"))
                .arg("-c")
                .arg(&conf)
                .args(["-s", &url])
                .args(words.split(' ')),
            "",
        )
    };
    ctl("status").is(&format!("{url} refused connection\n"), 4);
    ctl("pid").is(&format!("{url} refused connection\n"), 4);
    ctl("stop x").is(&format!("{url} refused connection\n"), 4);
    ctl("shutdown").is(&format!("ERROR: {url} refused connection (already shut down?)\n"), 1);
    let said = ctl("update");
    assert!(said.stdout.starts_with("error: ") && said.code == 1, "{said:?}");
}

#[test]
fn the_options_of_supervisorctl_are_checked() {
    let ctl = program("supervisorctl");
    let plan = Herd::of("").file("empty.conf", "[supervisord]\n").file("ctl.conf", "[supervisorctl]\n");
    let path = |name: &str| plan.dir().join(name).display().to_string();
    let said = |words: &[&str]| run(Command::new(&ctl).args(words).current_dir(plan.dir()), "");
    said(&["-c", &path("none.conf"), "pid"])
        .is_usage_error(&format!("could not find config file {}", path("none.conf")), &ctl);
    said(&["-c", &path("empty.conf"), "pid"])
        .is_usage_error(".ini file does not include supervisorctl section", &ctl);
    said(&["-Z"]).is_usage_error("option -Z not recognized", &ctl);
    said(&["--bogus"]).is_usage_error("option --bogus not recognized", &ctl);
    said(&["-c"]).is_usage_error("option -c requires argument", &ctl);
    said(&["-c", &path("ctl.conf"), "-s", "foo", "pid"])
        .is_usage_error("invalid value for -s 'foo': value 'foo' is not a URL", &ctl);
    for help in ["-h", "--help", "-?"] {
        said(&[help]).has("supervisorctl -- control applications", 0);
        said(&[help]).has("-i/--interactive -- start an interactive", 0);
    }
}

#[test]
fn our_control_program_speaks_to_a_python_daemon() {
    if !reference() {
        return;
    }
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\n");
    let mut ours = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
    let said = run(ours.arg("-c").arg(herd.path("supervisord.conf")).arg("status"), "");
    assert!(said.stdout.starts_with("cat ") && said.code == 0, "{said:?}");
    herd.end();
}
