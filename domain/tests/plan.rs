//! Plans: what lies between two configurations, by tables and by property.
//!
//! A set of groups is written as text, `web=1 shop=2:api,db`: the name, the priority, the processes.
//! Without processes a group has one of its own name, as a program on its own has.

#[path = "common/process.rs"]
mod process;

use expect_test::{Expect, expect};
use process::process;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::account::{Account, Owner};
use treeherd_domain::depend::{Condition, OnLoss, Requirement, Target};
use treeherd_domain::health::{self, Check};
use treeherd_domain::name::GroupName;
use treeherd_domain::plan::{Action, Change, Plan, Unit};
use treeherd_domain::restart::{Factor, Percent};
use treeherd_domain::rotation::Rotation;
use treeherd_domain::signal::Signal;
use treeherd_domain::socket::{Socket, SocketAddress, SocketSpec};
use treeherd_domain::spec::{Autorestart, GroupKind, GroupRules, GroupSpec, ProcessSpec, ProcessType};
use treeherd_domain::stop::StopSequence;
use treeherd_domain::stream::Logfile;
use treeherd_domain::syslog::SyslogTarget;
use treeherd_domain::template::{TemplateSpec, mark};

fn group(text: &str) -> Arc<GroupSpec> {
    let (name, rest) = text.split_once('=').expect("a group is a name, `=` and a priority");
    let (priority, members) = rest.split_once(':').unwrap_or((rest, ""));
    let kind = if members.is_empty() { GroupKind::Program } else { GroupKind::Group };
    let members = if members.is_empty() { name } else { members };
    Arc::new(GroupSpec {
        name: GroupName::new(name),
        kind,
        priority: priority.parse().expect("a priority is a number"),
        processes: members.split(',').map(|member| Arc::new(process(member))).collect(),
        rules: GroupRules::default(),
    })
}

fn groups(text: &str) -> Vec<Arc<GroupSpec>> {
    text.split_whitespace().map(group).collect()
}

#[track_caller]
fn check(old: &str, new: &str, expected: Expect) {
    let plan = Plan::between(&groups(old), &groups(new));
    let mut shown = String::new();
    let mut line = |text: String| writeln!(shown, "{text}").expect("a String takes every text");
    plan.remove.iter().for_each(|group| line(format!("remove {}", group.name)));
    for change in &plan.change {
        line(format!("change {}", change.new.name));
        change.keys().iter().for_each(|(name, keys)| line(format!("  {name:?}: {}", keys.join(" "))));
    }
    plan.add.iter().for_each(|group| line(format!("add {}", group.name)));
    assert_eq!(plan.is_empty(), shown.is_empty(), "{plan:?}");
    expected.assert_eq(&shown);
}

