//! What is done once, before the loop: the list of programs, the canned answers, the socket.

use crate::{Program, ask, check, open_log, room};
use core::ffi::{c_char, c_int};
use core::mem::{size_of, zeroed};

/// Bytes of the canned answer for one program.
const ANSWER: usize = 1400;

/// The canned answer for `count` programs.
pub unsafe fn can(count: usize) -> (*const u8, usize) {
    unsafe {
        let body = count * ANSWER;
        let at: *mut u8 = room(256 + body);
        let format = c"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n".as_ptr();
        let head = libc::snprintf(at.cast(), 256, format, body) as usize;
        libc::memset(at.add(head).cast(), b'.' as c_int, body);
        for index in 0..count {
            libc::memcpy(at.add(head + index * ANSWER).cast(), c"RUNNING".as_ptr().cast(), 7);
            *at.add(head + (index + 1) * ANSWER - 1) = b'\n';
        }
        (at, head + body)
    }
}

/// Reads LIST whole and cuts it in place: spaces and newlines become NUL.
pub unsafe fn programs(list: *const c_char, logs: *const c_char) -> (*mut Program, usize) {
    unsafe {
        let fd = check(libc::open(list, libc::O_RDONLY | libc::O_CLOEXEC), list);
        let mut stat: libc::stat = zeroed();
        libc::fstat(fd, &raw mut stat);
        let size = stat.st_size as usize;
        let text: *mut u8 = room(size + 1);
        check(libc::read(fd, text.cast(), size) as c_int, list);
        libc::close(fd);
        let count = (0..size).filter(|&at| *text.add(at) == b'\n').count();
        let programs: *mut Program = room(count);
        let mut at = text;
        for index in 0..count {
            let program = &mut *programs.add(index);
            let mut end = at;
            let mut spaces = 0;
            while *end != b'\n' {
                if *end == b' ' {
                    spaces += 1;
                    *end = 0;
                }
                end = end.add(1);
            }
            *end = 0;
            program.words = room(spaces + 1);
            let name = at;
            for word in 0..spaces {
                at = at.add(libc::strlen(at.cast()) + 1);
                *program.words.add(word) = at.cast();
            }
            for (stream, ending) in program.streams.iter_mut().zip([c"out", c"err"]) {
                (stream.pipe, stream.log) = (-1, -1);
                if *logs == b'-' as c_char {
                    continue;
                }
                let room_of_path = libc::strlen(logs) + libc::strlen(name.cast()) + 8;
                stream.path = room(room_of_path);
                libc::snprintf(
                    stream.path,
                    room_of_path,
                    c"%s/%s.%s".as_ptr(),
                    logs,
                    name,
                    ending.as_ptr(),
                );
                open_log(stream);
            }
            at = end.add(1);
        }
        (programs, count)
    }
}

/// Listens on a Unix socket at `path`.
pub unsafe fn listen(path: *const c_char) -> c_int {
    unsafe {
        let flags = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        let fd = check(libc::socket(libc::AF_UNIX, flags, 0), c"socket".as_ptr());
        let address = ask::address(path);
        let size = size_of::<libc::sockaddr_un>() as u32;
        check(libc::bind(fd, (&raw const address).cast(), size), path);
        check(libc::listen(fd, 64), path);
        fd
    }
}
