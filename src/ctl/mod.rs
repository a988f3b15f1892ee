//! `supervisorctl`: actions on a daemon, one-shot from the command line or typed in a shell.
//!
//! ```text
//! argv --args--> Options --settings (config file)--> Session {screen, keyboard, server, status}
//!                                                        |
//!   words joined, or a line of the shell --grammar--> verb, argument --run--> control    start stop restart signal clear
//!                                                        |                    inspect    status pid version avail
//!                                                        |                    survey     status --json --check
//!                                                        |                    reconfigure reread update add remove
//!                                                        |                    daemon     shutdown reload open
//!                                                        |                    logs       tail maintail
//!                                                        |                    foreground fg
//!                                                        |                    wait       wait, by news
//!                                                        |                    events     events
//!                                                        |                    reshape    update --per-process
//!                                                        |                    plan       plan
//!                                                        |                    graph      graph
//!                                                        |                    completion names for the login shell
//!                                                        |                    local      configtest doctor simulate completion man
//!   exit status <--status: folded--- results <--rpc-- daemon
//! ```
//!
//! Output and exit statuses are Supervisor's; what a failure means and what to do next goes to
//! stderr. One thread; one connection, and one more for what is followed; nothing is read or connected before it is
//! needed. Absent: plug-ins (`[ctlplugin:x]` names Python objects).

pub mod action;
pub mod args;
pub mod complete;
pub mod completion;
mod control;
mod daemon;
pub mod diff;
mod doctor;
mod enable;
mod events;
pub mod explain;
pub mod fault;
mod follow;
mod foreground;
pub mod grammar;
pub mod graph;
pub mod health;
mod hup;
mod inspect;
pub mod keyboard;
pub mod local;
mod logs;
pub mod man;
pub mod names;
mod news;
pub mod options;
pub mod plan;
mod pools;
pub mod probes;
mod python;
mod reconfigure;
pub mod render;
mod reshape;
mod rolling;
mod scale;
pub mod screen;
pub mod server;
pub mod session;
pub mod settings;
mod shell;
mod simulate;
mod spawn;
pub mod status;
mod survey;
mod wait;
mod why;

use crate::configtest;
use crate::getopt::UsageError;
use args::{Invocation, Options};
use grammar::Command;
use local::Local;
use screen::Screen;
use server::Problem;
use session::{Outcome, Session};
use settings::Settings;
use std::os::fd::{AsFd as _, OwnedFd};
use treeherd_domain::command;
use treeherd_domain::endpoint::Credentials;
use treeherd_rpc::client::ConnectError;

/// Whether the shell goes on after a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// It reads the next line.
    Continue,
    /// It ends.
    Leave,
}

/// Runs the program with its whole argument vector and returns its exit status.
#[must_use]
pub fn main(argv: &[String]) -> u8 {
    let argv0 = argv.first().map_or("supervisorctl", String::as_str);
    let mut screen = Screen::standard();
    match args::parse(argv.get(1..).unwrap_or_default()) {
        Ok(Invocation::Help) => {
            screen.bytes(args::help(argv0).as_bytes());
            screen.flush();
            u8::from(screen.is_broken())
        }
        Ok(Invocation::Run(options)) => run_options(screen, argv0, &options),
        Err(error) => {
            screen.error(&error.report(argv0));
            UsageError::EXIT
        }
    }
}

fn run_options(mut screen: Screen, argv0: &str, options: &Options) -> u8 {
    let local = Local::new(argv0, options);
    let words: Vec<&str> = match &options.words[..] {
        [line] => line.split_whitespace().collect(),
        words => words.iter().map(String::as_str).collect(),
    };
    if let Some(code) = local.run(&mut screen, &words) {
        screen.flush();
        return if screen.is_broken() { status::FAILURE } else { code };
    }
    match settings::resolve(argv0, options) {
        Ok(settings) => start(screen, options, settings, local),
        Err(report) => {
            screen.error(&configtest::explain(argv0, &report));
            UsageError::EXIT
        }
    }
}

fn start(mut screen: Screen, options: &Options, settings: Settings, local: Local) -> u8 {
    let prepared = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| keyboard().map(|keyboard| (runtime, keyboard)));
    let (runtime, keyboard) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            screen.error(&format!("supervisorctl: the system refuses what every program needs: {error}\n"));
            return status::FAILURE;
        }
    };
    let Settings { server, prompt, history_file } = settings;
    let mut session = Session::new(screen, keyboard, server, options.interactive);
    session.local = local;
    if options.words.is_empty() {
        shell::run(&runtime, session, &format!("{prompt}> "), history_file.as_deref());
        return status::OK;
    }
    runtime.block_on(run(&mut session, &one_line(&options.words)));
    session.screen.flush();
    match session.screen.is_broken() {
        true => status::FAILURE,
        false => session.status.code(),
    }
}

/// A descriptor of our own for stdin; a closed one reads as an empty file.
fn keyboard() -> std::io::Result<OwnedFd> {
    match std::io::stdin().as_fd().try_clone_to_owned() {
        Ok(stdin) => Ok(stdin),
        Err(_) => std::fs::File::open("/dev/null").map(OwnedFd::from),
    }
}

