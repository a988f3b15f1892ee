//! `wait`: what ends it, what it says, and its exit statuses.

use crate::fake::{Ended, Script, config, info};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Each subscription to `process.watch` sends the next of these lists, then waits for the watcher to leave.
fn watched(lists: Vec<Vec<Value>>) -> (Script, Arc<Mutex<Vec<Value>>>) {
    let mut script = Script::new().on("supervisor.getAllConfigInfo", |_| {
        Ok(json!([
            config("web", "web", true, true, 1),
            always("loop"),
            config("job", "job", true, true, 1)
        ]))
    });
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let watch = move |params: jsonrpsee::types::Params<'static>,
                      pending: jsonrpsee::PendingSubscriptionSink,
                      _: Arc<()>,
                      _: jsonrpsee::Extensions| {
        let mut seen = seen.lock().unwrap();
        let items = lists[seen.len()].clone();
        seen.push(params.parse().unwrap_or(Value::Null));
        async move {
            let Ok(sink) = pending.accept().await else { return };
            for item in items {
                let _ = sink.send(serde_json::value::to_raw_value(&item).unwrap()).await;
            }
            sink.closed().await;
        }
    };
    script
        .module()
        .register_subscription("process.watch", "process.change", "process.unwatch", watch)
        .unwrap();
    (script, asked)
}

/// A process that is started again whatever happens.
fn always(name: &str) -> Value {
    let mut config = config(name, name, true, true, 1);
    config["autorestart"] = json!(true);
    config
}

fn snapshot(items: &[Value]) -> Value {
    json!({"kind": "snapshot", "items": items, "seq": 1})
}

fn change(item: Value) -> Value {
    json!({"kind": "change", "item": item, "seq": 2})
}

fn gone(group: &str, name: &str) -> Value {
    json!({"kind": "gone", "group": group, "name": name, "seq": 3})
}

fn web(state: &str) -> Value {
    info("web", "web", state)
}

fn run(items: Vec<Value>, line: &str) -> Ended {
    let words: Vec<&str> = ["wait"].into_iter().chain(line.split(' ')).collect();
    watched(vec![items]).0.serve().run(&words)
}

/// RUNNING, with its readiness and health.
fn told(ready: bool, health: &str) -> Value {
    let mut told = web("RUNNING");
    (told["ready"], told["health"], told["hasHealth"]) = (json!(ready), json!(health), json!(true));
    told["description"] = json!("pid 7, uptime 0:00:01, not ready: no line came on fd 3");
    told
}

#[test]
fn readiness_and_health_are_waited_for_beside_the_state() {
    for (line, items, out) in [
        ("web", vec![snapshot(&[told(false, "unknown")])], "web: running\n"),
        (
            "web --for ready",
            vec![snapshot(&[told(false, "unknown")]), change(told(true, "unknown"))],
            "web: ready\n",
        ),
        (
            "web --for healthy",
            vec![
                snapshot(&[told(false, "unknown")]),
                change(told(true, "unknown")),
                change(told(true, "unhealthy")),
                change(told(true, "healthy")),
            ],
            "web: healthy\n",
        ),
    ] {
        let ended = run(items, line);
        assert_eq!((ended.out.as_str(), ended.code), (out, Some(0)), "{line}");
    }
    // nothing tells of its health: that is no reason to wait
    let ended = run(vec![snapshot(&[web("RUNNING"), told(false, "unknown")])], "web --for healthy");
    let line = "web: ERROR (will not be healthy: it has neither health= nor watchdog=, by which that is known; wait --for \
                ready instead, or write one)\n";
    assert_eq!((ended.out.as_str(), ended.code), (line, Some(7)));
    let ended = run(vec![snapshot(&[told(false, "unknown")])], "web --for ready --timeout 0");
    let line = "web: ERROR (not ready: RUNNING, pid 7, uptime 0:00:01, not ready: no line came on fd 3)\n";
    assert_eq!((ended.out.as_str(), ended.code), (line, Some(1)));
}

