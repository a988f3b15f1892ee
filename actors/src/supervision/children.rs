//! The children of one supervising actor: started in order, stopped in reverse, restarted by strategy
//! and within an intensity (OTP's `supervisor`).
//!
//! ```text
//! Down ─► stale? ─► waited for? ─► decide(restart, exit) ─► window allows? ─► stop affected (reverse)
//!                                                             │ no              ▼ all Down
//!                                                             ▼              start affected (in order)
//!                                                          Escalate
//! ```
//!
//! Owned by the parent actor, which forwards every [`Down`] to [`Children::down`] and does what the
//! [`Verdict`] says. Nothing here waits. When it is dropped, all children are told to stop.

use super::link::{Bid, Down, Exit, Knock, Link, Round};
use super::repair::Repair;
use actix::{Recipient, WeakRecipient};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use treeherd_domain::strategy::{Decision, Ending, Intensity, Restart, Strategy, Window};

/// Most have so few children that there is to be room for no more.
const FEW: usize = 4;

/// Starts one incarnation of a child; called again at each restart.
pub type Start = Box<dyn FnMut(Link) -> Recipient<Bid>>;

struct Child {
    name: Arc<str>,
    restart: Restart,
    start: Start,
    incarnation: u64,
    crashes: u64,
    address: Option<Recipient<Bid>>,
    repair: Option<Repair>,
}

/// What a [`Down`] led to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It was about an incarnation that no longer counts.
    Stale,
    /// The child stays down, or others are awaited before a restart.
    Noted,
    /// These children were started again.
    Restarted(Vec<Arc<str>>),
    /// Too many restarts: the parent is to end with this reason.
    Escalate(String),
}

/// A child as the tree shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChildInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Which start of it runs, from 1.
    pub incarnation: u64,
    /// How often it ended by a bug.
    pub crashes: u64,
    /// Whether it runs now.
    pub alive: bool,
    /// How long it took to replace the one before it; `None` for the first, and while that is under way.
    pub repair: Option<Duration>,
    /// A knock at its mailbox, if it was asked for.
    pub knock: Option<Knock>,
}

/// The children of one actor.
pub struct Children {
    up: WeakRecipient<Down>,
    link: Link,
    strategy: Strategy,
    intensity: Intensity,
    window: Window,
    children: Vec<Child>,
    /// Which start of a forgotten child was its last, until that one is down: a namesake counts on.
    forgotten: HashMap<Arc<str>, u64>,
    /// Those that must be down before `affected` start again.
    waiting: HashSet<Arc<str>>,
    affected: HashSet<Arc<str>>,
    /// When the end came for which `affected` start again.
    since: Option<Instant>,
}

impl Children {
    /// No children yet. `up` is the parent's own mailbox, `link` the parent's link.
    #[must_use]
    pub fn new(up: WeakRecipient<Down>, link: Link, strategy: Strategy, intensity: Intensity) -> Self {
        Self {
            up,
            link,
            strategy,
            intensity,
            window: Window::default(),
            children: Vec::new(),
            forgotten: HashMap::new(),
            waiting: HashSet::new(),
            affected: HashSet::new(),
            since: None,
        }
    }

    /// Adds a child and starts it.
    pub fn start(&mut self, name: impl Into<Arc<str>>, restart: Restart, start: Start) {
        let name = name.into();
        let incarnation = self.forgotten.get(&name).copied().unwrap_or_default();
        if self.children.len() < FEW {
            self.children.reserve_exact(1);
        }
        self.children.push(Child {
            name,
            restart,
            start,
            incarnation,
            crashes: 0,
            address: None,
            repair: None,
        });
        let last = self.children.len() - 1;
        self.start_at(last, None);
    }

    /// Tells a child to stop and forgets it; its later `Down` is stale, also if another child of that
    /// name has been started meanwhile.
    pub fn forget(&mut self, name: &str) {
        let Some(at) = self.position(name) else { return };
        let child = self.children.remove(at);
        if let Some(address) = child.address {
            address.do_send(Bid::Stop);
            self.forgotten.insert(child.name, child.incarnation);
        }
        self.affected.remove(name);
        if self.waiting.remove(name) && self.waiting.is_empty() {
            self.start_affected();
        }
    }

