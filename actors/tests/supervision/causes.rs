//! Every transition has its cause, and no bug of ours costs one.

use crate::herd::{Herd, with};
use serde_json::json;
use treeherd_domain::cause::{Cause, Entry, Verdict, Via};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::signal::Signal;
use treeherd_domain::status::ProcessState;

const PROGRAMS: &str = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\nautorestart=true\nstdout_logfile=NONE\n\
    stderr_logfile=NONE\n\
    [program:broken]\ncommand=/bin/sh -c 'echo half; echo first >&2; printf \"the \\377 last\" >&2; exit 3'\n\
    autostart=false\nstartretries=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n\
    [program:joined]\ncommand=/bin/sh -c 'echo why not; exit 4'\nautostart=false\nstartretries=0\n\
    redirect_stderr=true\nstdout_logfile=NONE\n\
    [program:missing]\ncommand=/nowhere/at/all\nautostart=false\nstartretries=0\n";

fn history(herd: &Herd, name: &str) -> Vec<Entry> {
    herd.estate(name).record().history.entries().cloned().collect()
}

/// The states it went through, each with the word of its cause.
fn steps(herd: &Herd, name: &str) -> Vec<(Option<ProcessState>, &'static str)> {
    history(herd, name).iter().map(|entry| (entry.change.to(), entry.cause.kind())).collect()
}

#[test]
fn a_life_with_its_causes() {
    use ProcessState::{Exited, Running, Starting, Stopped, Stopping};
    with(PROGRAMS, async |herd| {
        herd.state("cat", Running).await;
        let start = |state, kind| (Some(state), kind);
        let life = vec![start(Starting, "autostart"), start(Running, "startsecs")];
        assert_eq!(steps(herd, "cat"), life);

        herd.call("supervisor.signalProcess", json!(["cat", "USR1"])).await.expect("it is sent");
        herd.until("restarted", || herd.status("cat").incarnation == 2).await;
        herd.state("cat", Running).await;
        herd.call("supervisor.stopProcess", json!(["cat"])).await.expect("it stops");
        let rest = [(Exited, "exit"), (Starting, "autorestart"), (Running, "startsecs")]
            .into_iter()
            .chain([(Stopping, "asked"), (Stopped, "exit")])
            .map(|(state, kind)| start(state, kind));
        let life: Vec<_> = life.into_iter().chain(rest).collect();
        assert_eq!(steps(herd, "cat"), life);

        let entries = history(herd, "cat");
        let Cause::Ended(end) = &*entries[2].cause else { panic!("{:?}", entries[2]) };
        assert_eq!(end.verdict, Verdict::Unexpected);
        assert!(end.lived.is_some() && end.killed.is_none());
        let sent = end.signalled.as_ref().expect("somebody sent a signal");
        let by = sent.why.by().expect("somebody asked");
        assert_eq!((sent.signal, by.via), (Signal::from_number(10), Via::Inside));
        let Cause::Ended(end) = &*entries[6].cause else { panic!("{:?}", entries[6]) };
        assert_eq!((end.verdict, end.signalled.as_ref()), (Verdict::Stopped, None));
        assert!(entries.is_sorted_by(|a, b| a.seq < b.seq && a.at <= b.at));
        assert_eq!(
            entries.iter().map(|entry| entry.incarnation).collect::<Vec<_>>(),
            [1, 1, 1, 2, 2, 2, 2]
        );
    });
}

#[test]
fn an_end_has_what_was_said_last() {
    with(PROGRAMS, async |herd| {
        for name in ["broken", "joined", "missing"] {
            let started = herd.call("supervisor.startProcess", json!([name])).await;
            assert!(started.is_err(), "{name}: {started:?}");
            herd.until("given up", || {
                let state = herd.status(name).state;
                state == ProcessState::Fatal || name == "missing"
            })
            .await;
        }
        let broken = history(herd, "broken");
        let [starting, backoff, fatal] = &broken[..] else { panic!("{broken:#?}") };
        assert_eq!(starting.cause.kind(), "asked");
        let Cause::Ended(end) = &*backoff.cause else { panic!("{backoff:?}") };
        assert_eq!(end.status, ExitStatus::Code(3));
        assert!(matches!(end.verdict, Verdict::TooSoon(_)), "{end:?}");
        let tail = backoff.tail.as_ref().expect("it said something");
        assert_eq!(&*tail.bytes, b"first\nthe \xff last");
        assert!(backoff.pid > 0);
        assert_eq!(*fatal.cause, Cause::GaveUp { failed: 1 });

        let joined = history(herd, "joined");
        assert_eq!(&*joined[1].tail.as_ref().expect("it said something").bytes, b"why not\n");
        assert_eq!(
            history(herd, "missing"),
            [],
            "a command that is not there is refused, and nothing happens"
        );
    });
}

#[test]
fn no_bug_of_ours_costs_a_cause() {
    with(PROGRAMS, async |herd| {
        herd.state("cat", ProcessState::Running).await;
        herd.kill("cat", Signal::KILL);
        herd.until("restarted", || herd.status("cat").incarnation == 2).await;
        herd.state("cat", ProcessState::Running).await;
        let before = history(herd, "cat");
        assert_eq!(before.len(), 5);
        for path in ["root/group:cat/program:cat", "root/group:cat", "root", "root/bus"] {
            for how in ["panic", "stop"] {
                herd.crash(path, how).await;
            }
        }
        assert_eq!(history(herd, "cat"), before);
        herd.call("supervisor.stopProcess", json!(["cat"])).await.expect("it stops");
        assert_eq!(history(herd, "cat")[..5], before, "and goes on");
        assert_eq!(steps(herd, "cat")[5], (Some(ProcessState::Stopping), "asked"));
    });
}

#[test]
fn the_end_of_the_daemon_is_a_cause() {
    with(PROGRAMS, async |herd| {
        herd.state("cat", ProcessState::Running).await;
        herd.call("supervisor.shutdown", json!([])).await.expect("it ends");
        herd.state("cat", ProcessState::Stopped).await;
        let entries = history(herd, "cat");
        let Cause::Shutdown { restart: false, by: Some(by) } = &*entries[2].cause else {
            panic!("{:?}", entries[2])
        };
        assert_eq!(by.via, Via::Inside);
    });
}
