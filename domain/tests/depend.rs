//! Requirements: what is missing at a moment, and the orders of starting and stopping.
//!
//! ```text
//! gate    one process that is required, in every state, against every condition
//! graph   random groups with random requirements on earlier ones: orders, each once, ties
//! ```

#[path = "common/process.rs"]
mod process;

use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};
use std::time::Instant;
use treeherd_domain::depend::descent::Descent;
use treeherd_domain::depend::gate::{Standing, World, lost, missing, relied_on, to_summon};
use treeherd_domain::depend::graph::Graph;
use treeherd_domain::depend::way::{Step, Way};
use treeherd_domain::depend::{Condition, Depend, OnLoss, Requirement, Target};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::health::Health;
use treeherd_domain::lifecycle::{Attempt, Next, State, StopStep, Then};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::spec::{GroupKind, GroupRules, GroupSpec};

#[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
fn now() -> Instant {
    static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);
    *NOW
}

fn name(text: &str) -> Namespec {
    let (group, process) = text.split_once(':').unwrap_or((text, text));
    Namespec::new(GroupName::new(group), ProcessName::new(process))
}

/// Processes as they stand, and probes.
#[derive(Default)]
struct Herd {
    processes: Vec<(Namespec, Standing)>,
    probes: HashMap<String, Health>,
}

impl Herd {
    fn with(mut self, text: &str, state: State) -> Self {
        let ready = matches!(state, State::Running { .. });
        let (health, will_begin) = (Health::Unknown, false);
        let standing =
            Standing { state, ready, health, will_begin, held_up: false, stuck: false, incarnation: 1 };
        self.processes.push((name(text), standing));
        self
    }

    fn but(mut self, edit: impl FnOnce(&mut Standing)) -> Self {
        edit(&mut self.processes.last_mut().expect("there is one").1);
        self
    }
}

impl World for Herd {
    fn process(&self, namespec: &Namespec) -> Option<Standing> {
        self.processes.iter().find(|(name, _)| name == namespec).map(|(_, standing)| *standing)
    }

    fn group(&self, group: &GroupName) -> Option<Vec<(Namespec, Standing)>> {
        let members: Vec<_> =
            self.processes.iter().filter(|(name, _)| name.group == *group).cloned().collect();
        (!members.is_empty()).then_some(members)
    }

    fn probe(&self, name: &str) -> Option<Health> {
        self.probes.get(name).copied()
    }
}

fn requires(on: Target, condition: Condition, soft: bool) -> Depend {
    Depend { requires: vec![Requirement { on, condition, soft }], on_loss: OnLoss::None }
}

fn on(text: &str) -> Target {
    Target::Process(name(text))
}

/// What is shown as missing.
fn shown(depend: &Depend, herd: &Herd) -> Vec<String> {
    missing(depend, herd).iter().map(ToString::to_string).collect()
}

fn running() -> State {
    State::Running { since: now(), attempt: Attempt::FIRST, end_at: None }
}

fn fatal() -> State {
    State::Fatal { retry_at: None, attempt: Attempt::FIRST }
}

fn exited(code: i32, expected: bool, again: bool) -> State {
    State::Exited {
        status: ExitStatus::Code(code),
        expected,
        restart_at: again.then(now),
        attempt: Attempt::FIRST,
    }
}

/// Every state, with a name.
fn states() -> Vec<(&'static str, State)> {
    let due = Some(now());
    vec![
        ("stopped", State::STOPPED),
        ("stopped, start due", State::Stopped { start_at: due }),
        ("waiting", State::Waiting { attempt: Attempt::FIRST }),
        ("unborn", State::Starting { ready_at: None, attempt: Attempt::FIRST }),
        ("starting", State::Starting { ready_at: due, attempt: Attempt::FIRST }),
        ("running", running()),
        ("retry", State::Backoff { attempt: Attempt::FIRST, next: Next::Retry(now()) }),
        ("giving up", State::Backoff { attempt: Attempt::FIRST, next: Next::GiveUp(now()) }),
        ("stopping", State::Stopping { kill_at: due, step: StopStep::FIRST, then: Then::Stay }),
        ("restarting", State::Stopping { kill_at: due, step: StopStep::FIRST, then: Then::Start }),
        ("exited 0", exited(0, true, false)),
        ("exited 3", exited(3, false, false)),
        ("exited, start due", exited(3, false, true)),
        ("fatal", fatal()),
        ("unknown", State::Unknown),
    ]
}

/// `x`: holds nothing back; `.`: holds back; `!`: and does not come by itself.
fn table(condition: &Condition) -> String {
    let cell = |(_, state)| {
        let depend = requires(on("db"), condition.clone(), false);
        match missing(&depend, &Herd::default().with("db", state)).first() {
            None => 'x',
            Some(missing) if missing.stuck => '!',
            Some(_) => '.',
        }
    };
    states().into_iter().map(cell).collect()
}

