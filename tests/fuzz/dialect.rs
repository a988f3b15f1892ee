//! Supervisor's INI dialect, against the parser that Supervisor uses: Python's own, with Supervisor's settings.
//!
//! ```text
//!   bytes --> a file --> load_ctl                    [supervisorctl] of it, or errors
//!         --> one python3, as long as the thread --> the same, asked line by line
//! ```
//!
//! Where there is no python3, it is only seen to it that reading ends. Compared is what both tell: whether the file can be parsed, and the texts of one section. Absent: what is done with values
//! (`%(x)s`, types), which `configuration` is for.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use treeherd::daemon::world::Here;
use treeherd_config::Overrides;

/// What files are made of.
pub(crate) const WORDS: &[&str] = &[
    "[supervisorctl]\n",
    "[SupervisorCtl]\n",
    "[supervisord]\n",
    "[a]b]\n",
    "[",
    "]",
    "username",
    "password = ",
    "PROMPT: ",
    "=",
    ":",
    ";",
    " ;",
    "\t;",
    "#",
    " #",
    "\\",
    "\"",
    "'",
    "\n ",
    "\n\t",
    "\n\n",
    "\n  ;x\n",
    "\r\n",
    "\r",
    "\u{b}",
    "\u{c}",
    "\u{1c}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{e000}",
    "\u{e001}",
    "é",
];

const PROGRAM: &str = r#"
import configparser, io, sys
for line in sys.stdin:
    text = bytes.fromhex(line).decode()
    parser = configparser.RawConfigParser(inline_comment_prefixes=(';', '#'), strict=False)
    try:
        parser.read_file(io.StringIO(text, newline=None))
    except configparser.Error:
        told = ["error"]
    else:
        told = []
        if parser.has_section("supervisorctl"):
            told = ["section"] + [key + "=" + (parser.get("supervisorctl", key) or "")
                for key in ("username", "password", "prompt") if parser.has_option("supervisorctl", key)]
    print(" ".join(each.encode().hex() for each in told), flush=True)
"#;

struct Python {
    child: Child,
    asked: Option<ChildStdin>,
    told: BufReader<ChildStdout>,
}

impl Python {
    /// `None` where there is no python3.
    #[expect(clippy::print_stdout, reason = "what is skipped is told")]
    fn start() -> Option<Self> {
        let mut python = Command::new("python3");
        let python = python.args(["-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let Ok(mut child) = python.spawn() else {
            println!("skipped: no python3 to be compared with");
            return None;
        };
        let told = BufReader::new(child.stdout.take().expect("it was asked for"));
        Some(Self { asked: child.stdin.take(), told, child })
    }

    /// What Python finds in a file: `error`, or `section` and its options.
    fn ask(&mut self, text: &str) -> Vec<String> {
        let mut line = String::new();
        for byte in text.bytes() {
            write!(line, "{byte:02x}").expect("a string takes all");
        }
        line.push('\n');
        self.asked.as_mut().expect("it runs").write_all(line.as_bytes()).expect("python listens");
        let mut answer = String::new();
        self.told.read_line(&mut answer).expect("python answers");
        assert!(answer.ends_with('\n'), "python has ended");
        answer.split_whitespace().map(from_hex).collect()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.asked.take());
        self.child.wait().expect("python ends with its input");
    }
}

fn from_hex(hex: &str) -> String {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("python writes hex");
    String::from_utf8((0..hex.len()).step_by(2).map(byte).collect()).expect("python writes UTF-8")
}

thread_local! {
    static PYTHON: RefCell<Option<Python>> = RefCell::new(Python::start());
}

/// A file is to us what it is to Python.
pub(crate) fn dialect(bytes: &[u8]) {
    // what is not UTF-8, a mark at the beginning, and expansions are told apart elsewhere
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if text.contains(['\0', '%', '\u{feff}']) {
        return;
    }
    let mut file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("there is room");
    file.write_all(bytes).expect("there is room");
    let here = Here::new();
    let read = treeherd_config::load_ctl(file.path(), &here.world());
    let expected = PYTHON.with_borrow_mut(|python| python.as_mut().map(|python| python.ask(text)));
    let Some(expected) = expected else { return };
    match (expected.first().map(String::as_str), read) {
        (Some("error") | None, read) => {
            let told = read.expect_err("Python refuses it");
            assert!(!told.errors().is_empty());
        }
        (Some(_), read) => {
            let read = read.unwrap_or_else(|report| panic!("Python reads it: {expected:?}\n{report:?}"));
            for option in &expected[1..] {
                let (key, value) = option.split_once('=').expect("python writes both");
                let ours = match key {
                    "username" => read.username.as_deref().unwrap_or_default(),
                    "password" => read.password.as_deref().unwrap_or_default(),
                    _ => &read.prompt,
                };
                assert_eq!(ours, value, "{key}");
            }
        }
    }
}

/// Eight times as much takes hardly more than eight times as long, whatever it is that there is much of.
#[test]
fn a_long_file_takes_no_more_than_its_share() {
    const PIECES: &[&str] = &[
        "[program:a]\ncommand=cat\n",
        "[supervisorctl]\nusername=a\n",
        "[group:a]\nprograms=b\n",
        "[",
        "a=b\n",
        " a\n",
        "\n",
        ";",
        " ;",
        "a",
        "%(",
        "%%",
        "nothing\n",
        "environment=A=\"b\",\n",
        "\u{e000}",
    ];
    let before = "[supervisord]\n[program:x]\ncommand=cat\nenvironment=";
    for piece in PIECES {
        let times = [2000, 16_000].map(|count| {
            let text = format!("{before}{}", piece.repeat(count));
            (0..3).map(|_| cost(&text)).min().unwrap_or_default()
        });
        assert!(times[1] < times[0].max(Duration::from_millis(5)) * 24, "{piece:?}: {times:?}");
    }
}

/// How long a file keeps this thread's processor busy.
fn cost(text: &str) -> Duration {
    let mut file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("there is room");
    file.write_all(text.as_bytes()).expect("there is room");
    let here = Here::new();
    let begun = processor_time();
    let read = treeherd_config::load(file.path(), &Overrides::default(), &here.world());
    let taken = processor_time() - begun;
    drop(read);
    taken
}

/// What this thread has had of a processor, by the kernel's account.
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    let nanos = told.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.expect("a number comes first"))
}
