//! `[supervisorctl]`: how the client reaches the daemon.
//!
//! The client reads the main file only: `[include]` means nothing to it. `[ctlplugin:x]` names Python objects:
//! they are told apart when an action is unknown, and nothing else.

use crate::World;
use crate::expand::Vars;
use crate::keys::{Context, Faults, Keys};
use crate::path::{expand_user, normalize};
use crate::raw::RawConfig;
use crate::report::{Error, Place, Report};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// The one section that the client reads.
const SECTION: &str = "supervisorctl";

/// What the client is told by the file; `Default` is what holds without one.
#[derive(Clone, PartialEq, Eq)]
pub struct CtlConfig {
    /// `serverurl`: `http://host[:port]`, or `unix://` and an absolute path.
    pub serverurl: String,
    /// `username`.
    pub username: Option<String>,
    /// `password`, in clear text.
    pub password: Option<String>,
    /// `prompt`, shown as `<prompt>> `.
    pub prompt: String,
    /// `history_file`, absolute.
    pub history_file: Option<PathBuf>,
}

impl Default for CtlConfig {
    fn default() -> Self {
        Self {
            serverurl: "http://localhost:9001".to_owned(),
            username: None,
            password: None,
            prompt: "supervisor".to_owned(),
            history_file: None,
        }
    }
}

impl std::fmt::Debug for CtlConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CtlConfig")
            .field("serverurl", &self.serverurl)
            .field("username", &self.username)
            .field("prompt", &self.prompt)
            .field("history_file", &self.history_file)
            .finish_non_exhaustive()
    }
}

/// Reads `[supervisorctl]` of a file.
///
/// # Errors
/// [`Report`]: the file cannot be read, is no INI, lacks the section, or has a value that cannot be
/// expanded.
pub fn load_ctl(path: &Path, world: &World<'_>) -> Result<CtlConfig, Report> {
    let mut raw = RawConfig::default();
    let errors = raw.add_only(crate::main_file(path, world)?, &[SECTION, "DEFAULT"]);
    if let Some(report) = Report::of(errors) {
        return Err(report);
    }
    let Some(section) = raw.section(SECTION) else {
        return Err(missing_section(&raw, SECTION).into());
    };
    let context = Context::new(&raw, world, Faults::default());
    let keys = Keys::new(&context, section, Vars::new(Vec::new(), vec![&world.environment]));
    let path_of = |text: &str| normalize(Path::new(&expand_user(text, world)), &world.cwd);

    let default = CtlConfig::default();
    let serverurl =
        keys.text("serverurl").map_or(default.serverurl, |url| match url.strip_prefix("unix://") {
            Some(path) => format!("unix://{}", path_of(path).display()),
            None => url.into_owned(),
        });
    let config = CtlConfig {
        serverurl,
        prompt: keys.text("prompt").map_or(default.prompt, Cow::into_owned),
        username: keys.text("username").map(Cow::into_owned),
        password: keys.text("password").map(Cow::into_owned),
        history_file: keys.text("history_file").filter(|path| !path.is_empty()).map(|path| path_of(&path)),
    };
    context.faults.finish().map(|()| config)
}

/// The `[ctlplugin:x]` sections of a file and where they stand: Python objects, which would add actions. Empty for
/// a file that cannot be read.
#[must_use]
pub fn ctlplugins(path: &Path, world: &World<'_>) -> Vec<(String, Place)> {
    let mut raw = RawConfig::default();
    if let Ok(source) = crate::main_file(path, world) {
        raw.add(source);
    }
    let found = raw.sections_with("ctlplugin:");
    found.map(|section| (section.name.clone(), raw.sources[0].place(section.span))).collect()
}

/// A file without the section that it is read for.
pub(crate) fn missing_section(raw: &RawConfig, name: &str) -> Error {
    let whole = crate::source::Span { file: 0, line: 0, column: 0, width: 0, last: 0 };
    Error::new(
        format!(".ini file does not include {name} section"),
        vec![raw.sources[0].place(whole)],
        format!("add a line [{name}]; the section may be empty"),
    )
}
