//! `event.subscribe` with `since`: what is kept, then what comes, without a hole or a repetition between the two.

use crate::harness::{DEADLINE, Herd, reference};
use serde_json::json;
use treeherd_rpc::api::{EventApiClient as _, SystemApiClient as _};
use treeherd_rpc::client::{Endpoint, Target, WsClient, connect_ws};
use treeherd_rpc::wire::{EventItem, Mark};

/// Programs that end as soon as they are started, and are started again.
const LOAD: &str = "[program:flap]\ncommand=/bin/true\nnumprocs=40\nprocess_name=%(program_name)s_%(process_num)d\n\
    startsecs=0\nautorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n";

/// Runs a test that talks to the daemon by a connection of its own.
#[track_caller]
fn with(herd: &Herd, test: impl AsyncFnOnce(&WsClient)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let endpoint = Endpoint::new(Target::Unix(herd.path("s.sock")));
    let test = async {
        let client = connect_ws(&endpoint).await.expect("the daemon serves");
        test(&client).await;
    };
    let done = runtime.block_on(async { tokio::time::timeout(DEADLINE, test).await });
    done.unwrap_or_else(|_| panic!("it takes too long; the log:\n{}", herd.log().join("\n")));
}

/// What one subscription brings, until the live ones have begun and the number of the last one is above `until`.
async fn items(client: &WsClient, since: Option<u64>, until: u64) -> Vec<EventItem> {
    let mut subscription = client.event_subscribe(None, None, since).await.expect("anyone may subscribe");
    let (mut items, mut is_live, mut last) = (Vec::new(), false, 0);
    while !is_live || last <= until {
        let item = subscription.next().await.expect("it goes on").expect("an item can be read");
        match &item {
            EventItem::Event(event) => last = event.seq,
            EventItem::Mark(Mark::Live { seq }) => (is_live, last) = (true, last.max(*seq)),
            EventItem::Mark(_) => {}
        }
        items.push(item);
    }
    items
}

async fn last(client: &WsClient) -> u64 {
    client.system_state().await.expect("it answers").seq
}

/// Every number after `since` is there once or counted in a gap; where the live ones begin, and how many are missing.
#[track_caller]
fn assert_whole(items: &[EventItem], since: u64) -> (u64, u64) {
    let (mut next, mut live, mut missing) = (since + 1, None, 0);
    assert!(matches!(items[0], EventItem::Mark(Mark::Snapshot { .. })), "{:?}", items[0]);
    for item in &items[1..] {
        match item {
            EventItem::Event(event) => {
                assert_eq!(event.seq, next, "{item:?}");
                next += 1;
            }
            EventItem::Mark(Mark::Gap { dropped, resume_from }) => {
                assert_eq!(*resume_from, next + dropped, "{item:?}");
                (next, missing) = (*resume_from, missing + dropped);
            }
            EventItem::Mark(Mark::Live { seq }) => {
                assert!(
                    live.replace(*seq).is_none() && next == (*seq + 1).max(since + 1),
                    "{item:?} before {next}"
                );
            }
            EventItem::Mark(_) => panic!("{item:?}"),
        }
    }
    (live.expect("the live ones begin"), missing)
}

#[test]
fn kept_and_live_events_join_without_a_hole_or_a_repetition_while_events_come() {
    if reference() {
        return;
    }
    let herd = Herd::start(LOAD);
    with(&herd, async |client| {
        let mut joins = 0;
        while joins < 30 {
            let now = last(client).await;
            // from what is kept, from the very end, and from what the daemon has numbered and not yet written down
            for since in [now.saturating_sub(50), now.saturating_sub(1), now] {
                let found = items(client, Some(since), now + 5).await;
                let (live, missing) = assert_whole(&found, since);
                assert!(live <= now + 1000 && missing == 0, "{live} {missing}");
                joins += 1;
            }
        }
    });
    herd.end();
}

