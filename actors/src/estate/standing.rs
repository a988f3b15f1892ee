//! How processes and the world outside stand, as those see it that require them.

use super::{Arena, Estate, lock};
use std::sync::Arc;
pub use treeherd_domain::depend::Gate;
use treeherd_domain::depend::gate::{Standing, World};
use treeherd_domain::health::Health;
use treeherd_domain::lifecycle::State;
use treeherd_domain::name::{GroupName, Namespec};

impl Estate {
    /// How it stands by itself, for those that require it.
    fn standing(&self) -> Standing {
        let (ready, health) = (self.is_there(), self.health());
        let record = self.record();
        Standing {
            state: record.machine.state(),
            ready,
            health,
            will_begin: !record.begun && self.spec.autostart && !record.disabled,
            held_up: false,
            stuck: record.gate.is_stuck(),
            incarnation: record.incarnation,
        }
    }
}

impl Arena {
    /// The same, with what its group has in mind.
    fn standing(&self, estate: &Estate) -> Standing {
        let standing = estate.standing();
        let will_begin = standing.will_begin && self.grove.will_begin(&estate.namespec);
        let ahead = if will_begin { self.grove.ahead(&estate.namespec) } else { Vec::new() };
        let held_up = ahead.iter().any(|name| self.is_stuck(name));
        Standing { will_begin, held_up, ..standing }
    }

    /// Whether a process waits for something that does not come by itself.
    fn is_stuck(&self, process: &Namespec) -> bool {
        let Some(estate) = self.estate(process) else { return false };
        let record = estate.record();
        matches!(record.machine.state(), State::Waiting { .. }) && record.gate.is_stuck()
    }
}

impl World for Arena {
    fn process(&self, namespec: &Namespec) -> Option<Standing> {
        self.estate(namespec).map(|estate| self.standing(&estate))
    }

    fn group(&self, group: &GroupName) -> Option<Vec<(Namespec, Standing)>> {
        let group = Self::group(self, group.as_str())?;
        let standing = |estate: &Arc<Estate>| (estate.namespec.clone(), self.standing(estate));
        Some(group.estates.iter().map(standing).collect())
    }

    fn probe(&self, name: &str) -> Option<Health> {
        lock(&self.probes).get(name).map(|told| told.health)
    }
}
