//! `tree.*`: the daemon's own actors, shown, and made to fail where the configuration allows it.

use super::Bridge;
use crate::program::Strike;
use crate::root::{Branch, Survey};
use crate::rotator;
use crate::supervision::children::ChildInfo;
use crate::supervision::link::Knock;
use actix::MailboxError;
use jsonrpsee::core::{RpcResult, async_trait};
use std::time::Duration;
use tokio::sync::mpsc;
use treeherd_domain::fault::Fault;
use treeherd_rpc::api::TreeApiServer;
use treeherd_rpc::code::{Kind, error_object};
use treeherd_rpc::wire::{Crash, CrashReport, TreeNode};

/// How long the tree has to tell of itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long an actor may take to come to a knock at its mailbox.
const EAR: Duration = Duration::from_secs(1);

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

fn node(above: &str, info: &ChildInfo, children: Vec<TreeNode>) -> TreeNode {
    TreeNode {
        path: format!("{above}/{}", info.name),
        kind: info.name.split(':').next().unwrap_or_default().to_owned(),
        incarnation: info.incarnation,
        state: if info.alive { "running" } else { "down" }.to_owned(),
        crashes: info.crashes,
        mailbox: info.knock.as_ref().and_then(Knock::waited).map(micros),
        repair: info.repair.map(micros),
        children,
    }
}

fn branch(branch: &Branch) -> TreeNode {
    let path = format!("root/{}", branch.info.name);
    let below = branch.below.iter().map(|(program, rotators)| {
        let above = format!("{path}/{}", program.name);
        node(&path, program, rotators.iter().map(|rotator| node(&above, rotator, Vec::new())).collect())
    });
    node("root", &branch.info, below.collect())
}

#[async_trait]
impl TreeApiServer for Bridge {
    async fn tree_get(&self) -> RpcResult<TreeNode> {
        let survey = async {
            let root = self.root().await?;
            let (round, mut answers) = mpsc::channel::<()>(1);
            let survey = root.send(Survey(round)).timeout(PATIENCE);
            let branches = survey.await.map_err(|_| self.crashed())?;
            // nothing is ever sent: it ends when the last knock was answered, or is gone with its actor
            let _ = tokio::time::timeout(EAR, answers.recv()).await;
            Ok(branches)
        };
        let branches = survey.await.map_err(|fault: Fault| error_object(&fault))?;
        let info = ChildInfo {
            name: "root".into(),
            incarnation: self.shared().rebuilds(),
            crashes: 0,
            alive: true,
            repair: self.shared().root_repair.get().and_then(|repair| repair.took()),
            knock: None,
        };
        let crashes = info.incarnation.saturating_sub(1);
        let children = branches.iter().map(branch).collect();
        Ok(TreeNode { path: "root".to_owned(), crashes, ..node("", &info, children) })
    }

    async fn tree_crash(&self, path: String, how: Crash) -> RpcResult<CrashReport> {
        if !self.shared().arena.config().daemon.fault_injection {
            let message = "fault injection is off: set fault_injection=true in [supervisord] and reread";
            return Err(Kind::Forbidden.error(message, Some(&path)));
        }
        let how = match how {
            Crash::Panic => rotator::Crash::Panic,
            Crash::Stop => rotator::Crash::Stop,
        };
        let unknown = || {
            let message = format!("there is no actor '{path}'");
            Kind::NothingMatched.error_with_hint(message, &path, "`tree.get` tells the paths")
        };
        let below = path.strip_prefix("root").map(|rest| rest.trim_start_matches('/').to_owned());
        let strike = Strike { path: below.ok_or_else(unknown)?, how };
        let root = self.root().await.map_err(|fault| error_object(&fault))?;
        match root.send(strike).timeout(PATIENCE).await {
            // one that was struck by a panic does not answer any more
            Ok(true) | Err(MailboxError::Closed) => Ok(CrashReport { path, incident: None }),
            Ok(false) => Err(unknown()),
            Err(MailboxError::Timeout) => Err(error_object(&self.crashed())),
        }
    }
}
