//! `requires` and `requires_restart`: whom a name means, and what is refused.

use crate::support::Site;
use expect_test::{Expect, expect};

/// Of each process that requires something: what, and what follows its loss.
#[track_caller]
fn required(text: &str, expected: Expect) {
    let site = Site::new(&format!("[supervisord]\n{text}"));
    let config = site.load().unwrap_or_else(|report| panic!("{report}"));
    let mut shown = String::new();
    for group in &config.groups {
        for process in group.processes.iter().filter(|process| process.depend.is_gated()) {
            let requires: Vec<String> = process.depend.requires.iter().map(ToString::to_string).collect();
            let namespec = group.namespec(&process.name);
            shown += &format!("{namespec}: {} ({})\n", requires.join(", "), process.depend.on_loss);
        }
    }
    expected.assert_eq(&shown);
}

#[track_caller]
fn refused(text: &str, expected: Expect) {
    expected.assert_eq(&Site::new(&format!("[supervisord]\n{text}")).report());
}

#[test]
fn a_name_is_a_process_a_program_a_group_or_a_probe() {
    required(
        "[program:db]\ncommand=db\n[program:api]\ncommand=api\nnumprocs=2\nprocess_name=api_%(process_num)d\n\
         [program:cache]\ncommand=cache\nnumprocs=2\nprocess_name=c%(process_num)d\n\
         [group:shop]\nprograms=api,mail\n[program:mail]\ncommand=mail\n[probe:mysql]\ncheck=tcp://db:3306\n\
         [program:web]\ncommand=web\n\
         requires = db, migrate:exited(0, 2), cache, api?, shop:mail:started,\n shop, cache:c1:running, mysql, probe:mysql?\n\
         [program:migrate]\ncommand=migrate\n",
        expect![[r#"
            web: db:ready, migrate:exited(0,2), cache:*:ready, shop:api_0:ready?, shop:api_1:ready?, shop:mail:started, shop:*:ready, cache:c1:running, probe:mysql, probe:mysql? (none)
        "#]],
    );
}

#[test]
fn each_copy_may_require_its_own_and_a_group_requires_for_its_members() {
    required(
        "[program:a]\ncommand=a\nnumprocs=2\nprocess_name=a_%(process_num)d\n\
         [program:b]\ncommand=b\nnumprocs=2\nprocess_name=b_%(process_num)d\nrequires=a:a_%(process_num)d:completed\n\
         [group:g]\nprograms=c,d\nrequires=a\nrequires_restart=restart\n\
         [program:c]\ncommand=c\nrequires=b?\nrequires_restart=stop\n[program:d]\ncommand=d\n",
        expect![[r#"
            b:b_0: a:a_0:completed (none)
            b:b_1: a:a_1:completed (none)
            g:c: b:*:ready?, a:*:ready (stop)
            g:d: a:*:ready (restart)
        "#]],
    );
}

#[test]
fn a_condition_is_read_before_the_name_of_a_process() {
    required(
        "[program:ready]\ncommand=r\n[program:x]\ncommand=x\n[group:shop]\nprograms=ready,x\n\
         [program:a]\ncommand=a\nrequires=shop:ready\n[program:b]\ncommand=b\nrequires=shop:ready:ready\n",
        expect![[r#"
            a: shop:*:ready (none)
            b: shop:ready:ready (none)
        "#]],
    );
}

#[test]
fn a_name_that_nobody_has_is_refused_with_the_one_that_is_meant() {
    refused(
        "[program:database]\ncommand=d\n[program:web]\ncommand=w\n\
         requires = databse, database:redy, nothing:like:it, probe:mysql\n",
        expect![[r#"
            error: [program:web] requires names databse, but there is no such program, group or probe
             --> s.conf:6
              |
            6 | requires = databse, database:redy, nothing:like:it, probe:mysql
              |            ^^^^^^^
              help: did you mean database?

            error: [program:web] requires names database:redy, but there is no such process or condition
             --> s.conf:6
              |
            6 | requires = databse, database:redy, nothing:like:it, probe:mysql
              |                     ^^^^^^^^^^^^^
              help: did you mean database:ready?

            error: [program:web] requires names nothing:like:it, but there is no such group
             --> s.conf:6
              |
            6 | requires = databse, database:redy, nothing:like:it, probe:mysql
              |                                    ^^^^^^^^^^^^^^^
              help: name a program, a group, group:process or probe:x of this configuration

            error: [program:web] requires names probe:mysql, but there is no such probe
             --> s.conf:6
              |
            6 | requires = databse, database:redy, nothing:like:it, probe:mysql
              |                                                     ^^^^^^^^^^^
              help: name a program, a group, group:process or probe:x of this configuration
        "#]],
    );
}

#[test]
fn what_cannot_be_read_is_refused() {
    for (value, message, word) in [
        ("db:exited(0", "'db:exited(0' has a parenthesis without its other half", "db:exited(0"),
        ("db:exited)", "'db:exited)' has a parenthesis without its other half", "db:exited)"),
        ("db:exited(256)", "'256' is no exit code", "256"),
        ("db:exited()", "'()' is no exit code", "()"),
        ("db:ready(1)", "'ready' takes no codes, only 'exited' does", "ready"),
        (":ready", "':ready' names nobody", ":ready"),
        ("db, ?", "'?' names nobody", "?"),
    ] {
        let text = format!("[program:db]\ncommand=d\n[program:web]\ncommand=w\nrequires={value}\n");
        let report = Site::new(&format!("[supervisord]\n{text}")).load().unwrap_err();
        let place = &report.first().places()[0];
        assert_eq!(report.first().message(), format!("[program:web] requires: {message}"));
        let shown: String = place.text.chars().skip(place.column).take(place.width).collect();
        assert_eq!((shown.as_str(), place.line), (word, 6), "{report}");
        assert!(!report.first().help().is_empty());
    }
    refused(
        "[program:db]\ncommand=d\n[program:web]\ncommand=w\nrequires=db\nrequires_restart=always\n",
        expect![[r#"
            error: [program:web] not a valid requires_restart: 'always'
             --> s.conf:7
              |
            7 | requires_restart=always
              |                  ^^^^^^
              help: write none, restart or stop
        "#]],
    );
}

#[test]
fn a_circle_is_refused_with_each_line_that_it_is_made_of() {
    refused(
        "[program:a]\ncommand=a\nrequires=c:running, d\n[program:b]\ncommand=b\nrequires=a?\n\
         [program:c]\ncommand=c\nrequires=d, b\n[program:d]\ncommand=d\n[program:e]\ncommand=e\nrequires=a\n",
        expect![[r#"
            error: processes require each other in a circle: a -> c -> b -> a
              --> s.conf:4
               |
             4 | requires=c:running, d
               |          ^^^^^^^^^
              --> s.conf:10
               |
            10 | requires=d, b
               |             ^
              --> s.conf:7
               |
             7 | requires=a?
               |          ^^
               help: none of them could ever start: take one of these requirements out
        "#]],
    );
}

#[test]
fn what_requires_a_later_one_of_its_group_is_refused() {
    let programs = "[program:a]\ncommand=a\n[program:b]\ncommand=b\n";
    refused(
        &format!(
            "{programs}requires=c?\n[group:g]\nprograms=a,b,c\nstrategy=one_for_all\n[program:c]\ncommand=c\n"
        ),
        expect![[r#"
            error: processes wait for each other in a circle: g:b requires g:c, g:c comes after g:b in [group:g]
             --> s.conf:6
              |
            6 | requires=c?
              |          ^^
              help: none of them could ever start: a group under OTP's rules starts one after the other, so let what is required come first, or take the requirement out
        "#]],
    );
    // by way of another one, of a group below, of the order of the groups
    refused(
        &format!(
            "{programs}requires=x\n[group:g]\nprograms=b\ngroups=h\n[group:h]\nprograms=a\n[program:x]\ncommand=x\nrequires=h:*\n"
        ),
        expect![[r#"
            error: processes wait for each other in a circle: g:b requires x, x requires h:a, h:a comes after g:b in [group:g]
              --> s.conf:6
               |
             6 | requires=x
               |          ^
              --> s.conf:14
               |
            14 | requires=h:*
               |          ^^^
               help: none of them could ever start: a group under OTP's rules starts one after the other, so let what is required come first, or take the requirement out
        "#]],
    );
    refused(
        &format!("strategy=one_for_all\n{programs}requires=c\n[program:c]\ncommand=c\n"),
        expect![[r#"
        error: processes wait for each other in a circle: b requires c, c comes after b in the order of the groups
         --> s.conf:7
          |
        7 | requires=c
          |          ^
          help: none of them could ever start: a group under OTP's rules starts one after the other, so let what is required come first, or take the requirement out
    "#]],
    );
}

#[test]
fn what_requires_a_later_one_that_does_not_start_with_its_group_is_let_pass() {
    for (keys_of_a, keys_of_b, keys_of_g) in [
        ("requires=b", "autostart=false", "strategy=one_for_one"),
        ("requires=b?", "autostart=false", "strategy=one_for_one"),
        ("requires=b\nautostart=false", "", "strategy=one_for_one"),
        ("", "requires=a", "strategy=one_for_one"),
        ("requires=b", "", "priority=1"),
    ] {
        let site = Site::new(&format!(
            "[supervisord]\n[group:g]\nprograms=a,b\n{keys_of_g}\n[program:a]\ncommand=a\n{keys_of_a}\n\
             [program:b]\ncommand=b\n{keys_of_b}\n"
        ));
        assert!(site.load().is_ok(), "{keys_of_a}, {keys_of_b}, {keys_of_g}");
    }
}

#[test]
fn whoever_requires_itself_is_refused_also_by_its_group() {
    refused(
        "[program:a]\ncommand=a\nrequires=a\n",
        expect![[r#"
        error: a requires itself
         --> s.conf:4
          |
        4 | requires=a
          |          ^
          help: none of them could ever start: take one of these requirements out
    "#]],
    );
    refused(
        "[group:g]\nprograms=a,b\nrequires=a\n[program:a]\ncommand=a\n[program:b]\ncommand=b\n",
        expect![[r#"
            error: g:a requires itself
             --> s.conf:4
              |
            4 | requires=a
              |          ^
              help: none of them could ever start: take one of these requirements out
        "#]],
    );
}

#[test]
fn a_name_of_several_processes_wants_its_group() {
    refused(
        "[program:a]\ncommand=a\nprocess_name=x\n[program:b]\ncommand=b\nprocess_name=x\n\
         [program:c]\ncommand=c\nrequires=x\n",
        expect![[r#"
            error: [program:c] x is the name of more than one process
              --> s.conf:10
               |
            10 | requires=x
               |          ^
               help: write the group too: one of a:x, b:x
        "#]],
    );
}

#[test]
fn healthy_is_refused_where_nothing_finds_out_about_it() {
    refused(
        "[program:db]\ncommand=d\n[program:c]\ncommand=c\nrequires=db:healthy\n",
        expect![[r#"
        error: requires: nobody would ever know that db is healthy, it has no health
         --> s.conf:6
          |
        6 | requires=db:healthy
          |          ^^^^^^^^^^
          help: write health = and a check into its section, or require ready
    "#]],
    );
    required(
        "[program:db]\ncommand=d\nhealth=tcp:localhost:1\n[program:c]\ncommand=c\nrequires=db:healthy\n",
        expect![[r#"
            c: db:healthy (none)
        "#]],
    );
}

#[test]
fn a_probe_has_no_condition() {
    refused(
        "[probe:p]\ncheck=x\n[program:c]\ncommand=c\nrequires=probe:p:ready\n",
        expect![[r#"
            error: [program:c] requires: a probe is there or not, it has no condition 'ready'
             --> s.conf:6
              |
            6 | requires=probe:p:ready
              |          ^^^^^^^^^^^^^
              help: write probe:p

            error: [probe:p] check: unknown kind of check: 'x'
             --> s.conf:3
              |
            3 | check=x
              |       ^
              help: write startsecs, notify, fd:3, log:/listening on/, tcp:127.0.0.1:5432, http://127.0.0.1:8080/healthz or exec:command
        "#]],
    );
}
