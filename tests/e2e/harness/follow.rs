//! A `supervisorctl` that does not end by itself: `tail -f`, `fg`. What it writes is read as it comes.

use super::{Herd, until};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The program, and what it has written to its standard output.
#[derive(Debug)]
pub(crate) struct Follower {
    child: Child,
    stdin: Option<ChildStdin>,
    text: Arc<Mutex<Vec<u8>>>,
}

impl Herd {
    /// Starts `supervisorctl` with these words.
    #[track_caller]
    pub(crate) fn follow(&self, words: &str) -> Follower {
        if let Some(name) = words.strip_prefix("tail -f ").and_then(|rest| rest.split([' ', ':']).next()) {
            // a log that is not there yet is not followed
            self.wait_anywhere(&format!("spawned: '{name}'"));
        }
        let mut command = self.ctl_command();
        command.args(words.split(' '));
        Follower::of(&mut command)
    }
}

impl Follower {
    /// Starts a command.
    #[track_caller]
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let text = Arc::new(Mutex::new(Vec::new()));
        let (mut stdout, into) = (child.stdout.take().expect("it is piped"), Arc::clone(&text));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut buffer) {
                into.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
            }
        });
        Self { stdin: child.stdin.take(), child, text }
    }

    /// All that it wrote so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Waits until it has written this.
    #[track_caller]
    pub(crate) fn wait(&self, piece: &str) -> String {
        until(&format!("{piece:?} from supervisorctl; so far: {:?}", self.text()), || {
            let text = self.text();
            text.contains(piece).then_some(text)
        })
    }

    /// Types a line.
    #[track_caller]
    pub(crate) fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("it is open");
        stdin.write_all(format!("{line}\n").as_bytes()).expect("it reads");
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
