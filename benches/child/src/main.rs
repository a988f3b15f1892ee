//! The program that every daemon under test runs: a few pages, static, no C library, so that what is measured is the
//! daemon.
//!
//! ```text
//! child FIFO ID sleep                   announce, then pause for ever
//! child FIFO ID exit                    announce, then end with code 0
//! child FIFO ID write GATE BYTES CHUNK  announce, wait until GATE (a FIFO) has a writer, write BYTES of numbered
//!                                       100-byte lines to stdout, CHUNK bytes a write, announce the end, pause
//! ```
//!
//! An announcement is twelve bytes in FIFO, little endian, written at once: ID, pid, kind (0 runs, 1 has written all).
//! With no reader at the FIFO the announcement is dropped and the child goes on. Absent on purpose: error messages
//! (a wrong call ends with code 2, a failed write with code 3), and any signal handling.

#![no_std]
#![no_main]

use core::arch::{asm, global_asm};

#[cfg(target_arch = "x86_64")]
mod number {
    pub const WRITE: usize = 1;
    pub const GETPID: usize = 39;
    pub const EXIT: usize = 60;
    pub const OPENAT: usize = 257;
    pub const PPOLL: usize = 271;
    pub const CLOSE: usize = 3;
}

#[cfg(target_arch = "aarch64")]
mod number {
    pub const WRITE: usize = 64;
    pub const GETPID: usize = 172;
    pub const EXIT: usize = 93;
    pub const OPENAT: usize = 56;
    pub const PPOLL: usize = 73;
    pub const CLOSE: usize = 57;
}

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {begin}",
    "ud2",
    begin = sym begin,
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl _start",
    "_start:",
    "mov x29, #0",
    "mov x0, sp",
    "bl {begin}",
    "brk #1",
    begin = sym begin,
);

const AT_FDCWD: usize = -100_isize as usize;
const O_RDONLY: usize = 0;
const O_WRONLY: usize = 1;
const O_NONBLOCK: usize = 0o4000;
const O_CLOEXEC: usize = 0o2_000_000;

const RUNS: u32 = 0;
const WRITTEN: u32 = 1;

const LINE: usize = 100;
const LARGEST_CHUNK: usize = 1 << 20;

/// The text that is written: lines of `LINE` bytes, and one more than the largest chunk holds.
static mut TEXT: [u8; LARGEST_CHUNK + 2 * LINE] = [0; LARGEST_CHUNK + 2 * LINE];

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(101)
}

