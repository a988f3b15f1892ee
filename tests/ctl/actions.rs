//! Every action, every fault: output and exit status.

use crate::fake::{Script, config, row};
use crate::table::{check, daemon};
use serde_json::{Value, json};
use treeherd_domain::fault::Fault;

#[test]
fn start_prints_each_result_and_the_last_failure_is_the_status() {
    check(
        daemon(),
        &[
            ("start", "Error: start requires a process name\n<usage>", 2),
            ("start cat", "cat: started\n", 0),
            ("start cat:cat g:a", "cat: started\ng:a: started\n", 0),
            ("start nope", "nope: ERROR (no such process)\n", 1),
            ("start g:nope", "g:nope: ERROR (no such process)\n", 1),
            ("start nogroup:*", "nogroup: ERROR (no such group)\n", 2),
            ("start nofile", "nofile: ERROR (no such file)\n", 1),
            ("start noexec", "noexec: ERROR (file is not executable)\n", 1),
            ("start started", "started: ERROR (already started)\n", 0),
            ("start spawn", "spawn: ERROR (spawn error)\n", 7),
            ("start abnormal", "abnormal: ERROR (abnormal termination)\n", 7),
            ("start failed", "FAILED: attempted to kill it\n", 1),
            ("start spawn cat", "spawn: ERROR (spawn error)\ncat: started\n", 7),
            ("start spawn nope", "spawn: ERROR (spawn error)\nnope: ERROR (no such process)\n", 1),
            (
                "start all",
                "g:a: started\ng:b: ERROR (spawn error)\ng:c: ERROR (FAULT 70)\n\
                 g:d: ERROR (already started)\nw: started\n",
                7,
            ),
        ],
    );
}

#[test]
fn why_a_spawn_failed_is_told_on_stderr() {
    let ended = daemon().serve().run(&["start", "spawn"]);
    assert_eq!(ended.err, "spawn: can't find command\n");
}

#[test]
fn stop_prints_each_result() {
    check(
        daemon(),
        &[
            ("stop", "Error: stop requires a process name\n<usage>", 1),
            ("stop cat", "cat: stopped\n", 0),
            ("stop nope", "nope: ERROR (no such process)\n", 1),
            ("stop nogroup:*", "nogroup: ERROR (no such group)\n", 1),
            ("stop dead", "dead: ERROR (not running)\n", 0),
            ("stop failed", "FAILED: attempted to kill it\n", 1),
            ("stop cat; start cat", "cat;: stopped\nstart: stopped\ncat: stopped\n", 0),
        ],
    );
}

#[test]
fn groups_and_all_are_one_call_each() {
    let fake = daemon().serve();
    fake.run(&["stop", "g:*"]);
    fake.run(&["start", "cat", "all", "nope"]);
    assert_eq!(
        fake.calls(),
        [
            "group.stop {\"name\":\"g\",\"timeoutMs\":null,\"wait\":null}",
            "supervisor.startAllProcesses [null]"
        ]
    );
}

#[test]
fn a_group_is_taken_with_those_below_it() {
    check(
        daemon(),
        &[
            ("start g:*", "g:a: started\ng:b: ERROR (abnormal termination)\nlow:z: started\n", 7),
            ("start nogroup:*", "nogroup: ERROR (no such group)\n", 2),
            (
                "stop cat g:*",
                "cat: stopped\ng:a: stopped\ng:b: ERROR (ABNORMAL_TERMINATION: g:b)\nlow:z: stopped\n",
                7,
            ),
            ("signal HUP g:*", "g:a: signalled\nlow:z: signalled\n", 0),
            ("signal BOGUS g:*", "g:a: ERROR (bad signal name)\ng:b: ERROR (bad signal name)\n", 1),
            ("signal HUP nogroup:*", "nogroup: ERROR (no such group)\n", 1),
        ],
    );
}

