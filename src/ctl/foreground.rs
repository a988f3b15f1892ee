//! `fg`: a process's output on the screen, the keyboard's lines on its stdin.
//!
//! ```text
//! stdout, followed  --.
//! stderr, followed  --+--> screen          Ctrl-C, Ctrl-D: "Exiting foreground"; the process runs on
//! keyboard, by line --> supervisor.sendProcessStdin --> is it still RUNNING?
//! ```
//!
//! Absent: single keys, and a terminal for the process: its stdin is a pipe.

use crate::ctl::follow::{Follower, Source};
use crate::ctl::logs::{self, PRESS_CTRL_C};
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{fault, status};
use tokio::signal::unix::{Signal, SignalKind, signal};
use treeherd_domain::quote::repr;
use treeherd_domain::status::ProcessState;
use treeherd_domain::stream::Stream;
use treeherd_rpc::api::SupervisorApiClient as _;
use treeherd_rpc::code::RemoteFault;
use treeherd_rpc::wire::LogItem;

/// `fg <name>`
pub(super) async fn fg(session: &mut Session, argument: &str) -> Outcome {
    if !session.upcheck().await? {
        return Ok(());
    }
    let words: Vec<&str> = argument.split_whitespace().collect();
    let name = match words.as_slice() {
        [] => {
            session.misused("fg", "ERROR: no process name supplied", status::FAILURE);
            return Ok(());
        }
        [name] => *name,
        _ => {
            session.fail("ERROR: too many process names supplied");
            return Ok(());
        }
    };
    match is_running(session, name).await {
        Ok(true) => attach(session, name).await,
        Ok(false) => {
            session.fail("ERROR: process not running");
            Ok(())
        }
        Err(Problem::Fault(refusal)) if refusal.fault == Some(fault::BAD_NAME) => {
            session.fail("ERROR: bad process name supplied");
            Ok(())
        }
        Err(Problem::Fault(refusal)) => {
            session.screen.line(error_line(&refusal));
            Ok(())
        }
        Err(problem) => Err(problem),
    }
}

async fn is_running(session: &mut Session, name: &str) -> Result<bool, Problem> {
    let process = session.call(async |client| client.get_process_info(name.to_owned()).await).await?;
    Ok(process.state == ProcessState::Running.code())
}

fn error_line(refusal: &RemoteFault) -> String {
    format!("ERROR: <Fault {}: {}>", refusal.fault.unwrap_or(fault::FAILED), repr(&refusal.message))
}

async fn attach(session: &mut Session, name: &str) -> Outcome {
    session.screen.line(PRESS_CTRL_C);
    session.screen.flush();
    let interrupt = signal(SignalKind::interrupt()).map_err(Problem::Input)?;
    session.takes_interrupt.set(true);
    converse(session, name, interrupt).await
}

/// What happens next.
enum Next {
    Output(Stream, Option<LogItem>),
    Typed(Option<String>),
    Interrupted,
}

async fn converse(session: &mut Session, name: &str, mut interrupt: Signal) -> Outcome {
    let follower = Follower::connect(session).await?;
    let mut streams = Vec::with_capacity(2);
    for stream in Stream::BOTH {
        let path = format!("/logtail/{name}/{stream}");
        streams.push(follower.open(session, &path, Some(name), Some(stream)).await?);
    }
    let [stdout, stderr] = streams.as_mut_slice() else { return Ok(()) };
    loop {
        let next = tokio::select! {
            item = item_of(stdout) => Next::Output(Stream::Stdout, item),
            item = item_of(stderr) => Next::Output(Stream::Stderr, item),
            line = session.keyboard.next() => Next::Typed(line.map_err(Problem::Input)?),
            _ = interrupt.recv() => Next::Interrupted,
        };
        match next {
            Next::Output(stream, item) => {
                let source = if stream == Stream::Stdout { &mut *stdout } else { &mut *stderr };
                if item.is_none() || !logs::pass_on(session, item) {
                    *source = None;
                }
                if session.screen.is_broken() {
                    return Ok(());
                }
            }
            Next::Typed(Some(line)) => {
                if let Some(farewell) = send(session, name, line + "\n").await? {
                    session.screen.line(farewell);
                    break;
                }
            }
            Next::Typed(None) | Next::Interrupted => break,
        }
    }
    session.screen.line("Exiting foreground");
    Ok(())
}

/// The next item of a stream; never, if there is none. `None` is the end, or an item that makes no sense.
async fn item_of(source: &mut Option<Source>) -> Option<LogItem> {
    match source {
        Some(items) => items.next().await.flatten(),
        None => std::future::pending().await,
    }
}

/// Sends a line; what to say if that was the end of it.
async fn send(session: &mut Session, name: &str, line: String) -> Result<Option<String>, Problem> {
    let sent =
        session.call(async |client| client.send_process_stdin(name.to_owned(), line).await).await.map(drop);
    match sent {
        Ok(()) if is_running(session, name).await? => Ok(None),
        Ok(()) => Ok(Some("Process got killed".to_owned())),
        Err(Problem::Fault(refusal)) if refusal.fault == Some(fault::NOT_RUNNING) => {
            Ok(Some("Process got killed".to_owned()))
        }
        Err(Problem::Fault(refusal)) => Ok(Some(error_line(&refusal))),
        Err(problem) => Err(problem),
    }
}
