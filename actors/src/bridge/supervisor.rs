//! `supervisor.*`: Supervisor's own methods.

use super::logs::{read_log, text};
use super::{API_VERSION, Bridge, SUPERVISOR_VERSION, act, describe};
use crate::command::{Outcome, Verb, Wait};
use crate::estate::{Estate, Mood};
use crate::root::shutdown;
use crate::root::update::{Add, Remove, Reread};
use crate::root::{Emit, Write};
use jsonrpsee::core::{RpcResult, async_trait};
use std::sync::Arc;
use treeherd_domain::event::EventKind;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::{Namespec, Target};
use treeherd_domain::spec::{Autorestart, GroupSpec, ProcessSpec};
use treeherd_domain::stream::{Logfile, Stream};
use treeherd_rpc::api::SupervisorApiServer;
use treeherd_rpc::code::{error_object, error_object_for};
use treeherd_rpc::wire::supervisor::{
    ConfigInfo, Flag, Loose, Number, ProcessInfo, Reread as RereadLists, SignalName, State, StatusRow,
    Tail, TrueOrStatuses,
};

const fn wait(wait: Option<Flag>) -> Wait {
    match wait {
        Some(Flag(false)) => Wait::No,
        Some(Flag(true)) | None => Wait::Settled,
    }
}

fn rows(outcomes: &[Outcome]) -> Vec<StatusRow> {
    outcomes.iter().map(|outcome| StatusRow::new(&outcome.namespec, &outcome.result)).collect()
}

impl Bridge {
    /// Names one process or, with `group:*`, several.
    async fn named(&self, name: &str, verb: Verb, wait: Wait) -> Result<TrueOrStatuses, Fault> {
        self.check_running()?;
        match Namespec::parse(name) {
            Target::Process(_) => {
                let estate = self.process(name)?;
                self.one(&estate, verb, wait).await.map(|()| TrueOrStatuses::True(true))
            }
            Target::Group(group) => {
                let group = self.shared().arena.group(group.as_str());
                let group = group.ok_or_else(|| Fault::GroupNotFound(name.to_owned()))?;
                let gathered = self.all(&self.members_for(&group, verb), verb, wait, None).await?;
                Ok(TrueOrStatuses::Statuses(rows(&gathered.outcomes)))
            }
        }
    }

    async fn whole_group(&self, name: &str, verb: Verb, wait: Wait) -> Result<Vec<StatusRow>, Fault> {
        self.check_running()?;
        let members = self.members_for(&*self.group(name)?, verb);
        Ok(rows(&self.all(&members, verb, wait, None).await?.outcomes))
    }

    pub(super) async fn everyone(&self, verb: Verb, wait: Wait) -> Result<Vec<StatusRow>, Fault> {
        self.check_running()?;
        Ok(rows(&self.all(&self.everybody(verb), verb, wait, None).await?.outcomes))
    }

    /// A signal for several: one that is none is told for each.
    async fn signal_all(
        &self,
        members: Vec<Arc<Estate>>,
        signal: &SignalName,
    ) -> Result<Vec<StatusRow>, Fault> {
        match act::signal(signal) {
            Ok(signal) => {
                Ok(rows(&self.all(&members, Verb::Signal(signal), Wait::No, None).await?.outcomes))
            }
            Err(fault) => {
                let row = |estate: &Arc<Estate>| StatusRow::new(&estate.namespec, &Err(fault.clone()));
                Ok(members.iter().map(row).collect())
            }
        }
    }

    fn info(estate: &Estate) -> ProcessInfo {
        let status = estate.status();
        let description = describe(&status);
        ProcessInfo::from((&status, description))
    }

    pub(super) async fn read_stream(
        &self,
        name: &str,
        stream: Stream,
        offset: i64,
        length: i64,
    ) -> Result<String, Fault> {
        self.check_running()?;
        let estate = self.process(name)?;
        let path = estate.stream(stream).and_then(|s| s.path()).map(ToOwned::to_owned);
        read_log(path.ok_or(Fault::NoFile(String::new()))?, offset, length).await
    }

