//! What every actor of a tree has in common: the arena, the log, the threads, the way to the bus.

use crate::bus::{Announce, Bus, Journal, Tune};
use crate::clock;
use crate::errand::Places;
use crate::estate::{Arena, LogSettings, Mood, lock};
use crate::farewell::Farewell;
use crate::grove::Posts;
use crate::nudge::Nudges;
use crate::program::Summon;
use crate::root::shutdown::End;
use crate::rotator::outbox::Held;
use crate::supervision::link::{Bid, Down, Exit, Knock};
use crate::supervision::repair::Repair;
use crate::turns::Turns;
use actix::{Addr, ArbiterHandle, Recipient};
use slog::{Logger, error};
use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, mpsc};
use treeherd_domain::cause::Asked;
use treeherd_domain::depend::gate::World as _;
use treeherd_domain::event::tick::Ticks;
use treeherd_domain::event::types::EventSet;
use treeherd_domain::event::{Event, EventKind};
use treeherd_domain::fault::Fault;
use treeherd_domain::health::Health;
use treeherd_domain::name::Namespec;
use treeherd_os::environment::BaseEnvironment;

/// A place where the current incarnation of something stands; never keep what was taken from it.
pub struct Slot<T> {
    current: Mutex<Option<T>>,
    changed: Notify,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { current: Mutex::new(None), changed: Notify::new() }
    }
}

impl<T: Clone> Slot<T> {
    /// What stands there now.
    pub fn get(&self) -> Option<T> {
        lock(&self.current).clone()
    }

    /// Puts the current one there.
    pub fn set(&self, value: T) {
        *lock(&self.current) = Some(value);
        self.changed.notify_waiters();
    }

    /// Empties it.
    pub fn clear(&self) {
        *lock(&self.current) = None;
    }

    /// Waits until something that fits stands there.
    pub async fn wait_for(&self, fits: impl Fn(&T) -> bool) -> T {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(value) = self.get().filter(&fits) {
                return value;
            }
            changed.await;
        }
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

/// The common part of a tree.
#[derive(Debug)]
pub struct Shared {
    /// All groups and processes.
    pub arena: Arc<Arena>,
    /// The last events and their subscribers.
    pub journal: Arc<Journal>,
    /// The daemon's log.
    pub log: Logger,
    /// The thread of the rotators.
    pub logs: ArbiterHandle,
    /// The thread of the endpoints.
    pub control: ArbiterHandle,
    /// The current bus.
    pub bus: Slot<Addr<Bus>>,
    /// Where the current root hears of the end.
    pub(crate) root: Slot<Recipient<End>>,
    /// The daemon's own environment, made ready for spawning.
    pub environment: Arc<BaseEnvironment>,
    /// `PATH` of the daemon.
    pub path: Option<String>,
    /// `SUPERVISOR_SERVER_URL` of processes whose `serverurl` is AUTO.
    pub server_url: Option<String>,
    /// What the child logs need.
    pub log_settings: LogSettings,
    /// The order in which processes are spawned.
    pub turns: Turns,
    /// The places of commands that are run beside the processes.
    pub(crate) errands: Places,
    /// The places of commands of people: `reload_command` and its like, which checks do not wait for.
    pub(crate) hooks: Places,
    /// Who is told when something changes.
    pub nudges: Arc<Nudges>,
    /// What the streams of clients are told of the end.
    pub(crate) farewell: Farewell,
    /// Who brings up what a process requires.
    pub(crate) summons: Slot<Recipient<Summon>>,
    /// Where the groups under OTP's rules are told what to do.
    pub(crate) posts: Posts,
    /// Which ticks were announced last.
    pub(crate) ticks: Mutex<Ticks>,
    incidents: AtomicU64,
    restarts: AtomicU64,
    rebuilds: AtomicU64,
    /// The last rebuild of the root.
    pub(crate) root_repair: Slot<Repair>,
}

/// The parts of [`Shared`] that the composition knows.
#[derive(Debug)]
pub struct SharedParts {
    /// The arena.
    pub arena: Arc<Arena>,
    /// The daemon's log.
    pub log: Logger,
    /// The thread of the rotators.
    pub logs: ArbiterHandle,
    /// The thread of the endpoints.
    pub control: ArbiterHandle,
    /// The daemon's own environment.
    pub environment: Arc<BaseEnvironment>,
    /// `PATH` of the daemon.
    pub path: Option<String>,
    /// `SUPERVISOR_SERVER_URL`.
    pub server_url: Option<String>,
    /// What the child logs need.
    pub log_settings: LogSettings,
}

impl Shared {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: SharedParts) -> Arc<Self> {
        let SharedParts { arena, log, logs, control, environment, path, server_url, log_settings } = parts;
        let journal = Arc::new(Journal::new(arena.seq()));
        let (bus, incidents, rebuilds) = (Slot::default(), AtomicU64::new(0), AtomicU64::new(0));
        let restarts = AtomicU64::new(0);
        let root = Slot::default();
        Arc::new(Self {
            arena,
            journal,
            log,
            logs,
            control,
            bus,
            root,
            environment,
            path,
            server_url,
            log_settings,
            turns: Turns::default(),
            errands: Places::default(),
            hooks: Places::default(),
            nudges: Arc::default(),
            farewell: Farewell::default(),
            summons: Slot::default(),
            posts: Posts::default(),
            ticks: Mutex::default(),
            incidents,
            restarts,
            rebuilds,
            root_repair: Slot::default(),
        })
    }

