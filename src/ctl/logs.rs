//! Actions that show logs: `tail` and `maintail`, once or with `-f`.
//!
//! ```text
//! tail -100 web        supervisor.readProcessStdoutLog(web, -100, 0)
//! tail -f web stderr   log.follow: first the last 1024 bytes, then each piece as it comes
//! ```
//!
//! What is followed passes through byte for byte; where it comes from is [`follow`](super::follow)'s. Absent:
//! following several logs at once.

use crate::ctl::follow::Follower;
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{fault, status};
use std::borrow::Cow;
use treeherd_config::value;
use treeherd_domain::quote::repr;
use treeherd_domain::stream::Stream;
use treeherd_rpc::api::SupervisorApiClient as _;
use treeherd_rpc::wire::LogItem;
use treeherd_rpc::wire::supervisor::Number;

/// Bytes shown without a modifier.
const DEFAULT_BYTES: i64 = 1600;

/// The first line of what ends by Ctrl-C.
pub(super) const PRESS_CTRL_C: &str = "==> Press Ctrl-C to exit <==";

/// How much of a log is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Extent {
    Last(i64),
    Follow,
}

impl Extent {
    /// Reads `-f` or `-<bytes>`.
    fn parse(modifier: &str) -> Option<Self> {
        match modifier.strip_prefix('-')? {
            "f" => Some(Self::Follow),
            bytes => value::integer(bytes).ok().map(Self::Last),
        }
    }
}

/// What `tail` is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Tail<'a> {
    extent: Extent,
    name: &'a str,
    stream: Stream,
}

/// Why the words of `tail` make no sense; with the usage or without.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Misuse {
    WithUsage(&'static str),
    Plain(String),
}

impl<'a> Tail<'a> {
    fn parse(argument: &'a str) -> Result<Self, Misuse> {
        let words: Vec<&str> = argument.split_whitespace().collect();
        let (modifier, words) = match words.as_slice() {
            [] => return Err(Misuse::WithUsage("Error: too few arguments")),
            [_, _, _, _, ..] => return Err(Misuse::WithUsage("Error: too many arguments")),
            [modifier, rest @ ..] if modifier.starts_with('-') => (Some(*modifier), rest),
            words => (None, words),
        };
        let (name, stream) = match words {
            [] => return Err(Misuse::Plain("Error: tail requires process name".to_owned())),
            [name] => (name, Stream::Stdout),
            [name, .., channel] => {
                let lower = channel.to_lowercase();
                let bad = || Misuse::Plain(format!("Error: bad channel {}", repr(&lower)));
                (name, Stream::parse(&lower).ok_or_else(bad)?)
            }
        };
        let extent = match modifier {
            None => Extent::Last(DEFAULT_BYTES),
            Some(modifier) => Extent::parse(modifier)
                .ok_or_else(|| Misuse::Plain(format!("Error: bad argument {modifier}")))?,
        };
        Ok(Self { extent, name, stream })
    }
}

/// `tail [-f|-<bytes>] <name> [stdout|stderr]`
pub(super) async fn tail(session: &mut Session, argument: &str) -> Outcome {
    if !session.upcheck().await? {
        return Ok(());
    }
    let Tail { extent, name, stream } = match Tail::parse(argument) {
        Ok(tail) => tail,
        Err(Misuse::WithUsage(message)) => {
            session.misused("tail", message, status::FAILURE);
            return Ok(());
        }
        Err(Misuse::Plain(message)) => {
            session.fail(message);
            return Ok(());
        }
    };
    let Extent::Last(bytes) = extent else {
        let path = format!("/logtail/{name}/{stream}");
        return follow(session, &path, Some(name), Some(stream)).await;
    };
    let (owned, offset) = (name.to_owned(), bytes.saturating_neg());
    let answer = match stream {
        Stream::Stdout => {
            session.call(async |c| c.read_process_stdout_log(owned, Number(offset), Number(0)).await).await
        }
        Stream::Stderr => {
            session.call(async |c| c.read_process_stderr_log(owned, Number(offset), Number(0)).await).await
        }
    };
    show(session, name, answer)
}

/// `maintail [-f|-<bytes>]`
pub(super) async fn maintail(session: &mut Session, argument: &str) -> Outcome {
    if !session.upcheck().await? {
        return Ok(());
    }
    let words: Vec<&str> = argument.split_whitespace().collect();
    let extent = match words.as_slice() {
        [] => Extent::Last(DEFAULT_BYTES),
        [word] => match Extent::parse(word) {
            Some(extent) => extent,
            None => {
                session.fail(format!("Error: bad argument {word}"));
                return Ok(());
            }
        },
        _ => {
            session.misused("maintail", "Error: too many arguments", status::FAILURE);
            return Ok(());
        }
    };
    match extent {
        Extent::Follow => follow(session, "/mainlogtail", None, None).await,
        Extent::Last(bytes) => {
            let answer =
                session.call(async |c| c.read_log(Number(bytes.saturating_neg()), Number(0)).await).await;
            show(session, "supervisord", answer)
        }
    }
}

