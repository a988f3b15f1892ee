//! Children that come and go while the group runs: templates (simple_one_for_one), and another configuration. What is
//! fed here is what no simulation brings about.

use crate::herd::origin;
use crate::rules::{policy, restart_type};
use treeherd_domain::group::{
    Aim, ChildId, ChildSpec, Fact, GroupMachine, Output, Report, Request, Seen, Standing, Task, Wish,
};
use treeherd_domain::name::{GroupName, ProcessName};
use treeherd_domain::strategy::Ending;

fn spec(name: &str, restart: &str) -> ChildSpec {
    let id = ChildId::Process(ProcessName::new(name));
    ChildSpec { id, restart: restart_type(restart), significant: false, autostart: true }
}

fn id(name: &str) -> ChildId {
    ChildId::Process(ProcessName::new(name))
}

/// A template with these instances, each started by hand.
fn template(keys: &str, restart: &str, names: &[&str]) -> GroupMachine {
    let keys = format!("start_up=never stop_order=parallel {keys}");
    let mut machine = GroupMachine::new(policy(&keys), Vec::new());
    machine.request(Request::Start, origin());
    let specs = names.iter().map(|name| spec(name, restart)).collect();
    machine.reshape(policy(&keys), specs, origin());
    assert!(machine.orders().is_empty(), "what is added by hand is started by hand");
    for name in names {
        machine.asked(&id(name), Wish::Start, origin());
        machine.told(&id(name), Fact::Up, origin());
    }
    machine
}

fn tasks(machine: &GroupMachine) -> Vec<(ChildId, Task)> {
    machine.orders().into_iter().map(|order| (order.child, order.task)).collect()
}

#[test]
fn simple_one_for_one() {
    let mut machine = template("intensity=3", "permanent", &["1", "2"]);
    machine.told(&id("1"), Fact::Ended(Ending::Normal), origin());
    assert_eq!(tasks(&machine), [(id("1"), Task::Start)]);
}

#[test]
fn simple_one_for_one_escalation() {
    let mut machine = template("intensity=0", "permanent", &["1", "2", "3"]);
    let outputs = machine.told(&id("1"), Fact::Ended(Ending::Abnormal), origin());
    assert!(matches!(outputs[0], Output::Escalated { .. }), "{outputs:?}");
    assert_eq!(tasks(&machine), [(id("2"), Task::Stop), (id("3"), Task::Stop)]);
}

#[test]
fn simple_one_for_one_shutdown() {
    let mut machine = template("", "permanent", &["1", "2", "3"]);
    machine.request(Request::Stop, origin());
    assert_eq!(machine.orders().len(), 3, "all at once");
}

#[test]
fn instances_that_are_down_for_good_are_forgotten() {
    for (restart, ending) in
        [("transient", Ending::Normal), ("temporary", Ending::Normal), ("temporary", Ending::Abnormal)]
    {
        let mut machine = template("", restart, &["1"]);
        let outputs = machine.told(&id("1"), Fact::Ended(ending), origin());
        assert_eq!(outputs, [Output::Forgotten(id("1"))], "{restart} {ending:?}");
    }
    let mut machine = template("", "permanent", &["1"]);
    machine.asked(&id("1"), Wish::Start, origin());
    machine.told(&id("1"), Fact::Stopped, origin());
    let outputs = machine.told(&id("1"), Fact::StartFailed, origin());
    assert_eq!(outputs, [Output::Forgotten(id("1"))], "one that could never be started");
}

#[test]
fn a_child_that_is_new_is_started_and_one_that_is_gone_is_not_waited_for() {
    let two = vec![spec("a", "permanent"), spec("b", "permanent")];
    let mut machine = GroupMachine::new(policy(""), two);
    machine.request(Request::Start, origin());
    machine.told(&id("a"), Fact::Up, origin());
    assert_eq!(tasks(&machine), [(id("b"), Task::Start)]);
    let other = vec![spec("c", "permanent"), spec("a", "permanent")];
    machine.reshape(policy(""), other, origin());
    assert_eq!(tasks(&machine), [(id("c"), Task::Start)]);
    let outputs = machine.told(&id("c"), Fact::Up, origin());
    assert!(outputs.contains(&Output::Report(Report::Up)), "{outputs:?}");
}

#[test]
fn a_restart_of_all_goes_on_over_another_configuration() {
    let specs = |names: &[&str]| names.iter().map(|name| spec(name, "permanent")).collect::<Vec<_>>();
    let keys = "strategy=one_for_all";
    let mut machine = GroupMachine::new(policy(keys), specs(&["a", "b", "c"]));
    machine.request(Request::Start, origin());
    for name in ["a", "b", "c"] {
        machine.told(&id(name), Fact::Up, origin());
    }
    machine.told(&id("a"), Fact::Ended(Ending::Abnormal), origin());
    assert_eq!(tasks(&machine), [(id("c"), Task::Stop)]);
    machine.reshape(policy(keys), specs(&["b", "a"]), origin());
    assert_eq!(tasks(&machine), [(id("b"), Task::Stop)]);
    machine.told(&id("b"), Fact::Stopped, origin());
    assert_eq!(tasks(&machine), [(id("b"), Task::Start)]);
}

