//! What is to become of a process that is not up, and why its groups do what they do. The machines alone: their children
//! do at once what they are told, unless they are slow, broken or stubborn.

use crate::herd::{origin, setting};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use treeherd_domain::cause::Cause;
use treeherd_domain::group::{
    Changes, ChildId, Fact, Forest, Outlook, Reasons, Request, Standing, Task, Wish, plots,
};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::spec::GroupSpec;
use treeherd_domain::strategy::Ending;

/// Groups after a script: `0 slow a & start | 5 a fails`.
struct Herd {
    forest: Forest,
    reasons: Reasons,
    homes: BTreeMap<String, Namespec>,
    moods: BTreeMap<String, String>,
    handed: BTreeSet<(GroupName, u64)>,
    top: GroupName,
    now: Duration,
}

impl Herd {
    fn after(groups: &str, script: &str) -> Self {
        let setting = setting(groups);
        let specs: Vec<&GroupSpec> = setting.groups.iter().map(|group| &**group).collect();
        let all =
            specs.iter().flat_map(|group| group.processes.iter().map(|one| group.namespec(&one.name)));
        let homes = all.map(|name| (name.process.to_string(), name)).collect();
        let mut herd = Self {
            forest: Forest::default(),
            reasons: Reasons::default(),
            homes,
            moods: BTreeMap::new(),
            handed: BTreeSet::new(),
            top: specs[0].name.clone(),
            now: Duration::ZERO,
        };
        herd.forest.plant(plots(&specs, None), origin());
        for line in script.split('|') {
            let (time, inputs) = line.trim().split_once(' ').expect("a line is a time and an input");
            herd.sleep_until(Duration::from_secs(time.parse().expect("a time is a number of seconds")));
            inputs.split('&').for_each(|input| herd.feed(input.trim()));
        }
        herd
    }

    fn process(&self, name: &str) -> Namespec {
        self.homes.get(name).cloned().unwrap_or_else(|| panic!("no process {name}"))
    }

    fn sleep_until(&mut self, until: Duration) {
        while let Some(at) = self.forest.deadline().filter(|at| *at <= origin() + until) {
            self.now = at.saturating_duration_since(origin()).max(self.now);
            let changes = self.forest.due(origin() + self.now);
            self.take(changes);
        }
        self.now = until;
    }

    fn feed(&mut self, input: &str) {
        let now = origin() + self.now;
        let changes = match input.split_whitespace().collect::<Vec<_>>()[..] {
            ["wait"] => Changes::default(),
            ["start"] => self.forest.request(Some(&self.top), Request::Start, now),
            ["stop"] => self.forest.request(Some(&self.top), Request::Stop, now),
            ["freeze"] => self.forest.freeze(now),
            ["ask", "stop", name] => self.forest.asked(&self.process(name), Wish::Stop, now),
            [name, "fails"] => self.forest.told(&self.process(name), Fact::Ended(Ending::Abnormal), now),
            [name, "ends"] => self.forest.told(&self.process(name), Fact::Ended(Ending::Normal), now),
            [mood, name] => {
                self.moods.insert(name.to_owned(), mood.to_owned());
                return;
            }
            _ => panic!("no such input: {input}"),
        };
        self.take(changes);
    }

    /// Lets the children do as they are told.
    fn take(&mut self, changes: Changes) {
        let mut touched = self.note(changes);
        while let Some(group) = touched.pop_first() {
            for order in self.forest.orders(&group) {
                let ChildId::Process(process) = &order.child else { continue };
                if !self.handed.insert((group.clone(), order.ticket)) {
                    continue;
                }
                let fact = match (order.task, self.moods.get(process.as_str()).map(String::as_str)) {
                    (Task::Start, Some("slow")) | (Task::Stop, Some("stubborn")) => continue,
                    (Task::Start, Some("broken")) => Fact::StartFailed,
                    (Task::Start, _) => Fact::Up,
                    (Task::Stop, _) => Fact::Stopped,
                };
                let name = Namespec::new(group.clone(), process.clone());
                let changes = self.forest.told(&name, fact, origin() + self.now);
                touched.extend(self.note(changes));
            }
        }
    }

    fn note(&mut self, changes: Changes) -> BTreeSet<GroupName> {
        let at_ms = u64::try_from(self.now.as_millis()).expect("a script is short");
        self.reasons.note(&changes, &self.forest, at_ms, |_| Cause::Autostart(None), |_| Some(at_ms));
        changes.touched
    }
}

/// The outlook of a process after a script.
#[track_caller]
fn outlook(groups: &str, script: &str, process: &str) -> Outlook {
    let herd = Herd::after(groups, script);
    herd.forest.outlook(&herd.process(process)).expect("its group has a machine")
}

fn first(of: &str, children: &[&str], down: bool) -> Outlook {
    let child = |name: &&str| match name.strip_prefix('@') {
        Some(group) => ChildId::Group(GroupName::new(group)),
        None => ChildId::Process(ProcessName::new(name)),
    };
    Outlook::InTurn { first: children.iter().map(child).collect(), of: Some(GroupName::new(of)), down }
}

/// A group of this standing.
fn rests(group: &str, standing: Standing) -> Outlook {
    Outlook::Rests { group: Some(GroupName::new(group)), standing }
}

