//! Reading on in a log file that grows, is rolled over, or is emptied.
//!
//! ```text
//!   look ─► bytes behind the last ones       Bytes
//!           the file is shorter than that    Truncated: reading begins again at 0
//!           the path names another file      Moved: what is left of the old one is read first, then
//!                                            app.log.2, app.log.1, app.log, as far as they were missed
//!           none of it                       Nothing
//! ```
//!
//! Generations are known by their inode, so a reader that is slow goes through those that were rolled over
//! meanwhile, as long as they are kept. A path that names nothing for the moment leaves the old file in use.
//! Absent: waiting (see [`watch`](crate::watch)).

use crate::{fd, guarded};
use nix::fcntl::OFlag;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The most that one look gives.
const PIECE: usize = 64 * 1024;
/// How often the next file is looked for while they are rolled over.
const TRIES: usize = 8;

/// A place in a log file.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: File,
    identity: Identity,
    offset: u64,
}

type Identity = (u64, u64);

/// What a look found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Look {
    /// New bytes.
    Bytes(Vec<u8>),
    /// The file was emptied; it is read from its beginning.
    Truncated,
    /// Another file is being read now, from its beginning.
    Moved,
    /// There is nothing new.
    Nothing,
}

impl Reader {
    /// Opens a log at `last` bytes before its end, and tells when it was written last, in milliseconds since
    /// the epoch.
    ///
    /// # Errors
    /// What the system says; `ESPIPE` for what is no regular file; as root a refusal where a link may be a trap.
    pub fn open(path: &Path, last: u64) -> io::Result<(Self, u64)> {
        let (file, identity) = open(path)?;
        let metadata = file.metadata()?;
        let seconds = u64::try_from(metadata.mtime()).unwrap_or(0);
        let modified_ms = seconds * 1000 + u64::try_from(metadata.mtime_nsec()).unwrap_or(0) / 1_000_000;
        let offset = metadata.len().saturating_sub(last);
        Ok((Self { path: path.to_owned(), file, identity, offset }, modified_ms))
    }

    /// The path it follows.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks once.
    ///
    /// # Errors
    /// What `read(2)` and `stat(2)` say.
    pub fn look(&mut self) -> io::Result<Look> {
        if let Some(bytes) = self.read()? {
            return Ok(Look::Bytes(bytes));
        }
        if self.file.metadata()?.len() < self.offset {
            self.offset = 0;
            return Ok(Look::Truncated);
        }
        match fs::metadata(&self.path) {
            Ok(named) if identity(&named) != self.identity => {}
            Ok(_) => return Ok(Look::Nothing),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Look::Nothing),
            Err(error) => return Err(error),
        }
        // what came between the two looks
        if let Some(bytes) = self.read()? {
            return Ok(Look::Bytes(bytes));
        }
        match self.successor() {
            Ok(Some((file, identity))) => {
                (self.file, self.identity, self.offset) = (file, identity, 0);
                Ok(Look::Moved)
            }
            // rolled over again just now, or no file any more: the next change brings another look
            Ok(None) => Ok(Look::Nothing),
            Err(error)
                if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESPIPE | libc::EAGAIN)) =>
            {
                Ok(Look::Nothing)
            }
            Err(error) => Err(error),
        }
    }

    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut piece = vec![0; PIECE];
        let count = fd::retry(|| self.file.read_at(&mut piece, self.offset))?;
        self.offset += count as u64;
        piece.truncate(count);
        Ok((count > 0).then_some(piece))
    }

    /// The file after this one, open. `None`: it was rolled over again and again meanwhile.
    fn successor(&self) -> io::Result<Option<(File, Identity)>> {
        for _ in 0..TRIES {
            let (path, expected) = self.next();
            let opened = match open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened?,
            };
            // another name may have come to it since it was looked for
            if expected.is_none_or(|expected| opened.1 == expected) {
                return Ok(Some(opened));
            }
        }
        Ok(None)
    }

    /// Where the file after this one stands, and which it is: the generation before it in number, if this one is still
    /// kept, else the newest, whichever that is.
    fn next(&self) -> (PathBuf, Option<Identity>) {
        let mut before = (self.path.clone(), fs::metadata(&self.path).ok().map(|newest| identity(&newest)));
        let mut missed = 0;
        for number in 1_u32.. {
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".{number}"));
            let path = PathBuf::from(name);
            match fs::metadata(&path).map(|found| identity(&found)) {
                Ok(found) if found == self.identity => return before,
                Ok(found) => (before, missed) = ((path, Some(found)), 0),
                // while the generations are renamed, one after the other, there is a gap of one
                Err(_) if missed == 0 => missed = 1,
                Err(_) => break,
            }
        }
        (self.path.clone(), None)
    }
}

fn identity(metadata: &fs::Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

fn open(path: &Path) -> io::Result<(File, Identity)> {
    let file = guarded::open(path, OFlag::O_RDONLY, 0)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::from_raw_os_error(libc::ESPIPE));
    }
    let identity = identity(&metadata);
    Ok((file, identity))
}
