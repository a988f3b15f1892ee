//! The children of a group, as its machine knows them.

use super::{Order, Task};
use crate::name::{GroupName, ProcessName};
use crate::strategy::Restart;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

/// A child of a group.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ChildId {
    /// One of its processes.
    Process(ProcessName),
    /// A group below it.
    Group(GroupName),
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(name) => f.pad(name.as_str()),
            Self::Group(name) => write!(f, "group {name}"),
        }
    }
}

/// What the configuration says of a child.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChildSpec {
    /// Which.
    pub id: ChildId,
    /// After which ends it is started again.
    pub restart: Restart,
    /// Whether `auto_shutdown` is about it.
    pub significant: bool,
    /// Whether it is started with the group.
    pub autostart: bool,
}

/// What a group is about, as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Standing {
    /// It was never started.
    #[default]
    New,
    /// It takes care of its children.
    Active,
    /// Its children are being stopped, all of them.
    Leaving,
    /// They were, because somebody wanted it so.
    Stopped,
    /// They were, because significant ones had ended, or because it gave up to its parent.
    Ended,
    /// It gave up, and stays down until somebody starts it.
    Fatal,
    /// The daemon ends.
    Halting,
}

impl Standing {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Active => "active",
            Self::Leaving => "leaving",
            Self::Stopped => "stopped",
            Self::Ended => "ended",
            Self::Fatal => "fatal",
            Self::Halting => "halting",
        }
    }
}

/// Where a child is, in the eyes of its group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    Down,
    /// OTP's `{restarting, Pid}`: it is started alone when the time has come.
    Restarting {
        due: Instant,
    },
    /// Told to start; not yet up.
    Starting,
    Up {
        since: Instant,
    },
    /// Told to stop; not yet down.
    Stopping,
    /// It lives, maybe, and cannot be reached.
    Lost,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Member {
    pub(super) spec: ChildSpec,
    pub(super) life: Life,
    /// Somebody wants it down, or nobody has wanted it up yet.
    pub(super) held: bool,
    /// It is held to be stopped and started again.
    pub(super) returns: bool,
    /// Temporary, and over.
    pub(super) forgotten: bool,
    /// Somebody started it; how that ends is between the two.
    pub(super) by_hand: bool,
    /// Restarts since it was last up for long enough.
    pub(super) attempt: u32,
    /// The number of its last order.
    pub(super) ticket: u64,
}

impl Member {
    pub(super) const fn new(spec: ChildSpec) -> Self {
        let held = !spec.autostart;
        Self {
            spec,
            life: Life::Down,
            held,
            returns: false,
            forgotten: false,
            by_hand: false,
            attempt: 0,
            ticket: 0,
        }
    }

    /// Whether the group may start it.
    pub(super) const fn is_wanted(&self) -> bool {
        !self.held && !self.forgotten
    }

    /// Whether it starts with the group.
    pub(super) const fn has_turn(&self) -> bool {
        self.is_wanted() && (self.spec.autostart || !self.by_hand)
    }

    /// Whether a stop of all must reach it.
    pub(super) const fn may_live(&self) -> bool {
        self.by_hand || matches!(self.life, Life::Starting | Life::Up { .. } | Life::Stopping)
    }

    /// Whether it counts as active among the significant ones.
    pub(super) const fn is_active(&self) -> bool {
        self.by_hand || !matches!(self.life, Life::Down)
    }

    /// What it was told and has not done yet.
    pub(super) fn order(&self) -> Option<Order> {
        let task = match self.life {
            Life::Starting => Task::Start,
            Life::Stopping => Task::Stop,
            Life::Down | Life::Restarting { .. } | Life::Up { .. } | Life::Lost => return None,
        };
        Some(Order { child: self.spec.id.clone(), task, ticket: self.ticket })
    }

    /// What makes its delays its own.
    pub(super) fn seed(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.spec.id.hash(&mut hasher);
        hasher.finish()
    }
}
