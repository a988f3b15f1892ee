//! Starting, stopping, signalling and writing to processes over the API: what is waited for, what is left out of an
//! answer about many, and in which order it comes.

use crate::harness::{Answer, Herd, reference, signal, until};
use serde_json::{Value, json};

/// `[name, group, status, description]` of each row of an answer about many.
#[track_caller]
fn rows(answer: Answer) -> Vec<(String, String, i64, String)> {
    let answer = answer.expect("it is answered");
    let row = |row: &Value| {
        let text = |key: &str| row[key].as_str().unwrap_or_else(|| panic!("{key} in {row}")).to_owned();
        assert_eq!(row.as_object().map(serde_json::Map::len), Some(4), "{row}");
        (text("name"), text("group"), row["status"].as_i64().expect("a number"), text("description"))
    };
    answer.as_array().expect("a list").iter().map(row).collect()
}

/// The names, the status and the description of rows that are all fine.
fn fine(names: &[(&str, &str)]) -> Vec<(String, String, i64, String)> {
    names
        .iter()
        .map(|(group, name)| ((*name).to_owned(), (*group).to_owned(), 80, "OK".to_owned()))
        .collect()
}

fn ok() -> Answer {
    Ok(json!(true))
}

#[test]
fn a_start_is_checked_spawned_and_waited_for() {
    let herd = Herd::of(
        "[program:stays]\ncommand={dir}/stays\nautostart=false\n\
         [program:dies]\ncommand=/bin/false\nautostart=false\nstartsecs=5\nstartretries=0\n\
         [program:bare]\ncommand={dir}/bare\nautostart=false\nstartsecs=5\nstartretries=0\n\
         [program:long]\ncommand=/bin/cat\nautostart=false\nstartsecs=600\n\
         [program:retries]\ncommand=/bin/false\nautostart=false\nstartsecs=5\nstartretries=50\n",
    )
    .script("stays", "#!/bin/sh\nexec cat\n")
    .script("bare", "no program\n")
    .start();
    let start = |name: &str, wait: bool| herd.call("supervisor.startProcess", json!([name, wait]));
    // The command is looked for before the state is looked at.
    assert_eq!(start("stays", true), ok());
    herd.ctl("status stays").has("RUNNING", 0);
    let stays = herd.path("stays");
    std::fs::remove_file(&stays).expect("the directory is ours");
    assert_eq!(
        start("stays", true),
        Err((20, format!("NO_FILE: can't find command '{}'", stays.display())))
    );
    for name in ["dies", "bare", "retries"] {
        assert_eq!(start(name, true), Err((50, format!("SPAWN_ERROR: {name}"))));
    }
    // The first attempt decides; the retries go on without the caller.
    herd.wait_status("retries", "BACKOFF");
    assert_eq!(start("retries", true), Err((60, "ALREADY_STARTED: retries".to_owned())));
    // Without a wait it is enough that the process is there.
    assert_eq!(herd.call("supervisor.startProcess", json!(["long", 0])), ok());
    herd.ctl("status long").is("long                             STARTING  \n", 0);
    assert_eq!(start("long", true), Err((60, "ALREADY_STARTED: long".to_owned())));
    herd.end();
}

#[test]
fn a_start_that_is_stopped_meanwhile_ended_abnormally() {
    let herd = Herd::start("[program:long]\ncommand=/bin/cat\nautostart=false\nstartsecs=600\n");
    let mut waiting = herd.ctl_command();
    let waiting =
        waiting.args(["start", "long"]).stdout(std::process::Stdio::piped()).spawn().expect("it is there");
    herd.wait("spawned: 'long'");
    assert_eq!(herd.call("supervisor.stopProcess", json!(["long"])), ok());
    let said = waiting.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&said.stdout), "long: ERROR (abnormal termination)\n");
    assert_eq!(said.status.code(), Some(7));
    herd.end();
}

