//! What a script may say, and how it is told that it may not.

use crate::setting::setting;
use expect_test::{Expect, expect};
use std::time::Duration;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::hook::Hook;
use treeherd_domain::simulate::{Action, Behaviour, Cast, Life, Ready, Script, Until};

fn behaviour(line: &str) -> Behaviour {
    Script::parse(line).unwrap().parts.remove(0).1
}

#[track_caller]
fn refused(text: &str, expected: Expect) {
    let found =
        Script::parse(text).and_then(|script| Cast::of(&setting("web | shop:api | shop:db"), &script));
    let shown: Vec<String> = found.unwrap_err().iter().map(|error| error.show("s.sim", text)).collect();
    expected.assert_eq(&(shown.join("\n\n") + "\n"));
}

#[test]
fn the_runs_of_a_process_are_taken_one_after_the_other() {
    let lives = |line: &str, most: u64| (0..most).map(|n| behaviour(line).life(n)).collect::<Vec<_>>();
    let (one, seg) = (
        ExitStatus::Code(1),
        Life::For(
            Duration::from_millis(500),
            ExitStatus::Signaled {
                signal: treeherd_domain::signal::Signal::from_number(11),
                core_dumped: false,
            },
        ),
    );
    let exits = Life::For(Duration::from_millis(3200), one);
    assert_eq!(lives("web: runs 3.2s, exit 1", 3), [exits; 3]);
    assert_eq!(lives("web: runs 3.2s, exit 1 *2", 3), [exits, exits, Life::Forever]);
    assert_eq!(
        lives("web: runs 3200ms, exit 1 then runs 0.5s, killed by SEGV always", 3),
        [exits, seg, seg]
    );
    assert_eq!(lives("web: fails to start *1 then runs forever", 2), [Life::Unborn, Life::Forever]);
    assert_eq!(lives("web: runs 2m", 1), [Life::For(Duration::from_secs(120), ExitStatus::Code(0))]);
}

#[test]
fn what_is_not_said_is_that_it_runs_and_obeys() {
    assert_eq!(behaviour("web: runs forever").life(7), Behaviour::default().life(7));
    let all = behaviour(
        "web: ready after 2s; ignores TERM, INT; stops after 1s, exit 3; unhealthy after 4s for 1m",
    );
    assert_eq!(all.ready, Ready::After(Duration::from_secs(2)));
    assert_eq!(all.ignores.len(), 2);
    assert_eq!((all.stops_after, all.stops_with), (Duration::from_secs(1), Some(3)));
    assert_eq!(all.sick, Some((Duration::from_secs(4), Some(Duration::from_secs(60)))));
    assert_eq!(behaviour("web: never ready").ready, Ready::Never);
    let all = behaviour(
        "web: pre_start takes 2s; post_stop takes 1m, exit 3; out of reach; ignores INT, stop_command",
    );
    let hooks =
        [(Hook::PreStart, (Duration::from_secs(2), 0)), (Hook::PostStop, (Duration::from_secs(60), 3))];
    assert_eq!(all.hooks, hooks.into());
    assert_eq!((all.out_of_reach, all.ignores_command, all.ignores.len()), (true, true, 1));
}

#[test]
fn a_process_may_behave_otherwise_from_a_moment_on() {
    let script =
        Script::parse("at 2s: shop:*: fails to start; stops after 3s\nat 3s: exit 7 web\nat 4s: ready web")
            .unwrap();
    let Action::Behave(name, behaviour) = &script.cues[0].action else { panic!("{script:?}") };
    assert_eq!((name.text.as_str(), behaviour.life(9)), ("shop:*", Life::Unborn));
    assert!(matches!(&script.cues[1].action, Action::Exit(7, names) if names.len() == 1));
    assert!(matches!(script.cues[2].action, Action::Ready(_)));
}

#[test]
fn comments_and_blank_lines_count_for_nothing() {
    let script = Script::parse("# a\n\n  web: runs 1s # b\nat 2s: stop web#c\nuntil 1h30m\n").unwrap();
    assert_eq!((script.parts.len(), script.cues.len()), (1, 1));
    assert_eq!(script.until, Until::At(Duration::from_secs(5400)));
}

#[test]
fn what_happens_is_sorted_by_its_time_and_else_by_its_line() {
    let script = Script::parse("at 5s: stop a\nat 1s: stop b\nat 5s: stop c").unwrap();
    assert_eq!(
        script.cues.iter().map(|cue| cue.text.as_str()).collect::<Vec<_>>(),
        ["stop b", "stop a", "stop c"]
    );
}

