//! The arena: all active groups, the configuration, what the daemon is doing, and the numbers of events.
//!
//! It is handed to each incarnation of Root by the loop outside the tree, and read by every thread. Absent: what
//! an estate is (above).

use super::grove::Grove;
use super::outside::Told;
use super::past::Past;
use super::{Ending, Estate, FeedEstate, GroupEstate, PoolEstate, lock};
use crate::desire::Turn;
use crate::sockets::Sockets;
use slog::Logger;
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicI8, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use treeherd_domain::cause::{Asked, Cause};
use treeherd_domain::desired::Desired;
use treeherd_domain::event::Event;
use treeherd_domain::group::in_trees;
use treeherd_domain::name::{GroupName, Namespec};
use treeherd_domain::pool::next_serial;
use treeherd_domain::scale::Programs;
use treeherd_domain::spec::{Config, GroupSpec};

/// What the daemon is doing (Supervisor's "mood").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    /// Programs run and are restarted.
    Running,
    /// All stop; then the daemon starts anew.
    Restarting,
    /// All stop; then the daemon ends.
    Shutdown,
}

impl Mood {
    /// Supervisor's `statecode` and `statename`.
    #[must_use]
    pub const fn code_and_name(self) -> (i32, &'static str) {
        match self {
            Self::Running => (1, "RUNNING"),
            Self::Restarting => (0, "RESTARTING"),
            Self::Shutdown => (-1, "SHUTDOWN"),
        }
    }
}

/// All active groups by name, what the daemon is doing, and the number of the last event.
#[derive(Debug)]
pub struct Arena {
    groups: RwLock<BTreeMap<GroupName, Place>>,
    /// The pools that events go to, in the order in which they began to listen.
    pools: RwLock<Vec<Arc<PoolEstate>>>,
    /// The subscribers that events go to.
    feeds: RwLock<Vec<Arc<FeedEstate>>>,
    /// The sockets that programs share.
    pub(crate) sockets: Sockets,
    /// The groups under OTP's rules.
    pub grove: Grove,
    exit_status: AtomicU8,
    config: RwLock<Arc<Config>>,
    /// The configuration with which the daemon was started.
    started: Arc<Config>,
    mood: AtomicI8,
    /// The mood that somebody asked for, until a root has seen it.
    asked: Mutex<Option<Mood>>,
    /// Who asked for the end that is under way, or is about to be.
    ender: Mutex<Option<Arc<Asked>>>,
    /// What operators have asked for, for good.
    desired: Mutex<Desired>,
    /// Held while that is changed.
    pub(crate) desiring: Arc<tokio::sync::Mutex<Turn>>,
    /// The essential process that the daemon ends by.
    ending: Mutex<Option<Ending>>,
    seq: AtomicU64,
    /// The number of the next event that a pool takes.
    serial: Mutex<u64>,
    added: AtomicU64,
    /// What each `[probe:x]` says.
    pub(super) probes: Mutex<BTreeMap<Arc<str>, Told>>,
    /// What happened to processes that are not there and may come back.
    past: Past,
}

/// An active group and the how-manieth it was to become so.
#[derive(Clone, Debug)]
struct Place {
    added: u64,
    group: Arc<GroupEstate>,
    /// Who made it what it is, since the daemon runs.
    by: Option<Arc<Asked>>,
}

impl Arena {
    /// An arena without groups, for this configuration, whose events are numbered after `seq`.
    #[must_use]
    pub fn new(config: Arc<Config>, seq: u64) -> Self {
        Self {
            groups: RwLock::default(),
            pools: RwLock::default(),
            feeds: RwLock::default(),
            sockets: Sockets::default(),
            grove: Grove::new(config.daemon.rules.clone()),
            exit_status: AtomicU8::new(0),
            started: Arc::clone(&config),
            config: RwLock::new(config),
            mood: AtomicI8::new(1),
            asked: Mutex::default(),
            ender: Mutex::default(),
            desired: Mutex::default(),
            desiring: Arc::default(),
            ending: Mutex::default(),
            seq: AtomicU64::new(seq),
            serial: Mutex::default(),
            added: AtomicU64::new(0),
            probes: Mutex::default(),
            past: Past::default(),
        }
    }

    /// Has the `[socket:x]` of a group listen as they are configured. May block on DNS: not for the tree's thread.
    pub fn prepare_sockets(&self, group: &GroupSpec, log: &Logger) {
        self.sockets.inherited().prepare(group.sockets(), log);
    }

