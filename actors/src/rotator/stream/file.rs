//! The file of a stream: when it is opened, opened anew, and emptied.
//!
//! ```text
//!   open_for_spawn ─► is_open ─► (the process is made) ─► open_for_pipe: open, and at its path        blocking pool, logs
//!   reopen (SIGUSR2), clear                               what is open                                logs
//! ```
//!
//! The files beside it ([`Copies`](super::Copies)) are looked after at the same moments. Absent: what is written into it,
//! and by which sizes it is rolled over ([`resize`](super::resize)).

use super::StreamEstate;
use crate::estate::lock;
use crate::rotator::copies::Copies;
use std::sync::atomic::Ordering;
use treeherd_os::logfile::{self, LogFile, OpenError};

impl StreamEstate {
    /// Whether the file is open (or none is wanted), so that a spawn need not wait for it.
    pub(crate) fn is_open(&self) -> bool {
        self.path.is_none() || self.open.load(Ordering::Acquire)
    }

    /// Opens the file for a spawn that is about to come.
    pub(crate) fn open_for_spawn(&self) -> Result<(), OpenError> {
        self.open()?;
        self.fresh.store(true, Ordering::Release);
        Ok(())
    }

    /// Sees to it that the file of a process that was spawned just now is open and stands at its path.
    pub(crate) fn open_for_pipe(&self) -> Result<(), OpenError> {
        if self.fresh.swap(false, Ordering::AcqRel) { Ok(()) } else { self.open() }
    }

    /// Opens the file if it is not open or no longer stands at its path.
    pub(crate) fn open(&self) -> Result<(), OpenError> {
        let Some(path) = &self.path else { return Ok(()) };
        self.copies().for_each(Copies::look_again);
        let rotation = *lock(&self.rotation);
        let mut sink = lock(&self.sink);
        match sink.file.as_mut().filter(|file| file.is_current()) {
            Some(file) => file.roll_by(rotation),
            None => {
                let file = LogFile::open(path, rotation)?;
                lock(&self.tap).resized(file.size());
                sink.file = Some(file);
            }
        }
        self.open.store(true, Ordering::Release);
        Ok(())
    }

    /// Closes the file and opens it by its name (`SIGUSR2`). A stream whose file is not open stays so.
    pub(crate) fn reopen(&self) -> Result<(), OpenError> {
        self.copies().for_each(Copies::look_again);
        let mut sink = lock(&self.sink);
        let Some(file) = sink.file.as_mut() else { return Ok(()) };
        file.reopen()?;
        lock(&self.tap).resized(file.size());
        Ok(())
    }

    /// Empties the log. An open file is deleted and made anew; a closed one is truncated.
    /// What was captured so far goes as well.
    pub(crate) fn clear(&self) -> Result<(), String> {
        lock(&self.sink).divider.clear();
        let Some(path) = &self.path else { return Ok(()) };
        match lock(&self.sink).file.as_mut() {
            Some(file) => file.clear().map_err(|error| error.to_string())?,
            None => logfile::clear_path(path)
                .map_err(|error| format!("cannot empty {}: {error}", path.display()))?,
        }
        lock(&self.tap).resized(0);
        self.copies().try_for_each(Copies::clear)
    }
}
