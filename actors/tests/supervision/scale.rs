//! A number of processes and the root that ends by a bug beside it: what the caller is told is what is kept.

use crate::herd::{Herd, with};
use serde_json::{Value, json};
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;

const WEB: &str = "[program:web]\ncommand=/bin/cat\nstartsecs=0\nnumprocs=2\nprocess_name=web_%(process_num)d\n\
     stdout_logfile=NONE\nstderr_logfile=NONE\n";

fn members(herd: &Herd, group: &str) -> usize {
    herd.shared.arena.group(group).map_or(0, |group| group.estates.len())
}

/// Strikes the root as soon as a group has so many processes.
async fn strike_at(herd: &Herd, group: &str, count: usize, how: &str) {
    while members(herd, group) != count {
        tokio::task::yield_now().await;
    }
    herd.strike("root", how).await;
}

async fn scale(herd: &Herd, count: usize) -> Result<Value, Value> {
    herd.call("process.scale", json!({"name": "web", "count": count})).await
}

fn is_scaled(told: &Result<Value, Value>) -> bool {
    told.as_ref().is_ok_and(|told| told["applied"] == true)
}

/// What a caller was told, the file for the next daemon, what a reread would find, and the group agree.
async fn check(herd: &Herd, told: &Result<Value, Value>, (before, count): (usize, usize)) {
    let holds = if is_scaled(told) { count } else { before };
    let line = format!("\nscaled web {holds} 2 ");
    assert_eq!(
        herd.read("herd.state").contains(&line),
        holds != 2,
        "{told:?}\n{}",
        herd.read("herd.state")
    );
    let plan = herd.call("config.plan", json!({})).await.unwrap();
    assert_eq!((members(herd, "web"), &plan["groups"]), (holds, &json!([])), "{told:?}");
}

#[test]
fn what_a_caller_is_told_is_what_is_kept_when_the_root_ends_just_then() {
    with(WEB, async |herd| {
        let mut before = 2;
        for (count, how) in [(4, "panic"), (3, "stop"), (5, "panic"), (2, "stop")] {
            let path = herd.here("root").await;
            let (told, ()) = tokio::join!(scale(herd, count), strike_at(herd, "web", count, how));
            herd.after("root", &path).await;
            check(herd, &told, (before, count)).await;
            assert!(told.is_ok(), "the group has them: {told:?}");
            before = count;
        }
        for number in 0..2 {
            herd.state(&format!("web:web_{number}"), ProcessState::Running).await;
        }
    });
}

#[test]
fn of_several_groups_those_are_named_that_were_changed_when_the_root_ended() {
    let two = format!("{WEB}[group:a]\nprograms=web\n[group:b]\nprograms=web\n");
    with(&two, async |herd| {
        let mut before = 2;
        for (count, how) in [(4, "panic"), (3, "stop"), (6, "panic"), (5, "stop")] {
            let path = herd.here("root").await;
            let (told, ()) = tokio::join!(scale(herd, count), strike_at(herd, "a", count, how));
            herd.after("root", &path).await;
            assert_eq!(members(herd, "a"), count);
            let is_scaled = is_scaled(&told);
            let line = format!("\nscaled web {count} 2 ");
            assert_eq!(herd.read("herd.state").contains(&line), is_scaled, "{told:?}");
            if let Err(told) = &told {
                let told = told["message"].as_str().unwrap();
                let advice = "; changed before that: a (`supervisorctl update a` takes it back)";
                assert!(told.contains(advice), "{told}");
            }
            match is_scaled {
                true => before = count,
                false => drop(herd.call("group.update", json!({"name": "a"})).await.unwrap()),
            }
            assert_eq!(members(herd, "a"), before, "{told:?}");
            assert_eq!(members(herd, "b"), before);
            assert_eq!(herd.call("config.plan", json!({})).await.unwrap()["groups"], json!([]));
        }
    });
}

#[test]
fn a_number_that_cannot_be_taken_back_is_told() {
    let place = tempfile::tempdir().unwrap();
    let here = place.path().join("here");
    let state = here.join("state");
    std::fs::create_dir(&here).unwrap();
    // the one that goes does not heed a stop
    let stubborn = "test %(process_num)d = 0 && exec cat; trap \"\" TERM; echo up; while :; do read line || sleep 9; done";
    let stubborn = WEB
        .replace("/bin/cat", &format!("/bin/sh -c '{stubborn}'"))
        .replace("stdout_logfile=NONE", "stdout_logfile=%(here)s/out.%(process_num)d\nstopwaitsecs=600");
    with(&format!("state_file={}\n{stubborn}", state.display()), async |herd| {
        herd.until("up", || herd.read("out.1") == "up\n").await;
        let path = herd.here("root").await;
        let strike = async {
            herd.state("web:web_1", ProcessState::Stopping).await;
            std::fs::rename(&here, place.path().join("there")).unwrap();
            std::fs::write(&here, "in the way").unwrap();
            herd.strike("root", "panic").await;
        };
        let (told, ()) = tokio::join!(scale(herd, 1), strike);
        let told = told.unwrap_err()["message"].as_str().unwrap().to_owned();
        let wanted = "FAILED: web is not scaled, and would be by the daemon's next start, which finds 1 processes in its state file";
        assert!(told.starts_with(wanted) && told.contains(&state.display().to_string()), "{told}");
        herd.after("root", &path).await;
        // it is mended, and said again as it is told to
        std::fs::remove_file(&here).unwrap();
        std::fs::rename(place.path().join("there"), &here).unwrap();
        herd.kill("web:web_1", Signal::KILL);
        herd.call("process.scale", json!({"name": "web", "count": 2})).await.unwrap();
        let kept = std::fs::read_to_string(&state).unwrap();
        assert!(!kept.contains("scaled"), "{kept}");
    });
}
