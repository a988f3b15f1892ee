//! What a group makes of the news of a child: OTP's `restart_child`, `add_restart`, `restart` and `do_auto_shutdown`.

use super::machine::GroupMachine;
use super::members::{Life, Standing};
use super::phase::{Phase, Then};
use super::{AutoShutdown, ChildId, Escalate, Output, Report, StartFailure, Why};
use crate::strategy::{Decision, Ending, Restart, Strategy};
use std::collections::BTreeSet;
use std::time::Instant;

impl GroupMachine {
    pub(super) fn came_up(&mut self, at: usize, now: Instant) {
        let member = &mut self.members[at];
        if member.life == Life::Stopping {
            return; // it will be down in a moment
        }
        // whoever started it wanted it, unless it is to be stopped since then
        member.held &= matches!(member.life, Life::Starting | Life::Up { .. });
        let is_group = matches!(member.spec.id, ChildId::Group(_));
        let is_due = match member.life {
            Life::Restarting { .. } => true,
            Life::Down => self.phase.is_to_start(at),
            Life::Starting | Life::Up { .. } | Life::Stopping | Life::Lost => false,
        };
        member.forgotten = false;
        // somebody started one of a group before its turn: the others of it come then
        member.by_hand = is_group && is_due;
        if !member.by_hand && !matches!(member.life, Life::Up { .. }) {
            member.life = Life::Up { since: now };
        }
        if self.standing == Standing::Leaving {
            self.phase.stop_as_well(at);
        } else if is_group {
            self.wake_if_at_rest();
        }
    }

    /// It is down because it was told to be.
    pub(super) fn stopped(&mut self, at: usize) {
        self.phase.stopped(at);
        match self.members[at].life {
            // somebody else stopped what was to be started
            Life::Starting if self.standing == Standing::Active && self.members[at].is_wanted() => {
                self.order(at, Life::Starting);
            }
            Life::Starting | Life::Up { .. } | Life::Stopping | Life::Lost => {
                self.members[at].life = Life::Down;
            }
            Life::Down | Life::Restarting { .. } => {}
        }
        let is_over = self.members[at].held && !self.members[at].returns;
        if is_over || self.standing == Standing::Leaving {
            self.if_dynamic_forget(at);
        }
    }

    pub(super) fn start_failed(&mut self, at: usize, now: Instant) {
        self.phase.stopped(at);
        let member = &mut self.members[at];
        let by_hand = std::mem::take(&mut member.by_hand);
        let life = member.life;
        if !matches!(life, Life::Restarting { .. }) {
            member.life = Life::Down;
        }
        if by_hand {
            self.if_dynamic_forget(at);
        } else if life == Life::Starting && self.decides_about(at) {
            self.failed_start(at, Why::StartFailed, now);
        }
    }

    /// It ended by itself.
    pub(super) fn ended(&mut self, at: usize, ending: Ending, now: Instant) {
        let was_to_stop = self.phase.stopped(at);
        let member = &mut self.members[at];
        let by_hand = std::mem::take(&mut member.by_hand);
        let life = member.life;
        if !matches!(life, Life::Restarting { .. }) {
            member.life = Life::Down;
        }
        // what ends while it waits to be stopped is done
        if was_to_stop || !self.decides_about(at) {
            return;
        }
        match life {
            Life::Starting => self.ended_early(at, ending, now),
            Life::Up { since } => {
                if now.saturating_duration_since(since) >= self.policy.period {
                    self.members[at].attempt = 0;
                }
                self.decide(at, ending, now);
            }
            Life::Lost => self.decide(at, ending, now),
            Life::Down if by_hand => self.if_dynamic_forget(at),
            Life::Down | Life::Stopping | Life::Restarting { .. } => {}
        }
    }

    pub(super) fn gave_up(&mut self, at: usize) {
        self.phase.stopped(at);
        self.phase.leave_out(at);
        let was_starting = self.members[at].life == Life::Starting;
        let member = &mut self.members[at];
        (member.life, member.held, member.by_hand) = (Life::Down, true, false);
        if was_starting && self.is_failed_by_start() {
            self.escalate(at, Why::StartFailed, None);
        }
    }

    pub(super) fn lost(&mut self, at: usize) {
        self.phase.stopped(at);
        self.phase.leave_out(at);
        let member = &mut self.members[at];
        (member.life, member.by_hand) = (Life::Lost, false);
    }

    fn decides_about(&self, at: usize) -> bool {
        self.policy.decides && self.standing == Standing::Active && !self.members[at].held
    }

    fn is_failed_by_start(&self) -> bool {
        self.starting_up
            && self.policy.start_failure == StartFailure::Fail
            && self.standing == Standing::Active
    }

    /// It ended before it was up. A child that ends well, and is not permanent, has done what it was started for.
    fn ended_early(&mut self, at: usize, ending: Ending, now: Instant) {
        match (self.members[at].spec.restart, ending) {
            (Restart::Transient | Restart::Temporary, Ending::Normal) => self.decide(at, ending, now),
            _ => self.failed_start(at, Why::Ended(ending), now),
        }
    }

