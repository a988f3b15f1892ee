//! Why a process that waited for what it requires waits no longer, in words.

use treeherd_domain::depend::gate::Missing;
use treeherd_domain::depend::{Gate, Look, Target};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};

fn missing(name: &str, soft: bool) -> Missing {
    let on = Target::Process(Namespec::new(GroupName::new(name), ProcessName::new(name)));
    Missing { on, matter: None, stuck: false, soft }
}

#[test]
fn what_is_soft_may_be_waited_for_no_longer_without_being_there() {
    for (before, expected) in [
        (vec![], "nothing that it requires was missing"),
        (vec![missing("db", false)], "db is there, which it requires"),
        (vec![missing("cache", true)], "cache is there, or not on its way any more (?)"),
        (
            vec![missing("db", false), missing("cache", true), missing("job", false)],
            "db, job is there, which it requires; cache as well, or not on its way any more (?)",
        ),
    ] {
        let mut gate = Gate::default();
        gate.look(before.clone());
        let Look::Clear { text, .. } = gate.look(Vec::new()) else { panic!("nothing is missing") };
        assert_eq!(text, expected, "{before:?}");
    }
}
