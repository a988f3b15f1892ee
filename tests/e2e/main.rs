//! The real programs, driven as a user drives them: one file a subject, one harness below all of them.
//!
//! ```text
//!   test --> harness --> supervisord -n -c <temp dir>/supervisord.conf   lines of its log, as they come
//!                   \--> supervisorctl -c <the same file> <action>       stdout, stderr, exit code
//! ```
//!
//! Every test waits for conditions with a deadline and ends with a proof that nothing is left: no process,
//! no socket, no pid file. The same tests run against another implementation of the same commands
//! (see `CONTRIBUTING.md`, "Against the reference"); the few places where treeherd differs on purpose ask
//! `harness::reference()` and say why. Deliberately absent: JSON-RPC (the crates `rpc` and `web` test it) and
//! everything that needs more than a POSIX shell to play the supervised program.

mod harness;

mod configtest;
mod control;
mod control_usage;
mod control_wait;
mod daemon;
mod daemon_signals;
mod doctor;
mod enable;
mod events_since;
mod examples;
mod first_process;
mod full_disk;
mod health;
mod hooks;
mod http;
mod hup;
mod inherited;
mod lifecycle;
mod lifecycle_stop;
mod listening;
mod logs;
mod logs_capture;
mod logs_rotation;
mod logs_special;
mod logs_targets;
mod per_process;
mod plan;
mod probes;
mod reload;
mod requires;
mod restart_policy;
mod rolling;
mod rolling_midway;
mod rows_ctl;
mod rows_events;
mod rows_fcgi;
mod rows_life;
mod rows_log;
mod rows_reread;
mod rows_rpc;
mod rows_rpc_control;
mod rows_rpc_logs;
mod rows_spawn;
mod rows_start;
mod scale;
mod simulate;
mod spawn;
mod spawn_errors;
mod stop_sequence;
mod story;
mod strategies;
mod subscribers;
mod timing;
mod traps_defects;
mod traps_issues;
mod traps_listeners;
mod traps_since_3;
mod traps_since_3_0;
mod traps_since_3_3;
mod traps_since_4;
mod why;
mod why_groups;
mod why_update;
mod xmlrpc;
