//! Values that name files and directories: `~`, relative paths, what must exist.
//!
//! Everything that comes out is absolute and normalised in the textual way (`a/../b` is `b`, whatever
//! `a` links to), as Supervisor does it.

use crate::World;
use crate::value::ValueError;
use std::path::{Component, Path, PathBuf};
use treeherd_domain::spec::MainLog;

/// Replaces a leading `~` or `~user` by the home directory; leaves it where there is none.
#[must_use]
pub fn expand_user(text: &str, world: &World<'_>) -> String {
    let Some(after) = text.strip_prefix('~') else { return text.to_owned() };
    let (user, rest) = after.split_at(after.find('/').unwrap_or(after.len()));
    let home = match user {
        "" => world.home.as_ref().map(|home| home.to_string_lossy().into_owned()),
        user => world.accounts.user(user).map(|account| account.home),
    };
    match home {
        Some(home) => match format!("{}{rest}", home.trim_end_matches('/')) {
            root if root.is_empty() => "/".to_owned(),
            path => path,
        },
        None => text.to_owned(),
    }
}

/// The absolute form of a path, without `.`, `..` and doubled slashes.
#[must_use]
pub fn normalize(path: &Path, base: &Path) -> PathBuf {
    let mut normal = PathBuf::from("/");
    for component in base.join(path).components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::ParentDir => {
                normal.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    normal
}

/// A directory that exists, `~` expanded; absolute.
///
/// # Errors
/// [`ValueError::Directory`].
pub fn existing_directory(text: &str, world: &World<'_>) -> Result<PathBuf, ValueError> {
    let path = world.cwd.join(expand_user(text, world));
    // "" is no directory, though joined it is the current one.
    if text.is_empty() || !path.is_dir() {
        return Err(ValueError::Directory(text.to_owned()));
    }
    Ok(normalize(&path, &world.cwd))
}

/// A file, which need not exist, in a directory that does; `~` expanded; absolute.
///
/// # Errors
/// [`ValueError::Dirpath`].
pub fn existing_dirpath(text: &str, world: &World<'_>) -> Result<PathBuf, ValueError> {
    dirpath_in(text, &world.cwd, world).map(|path| normalize(&path, &world.cwd))
}

/// The same, relative to `base`, and not normalised.
pub(crate) fn dirpath_in(text: &str, base: &Path, world: &World<'_>) -> Result<PathBuf, ValueError> {
    let expanded = expand_user(text, world);
    let directory = expanded.rsplit_once('/').map(|(directory, _)| directory);
    let exists = match directory {
        None => true,
        Some("") => true,
        Some(directory) => base.join(directory).is_dir(),
    };
    if exists { Ok(base.join(expanded)) } else { Err(ValueError::Dirpath(text.to_owned())) }
}

/// `[supervisord] logfile`: `syslog`, or a file as [`existing_dirpath`].
///
/// # Errors
/// [`ValueError::Dirpath`].
pub fn main_log(text: &str, world: &World<'_>) -> Result<MainLog, ValueError> {
    if text == "syslog" {
        return Ok(MainLog::Syslog);
    }
    existing_dirpath(text, world).map(MainLog::File)
}

/// The directory for temporary files, as Python finds it: `TMPDIR`, `TEMP`, `TMP`, then the usual ones;
/// the first that is a directory that anybody may write to.
pub(crate) fn temporary_directory(world: &World<'_>) -> PathBuf {
    let named = ["TMPDIR", "TEMP", "TMP"].into_iter().filter_map(|name| world.environment.get(name));
    let usual = ["/tmp", "/var/tmp", "/usr/tmp"];
    named
        .map(String::as_str)
        .filter(|path| !path.is_empty())
        .chain(usual)
        .map(|path| normalize(Path::new(path), &world.cwd))
        .find(|path| path.metadata().is_ok_and(|file| file.is_dir() && !file.permissions().readonly()))
        .unwrap_or_else(|| world.cwd.clone())
}
