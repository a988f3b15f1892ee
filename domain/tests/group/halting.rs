//! The end of the daemon: each process is told to be down in its turn, and one that is down already as well, for it may be on
//! its way back in a manner that its group does not see.

use crate::herd::origin;
use crate::rules::policy;
use treeherd_domain::group::{ChildId, ChildSpec, Fact, GroupMachine, Request, Standing, Task, Wish};
use treeherd_domain::name::ProcessName;
use treeherd_domain::strategy::Restart;

fn id(name: &str) -> ChildId {
    ChildId::Process(ProcessName::new(name))
}

/// A group of three; `b` is down because somebody wanted it so, the others are up.
fn without_b(keys: &str) -> GroupMachine {
    let child =
        |name| ChildSpec { id: id(name), restart: Restart::Permanent, significant: false, autostart: true };
    let mut machine = GroupMachine::new(policy(keys), ["a", "b", "c"].map(child).into());
    machine.request(Request::Start, origin());
    for name in ["a", "b", "c"] {
        machine.told(&id(name), Fact::Up, origin());
    }
    machine.asked(&id("b"), Wish::Stop, origin());
    machine.told(&id("b"), Fact::Stopped, origin());
    assert!(machine.orders().is_empty());
    machine
}

/// Who is told to be down together, until nobody is.
fn turns(mut machine: GroupMachine) -> Vec<Vec<String>> {
    machine.request(Request::Halt, origin());
    let mut turns = Vec::new();
    loop {
        let orders = machine.orders();
        if orders.is_empty() {
            assert_eq!(machine.standing(), Standing::Halting);
            return turns;
        }
        assert!(orders.iter().all(|order| order.task == Task::Stop), "{orders:?}");
        turns.push(orders.iter().map(|order| order.child.to_string()).collect());
        for order in orders {
            machine.told(&order.child, Fact::Stopped, origin());
        }
    }
}

#[test]
fn one_that_is_down_already_has_its_turn_at_the_end() {
    assert_eq!(turns(without_b("strategy=one_for_one")), [["c"], ["b"], ["a"]]);
    let mut together = turns(without_b("strategy=one_for_one stop_order=parallel"));
    together.iter_mut().for_each(|names| names.sort());
    assert_eq!(together, [["a", "b", "c"]]);
}