/// One system call.
///
/// # Safety
/// The arguments must be what the kernel asks of the call `n`.
#[cfg(target_arch = "x86_64")]
unsafe fn call(n: usize, a: usize, b: usize, c: usize, d: usize) -> isize {
    let result: isize;
    // SAFETY: the kernel's convention; rcx and r11 are what it clobbers. r8 is ppoll's fifth argument: a null mask's size.
    unsafe {
        asm!("syscall", inlateout("rax") n as isize => result, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d,
             in("r8") 8_usize, lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// One system call.
///
/// # Safety
/// The arguments must be what the kernel asks of the call `n`.
#[cfg(target_arch = "aarch64")]
unsafe fn call(n: usize, a: usize, b: usize, c: usize, d: usize) -> isize {
    let result: isize;
    // SAFETY: the kernel's convention. x4 is ppoll's fifth argument: a null mask's size.
    unsafe {
        asm!("svc 0", in("x8") n, inlateout("x0") a => result, in("x1") b, in("x2") c, in("x3") d, in("x4") 8_usize,
             options(nostack));
    }
    result
}

fn exit(code: usize) -> ! {
    loop {
        // SAFETY: exit takes any code and does not return.
        unsafe { call(number::EXIT, code, 0, 0, 0) };
    }
}

fn pause() -> ! {
    loop {
        // SAFETY: ppoll on no descriptors, with no time and no mask, waits for a signal.
        unsafe { call(number::PPOLL, 0, 0, 0, 0) };
    }
}

/// Opens a file named by an argument of the process.
fn open(path: *const u8, flags: usize) -> isize {
    // SAFETY: `path` is one of the process's arguments, which end in NUL and live as long as the process.
    unsafe { call(number::OPENAT, AT_FDCWD, path as usize, flags, 0) }
}

fn announce(fifo: *const u8, id: u32, kind: u32) {
    let fd = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if fd < 0 {
        return;
    }
    // SAFETY: getpid takes nothing; the record lives until write returns; the descriptor is ours.
    unsafe {
        let pid = call(number::GETPID, 0, 0, 0, 0) as u32;
        let record = [id.to_le(), pid.to_le(), kind.to_le()];
        call(number::WRITE, fd as usize, (&raw const record) as usize, 12, 0);
        call(number::CLOSE, fd as usize, 0, 0, 0);
    }
}

/// The decimal number that `text` begins with.
fn decimal(mut text: *const u8) -> usize {
    let mut number = 0;
    loop {
        // SAFETY: arguments end in NUL, and the loop ends there.
        let digit = unsafe { *text };
        if !digit.is_ascii_digit() {
            return number;
        }
        number = number * 10 + usize::from(digit - b'0');
        text = text.wrapping_add(1);
    }
}

/// The next of an eight-digit decimal counter, kept as its text.
fn advance(counter: &mut [u8; 8]) {
    for digit in counter.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
}

/// Writes `bytes` of text, `chunk` at a time. A chunk need not end where a line ends: the text is periodic, so each chunk
/// begins at its phase in the text, and only the numbers of the lines that it touches are written anew.
fn write_lines(bytes: usize, chunk: usize) {
    let text = (&raw mut TEXT).cast::<u8>();
    let filled = chunk + 2 * LINE;
    for at in 0..filled {
        let byte = if at % LINE == LINE - 1 { b'\n' } else { b'x' };
        // SAFETY: `filled` is at most the size of TEXT. Volatile, or it would become a call of memset, which is not here.
        unsafe { text.add(at).write_volatile(byte) };
    }
    let mut first = *b"00000000";
    let mut phase = 0;
    let mut left = bytes;
    while left > 0 {
        let size = if left < chunk { left } else { chunk };
        let lines = (phase + size).div_ceil(LINE);
        let whole = (phase + size) / LINE;
        let mut counter = first;
        for line in 0..lines {
            if line == whole {
                first = counter;
            }
            // SAFETY: a line begins below phase + size, which is below chunk + LINE: eight more bytes are in TEXT.
            unsafe { text.add(line * LINE).cast::<u64>().write_unaligned(u64::from_ne_bytes(counter)) };
            advance(&mut counter);
        }
        if whole == lines {
            first = counter;
        }
        let mut done = 0;
        while done < size {
            // SAFETY: phase + size is within TEXT.
            let wrote = unsafe { call(number::WRITE, 1, text.add(phase + done) as usize, size - done, 0) };
            if wrote == -4 {
                continue;
            }
            if wrote <= 0 {
                exit(3);
            }
            done += wrote as usize;
        }
        left -= size;
        phase = (phase + size) % LINE;
    }
}

/// Where the process begins: `stack` points at argc, then the arguments.
extern "C" fn begin(stack: *const usize) -> ! {
    // SAFETY: the kernel puts argc and argc pointers to texts there.
    let (count, argument) = unsafe { (*stack, stack.add(1).cast::<*const u8>()) };
    // SAFETY: used with indices below `count` only.
    let at = |index: usize| unsafe { *argument.add(index) };
    if count < 4 {
        exit(2);
    }
    let (fifo, id) = (at(1), decimal(at(2)) as u32);
    announce(fifo, id, RUNS);
    // SAFETY: an argument has at least its NUL.
    match unsafe { *at(3) } {
        b's' => pause(),
        b'e' => exit(0),
        b'w' if count == 7 => {
            let (bytes, chunk) = (decimal(at(5)), decimal(at(6)));
            if chunk == 0 || chunk > LARGEST_CHUNK {
                exit(2);
            }
            open(at(4), O_RDONLY | O_CLOEXEC);
            write_lines(bytes, chunk);
            announce(fifo, id, WRITTEN);
            pause()
        }
        _ => exit(2),
    }
}