#[test]
fn a_start_while_stopping_does_nothing_and_says_so() {
    let herd = Herd::start(
        "[program:deaf]\ncommand=/bin/sh -c 'trap \"\" TERM; : > {dir}/deaf.set; exec cat'\nstartsecs=0\nstopwaitsecs=600\n",
    );
    herd.wait_file("deaf.set", "");
    assert_eq!(herd.call("supervisor.stopProcess", json!(["deaf", false])), ok());
    assert_eq!(
        herd.call("supervisor.startProcess", json!(["deaf", true])),
        Err((40, "ABNORMAL_TERMINATION: deaf".to_owned()))
    );
    herd.wait("WARN process 'deaf' already running");
    assert_eq!(
        herd.call("supervisor.stopProcess", json!(["deaf"])),
        Err((70, "NOT_RUNNING: deaf".to_owned()))
    );
    assert_eq!(
        herd.call("supervisor.sendProcessStdin", json!(["deaf", "x"])),
        Err((70, "NOT_RUNNING: deaf".to_owned()))
    );
    // A signal reaches a process that is stopping.
    assert_eq!(herd.call("supervisor.signalProcess", json!(["deaf", "KILL"])), ok());
    herd.wait("stopped: deaf (terminated by SIGKILL)");
    herd.end();
}

#[test]
fn a_stop_waits_for_the_end_unless_it_is_told_not_to() {
    let herd = Herd::start(
        "[program:slow]\ncommand=/bin/sh -c 'trap \"until test -e {dir}/go; do sleep 0.05; done; exit 0\" TERM; : > {dir}/slow.set; while sleep 0.05; do :; done'\n\
         startsecs=0\nstopwaitsecs=600\n\
         [program:fail]\ncommand=/bin/false\nstartsecs=5\nstartretries=50\n\
         [program:done]\ncommand=/bin/true\nstartsecs=0\nautorestart=false\n",
    );
    herd.wait_file("slow.set", "");
    herd.wait_anywhere("success: slow ");
    let stop = |name: &str, wait: bool| herd.call("supervisor.stopProcess", json!([name, wait]));
    assert_eq!(stop("slow", false), ok());
    assert_eq!(herd.count("stopped: slow"), 0);
    assert_eq!(herd.count("waiting for slow to stop"), 0);
    herd.put("go", "");
    herd.wait("INFO stopped: slow (exit status 0)");
    std::fs::remove_file(herd.path("slow.set")).expect("the program made it");
    assert_eq!(herd.call("supervisor.startProcess", json!(["slow"])), ok());
    herd.wait_file("slow.set", "");
    assert_eq!(stop("slow", true), ok());
    herd.wait("INFO stopped: slow (exit status 0)");
    herd.wait_anywhere("INFO waiting for slow to stop");
    herd.wait_anywhere("exited: fail");
    herd.wait_status("fail", "BACKOFF");
    assert_eq!(stop("fail", true), ok());
    for name in ["slow", "fail", "done"] {
        assert_eq!(stop(name, true), Err((70, format!("NOT_RUNNING: {name}"))));
    }
    herd.end();
}

const GROUP: &str = "[program:c]\ncommand=/bin/cat\nstartsecs=0\npriority=30\nautostart=false\n\
     [program:a]\ncommand=/bin/cat\nstartsecs=0\npriority=10\nautostart=false\n\
     [program:b]\ncommand=/bin/cat\nstartsecs=0\npriority=20\nautostart=false\n[group:g]\nprograms=c,a,b\npriority=50\n\
     [program:last]\ncommand=/bin/cat\nstartsecs=0\npriority=60\nautostart=false\n\
     [program:first]\ncommand=/bin/cat\nstartsecs=0\npriority=40\nautostart=false\n";

/// The names behind this piece in the lines of the log, in their order.
fn named(herd: &Herd, piece: &str, end: char) -> Vec<String> {
    let name = |line: &String| Some(line.split_once(piece)?.1.split(end).next()?.to_owned());
    herd.log().iter().filter_map(name).collect()
}

