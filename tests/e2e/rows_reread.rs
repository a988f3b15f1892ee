//! What `reread` counts as a change, and what it changes at once.

use crate::harness::{Herd, MARK, names, program, reference, run, until};
use serde_json::{Value, json};
use std::process::Command;

const BASE: &str = "command=/bin/cat\nautostart=false\nstdout_logfile={dir}/p.log\n";

/// A configuration of the program `p`, with more keys, and more sections.
fn with(keys: &str, sections: &str) -> String {
    format!("[program:p]\n{BASE}{keys}\n{sections}")
}

#[test]
fn every_key_of_a_process_is_compared_and_nothing_else() {
    let nothing = "No config updates to processes\n";
    let changed = "p: changed\n";
    let rows = [
        (with("", ""), nothing),
        (with("; a comment\n", ""), nothing),
        (with("startsecs=1\npriority=999\n", ""), nothing),
        (with("process_name=%(program_name)s\n", ""), nothing),
        (with("unknown=1\n", "[other]\nx=1\n"), nothing),
        (with("", "[inet_http_server]\nport=127.0.0.1:1\n"), nothing),
        (with("command=/bin/cat -u\n", ""), changed),
        (with("priority=1\n", ""), changed),
        (with("autostart=true\n", ""), changed),
        (with("autorestart=true\n", ""), changed),
        (with("startsecs=2\n", ""), changed),
        (with("startretries=4\n", ""), changed),
        (with("exitcodes=0,2\n", ""), changed),
        (with("stopsignal=INT\n", ""), changed),
        (with("stopwaitsecs=3\n", ""), changed),
        (with("stopasgroup=true\n", ""), changed),
        (with("killasgroup=true\n", ""), changed),
        (with("user=0\n", ""), changed),
        (with("umask=022\n", ""), changed),
        (with("directory=/tmp\n", ""), changed),
        (with("environment=A=1\n", ""), changed),
        (with("serverurl=http://x:1\n", ""), changed),
        (with("redirect_stderr=true\n", ""), changed),
        (with("stdout_logfile={dir}/q.log\n", ""), changed),
        (with("stdout_logfile=NONE\n", ""), changed),
        (with("stdout_logfile_maxbytes=1\n", ""), changed),
        (with("stdout_logfile_backups=1\n", ""), changed),
        (with("stdout_capture_maxbytes=1\n", ""), changed),
        (with("stdout_events_enabled=true\n", ""), changed),
        (with("stdout_syslog=true\n", ""), changed),
        (with("stderr_logfile_maxbytes=1\n", ""), changed),
        (with("stderr_logfile={dir}/p.err\n", ""), changed),
        (with("numprocs=2\nprocess_name=%(process_num)d\n", ""), changed),
        (with("", "[group:p]\nprograms=p\n"), nothing),
        (with("", "[group:g]\nprograms=p\n"), "g: available\np: disappeared\n"),
        (with("", "[program:q]\ncommand=/bin/cat\n"), "q: available\n"),
        (String::new(), "p: disappeared\n"),
    ];
    let herd = Herd::start(&with("", ""));
    for (text, said) in rows {
        herd.configure(&[], &text);
        assert_eq!(herd.ctl("reread").stdout, said, "{text}");
    }
    herd.configure(&["environment=A=1"], &with("", ""));
    herd.ctl("reread").is(changed, 0);
    herd.configure(&["strip_ansi=true\nidentifier=else\nloglevel=warn\nminfds=10"], &with("", ""));
    herd.ctl("reread").is(nothing, 0);
    // An explicit log that becomes an automatic one is no change to the reference.
    herd.configure(&[], &with("stdout_logfile=AUTO\n", ""));
    herd.ctl("reread").is(if reference() { nothing } else { changed }, 0);
    herd.end();
}

#[test]
fn the_order_of_a_groups_programs_is_compared_and_that_of_sections_is_not() {
    let programs = ["a", "b"].map(|name| format!("[program:{name}]\ncommand=/bin/cat\nautostart=false\n"));
    let group = |members: &str| format!("[group:g]\nprograms={members}\n");
    let herd = Herd::start(&(programs.concat() + &group("a,b")));
    herd.configure(&[], &(group("a,b") + &programs[1] + &programs[0]));
    herd.ctl("reread").is("No config updates to processes\n", 0);
    herd.configure(&[], &(programs.concat() + &group("b,a")));
    herd.ctl("reread").is("g: changed\n", 0);
    herd.configure(&[], &(programs.concat() + &group("a,b") + "priority=5\n"));
    herd.ctl("reread").is("g: changed\n", 0);
    herd.end();
}

