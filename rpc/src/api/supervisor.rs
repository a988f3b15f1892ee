//! `supervisor.*`: Supervisor's own methods, by its names, parameters and result shapes.
//!
//! `wait` is `true` when absent. A namespec is `name`, `group:name`, or `group:*` where a whole group is
//! allowed. Every method answers SHUTDOWN_STATE once the daemon stops, but `sendRemoteCommEvent`.

use crate::wire::supervisor::{
    ConfigInfo, Flag, Number, ProcessInfo, Reread, SignalName, State, StatusRow, Tail, TrueOrStatuses,
};
use jsonrpsee::core::RpcResult;
use jsonrpsee::proc_macros::rpc;

/// Supervisor's own methods.
#[rpc(server, client, namespace = "supervisor", namespace_separator = ".")]
pub trait SupervisorApi {
    /// The version of this API: `3.0`.
    #[method(name = "getAPIVersion", aliases = ["supervisor.getVersion"])]
    async fn get_api_version(&self) -> RpcResult<String>;

    /// The version of Supervisor this daemon stands in for: `4.3.0`.
    #[method(name = "getSupervisorVersion")]
    async fn get_supervisor_version(&self) -> RpcResult<String>;

    /// `identifier` of `[supervisord]`.
    #[method(name = "getIdentification")]
    async fn get_identification(&self) -> RpcResult<String>;

    /// The daemon's own state.
    #[method(name = "getState")]
    async fn get_state(&self) -> RpcResult<State>;

    /// The daemon's process id.
    #[method(name = "getPID")]
    async fn get_pid(&self) -> RpcResult<u32>;

    /// A part of the daemon's log, in bytes.
    #[method(name = "readLog", aliases = ["supervisor.readMainLog"])]
    async fn read_log(&self, offset: Number, length: Number) -> RpcResult<String>;

    /// Empties the daemon's log.
    #[method(name = "clearLog")]
    async fn clear_log(&self) -> RpcResult<bool>;

    /// Stops every process, then the daemon. Returns before it happens.
    #[method(name = "shutdown")]
    async fn shutdown(&self) -> RpcResult<bool>;

    /// Stops every process, reads the configuration anew, starts. Returns before it happens.
    #[method(name = "restart")]
    async fn restart(&self) -> RpcResult<bool>;

    /// Reads the configuration and tells what differs; applies nothing.
    #[method(name = "reloadConfig")]
    async fn reload_config(&self) -> RpcResult<Reread>;

    /// Makes a group of the configuration read last active.
    #[method(name = "addProcessGroup")]
    async fn add_process_group(&self, name: String) -> RpcResult<bool>;

    /// Makes a stopped group inactive.
    #[method(name = "removeProcessGroup")]
    async fn remove_process_group(&self, name: String) -> RpcResult<bool>;

    /// Every process of the configuration read last, by process name.
    #[method(name = "getAllConfigInfo")]
    async fn get_all_config_info(&self) -> RpcResult<Vec<ConfigInfo>>;

    /// One process; a whole group is BAD_NAME.
    #[method(name = "getProcessInfo")]
    async fn get_process_info(&self, name: String) -> RpcResult<ProcessInfo>;

    /// Every active process, by group, then by name.
    #[method(name = "getAllProcessInfo")]
    async fn get_all_process_info(&self) -> RpcResult<Vec<ProcessInfo>>;

    /// Starts a process, or a whole group.
    #[method(name = "startProcess")]
    async fn start_process(&self, name: String, wait: Option<Flag>) -> RpcResult<TrueOrStatuses>;

    /// Starts the processes of a group that are not active.
    #[method(name = "startProcessGroup")]
    async fn start_process_group(&self, name: String, wait: Option<Flag>) -> RpcResult<Vec<StatusRow>>;

    /// Starts every process that is not active.
    #[method(name = "startAllProcesses")]
    async fn start_all_processes(&self, wait: Option<Flag>) -> RpcResult<Vec<StatusRow>>;

    /// Stops a process, or a whole group.
    #[method(name = "stopProcess")]
    async fn stop_process(&self, name: String, wait: Option<Flag>) -> RpcResult<TrueOrStatuses>;

    /// Stops the active processes of a group.
    #[method(name = "stopProcessGroup")]
    async fn stop_process_group(&self, name: String, wait: Option<Flag>) -> RpcResult<Vec<StatusRow>>;

    /// Stops every active process.
    #[method(name = "stopAllProcesses")]
    async fn stop_all_processes(&self, wait: Option<Flag>) -> RpcResult<Vec<StatusRow>>;

    /// Sends a signal to a process, or to a whole group.
    #[method(name = "signalProcess")]
    async fn signal_process(&self, name: String, signal: SignalName) -> RpcResult<TrueOrStatuses>;

    /// Sends a signal to the running processes of a group.
    #[method(name = "signalProcessGroup")]
    async fn signal_process_group(&self, name: String, signal: SignalName) -> RpcResult<Vec<StatusRow>>;

    /// Sends a signal to every running process.
    #[method(name = "signalAllProcesses")]
    async fn signal_all_processes(&self, signal: SignalName) -> RpcResult<Vec<StatusRow>>;

    /// A part of a process's stdout log, in bytes.
    #[method(name = "readProcessStdoutLog", aliases = ["supervisor.readProcessLog"])]
    async fn read_process_stdout_log(
        &self,
        name: String,
        offset: Number,
        length: Number,
    ) -> RpcResult<String>;

    /// A part of a process's stderr log, in bytes.
    #[method(name = "readProcessStderrLog")]
    async fn read_process_stderr_log(
        &self,
        name: String,
        offset: Number,
        length: Number,
    ) -> RpcResult<String>;

    /// The end of a process's stdout log.
    #[method(name = "tailProcessStdoutLog", aliases = ["supervisor.tailProcessLog"])]
    async fn tail_process_stdout_log(
        &self,
        name: String,
        offset: Number,
        length: Number,
    ) -> RpcResult<Tail>;

    /// The end of a process's stderr log.
    #[method(name = "tailProcessStderrLog")]
    async fn tail_process_stderr_log(
        &self,
        name: String,
        offset: Number,
        length: Number,
    ) -> RpcResult<Tail>;

    /// Empties both logs of a process.
    #[method(name = "clearProcessLogs", aliases = ["supervisor.clearProcessLog"])]
    async fn clear_process_logs(&self, name: String) -> RpcResult<bool>;

    /// Empties the logs of every process.
    #[method(name = "clearAllProcessLogs")]
    async fn clear_all_process_logs(&self) -> RpcResult<Vec<StatusRow>>;

    /// Writes text to a process's stdin.
    #[method(name = "sendProcessStdin")]
    async fn send_process_stdin(&self, name: String, chars: String) -> RpcResult<bool>;

    /// Sends a REMOTE_COMMUNICATION event to whoever listens.
    #[method(name = "sendRemoteCommEvent")]
    async fn send_remote_comm_event(
        &self,
        #[argument(rename = "type")] kind: String,
        data: String,
    ) -> RpcResult<bool>;
}
