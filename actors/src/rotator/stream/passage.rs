//! Bytes on their way from the pipe to the file: what is true of them however the way ends.

use super::Sink;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes on their way to the file; what is not written when this is dropped is pending.
pub(super) struct Unwritten<'a> {
    pub(super) sink: MutexGuard<'a, Sink>,
    pub(super) bytes: &'a [u8],
    pub(super) written: usize,
}

impl Drop for Unwritten<'_> {
    fn drop(&mut self) {
        let rest = &self.bytes[self.written..];
        self.sink.pending.extend_from_slice(rest);
    }
}

/// Says that bytes may be out of the pipe and not yet in the file.
pub(super) struct Busy<'a>(&'a AtomicBool);

impl<'a> Busy<'a> {
    pub(super) fn new(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::SeqCst);
        Self(flag)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}