    async fn tail_stream(
        &self,
        name: &str,
        stream: Stream,
        offset: i64,
        length: i64,
    ) -> Result<Tail, Fault> {
        self.check_running()?;
        let estate = self.process(name)?;
        let Some(path) = estate.stream(stream).and_then(|s| s.path()).map(ToOwned::to_owned) else {
            return Ok(Tail(String::new(), 0, false));
        };
        let tail = tokio::task::spawn_blocking(move || {
            if path.exists() { Some(treeherd_os::tail::tail(&path, offset, length)) } else { None }
        });
        let tail = tail.await.map_err(|_| self.crashed())?;
        Ok(tail.map_or(Tail(String::new(), 0, false), |tail| {
            Tail(text(tail.data), tail.offset, tail.overflow)
        }))
    }

    fn end(&self, mood: Mood) -> Result<bool, Fault> {
        self.check_running()?;
        shutdown::ask(self.shared(), &self.0.root, mood, (*act::asked()).clone());
        Ok(true)
    }
}

/// Turns a fault into the error that travels.
trait Travels<T> {
    fn travel(self) -> RpcResult<T>;

    /// The same for a call about one process, whose name is shown as it was given.
    fn travel_for(self, name: &str) -> RpcResult<T>;
}

impl<T> Travels<T> for Result<T, Fault> {
    fn travel(self) -> RpcResult<T> {
        self.map_err(|fault| error_object(&fault))
    }

    fn travel_for(self, name: &str) -> RpcResult<T> {
        self.map_err(|fault| error_object_for(&fault, name))
    }
}

#[async_trait]
impl SupervisorApiServer for Bridge {
    async fn get_api_version(&self) -> RpcResult<String> {
        self.check_running().map(|()| API_VERSION.to_owned()).travel()
    }

    async fn get_supervisor_version(&self) -> RpcResult<String> {
        self.check_running().map(|()| SUPERVISOR_VERSION.to_owned()).travel()
    }

    async fn get_identification(&self) -> RpcResult<String> {
        self.check_running().map(|()| self.shared().arena.config().daemon.identifier.clone()).travel()
    }

    async fn get_state(&self) -> RpcResult<State> {
        self.check_running().travel()?;
        let (statecode, statename) = self.shared().arena.mood().code_and_name();
        Ok(State { statecode, statename: statename.to_owned() })
    }

    async fn get_pid(&self) -> RpcResult<u32> {
        self.check_running().map(|()| std::process::id()).travel()
    }

    async fn read_log(&self, offset: Number, length: Number) -> RpcResult<String> {
        self.check_running().travel()?;
        let path = self.0.main_log.path().map(ToOwned::to_owned);
        read_log(path.ok_or(Fault::NoFile(String::new())).travel()?, offset.0, length.0).await.travel()
    }

    async fn clear_log(&self) -> RpcResult<bool> {
        self.check_running().travel()?;
        self.clear_main_log().await.map(|()| true).travel()
    }

    async fn shutdown(&self) -> RpcResult<bool> {
        self.end(Mood::Shutdown).travel()
    }

    async fn restart(&self) -> RpcResult<bool> {
        self.check_running().travel()?;
        self.check_config().await.travel()?;
        self.end(Mood::Restarting).travel()
    }

    async fn reload_config(&self) -> RpcResult<RereadLists> {
        self.check_running().travel()?;
        self.ask(Reread { keep: true }).await.map(|plan| RereadLists::from(&plan)).travel()
    }

    async fn add_process_group(&self, name: String) -> RpcResult<bool> {
        self.check_running().travel()?;
        self.ask(Add { name, by: act::asked() }).await.map(|()| true).travel()
    }

    async fn remove_process_group(&self, name: String) -> RpcResult<bool> {
        self.check_running().travel()?;
        self.ask(Remove(name)).await.map(|()| true).travel()
    }

