//! Groups that start one after the other, and processes of them that require each other: who waits in the end, and which
//! configurations say so beforehand.

use crate::setting::{check, run, setting};
use expect_test::expect;
use proptest::prelude::*;
use std::fmt::Write as _;
use treeherd_domain::depend::turns::circle;
use treeherd_domain::group::GroupPolicy;
use treeherd_domain::simulate::Setting;

#[test]
fn what_does_not_start_with_its_group_holds_up_nobody_when_it_is_called() {
    check(
        "g:a | g:b autostart=false requires=h:c | h:c | x requires=g:b | @g groups=h | @h strategy=one_for_one",
        "",
        expect![[r#"
                 0 x      STOPPED > WAITING [autostart], waits for g:b: STOPPED
                 0 g:a    STOPPED > STARTING [autostart]
                 0 g:b    STOPPED > WAITING [requires], waits for h:c
                 0 x      waits for g:b
                 1 g:a    STARTING > RUNNING [startsecs]
                 1 h:c    STOPPED > STARTING [autostart]
                 2 h:c    STARTING > RUNNING [startsecs]
                 2 group h is up
                 2 group g is up
                 2 g:b    WAITING > STARTING [requires]
                 3 g:b    STARTING > RUNNING [startsecs]
                 3 x      WAITING > STARTING [requires]
                 4 x      STARTING > RUNNING [startsecs]
                 4 -      # shutdown
                 4 x      RUNNING > STOPPING [shutdown], SIGTERM
                 4 g:a    RUNNING > STOPPING [shutdown], SIGTERM
                 4 x      STOPPING > STOPPED [exit]
                 4 g:b    RUNNING > STOPPING [shutdown], SIGTERM
                 4 g:a    STOPPING > STOPPED [exit]
                 4 g:b    STOPPING > STOPPED [exit]
                 4 h:c    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 4, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn nobody_waits_for_what_its_group_has_given_up_before_its_turn() {
    // whoever wants the order alone starts, and a start brings it up
    let waits = "x startsecs=0 requires=g:b? | y startsecs=0 requires=g:b";
    for (groups, script) in [
        ("g:a startretries=0 | g:b | @g start_failure=fail", "g:a: fails to start | at 9s: start y"),
        ("g:a startsecs=5 | g:b | @g strategy=one_for_one", "at 2s: stop g:* | at 9s: start y"),
        ("g:a startsecs=5 | g:b | @g strategy=one_for_one", "at 2s: stop g:b | at 9s: start y"),
        (
            "h:a startretries=0 | g:b | @g strategy=one_for_one | @h start_failure=fail groups=g",
            "h:a: fails to start | at 9s: start y",
        ),
    ] {
        let report = run(&setting(&format!("{waits} | {groups}")), script);
        let up: Vec<_> =
            report.started.iter().map(|one| (one.name.to_string(), one.at.as_secs())).collect();
        let of = |name: &str| up.iter().find(|(one, _)| one == name).map(|(_, at)| *at);
        assert!(of("x").is_some_and(|at| at <= 2), "{script}: {up:?}");
        assert_eq!((of("g:b"), of("y")), (Some(9), Some(10)), "{script}: {:#?}", report.lines);
    }
}

/// Of each group: whether it has rules, below which earlier one it is, and whether each of its processes starts by itself.
type Groups = Vec<(bool, Option<prop::sample::Index>, Vec<bool>)>;
/// Who requires whom, both by their places in some order, and whether softly.
type Edges = Vec<(prop::sample::Index, prop::sample::Index, bool)>;

/// A configuration in which nobody requires itself by way of others.
fn settings() -> impl Strategy<Value = (String, bool)> {
    let group =
        (any::<bool>(), any::<Option<prop::sample::Index>>(), prop::collection::vec(any::<bool>(), 1..4));
    let edge = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>());
    let edges = prop::collection::vec(edge, 0..5);
    let order = Just((0..9_usize).collect::<Vec<_>>()).prop_shuffle();
    (prop::collection::vec(group, 1..4), edges, order, any::<bool>())
        .prop_map(|(groups, edges, order, is_root)| (written(&groups, &edges, &order), is_root))
}

fn written(groups: &Groups, edges: &Edges, order: &[usize]) -> String {
    let names = groups.iter().enumerate().flat_map(|(at, (_, _, processes))| {
        processes.iter().enumerate().map(move |(number, begins)| (format!("g{at}:p{number}"), at, *begins))
    });
    let names: Vec<(String, usize, bool)> = names.collect();
    let order: Vec<usize> = order.iter().copied().filter(|at| *at < names.len()).collect();
    let mut text = String::new();
    for (at, (name, group, begins)) in names.iter().enumerate() {
        let own = edges.iter().map(|(a, b, soft)| (a.index(order.len()), b.index(order.len()), soft));
        let own = own
            .map(|(a, b, soft)| (a.max(b), a.min(b), soft))
            .filter(|(a, b, _)| a != b && order[*a] == at);
        let own: Vec<String> = own
            .map(|(_, b, soft)| format!("{}{}", names[order[b]].0, if *soft { "?" } else { "" }))
            .collect();
        let _ = write!(text, "{name} priority={group} autostart={begins} ");
        let _ =
            if own.is_empty() { write!(text, "| ") } else { write!(text, "requires={} | ", own.join(",")) };
    }
    for (at, (is_ruled, _, _)) in groups.iter().enumerate() {
        let below = groups.iter().enumerate().filter(|(other, (_, above, _))| {
            *other > at && above.is_some_and(|above| above.index(*other) == at)
        });
        let below: Vec<String> = below.map(|(other, _)| format!("g{other}")).collect();
        let is_below = at > 0 && groups[at].1.is_some();
        if !below.is_empty() {
            let _ = write!(text, "@g{at} strategy=one_for_one groups={} | ", below.join(","));
        } else if *is_ruled || is_below {
            let _ = write!(text, "@g{at} strategy=one_for_one | ");
        }
    }
    text
}

fn ruled(text: &str, is_root: bool) -> Setting {
    let mut setting = setting(text);
    let policy = GroupPolicy { intensity: Some(1), ..GroupPolicy::default() };
    setting.rules = is_root.then_some(policy);
    setting
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn who_waits_for_ever_is_in_a_circle_that_is_told_beforehand((text, is_root) in settings()) {
        let setting = ruled(&text, is_root);
        let circle = circle(&setting.groups, setting.rules.as_ref());
        let report = run(&setting, "");
        let waits = report.states.iter().any(|(_, state)| state == "WAITING");
        prop_assert_eq!(circle.is_some(), waits, "{}\n{:?}\n{:#?}", text, circle, report.states);
    }
}

#[test]
fn whose_turn_is_behind_one_that_waits_in_vain_is_not_waited_for_by_who_wants_the_order_alone() {
    check(
        "g:a requires=probe:disk | g:b | x requires=g:b? | y requires=g:b | @g strategy=one_for_one",
        "at 0s: probe disk red | at 5s: start y | at 9s: probe disk green",
        expect![[r#"
                 0 -      # probe disk red
                 0 x      STOPPED > WAITING [autostart], waits for g:b
                 0 y      STOPPED > WAITING [autostart], waits for g:b
                 0 g:a    STOPPED > WAITING [autostart], waits for probe:disk: red
                 0 x      WAITING > STARTING [requires]
                 0 y      waits for g:b: STOPPED
                 1 x      STARTING > RUNNING [startsecs]
                 5 -      # start y
                 9 -      # probe disk green
                 9 g:a    WAITING > STARTING [requires]
                10 g:a    STARTING > RUNNING [startsecs]
                10 g:b    STOPPED > STARTING [autostart]
                10 y      waits for g:b
                11 g:b    STARTING > RUNNING [startsecs]
                11 group g is up
                11 y      WAITING > STARTING [requires]
                12 y      STARTING > RUNNING [startsecs]
                12 -      # shutdown
                12 y      RUNNING > STOPPING [shutdown], SIGTERM
                12 x      RUNNING > STOPPING [shutdown], SIGTERM
                12 y      STOPPING > STOPPED [exit]
                12 x      STOPPING > STOPPED [exit]
                12 g:b    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                12 g:a    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 12, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn so_it_is_of_a_group_whose_turn_is_behind_another_group() {
    check(
        "h:a requires=probe:disk | g:b | x requires=g:b? | @g strategy=one_for_one | @h strategy=one_for_one | t:z | @t groups=h,g",
        "at 0s: probe disk red",
        expect![[r#"
                 0 -      # probe disk red
                 0 x      STOPPED > WAITING [autostart], waits for g:b
                 0 t:z    STOPPED > STARTING [autostart]
                 1 t:z    STARTING > RUNNING [startsecs]
                 1 h:a    STOPPED > WAITING [autostart], waits for probe:disk: red
                 1 x      WAITING > STARTING [requires]
                 2 x      STARTING > RUNNING [startsecs]
                 2 -      # shutdown
                 2 x      RUNNING > STOPPING [shutdown], SIGTERM
                 2 h:a    WAITING > STOPPED [shutdown]
                 2 t:z    RUNNING > STOPPING [shutdown], SIGTERM
                 2 x      STOPPING > STOPPED [exit]
                 2 t:z    STOPPING > STOPPED [exit]
            Settled at 2, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn one_that_somebody_starts_before_the_turn_of_its_group_does_not_keep_the_others_down() {
    check(
        "top:x startsecs=5 | g:a | g:b | @top strategy=one_for_all intensity=3 groups=g | @g strategy=one_for_one",
        "at 20s: kill top:x | at 22s: start g:b | until 40s",
        expect![[r#"
                 0 top:x  STOPPED > STARTING [autostart]
                 5 top:x  STARTING > RUNNING [startsecs]
                 5 g:a    STOPPED > STARTING [autostart]
                 6 g:a    STARTING > RUNNING [startsecs]
                 6 g:b    STOPPED > STARTING [autostart]
                 7 g:b    STARTING > RUNNING [startsecs]
                 7 group g is up
                 7 group top is up
                20 -      # kill top:x
                20 top:x  RUNNING > EXITED [exit]
                20 group top x failed; stopping group g, starting x, group g (2 of 3 restarts are left within 5 s)
                20 g:b    RUNNING > STOPPING [strategy], SIGTERM, STOPPING > STOPPED [exit]
                20 g:a    RUNNING > STOPPING [strategy], SIGTERM, STOPPING > STOPPED [exit]
                20 top:x  EXITED > STARTING [strategy]
                22 -      # start g:b
                22 group g is up
                22 g:b    STOPPED > STARTING [asked]
                23 g:b    STARTING > RUNNING [startsecs]
                25 top:x  STARTING > RUNNING [startsecs]
                25 g:a    STOPPED > STARTING [strategy]
                26 g:a    STARTING > RUNNING [startsecs]
                26 group g is up
                26 -      # shutdown
                26 g:b    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                26 g:a    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                26 top:x  RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 26, stop Some(0.0), well true
        "#]],
    );
}

#[test]
fn nor_does_one_that_somebody_starts_during_the_delay_of_its_group() {
    check(
        "top:x | g:a autorestart=true startsecs=0 | g:b | @top strategy=one_for_one intensity=5 period=60 backoff=9 groups=g | @g strategy=one_for_one intensity=0 escalate=parent",
        "at 10s: kill g:a | at 12s: kill g:a | at 15s: start g:b | until 40s",
        expect![[r#"
                 0 top:x  STOPPED > STARTING [autostart]
                 1 top:x  STARTING > RUNNING [startsecs]
                 1 g:a    STOPPED > STARTING [autostart], STARTING > RUNNING [startsecs]
                 1 g:b    STOPPED > STARTING [autostart]
                 2 g:b    STARTING > RUNNING [startsecs]
                 2 group g is up
                 2 group top is up
                10 -      # kill g:a
                10 g:a    RUNNING > EXITED [exit]
                10 group g gives up: a failed, that would be restart 1 within 5 s; all it has is stopped, and the one above it decides (escalate=parent)
                10 g:b    RUNNING > STOPPING [intensity], SIGTERM, STOPPING > STOPPED [exit]
                10 group g is down
                10 group top group g failed; starting group g (4 of 5 restarts are left within 1 min)
                10 g:a    EXITED > STARTING [strategy], STARTING > RUNNING [startsecs]
                10 g:b    STOPPED > STARTING [strategy]
                11 g:b    STARTING > RUNNING [startsecs]
                11 group g is up
                12 -      # kill g:a
                12 g:a    RUNNING > EXITED [exit]
                12 group g gives up: a failed, that would be restart 1 within 5 s; all it has is stopped, and the one above it decides (escalate=parent)
                12 g:b    RUNNING > STOPPING [intensity], SIGTERM, STOPPING > STOPPED [exit]
                12 group g is down
                12 group top group g failed; starting group g in 9 s (3 of 5 restarts are left within 1 min)
                15 -      # start g:b
                15 group g is up
                15 g:b    STOPPED > STARTING [asked]
                16 g:b    STARTING > RUNNING [startsecs]
                21 g:a    EXITED > STARTING [autostart], STARTING > RUNNING [startsecs]
                21 group g is up
                21 -      # shutdown
                21 g:b    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                21 g:a    RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
                21 top:x  RUNNING > STOPPING [shutdown], SIGTERM, STOPPING > STOPPED [exit]
            Settled at 21, stop Some(0.0), well false
        "#]],
    );
}
