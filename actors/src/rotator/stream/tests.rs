//! A stream's estate, driven as a rotator drives it, over real pipes and files.

use super::*;
use crate::forward::Forwards;
use slog::{Drain, Never, OwnedKVList, Record, o};
use std::io::Write as _;
use std::os::unix::net::UnixDatagram;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use treeherd_domain::event::EventKind;
use treeherd_domain::name::{GroupName, ProcessName};
use treeherd_domain::stream::Logfile;
use treeherd_os::syslog::Syslog;

/// Keeps the messages; one that holds `boom` is a panic, after it was kept.
struct Kept(Arc<Mutex<Vec<String>>>);

impl Drain for Kept {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), Never> {
        let message = record.msg().to_string();
        let bomb = message.contains("boom");
        lock(&self.0).push(message);
        assert!(!bomb, "injected fault");
        Ok(())
    }
}

struct Bench {
    dir: tempfile::TempDir,
    estate: StreamEstate,
    pipe: Option<io::PipeWriter>,
    debug: Arc<Mutex<Vec<String>>>,
}

/// What a stream is to be, beside its file `log`.
#[derive(Default)]
struct Plan {
    spec: StreamSpec,
    strip_ansi: bool,
    debug: bool,
}

impl Plan {
    fn capture(limit: u64) -> Self {
        Self { spec: StreamSpec { capture_maxbytes: limit, ..StreamSpec::default() }, ..Self::default() }
    }

    fn bench(self) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let debug = Arc::<Mutex<Vec<String>>>::default();
        let logs = LogSettings {
            childlogdir: dir.path().to_owned(),
            identifier: "test".to_owned(),
            strip_ansi: self.strip_ansi,
            log: slog::Logger::root(slog::Discard, o!()),
            debug: self.debug.then(|| slog::Logger::root(Kept(Arc::clone(&debug)), o!())),
            syslog: Arc::new(Syslog::new(&dir.path().join("syslog"))),
            forwards: Arc::new(Forwards::new("box")),
        };
        let logfile = match self.spec.logfile {
            Logfile::Auto => Logfile::Path(dir.path().join("log")),
            other => other,
        };
        let spec = StreamSpec { logfile, ..self.spec };
        let namespec = Namespec::new(GroupName::new("g"), ProcessName::new("p"));
        let estate = StreamEstate::new(namespec, Stream::Stdout, &spec, &logs, None);
        let mut bench = Bench { dir, estate, pipe: None, debug };
        bench.begin(42);
        bench
    }
}

impl Bench {
    fn begin(&mut self, pid: i32) {
        let (reader, writer) = io::pipe().unwrap();
        treeherd_os::fd::set_nonblocking(&reader, true).unwrap();
        self.estate.attach(reader.into(), pid);
        self.pipe = Some(writer);
        self.estate.open().unwrap();
        self.estate.adopt().unwrap();
    }

    /// The process writes this, and the rotator pumps.
    fn write(&mut self, bytes: &[u8]) {
        self.pipe.as_mut().unwrap().write_all(bytes).unwrap();
        let pipe = self.estate.pipe().unwrap();
        while matches!(self.estate.pump(&pipe, false).unwrap(), Pumped::Bytes(_)) {}
    }

    /// The process ends.
    fn end(&mut self) {
        self.pipe = None;
        let pipe = self.estate.pipe();
        assert_eq!(self.estate.drain(pipe.as_deref()), None);
        self.estate.detach(pipe.as_ref(), true);
    }

    fn file(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.dir.path().join("log")).unwrap()).into_owned()
    }

    /// The events: name, pid, text.
    fn events(&self) -> Vec<(&'static str, i32, String)> {
        let show = |(event, _): (EventKind, _)| {
            let output = event.output().expect("the outbox carries output");
            (event.name(), output.pid, String::from_utf8_lossy(&output.data).into_owned())
        };
        self.estate.outbox().take().into_iter().map(show).collect()
    }
}

const BEGIN: &[u8] = b"<!--XSUPERVISOR:BEGIN-->";
const END: &[u8] = b"<!--XSUPERVISOR:END-->";

fn sent(pid: i32, text: &str) -> (&'static str, i32, String) {
    ("PROCESS_COMMUNICATION_STDOUT", pid, text.to_owned())
}

