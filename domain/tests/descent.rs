//! The way down of several processes: by what is required and by the order of their groups, and up again.
//!
//! ```text
//! "g: a b @h | h parallel: c d | k: e requires=g:a"    groups, their children in order; `@x` is the group x
//! ```

#[path = "common/process.rs"]
mod process;

use proptest::prelude::*;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::depend::descent::Descent;
use treeherd_domain::depend::graph::Graph;
use treeherd_domain::depend::{Condition, Requirement, Target};
use treeherd_domain::group::{GroupPolicy, Line, lines};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::spec::{GroupKind, GroupRules, GroupSpec, ProcessSpec, StopOrder};

fn name(text: &str) -> Namespec {
    let (group, process) = text.split_once(':').unwrap_or((text, text));
    Namespec::new(GroupName::new(group), ProcessName::new(process))
}

fn policy(order: &str) -> Option<GroupPolicy> {
    let stop_order = match order {
        "plain" => return None,
        "parallel" => StopOrder::Parallel,
        "sequential" => StopOrder::Sequential,
        order => panic!("no such order: {order}"),
    };
    Some(GroupPolicy { stop_order, ..GroupPolicy::default() })
}

/// Groups, sequential where nothing else is said.
fn groups(text: &str) -> Vec<Arc<GroupSpec>> {
    text.split('|').map(|group| Arc::new(group_of(group.trim()))).collect()
}

fn group_of(text: &str) -> GroupSpec {
    let (head, children) = text.split_once(':').expect("a group has children");
    let (group, order) = head.split_once(' ').unwrap_or((head, "sequential"));
    let (mut processes, mut below): (Vec<Arc<ProcessSpec>>, Vec<GroupName>) = Default::default();
    let mut words = children.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if let Some(group) = word.strip_prefix('@') {
            below.push(GroupName::new(group));
            continue;
        }
        let mut spec = process::process(word);
        if let Some(required) = words.next_if(|next| next.starts_with("requires=")) {
            let all = required["requires=".len()..].split(',');
            let one = |on: &str| Requirement {
                on: Target::Process(name(on)),
                condition: Condition::Ready,
                soft: false,
            };
            spec.depend.requires = all.map(one).collect();
        }
        processes.push(Arc::new(spec));
    }
    GroupSpec {
        name: GroupName::new(group),
        kind: GroupKind::Group,
        priority: 999,
        processes,
        rules: GroupRules { policy: policy(order), groups: below },
    }
}

fn members(groups: &[Arc<GroupSpec>]) -> Vec<Namespec> {
    groups
        .iter()
        .flat_map(|g| g.processes.iter().map(|p| g.namespec(&p.name)).collect::<Vec<_>>())
        .collect()
}

/// Everybody of these groups.
fn descent(groups: &[Arc<GroupSpec>], root: Option<&GroupPolicy>) -> Descent {
    Descent::new(Graph::of(groups), &lines(groups, root), members(groups))
}

/// Those who are told together, in sorted order; each step begins when all who were told before are down.
fn steps(mut descent: Descent) -> Vec<String> {
    let (mut steps, mut down) = (Vec::new(), HashSet::new());
    while !descent.is_over() {
        let next = descent.next(|one| down.contains(one), false);
        assert!(!next.is_empty(), "it does not come to its end: {steps:?}");
        let mut told: Vec<_> = next.iter().map(|one| one.process.to_string()).collect();
        told.sort();
        steps.push(told.join(" "));
        down.extend(next);
    }
    steps
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(steps(descent(&groups(text), None)), expected, "{text}");
}

#[test]
fn in_a_group_the_last_one_goes_first() {
    check("g: a b c", &["c", "b", "a"]);
    check("g parallel: a b c", &["a b c"]);
    check("g plain: a b c", &["a b c"]);
    // each group by itself
    check("g: a b | h: c d e", &["b e", "a d", "c"]);
}

#[test]
fn a_group_below_goes_before_those_that_stand_before_it() {
    check("g: a b @h | h: c d", &["d", "c", "b", "a"]);
    check("g: a b @h | h parallel: c d", &["c d", "b", "a"]);
    check("g: a b @h | h plain: c d", &["c d", "b", "a"]);
    check("g parallel: a b @h | h: c d", &["a b d", "c"]);
    check("g: a @h | h: b @k | k: c @l | l: d e", &["e", "d", "c", "b", "a"]);
}

#[test]
fn the_groups_themselves_have_an_order_under_rules_alone() {
    let groups = groups("g: a b | h plain: c d");
    let sequential = policy("sequential");
    assert_eq!(steps(descent(&groups, sequential.as_ref())), ["c d", "b", "a"]);
    let parallel = policy("parallel");
    assert_eq!(steps(descent(&groups, parallel.as_ref())), ["b c d", "a"]);
}

#[test]
fn those_who_are_left_out_are_not_waited_for() {
    let groups = groups("g: a b c d");
    let some = ["g:a", "g:c"].map(name);
    let descent = Descent::new(Graph::of(&groups), &lines(&groups, None), some.clone());
    assert!(descent.is_ordered());
    assert_eq!(steps(descent), ["c", "a"]);
    let one = Descent::new(Graph::of(&groups), &lines(&groups, None), [name("g:b")]);
    assert!(!one.is_ordered());
    // not even where they go for ever: b is up, and stays so
    let mut descent = Descent::new(Graph::of(&groups), &lines(&groups, None), some);
    assert_eq!(descent.next(|_| false, false), [name("g:c")]);
    assert_eq!(descent.next(|one| *one == name("g:c"), false), [name("g:a")]);
}

