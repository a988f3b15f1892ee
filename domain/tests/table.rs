//! The tables of `docs/lifecycle.md`, printed from the code and compared.
//!
//! ```text
//! one sample state a row  x  every input  x  every policy that matters  ->  cells  ->  Markdown
//! ```
//!
//! When a table is out of date, the failure prints the one to paste.

use std::sync::LazyLock;
use std::time::{Duration, Instant};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::lifecycle::{
    Attempt, Effect, Fact, Next, Policy, Refusal, Request, State, StopStep, Then, occur, request,
};
use treeherd_domain::restart::RestartPolicy;
use treeherd_domain::spec::Autorestart;
use treeherd_domain::status::ProcessState;
use treeherd_domain::stop::{StopSequence, StopSpec};

const MANUAL: &str = include_str!("../../docs/lifecycle.md");
const ENDED: ExitStatus = ExitStatus::Code(0);

#[expect(clippy::disallowed_methods, reason = "any instant will do as the origin of the test's time")]
fn now() -> Instant {
    static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);
    *NOW
}

/// One state for each row.
fn rows() -> Vec<State> {
    let (due, attempt, step) = (Some(now()), Attempt::FIRST, StopStep::FIRST);
    let failed = Attempt { tries: 1, ends: 1, ..attempt };
    let veiled = Attempt { veiled: true, ..failed };
    let exited = |restart_at| State::Exited { status: ENDED, expected: false, restart_at, attempt: failed };
    let running = |end_at| State::Running { since: now(), attempt, end_at };
    vec![
        State::STOPPED,
        State::Stopped { start_at: due },
        State::Waiting { attempt },
        State::Starting { ready_at: None, attempt },
        State::Starting { ready_at: due, attempt },
        running(None),
        running(due),
        State::Backoff { attempt: failed, next: Next::Retry(now()) },
        State::Backoff { attempt: failed, next: Next::GiveUp(now()) },
        State::Stopping { kill_at: None, step, then: Then::Stay },
        State::Stopping { kill_at: None, step, then: Then::Start },
        State::Stopping { kill_at: due, step: StopStep::Hook, then: Then::Stay },
        State::Stopping { kill_at: due, step: StopStep::Command { done: false }, then: Then::Stay },
        State::Stopping { kill_at: due, step: StopStep::Command { done: true }, then: Then::Stay },
        State::Stopping { kill_at: due, step, then: Then::Stay },
        State::Stopping { kill_at: due, step, then: Then::Start },
        State::Stopping { kill_at: due, step, then: Then::Fail(failed) },
        State::Stopping { kill_at: due, step, then: Then::Exit(failed) },
        exited(None),
        exited(due),
        State::Fatal { retry_at: None, attempt: failed },
        State::Fatal { retry_at: due, attempt: failed },
        State::Waiting { attempt: veiled },
        State::Starting { ready_at: None, attempt: veiled },
        State::Starting { ready_at: due, attempt: veiled },
        State::Stopping { kill_at: due, step, then: Then::Fail(veiled) },
        State::Unknown,
    ]
}

