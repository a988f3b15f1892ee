//! What the wire looks like: a promise to clients, so each shape is shown whole.

use expect_test::{Expect, expect};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use treeherd_domain::cause::{Asked, Cause, Peer, Via};
use treeherd_domain::event::{Event, EventKind, Output};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::fault::Fault;
use treeherd_domain::health::{Condition, Readiness};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::signal::Signal;
use treeherd_domain::status::{ProcessState, ProcessStatus, View};
use treeherd_domain::stream::Stream;
use treeherd_rpc::code;
use treeherd_rpc::wire::supervisor::{self, SignalName, StatusRow, TrueOrStatuses};
use treeherd_rpc::wire::{
    EventBody, EventItem, LogItem, LogSlice, LogStart, Mark, Operation, ProcessChange, ProcessInfo, Row,
    Wait,
};

fn shows(value: &impl Serialize, expected: Expect) {
    expected.assert_eq(&serde_json::to_string_pretty(value).expect("it serializes"));
}

fn api() -> Namespec {
    Namespec::new(GroupName::new("shop"), ProcessName::new("api"))
}

fn running() -> ProcessStatus {
    ProcessStatus {
        namespec: api(),
        state: ProcessState::Running,
        view: View::State,
        start: 1_700_000_000,
        stop: 0,
        now: 1_700_000_065,
        spawnerr: String::new(),
        exit: None,
        stdout_logfile: Some("/log/api.log".into()),
        stderr_logfile: None,
        pid: 42,
        incarnation: 3,
        restarts: 2,
        attempt: 1,
        disabled: false,
        seq: 17,
        condition: Condition { readiness: Readiness::Ready, ..Condition::default() },
    }
}

