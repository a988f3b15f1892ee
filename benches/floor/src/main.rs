//! The floor: the least loop that does a supervisor's work, over libc alone, with no runtime and no allocation after the
//! start. Plain loops; it is what the others are held against, not something to run.
//!
//! ```text
//! floor run LIST SOCKET LOGS BYTES BACKUPS   LIST: a line a program, NAME and the command's words, one space between
//!                                            LOGS: directory of NAME.out and NAME.err, or - to drop the output
//! floor ask SOCKET one|all                   one request, the answer to stdout: the least `status` command
//!
//! signalfd --> waitpid --> drain, close --> queue --> clone(VM|VFORK) --> epoll
//! pipes    --> read 64 KB --> write, rename at BYTES
//! socket   --> GET /one, GET /all --> canned answers, keep-alive
//! TERM     --> kill all, wait for all, end
//! ```
//!
//! At most `BATCH` programs are spawned between two looks at the descriptors. A dead pid is found by a linear search, and
//! the descriptor table is copied at each spawn, as a plain loop would do.
//!
//! Absent on purpose: states, delays, configuration, parsing of requests beyond their path, and error recovery: what
//! cannot happen on a healthy machine ends the process with a message. Everything here is unsafe libc in one thread; the
//! only memory shared with a child is that between clone and exec, while this process stands still.

#![no_std]
#![no_main]

mod ask;
mod setup;

use core::ffi::{c_char, c_int, c_void};
use core::mem::{size_of, zeroed};
use core::ptr::{null, null_mut};

/// Spawns between two looks at the descriptors.
const BATCH: usize = 16;
/// Bytes read from a pipe at once.
const READ: usize = 64 * 1024;
/// Connections at once; they are indexed by descriptor below `SEATS`.
const SEATS: usize = 65_536;
/// Bytes of a child's stack between clone and exec.
const STACK: usize = 64 * 1024;

const SIGNAL: u64 = 1 << 32;
const LISTEN: u64 = 2 << 32;
const CLIENT: u64 = 3 << 32;
const STREAM: u64 = 4 << 32;

/// One output of a program: the pipe's read end, the log's descriptor (-1: none), its size, its path.
#[repr(C)]
struct Stream {
    pipe: c_int,
    log: c_int,
    size: i64,
    path: *mut c_char,
}

/// A program: its pid (0: not running), its words, its two streams.
#[repr(C)]
struct Program {
    pid: c_int,
    words: *mut *mut c_char,
    streams: [Stream; 2],
}

/// A connection: how much of a request is here, and what of an answer is still to be sent.
#[repr(C)]
struct Seat {
    filled: usize,
    answer: *const u8,
    left: usize,
    request: [u8; 2048],
}

/// What a child needs between clone and exec.
#[repr(C)]
struct Launch {
    words: *mut *mut c_char,
    null: c_int,
    out: c_int,
    err: c_int,
}

struct Floor {
    epoll: c_int,
    signals: c_int,
    listener: c_int,
    null: c_int,
    programs: *mut Program,
    count: usize,
    /// Programs to spawn, a ring of `count` places.
    queue: *mut usize,
    head: usize,
    queued: usize,
    buffer: *mut u8,
    stack: *mut u8,
    seats: *mut *mut Seat,
    one: (*const u8, usize),
    /// Made when it is first asked for: until then it is no memory of a daemon at rest.
    all: (*const u8, usize),
    limit: i64,
    backups: u32,
    ending: bool,
    alive: usize,
}

unsafe extern "C" {
    static environ: *const *const c_char;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: abort takes nothing.
    unsafe { libc::abort() }
}

/// Ends the process with a message and errno's text when `result` is negative.
unsafe fn check(result: c_int, what: *const c_char) -> c_int {
    if result < 0 {
        unsafe {
            libc::perror(what);
            libc::_exit(1);
        }
    }
    result
}

unsafe fn room<T>(count: usize) -> *mut T {
    let at = unsafe { libc::calloc(if count == 0 { 1 } else { count }, size_of::<T>()) };
    if at.is_null() {
        unsafe { check(-1, c"calloc".as_ptr()) };
    }
    at.cast()
}

unsafe fn watch(epoll: c_int, fd: c_int, events: c_int, key: u64) {
    let mut event = libc::epoll_event { events: events as u32, u64: key };
    unsafe {
        check(libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event), c"epoll_ctl".as_ptr())
    };
}

/// Runs in the child, on its own stack, in the parent's memory: system calls only.
extern "C" fn launch(argument: *mut c_void) -> c_int {
    unsafe {
        let launch = &*argument.cast::<Launch>();
        libc::setpgid(0, 0);
        libc::dup2(launch.null, 0);
        libc::dup2(launch.out, 1);
        libc::dup2(launch.err, 2);
        let mut none: libc::sigset_t = zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, null_mut());
        libc::execve(*launch.words, launch.words.cast_const().cast(), environ);
        libc::_exit(127)
    }
}

