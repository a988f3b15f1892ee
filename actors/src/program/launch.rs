//! From a configuration to a process: the command's words, its file, its environment.

use crate::estate::Estate;
use crate::shared::Shared;
use std::path::PathBuf;
use std::sync::Arc;
use treeherd_domain::command::split;
use treeherd_domain::fault::Fault;
use treeherd_domain::quote::repr;
use treeherd_domain::spec::ProcessSpec;
use treeherd_os::resolve::{ResolveError, resolve};
use treeherd_os::spawn::{Inherited, Launch, StderrTo, StdinFrom};

/// A command that can be executed, as far as one can tell beforehand.
#[derive(Debug)]
pub(super) struct Command {
    program: PathBuf,
    argv: Vec<String>,
}

/// Why a command cannot be executed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("can't parse command {}: {reason}", repr(.command))]
    Parse { command: String, reason: treeherd_domain::command::SplitError },
    #[error("command is empty")]
    Empty,
    #[error(transparent)]
    Resolve(#[from] ResolveError),
}

impl CommandError {
    /// What a caller is told of it.
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Resolve(ResolveError::NotFound(_)) => Fault::NoFile(self.to_string()),
            Self::Parse { .. } | Self::Empty | Self::Resolve(_) => Fault::NotExecutable(self.to_string()),
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Parse { .. } => "close every quote in command=",
            Self::Empty => "give command= a program",
            Self::Resolve(error) => match error {
                ResolveError::NotFound(_) => {
                    "give the command's full path, set PATH in environment=, or, for a shell builtin, use \
                     command=sh -c '...'"
                }
                ResolveError::Directory(_) => "name the program inside the directory",
                ResolveError::NotExecutable(_) => {
                    "make the file executable (chmod +x), or run it by its interpreter"
                }
                ResolveError::NoPermission(_) => {
                    "let the daemon's user execute the file and enter its directories"
                }
            },
        }
    }
}

/// Splits the command and finds its file.
pub(super) fn command(spec: &ProcessSpec, shared: &Shared) -> Result<Command, CommandError> {
    let path = spec.environment.get("PATH").or(shared.path.as_ref());
    let (program, argv) = find(&spec.command, path.map(String::as_str))?;
    Ok(Command { program, argv })
}

/// The file of a command by this `PATH`, and its words.
pub(crate) fn find(command: &str, path: Option<&str>) -> Result<(PathBuf, Vec<String>), CommandError> {
    let parsed = split(command);
    let argv = parsed.map_err(|reason| CommandError::Parse { command: command.to_owned(), reason })?;
    let word = argv.first().ok_or(CommandError::Empty)?;
    let program = resolve(word, path)?;
    Ok((program, argv))
}

/// All that a spawn needs.
pub(super) fn launch(
    estate: &Estate,
    shared: &Shared,
    command: Command,
    (stdin, sockets): (StdinFrom, Vec<Inherited>),
) -> Launch {
    let spec = &estate.spec;
    Launch {
        program: command.program,
        argv: command.argv,
        environment: Arc::clone(&shared.environment),
        overrides: environment(estate, shared),
        directory: spec.directory.clone(),
        umask: spec.umask,
        credentials: spec.user.clone(),
        stdin,
        sockets,
        line: spec.health.fd(),
        stderr: if spec.redirect_stderr { StderrTo::Stdout } else { StderrTo::Pipe },
        pipe_size: spec.pipe_size,
    }
}

/// The variables that the daemon adds; later ones win.
pub(crate) fn environment(estate: &Estate, shared: &Shared) -> Vec<(String, String)> {
    let spec = &estate.spec;
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut variables = vec![own("SUPERVISOR_ENABLED", "1")];
    if let Some(url) = spec.serverurl.as_deref().or(shared.server_url.as_deref()) {
        variables.push(own("SUPERVISOR_SERVER_URL", url));
    }
    variables.push(own("SUPERVISOR_PROCESS_NAME", estate.namespec.process.as_str()));
    variables.push(own("SUPERVISOR_GROUP_NAME", estate.namespec.group.as_str()));
    variables.extend(spec.environment.iter().map(|(name, value)| own(name, value)));
    variables
}