#[test]
fn each_condition_is_met_comes_or_is_stuck_by_the_state() {
    // stopped, start due, waiting, unborn, starting, running, retry, giving up, stopping, restarting, exited 0, 3, due, fatal, unknown
    assert_eq!(table(&Condition::Started), "!...xx.!!.!!.!!");
    assert_eq!(table(&Condition::Running), "!....x.!!.!!.!!");
    assert_eq!(table(&Condition::Ready), "!....x.!!.!!.!!");
    assert_eq!(table(&Condition::Healthy), "!......!!.!!.!!");
    assert_eq!(table(&Condition::Exited(Vec::new())), "!......!!.xx.!!");
    assert_eq!(table(&Condition::Exited(vec![3])), "!......!!.!x.!!");
    assert_eq!(table(&Condition::Completed), "!......!!.x!.!!");
}

#[test]
fn readiness_and_health_are_asked_for_where_they_are_required() {
    let ready = requires(on("db"), Condition::Ready, false);
    let healthy = requires(on("db"), Condition::Healthy, false);
    let unready = Herd::default().with("db", running()).but(|db| db.ready = false);
    assert_eq!(shown(&ready, &unready), ["db"]);
    let well = Herd::default().with("db", running()).but(|db| db.health = Health::Healthy);
    assert!(shown(&healthy, &well).is_empty());
    let early = Herd::default()
        .with("db", State::Starting { ready_at: Some(now()), attempt: Attempt::FIRST })
        .but(|db| db.ready = true);
    assert!(shown(&ready, &early).is_empty(), "ready before startsecs is ready");
}

#[test]
fn a_soft_requirement_holds_back_only_while_it_comes_by_itself() {
    for (label, state) in states() {
        let herd = Herd::default().with("db", state);
        let hard = missing(&requires(on("db"), Condition::Ready, false), &herd);
        let soft = missing(&requires(on("db"), Condition::Ready, true), &herd);
        assert_eq!(soft.len(), hard.iter().filter(|missing| !missing.stuck).count(), "{label}");
    }
    let soft = requires(on("db"), Condition::Ready, true);
    assert!(shown(&soft, &Herd::default()).is_empty(), "what is not active is not waited for");
    let waits = Herd::default().with("db", State::Waiting { attempt: Attempt::FIRST });
    assert_eq!(shown(&soft, &waits), ["db"]);
    assert!(shown(&soft, &waits.but(|db| db.stuck = true)).is_empty(), "nor what waits for ever");
    let at_boot = Herd::default().with("db", State::STOPPED).but(|db| db.will_begin = true);
    assert_eq!(shown(&soft, &at_boot), ["db"], "what is about to begin is");
}

#[test]
fn what_is_missing_says_what_is_the_matter() {
    let ready = |text| requires(on(text), Condition::Ready, false);
    let table = [
        (State::STOPPED, "db: STOPPED"),
        (fatal(), "db: FATAL"),
        (State::Backoff { attempt: Attempt::FIRST, next: Next::Retry(now()) }, "db: BACKOFF"),
        (State::Starting { ready_at: None, attempt: Attempt::FIRST }, "db"),
        (exited(3, false, false), "db: EXITED"),
    ];
    for (state, words) in table {
        assert_eq!(shown(&ready("db"), &Herd::default().with("db", state)), [words]);
    }
    let completed = requires(on("db"), Condition::Completed, false);
    assert_eq!(
        shown(&completed, &Herd::default().with("db", exited(3, false, false))),
        ["db: exit status 3"]
    );
    assert_eq!(shown(&ready("shop:db"), &Herd::default()), ["shop:db: not active"]);
}

#[test]
fn of_a_group_the_worst_tells_and_one_alone_by_its_name() {
    let group = requires(Target::Group(GroupName::new("shop")), Condition::Ready, false);
    let unborn = State::Starting { ready_at: None, attempt: Attempt::FIRST };
    let herd = || Herd::default().with("shop:a", running());
    assert!(shown(&group, &herd()).is_empty());
    assert_eq!(shown(&group, &herd().with("shop:b", unborn)), ["shop:b"]);
    assert_eq!(shown(&group, &herd().with("shop:b", unborn).with("shop:c", unborn)), ["shop:*"]);
    let worst = herd().with("shop:b", unborn).with("shop:c", fatal());
    assert_eq!(shown(&group, &worst), ["shop:c: FATAL"]);
    let soft = requires(Target::Group(GroupName::new("shop")), Condition::Ready, true);
    assert_eq!(shown(&soft, &worst), ["shop:b"], "the soft one waits for the rest");
}