#[test]
fn events_that_are_kept_no_longer_are_counted() {
    if reference() {
        return;
    }
    const KEPT: u64 = 1024;
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    let sent = KEPT + 200;
    for number in 0..sent {
        let told = herd.call("supervisor.sendRemoteCommEvent", json!(["n", number.to_string()]));
        assert_eq!(told, Ok(json!(true)));
    }
    with(&herd, async |client| {
        for since in [0, 5, 150] {
            let found = items(client, Some(since), 0).await;
            let (live, missing) = assert_whole(&found, since);
            assert!(live >= sent);
            assert_eq!(missing, live - KEPT - since, "since {since} of {live}");
        }
    });
    herd.end();
}

#[test]
fn a_number_that_is_yet_to_come_and_a_kind_that_there_is_not_are_refused_and_said_so() {
    if reference() {
        return;
    }
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    with(&herd, async |client| {
        let now = last(client).await;
        let refused =
            client.event_subscribe(None, None, Some(now + 1000)).await.expect_err("it is refused");
        let text = refused.to_string();
        let begin = format!("there is no event {} yet, the last one is ", now + 1000);
        let told = text.split(&begin).nth(1).unwrap_or_else(|| panic!("{text}"));
        let digits: String = told.chars().take_while(char::is_ascii_digit).collect();
        // a tick may have come meanwhile
        assert!((now..now + 100).contains(&digits.parse().expect("a number")), "{now}: {text}");
    });
    let said = herd.ctl("events -f --since 99999");
    assert!(
        said.stdout.starts_with(
            "==> Press Ctrl-C to exit <==\nERROR: there is no event 99999 yet, the last one is "
        ) && said.code == 1,
        "{said:?}"
    );
    let said = herd.ctl("events -f --kind PROCESS,TICK_6");
    assert!(
        said.stdout.contains("no event is called TICK_6; there are EVENT") && said.code == 1,
        "{said:?}"
    );
    herd.ctl("events --kind process_state_running").has("PROCESS_STATE_RUNNING cat", 0);
    let said = herd.ctl("events --since -1");
    assert!(said.stdout.contains("--since") && said.code == 2, "{said:?}");
    herd.end();
}

#[test]
fn numbers_go_on_over_a_reload_and_what_was_before_is_counted() {
    if reference() {
        return;
    }
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    let mut before = 0;
    with(&herd, async |client| before = last(client).await);
    herd.ctl("reload").is("Restarted supervisord\n", 0);
    herd.wait("success: cat");
    with(&herd, async |client| {
        let now = last(client).await;
        assert!(now > before);
        herd.call("supervisor.sendRemoteCommEvent", json!(["n", "1"])).expect("it is sent");
        let found = items(client, Some(before), now).await;
        let (_, missing) = assert_whole(&found, before);
        // its end was told to the daemon that was
        assert!(missing > 0 && missing < now - before, "{missing} of {before}..{now}");
    });
    herd.end();
}

#[test]
fn a_name_that_has_no_events_and_names_nothing_is_told() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n[group:idle]\nprograms=spare\n\
        [program:spare]\ncommand=/bin/cat\nautostart=false\n",
    );
    herd.wait("success: cat");
    herd.ctl("events nosuch").is("nosuch: ERROR (no such process)\n", 1);
    let said = herd.ctl("events --kind PROCESS_STATE_RUNNING no:* cat cat:x");
    let (shown, told) = said.stdout.split_once('\n').expect("two lines");
    assert!(shown.contains(" PROCESS_STATE_RUNNING cat "), "{said:?}");
    assert_eq!((told, said.code), ("no: ERROR (no such group)\ncat:x: ERROR (no such process)\n", 1));
    let said = herd.ctl("events --json nosuch");
    assert_eq!(
        said.stdout.lines().last(),
        Some(r#"{"error":"no such process","name":"nosuch"}"#),
        "{said:?}"
    );
    // what has no events yet is there all the same; what is removed has some
    herd.ctl("events --kind PROCESS_STATE_FATAL idle:* spare:spare cat").has("spare:spare", 1);
    herd.ctl("events --kind PROCESS_STATE_FATAL idle:* idle:spare all").is("", 0);
    herd.ctl("stop cat");
    herd.ctl("remove cat").is("cat: removed process group\n", 0);
    herd.ctl("events cat").has(" PROCESS_STATE_STOPPED cat ", 0);
    herd.end();
}
