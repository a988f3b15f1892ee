//! What `why` says of processes of groups that give up, take turns, or rest.

use super::life::Life;
use super::{FATAL, NOW_MS, TOO_SOON, after, ended, expect, name, now, running, shows, waited};
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::cause::{Cause, InGroup, Ref, Subject, Verdict, explain};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::group::{Acted, ChildId, Outlook, Standing};
use treeherd_domain::lifecycle::{Attempt, State, StopStep, Then};
use treeherd_domain::name::{GroupName, ProcessName};
use treeherd_domain::spec::Autorestart;
use treeherd_domain::status::ProcessState::{Backoff, Exited, Fatal, Running, Starting, Stopped, Stopping};

fn group(name: &str) -> Option<GroupName> {
    Some(GroupName::new(name))
}

fn rests(of: &str, standing: Standing, cause: Option<Cause>) -> Option<InGroup> {
    let acted = cause.map(|cause| Acted { cause: cause.into(), at_ms: NOW_MS - 3_000 });
    Some(InGroup { outlook: Outlook::Rests { group: group(of), standing }, acted })
}

fn plans(outlook: Outlook) -> Option<InGroup> {
    Some(InGroup { outlook, acted: None })
}

fn behind(text: &str, cause: &Cause) -> Cause {
    let of = cause.of().cloned();
    Cause::Rule { kind: "intensity", text: text.into(), of, because: Some(Arc::new(cause.clone())) }
}

/// A process that fails for good after a minute, and the reference to that.
fn api() -> (Life, Ref) {
    let mut api = Life::of("api");
    api.to(64_000, Starting, Cause::Autostart(None)).to(63_000, Running, Cause::Up(Duration::from_secs(1)));
    api.to(3_100, Exited, ended(3, 60_000, Verdict::Unexpected)).said(b"starting\nno licence\n");
    let place = Ref { name: name("api"), seq: api.seq };
    (api, place)
}

fn exited(expected: bool) -> State {
    let status = ExitStatus::Code(if expected { 0 } else { 3 });
    State::Exited { status, expected, restart_at: None, attempt: Attempt::FIRST }
}