#[test]
fn a_probe_holds_back_until_it_is_green_and_softly_until_it_is_known() {
    let probe = |soft| requires(Target::Probe("mysql".into()), Condition::Ready, soft);
    let says = |health| Herd { probes: [("mysql".to_owned(), health)].into(), ..Herd::default() };
    assert_eq!(shown(&probe(false), &says(Health::Unknown)), ["probe:mysql"]);
    assert_eq!(shown(&probe(false), &says(Health::Unhealthy)), ["probe:mysql: red"]);
    assert!(shown(&probe(false), &says(Health::Healthy)).is_empty());
    assert_eq!(shown(&probe(true), &says(Health::Unknown)), ["probe:mysql"]);
    assert!(shown(&probe(true), &says(Health::Unhealthy)).is_empty());
}

#[test]
fn a_start_brings_up_what_is_hard_required_and_down() {
    let depend = |soft| requires(on("db"), Condition::Ready, soft);
    let summoned = |soft, state| to_summon(&depend(soft), &Herd::default().with("db", state)).len();
    for (label, state) in states() {
        let down = ["stopped", "exited 0", "exited 3", "fatal", "unknown"].contains(&label);
        assert_eq!(summoned(false, state), usize::from(down), "{label}");
        assert_eq!(summoned(true, state), 0, "{label}");
    }
    let job = requires(on("db"), Condition::Completed, false);
    let done = Herd::default().with("db", exited(0, true, false));
    assert!(to_summon(&job, &done).is_empty(), "what has done its work is not done again");
}

#[test]
fn what_goes_down_or_is_another_one_is_lost() {
    let depend = requires(on("db"), Condition::Ready, false);
    let up = Herd::default().with("db", running());
    let relied = relied_on(&depend, &up);
    assert_eq!(lost(&relied, &up), None);
    let herd = |state| Herd::default().with("db", state);
    for state in [
        fatal(),
        State::Stopping { kill_at: None, step: StopStep::FIRST, then: Then::Start },
        exited(1, false, true),
    ] {
        assert_eq!(lost(&relied, &herd(state)), Some(&name("db")), "{state:?}");
    }
    assert_eq!(lost(&relied, &herd(running()).but(|db| db.incarnation = 2)), Some(&name("db")));
    assert_eq!(lost(&relied, &herd(running()).but(|db| db.ready = false)), None, "it has not gone down");
    assert_eq!(lost(&relied, &Herd::default()), Some(&name("db")));
    let job = requires(on("db"), Condition::Completed, false);
    assert!(relied_on(&job, &up).is_empty(), "an end is no loss where an end is required");
}

/// Groups of one process each, by priority, and of each the earlier ones that it requires.
fn groups(spec: &[(i64, Vec<usize>)]) -> Vec<Arc<GroupSpec>> {
    let group = |(at, (priority, required)): (usize, &(i64, Vec<usize>))| {
        let mut process = process::process(&format!("p{at:02}"));
        process.depend.requires = required
            .iter()
            .map(|to| Requirement {
                on: on(&format!("p{to:02}")),
                condition: Condition::Ready,
                soft: to % 2 == 0,
            })
            .collect();
        Arc::new(GroupSpec {
            name: GroupName::new(&format!("p{at:02}")),
            kind: GroupKind::Program,
            priority: *priority,
            processes: vec![Arc::new(process)],
            rules: GroupRules::default(),
        })
    };
    spec.iter().enumerate().map(group).collect()
}

