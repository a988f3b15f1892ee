//! Event listeners while actors end by bugs around them: each event once, in order, with its numbers.
//!
//! ```text
//!   root ── group:lis ─┬─ pool                            struck while events flow
//!                      `─ program:lis ── rotator:stdout   a shell that notes what it is told
//! ```

use crate::herd::{Herd, with};
use serde_json::json;
use treeherd_domain::listener::ListenerState;
use treeherd_domain::pool::Tally;
use treeherd_domain::status::ProcessState;

/// A listener of one event after the other, which takes a moment for each.
const LISTENER: &str = "[eventlistener:lis]\nevents=REMOTE_COMMUNICATION\nstartsecs=0\nbuffer_size=1000\n\
    stderr_logfile=NONE\nstdout_logfile=%(here)s/lis.out\n\
    command=/bin/sh -c 'printf \"READY\\n\"; while read -r header; do read -r type; read -r data; \
    echo \"$header $data\" >>%(here)s/told; sleep 0.005; printf \"RESULT 2\\nOKREADY\\n\"; done'\n";

async fn send(herd: &Herd, number: u64) {
    let data = format!("{number}\n");
    let sent = herd.call("supervisor.sendRemoteCommEvent", json!(["t", data])).await;
    assert_eq!(sent, Ok(json!(true)));
}

/// What the listener was told: serial, serial in the pool, data. A line that it has not written to its end is not there yet.
fn told(herd: &Herd) -> Vec<(u64, u64, u64)> {
    let number = |line: &str, key: &str| {
        let word = line.split(' ').find_map(|word| word.strip_prefix(key));
        word.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("{line}"))
    };
    let row = |line: &str| {
        let data = line.rsplit(' ').next().and_then(|data| data.parse().ok());
        (number(line, "serial:"), number(line, "poolserial:"), data.unwrap_or_else(|| panic!("{line}")))
    };
    let text = herd.read("told");
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(row).collect()
}

async fn ready(herd: &Herd) {
    herd.state("lis", ProcessState::Running).await;
    let pool = herd.shared.arena.group("lis").and_then(|group| group.pool.clone()).expect("it is a pool");
    herd.until("ready", || pool.status().listeners == [ListenerState::Ready]).await;
}

/// Strikes while events flow; what the listener is told must not show it.
fn survives(path: &str, how: &str) {
    const EVENTS: u64 = 60;
    with(LISTENER, async |herd| {
        ready(herd).await;
        let pid = herd.pid("lis");
        for number in 0..EVENTS {
            send(herd, number).await;
            // few enough for what is above to stay
            if number % 25 == 10 {
                herd.crash(path, how).await;
            }
        }
        herd.until("told of all", || told(herd).len() as u64 >= EVENTS).await;
        let expected: Vec<_> = (0..EVENTS).map(|number| (number, number, number)).collect();
        assert_eq!(told(herd), expected);
        let pool =
            herd.shared.arena.group("lis").and_then(|group| group.pool.clone()).expect("it is a pool");
        herd.until("processed", || pool.status().tally.processed == EVENTS).await;
        let tally = Tally { accepted: EVENTS, processed: EVENTS, ..Tally::default() };
        assert_eq!((pool.status().tally, herd.pid("lis")), (tally, pid));
        assert_eq!(herd.read("lis.out").matches("RESULT 2\nOKREADY\n").count() as u64, EVENTS);
    });
}

survives! {
    no_event_is_lost_or_told_twice_by_a_panic_in_the_pool: "root/group:lis/pool", "panic";
    no_event_is_lost_or_told_twice_by_a_stop_of_the_pool: "root/group:lis/pool", "stop";
    no_event_is_lost_or_told_twice_by_a_panic_in_the_group: "root/group:lis", "panic";
    no_event_is_lost_or_told_twice_by_a_panic_in_the_listeners_program: "root/group:lis/program:lis", "panic";
    no_event_is_lost_or_told_twice_by_a_panic_in_the_listeners_rotator: "root/group:lis/program:lis/rotator:stdout", "panic";
    no_event_is_lost_or_told_twice_by_a_panic_in_the_bus: "root/bus", "panic";
    no_event_is_lost_or_told_twice_by_a_panic_in_the_root: "root", "panic";
}

#[test]
fn a_listener_that_ends_while_its_pool_is_gone_gives_its_event_back() {
    let listener = "[eventlistener:lis]\nevents=REMOTE_COMMUNICATION\nstartsecs=0\nstdout_logfile=NONE\n\
        stderr_logfile=NONE\ncommand=/bin/sh -c 'printf \"READY\\n\"; read -r header; echo \"$header\" >>%(here)s/told; \
        if [ -e %(here)s/calm ]; then printf \"RESULT 2\\nOK\"; fi; exec sleep 600'\n";
    with(listener, async |herd| {
        ready(herd).await;
        send(herd, 0).await;
        herd.until("told", || herd.read("told").lines().count() == 1).await;
        std::fs::write(herd.path("calm"), "").unwrap();
        let before = herd.here("root/group:lis").await;
        herd.strike("root/group:lis", "panic").await;
        herd.kill("lis", treeherd_domain::signal::Signal::KILL);
        herd.after("root/group:lis", &before).await;
        herd.until("told again", || herd.read("told").lines().count() == 2).await;
        let text = herd.read("told");
        assert!(text.lines().all(|line| line.contains(" serial:0 pool:lis poolserial:0 ")), "{text}");
        let pool =
            herd.shared.arena.group("lis").and_then(|group| group.pool.clone()).expect("it is a pool");
        herd.until("processed", || pool.status().tally.processed == 1).await;
        assert_eq!(pool.status().tally, Tally { accepted: 1, processed: 1, rejected: 1, dropped: 0 });
    });
}

