//! What an action works with: the screen, the keyboard, the daemon, and the exit status being gathered.

use crate::ctl::explain::{Scene, explain, generic_line};
use crate::ctl::keyboard::Lines;
use crate::ctl::local::Local;
use crate::ctl::screen::Screen;
use crate::ctl::server::{ClientError, Problem, Server};
use crate::ctl::status::{self, Status};
use crate::ctl::{action, fault};
use std::cell::Cell;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use tokio::signal::unix::{SignalKind, signal};
use treeherd_rpc::api::SupervisorApiClient as _;
use treeherd_rpc::client::{ConnectError, HttpClient};

/// The version of Supervisor's API that actions are written for.
const API_VERSION: &str = "3.0";

/// What an action gives: nothing, or a problem that ends it with the generic error line.
pub type Outcome = Result<(), Problem>;

/// One run of the program.
#[derive(Debug)]
pub struct Session {
    /// Where to write.
    pub screen: Screen,
    /// What is typed.
    pub keyboard: Lines<OwnedFd>,
    /// Whom to ask.
    pub server: Server,
    /// The exit status so far.
    pub status: Status,
    /// Whether somebody is there to be asked (the shell, or `-i`).
    pub interactive: bool,
    /// What actions work with that look at a file and ask no daemon.
    pub local: Local,
    /// Set by an action that ends by Ctrl-C and takes it itself; the shell resets it.
    pub takes_interrupt: Rc<Cell<bool>>,
}

impl Session {
    /// A session that has done nothing yet.
    #[must_use]
    pub fn new(screen: Screen, keyboard: OwnedFd, server: Server, interactive: bool) -> Self {
        Self {
            screen,
            keyboard: Lines::new(keyboard),
            server,
            status: Status::default(),
            interactive,
            local: Local::default(),
            takes_interrupt: Rc::default(),
        }
    }

    /// Asks the daemon. What has been printed so far is shown first, since it may take long.
    ///
    /// # Errors
    /// Whatever keeps the answer away.
    pub async fn call<T>(
        &mut self,
        ask: impl AsyncFnOnce(&HttpClient) -> Result<T, ClientError>,
    ) -> Result<T, Problem> {
        self.screen.flush();
        let client = self.server.client().await?;
        Ok(ask(&client).await?)
    }

    /// Does something until it ends by itself, or by Ctrl-C, which the shell then leaves alone.
    ///
    /// # Errors
    /// Those of the work; [`Problem::Input`] if Ctrl-C cannot be heard.
    pub async fn until_interrupted(&mut self, work: impl AsyncFnOnce(&mut Self) -> Outcome) -> Outcome {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Problem::Input)?;
        self.takes_interrupt.set(true);
        let outcome = tokio::select! {
            outcome = work(self) => Some(outcome),
            _ = interrupt.recv() => None,
        };
        outcome.unwrap_or_else(|| {
            self.screen.line("");
            Ok(())
        })
    }

    /// Prints an error and the usage of the action, and fails.
    pub fn misused(&mut self, verb: &str, message: &str, status: u8) {
        self.screen.line(message);
        self.screen.bytes(action::usage(verb).as_bytes());
        self.status.set(status);
    }

    /// Prints a line and fails.
    pub fn fail(&mut self, line: impl AsRef<[u8]>) {
        self.screen.line(line);
        self.status.set(status::FAILURE);
    }

    /// The generic error line, and what it means.
    pub fn report(&mut self, problem: &Problem) {
        self.screen.line(generic_line(problem, self.server.url()));
        self.explain(problem);
        self.status.set(status::FAILURE);
    }

    /// That the daemon cannot be asked, all on stderr: for the actions whose stdout is read by programs.
    pub fn lost(&mut self, problem: &Problem) {
        let line = generic_line(problem, self.server.url());
        self.screen.error(&format!("{line}\n"));
        self.explain(problem);
        self.status.set(status::STATUS_UNKNOWN);
    }

    /// Whether the daemon wants a password that somebody may be there to give.
    pub fn may_ask_for_password(&self, problem: &Problem) -> bool {
        self.interactive && matches!(problem, Problem::Connect(ConnectError::Unauthorized { .. }))
    }

    /// What a problem means, on stderr.
    pub fn explain(&mut self, problem: &Problem) {
        let text = explain(problem, &Scene::look(&self.server));
        if !text.is_empty() {
            self.screen.error(&text);
        }
    }

    /// The version check that most actions begin with: whether the daemon is there and ours.
    ///
    /// # Errors
    /// A problem for which there is no message of its own.
    pub async fn upcheck(&mut self) -> Result<bool, Problem> {
        let problem = match self.call(async |client| client.get_api_version().await).await {
            Ok(version) if version == API_VERSION => return Ok(true),
            Ok(version) => {
                self.screen.line(format!(
                    "Sorry, this version of supervisorctl expects to talk to a server with API version \
                     {API_VERSION}, but the remote version is {version}."
                ));
                self.status.set(status::OTHER_VERSION);
                return Ok(false);
            }
            Err(problem) => problem,
        };
        let url = self.server.url();
        let (line, status) = match &problem {
            Problem::Fault(fault) if fault.fault == Some(fault::UNKNOWN_METHOD) => (
                "Sorry, supervisord responded but did not recognize the supervisor namespace commands that \
                 supervisorctl uses to control it.  Please check that the [rpcinterface:supervisor] section is \
                 enabled in the configuration file (see sample.conf)."
                    .to_owned(),
                status::NO_NAMESPACE,
            ),
            Problem::Connect(ConnectError::Refused { .. }) => {
                (format!("{url} refused connection"), status::REFUSED)
            }
            Problem::Connect(ConnectError::NoSuchSocket { .. }) => {
                (format!("{url} no such file"), status::NOT_RUNNING)
            }
            _ => return Err(problem),
        };
        self.screen.line(line);
        self.explain(&problem);
        self.status.set(status);
        Ok(false)
    }

    /// Asks the user a question that is answered by a line; `None` at the end of input.
    ///
    /// # Errors
    /// [`Problem::Input`].
    pub async fn ask(&mut self, question: &str) -> Result<Option<String>, Problem> {
        self.screen.bytes(question.as_bytes());
        self.screen.flush();
        self.keyboard.next().await.map_err(Problem::Input)
    }
}
