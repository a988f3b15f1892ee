//! The gate before a spawn: what is required has to be there first.
//!
//! ```text
//!   WAITING ─► nothing missing? ── Cleared ─► spawn
//!      ▲              │ no: shown, told; what is down and required is summoned, once a start
//!      └── Nudge ◄────┘ whenever one of those changes
//!   up ─► Nudge ─► one of those went down? ─► requires_restart: nothing, restart, stop
//! ```
//!
//! All that has to outlive this actor stands in the record ([`Gate`](crate::estate::Gate)). A nudge says only that it
//! is worth looking, and whoever succeeds this actor looks once as it starts. Absent: the questions themselves
//! (`domain::depend::gate`), and polling.

use super::waiters::For;
use super::{Program, Summon};
use crate::command::{Reply, Verb, Wait};
use crate::estate::Mood;
use crate::nudge::Nudge;
use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use slog::info;
use treeherd_domain::cause::{Cause, Ref};
use treeherd_domain::depend::gate::{Missing, missing, relied_on, to_summon};
use treeherd_domain::depend::{Look, OnLoss, end_fact, loss};
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::group::Wish;
use treeherd_domain::lifecycle::{Fact, State};
use treeherd_domain::name::Namespec;

impl Program {
    /// Whether it waits for what it requires.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.estate.record().machine.state(), State::Waiting { .. })
    }

    /// Watches all that it requires, from now on.
    pub(super) fn watch_required(&mut self, context: &Context<Self>) {
        let topics = self.estate.spec.depend.requires.iter().map(|requirement| requirement.on.clone());
        let topics: Vec<_> = topics.collect();
        let me = context.address().downgrade().recipient();
        // calls of a predecessor are not answered to this one
        self.estate.record().gate.calling = self.summoning > 0;
        self.watch = (!topics.is_empty()).then(|| self.shared.nudges.watch(topics, me));
    }

    /// Somebody asks for a start: with what it requires, or alone.
    pub(super) fn open_gate(&self, alone: bool) {
        self.estate.record().gate.open(alone);
    }

    /// What holds the spawn back at this moment. Nothing, where nobody waits for anything.
    fn missing(&self) -> Vec<Missing> {
        let depend = &self.estate.spec.depend;
        if !depend.is_gated() || self.estate.record().gate.waived {
            return Vec::new();
        }
        missing(depend, &*self.shared.arena)
    }

    /// Looks whether the wait is over, and by what. What it waits for is noted, shown and told.
    pub(super) fn cleared_by(&mut self, context: &mut Context<Self>) -> Option<Cause> {
        if !self.is_waiting() {
            return None;
        }
        let missing = self.missing();
        if !missing.is_empty() {
            self.summon(context);
        }
        let look = self.estate.record().gate.look(missing);
        match look {
            Look::Clear { kind, text, of } => {
                let of = of.and_then(|namespec| self.place(&namespec));
                return Some(Cause::Rule { kind, text: text.into(), of, because: None });
            }
            Look::Waits { is_news, matters } => {
                if is_news {
                    let all = self.estate.status().view.waiting_for().join(", ");
                    info!(self.shared.log, "waiting: {} requires {all}", self.estate.namespec);
                }
                if matters {
                    self.shared.changed(&self.estate.namespec);
                    self.shared.nudge_behind(&self.estate.namespec);
                }
            }
        }
        let is_stuck = self.estate.record().gate.is_stuck();
        self.give_up_waiters(is_stuck);
        None
    }

    /// The last that happened to another process.
    fn place(&self, namespec: &Namespec) -> Option<Ref> {
        let seq = self.shared.arena.estate(namespec)?.record().seq;
        Some(Ref { name: namespec.clone(), seq })
    }

    /// Brings up what it requires and is down, once for each time that somebody asks for a start.
    fn summon(&mut self, context: &mut Context<Self>) {
        if !std::mem::take(&mut self.estate.record().gate.calls) {
            return;
        }
        let mut namespecs = to_summon(&self.estate.spec.depend, &*self.shared.arena);
        namespecs.retain(|other| !self.is_restarted_with(other));
        let Some(root) = self.shared.summons.get().filter(|_| !namespecs.is_empty()) else { return };
        let names: Vec<String> = namespecs.iter().map(ToString::to_string).collect();
        info!(self.shared.log, "starting {}, which {} requires", names.join(", "), self.estate.namespec);
        let (reply, mut outcomes) = Reply::channel(namespecs.len());
        self.summoning += 1;
        self.estate.record().gate.calling = true;
        let cause = Cause::Rule {
            kind: "requires",
            text: format!("{} requires it", self.estate.namespec).into(),
            of: self.place(&self.estate.namespec),
            because: None,
        };
        root.do_send(Summon { namespecs, verb: Verb::Start, cause, reply });
        let heard = async move { while outcomes.recv().await.is_some() {} };
        context.spawn(heard.into_actor(self).map(|(), actor, context| {
            actor.summoning -= 1;
            actor.estate.record().gate.calling = actor.summoning > 0;
            actor.drive(context);
        }));
    }

    /// Whether one restart of several has both: that one is started by it, or was stopped meanwhile.
    fn is_restarted_with(&self, other: &Namespec) -> bool {
        let Some(other) = self.shared.arena.estate(other) else { return false };
        let returns = other.record().returns.clone();
        self.estate.record().returns.share(&returns)
    }

    /// Whoever waits for it to be up is told when that does not come by itself.
    fn give_up_waiters(&mut self, is_stuck: bool) {
        self.waiters.waits();
        if is_stuck {
            let all = self.estate.record().gate.missing.clone();
            let stuck = all.iter().filter(|missing| missing.stuck).map(ToString::to_string);
            self.waiters.stuck(&format!("waits for {}", stuck.collect::<Vec<_>>().join(", ")));
        }
    }

    /// The fact that its process has ended: no failure of its own while something is missing that it requires.
    pub(super) fn end_fact(&self, status: ExitStatus) -> Fact {
        let state = self.estate.record().machine.state();
        end_fact(&state, status, || self.missing())
    }

    /// Notes on whom the process relies that is about to be made.
    pub(super) fn note_relied_on(&self) {
        let depend = &self.estate.spec.depend;
        if depend.on_loss != OnLoss::None {
            let waived = self.estate.record().gate.waived;
            let relied_on = if waived { Vec::new() } else { relied_on(depend, &*self.shared.arena) };
            self.estate.record().gate.relied_on = relied_on;
        }
    }

    /// Sees whether something that it relies on went down, and does what is configured for that.
    fn look_for_losses(&mut self, context: &mut Context<Self>) {
        let (state, relied_on) = {
            let record = self.estate.record();
            (record.machine.state(), record.gate.relied_on.clone())
        };
        if relied_on.is_empty() || self.shared.arena.mood() != Mood::Running {
            return;
        }
        let depend = &self.estate.spec.depend;
        if let Some((request, lost)) = loss(depend, &relied_on, &state, &*self.shared.arena) {
            let (name, word) = (&self.estate.namespec, self.estate.spec.depend.on_loss);
            info!(self.shared.log, "{name} lost {lost}, which it requires (requires_restart={word})");
            let cause = Cause::Rule {
                kind: "requires_restart",
                text: format!("{lost} went down, which it requires (requires_restart={word})").into(),
                of: self.place(lost),
                because: None,
            };
            if let Some(wish) = Wish::of_loss(request) {
                self.shared.ask_group(name, wish);
            }
            // refused only where it is down, and then nothing is left to do
            let _ = self.request(request, cause, context);
        }
    }

    /// Sees what became of what it requires.
    pub(super) fn look(&mut self, context: &mut Context<Self>) {
        self.look_for_losses(context);
        self.drive(context);
    }

    /// Takes a start of what waits already: what it requires is brought up, or not waited for any more.
    pub(super) fn hurry(&mut self, wait: Wait, reply: Reply, context: &mut Context<Self>) {
        self.waiters.add(if wait == Wait::Settled { For::Up } else { For::Spawned }, reply);
        self.drive(context);
    }
}

impl Handler<Nudge> for Program {
    type Result = ();

    fn handle(&mut self, nudge: Nudge, context: &mut Self::Context) {
        nudge.taken();
        self.look(context);
    }
}
