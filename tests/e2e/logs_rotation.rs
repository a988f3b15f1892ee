//! Logs that are rolled by size, the two settings of zero, and logs that are rolled by someone else.
//!
//! ```text
//!   x.log (>= maxbytes after a write) -> x.log.1 -> x.log.2 -> dropped
//!   maxbytes=0: never;  backups=0: the content is dropped;  USR2: every log is opened again
//! ```

use crate::harness::{Herd, names, until};
use std::collections::BTreeSet;
use std::fs;

/// Writes forty lines of 100 bytes, each a serial number, and then a file that says so.
const WRITER: &str = "/bin/sh -c 'i=0; while [ $i -lt 40 ]; do i=$((i+1)); printf \"%%099d\\\\n\" $i; sleep 0.01; done; echo done > {dir}/%(program_name)s.done; exec cat'";

fn logs(herd: &Herd, name: &str) -> Vec<String> {
    names(herd.dir()).into_iter().filter(|file| file.starts_with(&format!("{name}.log"))).collect()
}

#[test]
fn a_log_is_rolled_at_maxbytes_and_keeps_that_many_backups() {
    let herd = Herd::start(&format!(
        "[program:roll]\ncommand={WRITER}\nstartsecs=0\nstdout_logfile={{dir}}/roll.log\n\
         stdout_logfile_maxbytes=1000\nstdout_logfile_backups=2\n\
         [program:one]\ncommand={WRITER}\nstartsecs=0\nstdout_logfile={{dir}}/one.log\n\
         stdout_logfile_maxbytes=0\nstdout_logfile_backups=2\n\
         [program:none]\ncommand={WRITER}\nstartsecs=0\nstdout_logfile={{dir}}/none.log\n\
         stdout_logfile_maxbytes=1000\nstdout_logfile_backups=0\n"
    ));
    for name in ["roll", "one", "none"] {
        herd.wait_file(&format!("{name}.done"), "done");
    }
    herd.ctl("stop all").has("stopped", 0);
    // Rolled: one serial after the other over the files, the oldest dropped.
    assert_eq!(logs(&herd, "roll"), ["roll.log", "roll.log.1", "roll.log.2"]);
    let text: String =
        ["roll.log.2", "roll.log.1", "roll.log"].map(|name| herd.wait_file(name, "")).concat();
    let serials: Vec<u32> = text.lines().map(|line| line.parse().expect("a serial number")).collect();
    let first = serials[0];
    assert!(first > 1 && serials == (first..=40).collect::<Vec<_>>(), "{serials:?}");
    for name in ["roll.log.1", "roll.log.2"] {
        let size = fs::metadata(herd.path(name)).expect("it is there").len();
        assert!(size >= 1000, "{name}: {size}");
    }
    // maxbytes=0: one file for ever.
    assert_eq!(logs(&herd, "one"), ["one.log"]);
    assert_eq!(herd.wait_file("one.log", "").lines().count(), 40);
    // backups=0: one file, old content dropped.
    assert_eq!(logs(&herd, "none"), ["none.log"]);
    let kept = herd.wait_file("none.log", "");
    assert!(kept.lines().count() < 40, "{}", kept.len());
    herd.end();
}

#[test]
fn the_main_log_is_rolled_too() {
    let herd = Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n")
        .setting("logfile_maxbytes=500")
        .setting("logfile_backups=1")
        .start();
    herd.wait("success: cat");
    for _ in 0..4 {
        herd.ctl("restart cat").is("cat: stopped\ncat: started\n", 0);
    }
    let files: Vec<String> =
        names(herd.dir()).into_iter().filter(|name| name.starts_with("supervisord.log")).collect();
    assert_eq!(files, ["supervisord.log", "supervisord.log.1"]);
    assert!(fs::metadata(herd.path("supervisord.log")).expect("it is there").len() < 500);
    herd.end();
}

#[test]
fn a_log_that_was_renamed_goes_on_until_usr2_opens_it_again() {
    let herd = Herd::start(
        "[program:tick]\ncommand=/bin/sh -c 'i=0; while sleep 0.02; do i=$((i+1)); echo $i; done'\nstartsecs=0\n\
         stdout_logfile={dir}/tick.log\nstdout_logfile_maxbytes=0\n",
    );
    herd.wait_file("tick.log", "3\n");
    fs::rename(herd.path("tick.log"), herd.path("tick.log.1")).expect("the directory is ours");
    fs::rename(herd.path("supervisord.log"), herd.path("main.1")).expect("the directory is ours");
    let before = herd.wait_file("tick.log.1", "8\n");
    assert!(!herd.path("tick.log").exists());
    herd.signal("USR2");
    herd.wait("INFO received SIGUSR2 indicating log reopen request");
    let after = herd.wait_file("tick.log", "\n");
    assert!(before.starts_with("1\n2\n"));
    herd.ctl("stop tick").is("tick: stopped\n", 0);
    let all = herd.wait_file("tick.log.1", "") + &herd.wait_file("tick.log", &after);
    let serials: Vec<usize> = all.lines().map(|line| line.parse().expect("a number")).collect();
    assert_eq!(serials, (1..=serials.len()).collect::<Vec<_>>(), "no line lost, none twice");
    herd.wait_file("main.1", "INFO received SIGUSR2 indicating log reopen request\n");
    herd.wait_file("supervisord.log", "stopped: tick (");
    herd.end();
}

#[test]
fn each_process_of_a_row_rolls_its_own_log() {
    let herd = Herd::start(
        "[program:row]\ncommand=/bin/sh -c 'echo %(process_num)d; exec cat'\nnumprocs=3\n\
         process_name=%(process_num)d\nstartsecs=0\nstdout_logfile={dir}/row-%(process_num)d.log\n\
         stdout_logfile_maxbytes=1\nstdout_logfile_backups=1\n",
    );
    for number in 0..3 {
        assert_eq!(herd.wait_file(&format!("row-{number}.log.1"), "\n"), format!("{number}\n"));
    }
    let files: BTreeSet<String> =
        names(herd.dir()).into_iter().filter(|name| name.starts_with("row-")).collect();
    assert_eq!(files.len(), 6, "{files:?}");
    until("three running", || (herd.count("success: ") == 3).then_some(()));
    herd.end();
}