    /// Closes the `[socket:x]` that no group has, neither an active nor a configured one.
    pub(crate) fn settle_sockets(&self) {
        let (active, config) = (self.groups(), self.config());
        let specs = active.iter().map(|group| &group.spec).chain(&config.groups);
        let sockets = specs.flat_map(|spec| spec.sockets());
        self.sockets.inherited().keep(&sockets.map(|socket| socket.spec.address.clone()).collect());
    }

    /// Closes all `[socket:x]`, at the end of a tree.
    pub fn close_sockets(&self) {
        self.sockets.inherited().keep(&HashSet::new());
    }

    /// What operators have asked for, for good.
    #[must_use]
    pub fn desired(&self) -> Desired {
        lock(&self.desired).clone()
    }

    /// Takes over a desired state, once it is kept.
    pub fn set_desired(&self, desired: Desired) {
        for group in self.groups() {
            group.mark(&desired);
        }
        *lock(&self.desired) = desired;
    }

    /// How many processes the programs have, by the configuration read last; of those that it does not know, by what
    /// operators have asked for.
    pub(crate) fn programs(&self) -> Programs {
        let mut programs = lock(&self.desired).programs();
        programs.extend(self.config().programs.clone());
        programs
    }

    /// Notes which process the daemon ends by; `false` if another was first.
    pub(crate) fn end_by(&self, ending: Ending) -> bool {
        let mut first = lock(&self.ending);
        let is_first = first.is_none();
        first.get_or_insert(ending);
        is_first
    }

    /// Which essential process the daemon ends by.
    pub(crate) fn ending(&self) -> Option<Ending> {
        lock(&self.ending).clone()
    }

    fn places(&self) -> RwLockReadGuard<'_, BTreeMap<GroupName, Place>> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The active groups, by name.
    #[must_use]
    pub fn groups(&self) -> Vec<Arc<GroupEstate>> {
        self.places().values().map(|place| Arc::clone(&place.group)).collect()
    }

    /// The active groups by priority, then in the order in which they became active: the order of
    /// starting. The reverse is the order of stopping. Those below another come right after it.
    #[must_use]
    pub fn by_priority(&self) -> Vec<Arc<GroupEstate>> {
        let mut places: Vec<Place> = self.places().values().cloned().collect();
        places.sort_by_key(|place| (place.group.spec.priority, place.added));
        in_trees(places.into_iter().map(|place| place.group).collect(), |group: &Arc<GroupEstate>| {
            &group.spec
        })
    }

