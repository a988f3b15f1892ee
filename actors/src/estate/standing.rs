//! How processes and the world outside stand, as those see it that require them.

use super::{Arena, Estate, lock};
use std::sync::Arc;
pub use treeherd_domain::depend::Gate;
use treeherd_domain::depend::gate::{Standing, World};
use treeherd_domain::health::Health;
use treeherd_domain::name::{GroupName, Namespec};

impl Estate {
    /// How it stands, for those that require it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let (ready, health) = (self.is_ready(), self.health());
        let record = self.record();
        Standing {
            state: record.machine.state(),
            ready,
            health,
            will_begin: !record.begun && self.spec.autostart && !record.disabled,
            stuck: record.gate.is_stuck(),
            incarnation: record.incarnation,
        }
    }
}

impl World for Arena {
    fn process(&self, namespec: &Namespec) -> Option<Standing> {
        self.estate(namespec).map(|estate| estate.standing())
    }

    fn group(&self, group: &GroupName) -> Option<Vec<(Namespec, Standing)>> {
        let group = Self::group(self, group.as_str())?;
        let standing = |estate: &Arc<Estate>| (estate.namespec.clone(), estate.standing());
        Some(group.estates.iter().map(standing).collect())
    }

    fn probe(&self, name: &str) -> Option<Health> {
        lock(&self.probes).get(name).map(|told| told.health)
    }
}