const fn label(state: &State) -> &'static str {
    match state {
        State::Stopped { start_at: None } => "STOPPED",
        State::Stopped { start_at: Some(_) } => "STOPPED (start due)",
        State::Waiting { attempt } if attempt.veiled => "FATAL (waiting)",
        State::Waiting { .. } => "STARTING (waiting)",
        State::Starting { ready_at: None, attempt } if attempt.veiled => "FATAL (trying, no process yet)",
        State::Starting { ready_at: Some(_), attempt } if attempt.veiled => "FATAL (trying)",
        State::Starting { ready_at: None, .. } => "STARTING (no process yet)",
        State::Starting { ready_at: Some(_), .. } => "STARTING",
        State::Running { end_at: None, .. } => "RUNNING",
        State::Running { end_at: Some(_), .. } => "RUNNING (for so long)",
        State::Backoff { next: Next::Retry(_), .. } => "BACKOFF (will retry)",
        State::Backoff { next: Next::GiveUp(_), .. } => "BACKOFF (gives up)",
        State::Stopping { kill_at: None, then: Then::Stay, .. } => "STOPPING (no process yet)",
        State::Stopping { kill_at: None, .. } => "STOPPING (no process yet, then start)",
        State::Stopping { kill_at: Some(_), step, then: Then::Stay } => match step {
            StopStep::Hook => "STOPPING (pre_stop)",
            StopStep::Command { done: false } => "STOPPING (stop_command)",
            StopStep::Command { done: true } => "STOPPING (stop_command, done)",
            StopStep::Signal(_) => "STOPPING",
        },
        State::Stopping { kill_at: Some(_), then: Then::Start, .. } => "STOPPING (then start)",
        State::Stopping { kill_at: Some(_), then: Then::Fail(attempt), .. } if attempt.veiled => {
            "FATAL (trying, never ready)"
        }
        State::Stopping { kill_at: Some(_), then: Then::Fail(_), .. } => "STOPPING (never ready)",
        State::Stopping { kill_at: Some(_), then: Then::Exit(_), .. } => "STOPPING (unhealthy)",
        State::Exited { restart_at: None, .. } => "EXITED",
        State::Exited { restart_at: Some(_), .. } => "EXITED (start due)",
        State::Fatal { retry_at: None, .. } => "FATAL",
        State::Fatal { retry_at: Some(_), .. } => "FATAL (will retry)",
        State::Unknown => "UNKNOWN",
    }
}

#[derive(Clone, Copy)]
enum Input {
    Request(Request),
    Fact(Fact),
}

impl Input {
    const REQUESTS: [(&str, Self); 4] = [
        ("Start", Self::Request(Request::Start)),
        ("Stop", Self::Request(Request::Stop)),
        ("Restart", Self::Request(Request::Restart)),
        ("Halt", Self::Request(Request::Halt)),
    ];
    const FACTS: [(&str, Self); 12] = [
        ("Spawned", Self::Fact(Fact::Spawned)),
        ("SpawnFailed", Self::Fact(Fact::SpawnFailed)),
        ("Exited", Self::Fact(Fact::Exited(ENDED))),
        ("Excused", Self::Fact(Fact::Excused(ENDED))),
        ("Cleared", Self::Fact(Fact::Cleared)),
        ("PreStopOver", Self::Fact(Fact::PreStopOver)),
        ("StopCommandOver(true)", Self::Fact(Fact::StopCommandOver(true))),
        ("StopCommandOver(false)", Self::Fact(Fact::StopCommandOver(false))),
        ("SignalFailed", Self::Fact(Fact::SignalFailed)),
        ("DeadlinePassed", Self::Fact(Fact::DeadlinePassed)),
        ("NotReady", Self::Fact(Fact::NotReady)),
        ("Unhealthy", Self::Fact(Fact::Unhealthy)),
    ];

    fn apply(self, state: State, policy: &Policy) -> Result<(State, Option<Effect>), Refusal> {
        match self {
            Self::Request(wish) => request(state, wish, now(), policy),
            Self::Fact(fact) => Ok(occur(state, fact, now(), policy)),
        }
    }
}

fn sequence() -> StopSpec {
    let sequence = StopSequence::parse("TERM:30s, INT:10s").expect("it is a sequence");
    StopSpec { sequence: Some(sequence), command: None }
}

fn commands() -> Policy {
    let stop = StopSpec { sequence: None, command: Some("/bin/stop".to_owned()) };
    Policy {
        autorestart: Autorestart::Never,
        pre_stop: Some(Duration::from_secs(30)),
        stop: stop.into(),
        ..Policy::default()
    }
}

/// The policies that make a difference to where an edge leads.
fn policies() -> Vec<Policy> {
    let (fatal_retry, max_runtime) = (Some(Duration::from_secs(300)), Some(Duration::from_secs(3600)));
    let restart = RestartPolicy { fatal_retry, max_runtime, ..RestartPolicy::default() };
    vec![
        Policy { autorestart: Autorestart::Never, ..Policy::default() },
        Policy { startretries: 0, autorestart: Autorestart::Always, ..Policy::default() },
        Policy { oneshot: true, ..Policy::default() },
        Policy { oneshot: true, exitcodes: vec![1], startretries: 0, ..Policy::default() },
        Policy { autorestart: Autorestart::Never, restart: restart.into(), ..Policy::default() },
        Policy { autorestart: Autorestart::Never, gated: true, ..Policy::default() },
        Policy { autorestart: Autorestart::Never, stop: sequence().into(), ..Policy::default() },
        commands(),
    ]
}

