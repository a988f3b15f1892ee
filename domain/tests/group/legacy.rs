//! What is left of a group whose rules are taken away while it is at work.
//!
//! ```text
//!   g     a, b, c              h     d, and the group g
//! ```

use crate::herd::origin;
use crate::rules::policy;
use std::collections::BTreeSet;
use std::time::Duration;
use treeherd_domain::group::{ChildId, ChildSpec, Fact, Forest, Plot, Request, Standing, Task, Wish};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::strategy::{Ending, Restart};

fn child(id: ChildId) -> ChildSpec {
    ChildSpec { id, restart: Restart::Permanent, significant: false, autostart: true }
}

fn processes(names: &[&str]) -> Vec<ChildSpec> {
    names.iter().map(|name| child(ChildId::Process(ProcessName::new(name)))).collect()
}

fn plot(name: &str, keys: &str, children: Vec<ChildSpec>) -> Plot {
    Plot { name: Some(GroupName::new(name)), policy: policy(keys), children }
}

fn g(keys: &str) -> Plot {
    plot("g", keys, processes(&["a", "b", "c"]))
}

fn h(keys: &str) -> Plot {
    let mut children = processes(&["d"]);
    children.push(child(ChildId::Group(GroupName::new("g"))));
    plot("h", keys, children)
}

fn named(name: &str) -> Namespec {
    let group = if name == "d" { "h" } else { "g" };
    Namespec::new(GroupName::new(group), ProcessName::new(name))
}

/// A forest of these, all up.
fn forest(plots: Vec<Plot>) -> Forest {
    let mut forest = Forest::default();
    forest.plant(plots, origin());
    for top in forest.unstarted() {
        forest.request(top.as_ref(), Request::Start, origin());
    }
    for name in ["d", "a", "b", "c"] {
        forest.told(&named(name), Fact::Up, origin());
    }
    forest
}

fn fails(forest: &mut Forest, name: &str) {
    forest.told(&named(name), Fact::Ended(Ending::Abnormal), origin());
}

/// Whom these leave behind as they are now if only those plots stay.
fn left(forest: &mut Forest, stay: Vec<Plot>) -> BTreeSet<Namespec> {
    forest.plant(stay, origin()).left
}

fn all(names: &[&str]) -> BTreeSet<Namespec> {
    names.iter().map(|name| named(name)).collect()
}

#[test]
fn one_that_waits_for_its_delay_is_left() {
    let mut forest = forest(vec![g("intensity=5 backoff=9,9,1,0")]);
    for _ in 0..2 {
        fails(&mut forest, "b");
        forest.told(&named("b"), Fact::Up, origin());
    }
    fails(&mut forest, "b");
    let due = forest.deadline_of(Some(&GroupName::new("g")));
    assert_eq!(due, Some(origin() + Duration::from_secs(9)));
    // as long as it has rules, whatever they are, it goes on by itself
    let mut other = forest.clone();
    assert_eq!(left(&mut other, vec![g("strategy=one_for_all intensity=1")]), all(&[]));
    assert_eq!(left(&mut forest, Vec::new()), all(&["b"]));
}

#[test]
fn those_whose_turn_has_not_come_are_left_and_what_was_still_to_be_stopped_is_not() {
    let mut forest = forest(vec![g("strategy=rest_for_one intensity=5")]);
    fails(&mut forest, "a");
    // c is told to stop, b runs still
    let orders = |forest: &Forest| -> Vec<_> {
        let orders = forest.orders(&GroupName::new("g")).into_iter();
        orders.map(|order| (order.child.to_string(), order.task)).collect()
    };
    assert_eq!(orders(&forest), [("c".to_owned(), Task::Stop)]);
    assert_eq!(left(&mut forest.clone(), Vec::new()), all(&["a", "c"]));
    for name in ["c", "b"] {
        forest.told(&named(name), Fact::Stopped, origin());
    }
    assert_eq!(orders(&forest), [("a".to_owned(), Task::Start)]);
    assert_eq!(left(&mut forest.clone(), Vec::new()), all(&["a", "b", "c"]));
    forest.asked(&named("b"), Wish::Stop, origin());
    assert_eq!(left(&mut forest.clone(), Vec::new()), all(&["a", "c"]), "somebody wants b down");
    forest.told(&named("a"), Fact::Up, origin());
    assert_eq!(left(&mut forest, Vec::new()), all(&["c"]));
}

#[test]
fn nothing_is_left_of_what_is_down_for_good_or_as_a_whole() {
    let rules = "strategy=one_for_all intensity=0";
    let mut gave_up = forest(vec![g(rules)]);
    fails(&mut gave_up, "a");
    assert_eq!(left(&mut gave_up, Vec::new()), all(&[]));
    let mut stopped = forest(vec![g(rules)]);
    stopped.request(Some(&GroupName::new("g")), Request::Stop, origin());
    assert_eq!(left(&mut stopped.clone(), Vec::new()), all(&[]));
    stopped.request(Some(&GroupName::new("g")), Request::Start, origin());
    assert_eq!(left(&mut stopped, Vec::new()), all(&["a", "b", "c"]), "it was to come back");
    let mut halted = forest(vec![g("strategy=one_for_all intensity=5")]);
    fails(&mut halted, "a");
    halted.freeze(origin());
    assert_eq!(left(&mut halted, Vec::new()), all(&[]));
}

#[test]
fn a_group_below_comes_back_whether_it_keeps_rules_or_not() {
    let rules = "strategy=one_for_all intensity=5 stop_order=parallel";
    let mut forest = forest(vec![g("stop_order=parallel"), h(rules)]);
    let standing = |forest: &Forest| forest.machine(Some(&GroupName::new("g"))).map(|g| g.standing());
    fails(&mut forest, "d");
    for name in ["a", "b", "c"] {
        forest.told(&named(name), Fact::Stopped, origin());
    }
    assert_eq!(standing(&forest), Some(Standing::Stopped));
    assert_eq!(left(&mut forest.clone(), Vec::new()), all(&["a", "b", "c", "d"]));
    assert_eq!(left(&mut forest, vec![g("stop_order=parallel")]), all(&["d"]));
    assert_eq!(standing(&forest), Some(Standing::Active), "it was started");
}
