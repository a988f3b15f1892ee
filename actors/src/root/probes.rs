//! The probes of the configuration: started with the root, and changed when a configuration is taken over.

use super::Root;
use crate::probe::outside::Outside;
use crate::rotator::Crash;
use crate::shared::Slot;
use crate::supervision::children::Start;
use crate::supervision::guard;
use actix::Addr;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use treeherd_domain::depend::gate::World as _;
use treeherd_domain::health::{Health, ProbeSpec, Tally};
use treeherd_domain::strategy::Restart;

/// The probes that run.
pub(super) type Probes = HashMap<String, (Arc<ProbeSpec>, Arc<Slot<Addr<Outside>>>)>;

impl Root {
    /// Has the probes of the configuration that was taken over last, and no others.
    pub(super) fn settle_probes(&mut self) {
        let config = self.shared.arena.config();
        let is_wanted = |spec: &Arc<ProbeSpec>| config.probes.contains(spec);
        let gone: Vec<String> = self
            .probes
            .values()
            .filter(|(spec, _)| !is_wanted(spec))
            .map(|(spec, _)| spec.name.clone())
            .collect();
        for name in gone {
            self.probes.remove(&name);
            self.children.forget(&format!("probe:{name}"));
            if !config.probes.iter().any(|spec| spec.name == name) {
                self.shared.probe_changed(&name, None, "");
            }
        }
        for spec in &config.probes {
            if !self.probes.contains_key(&spec.name) {
                self.start_probe(spec);
            }
        }
    }

    fn start_probe(&mut self, spec: &Arc<ProbeSpec>) {
        // what a former root found out holds until the first answer
        if self.shared.arena.probe(&spec.name).is_none() {
            self.shared.probe_changed(&spec.name, Some(Health::Unknown), "");
        }
        let slot: Arc<Slot<Addr<Outside>>> = Arc::default();
        self.probes.insert(spec.name.clone(), (Arc::clone(spec), Arc::clone(&slot)));
        let (its, shared) = (Arc::clone(spec), Arc::clone(&self.shared));
        let tally = Arc::new(Mutex::new(Tally::default()));
        let start: Start = Box::new(move |link| {
            let (spec, shared, tally) = (Arc::clone(&its), Arc::clone(&shared), Arc::clone(&tally));
            let address = guard::start(link, move |_, link| Outside::new(spec, shared, tally, link));
            slot.set(address.clone());
            address.recipient()
        });
        self.children.start(format!("probe:{}", spec.name), Restart::Permanent, start);
    }

    /// Ends a probe by a bug; whether there is one of that name.
    pub(super) fn strike_probe(&self, child: &str, how: Crash) -> bool {
        let probe = child.strip_prefix("probe:").and_then(|name| self.probes.get(name));
        probe.and_then(|(_, slot)| slot.get()).inspect(|address| address.do_send(how)).is_some()
    }
}