#[test]
fn a_running_process_natively() {
    let info = ProcessInfo::from((&running(), "pid 42, uptime 0:01:05".to_owned()));
    shows(
        &info,
        expect![[r#"
            {
              "name": "api",
              "group": "shop",
              "state": "RUNNING",
              "stateCode": 20,
              "view": "RUNNING",
              "pid": 42,
              "incarnation": 3,
              "restarts": 2,
              "attempt": 1,
              "startedAt": "2023-11-14T22:13:20.000Z",
              "uptimeMs": 65000,
              "logs": {
                "stdout": "/log/api.log"
              },
              "description": "pid 42, uptime 0:01:05",
              "seq": 17,
              "ready": true,
              "health": "unknown"
            }"#]],
    );
}

#[test]
fn a_running_process_as_supervisor_tells_it() {
    let info = supervisor::ProcessInfo::from((&running(), "pid 42, uptime 0:01:05".to_owned()));
    shows(
        &info,
        expect![[r#"
            {
              "name": "api",
              "group": "shop",
              "start": 1700000000,
              "stop": 0,
              "now": 1700000065,
              "state": 20,
              "statename": "RUNNING",
              "spawnerr": "",
              "exitstatus": 0,
              "logfile": "/log/api.log",
              "stdout_logfile": "/log/api.log",
              "stderr_logfile": "",
              "pid": 42,
              "description": "pid 42, uptime 0:01:05"
            }"#]],
    );
}

#[test]
fn a_time_beyond_32_bits_stops_there() {
    let late = ProcessStatus { start: 1 << 40, stop: (1 << 31) - 1, now: 1 << 31, ..running() };
    let info = supervisor::ProcessInfo::from((&late, String::new()));
    assert_eq!((info.start, info.stop, info.now), (2_147_483_647, 2_147_483_647, 2_147_483_647));
}

#[test]
fn a_killed_process_has_a_signal_and_no_pid() {
    let status = ProcessStatus {
        state: ProcessState::Exited,
        pid: 0,
        stop: 1_700_000_060,
        exit: Some(ExitStatus::Signaled { signal: Signal::KILL, core_dumped: false }),
        ..running()
    };
    let info = serde_json::to_value(ProcessInfo::from((&status, String::new()))).expect("it serializes");
    assert_eq!(info["exit"], json!({"signal": "SIGKILL"}));
    assert_eq!(info["stoppedAt"], "2023-11-14T22:14:20.000Z");
    assert!(info.get("pid").is_none() && info.get("uptimeMs").is_none());
}

#[test]
fn output_is_text_where_it_is_utf_8_and_else_base64() {
    let output =
        |data: &[u8]| Output { namespec: api(), pid: 42, stream: Stream::Stdout, data: data.to_vec() };
    let rows = [
        (
            EventKind::ProcessLog(output("Malmö".as_bytes())),
            "PROCESS_LOG_STDOUT",
            json!({"stream": "stdout", "data": "Malmö"}),
        ),
        (
            EventKind::ProcessCommunication(output(b"\xff")),
            "PROCESS_COMMUNICATION_STDOUT",
            json!({"stream": "stdout", "base64": "/w=="}),
        ),
    ];
    for (kind, name, data) in rows {
        let body = EventBody::from(&Event { seq: 1, at_ms: 0, kind });
        assert_eq!((body.kind.as_str(), body.pid, body.data), (name, Some(42), Some(data)));
        assert_eq!((body.group.as_deref(), body.name.as_deref()), (Some("shop"), Some("api")));
    }
}

#[test]
fn an_event_and_the_marks_around_it() {
    let peer = Peer::Local { pid: Some(7), uid: 1000 };
    let asked = Asked { peer, user: None, via: Via::XmlRpc, what: "supervisor.stopProcess".into() };
    let kind = EventKind::ProcessState {
        namespec: api(),
        from: ProcessState::Running,
        to: ProcessState::Exited,
        pid: 42,
        tries: 0,
        exit: Some((ExitStatus::Code(3), false)),
        incarnation: 3,
        cause: Arc::new(Cause::Asked(Arc::new(asked))),
    };
    let items = [
        EventItem::Mark(Mark::Snapshot { seq: 17 }),
        EventItem::Mark(Mark::Live { seq: 17 }),
        EventItem::from(&Event { seq: 18, at_ms: 1_700_000_000_123, kind }),
        EventItem::Mark(Mark::Gap { dropped: 2, resume_from: 21 }),
        EventItem::Mark(Mark::End { reason: "SHUTDOWN_STATE".to_owned() }),
    ];
    let json = serde_json::to_string(&items).expect("it serializes");
    let back: Vec<EventItem> = serde_json::from_str(&json).expect("it reads back");
    assert_eq!(back, items);
    shows(
        &items,
        expect![[r#"
            [
              {
                "kind": "snapshot",
                "seq": 17
              },
              {
                "kind": "live",
                "seq": 17
              },
              {
                "seq": 18,
                "at": "2023-11-14T22:13:20.123Z",
                "kind": "PROCESS_STATE_EXITED",
                "group": "shop",
                "name": "api",
                "from": "RUNNING",
                "to": "EXITED",
                "pid": 42,
                "tries": 0,
                "exit": {
                  "code": 3,
                  "expected": false
                },
                "incarnation": 3,
                "cause": {
                  "kind": "asked",
                  "text": "asked for: supervisor.stopProcess over XML-RPC by uid 1000 (pid 7)",
                  "by": {
                    "via": "xmlrpc",
                    "what": "supervisor.stopProcess",
                    "uid": 1000,
                    "pid": 7
                  }
                }
              },
              {
                "kind": "gap",
                "dropped": 2,
                "resumeFrom": 21
              },
              {
                "kind": "end",
                "reason": "SHUTDOWN_STATE"
              }
            ]"#]],
    );
}

#[test]
fn an_operation_has_a_row_for_each_target() {
    let web = Namespec::new(GroupName::new("web"), ProcessName::new("web"));
    let failed = Row::failed(&web, code::row_error(&Fault::NotRunning(web.clone())));
    shows(
        &Operation::done(vec![Row::ok(&api()), failed]),
        expect![[r#"
            {
              "state": "done",
              "total": 2,
              "done": 2,
              "rows": [
                {
                  "name": "api",
                  "group": "shop",
                  "ok": true
                },
                {
                  "name": "web",
                  "group": "web",
                  "ok": false,
                  "error": {
                    "code": 1070,
                    "message": "NOT_RUNNING: web",
                    "data": {
                      "kind": "NotRunning",
                      "fault": 70,
                      "target": "web",
                      "retryable": false
                    }
                  }
                }
              ]
            }"#]],
    );
}

#[test]
fn items_of_subscriptions_read_back() {
    let info = ProcessInfo::from((&running(), String::new()));
    let changes = [
        ProcessChange::Snapshot { items: vec![info.clone()], seq: 1 },
        ProcessChange::Change { item: Box::new(info), seq: 2 },
        ProcessChange::Gone { name: "api".to_owned(), group: "shop".to_owned(), seq: 3 },
        ProcessChange::Gap { dropped: 1, resume_from: 5 },
        ProcessChange::End { reason: "r".to_owned() },
    ];
    let json = serde_json::to_string(&changes).expect("it serializes");
    assert_eq!(serde_json::from_str::<Vec<ProcessChange>>(&json).expect("it reads back"), changes);
}

#[test]
fn log_bytes_are_text_where_they_can_be() {
    let text = serde_json::to_value(LogSlice::new("häh\n".into(), 7)).expect("it serializes");
    assert_eq!(text, json!({"data": "häh\n", "offset": 7, "next": 12}));
    let binary = LogItem::data(vec![0xff, 0x00], 0, Some(1));
    let json = serde_json::to_value(&binary).expect("it serializes");
    assert_eq!(
        json,
        json!({"kind": "data", "base64": "/wA=", "offset": 0, "at": "1970-01-01T00:00:00.001Z"})
    );
    let back: LogItem = serde_json::from_value(json).expect("it reads back");
    assert_eq!(back, binary);
    let LogItem::Data { payload, .. } = back else { panic!("bytes stay bytes") };
    assert_eq!(payload.bytes().as_deref(), Some(&[0xff, 0x00][..]));
}

#[test]
fn a_log_starts_at_an_offset_or_before_the_end() {
    let read = |json: &str| serde_json::from_str::<LogStart>(json).ok();
    assert_eq!(read("5"), Some(LogStart::Offset(5)));
    assert_eq!(read("\"-1600\""), Some(LogStart::Last(1600)));
    assert_eq!([read("-5"), read("\"5\""), read("\"-x\""), read("null")], [None, None, None, None]);
    assert_eq!(serde_json::to_value(LogStart::Last(3)).ok(), Some(json!("-3")));
}

#[test]
fn supervisors_loose_shapes_keep_their_looseness() {
    let rows =
        vec![StatusRow::new(&api(), &Ok(())), StatusRow::new(&api(), &Err(Fault::AlreadyStarted(api())))];
    assert_eq!(serde_json::to_value(TrueOrStatuses::True(true)).ok(), Some(json!(true)));
    assert_eq!(
        serde_json::to_value(TrueOrStatuses::Statuses(rows)).ok(),
        Some(json!([
            {"name": "api", "group": "shop", "status": 80, "description": "OK"},
            {"name": "api", "group": "shop", "status": 60, "description": "ALREADY_STARTED: shop:api"},
        ]))
    );
    let reread = supervisor::Reread::new(vec!["a".to_owned()], vec![], vec!["r".to_owned()]);
    assert_eq!(serde_json::to_value(reread).ok(), Some(json!([[["a"], [], ["r"]]])));
    let tail = supervisor::Tail("out\n".to_owned(), 8, true);
    assert_eq!(serde_json::to_value(tail).ok(), Some(json!(["out\n", 8, true])));
}

#[test]
fn numbers_may_be_texts_and_flags_may_be_numbers() {
    let number = |value| serde_json::from_value::<supervisor::Number>(value).ok().map(|number| number.0);
    assert_eq!([json!(5), json!("5"), json!(" -5 ")].map(number), [Some(5), Some(5), Some(-5)]);
    assert_eq!([json!("five"), json!(1.5), json!(null)].map(number), [None; 3]);
    let flag = |value| serde_json::from_value::<supervisor::Flag>(value).ok().map(|flag| flag.0);
    assert_eq!(
        [json!(true), json!(1), json!(false), json!(0)].map(flag),
        [Some(true), Some(true), Some(false), Some(false)]
    );
    assert_eq!([json!("yes"), json!([])].map(flag), [None; 2]);
}

#[test]
fn signals_are_numbers_or_names() {
    let parse = |json: serde_json::Value| {
        let name: SignalName = serde_json::from_value(json).expect("any text or number is read");
        name.parse().map_err(|fault| fault.to_string())
    };
    assert_eq!(parse(json!(15)), Ok(Signal::TERM));
    assert_eq!(parse(json!("sigterm")), Ok(Signal::TERM));
    assert_eq!(parse(json!("FOO")), Err("BAD_SIGNAL: FOO".to_owned()));
    assert_eq!(parse(json!(999)), Err("BAD_SIGNAL: 999".to_owned()));
}

#[test]
fn waits_are_three_words() {
    let words = [Wait::None, Wait::Started, Wait::Stopped].map(|w| serde_json::to_value(w).ok());
    assert_eq!(words, [Some(json!("none")), Some(json!("started")), Some(json!("stopped"))]);
}
