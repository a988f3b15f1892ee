//! Wall time broken down for display, in the time zone of the process.
//!
//! Absent: reading a clock. The moment comes in as milliseconds since the epoch.
#![allow(unsafe_code, reason = "localtime_r is the only way to the system's time zone")]

use std::mem::MaybeUninit;
use treeherd_domain::status::LocalTime;

/// Local wall time of a moment in milliseconds since the epoch. A moment that the system's
/// calendar does not reach is shown as the default, all zeros.
#[must_use]
pub fn local_time(epoch_ms: u64) -> LocalTime {
    let Ok(seconds) = libc::time_t::try_from(epoch_ms / 1000) else { return LocalTime::default() };
    let mut broken = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid for the call; all-zero is a valid `tm`.
    if unsafe { libc::localtime_r(&raw const seconds, broken.as_mut_ptr()) }.is_null() {
        return LocalTime::default();
    }
    // SAFETY: zeroed before and filled in by the call that succeeded.
    let tm = unsafe { broken.assume_init() };
    let small = |n: libc::c_int| u8::try_from(n).unwrap_or(0);
    LocalTime {
        year: tm.tm_year.saturating_add(1900),
        month: small(tm.tm_mon + 1),
        day: small(tm.tm_mday),
        hour: small(tm.tm_hour),
        minute: small(tm.tm_min),
        second: small(tm.tm_sec),
        millis: u16::try_from(epoch_ms % 1000).unwrap_or(0),
    }
}