#[test]
fn signal_prints_each_result() {
    check(
        daemon(),
        &[
            ("signal", "Error: signal requires a signal name and a process name\n<usage>", 1),
            ("signal HUP", "Error: signal requires a signal name and a process name\n<usage>", 1),
            ("signal HUP cat g:a", "cat: signalled\ng:a: signalled\n", 0),
            ("signal BOGUS cat", "cat: ERROR (bad signal name)\n", 1),
            ("signal HUP nope", "nope: ERROR (no such process)\n", 1),
            ("signal HUP dead", "dead: ERROR (not running)\n", 7),
            ("signal HUP nogroup:*", "nogroup: ERROR (no such group)\n", 1),
            ("signal HUP failed", "FAILED: attempted to kill it\n", 1),
            ("signal BOGUS all", "g:a: ERROR (bad signal name)\nw: signalled\n", 1),
        ],
    );
}

#[test]
fn clear_prints_each_result() {
    check(
        daemon(),
        &[
            ("clear", "Error: clear requires a process name\n<usage>", 1),
            ("clear cat g:a", "cat: cleared\ng:a: cleared\n", 0),
            ("clear nope", "nope: ERROR (no such process)\n", 1),
            ("clear failed", "failed: ERROR (failed)\n", 1),
            ("clear g:*", "g:None: ERROR (no such process)\n", 1),
            ("clear all", "g:a: cleared\ng:b: ERROR (failed)\n", 1),
        ],
    );
}

#[test]
fn status_shows_what_is_asked_for() {
    let all = "cat                              RUNNING   about cat\n\
               g:a                              RUNNING   about a\n\
               g:b                              STOPPED   about b\n";
    let cat = "cat                              RUNNING   about cat\n";
    check(
        daemon(),
        &[
            ("status", all, 3),
            ("status all nope", all, 3),
            ("status cat", cat, 0),
            (
                "status g:a cat",
                "g:a                              RUNNING   about a\n\
                 cat                              RUNNING   about cat\n",
                0,
            ),
            (
                "status g:*",
                "g:a                              RUNNING   about a\n\
                 g:b                              STOPPED   about b\n",
                3,
            ),
            ("status nope cat", &format!("nope: ERROR (no such process)\n{cat}"), 4),
            ("status nope:*", "nope: ERROR (no such group)\n", 4),
            (
                "status nope g:b",
                "nope: ERROR (no such process)\ng:b                              STOPPED   about b\n",
                3,
            ),
        ],
    );
}

#[test]
fn pid_prints_numbers() {
    check(
        daemon(),
        &[
            ("pid", "4711\n", 0),
            ("pid cat idle", "11\n0\n", 7),
            ("pid all", "11\n12\n0\n", 0),
            ("pid nope cat", "No such process nope\n11\n", 1),
            ("pid g:nope", "No such process g:nope\n", 1),
        ],
    );
}

#[test]
fn tail_reads_the_end_of_a_log() {
    check(
        daemon(),
        &[
            ("tail cat", "\"cat\" -1600 0\n", 0),
            ("tail -100 cat stderr", "\"cat\" -100 0\n", 0),
            ("tail", "Error: too few arguments\n<usage>", 1),
            ("tail a b c d", "Error: too many arguments\n<usage>", 1),
            ("tail -f", "Error: tail requires process name\n", 1),
            ("tail cat foo", "Error: bad channel 'foo'\n", 1),
            ("tail -x cat", "Error: bad argument -x\n", 1),
            ("tail nofile", "nofile: ERROR (no log file)\n", 1),
            ("tail failed", "failed: ERROR (unknown error reading log)\n", 1),
            ("tail nope", "nope: ERROR (no such process name)\n", 1),
            ("maintail", "main -1600 0\n", 0),
            ("maintail -5", "main -5 0\n", 0),
            ("maintail foo", "Error: bad argument foo\n", 1),
            ("maintail -x", "Error: bad argument -x\n", 1),
            ("maintail a b", "Error: too many arguments\n<usage>", 1),
        ],
    );
    check(
        daemon().on("supervisor.readLog", |_| Err(Fault::NoFile("/x".to_owned()))),
        &[("maintail", "supervisord: ERROR (no log file)\n", 1)],
    );
    check(
        daemon().on("supervisor.readLog", |_| Err(Fault::Failed("/x".to_owned()))),
        &[("maintail", "supervisord: ERROR (unknown error reading log)\n", 1)],
    );
}

