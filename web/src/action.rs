//! What the buttons of the page do, and what the page says of it afterwards, in Supervisor's words.
//!
//! | action | message |
//! |---|---|
//! | `refresh`, `stopall`, `restartall` | `Page refreshed at ...`, `All stopped at ...`, `All restarted at ...` |
//! | `start`, `stop`, `restart`, `clearlog` | `Process x started` and the like, or the fault |
//! | another one, or none of these without a process | none: 500 |
//!
//! Absent: who may ask for it (see [`origin`](crate::origin)).

use crate::control::{Control, Verb};
use crate::form::Form;
use treeherd_domain::fault::Fault;

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Action {
    name: String,
    process: Option<String>,
}

/// An action that Supervisor does not know, or that cannot be begun: 500.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unknown;

impl Action {
    /// The action of these parameters, if there is one.
    pub(crate) fn of(form: &Form) -> Option<Self> {
        let process = form.get("processname").map(ToOwned::to_owned);
        Some(Self { name: form.get("action")?.to_owned(), process })
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its parameters, for a form that asks for it.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let process = self.process.as_deref().map(|process| ("processname", process));
        process.into_iter().chain([("action", self.name.as_str())])
    }

    /// Whether it changes nothing.
    pub(crate) fn is_harmless(&self) -> bool {
        self.name == "refresh"
    }

    /// What it would do, for a person who is asked first; `None` if it would do nothing.
    pub(crate) fn question(&self) -> Option<String> {
        let what = match (self.name.as_str(), self.process.as_deref()) {
            ("stopall", _) => "Stop all processes?".to_owned(),
            ("restartall", _) => "Restart all processes?".to_owned(),
            ("start", Some(process)) => format!("Start {process}?"),
            ("stop", Some(process)) => format!("Stop {process}?"),
            ("restart", Some(process)) => format!("Restart {process}?"),
            ("clearlog", Some(process)) => format!("Clear the logs of {process}?"),
            _ => return None,
        };
        Some(what)
    }

    /// Does it, to its end; the message for the page.
    pub(crate) async fn carry_out(&self, control: &dyn Control) -> Result<String, Unknown> {
        let at = |what: &str| format!("{what} at {}", control.local_time().ctime());
        match (self.name.as_str(), self.process.as_deref()) {
            ("refresh", _) => Ok(at("Page refreshed")),
            ("stopall", _) => {
                control.all(Verb::Stop).await.map_err(|_| Unknown)?;
                Ok(at("All stopped"))
            }
            ("restartall", _) => {
                // whatever becomes of the one, the other is tried
                _ = control.all(Verb::StopToStart).await;
                _ = control.all(Verb::Start).await;
                Ok(at("All restarted"))
            }
            (_, None) => Err(Unknown),
            (_, Some(name)) if !control.is_process(name) => Ok(format!("No such process named {name}")),
            ("start", Some(name)) => Ok(match control.one(name, Verb::Start).await {
                Ok(()) => format!("Process {name} started"),
                Err(fault) => format!("ERROR: Process {name}: {}", start_error(&fault)),
            }),
            ("stop", Some(name)) => {
                Ok(told(control.one(name, Verb::Stop).await, format!("Process {name} stopped")))
            }
            ("restart", Some(name)) => {
                if let Err(Fault::SpawnError { spawnerr, .. }) = control.one(name, Verb::StopToStart).await
                {
                    return Ok(format!("ERROR: Process {name}: {spawnerr}"));
                }
                // as by Supervisor: it is said to be restarted whatever came of it
                _ = control.one(name, Verb::Start).await;
                Ok(format!("Process {name} restarted"))
            }
            ("clearlog", Some(name)) => {
                Ok(told(control.one(name, Verb::Clear).await, format!("Log for {name} cleared")))
            }
            _ => Err(Unknown),
        }
    }
}

fn told(outcome: Result<(), Fault>, good: String) -> String {
    outcome.map_or_else(|fault| unexpected(&fault), |()| good)
}

fn start_error(fault: &Fault) -> String {
    let words = match fault {
        Fault::NoFile(_) => "no such file",
        Fault::NotExecutable(_) => "file not executable",
        Fault::AlreadyStarted(_) => "already started",
        Fault::SpawnError { .. } => "spawn error",
        Fault::AbnormalTermination(_) => "abnormal termination",
        _ => return unexpected(fault),
    };
    words.to_owned()
}

/// A fault as the page shows one that it has no words for.
pub(crate) fn unexpected(fault: &Fault) -> String {
    format!("unexpected rpc fault [{}] {fault}", fault.code())
}