/// Every outcome of an input in a state, each once.
fn cell(state: State, input: Input) -> String {
    let mut outcomes: Vec<String> = Vec::new();
    for policy in policies() {
        let outcome = match input.apply(state, &policy) {
            Err(refusal) => format!("refused: {refusal}"),
            Ok((to, None)) if to == state => "·".to_owned(),
            Ok((to, None)) => label(&to).to_owned(),
            Ok((to, Some(effect))) => format!("{} **{effect:?}**", label(&to)),
        };
        if !outcomes.contains(&outcome) {
            outcomes.push(outcome);
        }
    }
    outcomes.join(" or ")
}

fn grid(inputs: &[(&str, Input)]) -> String {
    let head = inputs.iter().map(|(name, _)| (*name).to_owned());
    let mut lines = vec![std::iter::once("state".to_owned()).chain(head).collect::<Vec<_>>()];
    for state in rows() {
        let cells = inputs.iter().map(|(_, input)| cell(state, *input));
        lines.push(std::iter::once(label(&state).to_owned()).chain(cells).collect());
    }
    markdown(&lines)
}

fn states() -> String {
    let mut lines = vec![["state", "code", "counts as", "deadline"].map(str::to_owned).to_vec()];
    for state in rows() {
        let name = state.name();
        let sets = [
            (name.is_stopped(), "stopped"),
            (name.is_running(), "running"),
            (name.is_signallable(), "signallable"),
        ];
        let sets: Vec<_> = sets.into_iter().filter(|(is_in, _)| *is_in).map(|(_, set)| set).collect();
        let deadline = if state.deadline().is_some() { "yes" } else { "" };
        lines.push(vec![
            label(&state).to_owned(),
            name.code().to_string(),
            sets.join(", "),
            deadline.to_owned(),
        ]);
    }
    markdown(&lines)
}

/// Lines of cells as a table, the columns aligned; the first line is the head.
fn markdown(lines: &[Vec<String>]) -> String {
    let columns = lines[0].len();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let row = |cells: &[String]| {
        let padded: Vec<_> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("| {} |\n", padded.join(" | "))
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let body: String = lines[1..].iter().map(|line| row(line)).collect();
    row(&lines[0]) + &row(&rule) + &body
}

#[track_caller]
fn is_in_the_manual(table: &str) {
    assert!(MANUAL.contains(table), "docs/lifecycle.md is out of date; paste this:\n\n{table}");
}

#[test]
fn the_manual_shows_the_states_of_the_code() {
    is_in_the_manual(&states());
}

#[test]
fn the_manual_shows_what_each_request_does_in_each_state() {
    is_in_the_manual(&grid(&Input::REQUESTS));
}

#[test]
fn the_manual_shows_what_each_fact_does_in_each_state() {
    is_in_the_manual(&grid(&Input::FACTS));
}

#[test]
fn no_transition_leads_out_of_the_table() {
    let labels: Vec<_> = rows().iter().map(label).collect();
    for state in rows() {
        for (name, input) in Input::REQUESTS.into_iter().chain(Input::FACTS) {
            for policy in policies() {
                if let Ok((to, _)) = input.apply(state, &policy) {
                    assert!(labels.contains(&label(&to)), "{state:?} {name} leads to {to:?}");
                }
            }
        }
    }
    for name in ProcessState::ALL {
        assert!(rows().iter().any(|state| state.name() == name), "{name} has no row");
    }
}

#[test]
fn a_state_without_a_deadline_ignores_deadlines() {
    for state in rows().into_iter().filter(|state| state.deadline().is_none()) {
        for policy in policies() {
            assert_eq!(occur(state, Fact::DeadlinePassed, now(), &policy), (state, None));
        }
    }
}
