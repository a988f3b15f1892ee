//! Groups under OTP's rules: what the keys come to, and what is refused, with a caret.

use crate::support::Site;
use expect_test::{Expect, expect};
use std::time::Duration;
use treeherd_domain::group::{AutoShutdown, Escalate, GroupPolicy, StartFailure, StartUp};
use treeherd_domain::spec::{Config, GroupKind, GroupSpec, StopOrder};
use treeherd_domain::strategy::{Restart, Strategy};

const PROGRAMS: &str = "[supervisord]\n[program:a]\ncommand=a\n[program:b]\ncommand=b\nautorestart=true\n\
                        [program:c]\ncommand=c\nrestart=temporary\n";

fn load(text: &str) -> Config {
    Site::new(&format!("{PROGRAMS}{text}")).load().unwrap_or_else(|report| panic!("{report}"))
}

fn group<'a>(config: &'a Config, name: &str) -> &'a GroupSpec {
    config
        .groups
        .iter()
        .find(|group| group.name.as_str() == name)
        .unwrap_or_else(|| panic!("no group {name}"))
}

fn policy(text: &str) -> GroupPolicy {
    let config = load(&format!("[group:g]\nprograms=a,b\n{text}"));
    group(&config, "g").rules.policy.clone().expect("the group is under OTP's rules")
}

#[track_caller]
fn refused(text: &str, expected: Expect) {
    expected.assert_eq(&Site::new(&format!("{PROGRAMS}{text}")).report());
}

#[test]
fn a_group_without_our_keys_is_supervisors() {
    let config = load("[group:g]\nprograms=a,b\npriority=3\n");
    let group = group(&config, "g");
    assert_eq!(group.rules.policy, None);
    assert!(group.processes.iter().all(|process| !process.child.supervised));
    assert_eq!(config.daemon.rules, None);
}

#[test]
fn each_key_puts_a_group_under_the_rules() {
    for key in [
        "strategy=one_for_one",
        "intensity=3",
        "period=5",
        "escalate=fatal",
        "auto_shutdown=never",
        "restart=permanent",
        "significant=false",
        "groups=",
        "start_failure=retry",
        "stop_order=sequential",
        "backoff=1,60,2,0.2",
    ] {
        let expected =
            GroupPolicy { intensity: (key == "intensity=3").then_some(3), ..GroupPolicy::default() };
        assert_eq!(policy(key), expected, "{key}");
    }
    let config = load("[group:g]\nprograms=a,b\notp_strict=true\n");
    assert_eq!(group(&config, "g").rules.policy, None, "otp_strict alone asks for nothing");
}

#[test]
fn the_keys_say_what_they_say() {
    let policy = policy(
        "strategy=rest_for_one\nintensity=7\nperiod=2m\nescalate=exit\nauto_shutdown=all_significant\n\
         restart=transient\nstart_failure=fail\nstop_order=parallel\nbackoff=500ms,10s\notp_strict=true\n",
    );
    assert_eq!(policy.strategy, Strategy::RestForOne);
    assert_eq!((policy.intensity, policy.period), (Some(7), Duration::from_secs(120)));
    assert_eq!(policy.escalate, Escalate::Exit);
    assert_eq!(policy.auto_shutdown, AutoShutdown::AllSignificant);
    assert_eq!(policy.restart, Restart::Transient);
    assert_eq!(policy.start_failure, StartFailure::Fail);
    assert_eq!(policy.stop_order, StopOrder::Parallel);
    assert_eq!(policy.backoff.to_string(), "500ms,10s,2,0.2");
    assert!(policy.otp_strict);
    assert_eq!(policy.start_up, StartUp::InTurn);
}

#[test]
fn processes_are_in_the_order_of_the_list_and_have_a_restart_type() {
    let config = load("[group:g]\nprograms=c,a,b\nintensity=1\n");
    let processes = &group(&config, "g").processes;
    let rows: Vec<_> =
        processes.iter().map(|p| (p.name.as_str(), p.restart_type(), p.child.supervised)).collect();
    assert_eq!(
        rows,
        [("c", Restart::Temporary, true), ("a", Restart::Transient, true), ("b", Restart::Permanent, true)]
    );
}

#[test]
fn restart_is_autorestart_in_other_words_everywhere() {
    let config = load("[program:d]\ncommand=d\nautorestart=false\nrestart=permanent\n");
    let process = &group(&config, "d").processes[0];
    assert_eq!(process.restart_type(), Restart::Permanent);
    assert!(!process.child.supervised);
}