#[test]
fn a_modifier_may_be_in_the_word_of_the_action() {
    let ended = daemon().serve().run(&["tail -100000", "cat"]);
    assert_eq!((ended.out.as_str(), ended.code), ("\"cat\" -100000 0\n", Some(0)));
}

#[test]
fn fg_refuses_what_it_cannot_attach_to() {
    check(
        daemon(),
        &[
            ("fg", "ERROR: no process name supplied\n<usage>", 1),
            ("fg a b", "ERROR: too many process names supplied\n", 1),
            ("fg nope", "ERROR: bad process name supplied\n", 1),
            ("fg idle", "ERROR: process not running\n", 1),
            ("fg down", "ERROR: <Fault 6: 'SHUTDOWN_STATE'>\n", 0),
        ],
    );
}

#[test]
fn reread_tells_what_differs() {
    let with = |answer: fn(&Value) -> Result<Value, Fault>| daemon().on("supervisor.reloadConfig", answer);
    let changes = "a: available\nmanual: disappeared\nquick: changed\n";
    check(with(|_| Ok(json!([[["a"], ["quick"], ["manual"]]]))), &[("reread", changes, 0)]);
    check(
        with(|_| Ok(json!([[[], [], []]]))),
        &[
            ("reread", "No config updates to processes\n", 0),
            ("reread x", "Error: reread accepts no arguments\n<usage>", 1),
            ("update", "", 0),
            ("update nope cat", "ERROR: no such group: nope\n", 1),
        ],
    );
    check(
        with(|_| Err(Fault::ShutdownState)),
        &[
            ("reread", "ERROR: supervisor shutting down\n", 1),
            ("update", "ERROR: already shutting down\n", 1),
        ],
    );
    check(
        with(|_| Err(Fault::CantReread { message: "bad 'x'".to_owned(), report: "a report".to_owned() })),
        &[
            ("reread", "ERROR: CANT_REREAD: bad 'x'\n", 1),
            (
                "update",
                "error: <class 'xmlrpc.client.Fault'>, <Fault 92: \"CANT_REREAD: bad 'x'\">: file: <url> line: 0\n",
                1,
            ),
        ],
    );
}

/// What `config.reread` answers: three probes that differ, and these groups.
fn with_probes(changed: &Value) -> Value {
    let key =
        |key: &str, old: &str, new: &str| json!({"key": key, "reload": "hot", "old": old, "new": new});
    json!({
        "added": [], "changed": changed, "removed": [], "perProcess": false, "groups": [],
        "probes": [
            {"name": "db", "change": "changed", "keys": [key("interval", "10s", "5s"), key("user", "", "www")]},
            {"name": "net", "change": "added"}, {"name": "old", "change": "removed"},
        ],
    })
}

#[test]
fn probes_are_told_behind_supervisors_own_lines() {
    let alone = || daemon().on("config.reread", |_| Ok(with_probes(&json!([]))));
    let web =
        || daemon().on("config.reread", |_| Ok(with_probes(&json!([{"name": "web", "changes": []}]))));
    let probes = "probe:db: changed (interval 10s -> 5s, user nothing -> www)\nprobe:net: added\nprobe:old: removed\n";
    let with = |line: &str| format!("{line}\n{probes}");
    check(alone(), &[("reread", &with("No config updates to processes"), 0), ("update", probes, 0)]);
    check(web(), &[("reread", &with("web: changed"), 0)]);
}

#[test]
fn update_drops_replaces_and_adds() {
    let script = || {
        daemon()
            .on("supervisor.reloadConfig", |_| Ok(json!([[["newone"], ["quick"], ["manual", "stuck"]]])))
            .on("supervisor.stopProcessGroup", |params| match params[0].as_str() {
                Some("stuck") => Ok(json!([row("stuck", "stuck", 30)])),
                _ => Ok(json!([])),
            })
    };
    check(
        script(),
        &[
            (
                "update",
                "manual: stopped\nmanual: removed process group\nstuck: stopped\n\
                 stuck: has problems; not removing\nquick: stopped\nquick: updated process group\n\
                 newone: added process group\n",
                1,
            ),
            ("update newone", "newone: added process group\n", 0),
            ("update newone nope nope", "ERROR: no such group: nope\nnewone: added process group\n", 1),
        ],
    );
    let fake = script().serve();
    fake.run(&["update", "quick"]);
    assert_eq!(
        fake.calls()[2..],
        [
            "supervisor.stopProcessGroup [\"quick\",null]",
            "supervisor.removeProcessGroup [\"quick\"]",
            "supervisor.addProcessGroup [\"quick\"]"
        ]
    );
}

