//! Readiness and health: the grammar of checks, what a process may say, and what follows from what is seen when.

use proptest::prelude::*;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use treeherd_domain::health::{
    Action, Ailment, Change, Check, Health, HealthSpec, LONGEST_STATUS, Notice, Readiness, Side, Sign,
    Tally, Thresholds, Vitals, notices,
};

#[test]
fn checks_are_read_and_shown_as_they_are_read() {
    for (text, shown) in [
        ("startsecs", "startsecs"),
        (" notify ", "notify"),
        ("NOTIFY", "notify"),
        ("fd:3", "fd:3"),
        ("log:/listening on [0-9]+/", "log:/listening on [0-9]+/"),
        ("log:/ready/i", "log:/ready/i"),
        ("log:/a/b/", "log:/a/b/"),
        ("tcp:127.0.0.1:5432", "tcp:127.0.0.1:5432"),
        ("tcp:5432", "tcp:127.0.0.1:5432"),
        ("tcp://:5432", "tcp:127.0.0.1:5432"),
        ("tcp://db.example:5432", "tcp:db.example:5432"),
        ("tcp:[::1]:80", "tcp:[::1]:80"),
        ("http://127.0.0.1:8080/healthz?full=1", "http://127.0.0.1:8080/healthz?full=1"),
        ("http:http://localhost/", "http://localhost:80/"),
        ("http://[::1]", "http://[::1]:80/"),
        ("http://[::1]:81?x", "http://[::1]:81/?x"),
        ("http://h", "http://h:80/"),
        ("exec:pg_isready -q", "exec:pg_isready -q"),
        ("exec: /bin/sh -c 'a:b'", "exec:/bin/sh -c 'a:b'"),
    ] {
        let check = Check::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(check.to_string(), shown, "{text}");
        assert_eq!(Check::parse(shown).as_ref(), Ok(&check), "{shown}");
    }
}

#[test]
fn what_is_no_check_is_refused_with_the_word() {
    for (text, message) in [
        ("", "unknown kind of check: ''"),
        ("ready", "unknown kind of check: 'ready'"),
        ("startsecs:5", "unknown kind of check: 'startsecs'"),
        ("udp:53", "unknown kind of check: 'udp'"),
        ("/bin/true", "unknown kind of check: '/bin/true'"),
        ("fd:2", "not a descriptor from 3 to 255: '2'"),
        ("fd:x", "not a descriptor from 3 to 255: 'x'"),
        ("fd:256", "not a descriptor from 3 to 255: '256'"),
        ("log:ready", "a pattern stands between slashes: 'ready'"),
        ("log:/", "a pattern stands between slashes: '/'"),
        ("log://", "a pattern stands between slashes: '//'"),
        ("log:/i", "a pattern stands between slashes: '/i'"),
        ("log:/(/", "not a regular expression: unclosed group"),
        ("log:/(a{999}){999}/", "not a regular expression: it is too large"),
        ("tcp:localhost", "not a host and a port: 'localhost'"),
        ("tcp:h:0", "not a host and a port: 'h:0'"),
        ("tcp:h:65536", "not a host and a port: 'h:65536'"),
        ("tcp:h:+1", "not a host and a port: 'h:+1'"),
        ("tcp:::1:80", "not a host and a port: '::1:80'"),
        ("tcp:a b:80", "not a host and a port: 'a b:80'"),
        ("tcp:[]:80", "not a host and a port: '[]:80'"),
        ("http:localhost", "not a URL that can be asked for: 'localhost'"),
        ("http://", "not a URL that can be asked for: '//'"),
        ("http://user:pw@h/", "not a URL that can be asked for: '//user:pw@h/'"),
        ("http://h/a b", "not a URL that can be asked for: '//h/a b'"),
        ("http://h/#top", "not a URL that can be asked for: '//h/#top'"),
        ("http://h/\r\nX: y", "not a URL that can be asked for: '//h/\r\nX: y'"),
        ("https://h/", "https is not supported: 'https://h/'"),
        ("http:https://h/", "https is not supported: 'https://h/'"),
        ("exec:", "exec: has no command"),
        ("exec:  ", "exec: has no command"),
    ] {
        let error = Check::parse(text).expect_err(text);
        assert_eq!(error.to_string(), message);
        assert!(text.contains(error.word()) && !error.help().is_empty(), "{text}");
    }
}