#[test]
fn a_start_that_comes_while_all_are_stopped_follows() {
    let both = ["a", "b"].map(|name| spec(name, "permanent")).to_vec();
    let mut machine = GroupMachine::new(policy(""), both);
    machine.request(Request::Start, origin());
    for name in ["a", "b"] {
        machine.told(&id(name), Fact::Up, origin());
    }
    machine.request(Request::Stop, origin());
    machine.request(Request::Start, origin());
    assert_eq!(tasks(&machine), [(id("b"), Task::Stop)]);
    machine.told(&id("b"), Fact::Stopped, origin());
    assert_eq!(tasks(&machine), [(id("a"), Task::Stop)], "all go down first");
    machine.told(&id("a"), Fact::Stopped, origin());
    assert_eq!(tasks(&machine), [(id("a"), Task::Start)]);
}

#[test]
fn a_group_that_gives_up_starts_nobody_any_more() {
    let mut machine = up("intensity=1");
    machine.told(&id("b"), Fact::Ended(Ending::Abnormal), origin());
    assert_eq!(tasks(&machine), [(id("b"), Task::Start)]);
    machine.told(&id("a"), Fact::Ended(Ending::Abnormal), origin());
    assert_eq!(machine.standing(), Standing::Leaving);
    assert_eq!(tasks(&machine), [(id("c"), Task::Stop)], "b has not to start any more");
    machine.told(&id("b"), Fact::Stopped, origin());
    assert_eq!(tasks(&machine), [(id("c"), Task::Stop)]);
    machine.told(&id("c"), Fact::Stopped, origin());
    assert_eq!((machine.standing(), tasks(&machine)), (Standing::Fatal, vec![]));
}

/// A group of three that is up.
fn up(keys: &str) -> GroupMachine {
    let all = ["a", "b", "c"].map(|name| spec(name, "permanent")).to_vec();
    let mut machine = GroupMachine::new(policy(keys), all);
    machine.request(Request::Start, origin());
    for name in ["a", "b", "c"] {
        machine.told(&id(name), Fact::Up, origin());
    }
    machine
}

#[test]
fn what_is_about_to_be_stopped_is_not_started_again_until_somebody_wants_it() {
    let failed = Fact::Ended(Ending::Abnormal);
    let mut machine = up("strategy=one_for_all intensity=5");
    machine.hold(&["a", "b", "c"].map(id), Aim::Stop, origin());
    machine.told(&id("b"), failed, origin());
    assert!(tasks(&machine).is_empty(), "nobody is taken along, and it stays down");
    machine.asked(&id("b"), Wish::Start, origin());
    machine.told(&id("b"), Fact::Up, origin());
    machine.told(&id("b"), failed, origin());
    assert_eq!(tasks(&machine), [(id("c"), Task::Stop)], "somebody wanted it");

    // what others take along stays down as well
    let mut machine = up("strategy=one_for_all intensity=5");
    machine.hold(&["b", "c"].map(id), Aim::Stop, origin());
    machine.told(&id("a"), failed, origin());
    for name in ["c", "b"] {
        assert_eq!(tasks(&machine), [(id(name), Task::Stop)]);
        machine.told(&id(name), Fact::Stopped, origin());
    }
    assert_eq!(tasks(&machine), [(id("a"), Task::Start)]);
    machine.told(&id("a"), Fact::Up, origin());
    assert!(tasks(&machine).is_empty());

    // one that was told to start comes up, and is held all the same
    let mut machine =
        GroupMachine::new(policy(""), ["a", "b"].map(|name| spec(name, "permanent")).to_vec());
    machine.request(Request::Start, origin());
    machine.hold(&["a", "b"].map(id), Aim::Stop, origin());
    machine.told(&id("a"), Fact::Up, origin());
    machine.told(&id("a"), failed, origin());
    assert!(tasks(&machine).is_empty());

    // one that waits for its delay
    let mut machine = up("intensity=5 period=60 backoff=9,9,1,0");
    for _ in 0..2 {
        machine.told(&id("b"), failed, origin());
        machine.told(&id("b"), Fact::Up, origin());
    }
    machine.told(&id("b"), failed, origin());
    machine.hold(&["a", "b"].map(id), Aim::Stop, origin());
    machine.due(origin() + std::time::Duration::from_secs(20));
    assert!(tasks(&machine).is_empty());
}