#[test]
fn a_state_that_is_there_or_comes_is_reached() {
    let both = [info("shop", "api", "RUNNING"), info("shop", "db", "STARTING")];
    for (line, items, out) in [
        ("web", vec![snapshot(&[web("RUNNING")])], "web: running\n"),
        (
            "web",
            vec![snapshot(&[web("STOPPED")]), change(web("STARTING")), change(web("RUNNING"))],
            "web: running\n",
        ),
        ("web --for ready", vec![snapshot(&[web("RUNNING")])], "web: ready\n"),
        ("--for=stopped web", vec![snapshot(&[web("RUNNING")]), change(web("STOPPED"))], "web: stopped\n"),
        ("web --for stopped", vec![snapshot(&[web("FATAL")])], "web: stopped\n"),
        ("web --for stopped", vec![snapshot(&[web("EXITED")])], "web: stopped\n"),
        ("web --for stopped", vec![snapshot(&[web("STOPPING")]), gone("web", "web")], "web: stopped\n"),
        (
            "shop:*",
            vec![snapshot(&both), change(info("shop", "db", "RUNNING"))],
            "shop:api: running\nshop:db: running\n",
        ),
        ("shop:api shop:*", vec![snapshot(&[both[0].clone()])], "shop:api: running\n"),
        ("all", vec![snapshot(&[])], ""),
        (
            "loop --for running",
            vec![snapshot(&[info("loop", "loop", "EXITED")]), change(info("loop", "loop", "RUNNING"))],
            "loop: running\n",
        ),
    ] {
        let ended = run(items, line);
        assert_eq!((ended.out.as_str(), ended.err.as_str(), ended.code), (out, "", Some(0)), "{line}");
    }
}

#[test]
fn all_have_to_be_there_at_the_same_time() {
    let items = vec![
        snapshot(&[web("RUNNING"), info("job", "job", "STARTING")]),
        change(web("BACKOFF")),
        change(info("job", "job", "RUNNING")),
    ];
    let ended = run(items, "all --timeout 100ms");
    assert_eq!(ended.out, "web: ERROR (not running after 100ms: BACKOFF, about web)\njob: running\n");
    assert_eq!(ended.code, Some(1));
}

#[test]
fn a_state_that_cannot_come_by_itself_ends_it_at_once() {
    let mut fatal = web("FATAL");
    fatal["description"] = json!("can't find command '/x'");
    let mut exited = info("job", "job", "EXITED");
    exited["exit"] = json!({"code": 0});
    let mut killed = info("once", "once", "EXITED");
    killed["exit"] = json!({"signal": "SIGKILL"});
    for (line, items, out) in [
        (
            "web",
            vec![snapshot(&[web("STARTING")]), change(fatal.clone())],
            "web: ERROR (will not be running: FATAL, can't find command '/x')\n",
        ),
        (
            "web job",
            vec![snapshot(&[web("STARTING"), exited.clone()])],
            "web: ERROR (not running yet: STARTING, about web)\n\
             job: ERROR (will not be running: EXITED, exit status 0)\n",
        ),
        ("once", vec![snapshot(&[killed])], "once: ERROR (will not be running: EXITED, SIGKILL)\n"),
        (
            "web --for ready",
            vec![snapshot(&[web("STARTING")]), gone("web", "web")],
            "web: ERROR (will not be ready: removed)\n",
        ),
    ] {
        let ended = run(items, line);
        assert_eq!((ended.out.as_str(), ended.err.as_str(), ended.code), (out, "", Some(7)), "{line}");
    }
}

/// EXITED, as `exitcodes` allow or not; a oneshot that has is COMPLETED.
fn ended(name: &str, code: i32, view: &str) -> Value {
    let mut ended = info(name, name, "EXITED");
    (ended["exit"], ended["view"]) = (json!({"code": code}), json!(view));
    if code != 0 {
        ended["spawnError"] = json!("exited too quickly");
    }
    ended
}