#[test]
fn what_is_required_comes_before_the_order_of_a_group() {
    // db stands last, and stops last
    check("g: web requires=g:db db", &["web", "db"]);
    // the line of h holds all the same
    check("g: web requires=g:db db | h: a b", &["b web", "a db"]);
    // across groups both hold: api before db, and b before a
    check("g: a b | h: db api requires=h:db | k: x requires=g:a", &["api b x", "a db"]);
}

#[test]
fn one_that_cannot_be_brought_down_holds_up_nobody_for_ever() {
    let mut descent = descent(&groups("g: a b c"), None);
    assert_eq!(descent.next(|_| false, false), [name("g:c")]);
    assert!(descent.next(|_| false, true).is_empty(), "it is on its way");
    let mut rest = descent.next(|_| false, false);
    rest.sort();
    assert_eq!(rest, ["g:a", "g:b"].map(name), "c is up still, and nobody knows what to wait for");
    assert!(descent.is_over());
}

#[test]
fn who_starts_again_does_so_after_those_before_it() {
    let descent = descent(&groups("g: a b @h | h: c | k: x requires=g:b"), None);
    let may = |one: &str, told: &[&str]| {
        let told: Vec<Namespec> = told.iter().map(|one| name(one)).collect();
        descent.may_rise(&name(one), |one| told.contains(one))
    };
    assert!(may("g:a", &[]) && !may("g:b", &[]) && may("g:b", &["g:a"]));
    assert!(!may("h:c", &["g:a"]) && may("h:c", &["g:a", "g:b"]));
    assert!(!may("k:x", &["g:a"]) && may("k:x", &["g:b"]));
}

#[test]
fn the_longest_time_has_all_of_a_line_in_it() {
    let own = |_: &Namespec| Duration::from_secs(10);
    let longest = |text: &str| {
        let groups = groups(text);
        let all = members(&groups);
        descent(&groups, None).longest(&all, own).as_secs()
    };
    assert_eq!(longest("g plain: a b c"), 10);
    assert!(longest("g: a b c") >= 30);
    assert!(longest("g: a b c | k: x requires=g:a y requires=k:x") >= 60);
}

/// Groups that may stand below an earlier one, with so many processes each; the orders are by number.
fn forest() -> impl Strategy<Value = Vec<Arc<GroupSpec>>> {
    let group = (0..3_usize, 0..4_usize, any::<Option<prop::sample::Index>>());
    prop::collection::vec(group, 1..8).prop_map(|all| {
        let mut specs: Vec<GroupSpec> = Vec::new();
        for (at, (order, count, above)) in all.into_iter().enumerate() {
            let order = ["sequential", "parallel", "plain"][order];
            let own: String = (0..count).map(|n| format!(" p{at}{n}")).collect();
            specs.push(group_of(&format!("g{at} {order}:{own}")));
            if let Some(above) = above.filter(|_| at > 0) {
                let above = above.index(at);
                // a group without rules has none below
                specs[above].rules.policy.get_or_insert_with(GroupPolicy::default);
                specs[above].rules.groups.push(GroupName::new(&format!("g{at}")));
            }
        }
        specs.into_iter().map(Arc::new).collect()
    })
}

fn places(line: &Line) -> Vec<(Namespec, usize)> {
    line.places().map(|(one, place)| (one.clone(), place)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everybody_is_told_once_after_those_behind_it(
        groups in forest(),
        left_out in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let mut all = members(&groups);
        if !all.is_empty() {
            all.remove(left_out.index(all.len()));
        }
        let lines = lines(&groups, None);
        let mut descent = Descent::new(Graph::of(&groups), &lines, all.clone());
        let (mut told, mut down) = (Vec::new(), HashSet::new());
        let (mut pending, mut random): (Vec<Namespec>, u64) = (Vec::new(), seed);
        while !descent.is_over() || !pending.is_empty() {
            let next = descent.next(|one| down.contains(one), !pending.is_empty());
            for one in &next {
                for line in &lines {
                    let Some(own) = line.place(one) else { continue };
                    let behind = places(line).into_iter().filter(|(other, place)| all.contains(other) && *place > own);
                    prop_assert!(behind.into_iter().all(|(other, _)| down.contains(&other)), "{} too soon", one);
                }
            }
            told.extend(next.iter().cloned());
            pending.extend(next);
            prop_assert!(!pending.is_empty(), "it does not come to its end");
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let one = usize::try_from(random >> 33).expect("31 bits fit") % pending.len();
            down.insert(pending.swap_remove(one));
        }
        told.sort();
        all.sort();
        prop_assert_eq!(told, all);
    }

    #[test]
    fn everybody_can_start_again(groups in forest()) {
        let descent = descent(&groups, None);
        let (mut left, mut told) = (members(&groups), HashSet::new());
        while !left.is_empty() {
            let next = left.iter().position(|one| descent.may_rise(one, |one| told.contains(one)));
            prop_assert!(next.is_some(), "{:?} wait for each other", left);
            told.insert(left.swap_remove(next.unwrap_or_default()));
        }
    }
}