#[test]
fn groups_and_all_start_and_stop_in_ascending_priority() {
    let herd = Herd::start(GROUP);
    let group = [("g", "a"), ("g", "b"), ("g", "c")];
    let all = [("first", "first"), ("g", "a"), ("g", "b"), ("g", "c"), ("last", "last")];
    assert_eq!(rows(herd.call("supervisor.startProcessGroup", json!(["g"]))), fine(&group));
    herd.wait("spawned: 'c'");
    assert_eq!(named(&herd, "spawned: '", '\''), ["a", "b", "c"]);
    // Who is up already is left out.
    assert_eq!(rows(herd.call("supervisor.startProcessGroup", json!(["g"]))), []);
    assert_eq!(rows(herd.call("supervisor.startProcess", json!(["g:*"]))), []);
    assert_eq!(
        rows(herd.call("supervisor.startAllProcesses", json!([]))),
        fine(&[("first", "first"), ("last", "last")])
    );
    let mut stopped = rows(herd.call("supervisor.stopAllProcesses", json!([])));
    stopped.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    assert_eq!(stopped, fine(&all));
    herd.wait("DEBG killing last ");
    assert_eq!(named(&herd, "DEBG killing ", ' '), ["first", "a", "b", "c", "last"]);
    assert_eq!(rows(herd.call("supervisor.stopAllProcesses", json!([]))), []);
    assert_eq!(rows(herd.call("supervisor.stopProcessGroup", json!(["g"]))), []);
    assert_eq!(rows(herd.call("supervisor.startAllProcesses", json!([false]))).len(), 5);
    herd.wait("spawned: 'last'");
    assert_eq!(named(&herd, "spawned: '", '\'')[5..], ["first", "a", "b", "c", "last"]);
    herd.end();
}

#[test]
fn autostart_goes_by_priority_inside_a_group_too() {
    let herd = Herd::start(&GROUP.replace("autostart=false\n", ""));
    for name in ["first", "a", "b", "c", "last"] {
        herd.wait_anywhere(&format!("success: {name} "));
    }
    // The reference starts the processes of a group as the group lists them.
    let inside = if reference() { ["c", "a", "b"] } else { ["a", "b", "c"] };
    let expected = [&["first"], &inside[..], &["last"]].concat();
    assert_eq!(named(&herd, "spawned: '", '\''), expected);
    herd.end();
}

#[test]
fn what_fails_in_a_group_is_told_in_its_row_and_first() {
    let herd = Herd::start(
        "[program:ok]\ncommand=/bin/cat\nautostart=false\npriority=1\n\
         [program:none]\ncommand=no-such-word\nautostart=false\nstartretries=0\npriority=2\n\
         [program:dies]\ncommand=/bin/false\nautostart=false\nstartsecs=5\nstartretries=0\npriority=3\n[group:g]\nprograms=ok,none,dies\n",
    );
    let mut found = rows(herd.call("supervisor.startProcessGroup", json!(["g"])));
    assert_eq!(found[0].0, "none", "what fails at once comes first: {found:?}");
    found.sort();
    let row = |name: &str, status, text: &str| (name.to_owned(), "g".to_owned(), status, text.to_owned());
    assert_eq!(
        found,
        [
            row("dies", 50, "SPAWN_ERROR: g:dies"),
            row("none", 20, "NO_FILE: can't find command 'no-such-word'"),
            row("ok", 80, "OK"),
        ]
    );
    herd.end();
}

