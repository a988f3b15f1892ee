//! `process.enable`, `process.disable`: what an operator asks for, for good.
//!
//! ```text
//! names ─► the desired state with them ─► its file and the arena (`desire`) ─► programs are told
//!                                            `─ failed: nothing is changed, the caller is told why
//! ```

use super::{Bridge, act};
use crate::clock;
use crate::command::{Verb, Wait};
use crate::desire;
use crate::estate::Estate;
use std::sync::Arc;
use treeherd_domain::desired::{Desired, Disabled};
use treeherd_domain::fault::Fault;
use treeherd_rpc::wire::{Operation, Selectors};
use treeherd_web::caller;

impl Bridge {
    /// Disables processes, or enables them. It is carried out even if the caller goes away: the file and the daemon would
    /// not agree otherwise.
    pub(super) async fn mark(&self, selectors: &Selectors, disable: bool) -> Result<Operation, Fault> {
        self.check_running()?;
        let (targets, bridge) = (self.to_mark(selectors, disable)?, self.clone());
        let work = tokio::spawn(caller::carried(async move { bridge.mark_all(&targets, disable).await }));
        work.await.unwrap_or_else(|_| Err(self.crashed()))
    }

    /// Who is meant. Instances of templates are not disabled: of several they are left out, by their names refused.
    fn to_mark(&self, selectors: &Selectors, disable: bool) -> Result<Vec<Arc<Estate>>, Fault> {
        let (targets, named) = (self.select(selectors)?, selectors.parse()?);
        let is_instance = |estate: &Arc<Estate>| {
            let group = self.shared().arena.group(estate.namespec.group.as_str());
            disable && group.is_some_and(|group| group.is_template())
        };
        let (instances, others): (Vec<_>, Vec<_>) = targets.into_iter().partition(is_instance);
        let is_named = |estate: &Estate| named.iter().any(|(_, s)| s.names(&estate.namespec));
        match instances.iter().find(|instance| others.is_empty() || is_named(instance)) {
            Some(instance) => Err(Fault::passing(&instance.namespec)),
            None => Ok(others),
        }
    }

    async fn mark_all(&self, targets: &[Arc<Estate>], disable: bool) -> Result<Operation, Fault> {
        let by = act::asked().to_string();
        let change = |desired: &mut Desired| {
            for estate in targets {
                let namespec = estate.namespec.clone();
                if disable {
                    desired.disable(namespec, Disabled { since_ms: clock::wall_ms(), by: by.clone() });
                } else {
                    desired.enable(&namespec);
                }
            }
        };
        desire::change(&self.shared().arena, change).await?;
        self.operate(targets, Verb::Mark { disable }, Wait::No, None, false).await
    }
}
