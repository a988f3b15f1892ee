//! What each `[probe:x]` found out: how it is, since when, what it was last told, and how it changed.
//!
//! Written by the probe, through [`Shared`](crate::shared::Shared); it stays when the probe or the root ends by a bug.

use super::{Arena, lock};
use crate::clock;
use std::sync::Arc;
use treeherd_domain::cause::{Cause, Change, Entry, History, Outside};
use treeherd_domain::health::Health;

/// One probe.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// How it is.
    pub(crate) health: Health,
    /// Since when, in milliseconds since the epoch.
    pub(crate) since_ms: u64,
    /// When it was answered last, and the reason if that was a no.
    pub(crate) answered: Option<(u64, Option<String>)>,
    history: History,
}

impl Arena {
    /// Notes how a probe is from now on, and why; `None`: there is none of that name any more.
    pub(crate) fn set_probe(&self, name: &str, says: Option<Health>, reason: &str, seq: u64) {
        let mut probes = lock(&self.probes);
        let Some(health) = says else {
            probes.remove(name);
            return;
        };
        let (at, at_ms) = (clock::now(), clock::wall_ms());
        let told = probes.entry(Arc::from(name)).or_default();
        (told.health, told.since_ms) = (health, at_ms);
        let (what, is_bad) = match health {
            Health::Unknown => return,
            Health::Healthy => ("green", false),
            Health::Unhealthy => ("red", true),
        };
        let why = if is_bad { reason } else { "its check passed" };
        told.history.push(Entry {
            seq,
            at,
            at_ms,
            change: Change::Became { what, is_bad },
            cause: Arc::new(Cause::rule("probe", why)),
            pid: 0,
            incarnation: 0,
            attempt: 0,
            tail: None,
        });
    }

    /// Notes the last answer that a probe got; the reason, if it was a no.
    pub(crate) fn probe_answered(&self, name: &str, reason: Option<String>) {
        if let Some(told) = lock(&self.probes).get_mut(name) {
            told.answered = Some((clock::wall_ms(), reason));
        }
    }

    /// What a probe found out.
    pub(crate) fn probe_told(&self, name: &str) -> Option<Told> {
        lock(&self.probes).get(name).cloned()
    }

    /// How a probe changed.
    pub(crate) fn probe_history(&self, name: &str) -> Option<Outside> {
        let history = lock(&self.probes).get(name)?.history.clone();
        Some(Outside { name: name.into(), history })
    }
}
