//! Our own actions; they read their options as the programs do (see `options`).

use super::{Action, Opt};

/// They, in the order of `help`.
pub(super) const ACTIONS: &[Action] = &[Action::new(
    "configtest",
    "[<file>]",
    "Checks a configuration file as the daemon would read it: the one that is named, else the one that \
     supervisorctl was started with. Nothing is asked of the daemon, and nothing is touched.",
)
.with_options(&[Opt::flag("json", None, &["json"], "tell the outcome as JSON")])
.with_exits(&[(0, "nothing is wrong"), (2, "there are errors, all of them told")])];
