//! `wait`: until processes are where they shall be, or cannot get there.
//!
//! ```text
//! news --all--> Watched --one, gone, all--> Watched --verdicts--> all reached    exit status 0
//!                                                                 one never      7
//!                                                                 time is up     1
//! ```
//!
//! All have to be there at the same time: one that leaves is waited for anew. Absent: a wait without end, and names
//! that do not exist yet; how news come (see [`news`](crate::ctl::news)).

use crate::ctl::health::{Prospects, has_completed, is_over, is_ready, state};
use crate::ctl::news::{News, Watcher};
use crate::ctl::options::Arguments;
use crate::ctl::python::Seen;
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{names, render, status, survey};
use crate::getopt::UsageError;
use std::time::Duration;
use treeherd_domain::status::ProcessState;
use treeherd_rpc::wire::ProcessInfo;

/// How long is waited when nothing is said.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Why a process is never healthy, and what to do.
const NO_HEALTH: &str =
    "it has neither health= nor watchdog=, by which that is known; wait --for ready instead, or write one";

/// Where the processes shall be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Goal {
    Running,
    Stopped,
    /// By its `ready=`; without one, RUNNING.
    Ready,
    /// Ready, and by its `health=` or `watchdog=` found to do its work.
    Healthy,
    /// EXITED for good, as its `exitcodes` allow.
    Completed,
}

impl Goal {
    fn parse(text: &str) -> Option<Self> {
        [Self::Running, Self::Stopped, Self::Ready, Self::Healthy, Self::Completed]
            .into_iter()
            .find(|goal| goal.as_str() == text)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Ready => "ready",
            Self::Healthy => "healthy",
            Self::Completed => "completed",
        }
    }

    /// How a process stands to it. STOPPED is no reason to give up: whoever waits may know who starts it.
    fn verdict(self, Seen { process, may_return }: &Seen, prospects: &Prospects) -> Verdict {
        let returns = || *may_return || prospects.of(process).returns(process);
        match (self, state(process)) {
            (Self::Running, ProcessState::Running) => Verdict::Reached,
            (Self::Ready, _) if is_ready(process) => Verdict::Reached,
            (Self::Healthy, _) if is_ready(process) && process.health == "healthy" => Verdict::Reached,
            (Self::Completed, _) if has_completed(process) && (is_over(process) || !returns()) => {
                Verdict::Reached
            }
            (Self::Stopped, ProcessState::Stopped | ProcessState::Fatal) => Verdict::Reached,
            (Self::Stopped, ProcessState::Exited) if is_over(process) || !returns() => Verdict::Reached,
            (Self::Stopped, _) => Verdict::Pending,
            (Self::Healthy, _) if !process.has_health => Verdict::Never,
            (_, ProcessState::Fatal | ProcessState::Unknown) => Verdict::Never,
            (_, ProcessState::Exited) if is_over(process) || !returns() => Verdict::Never,
            _ => Verdict::Pending,
        }
    }
}

/// How a process stands to what is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Reached,
    Pending,
    /// It does not get there by itself any more.
    Never,
}

/// What the command line asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Wanted {
    words: Vec<String>,
    goal: Goal,
    timeout: Duration,
}

impl Wanted {
    fn read(arguments: Arguments) -> Result<Self, UsageError> {
        let goal = match arguments.given("for") {
            None => Goal::Running,
            Some(given) => Goal::parse(&given.value).ok_or_else(|| {
                given.invalid("it is one of running, stopped, ready, healthy and completed")
            })?,
        };
        let timeout = match arguments.given("timeout") {
            None => TIMEOUT,
            Some(given) => duration(&given.value)
                .ok_or_else(|| given.invalid("write seconds, or a number with ms, s, m or h behind it"))?,
        };
        Ok(Self { words: arguments.words, goal, timeout })
    }
}

/// Reads `5`, `0.5`, `500ms`, `30s`, `2m`, `1h`.
fn duration(text: &str) -> Option<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scale = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let seconds: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(seconds * scale).ok()
}

