//! The state of a process in one line: what it is, since when, and what follows when.

use super::links::reason_behind;
use super::plan::{is_coming, plan};
use super::{Change, Entry, Subject, age, span};
use crate::group::Outlook;
use crate::lifecycle::{Attempt, Next, State, StopStep, Then};
use crate::spec::Autorestart;
use crate::status::ProcessState;
use std::time::{Duration, Instant};

/// `web is BACKOFF: attempt 4 of 10 failed, the next follows in 23 s`.
pub(super) fn headline(subject: &Subject, now: Instant) -> String {
    let is_waiting = matches!(subject.state, State::Waiting { .. }) && !subject.state.is_retried();
    let is_completed =
        subject.policy.oneshot && matches!(subject.state, State::Exited { expected: true, .. });
    let state = match subject.state.name() {
        _ if is_waiting => "WAITING",
        _ if is_completed => "COMPLETED",
        state => state.as_str(),
    };
    format!("{} is {state}: {}", subject.namespec, follows(subject, now))
}

fn follows(subject: &Subject, now: Instant) -> String {
    let until = |at: Instant| span(at.saturating_duration_since(now));
    let attempts = subject.policy.startretries.saturating_add(1);
    match subject.state {
        State::Waiting { attempt: Attempt { veiled: true, .. } } => {
            format!(
                "{}given up, and being tried again (fatal_retry): {}",
                failure(subject),
                waiting(subject)
            )
        }
        State::Waiting { .. } => waiting(subject),
        State::Starting { ready_at: None, attempt: Attempt { veiled: true, .. } } => {
            format!("{}given up, and just now being tried again (fatal_retry)", failure(subject))
        }
        State::Starting { ready_at: Some(at), attempt: Attempt { veiled: true, .. } } => format!(
            "{}given up, and being tried again (fatal_retry): {}RUNNING in {} if it stays up",
            failure(subject),
            up_for(subject, now),
            until(at)
        ),
        State::Starting { ready_at: None, attempt } => {
            format!("attempt {} of {attempts}, the process is about to be made", attempt.tries + 1)
        }
        State::Starting { ready_at: Some(at), attempt } => {
            let (attempt, up) = (attempt.tries + 1, up_for(subject, now));
            format!("attempt {attempt} of {attempts}, {up}RUNNING in {} if it stays up", until(at))
        }
        State::Running { since, .. } => {
            format!("pid {}, for {}", subject.pid, ago(subject.born.unwrap_or(since), now))
        }
        State::Backoff { attempt, next: Next::Retry(at) } => {
            let (failure, tries, next) = (failure(subject), attempt.tries, until(at));
            format!("{failure}attempt {tries} of {attempts} failed, next in {next}")
        }
        State::Backoff { attempt, next: Next::GiveUp(_) } => {
            format!(
                "{}attempt {} of {attempts} failed, and no other follows",
                failure(subject),
                attempt.tries
            )
        }
        State::Stopping { kill_at, step, then } => stopping(subject, kill_at, step, then, now),
        State::Stopped { start_at: Some(_) } => "it starts again at once".to_owned(),
        State::Stopped { start_at: None } => stopped(subject, now),
        State::Exited { expected, restart_at, .. } => exited(subject, expected, restart_at, now),
        State::Fatal { retry_at: Some(at), .. } => {
            format!("{}given up, to be tried again in {} (fatal_retry)", failure(subject), until(at))
        }
        State::Fatal { retry_at: None, .. } => match blocked(subject, now) {
            Some(next) => format!("{}given up; {next}", failure(subject)),
            None => format!(
                "{}given up, and not tried again by itself: mend the reason, then start it",
                failure(subject)
            ),
        },
        State::Unknown => match subject.pid {
            0 => "the daemon has no power over it; only its end leads out".to_owned(),
            pid => format!(
                "the daemon has no power over it; only its end leads out: end it by hand (kill -KILL {pid})"
            ),
        },
    }
}

fn waiting(subject: &Subject) -> String {
    let all: Vec<&str> = subject.waits_for.iter().map(|waited| &*waited.what).collect();
    match all.as_slice() {
        [] => "all is there that it requires, and it is about to be spawned".to_owned(),
        all => format!("it is spawned once this is there: {}", all.join(", ")),
    }
}

/// How the last attempt failed, also one in the background.
fn failure(subject: &Subject) -> String {
    let failed = |entry: &&Entry| match entry.change {
        Change::State { to, .. } => to == ProcessState::Backoff,
        Change::Became { what, .. } => what == "failed again",
    };
    let last = subject.history.entries().rev().find(failed);
    last.map_or_else(String::new, |entry| format!("{}; ", how(subject, entry)))
}

/// How it failed or ended: of an end by a stop, why it was stopped.
fn how(subject: &Subject, entry: &Entry) -> String {
    match reason_behind(&subject.history, entry) {
        Some(stop) => format!("{} ({})", stop.cause, entry.cause),
        None => entry.cause.to_string(),
    }
}

/// What is in the way of a start by itself, or brings one about, and what to do: nothing, where only the state does.
fn blocked(subject: &Subject, now: Instant) -> Option<String> {
    if subject.disabled {
        let name = &subject.namespec;
        return Some(format!("it is disabled: supervisorctl enable {name} comes first"));
    }
    plan(subject, now)
}

fn up_for(subject: &Subject, now: Instant) -> String {
    subject.born.map_or_else(String::new, |born| format!("up for {}, ", ago(born, now)))
}