    async fn get_all_config_info(&self) -> RpcResult<Vec<ConfigInfo>> {
        self.check_running().travel()?;
        let config = self.shared().arena.config();
        let mut infos = Vec::new();
        for group in &config.groups {
            let inuse = self.shared().arena.group(group.name.as_str()).is_some();
            infos.extend(group.processes.iter().map(|process| config_info(group, process, inuse)));
        }
        infos.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(infos)
    }

    async fn get_process_info(&self, name: String) -> RpcResult<ProcessInfo> {
        self.check_running().travel()?;
        self.process(&name).map(|estate| Self::info(&estate)).travel()
    }

    async fn get_all_process_info(&self) -> RpcResult<Vec<ProcessInfo>> {
        self.check_running().travel()?;
        Ok(self.estates().iter().map(|estate| Self::info(estate)).collect())
    }

    async fn start_process(&self, name: String, settle: Option<Flag>) -> RpcResult<TrueOrStatuses> {
        self.named(&name, Verb::Start, wait(settle)).await.travel_for(&name)
    }

    async fn start_process_group(&self, name: String, settle: Option<Flag>) -> RpcResult<Vec<StatusRow>> {
        self.whole_group(&name, Verb::Start, wait(settle)).await.travel()
    }

    async fn start_all_processes(&self, settle: Option<Flag>) -> RpcResult<Vec<StatusRow>> {
        self.everyone(Verb::Start, wait(settle)).await.travel()
    }

    async fn stop_process(&self, name: String, settle: Option<Flag>) -> RpcResult<TrueOrStatuses> {
        self.named(&name, Verb::Stop, wait(settle)).await.travel_for(&name)
    }

    async fn stop_process_group(&self, name: String, settle: Option<Flag>) -> RpcResult<Vec<StatusRow>> {
        self.whole_group(&name, Verb::Stop, wait(settle)).await.travel()
    }

    async fn stop_all_processes(&self, settle: Option<Flag>) -> RpcResult<Vec<StatusRow>> {
        self.everyone(Verb::Stop, wait(settle)).await.travel()
    }

    async fn signal_process(&self, name: String, signal: SignalName) -> RpcResult<TrueOrStatuses> {
        self.check_running().travel()?;
        if let Target::Group(group) = Namespec::parse(&name) {
            let group = self.group(group.as_str()).map_err(|_| Fault::GroupNotFound(name)).travel()?;
            let members = self.members(&group, Verb::Signal(treeherd_domain::signal::Signal::TERM));
            return self.signal_all(members, &signal).await.map(TrueOrStatuses::Statuses).travel();
        }
        let estate = self.process(&name).travel()?;
        let signal = act::signal(&signal).travel()?;
        let sent = self.one(&estate, Verb::Signal(signal), Wait::No).await;
        sent.map(|()| TrueOrStatuses::True(true)).travel_for(&name)
    }

    async fn signal_process_group(&self, name: String, signal: SignalName) -> RpcResult<Vec<StatusRow>> {
        self.check_running().travel()?;
        let group = self.group(&name).travel()?;
        let members = self.members(&group, Verb::Signal(treeherd_domain::signal::Signal::TERM));
        self.signal_all(members, &signal).await.travel()
    }

    async fn signal_all_processes(&self, signal: SignalName) -> RpcResult<Vec<StatusRow>> {
        self.check_running().travel()?;
        let members = self.everybody(Verb::Signal(treeherd_domain::signal::Signal::TERM));
        self.signal_all(members, &signal).await.travel()
    }

    async fn read_process_stdout_log(
        &self,
        name: String,
        offset: Number,
        length: Number,
    ) -> RpcResult<String> {
        self.read_stream(&name, Stream::Stdout, offset.0, length.0).await.travel()
    }

    async fn read_process_stderr_log(
        &self,
        name: String,
        offset: Number,
        length: Number,
    ) -> RpcResult<String> {
        self.read_stream(&name, Stream::Stderr, offset.0, length.0).await.travel()
    }

