//! The log files that the daemon names itself (`AUTO`).
//!
//! ```text
//! <process>-<stdout|stderr>---<identifier>-<8 of a-z 0-9 _>.log[.1]      in childlogdir, mode 0600
//! ```
//!
//! A clean-up takes exactly the files of one identifier, and regular files only: `supervisor` does not
//! match `supervisor-2`, and nothing in an identifier is a pattern. Absent: when to clean up (after the
//! sockets were acquired).

use crate::guarded::{Kind, directory_of};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use treeherd_domain::stream::Stream;

const LETTERS: &[u8; 37] = b"abcdefghijklmnopqrstuvwxyz0123456789_";
const SUFFIX: usize = 8;
/// Names tried before giving up; two in a row taken is already as good as impossible.
const TRIES: usize = 100;

/// A name for a new file, random in its last part. It is not created.
///
/// # Errors
/// If `/dev/urandom` cannot be read.
pub fn auto_name(process: &str, stream: Stream, identifier: &str, directory: &Path) -> io::Result<PathBuf> {
    let mut random = [0; SUFFIX];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    let suffix: String =
        random.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect();
    Ok(directory.join(format!("{process}-{stream}---{identifier}-{suffix}.log")))
}

/// Creates an empty file under such a name, mode 0600, where none has been.
///
/// # Errors
/// What `open(2)` says: `ENOENT`, `EACCES`, `ENOSPC`.
pub fn create_auto(
    process: &str,
    stream: Stream,
    identifier: &str,
    directory: &Path,
) -> io::Result<PathBuf> {
    let mut left = TRIES;
    loop {
        let path = auto_name(process, stream, identifier, directory)?;
        let name = path.file_name().unwrap_or_default();
        match directory_of(&path)?.create_new(name, 0o600) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && left > 1 => left -= 1,
            Err(error) => return Err(error),
        }
    }
}

/// What a clean-up did.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// The files that are gone.
    pub removed: Vec<PathBuf>,
    /// The files that could not be removed (Supervisor: `Failed to clean up '<path>'`).
    pub failed: Vec<(PathBuf, io::Error)>,
}

/// Removes the files of earlier runs of this identifier, their old generations included.
///
/// # Errors
/// If the directory cannot be read (Supervisor: `Could not clear childlog dir`).
pub fn clean_up(identifier: &str, directory: &Path) -> io::Result<Cleaned> {
    let mut cleaned = Cleaned::default();
    let directory = directory_of(&directory.join("any"))?;
    for name in directory.names()? {
        if !name.to_str().is_some_and(|name| is_auto_name(name, identifier)) {
            continue;
        }
        let path = directory.path_of(&name);
        let removed = match directory.kind(&name) {
            Ok(Some(Kind::Regular)) => directory.remove(&name),
            Ok(Some(_)) => Err(io::Error::other("it has the name of a log and is no file")),
            Ok(None) => continue,
            Err(error) => Err(error),
        };
        match removed {
            Ok(()) => cleaned.removed.push(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => cleaned.failed.push((path, error)),
        }
    }
    Ok(cleaned)
}

/// Whether this is the name of a file that [`auto_name`] made for `identifier`, or of an old
/// generation of one.
fn is_auto_name(name: &str, identifier: &str) -> bool {
    let marker = format!("---{identifier}-");
    name.match_indices(&marker).any(|(at, _)| {
        let (process, rest) = (&name[..at], &name[at + marker.len()..]);
        let of_stream = Stream::BOTH.into_iter().any(|stream| {
            process.strip_suffix(stream.as_str()).is_some_and(|p| p.len() > 1 && p.ends_with('-'))
        });
        of_stream && is_suffix(rest)
    })
}

/// `abcdefgh.log`, `abcdefgh.log.12`.
fn is_suffix(rest: &str) -> bool {
    let Some((random, end)) = rest.split_at_checked(SUFFIX) else { return false };
    let generation = match end.strip_prefix(".log") {
        Some("") => return random.bytes().all(|byte| LETTERS.contains(&byte)),
        Some(generation) => generation.strip_prefix('.').unwrap_or(""),
        None => return false,
    };
    random.bytes().all(|byte| LETTERS.contains(&byte))
        && (1..=4).contains(&generation.len())
        && generation.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_auto_name;

    #[test]
    fn exactly_the_names_of_one_identifier_match() {
        let cases = [
            ("cat-stdout---supervisor-ab_d3f9h.log", true),
            ("cat-stderr---supervisor-abcdefgh.log.1", true),
            ("a-b-stdout---supervisor-abcdefgh.log.1234", true),
            ("cat-stdout---supervisor-abcdefgh.log.12345", false),
            ("cat-stdout---supervisor-abcdefgh.log1", false),
            ("cat-stdout---supervisor-abcdefgh.log.", false),
            ("cat-stdout---supervisor-abcdefgh.logs", false),
            ("cat-stdout---supervisor-2-abcdefgh.log", false),
            ("cat-stdout---supervisor-2345678.log", false),
            ("cat-stdout---xsupervisor-abcdefgh.log", false),
            ("cat-stdin---supervisor-abcdefgh.log", false),
            ("-stdout---supervisor-abcdefgh.log", false),
            ("cat-stdout---supervisor-ABCDEFGH.log", false),
        ];
        for (name, expected) in cases {
            assert_eq!(is_auto_name(name, "supervisor"), expected, "{name}");
        }
        assert!(is_auto_name("cat-stdout---a.b-abcdefgh.log", "a.b"));
        assert!(!is_auto_name("cat-stdout---axb-abcdefgh.log", "a.b"), "an identifier is no pattern");
    }
}