#[test]
fn captured_text_becomes_an_event_and_not_a_line_of_the_log() {
    let mut bench = Plan { debug: true, ..Plan::capture(100) }.bench();
    bench.write(&[b"a\n", BEGIN, b"one ", &END[..5]].concat());
    bench.write(&[&END[5..], b"b\n"].concat());
    assert_eq!((bench.file(), bench.events()), ("a\nb\n".to_owned(), vec![sent(42, "one ")]));
    let debug = lock(&bench.debug).clone();
    assert_eq!(
        debug,
        [
            "'p' stdout output:\na\n",
            "'p' stdout output:\none ",
            "'p' stdout emitted a comm event",
            "'p' stdout output:\nb\n",
        ]
    );
}

#[test]
fn a_capture_keeps_its_newest_bytes() {
    let mut bench = Plan::capture(4).bench();
    bench.write(&[BEGIN, b"0123", b"456", END].concat());
    assert_eq!((bench.file(), bench.events()), (String::new(), vec![sent(42, "3456")]));
}

#[test]
fn what_is_held_back_is_written_at_the_end_and_nothing_of_it_reaches_the_next_process() {
    let mut bench = Plan::capture(100).bench();
    bench.write(b"short\n<!--XSUPER");
    assert_eq!(bench.file(), "short\n");
    assert!(!bench.estate.is_quiet());
    bench.end();
    assert!(bench.estate.is_quiet());
    assert_eq!(bench.file(), "short\n<!--XSUPER");
    bench.begin(43);
    bench.write(&[b"VISOR:BEGIN-->x", BEGIN, b"open"].concat());
    bench.end();
    bench.begin(44);
    bench.write(&[END, b".", BEGIN, b"y", END].concat());
    let log = "short\n<!--XSUPERVISOR:BEGIN-->xopen<!--XSUPERVISOR:END-->.";
    assert_eq!((bench.file(), bench.events()), (log.to_owned(), vec![sent(44, "y")]));
}

#[test]
fn clear_forgets_what_was_captured_so_far() {
    let mut bench = Plan::capture(100).bench();
    bench.write(&[BEGIN, b"old"].concat());
    bench.estate.clear().unwrap();
    bench.write(&[b"new", END].concat());
    assert_eq!(bench.events(), [sent(42, "new")]);
}

#[test]
fn a_chunk_is_an_event_without_its_control_sequences() {
    let spec = StreamSpec { events_enabled: true, capture_maxbytes: 10, ..StreamSpec::default() };
    let mut bench = Plan { spec, strip_ansi: true, ..Plan::default() }.bench();
    bench.write(b"a \x1b[31mred\x1b[0m\n");
    bench.write(&[b"b", BEGIN, b"\x1b[1mx", END, b"c\x1b"].concat());
    bench.end();
    let log = |text: &str| ("PROCESS_LOG_STDOUT", 42, text.to_owned());
    assert_eq!(bench.events(), [log("a red\n"), log("b"), sent(42, "x"), log("c"), log("\x1b")]);
    assert_eq!(bench.file(), "a red\nbc\x1b");
}

#[test]
fn a_control_sequence_does_not_go_on_in_the_next_capture() {
    let spec = StreamSpec { capture_maxbytes: 10, ..StreamSpec::default() };
    let mut bench = Plan { spec, strip_ansi: true, ..Plan::default() }.bench();
    bench.write(
        &[BEGIN, b"x\x1b", END, BEGIN, b"[1my", END, BEGIN, b"z\x1b[", END, BEGIN, b"1m", END].concat(),
    );
    assert_eq!(bench.events(), [sent(42, "x\x1b"), sent(42, "[1my"), sent(42, "z"), sent(42, "1m")]);
}

#[test]
fn a_stream_with_nothing_but_a_file_announces_nothing() {
    let mut bench = Plan::default().bench();
    bench.write(&[b"a", BEGIN, b"b", END].concat());
    bench.end();
    assert!(bench.estate.outlets.is_none() && bench.events().is_empty());
    assert_eq!(bench.file(), "a<!--XSUPERVISOR:BEGIN-->b<!--XSUPERVISOR:END-->");
}