#[test]
fn of_the_daemons_own_settings_only_the_identifier_changes_at_once() {
    let herd = Herd::of("").file("else/there", "").start();
    herd.configure(
        &["identifier=second\nchildlogdir={dir}/else\nlogfile={dir}/else/main.log\nstrip_ansi=true"],
        "[program:new]\ncommand=/bin/cat\nautostart=false\n",
    );
    let said = herd.ctl("reread");
    said.is("new: available\n", 0);
    if !reference() {
        let told = "supervisorctl: [supervisord] logfile, childlogdir, strip_ansi: taken over once the daemon is started \
                    anew (reload)\n";
        assert_eq!(said.stderr, told);
    }
    assert_eq!(herd.call("supervisor.getIdentification", json!([])), Ok(json!("second")));
    herd.ctl("add new").is("new: added process group\n", 0);
    let logs =
        |dir: &str| names(herd.path(dir)).iter().filter(|name| name.starts_with("new-stdout---")).count();
    if reference() {
        // It takes over what it happens to look up when it is used.
        assert_eq!((logs("."), logs("else")), (0, 1));
        herd.ctl("maintail").is("supervisord: ERROR (no log file)\n", 1);
    } else {
        assert_eq!((logs("."), logs("else")), (1, 0));
        herd.ctl("maintail").has("supervisord started with pid", 0);
    }
    herd.end();
}

#[test]
fn of_the_rules_of_the_daemon_those_are_named_that_wait_for_its_next_start() {
    if reference() {
        return;
    }
    let herd = Herd::of("").setting("strategy=one_for_one\nintensity=3\nperiod=60").start();
    for (settings, keys) in [
        ("strategy=one_for_one\nintensity=5\nperiod=60", "intensity"),
        ("strategy=one_for_all\nintensity=3\nperiod=30", "strategy, period"),
    ] {
        herd.configure(&[settings], "");
        let told = format!(
            "supervisorctl: [supervisord] {keys}: taken over once the daemon is started anew (reload)\n"
        );
        assert_eq!(herd.ctl("reread").stderr, told);
    }
    herd.configure(&["strategy=one_for_one\nintensity=3\nperiod=60"], "");
    assert_eq!(herd.ctl("reread").stderr, "");
    herd.end();
}

#[test]
fn changed_control_endpoints_are_told_and_wait_for_the_next_start() {
    if reference() {
        return;
    }
    let two = |keys: &str| format!("[unix_http_server:two]\nfile={{dir}}/two.sock\n{keys}");
    let told = |what: &str| format!("{what} taken over once the daemon is started anew (reload)\n");
    let password = "username=u\npassword=hush\n";
    let herd = Herd::of(&two("")).start();
    assert_eq!(herd.ctl("reread").stderr, "");
    for (sections, what) in [
        (two(password), vec!["[unix_http_server:two] username, password:"]),
        (two("chmod=0750\n"), vec!["[unix_http_server:two] chmod:"]),
        (String::new(), vec!["[unix_http_server:two]: removed, and"]),
        (
            two("chmod=0750\n") + "[inet_http_server]\nport=127.0.0.1:1\n",
            vec!["[inet_http_server]: added, and", "[unix_http_server:two] chmod:"],
        ),
    ] {
        herd.configure(&[], &sections);
        let lines: String = what.iter().map(|what| told(what)).collect();
        herd.ctl("plan").is(&format!("No config updates to processes\n{lines}"), 0);
        herd.ctl("plan --check").has("No config", 0);
        for (action, said) in [("reread", "No config updates to processes\n"), ("update", "")] {
            let lines: String = what.iter().map(|what| format!("supervisorctl: {}", told(what))).collect();
            let answer = herd.ctl(action);
            answer.is(said, 0);
            assert_eq!(answer.stderr, lines, "{action} {sections}");
        }
    }
    herd.wait_anywhere(
        "WARN [inet_http_server]: added, and taken over once the daemon is started anew (reload)",
    );
    let plan: Value = serde_json::from_str(&herd.ctl("plan --json").stdout).expect("it is JSON");
    let servers = json!([
        {"section": "inet_http_server", "change": "added"},
        {"section": "unix_http_server:two", "change": "changed", "keys": ["chmod"]},
    ]);
    assert_eq!(plan["servers"], servers);
    // a daemon that was started with it has nothing to tell
    herd.configure(&[], &two(password));
    herd.signal("HUP");
    herd.wait("received SIGHUP");
    herd.wait("supervisord started with pid");
    until("the restart", || herd.ctl("plan").stdout.starts_with("No config").then_some(()));
    assert_eq!(herd.ctl("reread").stderr, "");
    herd.assert_count("hush", 0);
    herd.end();
}