#[test]
fn a_pattern_sees_bytes() {
    let Ok(Check::Log(pattern)) = Check::parse("log:/^LISTEN(ing)? on/i") else {
        panic!("it is a pattern")
    };
    assert!(pattern.matches(b"listening on \xff\xfe"));
    assert!(!pattern.matches(b"now listening on"));
}

#[test]
fn notices_are_read_line_by_line_and_clutter_is_passed_over() {
    let datagram = b"READY=1\nSTATUS=up \x1b[1m and\tready\r\nMAINPID=4711\nFDSTORE=1\nWATCHDOG=1\nSTOPPING=0\n\nX\n\
                     WATCHDOG_USEC=2000000\nEXTEND_TIMEOUT_USEC=-1\nWATCHDOG=trigger\nRELOADING=1\nSTOPPING=1";
    let said = notices(datagram);
    assert_eq!(
        said,
        [
            Notice::Ready,
            Notice::Status("up  [1m and ready".to_owned()),
            Notice::MainPid("4711".to_owned()),
            Notice::Watchdog,
            Notice::Odd("STOPPING=0".to_owned()),
            Notice::Odd("X".to_owned()),
            Notice::WatchdogTime(Duration::from_secs(2)),
            Notice::Odd("EXTEND_TIMEOUT_USEC=-1".to_owned()),
            Notice::Trigger,
            Notice::Reloading,
            Notice::Stopping,
        ]
    );
    let long = format!("STATUS={}", "x".repeat(5000));
    assert_eq!(notices(long.as_bytes()), [Notice::Status("x".repeat(LONGEST_STATUS))]);
    assert_eq!(notices(b"STATUS=\xff"), [Notice::Status("\u{fffd}".to_owned())]);
}