/// A group that had no rules before: `a` is up, `b` down, `c` on its way up.
fn adopted(keys: &str) -> GroupMachine {
    let specs = ["a", "b", "c"].map(|name| spec(name, "permanent")).to_vec();
    let mut machine = GroupMachine::new(policy(keys), specs);
    let found = |child: &ChildId| {
        let of = [("a", Seen::Up), ("b", Seen::Down), ("c", Seen::Coming)];
        of.into_iter().find(|(name, _)| *child == id(name)).map(|(_, seen)| seen)
    };
    let outputs = machine.adopt(found, origin());
    assert!(outputs.contains(&Output::Report(Report::Up)), "{outputs:?}");
    assert!(machine.orders().is_empty(), "nobody is touched");
    machine
}

#[test]
fn processes_that_ran_before_the_group_had_rules_are_taken_care_of_as_they_are() {
    let mut machine = adopted("strategy=one_for_all intensity=1 backoff=0,0,1,0");
    assert_eq!(machine.standing(), Standing::Active);
    machine.told(&id("c"), Fact::Up, origin());
    machine.told(&id("a"), Fact::Ended(Ending::Abnormal), origin());
    assert_eq!(tasks(&machine), [(id("c"), Task::Stop)]);
    machine.told(&id("c"), Fact::Stopped, origin());
    // a, and then c; what was down stays so
    assert_eq!(tasks(&machine), [(id("a"), Task::Start)]);
    machine.told(&id("a"), Fact::Up, origin());
    assert_eq!(tasks(&machine), [(id("c"), Task::Start)]);
    machine.told(&id("c"), Fact::Up, origin());
    assert!(machine.orders().is_empty());
}

#[test]
fn a_group_that_had_rules_all_the_time_knows_how_its_processes_are() {
    let mut machine = adopted("strategy=one_for_all intensity=1");
    assert!(machine.adopt(|_| Some(Seen::Down), origin()).is_empty());
    machine.told(&id("a"), Fact::Ended(Ending::Abnormal), origin());
    assert!(machine.orders().iter().any(|order| order.task == Task::Stop), "c is one of them");
}

#[test]
fn a_group_below_one_that_gets_rules_is_asked_how_it_is() {
    let low = ChildSpec { id: ChildId::Group(GroupName::new("low")), ..spec("low", "permanent") };
    let mut machine = GroupMachine::new(policy(""), vec![low.clone()]);
    machine.adopt(|_| None, origin());
    assert_eq!(tasks(&machine), [(low.id, Task::Start)]);
}

#[test]
fn an_instance_that_is_down_is_forgotten_when_somebody_wants_it_down() {
    let mut machine = template("intensity=0", "permanent", &["1"]);
    machine.told(&id("1"), Fact::Ended(Ending::Abnormal), origin());
    assert_eq!(machine.standing(), Standing::Fatal);
    let outputs = machine.asked(&id("1"), Wish::Stop, origin());
    assert_eq!(outputs, [Output::Forgotten(id("1"))]);
}

#[test]
fn an_instance_that_is_restarted_in_its_turn_is_not_over() {
    for was_down in [false, true] {
        let mut machine = template("intensity=0", "permanent", &["1", "2"]);
        machine.hold(&["1", "2"].map(id), Aim::Restart, origin());
        if was_down {
            machine.told(&id("1"), Fact::Ended(Ending::Abnormal), origin());
        }
        let outputs = machine.asked(&id("1"), Wish::Stop, origin());
        assert_eq!(outputs, [], "it is started again: {was_down}");
        assert_eq!(machine.told(&id("1"), Fact::Stopped, origin()), [], "{was_down}");
        machine.asked(&id("1"), Wish::Start, origin());
        machine.told(&id("1"), Fact::Up, origin());
        assert_eq!(machine.release(&id("1"), origin()), [], "it was started: {was_down}");
        // and then it is one like any other
        machine.asked(&id("1"), Wish::Stop, origin());
        assert_eq!(machine.told(&id("1"), Fact::Stopped, origin()), [Output::Forgotten(id("1"))]);
    }
}

#[test]
fn an_instance_that_could_not_be_started_again_is_over() {
    let mut machine = template("", "permanent", &["1", "2"]);
    machine.hold(&["1", "2"].map(id), Aim::Restart, origin());
    assert_eq!(machine.release(&id("2"), origin()), [], "it lives");
    machine.asked(&id("1"), Wish::Stop, origin());
    machine.told(&id("1"), Fact::Stopped, origin());
    assert_eq!(machine.release(&id("1"), origin()), [Output::Forgotten(id("1"))]);
    // a stop of all wins
    machine.hold(&["2"].map(id), Aim::Restart, origin());
    machine.request(Request::Stop, origin());
    let outputs = machine.told(&id("2"), Fact::Stopped, origin());
    assert!(outputs.contains(&Output::Forgotten(id("2"))), "{outputs:?}");
}