fn ago(then: Instant, now: Instant) -> String {
    span(now.saturating_duration_since(then))
}

fn stopping(
    subject: &Subject,
    kill_at: Option<Instant>,
    step: StopStep,
    then: Then,
    now: Instant,
) -> String {
    let mut text = match (kill_at, subject.killed) {
        (None, _) => "its spawn is called off".to_owned(),
        (Some(at), None) => {
            let rest = span(at.saturating_duration_since(now));
            let next = |told| match subject.policy.wait(told) {
                None => "SIGKILL",
                Some(_) => "the next signal of its stopsequence",
            };
            match step {
                StopStep::Hook => format!("pre_stop is running, for {rest} at most"),
                StopStep::Command { done: false } => {
                    format!("stop_command is running, for {rest} at most")
                }
                StopStep::Command { done: true } => {
                    format!("stop_command has told it to end, {} follows in {rest}", next(1))
                }
                StopStep::Signal(told) => format!("told to end, {} follows in {rest}", next(told + 1)),
            }
        }
        (Some(_), Some(killed)) => {
            format!("SIGKILL was sent {}, and the kernel has not ended it yet", age_of(killed, now))
        }
    };
    match then {
        Then::Stay => {
            let next = plan(subject, now).filter(|_| is_coming(subject));
            text.extend(next.into_iter().flat_map(|next| ["; ".to_owned(), next]));
        }
        Then::Fail(Attempt { veiled: true, .. }) => {
            text.push_str("; it was being tried again (fatal_retry), and that has failed");
        }
        Then::Start => text.push_str("; then it starts again"),
        Then::Fail(_) => text.push_str("; its start counts as failed"),
        Then::Exit(_) => text.push_str("; its end counts as not expected"),
    }
    text
}

fn age_of(then: Instant, now: Instant) -> String {
    age(now.saturating_duration_since(then))
}

fn stopped(subject: &Subject, now: Instant) -> String {
    let stopped = subject.history.last_to(ProcessState::Stopped);
    let since = stopped.map(|entry| format!("for {}", ago(entry.at, now)));
    let is_known = subject.history.dropped() == 0 && subject.history.last().is_none();
    match (since, blocked(subject, now)) {
        (Some(since), Some(next)) => format!("{since}; {next}"),
        (Some(since), None) => since,
        (None, next) if !is_known => {
            let next = next.map_or_else(String::new, |next| format!("; {next}"));
            format!("for longer than is kept of what happened to it{next}")
        }
        (None, Some(next)) if subject.autostart || subject.disabled => {
            format!("it was not started yet: {next}")
        }
        (None, _) if !subject.autostart => "it was never started, and autostart=false".to_owned(),
        (None, _) if was_disabled(subject) => format!(
            "it was not started yet, for it was disabled when it was to be: supervisorctl start {}",
            subject.namespec
        ),
        (None, _) if subject.group.is_some() => {
            "it was not started yet, though autostart=true: somebody stopped it before its turn; start it"
                .to_owned()
        }
        (None, _) => "it was not started yet, though autostart=true: the daemon is just coming up, or ends"
            .to_owned(),
    }
}

fn exited(subject: &Subject, expected: bool, restart_at: Option<Instant>, now: Instant) -> String {
    let how = subject.history.last_to(ProcessState::Exited).map(|entry| how(subject, entry));
    let kind = if expected { "expected" } else { "not expected" };
    let how = how.unwrap_or_else(|| format!("its end was {kind}"));
    if let Some(at) = restart_at {
        return match at.saturating_duration_since(now) {
            Duration::ZERO => format!("{how}; it starts again at once (autorestart)"),
            wait => format!("{how}; it starts again in {} (autorestart)", span(wait)),
        };
    }
    let (next, is_child) = (blocked(subject, now), subject.group.is_some());
    let why = match subject.policy.autorestart {
        _ if subject.policy.oneshot && expected => "type=oneshot, its work is done",
        _ if is_coming(subject) => return format!("{how}; {}", next.unwrap_or_default()),
        // the child of a supervisor may have its type by either key
        Autorestart::Never if is_child => "it is temporary (autorestart=false, or restart=temporary)",
        Autorestart::Never => "autorestart=false",
        Autorestart::Unexpected if expected && is_child => {
            "it is transient (autorestart=unexpected, or restart=transient), and this end was a normal one"
        }
        Autorestart::Unexpected if expected => "autorestart=unexpected",
        Autorestart::Always | Autorestart::Unexpected => match next {
            Some(next) => return format!("{how}; not started again: {next}"),
            None => match let_be(subject) {
                Some(why) => {
                    return format!(
                        "{how}; not started again: {why}: supervisorctl start {}",
                        subject.namespec
                    );
                }
                None => "the daemon was to start nothing any more",
            },
        },
    };
    format!("{how}; not started again: {why}")
}

/// Whether it was disabled since it was last told to do anything, and is so no more.
fn was_disabled(subject: &Subject) -> bool {
    let changes = subject.history.entries().rev();
    let mut since = changes.take_while(|entry| entry.change.to().is_none());
    !subject.disabled && since.any(|entry| entry.change.word() == "enabled")
}

/// Why one that ended stays down though its `autorestart` says otherwise and nothing is in the way any more.
fn let_be(subject: &Subject) -> Option<&'static str> {
    let is_held = || subject.group.as_ref().is_some_and(|group| group.outlook == Outlook::Held);
    if was_disabled(subject) {
        Some("it was disabled then")
    } else if is_held() {
        Some("somebody stopped it after that")
    } else {
        None
    }
}