#[test]
fn signals_reach_what_can_be_signalled_and_nothing_else() {
    let trap =
        "/bin/sh -c 'trap \"echo got\" HUP; : > {dir}/%(program_name)s.set; while sleep 0.05; do :; done'";
    let herd = Herd::start(&format!(
        "[program:a]\ncommand={trap}\nstartsecs=0\nstdout_logfile={{dir}}/a.log\n\
         [program:b]\ncommand={trap}\nstartsecs=0\nstdout_logfile={{dir}}/b.log\n[group:g]\nprograms=b,a\n\
         [program:off]\ncommand=/bin/cat\nautostart=false\n\
         [program:slow]\ncommand={trap}\nstartsecs=600\nstdout_logfile={{dir}}/slow.log\n"
    ));
    for name in ["a", "b", "slow"] {
        herd.wait_file(&format!("{name}.set"), "");
    }
    assert_eq!(herd.call("supervisor.signalProcess", json!(["g:a", "hup"])), ok());
    assert_eq!(herd.wait_file("a.log", "\n"), "got\n");
    herd.wait(&format!("DEBG sending a (pid {}) sig SIGHUP", herd.spawned("a")));
    assert_eq!(herd.call("supervisor.signalProcess", json!(["g:a", 1])), ok());
    assert_eq!(herd.wait_file("a.log", "got\ngot\n"), "got\ngot\n");
    assert_eq!(
        rows(herd.call("supervisor.signalProcessGroup", json!(["g", "SIGHUP"]))),
        fine(&[("g", "b"), ("g", "a")])
    );
    assert_eq!(herd.wait_file("b.log", "\n"), "got\n");
    assert_eq!(
        rows(herd.call("supervisor.signalProcess", json!(["g:*", "1"]))),
        fine(&[("g", "b"), ("g", "a")])
    );
    let all = fine(&[("g", "b"), ("g", "a"), ("slow", "slow")]);
    assert_eq!(rows(herd.call("supervisor.signalAllProcesses", json!(["HUP"]))), all);
    herd.wait_file("slow.log", "got\n");
    let bad = |name: &str| (name.to_owned(), "g".to_owned(), 11, "BAD_SIGNAL: BOGUS".to_owned());
    assert_eq!(
        rows(herd.call("supervisor.signalProcessGroup", json!(["g", "BOGUS"]))),
        [bad("b"), bad("a")]
    );
    herd.ctl("status g:a g:b slow off").has("slow                             STARTING  \noff ", 3);
    herd.end();
}

#[test]
fn text_reaches_standard_input_in_its_order_and_a_full_pipe_is_no_error() {
    let herd = Herd::start(
        "[program:cat]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/cat.log\n\
         [program:late]\ncommand=/bin/sh -c 'trap \"exec cat\" USR1; : > {dir}/late.set; while sleep 0.05; do :; done'\nstartsecs=0\nstdout_logfile={dir}/late.log\n\
         [program:closed]\ncommand=/bin/sh -c 'exec 0<&-; : > {dir}/closed.set; while sleep 0.05; do :; done'\nstartsecs=0\n",
    );
    let send = |name: &str, text: &str| herd.call("supervisor.sendProcessStdin", json!([name, text]));
    herd.wait_anywhere("success: cat ");
    assert_eq!(send("cat", "The Øresund bridge "), ok());
    assert_eq!(send("cat", "ends in Malmö\n"), ok());
    assert_eq!(herd.wait_file("cat.log", "\n"), "The Øresund bridge ends in Malmö\n");
    herd.wait_file("closed.set", "");
    let refused = until("the closed pipe", || send("closed", "x").err());
    assert_eq!(refused, (20, "NO_FILE: closed".to_owned()));
    herd.wait_file("late.set", "");
    if reference() {
        // A full pipe is an internal error to it, though the text is kept.
        return herd.end();
    }
    let line = format!("{}\n", "x".repeat(60_000));
    for _ in 0..4 {
        assert_eq!(send("late", &line), ok());
    }
    signal(herd.spawned("late"), "USR1");
    let text = until("all the text", || {
        let text = std::fs::read_to_string(herd.path("late.log")).ok()?;
        (text.len() >= 4 * line.len()).then_some(text)
    });
    assert_eq!(text, line.repeat(4));
    herd.end();
}

#[test]
fn shutdown_and_restart_are_answered_before_they_happen() {
    let mut herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    assert_eq!(herd.call("supervisor.restart", json!([])), ok());
    herd.wait("stopped: cat (terminated by SIGTERM)");
    let line = herd.wait("supervisord started with pid ");
    assert!(line.ends_with(&format!(" {}", herd.daemon())), "{line}");
    herd.wait("success: cat");
    assert_eq!(herd.call("supervisor.shutdown", json!([])), ok());
    herd.wait("stopped: cat (terminated by SIGTERM)");
    assert_eq!(herd.wait_end().code(), Some(0));
    assert_eq!(herd.count("received SIG"), herd.count("received SIGCHLD"));
    herd.assert_nothing_left();
}
