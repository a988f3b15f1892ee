//! How a rolling restart begins: who has a turn, in which order, and who is at work on whom.
//!
//! ```text
//! targets ─► part (domain) ─► turns: those that are not ready first ─► Claim ─► Roll, a task of its own
//!                 `─ left out, and why                                  `─ another restart has one of them: refused
//! ```
//!
//! Nothing has been told to anybody when it is refused. Absent: how it goes on (the module above).

use super::{Member, Roll, Told, is_ready};
use crate::bridge::{Bridge, act};
use crate::estate::{Estate, lock};
use futures_util::stream::FuturesUnordered;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use treeherd_domain::cause::{Asked, Cause};
use treeherd_domain::depend::Target;
use treeherd_domain::fault::Fault;
use treeherd_domain::health::Check;
use treeherd_domain::name::Namespec;
use treeherd_domain::rolling::{Candidate, Heard, LeftOut, Part, Rolling, Rules, Wish, part};
use treeherd_web::caller;

/// What a restart may take beyond the times that the process is configured with.
const MARGIN: Duration = Duration::from_secs(10);

/// The processes that rolling restarts are at work on, each with who asked for its restart.
pub(in crate::bridge) type Claimed = Arc<Mutex<HashMap<Namespec, Arc<Asked>>>>;

/// One that has no turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::bridge) struct Left {
    pub(super) namespec: Namespec,
    pub(super) why: LeftOut,
    pub(super) is_named: bool,
}

/// A rolling restart that has begun.
#[derive(Debug)]
pub(in crate::bridge) struct Begun {
    /// The processes, in the order of their turns.
    pub(super) targets: Vec<Namespec>,
    /// Those that have none.
    pub(super) left: Vec<Left>,
    /// What becomes of them, as it comes about. Dropping it ends the restart.
    pub(super) told: mpsc::Receiver<Told>,
}

/// One that has a turn.
struct Turn {
    estate: Arc<Estate>,
    runs: bool,
    is_ready: bool,
    patience: Duration,
}

impl Bridge {
    /// Begins to restart these: first those that are not ready, which costs nothing, then the others in this order.
    pub(super) fn roll(
        &self,
        targets: &[Arc<Estate>],
        is_named: impl Fn(&Namespec) -> bool,
        alone: bool,
        wish: &Wish,
    ) -> Result<Begun, Fault> {
        let (turns, left) = divide(targets, is_named, wish);
        let targets: Vec<Namespec> = turns.iter().map(|turn| turn.estate.namespec.clone()).collect();
        let by = act::asked();
        let claim = Claim::on(&self.0.rolling, &targets, &by)?;
        let rules = wish.over(Rules::together(turns.iter().map(|turn| turn.estate.spec.rolling)));
        let patience = turns.iter().map(|turn| turn.patience).collect();
        // a turn, an outcome, and a fall after it
        let (tell, told) = mpsc::channel(3 * targets.len() + 1);
        let ear = Arc::new(Notify::new());
        let roll = Roll {
            bridge: self.clone(),
            cause: Cause::Asked(by),
            alone,
            members: turns.iter().map(member).collect(),
            machine: Rolling::new(rules, patience),
            answers: FuturesUnordered::new(),
            tell,
            _watch: self.shared().nudges.hear(targets.iter().cloned().map(Target::Process), &ear),
            ear,
            _claim: claim,
        };
        roll.announce(rules, &left);
        tokio::spawn(caller::carried(roll.run()));
        Ok(Begun { targets, left, told })
    }
}

/// Those that have a turn, in the order of their turns, and those that have none.
fn divide(
    targets: &[Arc<Estate>],
    is_named: impl Fn(&Namespec) -> bool,
    wish: &Wish,
) -> (Vec<Turn>, Vec<Left>) {
    let (mut turns, mut left) = (Vec::new(), Vec::new());
    for estate in targets {
        let is_named = is_named(&estate.namespec);
        match part(candidate(estate, is_named)) {
            Part::Turn { runs, is_ready } => {
                let patience = wish.patience.unwrap_or_else(|| patience(estate));
                turns.push(Turn { estate: Arc::clone(estate), runs, is_ready, patience });
            }
            Part::LeftOut(why) => left.push(Left { namespec: estate.namespec.clone(), why, is_named }),
        }
    }
    turns.sort_by_key(|turn| turn.is_ready);
    (turns, left)
}

fn candidate(estate: &Estate, is_named: bool) -> Candidate {
    let is_ready = is_ready(estate);
    let record = estate.record();
    Candidate {
        state: record.machine.state(),
        is_ready,
        is_oneshot: estate.policy.oneshot,
        is_disabled: record.disabled,
        is_named,
    }
}

fn member(Turn { estate, runs, patience, .. }: &Turn) -> Member {
    Member {
        namespec: estate.namespec.clone(),
        kin: estate.kin(),
        ran: *runs,
        patience: *patience,
        before: 0,
        heard: Heard::Nothing,
        stopped: false,
        lost: 0,
    }
}

/// As long as a process may take by its configuration to end, and to be ready again; a oneshot to do what it is for.
fn patience(estate: &Estate) -> Duration {
    let (policy, health) = (&estate.policy, &estate.spec.health);
    let ready = match &health.ready {
        _ if policy.oneshot => act::ONESHOT,
        Check::Startsecs => Duration::ZERO,
        // it may take for ever
        _ if health.ready_timeout.is_zero() => Duration::MAX,
        _ => health.ready_timeout,
    };
    let start = policy.startsecs.max(ready);
    policy.stop_time().saturating_add(start).saturating_add(MARGIN)
}

/// Processes that no other rolling restart may have, until this is dropped.
pub(super) struct Claim {
    all: Claimed,
    mine: Vec<Namespec>,
}

impl Claim {
    fn on(all: &Claimed, mine: &[Namespec], by: &Arc<Asked>) -> Result<Self, Fault> {
        let mut claimed = lock(all);
        if let Some((other, by)) = mine.iter().find_map(|namespec| claimed.get_key_value(namespec)) {
            return Err(Fault::Failed(format!(
                "{other} is part of a rolling restart that is under way ({by}): wait for its end, or end it with \
                 Ctrl-C where it was begun; nothing is restarted by this one"
            )));
        }
        claimed.extend(mine.iter().map(|namespec| (namespec.clone(), Arc::clone(by))));
        Ok(Self { all: Arc::clone(all), mine: mine.to_vec() })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claimed = lock(&self.all);
        claimed.retain(|namespec, _| !self.mine.contains(namespec));
    }
}
