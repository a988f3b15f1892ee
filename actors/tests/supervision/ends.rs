//! How an actor ends: what its parent is told, when, and that a second bug on the way down is no disaster.

use crate::toy::{
    End, Forget, Hire, Quirks, Toys, Way, boss, gate, paused, plan, quirky, real, settle, worker,
};
use actix_rt::Arbiter;
use std::sync::Arc;
use std::time::Duration;
use treeherd_actors::clock;
use treeherd_actors::supervision::link::{Down, Exit};
use treeherd_domain::strategy::Restart::Permanent;
use treeherd_domain::strategy::Strategy::OneForOne;

fn alone(quirks: Quirks) -> Toys {
    Toys::start(plan(OneForOne, vec![quirky("a", Permanent, quirks)]))
}

#[test]
fn a_panic_in_stopped_after_a_panic_does_not_abort() {
    paused(|| async {
        let toys = alone(Quirks { stopped_panics: true, ..Quirks::default() });
        settle().await;
        toys.end("a", Way::Handler);
        settle().await;
        assert_eq!(toys.diary.count("down a1 (toy: a fails): restarted a"), 1, "{:#?}", toys.diary.lines());
        assert_eq!(toys.list().await, "a2");
    });
}

#[test]
fn a_panic_in_a_destructor_after_a_panic_does_not_abort() {
    paused(|| async {
        let toys = alone(Quirks { drop_panics: true, ..Quirks::default() });
        settle().await;
        toys.end("a", Way::Handler);
        settle().await;
        assert_eq!(toys.diary.count("down a1 (toy: a fails): restarted a"), 1, "{:#?}", toys.diary.lines());
        assert_eq!(toys.list().await, "a2");
    });
}

#[test]
fn a_panic_in_stopped_after_an_orderly_stop_is_told() {
    paused(|| async {
        let toys = alone(Quirks { stopped_panics: true, ..Quirks::default() });
        settle().await;
        toys.end("a", Way::Stop);
        settle().await;
        assert_eq!(
            toys.diary.count("down a1 (toy: a cannot stop): restarted a"),
            1,
            "{:#?}",
            toys.diary.lines()
        );
    });
}

#[test]
fn a_panic_in_a_destructor_after_an_orderly_stop_is_told() {
    paused(|| async {
        let toys = alone(Quirks { drop_panics: true, ..Quirks::default() });
        settle().await;
        toys.end("a", Way::Stop);
        settle().await;
        let told = toys.diary.count("down a1 (toy: a cannot be dropped): restarted a");
        assert_eq!(told, 1, "{:#?}", toys.diary.lines());
    });
}

#[test]
fn children_are_told_to_stop_when_their_parent_panics() {
    paused(|| async {
        let below = plan(OneForOne, ["x", "y", "z"].map(|name| worker(name, Permanent)).to_vec());
        let toys = Toys::start(plan(OneForOne, vec![boss("middle", below)]));
        settle().await;
        toys.diary.clear();
        toys.diary.boss("middle").do_send(End(Way::Handler));
        settle().await;
        let lines = toys.diary.lines();
        let stops: Vec<_> = lines.iter().filter(|line| line.starts_with("stop")).collect();
        assert_eq!(stops, ["stop z1", "stop y1", "stop x1"]);
        let at = |line: &str| lines.iter().position(|known| known == line).unwrap();
        let restart = at("down middle1 (toy: middle fails): restarted middle");
        assert!(["drop x1", "drop y1", "drop z1"].iter().all(|drop| at(drop) < restart), "{lines:#?}");
        assert_eq!(toys.list().await, "middle2");
    });
}

#[test]
fn down_comes_only_when_the_slowest_descendant_on_another_thread_is_gone() {
    real(|| async {
        let (arbiter, (gate, open)) = (Arbiter::new(), gate());
        let slow = Quirks { on: Some(arbiter.handle()), gate: Some(gate), ..Quirks::default() };
        let lowest = plan(OneForOne, vec![quirky("leaf", Permanent, slow)]);
        let below = plan(OneForOne, vec![boss("lower", lowest)]);
        let mut toys = Toys::start(plan(OneForOne, vec![boss("middle", below)]));
        toys.diary.until("start leaf1").await;
        toys.diary.boss("top").do_send(End(Way::Handler));
        toys.diary.until("stop leaf1").await;
        let early = tokio::time::timeout(Duration::from_millis(50), toys.downs.recv()).await;
        assert!(early.is_err(), "a Down although a descendant lives: {early:?}");
        open.send(()).unwrap();
        let down = toys.down().await;
        assert_eq!(down.exit, Exit::Panic("toy: top fails".to_owned()));
        assert_eq!(toys.diary.count("drop leaf1"), 1);
        arbiter.stop();
        arbiter.join().unwrap();
    });
}

#[test]
fn a_stale_down_is_ignored() {
    paused(|| async {
        let toys = alone(Quirks::default());
        settle().await;
        toys.end("a", Way::Handler);
        settle().await;
        for incarnation in [0, 1, 3] {
            let down = Down { child: Arc::from("a"), incarnation, exit: Exit::Normal, since: clock::now() };
            toys.diary.boss("top").do_send(down);
            settle().await;
            assert_eq!(toys.diary.count(&format!("down a{incarnation} (stopped): stale")), 1);
        }
        let stranger =
            Down { child: Arc::from("nobody"), incarnation: 1, exit: Exit::Normal, since: clock::now() };
        toys.diary.boss("top").do_send(stranger);
        settle().await;
        assert_eq!(toys.diary.count("down nobody1 (stopped): stale"), 1);
        assert_eq!(toys.list().await, "a2");
    });
}

#[test]
fn the_late_end_of_a_forgotten_child_is_not_that_of_its_namesake() {
    real(|| async {
        let (arbiter, (gate, open)) = (Arbiter::new(), gate());
        let slow = Quirks { on: Some(arbiter.handle()), gate: Some(gate), ..Quirks::default() };
        let toys = alone(slow);
        toys.diary.until("start a1").await;
        let top = toys.diary.boss("top");
        top.send(Forget("a")).await.unwrap();
        toys.diary.until("stop a1").await;
        top.send(Hire(worker("a", Permanent))).await.unwrap();
        let before = toys.list().await;
        open.send(()).unwrap();
        toys.diary.until("drop a1").await;
        toys.diary.until("down a1 (stopped): stale").await;
        assert_eq!(toys.list().await, before);
        assert_eq!(toys.diary.count_prefix("start a"), 2, "{:#?}", toys.diary.lines());
        drop(open);
        arbiter.stop();
        arbiter.join().unwrap();
    });
}

#[test]
fn a_child_whose_thread_is_gone_counts_as_ended() {
    real(|| async {
        let arbiter = Arbiter::new();
        let handle = arbiter.handle();
        arbiter.stop();
        arbiter.join().unwrap();
        let mut toys = alone(Quirks { on: Some(handle), ..Quirks::default() });
        // every start of it ends at once, until the parent gives up
        assert!(matches!(toys.down().await.exit, Exit::Exhausted(_)));
    });
}

#[test]
fn the_children_of_a_thread_that_ends_count_as_ended() {
    real(|| async {
        let arbiter = Arbiter::new();
        let on = Some(arbiter.handle());
        let mut toys = alone(Quirks { on, ..Quirks::default() });
        toys.diary.until("start a1").await;
        arbiter.stop();
        arbiter.join().unwrap();
        assert!(matches!(toys.down().await.exit, Exit::Exhausted(_)));
    });
}