#[test]
fn a_notification_that_waits_for_its_reader_is_written_whole_whatever_ends() {
    // larger than a pipe, read late and slowly
    let programs = "[program:big]\nautostart=false\nstartsecs=0\nstdout_capture_maxbytes=1MB\nstdout_logfile=NONE\n\
        stderr_logfile=NONE\ncommand=/bin/sh -c 'printf \"<!--XSUPERVISOR:BEGIN-->\"; \
        head -c 400000 /dev/zero | tr \"\\\\0\" x; printf \"<!--XSUPERVISOR:END-->\"; exec sleep 600'\n\
        [eventlistener:lis]\nevents=PROCESS_COMMUNICATION\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n\
        command=/bin/sh -c 'printf \"READY\\n\"; while [ ! -e %(here)s/go ]; do sleep 0.02; done; read -r header; \
        head -c ${header##*len:} | tr -d x | wc -c >%(here)s/rest; printf \"RESULT 2\\nOK\"; exec sleep 600'\n";
    with(programs, async |herd| {
        ready(herd).await;
        let started = herd.call("supervisor.startProcess", json!(["big"])).await;
        assert_eq!(started, Ok(json!(true)));
        let waits = || !herd.estate("lis").record().stdin_queue.is_empty();
        herd.until("a queue", waits).await;
        for path in ["root/group:lis/pool", "root/group:lis/program:lis", "root/group:lis"] {
            herd.crash(path, "panic").await;
            assert!(waits());
        }
        std::fs::write(herd.path("go"), "").unwrap();
        herd.until("counted", || herd.read("rest").ends_with('\n')).await;
        let head: usize = herd.read("rest").trim().parse().unwrap();
        assert!((20..60).contains(&head), "{head} bytes but for the data");
    });
}

#[test]
fn in_a_storm_every_event_is_told_once_or_counted_as_dropped() {
    const POOLS: usize = 5;
    let pool = |number: usize| {
        format!(
            "[eventlistener:lis{number}]\nevents=EVENT\nstartsecs=0\nbuffer_size=10\nstdout_logfile=NONE\n\
             stderr_logfile=NONE\ncommand=/bin/sh -c 'printf \"READY\\n\"; while read -r header; do \
             head -c ${{header##*len:}} >/dev/null; echo \"$header\" >>%(here)s/told{number}; \
             printf \"RESULT 2\\nOKREADY\\n\"; done'\n"
        )
    };
    let programs = (0..POOLS).map(pool).collect::<String>()
        + "[program:flap]\ncommand=%(here)s/flap\nstartretries=0\nnumprocs=60\nprocess_name=f%(process_num)d\n\
           autostart=false\nstartsecs=0\nautorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
    with(&programs, async |herd| {
        let pools: Vec<_> = (0..POOLS)
            .filter_map(|number| herd.shared.arena.group(&format!("lis{number}"))?.pool.clone())
            .collect();
        assert_eq!(pools.len(), POOLS);
        herd.until("ready", || pools.iter().all(|pool| pool.status().listeners == [ListenerState::Ready]))
            .await;
        std::os::unix::fs::symlink("/bin/true", herd.path("flap")).unwrap();
        herd.call("supervisor.startProcessGroup", json!(["flap", false])).await.unwrap();
        herd.until("a storm", || pools.iter().all(|pool| pool.status().tally.accepted > 300)).await;
        // what cannot be started any more is given up; a stop would not reach those that are between two starts
        std::fs::remove_file(herd.path("flap")).unwrap();
        let flap = herd.shared.arena.group("flap").unwrap();
        let is_calm = || flap.estates.iter().all(|one| one.status().state == ProcessState::Fatal);
        herd.until("calm", is_calm).await;
        for (number, pool) in pools.iter().enumerate() {
            let done = || {
                let status = pool.status();
                status.waiting == 0 && status.listeners == [ListenerState::Ready]
            };
            herd.until("done", done).await;
            let Tally { accepted, processed, rejected, dropped } = pool.status().tally;
            assert_eq!((accepted, rejected), (processed + dropped, 0));
            let text = herd.read(&format!("told{number}"));
            assert_eq!(text.lines().count() as u64, processed);
            let overflows = herd.logged(&format!("pool lis{number} event buffer overflowed"));
            assert_eq!(overflows as u64, dropped);
        }
    });
}