#[test]
fn each_error_has_its_line_a_caret_and_what_to_do() {
    refused(
        "web: rums 3s\n\tweb2: runs 3x\nat 3: jump web\nuntil",
        expect![[r#"
            error: 'rums' stands where something that it does is expected
             --> s.sim:1
              |
            1 | web: rums 3s
              |      ^^^^
              help: write runs, fails to start, ready after, never ready, unhealthy after, ignores, stops after, out of reach, or takes behind the name of a hook; between two of them stands ';'

            error: unknown unit of time: 'x'
             --> s.sim:2
              |
            2 | 	web2: runs 3x
              | 	           ^^
              help: write a number with a unit, such as 10s, 3.2s, 200ms, 5m, 1h30m

            error: 'jump' stands where something that is done is expected
             --> s.sim:3
              |
            3 | at 3: jump web
              |       ^^^^
              help: write start, stop, restart, signal, kill, exit, ready, healthy, unhealthy, probe, spawn, shutdown, or 'NAME: how it behaves from then on'

            error: the line ends where a span of time is expected
             --> s.sim:4
              |
            4 | until
              |      ^
              help: write a number with a unit, such as 10s, 3.2s, 200ms, 5m, 1h30m
        "#]],
    );
    refused(
        "web: runs 3s, exit 256\nshop:api: ignores KILL\nat 5s: stop\nat now: stop web",
        expect![[r#"
        error: '256' stands where an exit code is expected
         --> s.sim:1
          |
        1 | web: runs 3s, exit 256
          |                    ^^^
          help: write a number from 0 to 255

        error: nothing ignores SIGKILL
         --> s.sim:2
          |
        2 | shop:api: ignores KILL
          |                   ^^^^
          help: name another signal

        error: the line ends where a name is expected
         --> s.sim:3
          |
        3 | at 5s: stop
          |            ^
          help: write the name of a process, group:* or all

        error: not a span of time: 'now'
         --> s.sim:4
          |
        4 | at now: stop web
          |    ^^^
          help: write a number with a unit, such as 10s, 3.2s, 200ms, 5m, 1h30m
    "#]],
    );
    refused(
        "web: runs 1s always then runs 2s\nweb: runs 1s",
        expect![[r#"
        error: nothing follows a run that is taken always
         --> s.sim:1
          |
        1 | web: runs 1s always then runs 2s
          |              ^^^^^^
          help: leave out what comes behind it, or write a number, such as *3
    "#]],
    );
    refused(
        "web: runs 1s *0\nshop:api: runs 1s; runs 2s\nat 1s stop web\nuntil 1s\nuntil 2s",
        expect![[r#"
            error: '*0' stands where how often is expected
             --> s.sim:1
              |
            1 | web: runs 1s *0
              |              ^^
              help: write a number from 1 on, such as *3

            error: 'runs' comes twice
             --> s.sim:2
              |
            2 | shop:api: runs 1s; runs 2s
              |                    ^^^^
              help: say it once; the next run follows 'then'

            error: 'at' stands where a name with a colon, 'at' or 'until' is expected
             --> s.sim:3
              |
            3 | at 1s stop web
              | ^^
              help: write 'NAME: how it behaves', 'at TIME: what is done', or 'until TIME'

            error: 'until' stands in line 4 already
             --> s.sim:5
              |
            5 | until 2s
              | ^^^^^
              help: keep one of them
        "#]],
    );
    refused(
        "web: pre_start runs 2s\nshop:api: pre_stop takes 1s; pre_stop takes 2s\nat 1s: exit web\nat 2s: db: jumps\nat 3s: web:",
        expect![[r#"
            error: 'runs' stands where 'takes' is expected
             --> s.sim:1
              |
            1 | web: pre_start runs 2s
              |                ^^^^
              help: write 'pre_start takes 2s' or 'pre_start takes 2s, exit 1'

            error: 'pre_stop' comes twice
             --> s.sim:2
              |
            2 | shop:api: pre_stop takes 1s; pre_stop takes 2s
              |                              ^^^^^^^^
              help: say it once; the next run follows 'then'

            error: 'web' stands where an exit code is expected
             --> s.sim:3
              |
            3 | at 1s: exit web
              |             ^^^
              help: write a number from 0 to 255

            error: 'jumps' stands where something that it does is expected
             --> s.sim:4
              |
            4 | at 2s: db: jumps
              |            ^^^^^
              help: write runs, fails to start, ready after, never ready, unhealthy after, ignores, stops after, out of reach, or takes behind the name of a hook; between two of them stands ';'

            error: the line ends where something that it does is expected
             --> s.sim:5
              |
            5 | at 3s: web:
              |            ^
              help: write runs, fails to start, ready after, never ready, unhealthy after, ignores, stops after, out of reach, or takes behind the name of a hook; between two of them stands ';'
        "#]],
    );
    refused(
        "nobody: runs 1s\nat 1s: stop api db x:*\nat 2s: probe mysql red\nat 3s: stop web --no-deps",
        expect![[r#"
            error: a stop knows no --no-deps
             --> s.sim:4
              |
            4 | at 3s: stop web --no-deps
              |                 ^^^^^^^^^
              help: leave it out
        "#]],
    );
    refused(
        "nobody: runs 1s\nat 1s: stop api db x:*\nat 2s: probe mysql red",
        expect![[r#"
        error: no process or group is called 'nobody'
         --> s.sim:1
          |
        1 | nobody: runs 1s
          | ^^^^^^
          help: there are shop:api, shop:db, web

        error: no process or group is called 'x:*'
         --> s.sim:2
          |
        2 | at 1s: stop api db x:*
          |                    ^^^
          help: there are shop:api, shop:db, web

        error: no probe is called 'mysql'
         --> s.sim:3
          |
        3 | at 2s: probe mysql red
          |              ^^^^^
          help: no process requires one (requires = probe:NAME)
    "#]],
    );
}
