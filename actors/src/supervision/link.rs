//! The link between a child and its parent: `Down` means the whole subtree is gone.

use super::repair::Repair;
use crate::clock;
use actix::{Actor, ActorContext, Context, Message, WeakRecipient};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How an actor ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Exit {
    /// It stopped, by itself or because it was told to.
    Normal,
    /// It panicked: the text and the place.
    Panic(String),
    /// It gave up: its own children failed more often than their intensity allows.
    Exhausted(String),
}

impl Exit {
    /// The word for a log line.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Normal => "stopped",
            Self::Panic(text) | Self::Exhausted(text) => text,
        }
    }
}

/// A child and everything below it is gone.
#[derive(Message, Clone, Debug)]
#[rtype(result = "()")]
pub struct Down {
    /// Its name among the parent's children.
    pub child: Arc<str>,
    /// Which start of it this was.
    pub incarnation: u64,
    /// How it ended.
    pub exit: Exit,
    /// When it ended; if it never came to work, when the one before it did.
    pub since: Instant,
}

/// What a parent says to a child, whatever it is.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub enum Bid {
    /// End orderly: the parent ends, or restarts it.
    Stop,
    /// Show that you hear.
    Answer(Knock),
}

impl Bid {
    /// What every child does about it.
    pub fn heed<A: Actor<Context = Context<A>>>(self, context: &mut Context<A>) {
        match self {
            Self::Stop => context.stop(),
            Self::Answer(knock) => knock.answer(),
        }
    }
}

/// A knock at a mailbox: it is answered when all that was in there before has been handled.
///
/// A clone looks at the same answer. Those that are handed out hold a [`Round`] besides, so that whoever asks many
/// actors hears when the last one has answered or is gone.
#[derive(Clone, Debug)]
pub struct Knock {
    at: Instant,
    waited: Arc<OnceLock<Duration>>,
    /// Dropped with the knock that was handed out.
    _round: Option<Round>,
}

/// Open until every knock of it was answered, or lost with an actor that ended.
pub type Round = mpsc::Sender<()>;

impl Knock {
    /// One for an actor, and one to read the answer from.
    #[must_use]
    pub fn of(round: &Round) -> (Self, Self) {
        let kept = Self { at: clock::now(), waited: Arc::default(), _round: None };
        (Self { _round: Some(round.clone()), ..kept.clone() }, kept)
    }

    /// The actor has come to it.
    pub fn answer(self) {
        let waited = clock::now().saturating_duration_since(self.at);
        // the first answer counts; there is no second
        let _ = self.waited.set(waited);
    }

    /// How long it waited in the mailbox; `None` while it does.
    #[must_use]
    pub fn waited(&self) -> Option<Duration> {
        self.waited.get().copied()
    }
}

impl PartialEq for Knock {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.waited, &other.waited)
    }
}

impl Eq for Knock {}

/// Where the news of an end goes.
#[derive(Debug)]
pub enum Up {
    /// To the actor above, if it still lives.
    Actor(WeakRecipient<Down>),
    /// To the loop outside the tree.
    Loop(mpsc::UnboundedSender<Down>),
}

impl From<WeakRecipient<Down>> for Up {
    fn from(up: WeakRecipient<Down>) -> Self {
        Self::Actor(up)
    }
}

impl From<mpsc::UnboundedSender<Down>> for Up {
    fn from(up: mpsc::UnboundedSender<Down>) -> Self {
        Self::Loop(up)
    }
}

/// Held by an actor, its guard, and (as `above`) everything below it.
#[derive(Clone)]
pub struct Link(Arc<Tether>);

/// How an actor ended, and when.
struct End {
    exit: Exit,
    at: Instant,
}

struct Tether {
    child: Arc<str>,
    path: String,
    incarnation: u64,
    end: OnceLock<Box<End>>,
    /// What its start is part of, if something ended before.
    repair: Option<Repair>,
    up: Up,
    /// Keeps the parent's own `Down` from being sent before ours.
    above: Option<Link>,
}

impl Link {
    /// Ties a child to its parent. If the parent is about to come back, so is the child.
    #[must_use]
    pub fn new(child: Arc<str>, incarnation: u64, up: impl Into<Up>, above: Option<&Self>) -> Self {
        let since = above.and_then(|above| above.0.repair.as_ref()?.began());
        Self::tie(child, incarnation, up, above, since)
    }

    /// Ties the successor of a child that ended at `since`.
    #[must_use]
    pub fn again(
        child: Arc<str>,
        incarnation: u64,
        up: impl Into<Up>,
        above: Option<&Self>,
        since: Instant,
    ) -> Self {
        Self::tie(child, incarnation, up, above, Some(since))
    }

    fn tie(
        child: Arc<str>,
        incarnation: u64,
        up: impl Into<Up>,
        above: Option<&Self>,
        since: Option<Instant>,
    ) -> Self {
        let path = match above {
            Some(above) => format!("{}/{child}", above.path()),
            None => child.to_string(),
        };
        let (above, up, repair) = (above.cloned(), up.into(), since.map(Repair::since));
        Self(Arc::new(Tether { child, path, incarnation, end: OnceLock::new(), repair, up, above }))
    }

    /// Where the actor stands in the tree: `root/group:web/program:web`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Which start of the actor this is, from 1.
    #[must_use]
    pub fn incarnation(&self) -> u64 {
        self.0.incarnation
    }

    /// Says how it ended, now; the first word counts.
    pub fn ended(&self, exit: Exit) {
        self.ended_at(exit, clock::now());
    }

    /// The same of an end that came a little earlier.
    pub fn ended_at(&self, exit: Exit, at: Instant) {
        // a second word is later news about the same end
        let _ = self.0.end.set(Box::new(End { exit, at }));
    }

    /// The actor has been started and has had a turn at its mailbox.
    pub fn at_work(&self) {
        self.0.repair.as_ref().inspect(|repair| repair.done());
    }

    /// What its start was part of, if something had ended before.
    #[must_use]
    pub fn repair(&self) -> Option<Repair> {
        self.0.repair.clone()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({}, {})", self.0.path, self.0.incarnation)
    }
}

impl Tether {
    fn since(&self) -> Instant {
        let began = self.repair.as_ref().and_then(Repair::began);
        began.or_else(|| Some(self.end.get()?.at)).unwrap_or_else(clock::now)
    }
}

impl Drop for Tether {
    fn drop(&mut self) {
        let down = Down {
            child: Arc::clone(&self.child),
            incarnation: self.incarnation,
            exit: self.end.get().map_or(Exit::Normal, |end| end.exit.clone()),
            since: self.since(),
        };
        match &self.up {
            Up::Actor(up) => {
                up.upgrade().inspect(|up| up.do_send(down));
            }
            // nobody listens any more once the tree is done
            Up::Loop(up) => drop(up.send(down)),
        }
        drop(self.above.take());
    }
}