#[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
fn at(millis: u64) -> Instant {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    *ORIGIN + Duration::from_millis(millis)
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn spec(ready: &str, health: &str) -> HealthSpec {
    let check = |text: &str| Check::parse(text).expect("it is a check");
    let health = (!health.is_empty()).then(|| check(health));
    HealthSpec { ready: check(ready), health, ready_timeout: seconds(30), ..HealthSpec::default() }
}

const TCP: &str = "tcp:127.0.0.1:1";

fn failed(side: Side) -> Sign {
    Sign::Failed(side, "refused".to_owned())
}

#[test]
fn without_a_key_nothing_is_watched_and_nothing_is_due() {
    let spec = HealthSpec::default();
    let mut vitals = Vitals::begin(&spec, at(0));
    assert!(spec.is_plain() && vitals.is_plain() && vitals.is_ready_by_startsecs());
    assert_eq!(
        (vitals.deadline(), vitals.next(Side::Ready), vitals.next(Side::Health)),
        (None, None, None)
    );
    assert_eq!(vitals.due(at(1_000_000_000), &spec), []);
    assert_eq!(vitals.health(), Health::Unknown);
    assert!(!spec.listens() && spec.fd().is_none());
}

#[test]
fn readiness_is_asked_for_until_it_is_there() {
    let spec = spec(TCP, "");
    let mut vitals = Vitals::begin(&spec, at(0));
    assert_eq!((vitals.next(Side::Ready), vitals.deadline()), (Some(at(0)), Some(at(30_000))));
    vitals.asked(Side::Ready);
    assert_eq!(vitals.next(Side::Ready), None);
    assert_eq!(vitals.occur(failed(Side::Ready), at(200), &spec), []);
    assert_eq!((vitals.next(Side::Ready), vitals.reason().as_deref()), (Some(at(1200)), Some("refused")));
    vitals.asked(Side::Ready);
    // whoever asked is gone
    vitals.ask_again(Side::Ready, at(1300));
    assert_eq!(vitals.next(Side::Ready), Some(at(1300)));
    assert_eq!(vitals.occur(Sign::Running, at(1400), &spec), [], "RUNNING is not enough");
    assert_eq!(vitals.occur(Sign::Passed(Side::Ready), at(1500), &spec), [Change::Ready]);
    assert_eq!((vitals.next(Side::Ready), vitals.deadline(), vitals.reason()), (None, None, None));
    vitals.ask_again(Side::Ready, at(1600));
    assert_eq!(vitals.next(Side::Ready), None);
}

#[test]
fn what_is_not_ready_in_time_is_late_once() {
    for (check, missing) in [
        (TCP, "tcp 127.0.0.1:1 gave no answer"),
        ("fd:3", "no line came on fd 3"),
        ("notify", "no READY=1 came"),
        ("log:/up/", "no line of its output matches /up/"),
    ] {
        let spec = spec(check, "");
        let mut vitals = Vitals::begin(&spec, at(0));
        assert_eq!(vitals.due(at(29_999), &spec), []);
        let late = Change::Late(format!("not ready within 30s: {missing}"));
        assert_eq!(vitals.due(at(30_000), &spec), [late]);
        assert_eq!((vitals.due(at(60_000), &spec), vitals.deadline()), (Vec::new(), None));
        assert_eq!(vitals.occur(Sign::Passed(Side::Ready), at(60_001), &spec), [], "it is on its way out");
    }
    let mut spec = spec(TCP, "");
    let mut vitals = Vitals::begin(&spec, at(0));
    vitals.occur(failed(Side::Ready), at(1), &spec);
    assert_eq!(vitals.due(at(30_000), &spec), [Change::Late("not ready within 30s: refused".to_owned())]);
    spec.ready_timeout = Duration::ZERO;
    assert_eq!(Vitals::begin(&spec, at(0)).deadline(), None, "0 is for ever");
}

#[test]
fn a_process_that_says_so_gets_more_time() {
    let spec = spec("notify", "");
    let mut vitals = Vitals::begin(&spec, at(0));
    let mut extend = |from, span| {
        vitals.occur(Sign::Notice(Notice::Extend(span)), at(from), &spec);
        vitals.deadline()
    };
    assert_eq!(extend(1000, seconds(5)), Some(at(30_000)), "never less");
    assert_eq!(extend(29_000, seconds(20)), Some(at(49_000)));
    assert_eq!(extend(29_000, Duration::MAX), Some(at(29_000) + treeherd_domain::duration::LONGEST));
}

#[test]
fn a_closed_descriptor_is_the_end_of_waiting() {
    let spec = spec("fd:7", "");
    let mut vitals = Vitals::begin(&spec, at(0));
    let late = Change::Late("not ready: it closed fd 7 without writing a line".to_owned());
    assert_eq!(vitals.occur(Sign::Closed, at(5), &spec), [late]);
    let mut vitals = Vitals::begin(&spec, at(0));
    assert_eq!(vitals.occur(Sign::Line, at(5), &spec), [Change::Ready]);
    assert_eq!(vitals.occur(Sign::Closed, at(6), &spec), []);
}

#[test]
fn health_is_asked_for_from_readiness_on_and_acts_at_the_threshold() {
    let mut spec = spec(TCP, "exec:true");
    (spec.health_delay, spec.health_interval) = (seconds(2), seconds(10));
    let mut vitals = Vitals::begin(&spec, at(0));
    assert_eq!(vitals.occur(Sign::Passed(Side::Health), at(1), &spec), [], "not before it is ready");
    vitals.occur(Sign::Passed(Side::Ready), at(1000), &spec);
    assert_eq!(vitals.next(Side::Health), Some(at(3000)));
    assert_eq!(vitals.occur(Sign::Passed(Side::Health), at(3500), &spec), [Change::Healthy]);
    assert_eq!(vitals.next(Side::Health), Some(at(13_500)));
    let mut fail = |from| vitals.occur(failed(Side::Health), at(from), &spec);
    assert_eq!((fail(14_000), fail(25_000)), (Vec::new(), Vec::new()));
    let act = Change::Act(Ailment::Health, "refused".to_owned());
    assert_eq!(fail(36_000), [Change::Unhealthy("refused".to_owned()), act.clone()]);
    // a signal may not have helped: the same once more
    assert_eq!((fail(47_000), fail(58_000), fail(69_000)), (Vec::new(), Vec::new(), vec![act]));
    assert_eq!(vitals.occur(Sign::Passed(Side::Health), at(80_000), &spec), [Change::Healthy]);
    let stopping = [Change::NotReady("it is being stopped".to_owned())];
    assert_eq!(vitals.occur(Sign::Stopping, at(81_000), &spec), stopping);
    assert_eq!((vitals.next(Side::Health), vitals.deadline()), (None, None));
    assert_eq!(vitals.occur(failed(Side::Health), at(82_000), &spec), []);
}

#[test]
fn what_is_told_must_be_told_within_every_interval() {
    let mut spec = spec("fd:3", "fd:3");
    (spec.health_interval, spec.health_failures) = (seconds(5), 2);
    let mut vitals = Vitals::begin(&spec, at(0));
    assert_eq!(vitals.occur(Sign::Line, at(1000), &spec), [Change::Ready]);
    assert_eq!((vitals.deadline(), vitals.next(Side::Health)), (Some(at(6000)), None));
    assert_eq!(vitals.occur(Sign::Line, at(4000), &spec), [Change::Healthy]);
    assert_eq!(vitals.deadline(), Some(at(9000)));
    assert_eq!(vitals.due(at(9000), &spec), []);
    let reason = "nothing from fd 3 within 5s".to_owned();
    assert_eq!(
        vitals.due(at(14_000), &spec),
        [Change::Unhealthy(reason.clone()), Change::Act(Ailment::Health, reason)]
    );
}

#[test]
fn a_watchdog_that_is_not_fed_bites_and_bites_again() {
    let mut spec = spec("notify", "");
    (spec.watchdog, spec.health_action) =
        (Some(seconds(10)), Action::Signal(treeherd_domain::signal::Signal::HUP));
    let mut vitals = Vitals::begin(&spec, at(0));
    let feed = Sign::Notice(Notice::Watchdog);
    assert_eq!(vitals.occur(feed.clone(), at(1), &spec), []);
    assert_eq!(vitals.occur(Sign::Notice(Notice::Ready), at(1000), &spec), [Change::Ready]);
    assert_eq!(vitals.deadline(), Some(at(11_000)), "from readiness on");
    assert_eq!(vitals.occur(feed.clone(), at(8000), &spec), [Change::Healthy]);
    let reason = "no WATCHDOG=1 within 10s".to_owned();
    let act = Change::Act(Ailment::Watchdog, reason.clone());
    assert_eq!(vitals.due(at(18_000), &spec), [Change::Unhealthy(reason.clone()), act.clone()]);
    assert_eq!((vitals.health(), vitals.reason()), (Health::Unhealthy, Some(reason)));
    assert_eq!(vitals.due(at(28_000), &spec), [act]);
    assert_eq!(vitals.occur(feed, at(29_000), &spec), [Change::Healthy]);
    // another time, and none
    vitals.occur(Sign::Notice(Notice::WatchdogTime(seconds(2))), at(30_000), &spec);
    assert_eq!(vitals.deadline(), Some(at(32_000)));
    vitals.occur(Sign::Notice(Notice::WatchdogTime(Duration::ZERO)), at(31_000), &spec);
    assert_eq!(vitals.deadline(), None);
}

#[test]
fn a_watchdog_that_is_triggered_bites_at_once() {
    let mut spec = spec("startsecs", "");
    (spec.watchdog, spec.health_action) = (Some(seconds(10)), Action::None);
    let mut vitals = Vitals::begin(&spec, at(0));
    vitals.occur(Sign::Running, at(1000), &spec);
    let bitten = vitals.occur(Sign::Notice(Notice::Trigger), at(2000), &spec);
    assert!(matches!(bitten.last(), Some(Change::Act(Ailment::Watchdog, _))), "{bitten:?}");
    assert_eq!(vitals.deadline(), None, "an action of none is told once");
}

#[test]
fn what_a_process_says_of_itself_is_kept_and_never_makes_it_ready_unless_that_is_asked_for() {
    let spec = spec(TCP, "notify");
    let mut vitals = Vitals::begin(&spec, at(0));
    assert_eq!(vitals.occur(Sign::Notice(Notice::Ready), at(1), &spec), []);
    vitals.occur(Sign::Notice(Notice::Status("warming up".to_owned())), at(2), &spec);
    assert_eq!((vitals.status(), vitals.readiness()), (Some("warming up"), Readiness::NotReady));
    vitals.occur(Sign::Passed(Side::Ready), at(3), &spec);
    assert_eq!(vitals.occur(Sign::Notice(Notice::Watchdog), at(4), &spec), [Change::Healthy]);
    let stops = Change::NotReady("it says that it stops".to_owned());
    assert_eq!(vitals.occur(Sign::Notice(Notice::Stopping), at(5), &spec), [stops]);
    assert_eq!(vitals.deadline(), None);
}

#[test]
fn healthy_by_startsecs_is_running() {
    let spec = spec("startsecs", "startsecs");
    let mut vitals = Vitals::begin(&spec, at(0));
    assert_eq!(vitals.occur(Sign::Running, at(1000), &spec), [Change::Ready, Change::Healthy]);
    assert_eq!(vitals.deadline(), None);
}

fn signs() -> impl Strategy<Value = Sign> {
    let side = prop_oneof![Just(Side::Ready), Just(Side::Health)];
    let notice = prop_oneof![
        Just(Notice::Ready),
        Just(Notice::Watchdog),
        Just(Notice::Trigger),
        Just(Notice::Reloading),
        Just(Notice::Status("s".to_owned())),
        (0..20_u64).prop_map(|s| Notice::WatchdogTime(seconds(s))),
        (0..20_u64).prop_map(|s| Notice::Extend(seconds(s))),
    ];
    prop_oneof![
        Just(Sign::Running),
        side.clone().prop_map(Sign::Passed),
        side.prop_map(failed),
        Just(Sign::Line),
        Just(Sign::Closed),
        notice.prop_map(Sign::Notice),
    ]
}

fn specs() -> impl Strategy<Value = HealthSpec> {
    let check = || {
        prop_oneof![
            Just("startsecs"),
            Just("fd:3"),
            Just("notify"),
            Just("log:/x/"),
            Just(TCP),
            Just("exec:a")
        ]
    };
    let health = prop_oneof![Just(""), check()];
    let action = prop_oneof![Just(Action::Restart), Just(Action::None)];
    (check(), health, 1..4_u32, 1..4_u32, prop::option::of(1..9_u64), 0..20_u64, action).prop_map(
        |(ready, health, failures, successes, watchdog, timeout, action)| HealthSpec {
            health_failures: failures,
            health_successes: successes,
            watchdog: watchdog.map(seconds),
            ready_timeout: seconds(timeout),
            health_action: action,
            ..spec(ready, health)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_seen_changes_alternate_and_nothing_stays_due(
        spec in specs(),
        history in prop::collection::vec((signs(), 0..4000_u64), 0..60),
    ) {
        let mut vitals = Vitals::begin(&spec, at(0));
        let (mut ready, mut healthy, mut late, mut now) = (false, None, false, 0);
        for (sign, pause) in history {
            now += pause;
            let mut changes = Vec::new();
            for _ in 0..100_000 {
                let due = vitals.due(at(now), &spec);
                if due.is_empty() && vitals.deadline().is_none_or(|by| by > at(now)) { break; }
                changes.extend(due);
            }
            prop_assert!(vitals.deadline().is_none_or(|by| by > at(now)));
            changes.extend(vitals.occur(sign, at(now), &spec));
            for change in changes {
                prop_assert!(!late, "{:?} after it was given up", change);
                match change {
                    Change::Ready => { prop_assert!(!ready); ready = true; }
                    Change::NotReady(_) => { prop_assert!(ready); ready = false; }
                    Change::Healthy => { prop_assert_ne!(healthy, Some(true)); healthy = Some(true); }
                    Change::Unhealthy(_) => { prop_assert_ne!(healthy, Some(false)); healthy = Some(false); }
                    Change::Late(_) => { prop_assert!(!ready); late = true; }
                    Change::Act(..) => prop_assert!(healthy == Some(false), "an action for what is not unhealthy"),
                }
            }
            prop_assert_eq!(vitals.readiness().is_ready(), ready);
            prop_assert!(vitals.next(Side::Health).is_none() || ready, "health is asked of what is not ready");
            prop_assert!(vitals.next(Side::Ready).is_none() || !ready);
        }
        vitals.occur(Sign::Stopping, at(now), &spec);
        prop_assert_eq!((vitals.deadline(), vitals.next(Side::Ready), vitals.next(Side::Health)), (None, None, None));
    }

    #[test]
    fn a_tally_turns_only_at_its_thresholds(
        failures in 1..5_u32,
        successes in 1..5_u32,
        answers in prop::collection::vec(any::<bool>(), 0..80),
    ) {
        let thresholds = Thresholds { failures, successes };
        let mut tally = Tally::default();
        let (mut run, mut last) = (0_u32, None);
        for answer in answers {
            run = if last == Some(answer) { run + 1 } else { 1 };
            last = Some(answer);
            let before = tally.health();
            let acts = if answer { tally.pass(thresholds); false } else { tally.fail("no", thresholds) };
            prop_assert_eq!(acts, !answer && run % failures == 0);
            match (before, tally.health()) {
                (Health::Healthy, Health::Unhealthy) => prop_assert!(!answer && run == failures),
                (Health::Unhealthy, Health::Healthy) => prop_assert!(answer && run == successes),
                (Health::Unknown, Health::Unhealthy) => prop_assert!(!answer && run >= failures),
                (Health::Unknown, Health::Healthy) => prop_assert!(answer),
                (before, after) => prop_assert_eq!(before, after),
            }
        }
    }

    #[test]
    fn no_text_makes_the_grammars_fall(text in "(log:/|tcp:|http://|fd:|exec:)?\\PC{0,24}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(check) = Check::parse(&text) {
            prop_assert_eq!(Check::parse(&check.to_string()), Ok(check));
        }
        prop_assert!(notices(&bytes).len() <= bytes.len());
    }
}

#[test]
fn only_what_is_watched_and_not_well_has_a_complaint() {
    use treeherd_domain::health::Condition;
    let complaint = |is_watched, readiness, health, reason: &str| {
        Condition { is_watched, readiness, health, reason: reason.to_owned(), status: String::new() }
            .complaint()
    };
    assert_eq!(complaint(false, Readiness::NotReady, Health::Unknown, ""), None);
    assert_eq!(complaint(true, Readiness::Ready, Health::Unknown, "once refused"), None);
    assert_eq!(complaint(true, Readiness::NotReady, Health::Unknown, "").as_deref(), Some("not ready"));
    let refused = complaint(true, Readiness::NotReady, Health::Unknown, "refused");
    assert_eq!(refused.as_deref(), Some("not ready: refused"));
    let unhealthy = complaint(true, Readiness::Ready, Health::Unhealthy, "status 503");
    assert_eq!(unhealthy.as_deref(), Some("unhealthy: status 503"));
}