/// `wait <name>... [--for STATE] [--timeout TIME]`
pub(super) async fn wait(session: &mut Session, argument: &str) -> Outcome {
    let Some(wanted) = session.arguments("wait", argument, Wanted::read) else { return Ok(()) };
    if wanted.words.is_empty() {
        session.misused("wait", "Error: wait requires a process name", status::BAD_ARGUMENTS);
        return Ok(());
    }
    match attend(session, &wanted).await {
        // Somebody may be there to give a password.
        Err(problem) if session.may_ask_for_password(&problem) => Err(problem),
        Err(problem) => {
            session.report(&problem);
            session.status.set(status::STATUS_UNKNOWN);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

async fn attend(session: &mut Session, wanted: &Wanted) -> Outcome {
    if !session.upcheck().await? {
        session.status.set(status::STATUS_UNKNOWN);
        return Ok(());
    }
    let prospects = survey::prospects(session).await?;
    let Some(mut watched) = Watched::begin(session, wanted, prospects).await? else {
        return Ok(());
    };
    let end = match tokio::time::timeout(wanted.timeout, watched.settle(session, wanted.goal)).await {
        Ok(end) => end?,
        Err(_) => End::TimeIsUp,
    };
    watched.tell(session, end, wanted);
    Ok(())
}

/// Why waiting ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Reached,
    Never,
    TimeIsUp,
    DaemonLeft,
}

/// The processes that are waited for, as they are now.
struct Watched {
    items: Vec<Watch>,
    watcher: Watcher,
    prospects: Prospects,
}

/// One of them; without `is_there` it was removed, and `seen` is what it was last.
struct Watch {
    seen: Seen,
    is_there: bool,
}

impl Watch {
    fn process(&self) -> &ProcessInfo {
        &self.seen.process
    }
}

impl Watched {
    /// The processes that the words name; `None` if one of them names nothing, which is told.
    async fn begin(
        session: &mut Session,
        wanted: &Wanted,
        prospects: Prospects,
    ) -> Result<Option<Self>, Problem> {
        let (all, watcher) = Watcher::begin(session, &wanted.words).await?;
        let words: Vec<&str> = wanted.words.iter().map(String::as_str).collect();
        let (chosen, unknown) =
            names::choose(&all, &words, |seen| (&seen.process.group, &seen.process.name));
        let unknown = survey::unknown(session, unknown).await?;
        for word in &unknown {
            session.screen.line(word.line());
            session.status.set(status::STATUS_UNKNOWN);
        }
        survey::hint_groups(session, &unknown).await;
        let mut items: Vec<Watch> = Vec::new();
        for seen in chosen {
            if !items.iter().any(|item| is_same(&item.seen, seen)) {
                items.push(Watch { seen: seen.clone(), is_there: true });
            }
        }
        Ok(unknown.is_empty().then_some(Self { items, watcher, prospects }))
    }

    /// Takes in what happens until all are there, or one never will be.
    async fn settle(&mut self, session: &mut Session, goal: Goal) -> Result<End, Problem> {
        loop {
            if let Some(end) = self.end(goal) {
                return Ok(end);
            }
            match self.watcher.next(session).await? {
                News::One(seen) => self.change(*seen),
                News::Gone { group, name } => self.lose(&group, &name),
                News::All(all) => self.replace(all),
                News::End => return Ok(End::DaemonLeft),
            }
        }
    }

    fn change(&mut self, seen: Seen) {
        if let Some(item) = self.items.iter_mut().find(|item| is_same(&item.seen, &seen)) {
            *item = Watch { seen, is_there: true };
        }
    }

    fn lose(&mut self, group: &str, name: &str) {
        let is_it = |item: &&mut Watch| item.process().group == group && item.process().name == name;
        if let Some(item) = self.items.iter_mut().find(is_it) {
            item.is_there = false;
        }
    }

    fn replace(&mut self, all: Vec<Seen>) {
        self.items.iter_mut().for_each(|item| item.is_there = false);
        all.into_iter().for_each(|seen| self.change(seen));
    }

    fn end(&self, goal: Goal) -> Option<End> {
        let verdicts = || self.items.iter().map(|item| self.verdict(item, goal));
        if verdicts().any(|verdict| verdict == Verdict::Never) {
            return Some(End::Never);
        }
        verdicts().all(|verdict| verdict == Verdict::Reached).then_some(End::Reached)
    }

    fn verdict(&self, item: &Watch, goal: Goal) -> Verdict {
        match (item.is_there, goal) {
            (true, goal) => goal.verdict(&item.seen, &self.prospects),
            (false, Goal::Stopped) => Verdict::Reached,
            (false, Goal::Running | Goal::Ready | Goal::Healthy | Goal::Completed) => Verdict::Never,
        }
    }

    /// A line for each, and the exit status.
    fn tell(&self, session: &mut Session, end: End, wanted: &Wanted) {
        let goal = wanted.goal.as_str();
        for item in &self.items {
            let name = render::namespec(&item.process().group, &item.process().name);
            let stands = match wanted.goal {
                Goal::Healthy if item.is_there && !item.process().has_health => NO_HEALTH.to_owned(),
                _ => standing(item),
            };
            session.screen.line(match (self.verdict(item, wanted.goal), end) {
                (Verdict::Reached, _) => format!("{name}: {goal}"),
                (Verdict::Never, _) => format!("{name}: ERROR (will not be {goal}: {stands})"),
                (Verdict::Pending, End::TimeIsUp) if wanted.timeout.is_zero() => {
                    format!("{name}: ERROR (not {goal}: {stands})")
                }
                (Verdict::Pending, End::TimeIsUp) => {
                    format!("{name}: ERROR (not {goal} after {:?}: {stands})", wanted.timeout)
                }
                (Verdict::Pending, End::DaemonLeft) => {
                    format!("{name}: ERROR (not {goal}, and supervisord has gone: {stands})")
                }
                (Verdict::Pending, _) => format!("{name}: ERROR (not {goal} yet: {stands})"),
            });
        }
        session.status.set(match end {
            End::Reached => status::OK,
            End::Never => status::NOT_RUNNING,
            End::TimeIsUp => status::FAILURE,
            End::DaemonLeft => status::STATUS_UNKNOWN,
        });
    }
}

/// `FATAL, can't find command '/x'`: the state, and what there is to say about it.
fn standing(item: &Watch) -> String {
    let process = item.process();
    if !item.is_there {
        return "removed".to_owned();
    }
    let exit = process.exit.as_ref().and_then(|exit| match (exit.code, &exit.signal) {
        (Some(code), _) => Some(format!("exit status {code}")),
        (None, signal) => signal.clone(),
    });
    let said = match state(process) {
        ProcessState::Exited => exit.unwrap_or_default(),
        _ => process.description.clone(),
    };
    // COMPLETED, where the daemon knows that much
    let shown = if is_over(process) { &process.view } else { &process.state };
    match process.waiting_for.as_slice() {
        [] if said.is_empty() => shown.clone(),
        [] => format!("{shown}, {said}"),
        missing => format!("WAITING({})", missing.join(", ")),
    }
}

fn is_same(Seen { process: one, .. }: &Seen, Seen { process: other, .. }: &Seen) -> bool {
    (&one.group, &one.name) == (&other.group, &other.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_have_a_unit() {
        for (text, expected) in [
            ("5", Some(5000)),
            ("0", Some(0)),
            ("0.5", Some(500)),
            ("1.5s", Some(1500)),
            ("250ms", Some(250)),
            ("2m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("", None),
            ("s", None),
            ("-1", None),
            ("5 s", None),
            ("1e3", None),
            ("1d", None),
            ("1.2.3", None),
        ] {
            assert_eq!(duration(text).map(|time| time.as_millis()), expected, "{text:?}");
        }
    }
}
