//! Instances of templates: made and started when the script says so, and taken out when they are down for good.

use super::engine::{Engine, Mail};
use super::stage::Company;
use crate::cause::{Asked, Cause};
use crate::drive::Verb;
use crate::group::{ChildId, Output};
use crate::name::{GroupName, Namespec};
use crate::template::grown;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Engine {
    /// Makes an instance and starts it.
    pub(super) fn spawn_instance(
        &mut self,
        template: &GroupName,
        args: &BTreeMap<String, String>,
        by: Arc<Asked>,
    ) {
        if self.fall.is_some() {
            return self.refuse_name(template.to_string(), "the daemon ends");
        }
        let Some(company) = self.stage.company(template) else { return };
        let numbers = &mut self.instances;
        let number = || {
            let number = numbers.entry(template.clone()).or_default();
            *number += 1;
            *number
        };
        let (spec, namespec) = match grown(&company.spec, args, number) {
            Ok(grown) => grown,
            Err(error) => return self.refuse_name(template.to_string(), &error.to_string()),
        };
        let behaviour = self.cast.behaviour(&namespec);
        let Some(at) = self.stage.join(spec, namespec, behaviour) else { return };
        self.replant();
        self.forward(at, Verb::Start, false, Cause::Asked(by));
    }

    /// An instance that is down for good is taken out.
    pub(super) fn is_over(&mut self, group: Option<&GroupName>, output: &Output) {
        let (Output::Forgotten(ChildId::Process(process)), Some(group)) = (output, group) else { return };
        let is_template = |company: &Company| company.spec.kind.is_template();
        if self.stage.company(group).is_some_and(is_template) {
            let at = self.stage.at(&Namespec::new(group.clone(), process.clone()));
            self.mail.extend(at.map(Mail::Dismiss));
        }
    }

    /// Takes an instance out, if it is still down.
    pub(super) fn dismiss(&mut self, at: usize) {
        let player = &self.stage.players[at];
        if !player.is_gone && player.body.is_none() && player.machine.state().is_down() {
            self.stage.leave(at);
            self.replant();
        }
    }
}
