//! Strategies at work: whom a restart takes along, in which order, and what happens meanwhile.

use crate::toy::{Quirks, Toys, Way, boss, gate, paused, plan, quirky, real, settle, worker};
use actix_rt::Arbiter;
use treeherd_domain::strategy::Restart::{Permanent, Temporary, Transient};
use treeherd_domain::strategy::Strategy::{OneForAll, OneForOne, RestForOne};

fn three() -> Vec<crate::toy::Member> {
    ["a", "b", "c"].map(|name| worker(name, Permanent)).to_vec()
}

/// The lines about starts and stops.
fn moves(toys: &Toys) -> Vec<String> {
    let lines = toys.diary.lines();
    lines.into_iter().filter(|line| line.starts_with("start") || line.starts_with("stop")).collect()
}

#[test]
fn children_start_in_order_and_stop_in_reverse_order() {
    paused(|| async {
        let mut toys = Toys::start(plan(OneForOne, three()));
        settle().await;
        assert_eq!(moves(&toys), ["start a1", "start b1", "start c1"]);
        toys.diary.clear();
        toys.diary.boss("top").do_send(crate::toy::End(Way::Stop));
        toys.down().await;
        assert_eq!(moves(&toys), ["stop c1", "stop b1", "stop a1"]);
    });
}

#[test]
fn one_for_one_leaves_the_others_alone() {
    paused(|| async {
        let toys = Toys::start(plan(OneForOne, three()));
        settle().await;
        toys.diary.clear();
        toys.end("a", Way::Handler);
        settle().await;
        assert_eq!(moves(&toys), ["stop a1", "start a2"]);
    });
}

#[test]
fn one_for_all_stops_the_others_in_reverse_order_and_starts_all_in_order() {
    paused(|| async {
        let toys = Toys::start(plan(OneForAll, three()));
        settle().await;
        toys.diary.clear();
        toys.end("b", Way::Handler);
        settle().await;
        assert_eq!(moves(&toys), ["stop b1", "stop c1", "stop a1", "start a2", "start b2", "start c2"]);
        assert_eq!(toys.diary.count("down a1 (stopped): restarted a b c"), 1);
    });
}

#[test]
fn rest_for_one_takes_along_those_after_it() {
    paused(|| async {
        let toys = Toys::start(plan(RestForOne, three()));
        settle().await;
        toys.diary.clear();
        toys.end("b", Way::Handler);
        settle().await;
        assert_eq!(moves(&toys), ["stop b1", "stop c1", "start b2", "start c2"]);
    });
}

#[test]
fn one_for_all_starts_a_transient_sibling_again_and_not_a_temporary_one() {
    paused(|| async {
        let members = vec![worker("a", Transient), worker("b", Permanent), worker("c", Temporary)];
        let toys = Toys::start(plan(OneForAll, members));
        settle().await;
        toys.end("b", Way::Handler);
        settle().await;
        assert_eq!(toys.list().await, "a2 b2");
    });
}

#[test]
fn one_for_all_starts_nobody_before_the_slowest_is_gone() {
    real(|| async {
        let (arbiter, (gate, open)) = (Arbiter::new(), gate());
        let slow = Quirks { on: Some(arbiter.handle()), gate: Some(gate), ..Quirks::default() };
        let members = vec![worker("a", Permanent), quirky("slow", Permanent, slow)];
        let toys = Toys::start(plan(OneForAll, members));
        toys.diary.until("start slow1").await;
        toys.end("a", Way::Handler);
        toys.diary.until("stop slow1").await;
        assert_eq!(toys.list().await, "a- slow1");
        open.send(()).unwrap();
        toys.diary.until("start slow2").await;
        assert_eq!(toys.list().await, "a2 slow2");
        let lines = toys.diary.lines();
        let at = |line: &str| lines.iter().position(|known| known == line).unwrap();
        assert!(at("drop slow1") < at("start a2"), "{lines:#?}");
        drop(open);
        arbiter.stop();
        arbiter.join().unwrap();
    });
}

#[test]
fn rest_for_one_other_child_fails_while_the_rest_is_awaited() {
    real(|| async {
        let (arbiter, (gate, open)) = (Arbiter::new(), gate());
        let slow = Quirks { on: Some(arbiter.handle()), gate: Some(gate), ..Quirks::default() };
        let members = vec![worker("a", Permanent), worker("b", Permanent), quirky("slow", Permanent, slow)];
        let toys = Toys::start(plan(RestForOne, members));
        toys.diary.until("start slow1").await;
        toys.end("b", Way::Handler);
        toys.diary.until("stop slow1").await;
        // one that stands before those that are restarted: now it is its restart as well
        toys.end("a", Way::Handler);
        toys.diary.until("down a1 (toy: a fails): noted").await;
        assert_eq!(toys.list().await, "a- b- slow1");
        open.send(()).unwrap();
        toys.diary.until("start slow2").await;
        assert_eq!(toys.list().await, "a2 b2 slow2");
        drop(open);
        arbiter.stop();
        arbiter.join().unwrap();
    });
}

#[test]
fn one_for_all_other_child_forgotten_while_it_is_awaited() {
    real(|| async {
        let (arbiter, (gate, open)) = (Arbiter::new(), gate());
        let slow = Quirks { on: Some(arbiter.handle()), gate: Some(gate), ..Quirks::default() };
        let members = vec![worker("a", Permanent), quirky("slow", Permanent, slow)];
        let toys = Toys::start(plan(OneForAll, members));
        toys.diary.until("start slow1").await;
        toys.end("a", Way::Handler);
        toys.diary.until("stop slow1").await;
        toys.diary.boss("top").do_send(crate::toy::Forget("slow"));
        toys.diary.until("start a2").await;
        assert_eq!(toys.list().await, "a2");
        drop(open);
        arbiter.stop();
        arbiter.join().unwrap();
    });
}

#[test]
fn one_for_all_restarts_whole_subtrees() {
    paused(|| async {
        let below = plan(OneForOne, vec![worker("x", Permanent), worker("y", Permanent)]);
        let toys = Toys::start(plan(OneForAll, vec![boss("under", below), worker("a", Permanent)]));
        settle().await;
        toys.diary.clear();
        toys.end("a", Way::Handler);
        settle().await;
        assert_eq!(toys.list().await, "under2 a2");
        // the links of the new subtree begin anew
        assert_eq!(moves(&toys), ["stop a1", "stop y1", "stop x1", "start a2", "start x1", "start y1"]);
    });
}
