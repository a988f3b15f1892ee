//! `system.*`: introspection as Supervisor has it, and the daemon itself.

use super::{Bridge, SUPERVISOR_VERSION, act};
use crate::estate::Mood;
use crate::root::shutdown;
use crate::root::update::Reread;
use jsonrpsee::core::{RpcResult, async_trait};
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use treeherd_domain::fault::Fault;
use treeherd_rpc::api::{SystemApiServer, method};
use treeherd_rpc::code::{Kind, error_object};
use treeherd_rpc::multicall;
use treeherd_rpc::wire::{SystemInfo, SystemState, time};

/// Calls in one multicall.
const MOST: usize = 1024;

impl Bridge {
    /// Refuses a restart whose configuration could not be loaded afterwards.
    pub(super) async fn check_config(&self) -> Result<(), Fault> {
        self.ask(Reread { keep: false }).await.map(drop)
    }
}

fn unknown(name: &str) -> ErrorObjectOwned {
    Kind::SignatureUnsupported.error("SIGNATURE_UNSUPPORTED", Some(name))
}

#[async_trait]
impl SystemApiServer for Bridge {
    async fn list_methods(&self) -> RpcResult<Vec<String>> {
        let names = self.0.methods.get().map(|m| m.method_names().map(str::to_owned).collect());
        let mut names: Vec<String> = names.unwrap_or_default();
        names.sort();
        Ok(names)
    }

    async fn method_help(&self, name: String) -> RpcResult<String> {
        method(&name).map(|method| method.help.to_owned()).ok_or_else(|| unknown(&name))
    }

    async fn method_signature(&self, name: String) -> RpcResult<Vec<String>> {
        method(&name).map(treeherd_rpc::api::Method::signature).ok_or_else(|| unknown(&name))
    }

    async fn multicall(&self, calls: Vec<Value>) -> RpcResult<Vec<Box<RawValue>>> {
        if calls.len() > MOST {
            let text = format!("{} calls at once; {MOST} are allowed", calls.len());
            return Err(error_object(&Fault::BadArguments(text)));
        }
        match self.0.methods.get() {
            Some(methods) => Ok(multicall(&methods, calls).await),
            None => Err(error_object(&self.crashed())),
        }
    }

    async fn system_info(&self) -> RpcResult<SystemInfo> {
        let config = self.shared().arena.config();
        Ok(SystemInfo {
            name: "treeherd".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            api: "1.0".to_owned(),
            supervisor_version: SUPERVISOR_VERSION.to_owned(),
            identifier: config.daemon.identifier.clone(),
            pid: std::process::id(),
            started_at: time::rfc3339(self.0.started_ms),
            config_file: config.file.display().to_string(),
        })
    }

    async fn system_state(&self) -> RpcResult<SystemState> {
        let (state_code, state) = self.shared().arena.mood().code_and_name();
        let mut processes: BTreeMap<String, u64> = BTreeMap::new();
        for estate in self.estates() {
            let state = estate.record().machine.name().as_str().to_ascii_lowercase();
            *processes.entry(state).or_default() += 1;
        }
        let (seq, rules) = (self.shared().arena.seq(), self.rules(None));
        Ok(SystemState { state: state.to_owned(), state_code, processes, seq, rules })
    }

    async fn system_shutdown(&self) -> RpcResult<bool> {
        let end = || {
            self.check_running()?;
            shutdown::ask(self.shared(), &self.0.root, Mood::Shutdown, (*act::asked()).clone());
            Ok(true)
        };
        end().map_err(|fault: Fault| error_object(&fault))
    }

    async fn system_restart(&self) -> RpcResult<bool> {
        let end = async {
            self.check_running()?;
            self.check_config().await?;
            shutdown::ask(self.shared(), &self.0.root, Mood::Restarting, (*act::asked()).clone());
            Ok(true)
        };
        end.await.map_err(|fault: Fault| error_object(&fault))
    }
}
