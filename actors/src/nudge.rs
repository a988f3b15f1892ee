//! Who is told that something has changed: nobody who waits for others polls.
//!
//! ```text
//!   waits ── watch(topics, recipient) ─► Nudges ─► Watch (dropped: told no more)
//!   changes ── Shared::changed(namespec) ─► Nudges ── Nudge ─► everybody who watches it, or its group
//! ```
//!
//! A nudge says that it is worth looking, not what there is to see: whoever gets one looks at how things are now, as
//! it does when it starts. So it does not matter which of several changes it tells of, and one that waits in a mailbox
//! stands for all that come meanwhile. An actor that ended by a bug loses its watch with the rest of it, and its
//! successor, which looks when it starts, watches anew. Absent: what there is to be seen (the estates).

use crate::estate::lock;
use actix::{Message, WeakRecipient};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use treeherd_domain::depend::Target;
use treeherd_domain::name::{GroupName, Namespec};

/// Look again: something has changed that you watch.
#[derive(Message, Clone, Debug)]
#[rtype(result = "()")]
pub struct Nudge(Arc<AtomicBool>);

impl Nudge {
    /// It is looked at now: what changes from here on is worth another one. To be called before looking.
    pub fn taken(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// All who watch something.
#[derive(Default)]
pub struct Nudges {
    watchers: Mutex<HashMap<Target, HashMap<u64, Watcher>>>,
    next: AtomicU64,
}

#[derive(Clone)]
enum Watcher {
    Actor {
        recipient: WeakRecipient<Nudge>,
        /// Whether a nudge is on its way.
        waits: Arc<AtomicBool>,
    },
    Task(Arc<Notify>),
}

impl Watcher {
    fn nudge(self) {
        match self {
            Self::Actor { recipient, waits } => {
                if let Some(recipient) = recipient.upgrade()
                    && !waits.swap(true, Ordering::SeqCst)
                {
                    recipient.do_send(Nudge(waits));
                }
            }
            Self::Task(ear) => ear.notify_one(),
        }
    }
}

impl fmt::Debug for Nudges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nudges").field("topics", &lock(&self.watchers).len()).finish_non_exhaustive()
    }
}

impl Nudges {
    /// From now on, and until what is returned is dropped, the recipient gets a nudge after each change of one of
    /// these. What changed before is not told: look once after this.
    pub fn watch(
        self: &Arc<Self>,
        topics: impl IntoIterator<Item = Target>,
        recipient: WeakRecipient<Nudge>,
    ) -> Watch {
        self.add(topics, Watcher::Actor { recipient, waits: Arc::default() })
    }

    /// The same for a task, which waits for the notification of this ear; one that nobody waits for yet is kept.
    pub fn hear(self: &Arc<Self>, topics: impl IntoIterator<Item = Target>, ear: &Arc<Notify>) -> Watch {
        self.add(topics, Watcher::Task(Arc::clone(ear)))
    }

    fn add(self: &Arc<Self>, topics: impl IntoIterator<Item = Target>, watcher: Watcher) -> Watch {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let topics: Vec<Target> = topics.into_iter().collect();
        let mut watchers = lock(&self.watchers);
        for topic in &topics {
            watchers.entry(topic.clone()).or_default().insert(id, watcher.clone());
        }
        Watch { nudges: Arc::clone(self), topics, id }
    }

    /// A process has changed: state, readiness or health.
    pub(crate) fn process(&self, namespec: &Namespec) {
        if !lock(&self.watchers).is_empty() {
            self.nudge(&[Target::Process(namespec.clone()), Target::Group(namespec.group.clone())]);
        }
    }

    /// A group came, went, or has other processes.
    pub(crate) fn group(&self, group: &GroupName) {
        let is_of = |topic: &Target| match topic {
            Target::Process(namespec) => namespec.group == *group,
            Target::Group(name) => name == group,
            Target::Probe(_) => false,
        };
        let topics: Vec<Target> =
            lock(&self.watchers).keys().filter(|topic| is_of(topic)).cloned().collect();
        self.nudge(&topics);
    }

    /// A probe has changed its colour.
    pub(crate) fn probe(&self, name: &str) {
        self.nudge(&[Target::Probe(Arc::from(name))]);
    }

    fn nudge(&self, topics: &[Target]) {
        let due: Vec<Watcher> = {
            let watchers = lock(&self.watchers);
            topics
                .iter()
                .filter_map(|topic| watchers.get(topic))
                .flat_map(HashMap::values)
                .cloned()
                .collect()
        };
        due.into_iter().for_each(Watcher::nudge);
    }
}

/// Somebody watches; until this is dropped.
pub struct Watch {
    nudges: Arc<Nudges>,
    topics: Vec<Target>,
    id: u64,
}

impl Watch {
    /// What is watched.
    #[must_use]
    pub fn topics(&self) -> &[Target] {
        &self.topics
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watch").field(&self.topics).finish()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watchers = lock(&self.nudges.watchers);
        for topic in &self.topics {
            if let Some(those) = watchers.get_mut(topic) {
                those.remove(&self.id);
                if those.is_empty() {
                    watchers.remove(topic);
                }
            }
        }
    }
}
