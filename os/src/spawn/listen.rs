//! How a child learns of the sockets that it inherits: the variables of `sd_listen_fds(3)`.
//!
//! ```text
//! LISTEN_FDS=2  LISTEN_FDNAMES=web:admin     known beforehand
//! LISTEN_PID=                                written by the child, which alone knows its number
//! ```
//!
//! Absent: the descriptors (`stdio`, `child`).
#![allow(unsafe_code, reason = "a buffer that the child writes to")]

use super::Inherited;
use super::child::Decimal;
use std::cell::UnsafeCell;

pub(super) const PID: &str = "LISTEN_PID";
const ENTRY: &[u8] = b"LISTEN_PID=";
/// The entry, the digits of any number, a NUL.
const ROOM: usize = ENTRY.len() + 10 + 1;

/// The variables whose values are known beforehand; none without sockets.
pub(super) fn variables(sockets: &[Inherited]) -> Vec<(String, String)> {
    if sockets.is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> = sockets.iter().map(|socket| socket.name.as_str()).collect();
    vec![
        ("LISTEN_FDS".to_owned(), sockets.len().to_string()),
        ("LISTEN_FDNAMES".to_owned(), names.join(":")),
    ]
}

/// `LISTEN_PID=` with room for a number.
pub(super) struct ListenPid(Box<UnsafeCell<[u8; ROOM]>>);

impl ListenPid {
    pub(super) fn new() -> Self {
        let mut text = [0; ROOM];
        text[..ENTRY.len()].copy_from_slice(ENTRY);
        Self(Box::new(UnsafeCell::new(text)))
    }

    /// The entry as a C string; valid for as long as `self` is.
    pub(super) fn pointer(&self) -> *const libc::c_char {
        self.0.get().cast_const().cast()
    }

    /// Writes the number of the process that calls. Allocates nothing and cannot panic.
    pub(super) fn write(&self) {
        let mut digits = Decimal::default();
        let digits = digits.show(std::process::id());
        // SAFETY: a number has at most ten digits, so that they end before the last byte, which stays NUL; only the
        // child calls this, while the parent, where it shares the memory, is suspended, and nobody holds a reference.
        unsafe {
            let after = self.0.get().cast::<u8>().add(ENTRY.len());
            after.copy_from_nonoverlapping(digits.as_ptr(), digits.len());
        }
    }
}
