//! The lifecycle machine, from outside: by rules, by properties, and against a second model.
//!
//! ```text
//! script       reads "0 start | 5 exit 1", drives the machine as an actor would, prints the trace
//! starting     one test a rule: from STOPPED to RUNNING, or to BACKOFF and FATAL
//! ending       one test a rule: EXITED, STOPPING, UNKNOWN
//! sequence     one test a rule: stops by `stopsequence`
//! failing      one test a rule: not ready in time, not healthy any more
//! waiting      one test a rule: what is required has to be there first
//! restarting   one test a rule: restarts, and what comes in between
//! oneshot      one test a rule: what is to end
//! delays       one test a rule: waits, attempts in the background, ends after a time
//! documented   the worked example of the manual, run
//! properties   what holds for every history (proptest)
//! timing       no time is earlier than its rule, nor later than a look once a second
//! oracle       Supervisor's own rules, written a second time and in another way, and compared with a simulation
//! ```

#[path = "../common/process.rs"]
mod process;

mod delays;
mod documented;
mod ending;
mod failing;
mod oneshot;
mod oracle;
mod properties;
mod restarting;
mod script;
mod sequence;
mod starting;
mod timing;
mod waiting;
