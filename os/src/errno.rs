//! The names of error numbers, as Supervisor's messages show them (`EACCES`), from a static table.
//!
//! The table is read by a child between `clone` and `execve`: it allocates nothing and cannot fail.
//! Absent: the texts of `strerror`, which [`std::io::Error`] has.

use std::borrow::Cow;

macro_rules! names {
    ($errno:ident: $($name:ident)+) => {
        match $errno {
            $(libc::$name => Some(stringify!($name)),)+
            _ => other($errno),
        }
    };
}

/// No more descriptors for this process.
pub const EMFILE: i32 = libc::EMFILE;

/// A message that is too long for its socket.
pub const EMSGSIZE: i32 = libc::EMSGSIZE;

/// The name of an error number; `None` if the platform does not know it.
#[must_use]
pub fn name(errno: i32) -> Option<&'static str> {
    names! { errno:
        EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT
        ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG
        ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP
        ENOMSG EIDRM ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT
        ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN
        ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS
        ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUSERS EDQUOT
        EOVERFLOW EILSEQ EPROTO EBADMSG ECANCELED EOWNERDEAD ENOTRECOVERABLE
    }
}

#[cfg(target_os = "linux")]
fn other(errno: i32) -> Option<&'static str> {
    macro_rules! linux {
        ($($name:ident)+) => {
            match errno {
                $(libc::$name => Some(stringify!($name)),)+
                _ => None,
            }
        };
    }
    linux! {
        ENOSTR ENODATA ETIME ENOSR ENOLINK EMULTIHOP EREMOTE EREMOTEIO ENOMEDIUM EMEDIUMTYPE ENOKEY
        EKEYEXPIRED EKEYREVOKED EKEYREJECTED ELIBACC ELIBBAD ECOMM ENONET ENOPKG EUCLEAN ESTRPIPE
        EUNATCH ECHRNG
    }
}

#[cfg(not(target_os = "linux"))]
fn other(_errno: i32) -> Option<&'static str> {
    None
}

/// The name, or the number where there is none.
#[must_use]
pub fn describe(errno: i32) -> Cow<'static, str> {
    name(errno).map_or_else(|| Cow::Owned(errno.to_string()), Cow::Borrowed)
}

/// The error number of an I/O error; `EACCES` for what we refuse ourselves, 0 for what else the system did not make.
#[must_use]
pub fn of(error: &std::io::Error) -> i32 {
    let refused = error.get_ref().is_some_and(|inner| inner.is::<crate::guarded::Refusal>());
    error.raw_os_error().unwrap_or(if refused { libc::EACCES } else { 0 })
}

/// The error number of the last failed call of this thread.
pub(crate) fn last() -> i32 {
    of(&std::io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_by_name_and_unknown_ones_as_numbers() {
        let shown = [libc::ENOENT, libc::EACCES, libc::EAGAIN, 31_337].map(|n| describe(n).into_owned());
        assert_eq!(shown, ["ENOENT", "EACCES", "EAGAIN", "31337"]);
    }
}