/// What was read, with a line end behind it; or why it could not be read.
fn show(session: &mut Session, name: &str, answer: Result<String, Problem>) -> Outcome {
    let problem = match answer {
        Ok(text) => {
            session.screen.line(text);
            return Ok(());
        }
        Err(problem) => problem,
    };
    let reason = match problem.fault() {
        Some(fault::NO_FILE) => "no log file",
        Some(fault::FAILED) => "unknown error reading log",
        Some(fault::BAD_NAME) if name != "supervisord" => "no such process name",
        _ => return Err(problem),
    };
    session.fail(format!("{name}: ERROR ({reason})"));
    Ok(())
}

/// Says on stderr, as Supervisor does, that a log stream cannot be had; then why.
pub(super) fn refused(session: &mut Session, path: &str, code: u16, why: &str) {
    let url = session.server.url();
    session.screen.error(&format!("{url}{path} Cannot read, status code {code}\n{why}\n"));
}

/// Why there is no file to follow, if there is none: Supervisor refuses then, though a stream could be had
/// without one. Whatever else is wrong shows when the stream is opened.
async fn lacks_file(session: &mut Session, name: Option<&str>, stream: Option<Stream>) -> Option<String> {
    let name = name.map(str::to_owned);
    let looked = match (name, stream) {
        (None, _) => session.call(async |c| c.read_log(Number(0), Number(1)).await).await,
        (Some(name), Some(Stream::Stderr)) => {
            session.call(async |c| c.read_process_stderr_log(name, Number(0), Number(1)).await).await
        }
        (Some(name), _) => {
            session.call(async |c| c.read_process_stdout_log(name, Number(0), Number(1)).await).await
        }
    };
    match looked {
        Err(Problem::Fault(refusal)) if refusal.fault == Some(fault::NO_FILE) => Some(refusal.message),
        Ok(_) | Err(_) => None,
    }
}

/// Copies a log to stdout until Ctrl-C or until the daemon ends it.
async fn follow(session: &mut Session, path: &str, name: Option<&str>, stream: Option<Stream>) -> Outcome {
    session.screen.line(PRESS_CTRL_C);
    session.screen.flush();
    session.until_interrupted(async |session| copy(session, path, name, stream).await).await
}

async fn copy(session: &mut Session, path: &str, name: Option<&str>, stream: Option<Stream>) -> Outcome {
    if let Some(why) = lacks_file(session, name, stream).await {
        refused(session, path, 404, &why);
        return Ok(());
    }
    let follower = Follower::connect(session).await?;
    let Some(mut source) = follower.open(session, path, name, stream).await? else { return Ok(()) };
    while let Some(item) = source.next().await {
        if !pass_on(session, item) {
            break;
        }
    }
    Ok(())
}

/// Shows one item of a log; whether more may come and can be shown.
pub(super) fn pass_on(session: &mut Session, item: Option<LogItem>) -> bool {
    match item {
        Some(LogItem::Data { payload, .. }) => {
            session.screen.bytes(&payload.bytes().unwrap_or(Cow::Borrowed(&[])));
            session.screen.flush();
            !session.screen.is_broken()
        }
        Some(LogItem::Gap { dropped, .. }) => {
            session.screen.error(&format!(
                "supervisorctl: {dropped} bytes are missing here: this reader is slower than the log\n"
            ));
            true
        }
        Some(LogItem::End { reason }) => {
            session.screen.error(&format!("supervisorctl: the log ends here: {reason}\n"));
            false
        }
        None => {
            session.screen.error("supervisorctl: an item of the log could not be understood\n");
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(argument: &str) -> String {
        match Tail::parse(argument) {
            Ok(Tail { extent, name, stream }) => format!("{extent:?} {name} {stream}"),
            Err(Misuse::WithUsage(text)) => format!("{text} + usage"),
            Err(Misuse::Plain(text)) => text,
        }
    }

    #[test]
    fn the_words_of_tail_are_read_as_supervisor_reads_them() {
        for (argument, expected) in [
            ("web", "Last(1600) web stdout"),
            ("web stderr", "Last(1600) web stderr"),
            ("web STDERR", "Last(1600) web stderr"),
            ("-100 web", "Last(100) web stdout"),
            ("-0 web", "Last(0) web stdout"),
            ("--5 web", "Last(-5) web stdout"),
            ("-1_000 web", "Last(1000) web stdout"),
            ("-f web stderr", "Follow web stderr"),
            ("web x stderr", "Last(1600) web stderr"),
            ("", "Error: too few arguments + usage"),
            ("a b c d", "Error: too many arguments + usage"),
            ("-f", "Error: tail requires process name"),
            ("web foo", "Error: bad channel 'foo'"),
            ("-f web Foo", "Error: bad channel 'foo'"),
            ("-x web", "Error: bad argument -x"),
            ("-x web foo", "Error: bad channel 'foo'"),
            ("- web", "Error: bad argument -"),
        ] {
            assert_eq!(read(argument), expected, "{argument:?}");
        }
    }
}
