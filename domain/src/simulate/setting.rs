//! What of a configuration is simulated.

use crate::group::GroupPolicy;
use crate::name::GroupName;
use crate::spec::{Config, GroupSpec, StopOrder};
use std::sync::Arc;

/// The groups, and what the daemon does with them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Setting {
    /// The groups, in the order of a configuration: by (priority, name).
    pub groups: Vec<Arc<GroupSpec>>,
    /// `stop_order` of `[supervisord]`.
    pub stop_order: StopOrder,
    /// OTP's rules for the groups as children of the daemon.
    pub rules: Option<GroupPolicy>,
}

impl From<&Config> for Setting {
    fn from(config: &Config) -> Self {
        Self {
            groups: config.groups.clone(),
            stop_order: config.daemon.stop_order,
            rules: config.daemon.rules.clone(),
        }
    }
}

impl Setting {
    /// A group by name.
    pub(super) fn group(&self, name: &GroupName) -> Option<&Arc<GroupSpec>> {
        self.groups.iter().find(|group| group.name == *name)
    }
}