    /// An active group.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<Arc<GroupEstate>> {
        self.places().get(name).map(|place| Arc::clone(&place.group))
    }

    /// The configuration with which the daemon was started: most of `[supervisord]`, and its control endpoints, hold for as
    /// long as it runs.
    #[must_use]
    pub fn started(&self) -> &Config {
        &self.started
    }

    /// The configuration that was read last.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_config(&self, config: Arc<Config>) {
        self.past.settle(&config);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// A process of an active group.
    #[must_use]
    pub fn estate(&self, namespec: &Namespec) -> Option<Arc<Estate>> {
        self.group(namespec.group.as_str())?.estate(&namespec.process).cloned()
    }

    /// Makes a group active. `false` if one of that name is.
    pub fn add(&self, group: Arc<GroupEstate>) -> bool {
        self.add_for(group, None)
    }

    /// The same because somebody asked for it.
    pub(crate) fn add_for(&self, group: Arc<GroupEstate>, by: Option<Arc<Asked>>) -> bool {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        let vacant = !groups.contains_key(group.name());
        if vacant {
            group.mark(&lock(&self.desired));
            self.past.give(&group);
            let added = self.added.fetch_add(1, Ordering::Relaxed);
            groups.insert(group.name().clone(), Place { added, group, by });
        }
        vacant
    }

    /// Puts another definition of an active group in the place of this one. `false` if it is not there any more.
    pub(crate) fn replace(
        &self,
        old: &Arc<GroupEstate>,
        new: Arc<GroupEstate>,
        by: Option<Arc<Asked>>,
    ) -> bool {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        new.mark(&lock(&self.desired));
        let place = groups.get_mut(old.name()).filter(|place| Arc::ptr_eq(&place.group, old));
        place.map(|place| (place.group, place.by) = (new, by)).is_some()
    }

    /// Who made an active group what it is, if that was not the daemon when it came up.
    pub(crate) fn changed_by(&self, name: &GroupName) -> Option<Arc<Asked>> {
        self.places().get(name.as_str()).and_then(|place| place.by.clone())
    }

    /// Keeps what happened to the processes of a group that was taken out, for as long as they are configured. `seq` is the
    /// number of the event that told of it.
    pub(crate) fn keep_past(&self, group: &GroupEstate, seq: u64) {
        self.past.keep(group, &self.config(), seq);
    }

    /// Takes a group out.
    pub(crate) fn remove(&self, name: &str) -> Option<Arc<GroupEstate>> {
        self.pools
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|pool| pool.name.as_str() != name);
        self.feeds
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|feed| feed.name.as_str() != name);
        self.groups.write().unwrap_or_else(PoisonError::into_inner).remove(name).map(|place| place.group)
    }

    /// From now on events go to this group, if it is one of listeners or subscribers.
    pub(crate) fn listen(&self, group: &GroupEstate) {
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        pools.extend(group.pool.clone());
        if let Some(feed) = &group.feed {
            feed.listen(self.seq());
            self.feeds.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(feed));
        }
    }

    /// The subscribers that events go to.
    pub(crate) fn feeds(&self) -> RwLockReadGuard<'_, Vec<Arc<FeedEstate>>> {
        self.feeds.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pools that events go to.
    pub(crate) fn pools(&self) -> RwLockReadGuard<'_, Vec<Arc<PoolEstate>>> {
        self.pools.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an event to every pool and every subscriber that wants it.
    pub(crate) fn tell(&self, event: &Arc<Event>) {
        self.feeds().iter().for_each(|feed| feed.accept(event));
        let mut serial = None;
        for pool in self.pools().iter().filter(|pool| pool.events.includes(&event.kind)) {
            let serial = *serial.get_or_insert_with(|| {
                let mut next = lock(&self.serial);
                let serial = *next;
                *next = next_serial(serial);
                serial
            });
            pool.accept(serial, event);
        }
    }

    /// The number of the next event that a pool takes.
    #[must_use]
    pub fn serial(&self) -> u64 {
        *lock(&self.serial)
    }

    /// Goes on counting where another arena stopped.
    pub fn set_serial(&self, serial: u64) {
        *lock(&self.serial) = serial;
    }

    /// What the daemon is doing.
    #[must_use]
    pub fn mood(&self) -> Mood {
        match self.mood.load(Ordering::Acquire) {
            1 => Mood::Running,
            0 => Mood::Restarting,
            _ => Mood::Shutdown,
        }
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        let code = match mood {
            Mood::Running => 1,
            Mood::Restarting => 0,
            Mood::Shutdown => -1,
        };
        self.mood.store(code, Ordering::Release);
    }

    /// Notes what is asked for; after an end, nothing else is.
    pub(crate) fn ask(&self, mood: Mood, by: Asked) {
        let mut asked = lock(&self.asked);
        if *asked != Some(Mood::Shutdown) {
            *asked = Some(mood);
            if self.mood() == Mood::Running {
                *lock(&self.ender) = Some(Arc::new(by));
            }
        }
    }

    /// Why everything stops, once it does.
    pub(crate) fn cause_of_end(&self) -> Option<Cause> {
        let by = || lock(&self.ender).clone();
        match self.mood() {
            Mood::Running => None,
            Mood::Restarting => Some(Cause::Shutdown { restart: true, by: by() }),
            Mood::Shutdown => Some(Cause::Shutdown { restart: false, by: by() }),
        }
    }

    /// What was asked for and no root has seen.
    pub(crate) fn asked(&self) -> Option<Mood> {
        *lock(&self.asked)
    }

    /// A root has seen that this was asked for.
    pub(crate) fn heard(&self, mood: Mood) {
        lock(&self.asked).take_if(|asked| *asked == mood);
    }

    /// The status with which the daemon is to end.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        self.exit_status.load(Ordering::Acquire)
    }

    pub(crate) fn set_exit_status(&self, status: u8) {
        self.exit_status.store(status, Ordering::Release);
    }

    /// The number of the last event.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq.load(Ordering::Acquire)
    }

    /// A number for the next event.
    pub(crate) fn next_seq(&self) -> u64 {
        self.seq.fetch_add(1, Ordering::AcqRel) + 1
    }
}
