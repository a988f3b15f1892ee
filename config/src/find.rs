//! Where the configuration is looked for when no `-c` says it.

use std::fmt;
use std::path::{Path, PathBuf};

/// No configuration file at any of the default paths.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotFound {
    /// The six paths, in the order of the search.
    pub paths: Vec<PathBuf>,
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.paths.iter().map(|path| path.display().to_string()).collect();
        write!(
            f,
            "No config file found at default paths ({}); use the -c option to specify a config file at a \
             different path",
            paths.join(", ")
        )
    }
}

impl std::error::Error for NotFound {}

/// Finds the configuration file: the first of six paths that exists, relative ones below `cwd`. The path
/// comes back as it is shown in messages, so it may be relative.
///
/// # Errors
/// [`NotFound`], whose words are Supervisor's.
pub fn find(argv0: &str, cwd: &Path) -> Result<PathBuf, NotFound> {
    let beside = parent(&parent(Path::new(argv0)));
    let paths = vec![
        beside.join("etc/supervisord.conf"),
        beside.join("supervisord.conf"),
        PathBuf::from("supervisord.conf"),
        PathBuf::from("etc/supervisord.conf"),
        PathBuf::from("/etc/supervisord.conf"),
        PathBuf::from("/etc/supervisor/supervisord.conf"),
    ];
    match paths.iter().find(|path| cwd.join(path).exists()) {
        Some(path) => Ok(path.clone()),
        None => Err(NotFound { paths }),
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}
