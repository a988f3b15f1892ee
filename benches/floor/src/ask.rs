//! The least `status` command: connect, one request, the answer to stdout.

use crate::check;
use core::ffi::{c_char, c_int};
use core::mem::{size_of, zeroed};

/// The address of a socket's path.
pub unsafe fn address(path: *const c_char) -> libc::sockaddr_un {
    unsafe {
        let mut address: libc::sockaddr_un = zeroed();
        address.sun_family = libc::AF_UNIX as u16;
        libc::strncpy(address.sun_path.as_mut_ptr(), path, address.sun_path.len() - 1);
        address
    }
}

/// Asks for `one` or `all`; the process's exit code.
pub unsafe fn ask(path: *const c_char, what: *const c_char) -> c_int {
    unsafe {
        let fd = check(libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0), c"socket".as_ptr());
        let address = address(path);
        let size = size_of::<libc::sockaddr_un>() as u32;
        check(libc::connect(fd, (&raw const address).cast(), size), path);
        let mut buffer = [0 as c_char; 16 * 1024];
        let asked = libc::snprintf(buffer.as_mut_ptr(), 256, c"GET /%s HTTP/1.1\r\n\r\n".as_ptr(), what);
        check(libc::write(fd, buffer.as_ptr().cast(), asked as usize) as c_int, path);
        // The head comes with the first bytes of the body: it is written at once, and far below what a read takes.
        let got =
            check(libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len() - 1) as c_int, path) as usize;
        buffer[got] = 0;
        let head = libc::strstr(buffer.as_ptr(), c"\r\n\r\n".as_ptr());
        let length = libc::strstr(buffer.as_ptr(), c"Content-Length: ".as_ptr());
        if head.is_null() || length.is_null() {
            return 1;
        }
        let body = head.add(4).cast_const();
        let mut here = got - body.offset_from(buffer.as_ptr()) as usize;
        let mut left = libc::atol(length.add(16)) as usize - here;
        libc::write(1, body.cast(), here);
        while left > 0 {
            here = check(libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) as c_int, path) as usize;
            if here == 0 {
                return 1;
            }
            libc::write(1, buffer.as_ptr().cast(), here);
            left -= here;
        }
        0
    }
}
