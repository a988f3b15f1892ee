//! When a log file is rolled over, and by which steps, as values.
//!
//! ```text
//! write -> due? --no--> go on
//!            | yes
//!            v
//!          steps: app.log.2 -> app.log.3 (dropped: the old .3), .1 -> .2, app.log -> app.log.1
//!            v
//!          open app.log anew, truncated
//! ```
//!
//! The two special cases with 0: `maxbytes = 0` never rolls (one file for ever); `backups = 0` rolls
//! onto nothing (the content is dropped, the same file goes on). Absent: any file.

use std::path::{Path, PathBuf};

/// `*_maxbytes` and `*_backups` of one log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rotation {
    /// Bytes at which the file is rolled over, tested after each write; 0 or less: never.
    pub maxbytes: i64,
    /// How many old files are kept; 0: none.
    pub backups: i64,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { maxbytes: 50 * 1024 * 1024, backups: 10 }
    }
}

/// One renaming of a rollover. A `from` that does not exist is skipped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rename {
    /// The file that moves.
    pub from: PathBuf,
    /// Where it goes; what stands there is replaced.
    pub to: PathBuf,
}

impl Rotation {
    /// Never roll over.
    pub const NEVER: Self = Self { maxbytes: 0, backups: 0 };

    /// Whether a file of `size` bytes is to be rolled over now.
    #[must_use]
    pub const fn is_due(self, size: u64) -> bool {
        self.maxbytes > 0 && size >= self.maxbytes.unsigned_abs()
    }

    /// The renamings of one rollover, in the order in which they are to be done. After them the
    /// file is opened anew and truncated.
    #[must_use]
    pub fn steps(self, path: &Path) -> Vec<Rename> {
        if self.backups <= 0 {
            return Vec::new();
        }
        let older =
            (1..self.backups).rev().map(|i| Rename { from: backup(path, i), to: backup(path, i + 1) });
        older.chain([Rename { from: path.to_owned(), to: backup(path, 1) }]).collect()
    }
}

/// The name of the `number`th old file: `app.log.1`.
#[must_use]
pub fn backup(path: &Path, number: i64) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rotation: Rotation) -> Vec<String> {
        let steps = rotation.steps(Path::new("/l/a.log"));
        steps.iter().map(|r| format!("{} -> {}", r.from.display(), r.to.display())).collect()
    }

    #[test]
    fn the_oldest_is_dropped_and_each_moves_up() {
        let steps = shown(Rotation { maxbytes: 10, backups: 3 });
        assert_eq!(
            steps,
            ["/l/a.log.2 -> /l/a.log.3", "/l/a.log.1 -> /l/a.log.2", "/l/a.log -> /l/a.log.1"]
        );
    }

    #[test]
    fn zero_backups_moves_nothing_and_zero_maxbytes_is_never_due() {
        assert!(shown(Rotation { maxbytes: 10, backups: 0 }).is_empty());
        assert!(!Rotation { maxbytes: 0, backups: 3 }.is_due(u64::MAX));
        assert!(Rotation { maxbytes: 10, backups: 0 }.is_due(10));
        assert!(!Rotation { maxbytes: 10, backups: 0 }.is_due(9));
    }
}
