//! A scene, played: daemons, commands, log lines, one block after the other.
//!
//! A command that only looks is repeated until it shows what the page shows; one that does something is typed once.
//! What is done side by side may be told in another order than on the page.
//! `supervisord` in a console is the daemon that runs: its end is awaited. A scene whose daemon has not ended by
//! itself is told to at its end, and leaves nothing. `cargo` is not typed: that what it names is there is `code`'s to see.

use super::code;
use super::page::{Block, Page, plain};
use crate::harness::{DEADLINE, Herd, program, run, within};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// How commands begin that only look.
const LOOKING: [&str; 8] = [
    "supervisorctl status",
    "supervisorctl why",
    "supervisorctl history",
    "supervisorctl graph",
    "supervisorctl tail",
    "supervisorctl pid",
    "cat ",
    "cmp ",
];
/// What stands in a command whose lines may come in any order, since it does several things side by side.
const SIDE_BY_SIDE: &str = " --batch ";
/// So many lines of the log, and as many of those that were compared, are told after a failure.
const TAIL: usize = 30;

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
    /// Its log so far, made plain.
    lines: Vec<String>,
    /// How many of these were waited for.
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
        Self { herd, lines: Vec::new(), seen: 0, ended: false }
    }

    fn plain(&self, line: &str) -> String {
        plain(line, &self.herd.dir().display().to_string())
    }

    fn plain_lines(&self, lines: &[String]) -> Vec<String> {
        lines.iter().map(|line| self.plain(line)).collect()
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
        if LOOKING.iter().any(|look| command.starts_with(look)) {
            return self.until(command, &wanted, |stage| stage.typed(command));
        }
        let (mut wanted, mut lines) = (wanted, self.plain_lines(&self.typed(command)));
        if command.contains(SIDE_BY_SIDE) {
            wanted.sort();
            lines.sort();
        }
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
        let found = within(DEADLINE, || {
            last = self.plain_lines(&look(self));
            alike(wanted, &last).then_some(())
        });
        assert!(found.is_some(), "for {DEADLINE:?} not what the page shows\n{}", told(what, wanted, &last));
    }

    /// Waits for each line of a block, behind those that were waited for. That a call was not answered may come before or
    /// after the end of the actor that it was for: two threads tell of them.
    fn log(&mut self, text: &str) {
        let begin = self.seen;
        for line in text.lines() {
            let wanted = self.plain(line);
            let is_of_another_thread = wanted.contains("a call was not answered");
            let from = if is_of_another_thread { begin } else { self.seen };
            let found = within(DEADLINE, || {
                let news: Vec<String> = self.herd.log().split_off(self.lines.len());
                self.lines.extend(self.plain_lines(&news));
                self.lines.iter().skip(from).position(|line| *line == wanted)
            });
            let at = found.unwrap_or_else(|| panic!("{}", self.missed(&wanted, from)));
            if !is_of_another_thread {
                self.seen = from + at + 1;
            }
        }
    }

    /// That a line is not in the log: what it was compared with, and how the log ends.
    fn missed(&self, wanted: &str, from: usize) -> String {
        let log = self.herd.log();
        let compared = &self.lines[from.min(self.lines.len())..];
        format!(
            "for {DEADLINE:?} not in the log, though the page shows it:\n  {wanted}\n\
             compared with these, from line {} on:\n  {}\nthe log ends:\n  {}\n",
            from + 1,
            compared[..compared.len().min(TAIL)].join("\n  "),
            log[log.len().saturating_sub(TAIL)..].join("\n  ")
        )
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
