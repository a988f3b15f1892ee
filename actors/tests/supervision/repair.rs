//! How long a tree is without one of its actors, as its parent tells.

use crate::toy::{
    DEADLINE, End, Hire, Quirks, Repairs, Toys, Way, boss, gate, paused, plan, quirky, real, settle, worker,
};
use actix_rt::Arbiter;
use std::time::Duration;
use treeherd_actors::clock;
use treeherd_domain::strategy::Restart::Permanent;
use treeherd_domain::strategy::Strategy::{OneForAll, OneForOne};

/// Longer than a repair that nothing holds up takes by far, and what holds one up here.
const HOLD: Duration = Duration::from_millis(50);

async fn repairs(toys: &Toys, boss: &str) -> Vec<(String, Option<Duration>)> {
    toys.diary.boss(boss).send(Repairs).await.unwrap()
}

/// Whether there is one, of each child.
async fn told(toys: &Toys, boss: &str) -> Vec<bool> {
    repairs(toys, boss).await.iter().map(|(_, took)| took.is_some()).collect()
}

#[test]
fn a_first_start_repairs_nothing() {
    paused(|| async {
        let toys = Toys::start(plan(OneForOne, vec![worker("a", Permanent), worker("b", Permanent)]));
        settle().await;
        assert_eq!(told(&toys, "top").await, [false, false]);
        toys.end("a", Way::Handler);
        settle().await;
        assert_eq!(told(&toys, "top").await, [true, false]);
        toys.end("b", Way::Stop);
        settle().await;
        assert_eq!(told(&toys, "top").await, [true, true]);
    });
}

#[test]
fn siblings_that_are_taken_along_are_repaired_as_well() {
    paused(|| async {
        let toys = Toys::start(plan(OneForAll, vec![worker("a", Permanent), worker("b", Permanent)]));
        settle().await;
        toys.end("a", Way::Handler);
        settle().await;
        assert_eq!(told(&toys, "top").await, [true, true]);
    });
}

#[test]
fn what_comes_back_with_its_parent_is_part_of_the_repair_and_what_comes_later_is_not() {
    paused(|| async {
        let below = plan(OneForOne, vec![worker("a", Permanent)]);
        let toys = Toys::start(plan(OneForOne, vec![boss("b", below)]));
        settle().await;
        assert_eq!(told(&toys, "b").await, [false]);
        toys.diary.boss("b").do_send(End(Way::Handler));
        settle().await;
        toys.diary.boss("b").do_send(Hire(worker("late", Permanent)));
        settle().await;
        assert_eq!(toys.list().await, "b2");
        assert_eq!(told(&toys, "b").await, [true, false]);
    });
}

#[test]
fn a_repair_begins_with_the_end_and_not_when_all_below_is_gone() {
    real(|| async {
        let arbiter = Arbiter::new();
        let (closed, open) = gate();
        let quirks = Quirks { on: Some(arbiter.handle()), gate: Some(closed), ..Quirks::default() };
        let below = plan(OneForOne, vec![quirky("a", Permanent, quirks)]);
        let toys = Toys::start(plan(OneForOne, vec![boss("b", below)]));
        toys.diary.until("start a1").await;
        let before = clock::now();
        toys.diary.boss("b").do_send(End(Way::Handler));
        toys.diary.until("stop a1").await;
        let held = clock::now();
        tokio::time::sleep(HOLD).await;
        let held = clock::now() - held;
        open.send(()).unwrap();
        toys.diary.until("start a1").await;
        toys.diary.until("down b1 (toy: b fails): restarted b").await;
        let took = repairs(&toys, "top").await[0].1.unwrap();
        assert!(took >= held && took <= clock::now() - before, "{took:?}, held up for {held:?}");
        drop((open, toys));
        arbiter.stop();
        arbiter.join().unwrap();
    });
}

#[test]
fn a_successor_that_fails_at_its_start_does_not_end_the_repair() {
    real(|| async {
        let arbiter = Arbiter::new();
        let (closed, open) = gate();
        let on = Some(arbiter.handle());
        let quirks = Quirks { on, gate: Some(closed), started_fails: 2, ..Quirks::default() };
        let toys = Toys::start(plan(OneForOne, vec![quirky("a", Permanent, quirks)]));
        toys.diary.until("stop a1").await;
        let held = clock::now();
        tokio::time::sleep(HOLD).await;
        let held = clock::now() - held;
        // for the first; the second finds none
        open.send(()).unwrap();
        drop(open);
        toys.diary.until("start a3").await;
        let took = async {
            loop {
                match repairs(&toys, "top").await[0].1 {
                    Some(took) => return took,
                    None => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            }
        };
        let took = tokio::time::timeout(DEADLINE, took).await.expect("it is at work again");
        assert!(took >= held, "{took:?}, held up for {held:?}");
        drop(toys);
        arbiter.stop();
        arbiter.join().unwrap();
    });
}
