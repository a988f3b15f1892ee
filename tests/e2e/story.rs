//! The story of docs/supervision.md, played: each scene and each chapter with its files, commands and log lines.
//!
//! ```text
//!   ## A database without a disk      a scene: it is played in a directory of its own, as one test
//!     ```ini                          a daemon with the head of the page and these sections, afresh
//!     ```console                      what is typed, and what is answered
//!     ```text                         lines of the daemon's log, in this order
//!     ```sim                          shop.sim, for `supervisorctl simulate`
//!     ```tree, ```rust                compared with the code
//! ```
//!
//! What the page shows is compared line by line ([`page::plain`] says what may differ: times, pids and the like; `...`
//! stands for lines that are left out). Deliberately absent: shortened times. What the page says is what runs.

mod code;
mod page;
mod play;

use crate::harness::{Herd, Plan, program, reference, run};
use page::{Block, Page};
use play::play;
use std::process::Command;

/// A test for each scene; the last one finds the scene that has none.
macro_rules! scenes {
    ($($test:ident: $title:literal,)*) => {
        $(
            #[test]
            fn $test() {
                // Ours alone: the words of the page are about keys that Supervisor reads over.
                if !reference() {
                    play(&Page::read(), $title);
                }
            }
        )*

        #[test]
        fn each_scene_of_the_page_is_played() {
            assert_eq!(Page::read().titles(), [$($title),*]);
        }
    };
}

scenes! {
    a_database_without_a_disk: "A database without a disk",
    started_is_not_ready: "Started is not ready",
    a_machine_that_is_away: "A machine that is away",
    up_and_deaf: "Up and deaf",
    who_shares_a_secret: "Who shares a secret",
    enough_is_enough: "Enough is enough",
    the_level_above: "The level above",
    a_job_that_is_done: "A job that is done",
    in_a_container: "In a container",
    workers_on_demand: "Workers on demand",
    try_it_before_you_run_it: "Try it before you run it",
    choosing_intensity_and_period: "Choosing intensity and period",
    strategies: "Strategies for your processes",
    dependencies: "Dependencies",
    rolling_restart: "Rolling restart",
    a_bug_seen_from_outside: "A bug, seen from outside",
    the_tree: "The tree",
    trying_it_out: "Trying it out",
    a_tree_inside_your_own_program: "A tree inside your own program",
}

#[test]
fn no_block_of_the_page_is_passed_over() {
    // Also one that is indented, stands before the first scene, or is fenced by tildes.
    let text = std::fs::read_to_string(page::PAGE).expect("the page is there");
    let fences = text.lines().filter(|line| {
        let line = line.trim_start_matches([' ', '>', '-', '\t']);
        line.starts_with("```") || line.starts_with("~~~")
    });
    assert_eq!(fences.count(), 2 * Page::read().blocks);
}

/// Every configuration of the page, with the title of its scene.
fn configurations(page: &Page) -> Vec<(String, Plan)> {
    let mut found = Vec::new();
    for title in page.titles() {
        let mut sections = page.head(title);
        for block in page.scene(title) {
            if let Block::Ini(text) = block {
                sections.replace(text);
                found.push((title.to_owned(), page.plan(&sections)));
            }
        }
    }
    let shown =
        std::fs::read_to_string(page::PAGE).expect("the page is there").matches("\n```ini\n").count();
    assert_eq!(found.len() + 1, shown, "each one but the head of all is in a scene");
    found
}

#[test]
fn each_configuration_of_the_page_passes_the_check() {
    if reference() {
        return;
    }
    for (title, plan) in configurations(&Page::read()) {
        let said = run(&mut plan.command(&["--configtest"]), "");
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{title}: {said:?}");
        let file = plan.write();
        let said = run(Command::new(program("supervisorctl")).arg("doctor").arg(&file), "");
        assert!(said.stdout.contains(": 0 errors, "), "{title}: {said:?}");
    }
}

#[test]
fn each_configuration_of_the_page_is_taken_by_both() {
    // Below Supervisor the keys have no effect: what is proven there is that it starts, and ends.
    for (_, plan) in configurations(&Page::read()) {
        let mut herd: Herd = plan.start();
        herd.signal("TERM");
        herd.wait_end();
        herd.assert_nothing_left();
    }
}