#[test]
fn the_plan_from_nothing_adds_every_group_in_order() {
    check(
        "",
        "web=1 shop=2:api,db",
        expect![[r#"
            add web
            add shop
        "#]],
    );
}

#[test]
fn the_plan_to_nothing_removes_every_group_in_order() {
    check(
        "web=1 shop=2:api,db",
        "",
        expect![[r#"
            remove web
            remove shop
        "#]],
    );
}

#[test]
fn equal_groups_are_left_alone() {
    check("web=1 shop=2:api,db", "web=1 shop=2:api,db", expect![[""]]);
}

#[test]
fn the_order_of_groups_is_no_change() {
    check("web=1 shop=2:api,db", "shop=2:api,db web=1", expect![[""]]);
}

#[test]
fn removed_changed_and_added_groups_are_told_apart() {
    check(
        "a=1 b=1 c=1 d=1",
        "e=1 d=2 b=1 a=2 f=1",
        expect![[r#"
            remove c
            change d
              "": priority
            change a
              "": priority
            add e
            add f
        "#]],
    );
}

#[test]
fn a_renamed_group_is_removed_and_added() {
    check(
        "shop=1:api,db",
        "store=1:api,db",
        expect![[r#"
            remove shop
            add store
        "#]],
    );
}

#[test]
fn processes_that_come_and_go_change_their_group() {
    check(
        "shop=1:api,db",
        "shop=1:cache,db",
        expect![[r#"
            change shop
              "cache": numprocs
              "api": numprocs
        "#]],
    );
}

#[test]
fn another_order_of_processes_changes_their_group() {
    check(
        "shop=1:api,db",
        "shop=1:db,api",
        expect![[r#"
            change shop
              "": programs
        "#]],
    );
}

#[test]
fn a_program_that_becomes_a_group_of_itself_is_no_change() {
    check("web=1", "web=1:web", expect![[""]]);
}

const MINUTE: Duration = Duration::from_secs(60);

/// A key of the file, and what another value of it does to the spec.
type Edit = (&'static str, fn(&mut ProcessSpec));

/// Every key of a process.
const EDITS: &[Edit] = &[
    ("command", |p| p.command = "/bin/other".to_owned()),
    ("priority", |p| p.priority = 1),
    ("autostart", |p| p.autostart = false),
    ("autorestart", |p| p.autorestart = Autorestart::Always),
    ("startsecs", |p| p.startsecs = 0),
    ("startretries", |p| p.startretries = 0),
    ("exitcodes", |p| p.exitcodes = vec![0, 2]),
    ("clean_signals", |p| p.clean_signals = vec![Signal::TERM]),
    ("stopsignal", |p| p.stopsignal = Signal::INT),
    ("stopwaitsecs", |p| p.stopwaitsecs = 0),
    ("stopasgroup", |p| p.stopasgroup = true),
    ("killasgroup", |p| p.killasgroup = true),
    ("user", |p| p.user = Some(account())),
    ("umask", |p| p.umask = Some(0o22)),
    ("directory", |p| p.directory = Some("/tmp".to_owned())),
    ("environment", |p| drop(p.environment.insert("A".to_owned(), "1".to_owned()))),
    ("serverurl", |p| p.serverurl = Some("http://localhost:9001".to_owned())),
    ("redirect_stderr", |p| p.redirect_stderr = true),
    ("stdout_logfile", |p| p.stdout.logfile = Logfile::None),
    ("stdout_logfile_maxbytes", |p| p.stdout.rotation = Rotation { maxbytes: 1, ..p.stdout.rotation }),
    ("stdout_logfile_backups", |p| p.stdout.rotation = Rotation { backups: 1, ..p.stdout.rotation }),
    ("stdout_capture_maxbytes", |p| p.stdout.capture_maxbytes = 1),
    ("stdout_events_enabled", |p| p.stdout.events_enabled = true),
    ("stdout_syslog", |p| p.stdout.syslog = true),
    ("stdout_syslog_target", |p| {
        p.stdout.syslog_target = vec![SyslogTarget::parse("udp://logs").expect("it is a target")]
    }),
    ("stderr_logfile", |p| p.stderr.logfile = Logfile::Path(PathBuf::from("/tmp/err.log"))),
    ("stderr_logfile_maxbytes", |p| p.stderr.rotation = Rotation { maxbytes: 1, ..p.stderr.rotation }),
    ("stderr_logfile_backups", |p| p.stderr.rotation = Rotation { backups: 1, ..p.stderr.rotation }),
    ("stderr_capture_maxbytes", |p| p.stderr.capture_maxbytes = 1),
    ("stderr_events_enabled", |p| p.stderr.events_enabled = true),
    ("stderr_syslog", |p| p.stderr.syslog = true),
    ("stderr_syslog_target", |p| {
        p.stderr.syslog_target = vec![SyslogTarget::parse("udp://logs").expect("it is a target")]
    }),
    ("pipe_size", |p| p.pipe_size = Some(1 << 20)),
    ("type", |p| p.kind = ProcessType::Oneshot),
    ("essential", |p| p.essential = true),
    ("restart_delay", |p| p.restart.delay = vec![Duration::from_secs(1)]),
    ("restart_delay_max", |p| p.restart.delay_max = Some(Duration::from_secs(60))),
    ("restart_factor", |p| p.restart.factor = Factor::parse("1.5")),
    ("restart_jitter", |p| p.restart.jitter = Percent::parse("20%").expect("it is a percentage")),
    ("restart_reset_after", |p| p.restart.reset_after = Some(Duration::from_secs(60))),
    ("fatal_retry", |p| p.restart.fatal_retry = Some(Duration::from_secs(300))),
    ("max_runtime", |p| p.restart.max_runtime = Some(Duration::from_secs(3600))),
    ("rolling_batch", |p| p.rolling.batch = 2),
    ("rolling_pause", |p| p.rolling.pause = Duration::from_secs(2)),
    ("rolling_abort_on", |p| p.rolling.abort_on = 2),
    ("socket", |p| {
        let address = SocketAddress::Abstract("a".to_owned());
        p.socket = Some(Arc::new(SocketSpec { address, backlog: None, owner: None, user: None, mode: 0 }));
    }),
    ("sockets", |p| p.sockets = web(|_| ())),
    ("socket_backlog", |p| p.sockets = web(|spec| spec.backlog = Some(1))),
    ("socket_owner", |p| p.sockets = web(|spec| spec.owner = Some(Owner { uid: Some(33), gid: None }))),
    ("socket_mode", |p| p.sockets = web(|spec| spec.mode = 0o660)),
    ("stopsequence", |p| p.stop.sequence = Some(StopSequence::parse("INT:1s").expect("it is a sequence"))),
    ("stop_command", |p| p.stop.command = Some("/bin/stop".to_owned())),
    ("reload_signal", |p| p.reload.signal = Some(Signal::HUP)),
    ("reload_command", |p| p.reload.command = Some("/bin/reload".to_owned())),
    ("pre_start", |p| p.hooks.pre_start = Some("/bin/hook".to_owned())),
    ("post_start", |p| p.hooks.post_start = Some("/bin/hook".to_owned())),
    ("pre_stop", |p| p.hooks.pre_stop = Some("/bin/hook".to_owned())),
    ("post_stop", |p| p.hooks.post_stop = Some("/bin/hook".to_owned())),
    ("hook_timeout", |p| p.hooks.timeout = Duration::from_secs(1)),
    ("requires", |p| {
        let on = Target::Group(GroupName::new("cache"));
        p.depend.requires = vec![Requirement { on, condition: Condition::Ready, soft: false }];
    }),
    ("requires_restart", |p| p.depend.on_loss = OnLoss::Stop),
    ("ready", |p| p.health.ready = Check::Notify),
    ("ready_interval", |p| p.health.ready_interval = MINUTE),
    ("ready_probe_timeout", |p| p.health.ready_probe_timeout = MINUTE),
    ("ready_timeout", |p| p.health.ready_timeout = Duration::ZERO),
    ("health", |p| p.health.health = Some(Check::Fd(3))),
    ("health_delay", |p| p.health.health_delay = MINUTE),
    ("health_interval", |p| p.health.health_interval = MINUTE),
    ("health_timeout", |p| p.health.health_timeout = MINUTE),
    ("health_failures", |p| p.health.health_failures = 1),
    ("health_successes", |p| p.health.health_successes = 2),
    ("health_action", |p| p.health.health_action = health::Action::None),
    ("watchdog", |p| p.health.watchdog = Some(MINUTE)),
    ("significant", |p| p.child.significant = true),
];

/// The socket `web` with something else about it.
fn web(edit: fn(&mut SocketSpec)) -> Vec<Arc<Socket>> {
    let address = SocketAddress::Abstract("web".to_owned());
    let mut spec = SocketSpec { address, backlog: None, owner: None, user: None, mode: 0 };
    edit(&mut spec);
    vec![Arc::new(Socket { name: "web".to_owned(), spec })]
}

fn account() -> Account {
    Account { name: "www".to_owned(), uid: 33, gid: 33, groups: vec![33], home: "/".to_owned() }
}

/// `shop` with the processes `api` and `db`, and one key of `db` changed.
fn edited((_, edit): &Edit) -> Arc<GroupSpec> {
    let mut db = process("db");
    edit(&mut db);
    let processes = vec![Arc::new(process("api")), Arc::new(db)];
    Arc::new(GroupSpec { processes, ..(*group("shop=1:api,db")).clone() })
}

#[test]
fn every_key_of_a_process_is_told_when_it_changes() {
    for edit in EDITS {
        // what a socket is given can only change if there is the socket
        let plain: &Edit = match edit.0 {
            "socket_backlog" | "socket_owner" | "socket_mode" => &("sockets", |p| p.sockets = web(|_| ())),
            _ => &("", |_| ()),
        };
        let plan = Plan::between(&[edited(plain)], &[edited(edit)]);
        let keys: Vec<_> = plan.change.iter().flat_map(Change::keys).collect();
        assert_eq!(keys, [("db".to_owned(), vec![edit.0])]);
    }
}

#[test]
fn every_key_that_a_process_has_is_edited_here() {
    let keys: Vec<_> = treeherd_domain::reload::KEYS.iter().map(|key| key.name).collect();
    assert_eq!(EDITS.iter().map(|edit| edit.0).collect::<Vec<_>>(), keys);
}

#[test]
fn an_explicit_log_and_an_automatic_one_differ_in_both_directions() {
    let row = |name: &str| EDITS.iter().find(|(key, _)| *key == name).expect("the key is in the table");
    let (auto, explicit) = (groups("shop=1:api,db"), [edited(row("stderr_logfile"))]);
    assert_eq!(Plan::between(&auto, &explicit).change.len(), 1);
    assert_eq!(Plan::between(&explicit, &auto).change.len(), 1);
}

/// The groups by name after the plan has been carried out.
fn carried_out(old: &[Arc<GroupSpec>], plan: &Plan) -> BTreeMap<GroupName, Arc<GroupSpec>> {
    let mut active: BTreeMap<_, _> = by_name(old);
    for group in &plan.remove {
        assert!(active.remove(&group.name).is_some(), "{} was not active", group.name);
    }
    for Change { old, new } in &plan.change {
        assert_eq!(active.insert(new.name.clone(), Arc::clone(new)).as_ref(), Some(old));
    }
    for group in &plan.add {
        assert!(
            active.insert(group.name.clone(), Arc::clone(group)).is_none(),
            "{} was active",
            group.name
        );
    }
    active
}

fn by_name(groups: &[Arc<GroupSpec>]) -> BTreeMap<GroupName, Arc<GroupSpec>> {
    groups.iter().map(|group| (group.name.clone(), Arc::clone(group))).collect()
}

/// Any configuration of up to six groups, in any order, with few enough names that two of them overlap.
fn configurations() -> impl Strategy<Value = Vec<Arc<GroupSpec>>> {
    let shape =
        (0..3_i64, prop::sample::select(vec!["", ":x", ":x,y", ":y,x"]), prop::option::of(0..EDITS.len()));
    let named = prop::collection::btree_map("[a-f]", shape, 0..6);
    named.prop_map(|named| named.into_iter().map(shaped).collect::<Vec<_>>()).prop_shuffle()
}

fn shaped((name, (priority, members, edit)): (String, (i64, &str, Option<usize>))) -> Arc<GroupSpec> {
    let mut spec = (*group(&format!("{name}={priority}{members}"))).clone();
    if let Some(edit) = edit {
        EDITS[edit].1(Arc::make_mut(&mut spec.processes[0]));
    }
    Arc::new(spec)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn between_equal_configurations_there_is_nothing_to_do(groups in configurations()) {
        prop_assert!(Plan::between(&groups, &groups).is_empty());
    }

    #[test]
    fn carrying_out_the_plan_leads_to_the_new_configuration(old in configurations(), new in configurations()) {
        let plan = Plan::between(&old, &new);
        prop_assert_eq!(carried_out(&old, &plan), by_name(&new));
    }

    #[test]
    fn a_group_that_is_equal_in_both_is_not_touched(old in configurations(), new in configurations()) {
        let plan = Plan::between(&old, &new);
        let touched = plan.remove.iter().chain(plan.change.iter().map(|c| &c.new)).chain(&plan.add);
        for group in touched {
            prop_assert!(!(old.contains(group) && new.contains(group)), "{}", group.name);
        }
    }

    #[test]
    fn every_change_says_what_is_different(old in configurations(), new in configurations()) {
        for change in Plan::between(&old, &new).change {
            let keys = change.keys();
            prop_assert!(!keys.is_empty() && keys.iter().all(|(_, keys)| !keys.is_empty()), "{:?}", change);
        }
    }
}

/// A template with one instance, whose process and number of instances are these.
fn template(command: &str, max_children: usize, is_active: bool) -> Arc<GroupSpec> {
    let instance = is_active.then(|| Arc::new(process("1")));
    let process = Arc::new(ProcessSpec { command: command.to_owned(), ..process("w") });
    let spec = TemplateSpec { process, args: vec!["queue".to_owned()], max_children };
    let kind = GroupKind::Template(Arc::new(spec));
    let processes = instance.into_iter().collect();
    Arc::new(GroupSpec {
        name: GroupName::new("w"),
        kind,
        priority: 999,
        processes,
        rules: GroupRules::default(),
    })
}

#[test]
fn a_changed_template_tells_its_keys_and_loses_its_instances() {
    let before = template(&format!("/bin/w -q {}", mark("queue")), 50, true);
    let same = template(&format!("/bin/w -q {}", mark("queue")), 50, false);
    assert!(Plan::between(&[Arc::clone(&before)], &[same]).is_empty(), "instances are no part of it");
    let after = template(&format!("/bin/w --queue={}", mark("queue")), 9, false);
    let plan = Plan::between(&[before], &[after]);
    let steps = plan.change[0].steps(Unit::Process);
    let keys =
        steps.changes.iter().map(|one| format!("{}: {} -> {} {:?}", one.key, one.old, one.new, one.reload));
    assert_eq!(
        keys.collect::<Vec<_>>(),
        [
            "command: /bin/w -q %(arg_queue)s -> /bin/w --queue=%(arg_queue)s Restart",
            "max_children: 50 -> 9 Restart"
        ]
    );
    let gone: Vec<_> = steps.processes.iter().map(|one| (one.namespec.to_string(), one.action)).collect();
    assert_eq!((steps.action, gone), (Action::Restart, vec![("w:1".to_owned(), Action::Remove)]));
}