impl Floor {
    unsafe fn spawn(&mut self, index: usize) {
        unsafe {
            let program = &mut *self.programs.add(index);
            let mut pipes = [[0; 2]; 2];
            for (which, pipe) in pipes.iter_mut().enumerate() {
                check(libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC), c"pipe2".as_ptr());
                libc::fcntl(pipe[0], libc::F_SETFL, libc::O_NONBLOCK);
                program.streams[which].pipe = pipe[0];
                watch(self.epoll, pipe[0], libc::EPOLLIN, STREAM | (index * 2 + which) as u64);
            }
            let mut launched =
                Launch { words: program.words, null: self.null, out: pipes[0][1], err: pipes[1][1] };
            let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
            let top = self.stack.add(STACK).cast();
            program.pid =
                check(libc::clone(launch, top, flags, (&raw mut launched).cast()), c"clone".as_ptr());
            libc::close(pipes[0][1]);
            libc::close(pipes[1][1]);
            self.alive += 1;
        }
    }

    /// Copies what a pipe holds to its log, at most `turns` reads of it.
    unsafe fn copy(&mut self, stream: *mut Stream, turns: usize) {
        unsafe {
            let stream = &mut *stream;
            for _ in 0..turns {
                if stream.pipe < 0 {
                    return;
                }
                let got = libc::read(stream.pipe, self.buffer.cast(), READ);
                if got == 0 {
                    libc::close(stream.pipe);
                    stream.pipe = -1;
                }
                if got <= 0 {
                    return;
                }
                if stream.log < 0 {
                    continue;
                }
                let mut done = 0;
                while done < got {
                    let wrote =
                        libc::write(stream.log, self.buffer.offset(done).cast(), (got - done) as usize);
                    done += check(wrote as c_int, c"write".as_ptr()) as isize;
                }
                stream.size += got as i64;
                if stream.size >= self.limit {
                    libc::close(stream.log);
                    rotate(stream.path, self.backups);
                    open_log(stream);
                }
            }
        }
    }

    /// Waits for all that has died, and puts it in the queue unless the end has come.
    unsafe fn reap(&mut self) {
        unsafe {
            loop {
                let pid = libc::waitpid(-1, null_mut(), libc::WNOHANG);
                if pid <= 0 {
                    return;
                }
                for index in 0..self.count {
                    let program = self.programs.add(index);
                    if (*program).pid != pid {
                        continue;
                    }
                    (*program).pid = 0;
                    self.alive -= 1;
                    for which in 0..2 {
                        let stream = &raw mut (*program).streams[which];
                        self.copy(stream, usize::MAX);
                        if (*stream).pipe >= 0 {
                            libc::close((*stream).pipe);
                            (*stream).pipe = -1;
                        }
                    }
                    self.enqueue(index);
                    break;
                }
            }
        }
    }

    unsafe fn enqueue(&mut self, index: usize) {
        if !self.ending {
            unsafe { *self.queue.add((self.head + self.queued) % self.count) = index };
            self.queued += 1;
        }
    }

    unsafe fn signal(&mut self) {
        unsafe {
            let mut info: libc::signalfd_siginfo = zeroed();
            let size = size_of::<libc::signalfd_siginfo>();
            while libc::read(self.signals, (&raw mut info).cast(), size) == size as isize {
                if info.ssi_signo != libc::SIGCHLD as u32 && !self.ending {
                    self.ending = true;
                    self.queued = 0;
                    for index in 0..self.count {
                        let pid = (*self.programs.add(index)).pid;
                        if pid > 0 {
                            libc::kill(pid, libc::SIGTERM);
                        }
                    }
                }
            }
            self.reap();
        }
    }

    unsafe fn accept(&mut self) {
        unsafe {
            let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
            let fd = libc::accept4(self.listener, null_mut(), null_mut(), flags);
            if fd < 0 {
                return;
            }
            let seat = self.seats.add(fd as usize);
            if (*seat).is_null() {
                *seat = room(1);
            }
            (**seat).filled = 0;
            (**seat).left = 0;
            watch(self.epoll, fd, libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLET, CLIENT | fd as u64);
        }
    }

    /// Goes on with a connection until it would block: sends what is left, then reads the next request.
    unsafe fn serve(&mut self, fd: c_int) {
        unsafe {
            let seat = &mut **self.seats.add(fd as usize);
            loop {
                while seat.left > 0 {
                    let sent = libc::send(fd, seat.answer.cast(), seat.left, libc::MSG_NOSIGNAL);
                    if sent < 0 {
                        if *libc::__errno_location() != libc::EAGAIN {
                            libc::close(fd);
                        }
                        return;
                    }
                    seat.answer = seat.answer.offset(sent);
                    seat.left -= sent as usize;
                }
                let free = seat.request.len() - seat.filled;
                let got = libc::recv(fd, seat.request.as_mut_ptr().add(seat.filled).cast(), free, 0);
                if got < 0 && *libc::__errno_location() == libc::EAGAIN {
                    return;
                }
                if got <= 0 {
                    libc::close(fd);
                    return;
                }
                seat.filled += got as usize;
                if seat.filled >= 8 && &seat.request[seat.filled - 4..seat.filled] == b"\r\n\r\n" {
                    let all = &seat.request[..8] == b"GET /all";
                    if all && self.all.0.is_null() {
                        self.all = setup::can(self.count);
                    }
                    (seat.answer, seat.left) = if all { self.all } else { self.one };
                    seat.filled = 0;
                }
            }
        }
    }

    unsafe fn run(&mut self) -> c_int {
        unsafe {
            let mut events: [libc::epoll_event; 64] = zeroed();
            while !(self.ending && self.alive == 0) {
                let mut spawned = 0;
                while self.queued > 0 && spawned < BATCH {
                    let index = *self.queue.add(self.head);
                    self.head = (self.head + 1) % self.count;
                    self.queued -= 1;
                    self.spawn(index);
                    spawned += 1;
                }
                let patience = if self.queued > 0 { 0 } else { -1 };
                let ready = libc::epoll_wait(self.epoll, events.as_mut_ptr(), 64, patience);
                let mut signalled = false;
                for event in events.iter().take(if ready > 0 { ready as usize } else { 0 }) {
                    let (key, low) = (event.u64, (event.u64 & 0xffff_ffff) as usize);
                    match key >> 32 << 32 {
                        // Last, or a pipe that it closes could still be among these events under another's number.
                        SIGNAL => signalled = true,
                        LISTEN => self.accept(),
                        CLIENT => self.serve(low as c_int),
                        _ => {
                            let stream = &raw mut (*self.programs.add(low / 2)).streams[low % 2];
                            self.copy(stream, 1);
                        }
                    }
                }
                if signalled {
                    self.signal();
                }
            }
            0
        }
    }
}

