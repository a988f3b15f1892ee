//! What clients are told at the end of the daemon: all of it, then the end; and nobody who does not read holds that up.
//!
//! ```text
//!   test ── event.subscribe, process.watch, log.follow ──► shutdown ──► items, up to the last ── end
//! ```

use crate::herd::{DEADLINE, Herd, with};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use treeherd_actors::clock;
use treeherd_actors::estate::Mood;
use treeherd_actors::root::shutdown;
use treeherd_domain::cause::Asked;
use treeherd_domain::status::ProcessState;
use treeherd_rpc::api::{EventApiClient, ProcessApiClient};
use treeherd_rpc::client::{self, Target, WsClient};
use treeherd_rpc::wire::{EventItem, Mark};

const OVER: &str = "the daemon is stopping";

/// So many that their ends are many items.
const HERD: &str = "[program:web]\ncommand=/bin/cat\nstartsecs=0\nnumprocs=20\nprocess_name=p%(process_num)02d\n\
    stdout_logfile=NONE\nstderr_logfile=NONE\n";

fn end(herd: &Herd, mood: Mood) {
    shutdown::ask(&herd.shared, &herd.slot, mood, Asked::inside("shutdown"));
}

async fn all_up(herd: &Herd) {
    let is_up = || herd.snapshot().iter().all(|(_, state, ..)| *state == ProcessState::Running);
    herd.until("all up", is_up).await;
}

async fn client(herd: &Herd) -> WsClient {
    client::connect_ws(&client::Endpoint::new(Target::Unix(herd.path("herd.sock")))).await.unwrap()
}

/// All that comes until nothing more does.
async fn all<T>(mut next: impl AsyncFnMut() -> Option<T>) -> Vec<T> {
    let mut items = Vec::new();
    let read = async {
        while let Some(item) = next().await {
            items.push(item);
        }
    };
    tokio::time::timeout(DEADLINE, read).await.expect("it comes to its end");
    items
}

/// The numbers of the events, which are without holes from the first mark on; after them stands the end.
#[track_caller]
fn assert_whole(items: &[EventItem], last: u64) {
    let EventItem::Mark(Mark::Snapshot { seq }) = items[0] else { panic!("{items:?}") };
    let event = |item: &EventItem| match item {
        EventItem::Event(event) => event.seq,
        EventItem::Mark(mark) => panic!("{mark:?}"),
    };
    let numbers: Vec<u64> = items[1..items.len() - 1].iter().map(event).collect();
    assert_eq!(numbers, (seq + 1..=last).collect::<Vec<_>>());
    let over = Mark::End { reason: OVER.to_owned() };
    assert_eq!(items.last(), Some(&EventItem::Mark(over)));
}

#[test]
fn whoever_hears_events_hears_the_last_one_and_that_it_was_the_last() {
    for crash in [None, None, None, Some("root/group:web")] {
        with(HERD, async |herd| {
            all_up(herd).await;
            let client = client(herd).await;
            let mut events = client.event_subscribe(None, None, None).await.unwrap();
            end(herd, Mood::Shutdown);
            if let Some(path) = crash {
                herd.strike(path, "panic").await;
            }
            let items = all(async || events.next().await.map(Result::unwrap)).await;
            herd.until("over", || herd.is_over()).await;
            assert_whole(&items, herd.shared.arena.seq());
        });
    }
}

#[test]
fn whoever_comes_late_to_read_finds_all_of_it() {
    with(HERD, async |herd| {
        all_up(herd).await;
        let methods = herd.bridge.methods(true);
        let mut events = methods.subscribe("event.subscribe", [(); 0], 1000).await.unwrap();
        end(herd, Mood::Shutdown);
        herd.until("over", || herd.is_over()).await;
        let items = all(async || events.next::<EventItem>().await.map(|item| item.unwrap().0)).await;
        assert_whole(&items, herd.shared.arena.seq());
        assert_eq!(herd.logged("were cut off"), 0, "{:#?}", herd.lines());
    });
}

#[test]
fn whoever_watches_processes_sees_each_of_them_down() {
    with(HERD, async |herd| {
        all_up(herd).await;
        let client = client(herd).await;
        let mut changes = client.process_watch(None).await.unwrap();
        end(herd, Mood::Shutdown);
        let items =
            all(async || changes.next().await.map(|item| serde_json::to_value(item.unwrap()).unwrap()))
                .await;
        assert_eq!(items.last(), Some(&json!({"kind": "end", "reason": OVER})));
        let is_down = |item: &&Value| item["kind"] == "change" && item["item"]["state"] == "STOPPED";
        let down: BTreeSet<_> =
            items.iter().filter(is_down).map(|item| item["item"]["name"].to_string()).collect();
        assert_eq!(down.len(), 20, "{down:?}");
    });
}

#[test]
fn whoever_follows_a_log_reads_the_last_words_of_its_process() {
    let web = "[program:web]\nstartsecs=0\nstderr_logfile=NONE\nstdout_logfile=%(here)s/web.log\n\
               command=/bin/sh -c 'trap \"echo good bye; exit\" TERM; echo up; while :; do sleep 0.02; done'\n";
    with(web, async |herd| {
        herd.until("up", || herd.read("web.log") == "up\n").await;
        let methods = herd.bridge.methods(true);
        let follow = async |params: Value| {
            let params = params.as_object().unwrap().clone();
            methods.subscribe("log.follow", params, 1000).await.unwrap()
        };
        let mut own = follow(json!({"name": "web"})).await;
        let mut main = follow(json!({})).await;
        end(herd, Mood::Shutdown);
        let over = json!({"kind": "end", "reason": OVER});
        for (log, last) in [(&mut own, "good bye\n"), (&mut main, "stopped: web (exit status 0)\n")] {
            let items = all(async || log.next::<Value>().await.map(|item| item.unwrap().0)).await;
            let text: String = items.iter().filter_map(|item| item["data"].as_str()).collect();
            assert!(text.contains(last), "{text:?}, {items:?}");
            assert_eq!(items.last(), Some(&over));
        }
        herd.until("over", || herd.is_over()).await;
    });
}

#[test]
fn whoever_does_not_read_holds_up_the_end_for_a_moment_and_is_counted() {
    with(HERD, async |herd| {
        all_up(herd).await;
        let methods = herd.bridge.methods(true);
        // room for one item
        let _events = methods.subscribe("event.subscribe", [(); 0], 1).await.unwrap();
        let _others = methods.subscribe("event.subscribe", [(); 0], 1).await.unwrap();
        end(herd, Mood::Shutdown);
        let stopped = || herd.snapshot().iter().all(|(_, state, ..)| *state == ProcessState::Stopped);
        herd.until("all down", stopped).await;
        let begun = clock::now();
        herd.until("over", || herd.is_over()).await;
        assert!(clock::now() - begun < Duration::from_secs(15), "{:#?}", herd.lines());
        let told = "2 of the streams of clients were cut off before their last item, for nobody took it within 2 s";
        assert_eq!(herd.logged(told), 1, "{:#?}", herd.lines());
    });
}