#[test]
fn who_has_not_been_started_yet_waits_for_its_turn() {
    let groups = "g: a b c";
    assert_eq!(outlook(groups, "0 wait", "b"), rests("g", Standing::New));
    assert_eq!(outlook(groups, "0 slow a & start", "a"), Outlook::Told);
    assert_eq!(outlook(groups, "0 slow a & start", "b"), first("g", &["a"], false));
    assert_eq!(outlook(groups, "0 slow b & start", "c"), first("g", &["b"], false));
    assert_eq!(outlook(groups, "0 start", "c"), Outlook::Nothing);
    assert_eq!(outlook("g: a b:manual", "0 start", "b"), Outlook::Held);
    assert_eq!(outlook(groups, "0 slow a & start & ask stop b", "b"), Outlook::Held);
    assert_eq!(outlook(groups, "0 slow a & start | 1 freeze", "b"), rests("g", Standing::Halting));
}

#[test]
fn who_is_started_again_is_due_or_waits_for_others() {
    let due = |seconds| Outlook::Due(origin() + Duration::from_secs(seconds));
    // the first restart is made at once, the next one waits
    assert_eq!(outlook("g backoff=3,3,1,0: a b", "0 start | 5 a fails | 6 a fails", "a"), due(9));
    let all = "g strategy=one_for_all backoff=3,3,1,0: a b c";
    assert_eq!(outlook(all, "0 start & stubborn c | 5 b fails", "a"), first("g", &["c"], true));
    assert_eq!(outlook(all, "0 start & stubborn c | 5 b fails", "b"), first("g", &["c", "a"], true));
    assert_eq!(outlook(all, "0 start | 5 b fails | 6 b fails", "a"), due(9));
    assert_eq!(outlook(all, "0 start | 5 b fails | 6 b fails", "b"), first("g", &["a"], false));
    assert_eq!(outlook("g: a:temporary b", "0 start | 5 a fails", "a"), Outlook::Over);
    assert_eq!(outlook("g: a:transient b", "0 start | 5 a ends", "a"), Outlook::Nothing);
}

#[test]
fn a_group_that_is_not_at_work_tells_for_all_below_it() {
    let gave_up = "0 slow a & start | 1 a fails";
    assert_eq!(outlook("g intensity=0: a b", gave_up, "b"), rests("g", Standing::Fatal));
    let failed = "0 broken a & start";
    assert_eq!(outlook("g start_failure=fail: a b", failed, "b"), rests("g", Standing::Fatal));
    let done = "g auto_shutdown=any_significant: a:transient,significant b:manual";
    assert_eq!(outlook(done, "0 start | 1 a ends", "b"), rests("g", Standing::Ended));
    let three = "top intensity=0: w @mid | mid intensity=0 escalate=parent: v @low | low intensity=0 escalate=parent: x y";
    assert_eq!(outlook(three, "0 slow x & start", "y"), first("low", &["x"], false));
    assert_eq!(outlook(three, "0 slow v & start", "y"), first("mid", &["v"], false));
    assert_eq!(outlook(three, "0 slow w & start", "y"), first("top", &["w"], false));
    assert_eq!(
        outlook("top: @one @two | one: a | two: b", "0 slow a & start", "b"),
        first("top", &["@one"], false)
    );
    assert_eq!(outlook(three, "0 start | 1 x fails", "y"), rests("top", Standing::Fatal));
    // a stop of the lowest takes its time, and the ones above do not know of it yet
    let slow = "0 start & stubborn y | 1 x fails";
    assert_eq!(outlook(three, slow, "x"), rests("low", Standing::Leaving));
    assert_eq!(outlook(three, "0 start | 1 stop", "x"), rests("top", Standing::Stopped));
}

#[test]
fn a_nested_group_that_gave_up_stays_down_below_one_that_works() {
    let groups = "top: w @low | low intensity=0: x y";
    assert_eq!(outlook(groups, "0 start | 1 x fails", "y"), rests("low", Standing::Fatal));
    assert_eq!(outlook(groups, "0 start | 1 x fails", "w"), Outlook::Nothing);
}

/// A cause and those behind it.
fn chain(cause: &Cause) -> Vec<String> {
    std::iter::successors(Some(cause), |cause| cause.because().map(|behind| &**behind))
        .map(ToString::to_string)
        .collect()
}

#[test]
fn why_a_group_gave_up_leads_down_to_the_process() {
    let three = "top intensity=0: w @mid | mid intensity=0 escalate=parent: v @low | low intensity=0 escalate=parent: x y";
    let herd = Herd::after(three, "0 start | 7 x fails");
    let of_top = herd.reasons.get(&GroupName::new("top")).expect("it acted");
    assert_eq!(of_top.at_ms, 7000);
    assert_eq!(
        chain(&of_top.cause),
        [
            "group top gave up: group mid failed (low:x #7000)",
            "group mid gave up: group low failed (low:x #7000)",
            "group low gave up: x failed (low:x #7000)",
        ]
    );
    // what is stopped for it below has the cause of the one at the top
    let of_mid = herd.reasons.get(&GroupName::new("mid")).expect("it acted");
    assert_eq!(of_mid.cause, of_top.cause);
}

#[test]
fn a_restart_of_a_group_has_the_reason_of_its_end_behind_it() {
    let two = "top: @low | low intensity=0 escalate=parent: x y";
    let herd = Herd::after(two, "0 start | 7 x fails");
    let acted = herd.reasons.get(&GroupName::new("low")).expect("it acted");
    assert_eq!(
        chain(&acted.cause),
        [
            "strategy=one_for_one of group top: group low failed (low:x #7000)",
            "group low gave up: x failed (low:x #7000)",
        ]
    );
}
