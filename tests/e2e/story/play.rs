//! A scene, played: daemons, commands, log lines, one block after the other.
//!
//! A command that only looks is repeated until it shows what the page shows; one that does something is typed once.
//! `supervisord` in a console is the daemon that runs: its end is awaited. A scene whose daemon has not ended by
//! itself is told to at its end, and leaves nothing. `cargo` is not typed: that what it names is there is `code`'s to see.

use super::code;
use super::page::{Block, Page, plain};
use crate::harness::{Herd, program, run};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// How often, and after which rest, something is looked at again: for half a minute in all.
const LOOKS: u32 = 600;
const REST: Duration = Duration::from_millis(50);
/// The actions of supervisorctl that only look.
const LOOKING: [&str; 6] = ["status", "why", "history", "graph", "tail", "pid"];

/// Plays a scene of the page.
#[track_caller]
#[expect(clippy::print_stdout, reason = "what is skipped is told")]
pub(super) fn play(page: &Page, title: &str) {
    let needs_curl = page.scene(title).iter().any(|block| match block {
        Block::Ini(text) | Block::Console(text) => text.contains("curl "),
        _ => false,
    });
    if needs_curl && Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: no curl");
        return;
    }
    let mut sections = page.head(title);
    let mut stage: Option<Stage> = None;
    for block in page.scene(title) {
        match block {
            Block::Ini(text) => {
                sections.replace(text);
                if let Some(before) = stage.take() {
                    before.end();
                }
                stage = Some(Stage::new(page.plan(&sections).start()));
            }
            Block::Console(text) => console(stage.as_mut(), text),
            Block::Log(text) => stage.as_mut().expect("a daemon").log(text),
            Block::Simulation(text) => stage.as_ref().expect("a daemon").herd.put("shop.sim", text),
            Block::Tree(text) => code::tree(text),
            Block::Rust(text) => code::embedding(text),
        }
    }
    if let Some(stage) = stage {
        stage.end();
    }
}

/// Each command of a block, with what is answered. One that ends with a backslash goes on in the next line.
fn console(mut stage: Option<&mut Stage>, text: &str) {
    assert!(text.starts_with("$ "), "a console begins with a command: {text}");
    for part in format!("\n{text}").split("\n$ ").skip(1) {
        let mut end = 0;
        for line in part.split_inclusive('\n') {
            end += line.len();
            if !line.ends_with("\\\n") {
                break;
            }
        }
        let (command, shown) = (part[..end].trim_end(), &part[end..]);
        if command.starts_with("cargo ") {
            code::cargo(command);
        } else {
            stage.as_mut().expect("a daemon").command(command, shown);
        }
    }
}

/// A daemon on the stage, and what was seen of it.
struct Stage {
    herd: Herd,
    /// The lines of its log that were compared.
    seen: usize,
    ended: bool,
}

impl Stage {
    fn new(herd: Herd) -> Self {
        let file = herd.path("supervisord.conf");
        let text = format!(
            "#!/bin/sh\nexec {} -c {} \"$@\"\n",
            program("supervisorctl").display(),
            file.display()
        );
        herd.put("bin/supervisorctl", &text);
        fs::set_permissions(herd.path("bin/supervisorctl"), fs::Permissions::from_mode(0o755))
            .expect("the file is ours");
        // the same file by the name that the page gives it
        fs::copy(file, herd.path("shop.conf")).expect("the directory is ours");
        Self { herd, seen: 0, ended: false }
    }

    fn plain(&self, line: &str) -> String {
        plain(line, &self.herd.dir().display().to_string())
    }

    fn command(&mut self, command: &str, shown: &str) {
        let wanted: Vec<String> = shown.lines().map(|line| self.plain(line)).collect();
        if command.starts_with("supervisord") {
            let code = self.herd.wait_end().code();
            self.ended = true;
            return self.until(command, &wanted, |stage| {
                let mut lines = stage.herd.log();
                lines.push(format!("exit status {}", code.unwrap_or(-1)));
                lines
            });
        }
        let looks = LOOKING.iter().any(|action| command.starts_with(&format!("supervisorctl {action}")));
        if looks || command.starts_with("cat ") {
            return self.until(command, &wanted, |stage| stage.typed(command));
        }
        let lines: Vec<String> = self.typed(command).iter().map(|line| self.plain(line)).collect();
        assert!(alike(&wanted, &lines), "{}", told(command, &wanted, &lines));
    }

    /// What a command answers.
    fn typed(&self, command: &str) -> Vec<String> {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]).current_dir(self.herd.dir());
        shell.env("PATH", format!("{}:{path}", self.herd.path("bin").display()));
        let said = run(&mut shell, "");
        (said.stdout + &said.stderr).lines().map(str::to_owned).collect()
    }

    /// Looks until there is what the page shows.
    fn until(&self, what: &str, wanted: &[String], look: impl Fn(&Self) -> Vec<String>) {
        let mut last = Vec::new();
        for _ in 0..LOOKS {
            last = look(self).iter().map(|line| self.plain(line)).collect();
            if alike(wanted, &last) {
                return;
            }
            thread::sleep(REST);
        }
        panic!("{}", told(what, wanted, &last));
    }

    /// Waits for each line of a block, behind those that were waited for. That a call was not answered may come before or
    /// after the end of the actor that it was for: two threads tell of them.
    fn log(&mut self, text: &str) {
        let begin = self.seen;
        for line in text.lines() {
            let wanted = self.plain(line);
            let is_of_another_thread = wanted.contains("a call was not answered");
            let from = if is_of_another_thread { begin } else { self.seen };
            let mut found = None;
            for _ in 0..LOOKS {
                let lines = self.herd.log();
                found = lines.iter().skip(from).position(|line| self.plain(line) == wanted);
                if found.is_some() {
                    break;
                }
                thread::sleep(REST);
            }
            let at = found.unwrap_or_else(|| panic!("the page shows in the log: {wanted}"));
            if !is_of_another_thread {
                self.seen = from + at + 1;
            }
        }
    }

    fn end(mut self) {
        if self.ended {
            return self.herd.assert_nothing_left();
        }
        self.herd.signal("TERM");
        self.herd.wait_end();
        self.herd.assert_nothing_left();
    }
}

fn told(what: &str, wanted: &[String], got: &[String]) -> String {
    format!(
        "$ {what}\nthe page shows:\n  {}\nand it answers:\n  {}\n",
        wanted.join("\n  "),
        got.join("\n  ")
    )
}

/// Whether these lines are the ones that are shown, where `...` stands for any number of lines.
fn alike(shown: &[String], lines: &[String]) -> bool {
    match (shown.split_first(), lines.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "..." => (0..=lines.len()).any(|at| alike(rest, &lines[at..])),
        (Some((first, rest)), Some((line, others))) => first == line && alike(rest, others),
        _ => false,
    }
}
