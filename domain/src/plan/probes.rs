//! What changed between the probes of two configurations. They are taken over as soon as the file is read: nothing
//! has to be stopped for it.

use crate::duration::Shown as Span;
use crate::health::ProbeSpec;
use crate::reload::{KeyChange, Reload};
use std::sync::Arc;

/// A `[probe:x]` that came, went, or is defined differently.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProbeChange {
    /// As it is; `None`: it comes.
    pub old: Option<Arc<ProbeSpec>>,
    /// As it is configured; `None`: it goes.
    pub new: Option<Arc<ProbeSpec>>,
}

impl ProbeChange {
    /// What leads from `old` to `new`, by name.
    #[must_use]
    pub fn between(old: &[Arc<ProbeSpec>], new: &[Arc<ProbeSpec>]) -> Vec<Self> {
        let find = |probes: &[Arc<ProbeSpec>], name: &str| probes.iter().find(|p| p.name == name).cloned();
        let goes = old.iter().filter(|probe| find(new, &probe.name).is_none());
        let goes = goes.map(|probe| Self { old: Some(Arc::clone(probe)), new: None });
        let comes =
            new.iter().map(|probe| Self { old: find(old, &probe.name), new: Some(Arc::clone(probe)) });
        let mut changes: Vec<Self> = goes.chain(comes).filter(|change| change.old != change.new).collect();
        changes.sort_by(|a, b| a.name().cmp(b.name()));
        changes
    }

    /// `x`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.new.as_ref().or(self.old.as_ref()).map_or("", |probe| &probe.name)
    }

    /// The word for it: `added`, `removed` or `changed`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match (&self.old, &self.new) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        }
    }

    /// The keys that differ; none of a probe that comes or goes.
    #[must_use]
    pub fn keys(&self) -> Vec<KeyChange> {
        let (Some(old), Some(new)) = (&self.old, &self.new) else { return Vec::new() };
        let user =
            |probe: &ProbeSpec| probe.user.as_ref().map_or_else(String::new, |user| user.name.clone());
        let shown = |probe: &ProbeSpec| {
            [
                ("check", probe.check.to_string()),
                ("interval", Span(probe.interval).to_string()),
                ("timeout", Span(probe.timeout).to_string()),
                ("failures", probe.failures.to_string()),
                ("successes", probe.successes.to_string()),
                ("user", user(probe)),
            ]
        };
        let both = shown(old).into_iter().zip(shown(new));
        let differs = both.filter(|((_, old), (_, new))| old != new);
        differs.map(|((key, old), (_, new))| KeyChange { key, reload: Reload::Hot, old, new }).collect()
    }
}
