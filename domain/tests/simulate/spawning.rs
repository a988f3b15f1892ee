//! Instances of templates.

use crate::setting::{check, setting};
use expect_test::expect;
use treeherd_domain::simulate::{Cast, Script};

#[test]
fn instances_are_made_started_again_and_stopped() {
    check(
        "%w autorestart=true startsecs=0",
        "w: runs 3s, exit 1 *1 then runs forever | at 1s: spawn w queue=a | at 2s: spawn w queue=b | at 9s: stop w:1 \
         | at 10s: stop w:1 | at 11s: spawn w queue=c",
        expect![[r#"
                 0 group w is up
                 1 -      # spawn w queue=a
                 1 w:1    STOPPED > STARTING [asked], STARTING > RUNNING [startsecs]
                 2 -      # spawn w queue=b
                 2 w:2    STOPPED > STARTING [asked], STARTING > RUNNING [startsecs]
                 4 w:1    RUNNING > EXITED [exit]
                 4 group w 1 failed; starting 1
                 4 w:1    EXITED > STARTING [strategy], STARTING > RUNNING [startsecs]
                 5 w:2    RUNNING > EXITED [exit]
                 5 group w 2 failed; starting 2
                 5 w:2    EXITED > STARTING [strategy], STARTING > RUNNING [startsecs]
                 9 -      # stop w:1
                 9 w:1    RUNNING > STOPPING [asked], SIGTERM, STOPPING > STOPPED [exit]
                 9 group w 1 is over, and not started again
                10 -      # stop w:1
                10 w:1    refused: there is no such process
                11 -      # spawn w queue=c
                11 w:3    STOPPED > STARTING [asked], STARTING > RUNNING [startsecs]
                14 w:3    RUNNING > EXITED [exit]
                14 group w 3 failed; starting 3
                14 w:3    EXITED > STARTING [strategy], STARTING > RUNNING [startsecs]
                14 -      # shutdown
                14 w:3    RUNNING > STOPPING [shutdown], SIGTERM
                14 w:2    RUNNING > STOPPING [shutdown], SIGTERM
                14 w:3    STOPPING > STOPPED [exit]
                14 w:2    STOPPING > STOPPED [exit]
            Settled at 14, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn what_is_over_makes_room() {
    check(
        "%w autorestart=false startsecs=0 max_children=1",
        "w:1: runs 2s | w:2: runs 1s, exit 1 | at 1s: spawn w queue=a | at 2s: spawn w queue=b | at 4s: spawn w queue=b \
         | at 6s: w:*: runs 1m | at 6s: spawn w queue=c | at 7s: w:3: ignores TERM; stops after 1s | at 8s: kill w:2 w:3",
        expect![[r#"
                 0 group w is up
                 1 -      # spawn w queue=a
                 1 w:1    STOPPED > STARTING [asked], STARTING > RUNNING [startsecs]
                 2 -      # spawn w queue=b
                 2 w      refused: w has max_children=1 instances; stop one, or raise max_children
                 3 w:1    RUNNING > EXITED [exit]
                 3 group w 1 is over, and not started again
                 4 -      # spawn w queue=b
                 4 w:2    STOPPED > STARTING [asked], STARTING > RUNNING [startsecs]
                 5 w:2    RUNNING > EXITED [exit]
                 5 group w 2 is over, and not started again
                 6 -      # w:*: runs 1m
                 6 -      # spawn w queue=c
                 6 w:3    STOPPED > STARTING [asked], STARTING > RUNNING [startsecs]
                 7 -      # w:3: ignores TERM; stops after 1s
                 8 -      # kill w:2 w:3
                 8 w:2    refused: there is no such process
                 8 w:3    RUNNING > EXITED [exit]
                 8 group w 3 is over, and not started again
                 8 -      # shutdown
            Settled at 8, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn instances_are_restarted_and_go_with_the_daemon() {
    check(
        "db startsecs=0 | %w startsecs=0",
        "at 1s: spawn w queue=a | at 3s: restart all | at 4s: shutdown | at 5s: spawn w queue=b",
        expect![[r#"
                 0 group w is up
                 0 db     STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 1 -      # spawn w queue=a
                 1 w:1    STOPPED > STARTING [asked], STARTING > RUNNING [startsecs]
                 3 -      # restart all
                 3 db     RUNNING > STOPPING [asked], SIGTERM
                 3 w:1    RUNNING > STOPPING [asked], SIGTERM
                 3 db     STOPPING > STOPPED [exit], STOPPED > STARTING [restart], STARTING > RUNNING [startsecs]
                 3 w:1    STOPPING > STOPPED [exit], STOPPED > STARTING [restart], STARTING > RUNNING [startsecs]
                 4 -      # shutdown
                 4 w:1    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                 4 db     RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Shutdown at 4, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn a_spawn_that_cannot_be_is_refused_with_its_place() {
    let text = "at 1s: spawn web\nat 2s: spawn w\nat 3s: spawn w queue=a more=b\nat 4s: spawn w a\nat 5s: spawn w a=1 a=2\nat 6s: stop w:x";
    let setting = setting("web | %w");
    let found = Script::parse(text).map(drop).unwrap_err();
    let first: Vec<String> = found.iter().map(|error| error.show("s.sim", text)).collect();
    let left: String =
        text.lines().filter(|line| !line.contains("w a")).map(|line| format!("{line}\n")).collect();
    let script = Script::parse(&left).unwrap();
    let found = Cast::of(&setting, &script).unwrap_err();
    let then: Vec<String> = found.iter().map(|error| error.show("s.sim", &left)).collect();
    expect![[r#"
        error: 'a' stands where KEY=VALUE is expected
         --> s.sim:4
          |
        4 | at 4s: spawn w a
          |                ^
          help: write 'spawn TEMPLATE KEY=VALUE ...'

        error: 'a' is given twice
         --> s.sim:5
          |
        5 | at 5s: spawn w a=1 a=2
          |                    ^^^
          help: write 'spawn TEMPLATE KEY=VALUE ...'

        error: web is no [template:...]
         --> s.sim:1
          |
        1 | at 1s: spawn web
          |              ^^^
          help: write 'spawn TEMPLATE KEY=VALUE ...', with the arguments of its command

        error: argument queue is missing
         --> s.sim:2
          |
        2 | at 2s: spawn w
          |              ^
          help: write 'spawn TEMPLATE KEY=VALUE ...', with the arguments of its command

        error: there is no argument more; the template has: queue
         --> s.sim:3
          |
        3 | at 3s: spawn w queue=a more=b
          |              ^
          help: write 'spawn TEMPLATE KEY=VALUE ...', with the arguments of its command

        error: no process or group is called 'w:x'
         --> s.sim:4
          |
        4 | at 6s: stop w:x
          |             ^^^
          help: there are web
    "#]]
    .assert_eq(&([first, then].concat().join("\n\n") + "\n"));
}

#[test]
fn a_restart_in_order_keeps_them() {
    check(
        "db startsecs=0 | web startsecs=0 requires=db | %w startsecs=0",
        "at 1s: spawn w queue=mail | at 2s: spawn w queue=post | at 3s: restart w:* | at 4s: stop w:1 | at 5s: restart w:1 | until 6s",
        expect![[r#"
                 0 group w is up
                 0 db     STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 0 web    STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 1 -      # spawn w queue=mail
                 1 w:1    STOPPED > STARTING [asked], STARTING > RUNNING [startsecs]
                 2 -      # spawn w queue=post
                 2 w:2    STOPPED > STARTING [asked], STARTING > RUNNING [startsecs]
                 3 -      # restart w:*
                 3 w:2    RUNNING > STOPPING [asked], SIGTERM
                 3 w:1    RUNNING > STOPPING [asked], SIGTERM
                 3 w:2    STOPPING > STOPPED [exit], STOPPED > STARTING [asked], STARTING > RUNNING [startsecs]
                 3 w:1    STOPPING > STOPPED [exit], STOPPED > STARTING [asked], STARTING > RUNNING [startsecs]
                 4 -      # stop w:1
                 4 w:1    RUNNING > STOPPING [asked], SIGTERM, STOPPING > STOPPED [exit]
                 4 group w 1 is over, and not started again
                 5 -      # restart w:1
                 5 w:1    refused: there is no such process
                 5 -      # shutdown
                 5 web    RUNNING > STOPPING [shutdown], SIGTERM
                 5 w:2    RUNNING > STOPPING [shutdown], SIGTERM
                 5 web    STOPPING > STOPPED [exit]
                 5 db     RUNNING > STOPPING [shutdown], SIGTERM
                 5 w:2    STOPPING > STOPPED [exit]
                 5 db     STOPPING > STOPPED [exit]
            Settled at 5, stop Some(0.0), well true
        "#]],
    );
}