    fn failed_start(&mut self, at: usize, why: Why, now: Instant) {
        if self.is_failed_by_start() {
            self.escalate(at, why, None);
        } else if self.members[at].spec.restart == Restart::Temporary {
            self.decide(at, Ending::Abnormal, now);
        } else {
            self.restart(at, why, now);
        }
    }

    /// OTP's `do_restart`.
    fn decide(&mut self, at: usize, ending: Ending, now: Instant) {
        let stays_down = match self.members[at].spec.restart.decide(ending) {
            Decision::Restart => return self.restart(at, Why::Ended(ending), now),
            Decision::StayDown => {
                self.if_dynamic_forget(at);
                at
            }
            Decision::Forget => {
                self.forget(at);
                at
            }
        };
        self.phase.leave_out(stays_down);
        if self.shuts_down_after(stays_down) {
            self.outputs.push(Output::AutoShutdown(self.id(at)));
            let report = Some(Report::Ended(Ending::Normal));
            self.stop_all(Then::Rest { standing: Standing::Ended, report });
        }
    }

    /// OTP's `do_auto_shutdown`.
    fn shuts_down_after(&self, at: usize) -> bool {
        let others_live = || {
            let mut others = self.members.iter().enumerate().filter(|(other, _)| *other != at);
            others.any(|(_, member)| member.spec.significant && member.is_active())
        };
        self.members[at].spec.significant
            && match self.policy.auto_shutdown {
                AutoShutdown::Never => false,
                AutoShutdown::AnySignificant => true,
                AutoShutdown::AllSignificant => !others_live(),
            }
    }

    fn forget(&mut self, at: usize) {
        if !std::mem::replace(&mut self.members[at].forgotten, true) {
            self.outputs.push(Output::Forgotten(self.id(at)));
        }
    }

    /// What was added by hand and is down for good is taken out, whatever its kind.
    pub(super) fn if_dynamic_forget(&mut self, at: usize) {
        if self.policy.start_up == super::StartUp::Never {
            self.forget(at);
        }
    }

    /// OTP's `add_restart` and `restart`.
    fn restart(&mut self, at: usize, why: Why, now: Instant) {
        if let Some(budget) = self.policy.budget()
            && !self.window.allows(now, budget)
        {
            return self.escalate(at, why, Some(self.window.used()));
        }
        let member = &mut self.members[at];
        let delay = self.policy.backoff.delay(member.attempt, member.seed());
        member.attempt = member.attempt.saturating_add(1);
        let due = now.checked_add(delay).unwrap_or(now);
        let (stopped, started) = match self.policy.strategy {
            Strategy::OneForOne => {
                self.phase.leave_out(at);
                self.members[at].life = Life::Restarting { due };
                (Vec::new(), vec![self.id(at)])
            }
            Strategy::OneForAll | Strategy::RestForOne => self.restart_with_others(at, due),
        };
        let child = self.id(at);
        self.outputs.push(Output::Restart { child, why, stopped, started, delay });
    }

    /// Stops whom the strategy adds, then starts them all; what the phase had still to do is done with it.
    fn restart_with_others(&mut self, at: usize, due: Instant) -> (Vec<ChildId>, Vec<ChildId>) {
        let affected = self.policy.strategy.affected(at, self.members.len());
        let mut stop = self.phase.to_stop();
        let mut set: BTreeSet<usize> = self.phase.to_start();
        for other in affected {
            let lives = other != at && self.members[other].may_live();
            if lives {
                stop.insert(other);
            }
            if self.members[other].spec.restart == Restart::Temporary {
                // one that has still to be started for the first time is
                if lives {
                    set.remove(&other);
                    self.forget(other);
                }
            } else {
                set.insert(other);
            }
        }
        set.retain(|other| self.members[*other].is_wanted());
        let queue: Vec<usize> = stop.into_iter().rev().collect();
        let names = |set: &mut dyn Iterator<Item = usize>| set.map(|at| self.id(at)).collect::<Vec<_>>();
        let told = (names(&mut queue.iter().copied()), names(&mut set.iter().copied()));
        self.phase = Phase::Stopping { queue: queue.into(), then: Then::Start { set, due } };
        told
    }

    fn escalate(&mut self, at: usize, why: Why, restarts: Option<usize>) {
        self.outputs.push(Output::Escalated { child: self.id(at), why, restarts });
        let (standing, report) = match self.policy.escalate {
            Escalate::Fatal => (Standing::Fatal, Some(Report::Fatal)),
            Escalate::Parent if self.policy.otp_strict => {
                (Standing::Ended, Some(Report::Ended(Ending::Normal)))
            }
            Escalate::Parent => (Standing::Ended, Some(Report::Ended(Ending::Abnormal))),
            Escalate::Exit => {
                // the daemon stops everything, this group included
                self.outputs.push(Output::Report(Report::Exit));
                (Standing::Fatal, None)
            }
        };
        self.stop_all(Then::Rest { standing, report });
    }

    pub(super) fn id(&self, at: usize) -> ChildId {
        self.members[at].spec.id.clone()
    }
}