#[test]
fn the_daemon_is_a_level_of_its_own() {
    let site =
        Site::new("[supervisord]\nstrategy=one_for_one\nintensity=3\nperiod=60\nstop_order=parallel\n");
    let rules = site.load().unwrap().daemon.rules.unwrap();
    assert_eq!(
        (rules.intensity, rules.escalate, rules.start_up),
        (Some(3), Escalate::Exit, StartUp::Together)
    );
    assert_eq!(rules.stop_order, StopOrder::Parallel);
    let site = Site::new("[supervisord]\nstop_order=parallel\n");
    assert_eq!(site.load().unwrap().daemon.rules, None, "a key of another level asks for nothing");
    let site = Site::new("[supervisord]\nstrategy=rest_for_one\n");
    assert_eq!(site.load().unwrap().daemon.rules.unwrap().start_up, StartUp::InTurn);
}

#[test]
fn otp_strict_of_the_daemon_is_the_default_of_the_groups() {
    let text = "[supervisord]\notp_strict=true\n[program:a]\ncommand=a\n[group:g]\nprograms=a\nintensity=1\n\
                [group:h]\nprograms=a\nintensity=1\notp_strict=false\n";
    let config = Site::new(text).load().unwrap();
    let strict = |name| group(&config, name).rules.policy.as_ref().unwrap().otp_strict;
    assert_eq!((strict("g"), strict("h")), (true, false));
}

#[test]
fn a_group_below_another_is_under_the_rules_as_well() {
    let config = load("[group:top]\nprograms=a\ngroups=sub\n[group:sub]\nprograms=b\n");
    let (top, sub) = (group(&config, "top"), group(&config, "sub"));
    assert_eq!(top.rules.groups[0].as_str(), "sub");
    assert_eq!(sub.rules.policy, Some(GroupPolicy::default()));
    assert!(sub.processes[0].child.supervised);
}