/// Runs one line.
pub async fn run(session: &mut Session, line: &str) -> Flow {
    let line = line.trim();
    let flow = match grammar::parse(line) {
        Command::Empty => Flow::Continue,
        Command::Verb { name: "quit" | "exit" | "EOF", .. } => {
            session.screen.line("");
            Flow::Leave
        }
        Command::Verb { name: "help", argument } => {
            session.screen.bytes(action::help(argument).as_bytes());
            Flow::Continue
        }
        Command::Verb { name, argument } => {
            obey(session, name, argument, line).await;
            Flow::Continue
        }
        Command::Unknown => {
            unknown(session, line);
            Flow::Continue
        }
    };
    session.screen.flush();
    flow
}

/// Runs an action; asks for credentials where the daemon wants some and somebody is there to give them.
async fn obey(session: &mut Session, verb: &str, argument: &str, line: &str) {
    loop {
        let problem = match act(session, verb, argument, line).await {
            Ok(()) => return,
            Err(problem) => problem,
        };
        match &problem {
            Problem::Connect(ConnectError::Unauthorized { .. }) => {}
            // the line that Supervisor has for what it does not know is for its own actions
            Problem::Fault(refusal) if action::is_ours(verb) => {
                session.fail(format!("ERROR: {}", fault::words(refusal)));
                return session.explain(&problem);
            }
            _ => return session.report(&problem),
        }
        session.screen.line("Server requires authentication");
        if !session.interactive {
            session.explain(&problem);
            return session.status.set(status::FAILURE);
        }
        match credentials(session).await {
            Ok(Some(credentials)) => session.server.set_credentials(credentials),
            Ok(None) => return session.report(&problem),
            Err(problem) => return session.report(&problem),
        }
    }
}

/// Asks for user name and password; `None` at the end of input.
async fn credentials(session: &mut Session) -> Result<Option<Credentials>, Problem> {
    let Some(username) = session.ask("Username:").await? else { return Ok(None) };
    let typed = keyboard::password("Password:").await.map_err(Problem::Input)?;
    let password = match typed {
        Some(password) => Some(password),
        // No terminal: whoever is at the other end of stdin has no echo to hide.
        None => session.ask("Password:").await?,
    };
    session.screen.line("");
    Ok(password.map(|password| Credentials { username, password }))
}

/// The words of a command line as a line of the shell. `spawn`, whose values may hold anything, gets them quoted; other
/// actions split at blanks, as Supervisor's do.
fn one_line(words: &[String]) -> String {
    match words.first().map(String::as_str) {
        Some("spawn") => words.iter().map(|word| command::quote(word)).collect::<Vec<_>>().join(" "),
        _ => words.join(" "),
    }
}

async fn act(session: &mut Session, verb: &str, argument: &str, line: &str) -> Outcome {
    let words: Vec<&str> = std::iter::once(verb).chain(argument.split_whitespace()).collect();
    if let Some(code) = session.local.run(&mut session.screen, &words) {
        session.status.set(code);
        return Ok(());
    }
    match verb {
        "start" => control::start(session, argument).await,
        "stop" => control::stop(session, argument).await,
        "restart" => control::restart(session, argument).await,
        "scale" => scale::scale(session, argument).await,
        "signal" => control::signal(session, argument).await,
        "clear" => control::clear(session, argument).await,
        "status" => inspect::status(session, argument).await,
        "pid" => inspect::pid(session, argument).await,
        "version" => inspect::version(session, argument).await,
        "avail" => inspect::avail(session, argument).await,
        "reread" => reconfigure::reread(session, argument).await,
        "plan" => plan::plan(session, argument).await,
        "probes" => probes::probes(session, argument).await,
        "update" => reconfigure::update(session, argument).await,
        "add" => reconfigure::add(session, argument).await,
        "remove" => reconfigure::remove(session, argument).await,
        "shutdown" => daemon::shutdown(session, argument).await,
        "reload" => daemon::reload(session, argument).await,
        "open" => daemon::open(session, argument).await,
        "tail" => logs::tail(session, argument).await,
        "maintail" => logs::maintail(session, argument).await,
        "fg" => foreground::fg(session, argument).await,
        "disable" => enable::disable(session, argument).await,
        "enable" => enable::enable(session, argument).await,
        "events" => events::events(session, argument).await,
        "graph" => graph::graph(session, argument).await,
        "hup" => hup::hup(session, argument).await,
        "history" => why::history(session, argument).await,
        "why" => why::why(session, argument).await,
        "spawn" => spawn::spawn(session, argument).await,
        "wait" => wait::wait(session, argument).await,
        "completion" => completion::names(session, argument).await,
        _ => {
            unknown(session, line);
            Ok(())
        }
    }
}

fn unknown(session: &mut Session, line: &str) {
    session.fail(format!("*** Unknown syntax: {line}"));
    if let Some(text) = session.local.explain_unknown() {
        session.screen.error(&text);
    }
}
