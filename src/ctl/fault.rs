//! Supervisor's fault numbers, as a client meets them.

/// The server has no such method.
pub const UNKNOWN_METHOD: i32 = 1;
/// The daemon is shutting down or restarting.
pub const SHUTDOWN_STATE: i32 = 6;
/// No such process or group.
pub const BAD_NAME: i32 = 10;
/// Not a signal.
pub const BAD_SIGNAL: i32 = 11;
/// A command or log file that is missing.
pub const NO_FILE: i32 = 20;
/// A command that cannot be executed.
pub const NOT_EXECUTABLE: i32 = 21;
/// The system refused.
pub const FAILED: i32 = 30;
/// It ended while its start was waited for.
pub const ABNORMAL_TERMINATION: i32 = 40;
/// It could not be spawned, or ended too soon.
pub const SPAWN_ERROR: i32 = 50;
/// It runs already.
pub const ALREADY_STARTED: i32 = 60;
/// It does not run.
pub const NOT_RUNNING: i32 = 70;
/// No fault: the `status` of a result that is good.
pub const SUCCESS: i32 = 80;
/// The group is active already.
pub const ALREADY_ADDED: i32 = 90;
/// The group has processes that are not stopped.
pub const STILL_RUNNING: i32 = 91;
/// The configuration is invalid.
pub const CANT_REREAD: i32 = 92;
