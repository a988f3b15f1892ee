//! The interactive shell.
//!
//! ```text
//! status, once
//! terminal: rustyline (editing, history, TAB)      --.
//! none, or a dumb one: prompt on stdout, plain lines +--> run(line) --> until quit, exit, Ctrl-D, Ctrl-C
//! ```
//!
//! Ctrl-C while an action runs leaves the shell, as Supervisor's does, but for the actions that end by
//! Ctrl-C themselves (`tail -f`, `fg`). History is kept as plain lines, which readline reads, too.

use crate::ctl::complete::{self, Completes, Known, Wanted};
use crate::ctl::session::Session;
use crate::ctl::{Flow, run as run_line};
use futures_util::FutureExt as _;
use nix::sys::signal::Signal as NixSignal;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::{History as _, MemHistory, SearchDirection};
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::cell::RefCell;
use std::io::{IsTerminal as _, Write as _, stdin, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::rc::Rc;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use treeherd_os::disposition::Disposition;
use treeherd_rpc::api::SupervisorApiClient as _;

/// Lines of history that are kept.
const HISTORY: usize = 10_000;

/// Runs the shell until it is left.
pub(super) fn run(runtime: &Runtime, session: Session, prompt: &str, history_file: Option<&Path>) {
    let interrupts = Interrupts::new(runtime);
    let mut shell = Shell { runtime, session: Rc::new(RefCell::new(session)), interrupts, prompt };
    if shell.obey("status") == Flow::Leave {
        return;
    }
    if stdin().is_terminal() && stdout().is_terminal() && can_edit(std::env::var("TERM").ok().as_deref()) {
        shell.edited_lines(history_file);
    } else {
        shell.plain_lines();
    }
}

/// Whether a terminal of this kind can move its cursor.
fn can_edit(term: Option<&str>) -> bool {
    !matches!(term, None | Some("" | "dumb" | "cons25" | "emacs"))
}

/// Ctrl-C, kept from the beginning so that none is lost between two lines.
struct Interrupts(Option<Signal>);

impl Interrupts {
    fn new(runtime: &Runtime) -> Self {
        let _guard = runtime.enter();
        Self(signal(SignalKind::interrupt()).ok())
    }

    /// The next one; never, if it cannot be waited for.
    async fn next(&mut self) {
        match &mut self.0 {
            Some(signals) => drop(signals.recv().await),
            None => std::future::pending().await,
        }
    }

    /// Forgets one that somebody else has taken.
    fn forget(&mut self) {
        let _ = self.next().now_or_never();
    }
}

struct Shell<'a> {
    runtime: &'a Runtime,
    session: Rc<RefCell<Session>>,
    interrupts: Interrupts,
    prompt: &'a str,
}

impl Shell<'_> {
    /// Runs a line until it is done or Ctrl-C ends it.
    fn obey(&mut self, line: &str) -> Flow {
        let Self { runtime, session, interrupts, .. } = self;
        let mut session = session.borrow_mut();
        let takes_interrupt = Rc::clone(&session.takes_interrupt);
        let done = runtime.block_on(async {
            let mut work = Box::pin(run_line(&mut session, line));
            loop {
                tokio::select! {
                    flow = &mut work => return Some(flow),
                    () = interrupts.next() => if !takes_interrupt.get() { return None },
                }
            }
        });
        if takes_interrupt.replace(false) {
            interrupts.forget();
        }
        done.unwrap_or_else(|| {
            session.screen.line("");
            session.screen.flush();
            Flow::Leave
        })
    }

    /// Lines from a pipe or a file: the prompt goes to stdout, as it does in Supervisor.
    fn plain_lines(&mut self) {
        loop {
            let line = {
                let Self { runtime, session, interrupts, prompt } = self;
                let mut session = session.borrow_mut();
                runtime.block_on(async {
                    tokio::select! {
                        line = session.ask(prompt) => line.ok().flatten(),
                        () = interrupts.next() => None,
                    }
                })
            };
            // The end of input leaves as `EOF` does; nobody reads on if stdout is gone.
            let flow = self.obey(line.as_deref().unwrap_or("EOF"));
            if flow == Flow::Leave || self.session.borrow().screen.is_broken() {
                return;
            }
        }
    }

    /// Lines from a terminal.
    fn edited_lines(&mut self, history_file: Option<&Path>) {
        let words =
            Words { runtime: self.runtime, session: Rc::clone(&self.session), known: RefCell::default() };
        let interrupts = Disposition::of(NixSignal::SIGINT).ok();
        let Some(mut editor) = editor(words) else { return self.plain_lines() };
        let history = history_file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        for line in history.lines() {
            let _ = editor.add_history_entry(line);
        }
        loop {
            if let Some(words) = editor.helper() {
                words.known.replace(None);
            }
            // An error is the end of input, Ctrl-C, or a terminal that is gone; the editor has ended the
            // line.
            let Ok(line) = editor.readline(self.prompt) else { break };
            // The editor has Ctrl-C for itself as long as it lives; an action has to hear of it.
            let editors = interrupts.and_then(|interrupts| interrupts.restore().ok());
            let flow = self.obey(&line);
            drop(editors.map(|editors| editors.restore()));
            if flow == Flow::Leave {
                break;
            }
        }
        if let Some(file) = history_file {
            save(&editor, file);
        }
    }
}

/// An editor; `None` if there cannot be one here.
fn editor(words: Words<'_>) -> Option<Editor<Words<'_>, MemHistory>> {
    let config = Config::builder().max_history_size(HISTORY).ok()?;
    let config = config.completion_type(CompletionType::List).auto_add_history(true).build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history).ok()?;
    editor.set_helper(Some(words));
    Some(editor)
}

/// Saves the history; that it cannot be saved is nobody's concern.
fn save(editor: &Editor<Words<'_>, MemHistory>, file: &Path) {
    let history = editor.history();
    let mut text = String::new();
    for at in 0..history.len() {
        if let Ok(Some(line)) = history.get(at, SearchDirection::Forward) {
            text.push_str(&line.entry);
            text.push('\n');
        }
    }
    let opened = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
    let _ = opened.and_then(|mut file| file.write_all(text.as_bytes()));
}

/// TAB: asks the daemon for its processes once a line.
struct Words<'a> {
    runtime: &'a Runtime,
    session: Rc<RefCell<Session>>,
    known: RefCell<Option<Vec<Known>>>,
}

impl Helper for Words<'_> {}
impl Highlighter for Words<'_> {}
impl Validator for Words<'_> {}
impl Hinter for Words<'_> {
    type Hint = String;
}

impl Words<'_> {
    fn ask(&self) -> Vec<Known> {
        let Ok(mut session) = self.session.try_borrow_mut() else { return Vec::new() };
        let answer =
            self.runtime.block_on(session.call(async |client| client.get_all_process_info().await));
        answer.unwrap_or_default().into_iter().map(|process| (process.group, process.name)).collect()
    }
}

impl Completer for Words<'_> {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let start = complete::word_start(&line[..at]);
        let wanted = complete::wanted(line, start);
        let mut known = self.known.borrow_mut();
        let known: &[Known] = match wanted {
            Wanted::Names(Completes::Groups | Completes::Processes) => {
                known.get_or_insert_with(|| self.ask())
            }
            Wanted::Names(_) | Wanted::Options(_) | Wanted::Value(_) => &[],
        };
        Ok((start, complete::candidates(wanted, &line[start..at], known)))
    }
}
