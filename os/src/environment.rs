//! The daemon's own environment, prepared once so that a spawn only lays the program's over it.
//!
//! ```text
//! BaseEnvironment: "HOME=/root\0PATH=/bin\0..."  + where each entry begins + name -> entry
//! a spawn: copy the entry table, point overridden entries elsewhere, append new ones
//! ```
//!
//! Values are bytes: a variable that is no UTF-8 reaches the child as it came. Absent: reading one
//! variable, and changing any.

use crate::daemon::FileLimit;
use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// The environment that every child starts from.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct BaseEnvironment {
    text: Vec<u8>,
    starts: Vec<usize>,
    names: HashMap<Vec<u8>, usize>,
    files: Option<FileLimit>,
}

impl BaseEnvironment {
    /// The environment of this process, now.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::new(std::env::vars_os())
    }

    /// An environment of these variables. A later one wins; one whose name is empty or holds `=`, or
    /// that holds a NUL, cannot exist and is left out.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut base = Self::default();
        for (name, value) in variables {
            let (name, value) = (name.as_bytes(), value.as_bytes());
            let odd = name.is_empty() || name.contains(&b'=') || name.contains(&0) || value.contains(&0);
            if odd {
                continue;
            }
            let start = base.text.len();
            for piece in [name, b"=", value, b"\0"] {
                base.text.extend_from_slice(piece);
            }
            match base.names.get(name) {
                Some(&entry) => base.starts[entry] = start,
                None => {
                    base.names.insert(name.to_owned(), base.starts.len());
                    base.starts.push(start);
                }
            }
        }
        base
    }

    /// The same environment with this limit of open files, where the daemon has another one.
    #[must_use]
    pub fn with_files(self, files: Option<FileLimit>) -> Self {
        Self { files, ..self }
    }

    /// The same environment without a variable; `None` if it does not have it.
    #[must_use]
    pub fn without(&self, name: &str) -> Option<Self> {
        let gone = self.entry(name.as_bytes())?;
        let mut base = Self { text: self.text.clone(), files: self.files, ..Self::default() };
        let mut names: Vec<(&Vec<u8>, usize)> = self.names.iter().map(|(name, at)| (name, *at)).collect();
        names.sort_unstable_by_key(|(_, at)| *at);
        for (name, at) in names.into_iter().filter(|(_, at)| *at != gone) {
            base.names.insert(name.clone(), base.starts.len());
            base.starts.push(self.starts[at]);
        }
        Some(base)
    }

    pub(crate) const fn files(&self) -> Option<FileLimit> {
        self.files
    }

    /// How many variables there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The entry of a variable.
    pub(crate) fn entry(&self, name: &[u8]) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// Each entry as a C string; valid for as long as `self` is.
    pub(crate) fn pointers(&self) -> impl Iterator<Item = *const libc::c_char> {
        self.starts.iter().map(|&start| self.text[start..].as_ptr().cast())
    }
}
