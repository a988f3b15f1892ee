//! Reading a piece of a log file, by Supervisor's two sets of rules.
//!
//! Only regular files are read: a FIFO would block, a device has no size; but `/dev/null` is empty. What would be
//! refused for writing is not read either: a link that a program's user planted does not show root's files.
//! Absent: which file a log is, following one, and the limits of the wire.

use crate::guarded;
use nix::fcntl::OFlag;
use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek, SeekFrom};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The most that one call returns, in bytes.
pub const MOST: u64 = 256 * 1024 * 1024;

/// Why a piece was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The offset and the length contradict each other (Supervisor's `BAD_ARGUMENTS`).
    #[error("BAD_ARGUMENTS: a negative offset needs length 0, and a length may not be negative")]
    BadArguments,
    /// More than [`MOST`] bytes were asked for.
    #[error("FAILED: {bytes} bytes of {path} at once are too many: give an offset and a length")]
    TooMuch {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        bytes: u64,
    },
    /// The file cannot be read.
    #[error("FAILED: cannot read {path}: {source}")]
    Failed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What [`tail`] returns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tail {
    /// The bytes.
    pub data: Vec<u8>,
    /// The size of the file: where to go on.
    pub offset: i64,
    /// Whether more had been there than was asked for, so that some were skipped.
    pub overflow: bool,
}

/// Reads `length` bytes from `offset` (0: all to the end), or with a negative offset the last bytes.
///
/// # Errors
/// [`ReadError`].
pub fn read(path: &Path, offset: i64, length: i64) -> Result<Vec<u8>, ReadError> {
    let failed = |source| ReadError::Failed { path: path.to_owned(), source };
    let (mut file, size) = open(path).map_err(failed)?;
    let start = match (u64::try_from(offset), length) {
        (Err(_), 0) => size.saturating_sub(offset.unsigned_abs()),
        (Ok(start), 0..) => start,
        _ => return Err(ReadError::BadArguments),
    };
    let wanted = if length == 0 { size.saturating_sub(start) } else { length.unsigned_abs() };
    let bytes = wanted.min(size.saturating_sub(start));
    if bytes > MOST {
        return Err(ReadError::TooMuch { path: path.to_owned(), bytes });
    }
    piece(&mut file, start, bytes).map_err(failed)
}

/// Reads the last bytes of a file, up to `length` of them, for a reader who has seen `offset` bytes. A
/// file that cannot be read gives nothing, as in Supervisor.
#[must_use]
pub fn tail(path: &Path, offset: i64, length: i64) -> Tail {
    let nothing = Tail { data: Vec::new(), offset, overflow: false };
    open(path).and_then(|(file, size)| tail_of(file, size, offset, length)).unwrap_or(nothing)
}

fn tail_of(mut file: File, size: u64, mut offset: i64, mut length: i64) -> io::Result<Tail> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let overflow = size > offset.saturating_add(length);
    if overflow {
        offset = size - 1;
    }
    if offset.saturating_add(length) > size {
        if offset > size - 1 {
            length = 0;
        }
        offset = size.saturating_sub(length);
    }
    let start = u64::try_from(offset).unwrap_or(0);
    let length = u64::try_from(length).unwrap_or(0).min(MOST);
    Ok(Tail { data: piece(&mut file, start, length)?, offset: size, overflow })
}

/// Opens a log to read it, and tells its size.
///
/// # Errors
/// What `open(2)` says; `ESPIPE` for what is no regular file; as root the same refusal as for writing.
pub fn open(path: &Path) -> io::Result<(File, u64)> {
    // not blocking, so that a FIFO nobody writes to is refused below instead of waited for
    let file = guarded::open(path, OFlag::O_RDONLY, 0)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() && !is_null(&metadata) {
        return Err(io::Error::from_raw_os_error(libc::ESPIPE));
    }
    let size = metadata.len();
    Ok((file, size))
}

/// Whether it is `/dev/null`: a log that never holds anything.
fn is_null(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && metadata.rdev() == libc::makedev(1, 3)
}

fn piece(file: &mut File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    if length > 0 {
        file.seek(SeekFrom::Start(start))?;
        file.take(length).read_to_end(&mut data)?;
    }
    Ok(data)
}