    /// Tells those who wait for it that a process has changed: its state, its readiness, its health.
    pub fn changed(&self, namespec: &Namespec) {
        self.tell_if_ready(namespec);
        self.nudges.process(namespec);
    }

    /// Notes what a `[probe:x]` says of the world outside (`None`: there is no such probe any more), and tells those
    /// who wait for it: it is an event, with the reason if it is unhealthy.
    pub fn probe_changed(&self, name: &str, says: Option<Health>, reason: &str) {
        if self.arena.probe(name) == says {
            return;
        }
        let seq = match says {
            Some(health) if health != Health::Unknown => {
                let (name, reason) = (name.to_owned(), reason.to_owned());
                self.announce(EventKind::Probe { name, health, reason })
            }
            _ => self.arena.seq(),
        };
        self.arena.set_probe(name, says, reason, seq);
        self.nudges.probe(name);
    }

    /// Numbers an event, gives it to listeners and subscribers and sends it to the bus; tells the number.
    pub fn announce(&self, kind: EventKind) -> u64 {
        self.announce_held(kind, None)
    }

    /// The same for an event that takes up room until the bus has it.
    pub(crate) fn announce_held(&self, kind: EventKind, held: Option<Held>) -> u64 {
        let seq = self.arena.next_seq();
        let event = Arc::new(Event { seq, at_ms: clock::wall_ms(), kind });
        // here and not in the bus: no end of an actor loses an event of theirs
        self.arena.tell(&event);
        if let Some(bus) = self.bus.get() {
            bus.do_send(Announce { event, held });
        }
        seq
    }

    /// Waits until the bus of this moment has recorded what was announced so far, or is gone.
    pub(crate) async fn recorded(&self) {
        let (round, mut answered) = mpsc::channel(1);
        if let Some(bus) = self.bus.get() {
            bus.do_send(Bid::Answer(Knock::of(&round).0));
        }
        drop(round);
        answered.recv().await;
    }

    /// Asks for the end from inside the tree.
    pub(crate) fn end(&self, mood: Mood, by: Asked) {
        self.arena.ask(mood, by);
        if let Some(root) = self.root.get() {
            root.do_send(End(mood));
        }
    }

    /// Lets the bus see whether somebody wants ticks, and which.
    pub(crate) fn tune(&self) {
        if let Some(bus) = self.bus.get() {
            bus.do_send(Tune);
        }
    }

    /// The ticks that somebody wants.
    pub(crate) fn wanted_ticks(&self) -> EventSet {
        let (pools, feeds) = (self.arena.pools(), self.arena.feeds());
        let wanted = pools.iter().map(|pool| &pool.events).chain(feeds.iter().map(|feed| &feed.events));
        wanted.fold(self.journal.wanted_ticks(), EventSet::and)
    }

    /// How often a root was started.
    #[must_use]
    pub fn rebuilds(&self) -> u64 {
        self.rebuilds.load(Ordering::Relaxed)
    }

    /// The number of another restart of several.
    pub(crate) fn next_restart(&self) -> u64 {
        self.restarts.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn count_root(&self) {
        self.rebuilds.fetch_add(1, Ordering::Relaxed);
    }

    /// An id under which the log tells more about a failure of ours.
    #[must_use]
    pub fn incident(&self) -> String {
        let number = self.incidents.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{:x}-{number}", std::process::id())
    }

    /// What a caller is told whose call got no answer, because an actor on its way ended; the log has
    /// the same id.
    #[must_use]
    pub fn unanswered(&self) -> Fault {
        let incident = self.incident();
        error!(
            self.log,
            "a call was not answered (incident {incident}): an actor on its way ended, see the lines about \
             that; what the call asked for may have been done"
        );
        Fault::Crashed { incident }
    }

    /// Logs and announces that an actor ended by a bug and what is done about it. `above` is the path of its
    /// parent; empty for the root.
    pub fn report(&self, above: &str, down: &Down, next: &str) {
        let path =
            if above.is_empty() { down.child.to_string() } else { format!("{above}/{}", down.child) };
        let reason = match &down.exit {
            // whoever is told to stop is not reported, so this is a bug as well
            Exit::Normal => "it stopped without being told to".to_owned(),
            Exit::Panic(_) | Exit::Exhausted(_) => down.exit.reason().to_owned(),
        };
        let incident = self.incident();
        error!(self.log, "actor {path} ended by an internal error (incident {incident}): {reason}; {next}");
        self.announce(EventKind::ActorRestarted { path, reason, incident });
    }
}