#[test]
fn the_command_line_still_wins_after_a_reread_and_a_restart() {
    let herd = Herd::of("").setting("identifier=file").argument("-iline").argument("-einfo").start();
    let identifier = || herd.call("supervisor.getIdentification", json!([])).ok();
    assert_eq!(identifier(), Some(json!("line")));
    herd.configure(&["identifier=another"], "");
    herd.ctl("reread").is("No config updates to processes\n", 0);
    assert_eq!(identifier(), Some(json!("line")));
    herd.signal("HUP");
    herd.wait("received SIGHUP");
    herd.wait("supervisord started with pid");
    until("the restart", || identifier().filter(|found| *found == json!("line")));
    assert_eq!(herd.count("DEBG"), 0);
    herd.end();
}

#[test]
fn a_relative_configuration_is_found_again_from_another_directory() {
    let plan = Herd::of("").setting("directory={dir}/sub").file("sub/there", "");
    plan.write();
    let mut command = Command::new(program("supervisord"));
    command.args(["-c", "supervisord.conf"]).current_dir(plan.dir()).env(MARK, plan.dir());
    run(&mut command, "").is("", 0);
    until("the socket", || plan.dir().join("supervisord.pid").exists().then_some(()));
    let ctl = |words: &str| {
        let mut command = Command::new(program("supervisorctl"));
        run(command.arg("-c").arg(plan.dir().join("supervisord.conf")).arg(words), "")
    };
    if reference() {
        // It looks for the file in the directory that it has gone to.
        ctl("reread").is("ERROR: CANT_REREAD: could not find config file supervisord.conf\n", 1);
    } else {
        ctl("reread").is("No config updates to processes\n", 0);
    }
    ctl("shutdown").is("Shut down\n", 0);
    until("the end", || (!plan.dir().join("supervisord.pid").exists()).then_some(()));
}

#[test]
fn a_program_that_never_ran_but_was_tried_shows_the_beginning_of_time() {
    let herd =
        Herd::of("[program:none]\ncommand=no-such-word\nstartretries=50\n").variable("TZ", "UTC").start();
    herd.wait("INFO spawnerr: can't find command 'no-such-word'");
    herd.wait_status("none", "BACKOFF");
    herd.ctl("status none")
        .is("none                             BACKOFF   can't find command 'no-such-word'\n", 0);
    herd.ctl("stop none").is("none: stopped\n", 0);
    herd.ctl("status none").is("none                             STOPPED   Jan 01 12:00 AM\n", 3);
    herd.end();
}

#[test]
fn variables_that_were_removed_are_unknown_at_the_next_reread() {
    let text = "[program:p]\ncommand=/bin/cat %(ENV_HERD_WORD)s\nautostart=false\n";
    let herd = Herd::of(text).setting("environment=HERD_WORD=one").start();
    herd.configure(&["environment=HERD_WORD=two"], text);
    herd.ctl("reread").is("p: changed\n", 0);
    herd.configure(&[], text);
    let said = herd.ctl("reread");
    if reference() {
        // It still knows them.
        said.is("p: changed\n", 0);
    } else {
        let wanted = "ERROR: CANT_REREAD: Format string '/bin/cat %(ENV_HERD_WORD)s' for 'program:p.command' contains names";
        assert!(said.stdout.starts_with(wanted) && said.code == 1, "{said:?}");
    }
    herd.end();
}
