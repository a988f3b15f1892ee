//! Before a spawn: what is required has to be there first.

use crate::script::check;
use expect_test::expect;

#[test]
fn what_requires_something_waits_until_it_is_cleared_without_a_deadline() {
    check(
        "gated=true",
        "0 start | 9999 wait | 9999 cleared",
        expect![[r#"
        0s      start          STARTING          waits, tries 0
        9999s   wait           STARTING          waits, tries 0
        9999s   cleared        STARTING !Spawn   tries 0
        9999s   (spawned)      STARTING          tries 0
    "#]],
    );
}

#[test]
fn a_stop_while_it_waits_ends_the_wait_and_nothing_is_spawned_later() {
    check(
        "gated=true",
        "0 start | 1 stop | 2 cleared | 99 wait",
        expect![[r#"
        0s      start          STARTING          waits, tries 0
        1s      stop           STOPPED
        2s      cleared        STOPPED
        99s     wait           STOPPED
    "#]],
    );
}

#[test]
fn every_retry_and_every_restart_by_itself_waits_again() {
    check(
        "gated=true autorestart=true startretries=1",
        "0 start & cleared | 0.5 exit 1 | 9 cleared | 20 exit 1 | 21 cleared",
        expect![[r#"
            0s      start          STARTING          waits, tries 0
            0s      cleared        STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    exit 1         BACKOFF           tries 1
            1.5s    (deadline)     STARTING          waits, tries 1
            9s      cleared        STARTING !Spawn   tries 1
            9s      (spawned)      STARTING          tries 1
            10s     (deadline)     RUNNING
            20s     exit 1         EXITED            not expected
            20s     (deadline)     STARTING          waits, tries 0
            21s     cleared        STARTING !Spawn   tries 0
            21s     (spawned)      STARTING          tries 0
        "#]],
    );
}

#[test]
fn an_end_that_is_excused_leaves_the_tries_as_they_are() {
    check(
        "gated=true startretries=1",
        "0 start & cleared | 0.5 exit 1 | 9 cleared & excused 1 | 10 cleared & excused 1 | 20 cleared",
        expect![[r#"
            0s      start          STARTING          waits, tries 0
            0s      cleared        STARTING !Spawn   tries 0
            0s      (spawned)      STARTING          tries 0
            0.5s    exit 1         BACKOFF           tries 1
            1.5s    (deadline)     STARTING          waits, tries 1
            9s      cleared        STARTING !Spawn   tries 1
            9s      (spawned)      STARTING          tries 1
            9s      excused 1      STARTING          waits, tries 1
            10s     cleared        STARTING !Spawn   tries 1
            10s     (spawned)      STARTING          tries 1
            10s     excused 1      STARTING          waits, tries 1
            20s     cleared        STARTING !Spawn   tries 1
            20s     (spawned)      STARTING          tries 1
        "#]],
    );
}

#[test]
fn after_startsecs_an_end_is_an_end_whatever_is_missing() {
    check(
        "gated=true",
        "0 start & cleared | 5 excused 1",
        expect![[r#"
        0s      start          STARTING          waits, tries 0
        0s      cleared        STARTING !Spawn   tries 0
        0s      (spawned)      STARTING          tries 0
        1s      (deadline)     RUNNING
        5s      excused 1      EXITED            not expected
        5s      (deadline)     STARTING          waits, tries 0
    "#]],
    );
}

#[test]
fn a_restart_and_a_halt_while_it_waits() {
    check(
        "gated=true",
        "0 start | 1 restart | 2 start | 3 halt | 4 cleared",
        expect![[r#"
        0s      start          STARTING          waits, tries 0
        1s      restart        STOPPED           then start
        1s      (deadline)     STARTING          waits, tries 0
        2s      start          STARTING refused: already started
        3s      halt           STOPPED
        4s      cleared        STOPPED
    "#]],
    );
}