#[test]
fn a_member_that_was_never_started_says_that_its_group_gave_up_and_why() {
    let (mut api, place) = api();
    let gave_up = Cause::rule_of("intensity", "group shop gave up: api failed", place);
    let mut late = Life::of("late");
    late.subject.group = rests("shop", Standing::Fatal, Some(gave_up.clone()));
    shows(
        &late.now(State::STOPPED),
        &[api.now(exited(false))],
        &expect![[r#"
            late is STOPPED: it was not started yet: group shop gave up, and stays down: mend the reason, then supervisorctl start shop:*
              02:02:57.000  group shop gave up: api failed (api #6)
              02:02:56.900    api became EXITED: exit status 3 after 1 min, not expected; it wrote last: no licence
        "#]],
    );
    // and the one that brought it about
    api.subject.group = rests("shop", Standing::Fatal, Some(gave_up));
    shows(
        &api.now(exited(false)),
        &[],
        &expect![[r#"
        api is EXITED: exit status 3 after 1 min, not expected; not started again: group shop gave up, and stays down: mend the reason, then supervisorctl start shop:*
          02:02:57.000  group shop gave up: api failed (api #6)
          02:02:56.900  EXITED: exit status 3 after 1 min, not expected (pid 4711)
          02:01:57.000  RUNNING: it was up for startsecs=1
          02:01:56.000  STARTING: autostart=true, the daemon had come up
          last lines of stderr (pid 4711):
          | starting
          | no licence
    "#]],
    );
}

#[test]
fn a_group_that_could_not_start_is_told_with_what_failed() {
    let mut db = Life::of("db");
    db.subject.policy.startretries = 0;
    db.to(9_000, Starting, Cause::Autostart(None));
    db.try_to(8_000, Backoff, 1, ended(1, 500, TOO_SOON)).said(b"no disk\n");
    db.to(8_000, Fatal, Cause::GaveUp { failed: 1 });
    let place = Ref { name: name("db"), seq: db.seq };
    let cause = Cause::rule_of("intensity", "group shop gave up: db could not be started", place);
    let mut late = Life::of("late");
    late.subject.group = rests("shop", Standing::Fatal, Some(cause.clone()));
    shows(
        &late.now(State::STOPPED),
        &[db.now(FATAL)],
        &expect![[r#"
        late is STOPPED: it was not started yet: group shop gave up, and stays down: mend the reason, then supervisorctl start shop:*
          02:02:57.000  group shop gave up: db could not be started (db #6)
          02:02:52.000    db became FATAL: given up after 1 failed attempt, startretries are used up
          02:02:52.000    db became BACKOFF: exit status 1 after 500 ms, too soon (startsecs=10); it wrote last: no disk
    "#]],
    );
    db.subject.group = rests("shop", Standing::Fatal, Some(cause));
    shows(
        &db.now(FATAL),
        &[],
        &expect![[r#"
        db is FATAL: exit status 1 after 500 ms, too soon (startsecs=10); given up; group shop gave up, and stays down: mend the reason, then supervisorctl start shop:*
          02:02:57.000  group shop gave up: db could not be started (db #6)
          02:02:52.000  FATAL: given up after 1 failed attempt, startretries are used up
          02:02:52.000  attempt 1 of 1 failed: exit status 1 after 500 ms, too soon (startsecs=10) (pid 4711)
          02:02:51.000  STARTING: autostart=true, the daemon had come up
          last lines of stderr (pid 4711):
          | no disk
    "#]],
    );
}

#[test]
fn three_levels_of_groups_lead_down_to_the_process_and_to_what_that_requires() {
    let mut db = Life::of("db");
    db.to(90_000, Running, Cause::Up(Duration::from_secs(1)));
    db.became(3_900, "unhealthy", Cause::rule("health", "tcp 127.0.0.1:5432 refused"));
    let db = db.now(running());
    let (mut api, place) = api();
    api.subject.requires = vec![name("db")];
    let low = Cause::rule_of("intensity", "group low gave up: api failed", place);
    let mid = behind("group mid gave up: group low failed", &low);
    let top = behind("group top gave up: group mid failed", &mid);

    let mut web = Life::of("web");
    web.to(90_000, Running, Cause::Up(Duration::from_secs(1)));
    web.to(2_900, Stopping, top.clone()).to(2_800, Stopped, ended(0, 96_000, Verdict::Stopped));
    web.subject.group = rests("top", Standing::Fatal, Some(top.clone()));
    let others = [api.now(exited(false)), db];
    shows(
        &web.now(State::STOPPED),
        &others,
        &expect![[r#"
        web is STOPPED: for 2.8 s; group top gave up, and stays down: mend the reason, then supervisorctl start top:*
          02:02:57.200  STOPPED: exit status 0 after 1 min 36 s (pid 4711)
          02:02:57.100  STOPPING: group top gave up: group mid failed (api #6)
                          group mid gave up: group low failed (api #6)
                            group low gave up: api failed (api #6)
          02:02:56.900        api became EXITED: exit status 3 after 1 min, not expected; it wrote last: no licence
          02:02:56.100          800 ms before that, db became unhealthy: tcp 127.0.0.1:5432 refused
    "#]],
    );

    // what was stopped by the lowest tells no part of it twice
    let mut next = Life::of("next");
    next.to(90_000, Running, Cause::Up(Duration::from_secs(1)));
    next.to(3_000, Stopping, low).to(2_950, Stopped, ended(0, 96_000, Verdict::Stopped));
    next.subject.group = rests("top", Standing::Fatal, Some(top));
    shows(
        &next.now(State::STOPPED),
        &others,
        &expect![[r#"
        next is STOPPED: for 2.9 s; group top gave up, and stays down: mend the reason, then supervisorctl start top:*
          02:02:57.000  group top gave up: group mid failed (api #6)
                          group mid gave up: group low failed (api #6)
          02:02:57.050  STOPPED: exit status 0 after 1 min 36 s (pid 4711)
          02:02:57.000  STOPPING: group low gave up: api failed (api #6)
          02:02:56.900    api became EXITED: exit status 3 after 1 min, not expected; it wrote last: no licence
          02:02:56.100      800 ms before that, db became unhealthy: tcp 127.0.0.1:5432 refused
    "#]],
    );
}

#[test]
fn who_is_in_turn_waits_for_those_before() {
    let mut db = Life::of("db");
    db.to(2_000, Starting, Cause::Autostart(None));
    let db = db.now(State::Starting { ready_at: Some(after(8_000)), attempt: Attempt::FIRST });
    let mut late = Life::of("late");
    late.subject.group = plans(Outlook::InTurn {
        first: vec![ChildId::Process(ProcessName::new("db"))],
        of: group("late"),
        down: false,
    });
    late.subject.waits_for = vec![waited("db")];
    shows(
        &late.now(State::STOPPED),
        &[db],
        &expect![[r#"
        late is STOPPED: it was not started yet: group late starts it once db is up
                        waits for db, which is STARTING: attempt 1 of 4, RUNNING in 8 s if it stays up
          02:02:58.000    STARTING: autostart=true, the daemon had come up
    "#]],
    );
}

/// The first line of an explanation.
fn headline(subject: &Subject) -> String {
    explain(subject, &|_| None, now()).headline
}

#[test]
fn each_outlook_says_what_follows_or_what_to_do() {
    let child = |name: &str| ChildId::Process(ProcessName::new(name));
    let turn = |first: &[&str], down| {
        plans(Outlook::InTurn {
            first: first.iter().map(|name| child(name)).collect(),
            of: group("shop"),
            down,
        })
    };
    let fresh = |group| {
        let mut life = Life::of("late");
        life.subject.group = group;
        headline(&life.now(State::STOPPED))
    };
    let again = |group, state| {
        let mut life = Life::of("late");
        life.subject.policy.autorestart = Autorestart::Always;
        life.subject.incarnation = 1;
        life.to(90_000, Running, Cause::Up(Duration::from_secs(1)));
        life.to(5_000, Exited, ended(3, 60_000, Verdict::Unexpected));
        life.subject.group = group;
        headline(&life.now(state))
    };
    let done = || Some(Cause::rule("auto_shutdown", "auto_shutdown of group shop: job ended"));
    let lines = [
        fresh(rests("shop", Standing::New, None)),
        fresh(rests("shop", Standing::Leaving, None)),
        fresh(rests("shop", Standing::Stopped, None)),
        fresh(rests("shop", Standing::Ended, done())),
        fresh(rests("shop", Standing::Halting, None)),
        fresh(Some(InGroup {
            outlook: Outlook::Rests { group: None, standing: Standing::Fatal },
            acted: None,
        })),
        fresh(plans(Outlook::Told)),
        fresh(plans(Outlook::Held)),
        fresh(plans(Outlook::Over)),
        fresh(plans(Outlook::Due(after(3_000)))),
        fresh(turn(&["db"], false)),
        again(turn(&["db", "cache"], true), exited(false)),
        again(turn(&[], true), exited(false)),
        again(plans(Outlook::Due(after(3_000))), exited(false)),
        again(plans(Outlook::Due(now())), FATAL),
        again(plans(Outlook::Over), exited(false)),
        again(plans(Outlook::Held), exited(false)),
        again(plans(Outlook::Nothing), exited(false)),
        again(rests("shop", Standing::Fatal, None), FATAL),
        again(
            turn(&["db"], true),
            State::Stopping { kill_at: Some(after(7_000)), step: StopStep::FIRST, then: Then::Stay },
        ),
    ];
    expect![[r#"
        late is STOPPED: it was not started yet: group shop has not begun: the daemon is just coming up, or ends
        late is STOPPED: it was not started yet: group shop is stopping all it has
        late is STOPPED: it was not started yet: group shop was stopped as a whole: supervisorctl start shop:*
        late is STOPPED: it was not started yet: group shop is done (auto_shutdown): supervisorctl start shop:* begins anew
        late is STOPPED: it was not started yet: the daemon ends
        late is STOPPED: it was not started yet: [supervisord] gave up, and stays down: mend the reason, then supervisorctl start all
        late is STOPPED: it was not started yet: group late has told it to start
        late is STOPPED: it was not started yet, though autostart=true: somebody stopped it before its turn; start it
        late is STOPPED: it was not started yet: it is temporary, and group late does not start it again
        late is STOPPED: it was not started yet: group late starts it in 3 s
        late is STOPPED: it was not started yet: group shop starts it once db is up
        late is EXITED: exit status 3 after 1 min, not expected; group shop starts it again once db, cache are down
        late is EXITED: exit status 3 after 1 min, not expected; group shop starts it again once it is down
        late is EXITED: exit status 3 after 1 min, not expected; group late starts it again in 3 s
        late is FATAL: given up; group late starts it again at once
        late is EXITED: exit status 3 after 1 min, not expected; not started again: it is temporary, and group late does not start it again
        late is EXITED: exit status 3 after 1 min, not expected; not started again: somebody stopped it after that: supervisorctl start late
        late is EXITED: exit status 3 after 1 min, not expected; not started again: the daemon was to start nothing any more
        late is FATAL: given up; group shop gave up, and stays down: mend the reason, then supervisorctl start shop:*
        late is STOPPING: told to end, SIGKILL follows in 7 s; group shop starts it again once db is down
    "#]].assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn a_child_that_is_not_to_be_started_again_says_of_which_type_it_is() {
    let ended_as = |autorestart, expected| {
        let mut life = Life::of("job");
        life.subject.policy.autorestart = autorestart;
        life.subject.incarnation = 1;
        life.to(90_000, Running, Cause::Up(Duration::from_secs(1)));
        life.to(5_000, Exited, ended(0, 60_000, Verdict::Expected));
        life.subject.group = plans(Outlook::Nothing);
        headline(&life.now(exited(expected)))
    };
    let (temporary, transient) =
        (ended_as(Autorestart::Never, true), ended_as(Autorestart::Unexpected, true));
    expect![[r#"
        job is EXITED: exit status 0 after 1 min, expected; not started again: it is temporary (autorestart=false, or restart=temporary)
        job is EXITED: exit status 0 after 1 min, expected; not started again: it is transient (autorestart=unexpected, or restart=transient), and this end was a normal one
    "#]]
    .assert_eq(&format!("{temporary}\n{transient}\n"));
}

#[test]
fn its_own_end_leads_to_the_restart_by_its_group() {
    let (mut api, place) = api();
    let cause = Cause::rule_of("strategy", "strategy=rest_for_one of group shop: api failed", place);
    api.to(3_000, Starting, cause).to(2_000, Running, Cause::Up(Duration::from_secs(1)));
    shows(
        &api.now(running()),
        &[],
        &expect![[r#"
        api is RUNNING: pid 0, for 0 ms
          02:02:58.000  RUNNING: it was up for startsecs=1
          02:02:57.000  STARTING: strategy=rest_for_one of group shop: api failed (api #6)
          02:02:56.900  EXITED: exit status 3 after 1 min, not expected (pid 4711)
          last lines of stderr (pid 4711):
          | starting
          | no licence
    "#]],
    );
}