unsafe fn open_log(stream: &mut Stream) {
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
    unsafe { stream.log = check(libc::open(stream.path, flags, 0o644), stream.path) };
    stream.size = 0;
}

/// PATH.(n-1) to PATH.n, down to PATH to PATH.1.
unsafe fn rotate(path: *const c_char, backups: u32) {
    let (mut from, mut to) = ([0 as c_char; 512], [0 as c_char; 512]);
    for number in (0..backups).rev() {
        unsafe {
            if number == 0 {
                libc::snprintf(from.as_mut_ptr(), 512, c"%s".as_ptr(), path);
            } else {
                libc::snprintf(from.as_mut_ptr(), 512, c"%s.%u".as_ptr(), path, number);
            }
            libc::snprintf(to.as_mut_ptr(), 512, c"%s.%u".as_ptr(), path, number + 1);
            libc::rename(from.as_ptr(), to.as_ptr());
        }
    }
}

unsafe fn supervise(argument: *const *const c_char) -> c_int {
    unsafe {
        let word = |index: usize| *argument.add(index);
        let mut handled: libc::sigset_t = zeroed();
        libc::sigemptyset(&raw mut handled);
        for signal in [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT] {
            libc::sigaddset(&raw mut handled, signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, &raw const handled, null_mut());
        let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
        let signals = check(libc::signalfd(-1, &raw const handled, flags), c"signalfd".as_ptr());
        let epoll = check(libc::epoll_create1(libc::EPOLL_CLOEXEC), c"epoll_create1".as_ptr());
        let null =
            check(libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC), c"/dev/null".as_ptr());
        let listener = setup::listen(word(3));
        let (programs, count) = setup::programs(word(2), word(4));
        watch(epoll, signals, libc::EPOLLIN, SIGNAL);
        watch(epoll, listener, libc::EPOLLIN, LISTEN);
        let mut floor = Floor {
            epoll,
            signals,
            listener,
            null,
            programs,
            count,
            queue: room(count),
            head: 0,
            queued: 0,
            buffer: room(READ),
            stack: room(STACK),
            seats: room(SEATS),
            one: setup::can(1),
            all: (core::ptr::null(), 0),
            limit: libc::atol(word(5)) as i64,
            backups: libc::atoi(word(6)) as u32,
            ending: false,
            alive: 0,
        };
        for index in 0..count {
            floor.enqueue(index);
        }
        floor.run()
    }
}

/// Where the C library begins.
#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, argument: *const *const c_char) -> c_int {
    // SAFETY: `count` arguments, each ending in NUL; all else is checked where it happens, in this one thread.
    unsafe {
        let verb = if count > 1 { *argument.add(1) } else { null() };
        if count == 7 && libc::strcmp(verb, c"run".as_ptr()) == 0 {
            supervise(argument)
        } else if count == 4 && libc::strcmp(verb, c"ask".as_ptr()) == 0 {
            ask::ask(*argument.add(2), *argument.add(3))
        } else {
            let usage = b"floor run LIST SOCKET LOGS BYTES BACKUPS | floor ask SOCKET one|all\n";
            libc::write(2, usage.as_ptr().cast(), usage.len());
            2
        }
    }
}
