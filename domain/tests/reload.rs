//! Reload classes: every field of a process has one, the document tells them, secrets are not shown; and what an
//! update does by them.

#[path = "common/process.rs"]
mod process;

use expect_test::{Expect, expect};
use process::process;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use treeherd_domain::account::Owner;
use treeherd_domain::health::HealthSpec;
use treeherd_domain::name::GroupName;
use treeherd_domain::plan::{Plan, Unit};
use treeherd_domain::reload::{KEYS, Reload, changes, same_streams, together};
use treeherd_domain::restart::RestartPolicy;
use treeherd_domain::rolling::Rules;
use treeherd_domain::socket::{Socket, SocketAddress, SocketSpec};
use treeherd_domain::spec::{Environment, GroupKind, GroupRules, GroupSpec, ProcessSpec};
use treeherd_domain::stream::StreamSpec;

fn variables(list: &[(&str, &str)]) -> Environment {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn socket() -> SocketSpec {
    let address = SocketAddress::Tcp { host: "localhost".to_owned(), port: 9 };
    SocketSpec { address, backlog: None, owner: None, user: None, mode: 0o700 }
}

/// Takes a struct apart by all of its fields and gives their names: a new field does not compile here until it is
/// added, and then wants its row in the table.
macro_rules! fields {
    ($type:ident, $value:expr, $($field:ident),*) => {{
        let $type { $($field: _),* } = $value;
        [$(stringify!($field)),*]
    }};
}

#[test]
fn every_field_of_a_process_has_a_reload_class() {
    let spec = process("a");
    let own = fields!(
        ProcessSpec,
        &spec,
        name,
        command,
        priority,
        autostart,
        autorestart,
        startsecs,
        startretries,
        exitcodes,
        clean_signals,
        stopsignal,
        stopwaitsecs,
        stopasgroup,
        killasgroup,
        user,
        umask,
        directory,
        environment,
        serverurl,
        redirect_stderr,
        stdout,
        stderr,
        pipe_size,
        health,
        kind,
        essential,
        restart,
        rolling,
        socket,
        sockets,
        stop,
        reload,
        hooks,
        depend,
        child
    );
    let health = fields!(
        HealthSpec,
        &*spec.health,
        ready,
        ready_interval,
        ready_probe_timeout,
        ready_timeout,
        health,
        health_delay,
        health_interval,
        health_timeout,
        health_failures,
        health_successes,
        health_action,
        watchdog
    );
    let restart = fields!(
        RestartPolicy,
        &*spec.restart,
        delay,
        delay_max,
        factor,
        jitter,
        reset_after,
        fatal_retry,
        max_runtime
    );
    let rolling = fields!(Rules, &spec.rolling, batch, pause, abort_on);
    let stream = fields!(
        StreamSpec,
        &spec.stdout,
        logfile,
        rotation,
        capture_maxbytes,
        events_enabled,
        syslog,
        syslog_target
    );
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for field in own {
        match field {
            "kind" => drop(wanted.insert("type".to_owned())),
            // whether it is supervised is told with the keys of its group
            "child" => drop(wanted.insert("significant".to_owned())),
            "name" => {} // what tells two processes apart does not change
            "stdout" | "stderr" => wanted.extend(stream.iter().flat_map(|part| match *part {
                "rotation" => {
                    vec![format!("{field}_logfile_maxbytes"), format!("{field}_logfile_backups")]
                }
                part => vec![format!("{field}_{part}")],
            })),
            "sockets" => {
                let keys = ["sockets", "socket_backlog", "socket_owner", "socket_mode"];
                wanted.extend(keys.map(str::to_owned));
            }
            "reload" => wanted.extend(["reload_signal".to_owned(), "reload_command".to_owned()]),
            "hooks" => {
                let keys = ["pre_start", "post_start", "pre_stop", "post_stop", "hook_timeout"];
                wanted.extend(keys.map(str::to_owned));
            }
            "stop" => wanted.extend(["stopsequence".to_owned(), "stop_command".to_owned()]),
            "depend" => wanted.extend(["requires".to_owned(), "requires_restart".to_owned()]),
            "health" => wanted.extend(health.map(str::to_owned)),
            "rolling" => wanted.extend(rolling.map(|part| format!("rolling_{part}"))),
            "restart" => wanted.extend(restart.iter().map(|part| match *part {
                "fatal_retry" | "max_runtime" => (*part).to_owned(),
                part => format!("restart_{part}"),
            })),
            field => drop(wanted.insert(field.to_owned())),
        }
    }
    let tabled: BTreeSet<String> = KEYS.iter().map(|key| key.name.to_owned()).collect();
    assert_eq!(tabled, wanted);
}

#[test]
fn the_document_has_the_same_classes() {
    let page = include_str!("../../docs/configuration.md");
    let chapter = page.split("### Reload classes").nth(1).expect("the document has the chapter");
    for reload in [Reload::Hot, Reload::NextStart, Reload::Restart] {
        let start = format!("| {reload} |");
        let row =
            chapter.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no {start}"));
        let keys = row.split('|').nth(3).expect("the keys are in the third column");
        let documented: Vec<&str> = keys.split('`').skip(1).step_by(2).collect();
        let tabled: Vec<&str> =
            KEYS.iter().filter(|key| key.reload == reload).map(|key| key.name).collect();
        assert_eq!(documented, tabled, "{reload}");
    }
}

#[test]
fn the_greatest_class_decides() {
    let old = process("a");
    let with = |edit: fn(&mut ProcessSpec)| {
        let mut new = old.clone();
        edit(&mut new);
        together(&changes(&old, &new))
    };
    assert_eq!(with(|_| ()), None);
    assert_eq!(with(|p| p.startretries = 9), Some(Reload::Hot));
    assert_eq!(with(|p| (p.startretries, p.startsecs) = (9, 9)), Some(Reload::NextStart));
    assert_eq!(with(|p| (p.startsecs, p.umask) = (9, Some(0o27))), Some(Reload::Restart));
}

#[test]
fn what_keeps_its_streams_needs_no_new_pipes() {
    let old = process("a");
    let with = |edit: fn(&mut ProcessSpec)| {
        let mut new = old.clone();
        edit(&mut new);
        (same_streams(&old, &new), together(&changes(&old, &new)) == Some(Reload::Restart))
    };
    assert_eq!(with(|p| p.stderr.rotation.maxbytes = 1), (true, false));
    assert_eq!(with(|p| p.stderr.rotation.backups = 1), (true, false));
    assert_eq!(with(|p| p.command.clear()), (true, true));
    for edit in [
        (|p| p.stdout.syslog = true) as fn(&mut ProcessSpec),
        |p| p.stderr.capture_maxbytes = 1,
        |p| p.redirect_stderr = true,
        |p| p.pipe_size = Some(1 << 20),
        |p| p.socket = Some(Arc::new(socket())),
    ] {
        assert_eq!(with(edit), (false, true), "other streams are another process");
    }
}

#[test]
fn what_a_socket_is_given_is_hot_and_another_socket_is_not() {
    let with = |name: &str, edit: fn(&mut SocketSpec)| {
        let mut spec = process("a");
        let mut own = socket();
        edit(&mut own);
        spec.sockets = vec![Arc::new(Socket { name: name.to_owned(), spec: own })];
        spec
    };
    let old = with("web", |_| ());
    let told = |new: &ProcessSpec| {
        let told = changes(&old, new);
        told.iter().map(|c| format!("{} {}: {} -> {}", c.reload, c.key, c.old, c.new)).collect::<Vec<_>>()
    };
    assert_eq!(told(&with("web", |_| ())), [""; 0]);
    assert_eq!(
        told(&with("web", |s| (s.backlog, s.mode) = (Some(7), 0o660))),
        ["hot socket_backlog: web none -> web 7", "hot socket_mode: web 700 -> web 660"]
    );
    assert_eq!(
        told(&with("web", |s| s.owner = Some(Owner { uid: Some(1), gid: None }))),
        ["hot socket_owner: web none -> web 1:"]
    );
    let other = ["restart sockets: web tcp://localhost:9 -> admin tcp://localhost:9"];
    assert_eq!(told(&with("admin", |s| s.mode = 0o660)), other);
    let moved = ["restart sockets: web tcp://localhost:9 -> web unix://@web"];
    assert_eq!(told(&with("web", |s| s.address = SocketAddress::Abstract("web".to_owned()))), moved);
    assert_eq!(told(&process("a")), ["restart sockets: web tcp://localhost:9 -> none"]);
}

#[test]
fn values_of_variables_and_passwords_are_not_shown() {
    let mut old = process("a");
    old.environment = variables(&[("SAME", "1"), ("EDITED", "hush"), ("GONE", "hush")]);
    old.serverurl = Some("http://me:hush@localhost:9001".to_owned());
    let mut new = process("a");
    new.environment = variables(&[("SAME", "1"), ("EDITED", "hush!"), ("COMES", "hush")]);
    new.serverurl = Some("http://me:hush!@localhost:9002".to_owned());
    let told = changes(&old, &new);
    let shown: Vec<_> = told.iter().map(|c| format!("{}: {} -> {}", c.key, c.old, c.new)).collect();
    assert_eq!(
        shown,
        [
            "environment: EDITED, GONE -> COMES, EDITED",
            "serverurl: http://localhost:9001 -> http://localhost:9002"
        ]
    );
}

/// A group `web` of processes, each with a letter for what is different of it: `h`ot, `n`ext start, `r`estart.
fn web(kind: GroupKind, priority: i64, members: &str) -> Arc<GroupSpec> {
    let member = |text: &str| {
        let (name, edits) = text.split_once('/').unwrap_or((text, ""));
        let mut spec = process(name);
        for edit in edits.chars() {
            match edit {
                'h' => spec.stopwaitsecs = 99,
                'n' => spec.startsecs = 99,
                'r' => spec.command = "/bin/dog".to_owned(),
                other => panic!("no such edit: {other}"),
            }
        }
        Arc::new(spec)
    };
    let processes = members.split_whitespace().map(member).collect();
    Arc::new(GroupSpec {
        name: GroupName::new("web"),
        kind,
        priority,
        processes,
        rules: GroupRules::default(),
    })
}

#[track_caller]
fn check(old: &[Arc<GroupSpec>], new: &[Arc<GroupSpec>], unit: Unit, expected: Expect) {
    let mut shown = String::new();
    for group in Plan::between(old, new).steps(unit) {
        let keys: Vec<_> =
            group.changes.iter().map(|c| format!(" {}:{}->{}", c.key, c.old, c.new)).collect();
        writeln!(shown, "{} {}{}", group.action.as_str(), group.group, keys.concat()).expect("a String");
        for step in group.processes {
            let keys: Vec<_> = step.changes.iter().map(|c| format!(" {}({})", c.key, c.reload)).collect();
            let (action, configured) = (step.action.as_str(), step.spec.is_some());
            writeln!(shown, "  {action} {}{} {configured}", step.namespec, keys.concat())
                .expect("a String");
        }
    }
    expected.assert_eq(&shown);
}

#[test]
fn as_a_group_all_of_a_changed_one_restarts() {
    check(
        &[web(GroupKind::Group, 1, "a b gone")],
        &[web(GroupKind::Group, 2, "a/h b new")],
        Unit::Group,
        expect![[r#"
            restart web priority:1->2
              restart web:a stopwaitsecs(hot) true
              restart web:b true
              add web:new true
              remove web:gone false
        "#]],
    );
}

#[test]
fn one_by_one_only_what_changed_is_touched() {
    check(
        &[web(GroupKind::Group, 1, "a b c d gone")],
        &[web(GroupKind::Program, 2, "d/hnr c/hn b/h a new")],
        Unit::Process,
        expect![[r#"
            update web priority:1->2 programs:a,b,c,d,gone->d,c,b,a,new
              restart web:d command(restart) startsecs(next start) stopwaitsecs(hot) true
              update web:c startsecs(next start) stopwaitsecs(hot) true
              update web:b stopwaitsecs(hot) true
              none web:a true
              add web:new true
              remove web:gone false
        "#]],
    );
}

#[test]
fn whole_groups_come_and_go_with_their_processes() {
    check(
        &[web(GroupKind::Group, 1, "a b")],
        &[],
        Unit::Process,
        expect![[r#"
            remove web
              remove web:a false
              remove web:b false
        "#]],
    );
    check(
        &[],
        &[web(GroupKind::Group, 1, "a")],
        Unit::Group,
        expect![[r#"
            add web
              add web:a true
        "#]],
    );
}