fn acyclic() -> impl Strategy<Value = Vec<(i64, Vec<usize>)>> {
    let one = (0..4_i64, prop::collection::vec(any::<prop::sample::Index>(), 0..4));
    prop::collection::vec(one, 1..24).prop_map(|all| {
        let earlier = |at: usize, required: Vec<prop::sample::Index>| match at {
            0 => Vec::new(),
            at => required.into_iter().map(|index| index.index(at)).collect(),
        };
        all.into_iter().enumerate().map(|(at, (priority, r))| (priority, earlier(at, r))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_starts_once_after_what_it_requires_and_ties_go_by_priority(spec in acyclic()) {
        let groups = groups(&spec);
        let graph = Graph::of(&groups);
        prop_assert_eq!(graph.cycle(), None);
        let order = graph.boot_order();
        let place: HashMap<&Namespec, usize> = order.iter().enumerate().map(|(at, n)| (*n, at)).collect();
        prop_assert_eq!(place.len(), spec.len());
        prop_assert_eq!(order.len(), spec.len());
        for (at, namespec) in order.iter().enumerate() {
            prop_assert!(graph.requires(namespec).iter().all(|required| place[required] < at));
            // nobody who might have started as early comes later and is before it by priority and name
            let free = |other: &&Namespec| graph.requires(other).iter().all(|required| place[required] < at);
            let rank = |n: &Namespec| {
                let group = groups.iter().find(|group| group.name == n.group).expect("it is one of them");
                (group.priority, group.name.clone())
            };
            prop_assert!(order[at..].iter().filter(|n| free(n)).all(|other| rank(namespec) <= rank(other)));
        }
    }

    #[test]
    fn everybody_goes_down_once_after_its_dependents_and_comes_back_once_after_what_it_requires(
        spec in acyclic(),
        some in any::<u32>(),
        returns in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let graph = Graph::of(&groups(&spec));
        let all = graph.boot_order().into_iter().cloned().enumerate();
        let all: HashSet<Namespec> = all.filter(|(at, _)| some >> at & 1 == 1).map(|(_, one)| one).collect();
        let mut way = Way::new(Descent::new(graph.clone(), &[], all.clone()), returns);
        let (mut down, mut up) = (HashSet::new(), HashSet::new());
        let (mut told, mut pending): (usize, Vec<Namespec>) = (0, Vec::new());
        let mut random = seed;
        while !way.is_over() {
            for step in way.next(|namespec| down.contains(namespec)) {
                match step {
                    Step::Down(namespec) => {
                        let mut dependents = graph.dependents(&namespec).into_iter().filter(|d| all.contains(*d));
                        prop_assert!(dependents.all(|dependent| down.contains(dependent)), "{}", namespec);
                        told += 1;
                        pending.push(namespec);
                    }
                    Step::Up(namespec) => {
                        let mut required = graph.requires(&namespec).into_iter().filter(|r| all.contains(*r));
                        prop_assert!(required.all(|required| up.contains(required)), "{}", namespec);
                        prop_assert!(returns && down.contains(&namespec) && up.insert(namespec));
                    }
                }
            }
            if way.is_over() {
                break;
            }
            prop_assert!(!pending.is_empty(), "it does not come to its end");
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let one = usize::try_from(random >> 33).expect("31 bits fit") % pending.len();
            let one = pending.swap_remove(one);
            way.over(&one);
            prop_assert!(down.insert(one));
        }
        prop_assert_eq!((told, down.len(), up.len()), (all.len(), all.len(), if returns { all.len() } else { 0 }));
    }

    #[test]
    fn a_way_back_is_found_wherever_it_is(spec in acyclic(), at in any::<prop::sample::Index>()) {
        let mut spec = spec;
        // from the first of a chain to whoever requires it, however far
        let last = at.index(spec.len());
        let mut reachable = vec![last];
        while let Some(next) = spec[reachable[reachable.len() - 1]].1.first() {
            reachable.push(*next);
        }
        let first = reachable[reachable.len() - 1];
        spec[first].1.push(last);
        let graph = Graph::of(&groups(&spec));
        let cycle = graph.cycle();
        prop_assert!(cycle.is_some());
        let cycle = cycle.unwrap_or_default();
        for (at, link) in cycle.iter().enumerate() {
            let next = &cycle[(at + 1) % cycle.len()].namespec;
            prop_assert!(graph.requires(&link.namespec).contains(&next));
        }
    }
}

#[test]
fn where_nothing_is_required_the_order_is_that_of_the_priorities() {
    let spec = [(3, vec![]), (1, vec![]), (2, vec![]), (1, vec![])];
    let graph = Graph::of(&groups(&spec));
    let order: Vec<String> = graph.boot_order().into_iter().map(ToString::to_string).collect();
    assert_eq!(order, ["p01", "p03", "p02", "p00"]);
    assert!(!graph.has_edges());
}

#[test]
fn those_of_a_circle_go_down_all_the_same() {
    let spec = [(1, vec![1]), (1, vec![0]), (1, vec![0])];
    let graph = Graph::of(&groups(&spec));
    let mut way = Way::new(Descent::new(graph, &[], ["p00", "p01", "p02"].map(name)), true);
    assert_eq!(way.next(|_| false), [Step::Down(name("p02"))]);
    assert!(way.next(|_| false).is_empty(), "as long as somebody is on the way, the others wait");
    way.over(&name("p02"));
    let is_down = |one: &Namespec| *one == name("p02");
    assert_eq!(way.next(is_down), [Step::Down(name("p01")), Step::Down(name("p00"))]);
    ["p00", "p01"].map(name).iter().for_each(|one| way.over(one));
    let up = ["p02", "p00", "p01"].map(|one| Step::Up(name(one)));
    assert_eq!((way.next(|_| true), way.is_over()), (up.to_vec(), true), "and come back");
}