#[test]
fn lines_go_to_syslog_whatever_the_file_is() {
    let spec =
        StreamSpec { logfile: Logfile::None, syslog: true, capture_maxbytes: 9, ..StreamSpec::default() };
    let mut bench = Plan { spec, ..Plan::default() }.bench();
    bench.write(b"lost\n");
    let told = bench.estate.take_trouble().unwrap();
    assert!(told.starts_with("cannot send to the system's log at "), "{told}");
    let syslog = UnixDatagram::bind(bench.dir.path().join("syslog")).unwrap();
    syslog.set_nonblocking(true).unwrap();
    bench.write(&[b"one\n\nM\xff\n\n", BEGIN, b"captured\n", END, b"half"].concat());
    let mut buffer = [0; 200];
    let mut lines = Vec::new();
    while let Ok(size) = syslog.recv(&mut buffer) {
        let line = String::from_utf8(buffer[..size].to_vec()).unwrap();
        assert!(line.starts_with("<14>") && &line[19..33] == " supervisord: ", "{line}");
        lines.push(line[33..].to_owned());
    }
    assert_eq!(lines, ["p one", "p ", "p M\u{fffd}", "p half"]);
}

#[test]
fn bytes_that_are_no_text_are_shown_as_python_shows_them() {
    let mut bench = Plan { debug: true, ..Plan::default() }.bench();
    bench.write(b"x\xffy");
    assert_eq!(*lock(&bench.debug), ["'p' stdout output:\nUndecodable: b'x\\xffy'"]);
    assert_eq!(std::fs::read(bench.dir.path().join("log")).unwrap(), b"x\xffy");
}

#[test]
fn a_panic_between_two_chunks_or_in_an_outlet_loses_and_doubles_nothing() {
    let text = [b"1\n", BEGIN, b"boom a", END, b"2 boom\n<!--", BEGIN, b"b", END, b"3 boom\n"].concat();
    for size in 1..text.len() {
        let mut bench = Plan { debug: true, ..Plan::capture(100) }.bench();
        for chunk in text.chunks(size) {
            // the successor goes on where the panic was
            if catch_unwind(AssertUnwindSafe(|| bench.write(chunk))).is_err() {
                bench.estate.adopt().unwrap();
            }
        }
        bench.end();
        assert_eq!(bench.file(), "1\n2 boom\n<!--3 boom\n", "in chunks of {size}");
        assert_eq!(bench.events(), [sent(42, "boom a"), sent(42, "b")], "in chunks of {size}");
    }
}

/// A FIFO that takes not one byte more, and its other end.
fn full_fifo(path: &Path) -> std::fs::File {
    use std::os::unix::fs::OpenOptionsExt as _;
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    let both = std::fs::OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path);
    let mut fifo = both.unwrap();
    for size in [4096, 1] {
        while fifo.write(&vec![b'#'; size]).is_ok() {}
    }
    fifo
}

#[test]
fn while_the_file_cannot_be_written_each_chunk_is_handed_out_once_and_written_later() {
    use std::io::Read as _;
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("fifo");
    let mut fifo = full_fifo(&path);
    let spec = StreamSpec {
        logfile: Logfile::Path(path),
        events_enabled: true,
        capture_maxbytes: 10,
        ..StreamSpec::default()
    };
    let mut bench = Plan { spec, ..Plan::default() }.bench();
    bench.write(&[b"a", BEGIN, b"x", END].concat());
    bench.write(b" waits in the pipe");
    assert!(bench.estate.has_pending());
    let log = |text: &str| ("PROCESS_LOG_STDOUT", 42, text.to_owned());
    assert_eq!(bench.events(), [log("a"), sent(42, "x")]);
    bench.pipe = None;
    bench.estate.drain(bench.estate.pipe().as_deref());
    assert_eq!(bench.events(), [log(" waits in the pipe")]);
    let mut text = Vec::new();
    assert!(fifo.read_to_end(&mut text).is_err(), "it has no end while we may write to it");
    assert!(text.iter().all(|byte| *byte == b'#'));
    assert_eq!(bench.estate.write_pending(), None);
    text.clear();
    assert!(fifo.read_to_end(&mut text).is_err());
    assert_eq!(String::from_utf8_lossy(&text), "a waits in the pipe");
    assert!(bench.events().is_empty());
}
