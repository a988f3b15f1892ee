//! The story of docs/supervision.md, played: each scene of its first part with its files, commands and log lines.
//!
//! ```text
//!   ## A database without a disk      a scene: it is played in a directory of its own, as one test
//!     ```ini                          a daemon with the head of the page and these sections, afresh
//!     ```console                      what is typed, and what is answered
//!     ```text                         lines of the daemon's log, in this order
//! ```
//!
//! What the page shows is compared line by line ([`page::plain`] says what may differ: times, pids and the like; `...`
//! stands for lines that are left out). Deliberately absent: shortened times. What the page says is what runs.

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
}

/// Every configuration of the page, with the title of its scene.
fn configurations(page: &Page) -> Vec<(String, Plan)> {
    let mut found = Vec::new();
    for title in page.titles() {
        let mut sections = page.head();
        for block in page.scene(title) {
            if let Block::Ini(text) = block {
                sections.replace(text);
                found.push((title.to_owned(), page.plan(&sections)));
            }
        }
    }
    assert!(found.len() >= page.titles().len(), "a scene has a configuration");
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