    async fn tail_process_stdout_log(
        &self,
        name: String,
        offset: Number,
        length: Number,
    ) -> RpcResult<Tail> {
        self.tail_stream(&name, Stream::Stdout, offset.0, length.0).await.travel()
    }

    async fn tail_process_stderr_log(
        &self,
        name: String,
        offset: Number,
        length: Number,
    ) -> RpcResult<Tail> {
        self.tail_stream(&name, Stream::Stderr, offset.0, length.0).await.travel()
    }

    async fn clear_process_logs(&self, name: String) -> RpcResult<bool> {
        self.check_running().travel()?;
        let estate = self.process(&name).travel()?;
        self.one(&estate, Verb::Clear, Wait::Settled).await.map(|()| true).travel()
    }

    async fn clear_all_process_logs(&self) -> RpcResult<Vec<StatusRow>> {
        self.everyone(Verb::Clear, Wait::Settled).await.travel()
    }

    async fn send_process_stdin(&self, name: String, chars: String) -> RpcResult<bool> {
        self.check_running().travel()?;
        let namespec = self.process(&name).travel()?.namespec.clone();
        let write = Write { namespec, bytes: chars.into_bytes() };
        let written = self.ask(write).await.map_err(|fault| match fault {
            Fault::NoFile(_) => Fault::NoFile(name.clone()),
            other => other,
        });
        written.map(|()| true).travel_for(&name)
    }

    async fn send_remote_comm_event(&self, kind: String, data: String) -> RpcResult<bool> {
        let root = self.root().await.travel()?;
        root.do_send(Emit(EventKind::RemoteCommunication { kind, data }));
        Ok(true)
    }
}

fn config_info(group: &GroupSpec, spec: &ProcessSpec, inuse: bool) -> ConfigInfo {
    let or_none = |text: Option<&str>| text.unwrap_or("none").to_owned();
    let logfile = |logfile: &Logfile| match logfile {
        Logfile::Auto => "auto".to_owned(),
        Logfile::None => "none".to_owned(),
        files @ (Logfile::Path(_) | Logfile::List { .. }) => files.to_string(),
    };
    ConfigInfo {
        name: spec.name.to_string(),
        group: group.name.to_string(),
        autostart: spec.autostart,
        autorestart: match spec.autorestart {
            Autorestart::Always => Loose::Bool(true),
            Autorestart::Never => Loose::Bool(false),
            Autorestart::Unexpected => Loose::Text("unexpected".to_owned()),
        },
        command: spec.command.clone(),
        directory: or_none(spec.directory.as_deref()),
        exitcodes: spec.exitcodes.clone(),
        group_prio: group.priority,
        inuse,
        killasgroup: spec.killasgroup,
        process_prio: spec.priority,
        redirect_stderr: spec.redirect_stderr,
        serverurl: or_none(spec.serverurl.as_deref()),
        startretries: spec.startretries,
        startsecs: spec.startsecs,
        stderr_capture_maxbytes: spec.stderr.capture_maxbytes,
        stderr_events_enabled: spec.stderr.events_enabled,
        stderr_logfile: logfile(&spec.stderr.logfile),
        stderr_logfile_backups: spec.stderr.rotation.backups,
        stderr_logfile_maxbytes: spec.stderr.rotation.maxbytes,
        stderr_syslog: spec.stderr.syslog,
        stdout_capture_maxbytes: spec.stdout.capture_maxbytes,
        stdout_events_enabled: spec.stdout.events_enabled,
        stdout_logfile: logfile(&spec.stdout.logfile),
        stdout_logfile_backups: spec.stdout.rotation.backups,
        stdout_logfile_maxbytes: spec.stdout.rotation.maxbytes,
        stdout_syslog: spec.stdout.syslog,
        stopsignal: spec.stopsignal.number(),
        stopwaitsecs: spec.stopwaitsecs,
        uid: spec.user.as_ref().map_or_else(Loose::none, |user| Loose::Int(i64::from(user.uid))),
    }
}
