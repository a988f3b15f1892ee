//! Captures while actors end: what is between the tokens arrives once, and none of it in the log.

use crate::herd::{Herd, with};
use std::fmt::Write as _;
use std::time::Duration;
use treeherd_actors::bus::Item;
use treeherd_domain::event::EventKind;
use treeherd_domain::status::ProcessState;

const LAST: u32 = 30_000;
/// Where it waits for the first crashes, however slow they are.
const HALF: u32 = LAST / 2;
const PATHS: [&str; 4] = [
    "root/group:loud/program:loud/rotator:stdout",
    "root/group:loud/program:loud",
    "root/group:loud/program:loud/rotator:stdout",
    "root/group:loud",
];

/// What a subscriber has got so far.
#[derive(Default)]
struct Got {
    sent: Vec<u32>,
    dropped: bool,
}

impl Got {
    fn take(&mut self, item: Item) {
        match item {
            Item::Gap { .. } => self.dropped = true,
            Item::Event(event) => match &event.kind {
                EventKind::ProcessCommunication(output) => {
                    let text = std::str::from_utf8(&output.data).expect("it is a number");
                    self.sent.push(text.parse().expect("it is a number"));
                }
                EventKind::LogTrouble { message, .. } => {
                    assert!(message.contains("were dropped"), "{message}");
                    self.dropped = true;
                }
                _ => {}
            },
        }
    }
}

async fn crash(herd: &Herd, round: usize) {
    let how = if round.is_multiple_of(2) { "panic" } else { "stop" };
    herd.crash(PATHS[round % PATHS.len()], how).await;
}

#[test]
fn captures_arrive_once_and_the_log_is_whole_whatever_ends() {
    let program = format!(
        "[program:loud]\nautorestart=false\nstartsecs=0\nstdout_logfile=%(here)s/loud.log\n\
         stdout_capture_maxbytes=1KB\ncommand=/bin/sh -c 'i=0; while [ $i -lt {LAST} ]; do i=$((i+1)); \
         printf \"$i\\n<!--XSUPERVISOR:BEGIN-->$i<!--XSUPERVISOR:END-->\"; \
         if [ $i = {HALF} ]; then until test -e %(here)s/go; do sleep 0.02; done; fi; done'\n"
    );
    with(&program, async |herd| {
        let mut events = herd.shared.journal.subscribe(Some(0), true);
        let (mut got, mut crashes) = (Got::default(), 0);
        events.missed.drain(..).for_each(|item| got.take(item));
        while herd.status("loud").state != ProcessState::Exited {
            if herd.status("loud").incarnation == 1 && crashes < 12 {
                crash(herd, crashes).await;
                crashes += 1;
                if crashes == 4 {
                    std::fs::write(herd.path("go"), "").expect("the directory is ours");
                }
            }
            while let Some(item) = events.items.try_recv() {
                got.take(item);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(crashes >= 4, "only {crashes} crashes while it was there");
        let expected = (1..=LAST).fold(String::new(), |mut text, number| {
            writeln!(text, "{number}").expect("a string takes it");
            text
        });
        herd.until("written", || herd.read("loud.log").len() >= expected.len()).await;
        assert!(herd.read("loud.log") == expected, "the log is not what was written outside of captures");
        while got.sent.last() != Some(&LAST) && !got.dropped {
            got.take(events.items.recv().await.expect("the bus goes on"));
        }
        assert!(got.sent.is_sorted_by(|a, b| a < b), "doubled, or out of order");
        // a subscriber that was told of a gap may miss some
        assert!(got.dropped || got.sent.len() == LAST as usize, "{} and no word", got.sent.len());
    });
}