#[test]
fn words_that_there_are_not_are_refused() {
    refused(
        "[group:g]\nprograms=a\nstrategy=simple_one_for_one\nintensity=-1\nperiod=0\nescalate=up\n\
         auto_shutdown=yes\nrestart=always\nstart_failure=no\nstop_order=none\nbackoff=9,1\n",
        expect![[r#"
            error: [group:g] not a valid strategy: 'simple_one_for_one'
              --> s.conf:12
               |
            12 | strategy=simple_one_for_one
               |          ^^^^^^^^^^^^^^^^^^
               help: write one_for_one, one_for_all or rest_for_one (simple_one_for_one is a [template:x])

            error: [group:g] intensity: -1 is below lower bound (0)
              --> s.conf:13
               |
            13 | intensity=-1
               |           ^^
               help: write a number within the bounds

            error: [group:g] not a valid period: '0'
              --> s.conf:14
               |
            14 | period=0
               |        ^
               help: write seconds above 0, or a span such as 60, 90s or 10m

            error: [group:g] escalate: not a valid escalation: 'up'
              --> s.conf:15
               |
            15 | escalate=up
               |          ^^
               help: write fatal, parent or exit

            error: [group:g] auto_shutdown: not a valid automatic shutdown: 'yes'
              --> s.conf:16
               |
            16 | auto_shutdown=yes
               |               ^^^
               help: write never, any_significant or all_significant

            error: [group:g] start_failure: not a valid answer to a failed start: 'no'
              --> s.conf:18
               |
            18 | start_failure=no
               |               ^^
               help: write retry or fail

            error: [group:g] backoff: not a valid back-off: '9,1'
              --> s.conf:20
               |
            20 | backoff=9,1
               |         ^^^
               help: write first,cap,factor,jitter, such as 1,60,2.0,0.2: two spans of time, the first not above the second, a factor from 1 to 1000, a part from 0 to 1

            error: [group:g] not a valid restart type: 'always'
              --> s.conf:17
               |
            17 | restart=always
               |         ^^^^^^
               help: write permanent, transient or temporary

            error: [group:g] stop_order: not a valid stop order: 'none'
              --> s.conf:19
               |
            19 | stop_order=none
               |            ^^^^
               help: write sequential or parallel
        "#]],
    );
}

#[test]
fn significant_and_permanent_is_refused() {
    refused(
        "[program:d]\ncommand=d\nautorestart=true\nsignificant=true\n[group:g]\nprograms=d\n\
         auto_shutdown=any_significant\n",
        expect![[r#"
            error: [program:d] is significant and permanent: it never stays down by itself
              --> s.conf:13
               |
            13 | significant=true
               |             ^^^^
               help: write restart=transient or restart=temporary, or take significant out
        "#]],
    );
}

#[test]
fn significant_without_auto_shutdown_is_refused() {
    refused(
        "[program:d]\ncommand=d\nsignificant=true\n[group:g]\nprograms=d\nintensity=1\n",
        expect![[r#"
            error: [program:d] is significant in a group without auto_shutdown
              --> s.conf:12
               |
            12 | significant=true
               |             ^^^^
               help: write auto_shutdown=any_significant or all_significant in the group above it, or take significant out
        "#]],
    );
    refused(
        "[program:d]\ncommand=d\nsignificant=true\n",
        expect![[r#"
        error: [program:d] is significant in a group without auto_shutdown
          --> s.conf:12
           |
        12 | significant=true
           |             ^^^^
           help: write auto_shutdown=any_significant or all_significant in the group above it, or take significant out
    "#]],
    );
    refused(
        "[group:top]\ngroups=g\n[group:g]\nprograms=a\nsignificant=true\nrestart=transient\n",
        expect![[r#"
            error: [group:g] is significant in a group without auto_shutdown
              --> s.conf:14
               |
            14 | significant=true
               |             ^^^^
               help: write auto_shutdown=any_significant or all_significant in the group above it, or take significant out
        "#]],
    );
}

#[test]
fn significant_where_it_has_a_meaning_is_taken() {
    let config = load(
        "[group:top]\nprograms=\ngroups=g\nauto_shutdown=any_significant\n\
         [group:g]\nprograms=d\nsignificant=true\nrestart=transient\nauto_shutdown=all_significant\n\
         [program:d]\ncommand=d\nsignificant=true\n",
    );
    assert!(group(&config, "g").processes[0].child.significant);
}

#[test]
fn groups_that_cannot_be_below_are_refused() {
    refused(
        "[group:g]\nprograms=a\ngroups=nosuch, b\n",
        expect![[r#"
        error: [group:g] names unknown group nosuch
          --> s.conf:12
           |
        12 | groups=nosuch, b
           |        ^^^^^^
           help: add a section [group:nosuch], or take the name out of groups

        error: [group:g] names b, which is no [group:x]
          --> s.conf:12
           |
        12 | groups=nosuch, b
           |                ^
           help: list it in programs, or make a [group:b] of it
    "#]],
    );
    refused(
        "[group:g]\nprograms=a\ngroups=sub\n[group:h]\nprograms=b\ngroups = sub\n[group:sub]\nprograms=c\n",
        expect![[r#"
            error: sub is in groups of both [group:g] and [group:h]
              --> s.conf:15
               |
            15 | groups = sub
               |          ^^^
               help: a group is below one other: take it out of one of the two
        "#]],
    );
}

#[test]
fn what_is_a_group_by_itself_is_refused_in_the_lists_of_another() {
    refused(
        "[template:t]\ncommand=t\n[group:sub]\nprograms=b\n[group:g]\nprograms=t,sub\ngroups=t,c\n",
        expect![[r#"
            error: [group:g] names unknown program or fcgi-program t
              --> s.conf:15
               |
            15 | programs=t,sub
               |          ^
               help: [template:t] is a group by itself: take the name out of programs

            error: [group:g] names unknown program or fcgi-program sub
              --> s.conf:15
               |
            15 | programs=t,sub
               |            ^^^
               help: [group:sub] is a group: list it in groups instead

            error: [group:g] names t, which is no [group:x]
              --> s.conf:16
               |
            16 | groups=t,c
               |        ^
               help: only a [group:x] can be below another: take it out of groups

            error: [group:g] names c, which is no [group:x]
              --> s.conf:16
               |
            16 | groups=t,c
               |          ^
               help: list it in programs, or make a [group:c] of it
        "#]],
    );
}

#[test]
fn circles_are_refused_with_the_circle() {
    refused(
        "[group:x]\ngroups=y\n[group:y]\ngroups=z\n[group:z]\nprograms=a\ngroups = a1, x\n[group:a1]\nprograms=b\n",
        expect![[r#"
            error: groups in a circle: x > y > z > x
              --> s.conf:16
               |
            16 | groups = a1, x
               |              ^
               help: a group cannot be above itself: take one of them out
        "#]],
    );
    refused(
        "[group:x]\ngroups=x\n",
        expect![[r#"
        error: groups in a circle: x > x
          --> s.conf:11
           |
        11 | groups=x
           |        ^
           help: a group cannot be above itself: take one of them out
    "#]],
    );
}

#[test]
fn nobody_is_above_the_daemon() {
    expect![[r#"
        error: escalate=parent in [supervisord]: nobody is above it
         --> s.conf:2
          |
        2 | escalate=parent
          |          ^^^^^^
          help: write exit, or fatal
    "#]]
    .assert_eq(&Site::new("[supervisord]\nescalate=parent\n").report());
}

#[test]
fn a_template_is_a_group_without_processes() {
    let config = load(
        "[template:worker]\ncommand=/w --queue=%(arg_queue)s\nenvironment=HOST=\"%(arg_host)s\"\nmax_children=3\n\
         intensity=7\nautorestart=false\nescalate=exit\n",
    );
    let group = group(&config, "worker");
    let GroupKind::Template(template) = &group.kind else { panic!("{group:?}") };
    assert_eq!(
        (template.args.clone(), template.max_children),
        (vec!["host".to_owned(), "queue".to_owned()], 3)
    );
    let policy = group.rules.policy.as_ref().unwrap();
    assert_eq!((policy.intensity, policy.escalate), (Some(7), Escalate::Exit));
    assert_eq!((policy.start_up, policy.stop_order), (StartUp::Never, StopOrder::Parallel));
    assert!(group.processes.is_empty());
    let args = [("host", "a'b"), ("queue", "x y; z")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let instance = template.instance(4, &args).unwrap();
    assert_eq!(instance.command, "/w '--queue=x y; z'");
    assert_eq!(instance.environment["HOST"], "a'b");
    assert_eq!((instance.name.as_str(), instance.restart_type()), ("4", Restart::Temporary));
    assert!(instance.child.supervised);
}

#[test]
fn arguments_where_they_could_do_harm_are_refused() {
    refused(
        "[template:t]\ncommand=%(arg_x)s now\n",
        expect![[r#"
        error: [template:t] %(arg_x)s is part of the program's name: whoever spawns would choose what is run
          --> s.conf:11
           |
        11 | command=%(arg_x)s now
           |         ^^^^^^^^^^^^^
           help: give it as an argument of its own: /bin/sh -c '... "$1"' sh %(arg_NAME)s
    "#]],
    );
    refused(
        "[template:t]\ncommand=/bin/sh -c 'work %(arg_x)s'\n",
        expect![[r#"
        error: [template:t] %(arg_x)s is part of a shell script: whoever spawns would choose what it does
          --> s.conf:11
           |
        11 | command=/bin/sh -c 'work %(arg_x)s'
           |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^
           help: give it as an argument of its own: /bin/sh -c '... "$1"' sh %(arg_NAME)s
    "#]],
    );
    refused(
        "[template:t]\ncommand=/w\nstdout_logfile=/tmp/%(arg_x)s\n",
        expect![[r#"
        error: Format string '/tmp/%(arg_x)s' for 'template:t.stdout_logfile' contains names ('arg_x') which cannot be expanded. Available names: ENV_HOST, ENV_PERCENT, group_name, here, host_node_name, numprocs, process_num, program_name in section 'template:t' (file: 's.conf')
          --> s.conf:12
           |
        12 | stdout_logfile=/tmp/%(arg_x)s
           |                     ^^^^^^^^
           help: use one of the available names, or write %% for a percent sign
    "#]],
    );
    refused(
        "[template:t]\ncommand=/w %(arg_x)s\nenvironment=A=\"%(arg_x)s\"\ndirectory=/srv/%(ENV_A)s\n",
        expect![[r#"
            error: [template:t] has an argument in a path or in the name of a variable
              --> s.conf:10
               |
            10 | [template:t]
               | ^^^^^^^^^^^^
               help: arguments can stand in command, and in the values of environment
        "#]],
    );
}

#[test]
fn what_has_no_meaning_in_a_template_is_refused() {
    refused(
        "[template:t]\ncommand=/w\nnumprocs=2\nmax_children=0\nstrategy=one_for_all\n",
        expect![[r#"
            error: %(process_num) must be present within process_name when numprocs > 1 in section 'template:t' (file: 's.conf')
              --> s.conf:12
               |
            12 | numprocs=2
               |          ^
               help: write process_name = %(program_name)s_%(process_num)02d

            error: [template:t] max_children: 0 is below lower bound (1)
              --> s.conf:13
               |
            13 | max_children=0
               |              ^
               help: write a number within the bounds

            error: [template:t] numprocs has no meaning in a template
              --> s.conf:12
               |
            12 | numprocs=2
               |          ^
               help: take it out: instances are spawned one by one, and named by their numbers

            error: [template:t] strategy has no meaning in a template
              --> s.conf:14
               |
            14 | strategy=one_for_all
               |          ^^^^^^^^^^^
               help: take it out: instances are spawned one by one, and named by their numbers
        "#]],
    );
}