#[test]
fn what_completes_has_ended_well_and_does_not_come_back() {
    let pass = |name, view| vec![snapshot(&[info(name, name, "RUNNING")]), change(ended(name, 0, view))];
    for (line, items, out, code) in [
        ("job --for completed", pass("job", "EXITED"), "job: completed\n", 0),
        ("job --for completed", pass("job", "COMPLETED"), "job: completed\n", 0),
        // a oneshot is not started again, whatever autorestart says; another program is
        ("loop --for completed", pass("loop", "COMPLETED"), "loop: completed\n", 0),
        ("loop --for stopped", pass("loop", "COMPLETED"), "loop: stopped\n", 0),
        (
            "loop --for completed --timeout 100ms",
            pass("loop", "EXITED"),
            "loop: ERROR (not completed after 100ms: EXITED, exit status 0)\n",
            1,
        ),
        (
            "once --for completed",
            vec![snapshot(&[ended("once", 3, "EXITED")])],
            "once: ERROR (will not be completed: EXITED, exit status 3)\n",
            7,
        ),
        (
            "job --for completed",
            vec![snapshot(&[info("job", "job", "FATAL")])],
            "job: ERROR (will not be completed: FATAL, about job)\n",
            7,
        ),
        (
            "job --for completed",
            vec![snapshot(&[info("job", "job", "RUNNING")]), gone("job", "job")],
            "job: ERROR (will not be completed: removed)\n",
            7,
        ),
        (
            "job --for running",
            vec![snapshot(&[ended("job", 0, "COMPLETED")])],
            "job: ERROR (will not be running: COMPLETED, exit status 0)\n",
            7,
        ),
    ] {
        let said = run(items, line);
        assert_eq!((said.out.as_str(), said.err.as_str(), said.code), (out, "", Some(code)), "{line}");
    }
}

#[test]
fn the_time_ends_it_and_each_is_told() {
    for (line, items, out) in [
        (
            "web --timeout 0",
            vec![snapshot(&[web("STOPPED")])],
            "web: ERROR (not running: STOPPED, about web)\n",
        ),
        (
            "loop --timeout 0.05 --for stopped",
            vec![snapshot(&[info("loop", "loop", "EXITED")])],
            "loop: ERROR (not stopped after 50ms: EXITED)\n",
        ),
    ] {
        let ended = run(items, line);
        assert_eq!((ended.out.as_str(), ended.code), (out, Some(1)), "{line}");
    }
}

#[test]
fn a_daemon_that_goes_ends_it() {
    let end = json!({"kind": "end", "reason": "shutting down"});
    let ended = run(vec![snapshot(&[web("STARTING")]), end], "web");
    let out = "web: ERROR (not running, and supervisord has gone: STARTING, about web)\n";
    assert_eq!((ended.out.as_str(), ended.code), (out, Some(4)));
}

#[test]
fn a_gap_begins_anew_with_a_snapshot() {
    let gap = json!({"kind": "gap", "dropped": 5, "resumeFrom": 9});
    let lists = vec![vec![snapshot(&[web("STARTING")]), gap], vec![snapshot(&[web("RUNNING")])]];
    let (script, asked) = watched(lists);
    let ended = script.serve().run(&["wait", "web"]);
    assert_eq!((ended.out.as_str(), ended.code), ("web: running\n", Some(0)), "{}", ended.err);
    let selector = json!({"selector": ["web"]});
    assert_eq!(*asked.lock().unwrap(), [selector.clone(), selector]);
}

#[test]
fn names_that_do_not_exist_and_options_that_make_no_sense_are_refused() {
    let ended = run(vec![snapshot(&[web("RUNNING")])], "web nope no:*");
    let out = "nope: ERROR (no such process)\nno: ERROR (no such group)\n";
    assert_eq!((ended.out.as_str(), ended.code), (out, Some(4)));
    let fake = Script::new().serve();
    for (words, message) in [
        (&[][..], "wait requires a process name"),
        (&["--for", "running"], "wait requires a process name"),
        (&["web", "--for"], "option --for requires argument"),
        (
            &["web", "--for", "up"],
            "invalid value for --for 'up': it is one of running, stopped, ready, healthy and completed",
        ),
        (
            &["web", "--t=soon"],
            "invalid value for --timeout 'soon': write seconds, or a number with ms, s, m or h behind it",
        ),
        (&["web", "--timeout=1", "--timeout=2"], "conflicting command line option '--timeout'"),
    ] {
        let ended = fake.run(&[&["wait"], words].concat());
        let usage = fake.run(&["help", "wait"]).out;
        assert_eq!((ended.out, ended.code), (format!("Error: {message}\n{usage}"), Some(2)));
    }
    assert_eq!(fake.calls(), Vec::<String>::new());
    let away = fake.away();
    let nobody = fake.run(&["-s", &away, "wait", "web"]);
    assert_eq!((nobody.out, nobody.code), (format!("{away} no such file\n"), Some(4)));
}