#[test]
fn add_and_remove_take_groups() {
    let added = "a: added process group\nERROR: process group already active\n";
    check(
        daemon(),
        &[
            ("add", "", 0),
            ("remove", "", 0),
            ("add a added", added, 0),
            ("add nope a", "ERROR: no such process/group: nope\na: added process group\n", 1),
            ("add down", "ERROR: shutting down\n", 1),
            ("remove a", "a: removed process group\n", 0),
            ("remove busy", "ERROR: process/group still running: busy\n", 1),
            ("remove nope", "ERROR: no such process/group: nope\n", 1),
            (
                "remove down a",
                "error: <class 'xmlrpc.client.Fault'>, <Fault 6: 'SHUTDOWN_STATE'>: file: <url> line: 0\n",
                1,
            ),
        ],
    );
}

#[test]
fn avail_lists_the_configuration() {
    let all = |_: &Value| {
        Ok(json!([
            config("cat", "cat", true, true, 999),
            config("grp", "gb", true, false, 50),
            config("newone", "newone", false, true, 999)
        ]))
    };
    check(
        daemon().on("supervisor.getAllConfigInfo", all),
        &[
            (
                "avail",
                "cat                              in use    auto      999:5\n\
                 grp:gb                           in use    manual    50:5\n\
                 newone                           avail     auto      999:5\n",
                0,
            ),
            ("avail x", "Error: avail accepts no arguments\n<usage>", 1),
        ],
    );
    check(
        daemon().on("supervisor.getAllConfigInfo", |_| Err(Fault::ShutdownState)),
        &[("avail", "ERROR: supervisor shutting down\n", 1)],
    );
}

#[test]
fn the_daemon_is_shut_down_reloaded_and_asked_for_its_version() {
    check(
        daemon(),
        &[
            ("shutdown", "Shut down\n", 0),
            ("shutdown now", "Error: shutdown accepts no arguments\n<usage>", 1),
            ("reload", "Restarted supervisord\n", 0),
            ("reload now", "Error: reload accepts no arguments\n<usage>", 1),
            ("version", "4.3.0\n", 0),
            ("version x", "Error: version accepts no arguments\n<usage>", 1),
            ("open foo", "ERROR: url must be http:// or unix://\n", 1),
        ],
    );
    let down = daemon()
        .on("supervisor.shutdown", |_| Err(Fault::ShutdownState))
        .on("supervisor.restart", |_| Err(Fault::ShutdownState));
    check(
        down,
        &[
            ("shutdown", "ERROR: already shutting down\n", 0),
            ("reload", "ERROR: already shutting down\n", 1),
        ],
    );
}

#[test]
fn open_shows_the_status_there_and_forgets_its_exit_status() {
    let fake = daemon().serve();
    let ended = fake.run(&["open", &fake.url()]);
    assert_eq!((ended.out.lines().count(), ended.code), (3, Some(0)));
}

#[test]
fn lines_that_are_no_action() {
    check(
        daemon(),
        &[
            ("bogus x", "*** Unknown syntax: bogus x\n", 1),
            ("!ls", "*** Unknown syntax: !ls\n", 1),
            ("START cat", "*** Unknown syntax: START cat\n", 1),
            ("?version", "version\t\t\tShow the version of the remote supervisord process\n", 0),
            ("help nope", "*** No help on nope\n", 0),
            ("quit", "\n", 0),
            ("exit", "\n", 0),
            ("EOF", "\n", 0),
            ("", "", 0),
        ],
    );
}

#[test]
fn every_action_of_the_help_exists() {
    let fake = Script::new().serve();
    for action in treeherd::ctl::action::every() {
        let ended = fake.run(&[action.name]);
        assert!(!ended.out.contains("Unknown syntax"), "{}: {}", action.name, ended.out);
    }
}
