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

use crate::ctl::complete::{self, Known};
use crate::ctl::session::Session;
use crate::ctl::{Flow, run as run_line};
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
use tokio::signal::unix::{SignalKind, signal};
use treeherd_rpc::api::SupervisorApiClient as _;

/// Lines of history that are kept.
const HISTORY: usize = 10_000;

/// Runs the shell until it is left.
pub(super) fn run(runtime: &Runtime, session: Session, prompt: &str, history_file: Option<&Path>) {
    let session = Rc::new(RefCell::new(session));
    if obey(runtime, &session, "status") == Flow::Leave {
        return;
    }
    if stdin().is_terminal() && stdout().is_terminal() && can_edit(std::env::var("TERM").ok().as_deref()) {
        edited_lines(runtime, &session, prompt, history_file);
    } else {
        plain_lines(runtime, &session, prompt);
    }
    session.borrow_mut().screen.flush();
}

/// Whether a terminal of this kind can move its cursor.
fn can_edit(term: Option<&str>) -> bool {
    !matches!(term, None | Some("" | "dumb" | "cons25" | "emacs"))
}

/// Runs a line until it is done or Ctrl-C ends it.
fn obey(runtime: &Runtime, session: &Rc<RefCell<Session>>, line: &str) -> Flow {
    let mut session = session.borrow_mut();
    let interrupted = {
        let takes_interrupt = Rc::clone(&session.takes_interrupt);
        runtime.block_on(async {
            let Ok(mut interrupt) = signal(SignalKind::interrupt()) else {
                return Ok(run_line(&mut session, line).await);
            };
            let mut work = Box::pin(run_line(&mut session, line));
            loop {
                tokio::select! {
                    flow = &mut work => return Ok(flow),
                    _ = interrupt.recv() => if !takes_interrupt.get() { return Err(()) },
                }
            }
        })
    };
    interrupted.unwrap_or_else(|()| {
        session.screen.line("");
        session.screen.flush();
        Flow::Leave
    })
}

/// Lines from a pipe or a file: the prompt goes to stdout, as it does in Supervisor.
fn plain_lines(runtime: &Runtime, session: &Rc<RefCell<Session>>, prompt: &str) {
    loop {
        let line = {
            let mut session = session.borrow_mut();
            runtime.block_on(async {
                tokio::select! {
                    line = session.ask(prompt) => line.ok().flatten(),
                    () = interrupted() => None,
                }
            })
        };
        // The end of input leaves as `EOF` does; nobody reads on if stdout is gone.
        let flow = obey(runtime, session, line.as_deref().unwrap_or("EOF"));
        if flow == Flow::Leave || session.borrow().screen.is_broken() {
            return;
        }
    }
}

/// Waits for Ctrl-C; for ever, if it cannot be waited for.
async fn interrupted() {
    match signal(SignalKind::interrupt()) {
        Ok(mut interrupt) => {
            interrupt.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

fn edited_lines(
    runtime: &Runtime,
    session: &Rc<RefCell<Session>>,
    prompt: &str,
    history_file: Option<&Path>,
) {
    let config = Config::builder()
        .max_history_size(HISTORY)
        .map(|config| config.completion_type(CompletionType::List).auto_add_history(true).build());
    let editor = config.and_then(|config| {
        let history = MemHistory::with_config(&config);
        Editor::<Words<'_>, MemHistory>::with_history(config, history)
    });
    let Ok(mut editor) = editor else { return plain_lines(runtime, session, prompt) };
    editor.set_helper(Some(Words { runtime, session: Rc::clone(session), known: RefCell::default() }));
    for line in
        history_file.and_then(|file| std::fs::read_to_string(file).ok()).iter().flat_map(|t| t.lines())
    {
        let _ = editor.add_history_entry(line);
    }
    loop {
        if let Some(words) = editor.helper() {
            words.known.replace(None);
        }
        // An error is the end of input, Ctrl-C, or a terminal that is gone; the editor has ended the line.
        let Ok(line) = editor.readline(prompt) else { break };
        if obey(runtime, session, &line) == Flow::Leave {
            break;
        }
    }
    if let Some(file) = history_file {
        save(&editor, file);
    }
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
        let wanted = complete::wanted(line);
        let mut known = self.known.borrow_mut();
        let known: &[Known] = match wanted {
            complete::Completes::Groups | complete::Completes::Processes => {
                known.get_or_insert_with(|| self.ask())
            }
            complete::Completes::Actions | complete::Completes::Nothing => &[],
        };
        Ok((start, complete::candidates(wanted, &line[start..at], known)))
    }
}