    /// The children, in order of starting.
    #[must_use]
    pub fn list(&self) -> Vec<ChildInfo> {
        let info = |child: &Child| ChildInfo {
            name: Arc::clone(&child.name),
            incarnation: child.incarnation,
            crashes: child.crashes,
            alive: child.address.is_some(),
            repair: child.repair.as_ref().and_then(Repair::took),
            knock: None,
        };
        self.children.iter().map(info).collect()
    }

    /// The same, with a knock at the mailbox of each that runs.
    #[must_use]
    pub fn knock(&self, round: &Round) -> Vec<ChildInfo> {
        let mut list = self.list();
        for (child, info) in self.children.iter().zip(&mut list) {
            if let Some(address) = &child.address {
                let (given, kept) = Knock::of(round);
                address.do_send(Bid::Answer(given));
                info.knock = Some(kept);
            }
        }
        list
    }

    /// How many children there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.children.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.children.is_empty()
    }

    /// Takes the news of a child's end at `now`.
    pub fn down(&mut self, down: &Down, now: Instant) -> Verdict {
        let Some(at) = self.current(down) else {
            self.forgotten.retain(|name, last| *name != down.child || *last != down.incarnation);
            return Verdict::Stale;
        };
        self.children[at].address = None;
        if down.exit != Exit::Normal {
            self.children[at].crashes += 1;
        }
        if self.waiting.remove(&down.child) {
            return if self.waiting.is_empty() { self.start_affected() } else { Verdict::Noted };
        }
        if self.affected.contains(&down.child) {
            // it ended by itself while its siblings were being awaited: it starts with them
            return Verdict::Noted;
        }
        let ending = if down.exit == Exit::Normal { Ending::Normal } else { Ending::Abnormal };
        match self.children[at].restart.decide(ending) {
            Decision::StayDown => Verdict::Noted,
            Decision::Forget => {
                self.children.remove(at);
                Verdict::Noted
            }
            Decision::Restart if self.window.allows(now, self.intensity) => {
                self.since = self.since.or(Some(down.since));
                self.restart(at)
            }
            Decision::Restart => Verdict::Escalate(format!(
                "{} ended more than {} times in {:?}, the last time by: {}",
                down.child,
                self.intensity.restarts,
                self.intensity.period,
                down.exit.reason()
            )),
        }
    }

    fn current(&self, down: &Down) -> Option<usize> {
        let at = self.position(&down.child)?;
        (self.children[at].incarnation == down.incarnation && self.children[at].address.is_some())
            .then_some(at)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.children.iter().position(|child| *child.name == *name)
    }

    fn restart(&mut self, failed: usize) -> Verdict {
        let range = self.strategy.affected(failed, self.children.len());
        for child in &self.children[range.clone()] {
            self.affected.insert(Arc::clone(&child.name));
        }
        for child in self.children[range].iter().rev() {
            if let Some(address) = &child.address {
                self.waiting.insert(Arc::clone(&child.name));
                address.do_send(Bid::Stop);
            }
        }
        if self.waiting.is_empty() { self.start_affected() } else { Verdict::Noted }
    }

    fn start_affected(&mut self) -> Verdict {
        let (affected, since) = (std::mem::take(&mut self.affected), self.since.take());
        let mut started = Vec::new();
        // a temporary child that the strategy took along is not started again
        self.children.retain(|child| {
            !(affected.contains(&child.name)
                && child.restart == Restart::Temporary
                && child.address.is_none())
        });
        for at in 0..self.children.len() {
            if affected.contains(&self.children[at].name) && self.children[at].address.is_none() {
                started.push(Arc::clone(&self.children[at].name));
                self.start_at(at, since);
            }
        }
        Verdict::Restarted(started)
    }

    fn start_at(&mut self, at: usize, since: Option<Instant>) {
        let child = &mut self.children[at];
        child.incarnation += 1;
        let (name, up) = (Arc::clone(&child.name), self.up.clone());
        let link = match since {
            Some(since) => Link::again(name, child.incarnation, up, Some(&self.link), since),
            None => Link::new(name, child.incarnation, up, Some(&self.link)),
        };
        child.repair = link.repair();
        child.address = Some((child.start)(link));
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for child in self.children.iter().rev() {
            child.address.as_ref().inspect(|address| address.do_send(Bid::Stop));
        }
    }
}

impl fmt::Debug for Children {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}
