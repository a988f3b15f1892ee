//! A launch laid out for `execve`: C strings one after the other, and tables of pointers to them.
//!
//! All allocation of a spawn happens here, before there is a child. Absent: any system call.

use super::Launch;
use super::child::{Identity, Plan};
use super::listen::{self, ListenPid};
use super::stdio::ChildEnds;
use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::ptr;

/// C strings in one buffer, named by their offsets (the buffer moves while it grows).
#[derive(Default)]
struct Arena(Vec<u8>);

impl Arena {
    /// Adds one C string made of `pieces`; `None` if one holds a NUL.
    fn push(&mut self, pieces: &[&[u8]]) -> Option<usize> {
        let start = self.0.len();
        for piece in pieces {
            if memchr::memchr(0, piece).is_some() {
                return None;
            }
            self.0.extend_from_slice(piece);
        }
        self.0.push(0);
        Some(start)
    }

    fn at(&self, start: usize) -> *const libc::c_char {
        self.0[start..].as_ptr().cast()
    }
}

/// A launch as the child wants it.
pub(super) struct Prepared {
    arena: Arena,
    program: usize,
    directory: Option<usize>,
    argv: Vec<*const libc::c_char>,
    envp: Vec<*const libc::c_char>,
    listen_pid: Option<ListenPid>,
}

impl Prepared {
    /// Lays a launch out; `None` if one of its texts holds a NUL.
    pub(super) fn new(launch: &Launch) -> Option<Self> {
        let mut arena = Arena(Vec::with_capacity(4096));
        let program = arena.push(&[launch.program.as_os_str().as_bytes()])?;
        let directory = match &launch.directory {
            Some(directory) => Some(arena.push(&[directory.as_bytes()])?),
            None => None,
        };
        let words: Vec<usize> =
            launch.argv.iter().map(|word| arena.push(&[word.as_bytes()])).collect::<Option<_>>()?;
        let laid = overrides(launch, &mut arena)?;
        let argv = words.into_iter().map(|at| arena.at(at)).chain([ptr::null()]).collect();
        let mut envp: Vec<_> = launch.environment.pointers().collect();
        for Override { entry, start } in laid {
            match entry {
                Some(entry) => envp[entry] = arena.at(start),
                None => envp.push(arena.at(start)),
            }
        }
        let listen_pid = (!launch.sockets.is_empty()).then(ListenPid::new);
        if let Some(pid) = &listen_pid {
            match launch.environment.entry(listen::PID.as_bytes()) {
                Some(entry) => envp[entry] = pid.pointer(),
                None => envp.push(pid.pointer()),
            }
        }
        envp.push(ptr::null());
        Some(Self { arena, program, directory, argv, envp, listen_pid })
    }

    /// What the child is to do. The plan points into `self`, `launch` and `ends`.
    pub(super) fn plan<'a>(&'a self, launch: &'a Launch, ends: &'a ChildEnds) -> Plan<'a> {
        Plan {
            program: self.arena.at(self.program),
            argv: &self.argv,
            envp: &self.envp,
            directory: self.directory.map(|at| self.arena.at(at)),
            umask: launch.umask,
            files: launch.environment.files(),
            identity: launch.credentials.as_ref().map(|account| Identity {
                uid: account.uid,
                gid: account.gid,
                groups: &account.groups,
            }),
            stdio: ends.raw(),
            sockets: ends.sockets(),
            listen_pid: self.listen_pid.as_ref(),
            line: ends.line().zip(launch.line),
        }
    }
}

/// One variable that is not the base's: in place of an entry of it, or new.
struct Override {
    entry: Option<usize>,
    start: usize,
}

fn overrides(launch: &Launch, arena: &mut Arena) -> Option<Vec<Override>> {
    let mut laid: Vec<Override> = Vec::with_capacity(launch.overrides.len());
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let of_sockets = listen::variables(&launch.sockets);
    let is_own = |name: &str| of_sockets.is_empty() || name != listen::PID;
    for (name, value) in launch.overrides.iter().chain(&of_sockets).filter(|(name, _)| is_own(name)) {
        let start = arena.push(&[name.as_bytes(), b"=", value.as_bytes()])?;
        match seen.get(name.as_str()) {
            Some(&at) => laid[at].start = start,
            None => {
                seen.insert(name, laid.len());
                laid.push(Override { entry: launch.environment.entry(name.as_bytes()), start });
            }
        }
    }
    Some(laid)
}
