//! Errands: they end in time, with their whole process group, and hold nobody up.

use crate::herd::{Herd, with};
use crate::proc::{is_alive, is_reaped};
use std::time::Duration;
use treeherd_actors::clock;
use treeherd_actors::errand::{Done, Errand, ErrandError, KEPT, PLACES};
use treeherd_domain::exit::ExitStatus;
use treeherd_os::spawn::SetupStage;

const IDLE: &str = "[program:idle]\nautostart=false\ncommand=/bin/sleep 1000\nenvironment=WHO=\"idle\"\n\
                    directory=%(here)s\nstdout_logfile=NONE\nstderr_logfile=NONE\n";

fn errand(herd: &Herd, command: &str, limit: Duration) -> Errand {
    let name = "check of idle".to_owned();
    let extra = [("HERD_DIR".to_owned(), herd.dir.path().display().to_string())];
    Errand::of(&herd.estate("idle"), &herd.shared, name, command, limit, extra)
}

async fn run(herd: &Herd, command: &str, limit: Duration) -> Result<Done, ErrandError> {
    errand(herd, command, limit).run(&herd.shared).await
}

/// The number that an errand wrote into a file.
async fn pid_in(herd: &Herd, file: &str) -> i32 {
    herd.until("written", || herd.read(file).ends_with('\n')).await;
    herd.read(file).trim().parse().unwrap()
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn an_errand_runs_as_its_program_does_and_tells_how_it_ended() {
    with(IDLE, async |herd| {
        let command = "sh -c 'cat; echo $WHO $SUPERVISOR_PROCESS_NAME; pwd; echo last >&2; exit 3'";
        let done = run(herd, command, LONG).await.unwrap();
        let here = herd.dir.path().canonicalize().unwrap();
        let output = String::from_utf8(done.output.clone()).unwrap();
        assert_eq!(output, format!("idle idle\n{}\nlast\n", here.display()));
        assert_eq!((done.status, done.is_success(), done.failure), (ExitStatus::Code(3), false, None));
        assert_eq!(done.last_line(), "last");
        assert!(run(herd, "true", LONG).await.unwrap().is_success());
    });
}

#[test]
fn what_cannot_be_run_is_told_with_its_reason() {
    with(IDLE, async |herd| {
        for (command, reason) in [
            (
                "no-such-program-at-all",
                "can't find command 'no-such-program-at-all'; give the command's full path",
            ),
            ("'", "can't parse command"),
            ("", "command is empty"),
            ("/dev/null", "not executable"),
        ] {
            let error = run(herd, command, LONG).await.unwrap_err();
            assert!(
                matches!(&error, ErrandError::NotRun(text) if text.contains(reason)),
                "{command}: {error}"
            );
        }
        std::fs::write(herd.path("empty"), "").unwrap();
        let mut gone = errand(herd, "true", LONG);
        gone.directory = Some("/no/such/directory".to_owned());
        let done = gone.run(&herd.shared).await.unwrap();
        assert_eq!(done.failure.map(|failure| failure.stage), Some(SetupStage::Directory));
        let reason = "could not be set up: Directory: ENOENT";
        assert_eq!((done.is_success(), done.reason().as_str()), (false, reason));
        let mut silent = errand(herd, "sh -c 'echo why; exit 7'", LONG);
        silent.directory = None;
        assert_eq!(silent.run(&herd.shared).await.unwrap().reason(), "exit status 7: why");
    });
}

#[test]
fn an_errand_that_hangs_is_killed_with_all_of_its_group() {
    with(IDLE, async |herd| {
        let command = "sh -c 'trap \"\" TERM; sleep 1000 & echo $! > $HERD_DIR/child; echo begun; wait'";
        let begun = clock::now();
        let limit = Duration::from_secs(3);
        let error = run(herd, command, limit).await.unwrap_err();
        assert!((limit..LONG).contains(&(clock::now() - begun)));
        assert_eq!(error.to_string(), "did not end within 3s and was killed");
        assert!(matches!(error, ErrandError::TimedOut { output, .. } if output == b"begun\n"));
        let child = pid_in(herd, "child").await;
        herd.until("gone", || !is_alive(child)).await;
    });
}

#[test]
fn an_errand_that_was_killed_is_gone_when_that_is_told() {
    with(IDLE, async |herd| {
        // what is killed only when nobody wants to know of it any more has its status taken after that; a machine that is
        // slow to end a process is asked again
        for attempt in 0..5 {
            let command = format!("sh -c 'echo $$ > $HERD_DIR/own.{attempt}; exec sleep 1000'");
            let limit = Duration::from_secs(1 + attempt);
            let error = run(herd, &command, limit).await.unwrap_err();
            let own = herd.read(&format!("own.{attempt}"));
            if !own.is_empty() && is_reaped(&own) {
                assert!(matches!(error, ErrandError::TimedOut { .. }), "{error}");
                return;
            }
        }
        panic!("its end is told before it");
    });
}

#[test]
fn an_errand_whose_future_is_dropped_leaves_nothing() {
    with(IDLE, async |herd| {
        let command = "sh -c 'sleep 1000 & echo $! > $HERD_DIR/child; echo $$ > $HERD_DIR/own; wait'";
        let running = errand(herd, command, LONG);
        tokio::select! {
            ended = running.run(&herd.shared) => panic!("it ended: {ended:?}"),
            _ = pid_in(herd, "own") => {}
        }
        let (own, child) = (pid_in(herd, "own").await, pid_in(herd, "child").await);
        herd.until("gone", || !is_alive(own) && !is_alive(child)).await;
        // taken, not only dead
        herd.until("reaped", || is_reaped(own)).await;
        // dropped before it is there at all: made in the background, and ended there
        let early = errand(herd, "sh -c 'echo $$ > $HERD_DIR/early; exec sleep 1000'", LONG);
        let _ = tokio::time::timeout(Duration::ZERO, early.run(&herd.shared)).await;
        assert!(run(herd, "true", LONG).await.unwrap().is_success());
        let early = herd.read("early");
        herd.until("gone", || !is_alive(&early)).await;
    });
}

#[test]
fn of_endless_output_the_last_bytes_are_kept_and_it_blocks_nobody() {
    with(IDLE, async |herd| {
        let command = "sh -c 'head -c 3000000 /dev/zero | tr \"\\\\0\" x; echo; printf end'";
        let done = run(herd, command, LONG).await.unwrap();
        assert_eq!((done.output.len(), done.last_line().as_str()), (KEPT, "end"));
        assert!(done.is_success());
        // a line without an end is cut in messages
        let done = run(herd, "sh -c 'head -c 9000 /dev/zero | tr \"\\\\0\" x'", LONG).await.unwrap();
        assert_eq!(done.last_line().len(), 200);
    });
}

#[test]
fn what_an_errand_leaves_in_the_background_does_not_hold_up_its_end() {
    with(IDLE, async |herd| {
        let begun = clock::now();
        let done =
            run(herd, "sh -c 'sleep 1000 & echo $! > $HERD_DIR/child; echo ok'", LONG).await.unwrap();
        assert!(done.is_success() && done.last_line() == "ok" && (clock::now() - begun) < LONG / 2);
        let child = pid_in(herd, "child").await;
        assert!(is_alive(child));
        nix_kill(child);
        herd.until("gone", || !is_alive(child)).await;
    });
}

fn nix_kill(pid: i32) {
    std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
}

#[test]
fn at_most_so_many_run_at_once_and_who_waits_too_long_is_told() {
    with(IDLE, async |herd| {
        let command = "sh -c 'echo >> $HERD_DIR/running; while ! test -e $HERD_DIR/go; do sleep 0.2; done'";
        let holders = (0..PLACES).map(|_| run(herd, command, LONG));
        let all = futures_util::future::join_all(holders);
        let late = async {
            herd.until("all run", || herd.read("running").lines().count() == PLACES).await;
            let late = run(herd, "true", Duration::from_millis(50)).await;
            std::fs::write(herd.path("go"), "").unwrap();
            late
        };
        let (done, late) = tokio::join!(all, late);
        assert_eq!(late, Err(ErrandError::Crowded { waited: Duration::from_millis(50) }));
        assert!(done.iter().all(|done| done.as_ref().is_ok_and(Done::is_success)), "{done:?}");
        assert!(run(herd, "true", LONG).await.unwrap().is_success());
    });
}
