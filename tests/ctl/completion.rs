//! The completion scripts, run by the shells they are for; what is offered is asked of a daemon by script.
//!
//! bash is everywhere; zsh and fish are tried where they are installed.

use crate::fake::{Fake, Script, process};
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};

fn daemon() -> Fake {
    Script::new()
        .on("supervisor.getAllProcessInfo", |_| {
            Ok(json!([
                process("cat", "cat", 20, "RUNNING", 1),
                process("shop", "api", 20, "RUNNING", 2),
                process("shop", "db", 20, "RUNNING", 3),
            ]))
        })
        .serve()
}

/// What a shell's program prints, with `supervisorctl` in its path.
fn run(shell: &str, options: &[&str], program: &str, arguments: &[&str]) -> String {
    let dir = Path::new(env!("CARGO_BIN_EXE_supervisorctl")).parent().unwrap();
    let path = format!("{}:{}", dir.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(shell);
    command.args(options).arg("-c").arg(program).args(arguments).env("PATH", path).stdin(Stdio::null());
    let home = tempfile::tempdir().unwrap();
    let output = command.env("HOME", home.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{shell} {program}");
    String::from_utf8(output.stdout).unwrap()
}

fn is_installed(shell: &str) -> bool {
    Command::new(shell).args(["-c", "true"]).stdin(Stdio::null()).status().is_ok()
}

/// Lines to complete behind `supervisorctl -c FILE `, and what is offered, sorted.
const TABLE: &[(&str, &str)] = &[
    ("sta", "start status"),
    ("comp", "completion"),
    ("start c", "cat"),
    ("start ", "all cat shop:* shop:api shop:db"),
    ("start shop:a", "shop:api"),
    ("start shop:", "shop:* shop:api shop:db"),
    ("stop cat shop:d", "shop:db"),
    ("signal HUP ca", "cat"),
    ("update s", "shop"),
    ("remove ", "cat shop"),
    ("help sh", "shutdown"),
    ("status --", "--check --json"),
    ("status cat --j", "--json"),
    ("wait cat --for ", "completed healthy ready running stopped"),
    ("wait cat --for c", "completed"),
    ("wait --for r", "ready running"),
    ("wait --timeout ", ""),
    ("wait --timeout 5 c", "cat"),
    ("completion ", "bash fish zsh"),
    ("version ", ""),
    ("start nope", ""),
];

fn sorted(text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.sort_unstable();
    words.join(" ")
}

/// The part that bash takes for the word: behind the last colon.
fn behind_colon(expected: &str, line: &str) -> String {
    let head = line.rsplit(' ').next().unwrap_or_default();
    let head = head.rfind(':').map_or("", |at| &head[..=at]);
    sorted(
        &expected
            .split(' ')
            .map(|word| word.strip_prefix(head).unwrap_or(word))
            .collect::<Vec<_>>()
            .join(" "),
    )
}

#[test]
fn bash_offers_actions_options_and_names() {
    let fake = daemon();
    let program = r#"
        COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
        source <(supervisorctl completion bash)
        COMP_LINE="supervisorctl $0" COMP_POINT=$((${#0} + 14))
        _supervisorctl
        printf '%s\n' "${COMPREPLY[@]}""#;
    let config = fake.config();
    let offered = |line: &str| sorted(&run("bash", &["--norc"], program, &[line]));
    for (line, expected) in TABLE {
        let typed = format!("-c {} {line}", config.display());
        assert_eq!(offered(&typed), behind_colon(expected, line), "{line:?}");
    }
    assert_eq!(offered("--serv"), "--serverurl");
    assert_eq!(offered("-s "), "");
    let (file, begun) = (config.display().to_string(), config.with_extension("co"));
    assert_eq!(offered(&format!("-c {}", begun.display())), file);
    assert_eq!(offered("wait --for=r"), "ready running");
    // Nobody listens there: nothing is offered, and nothing is said.
    assert_eq!(offered(&format!("-s {} start ", fake.away())), "all");
}

#[test]
fn zsh_offers_actions_options_and_names() {
    if !is_installed("zsh") {
        return;
    }
    let fake = daemon();
    // The two functions of the completion system that offer words, as far as the script needs them.
    let program = r#"
        compdef() { :; }
        compadd() { shift; print -l -- ${(M)@:#${(b)PREFIX}*} }
        _describe() { local name=$2; compadd -- ${${(P)name}%%:*} }
        source <(supervisorctl completion zsh)
        words=(supervisorctl ${(s: :)1}); [[ $1 == *' ' ]] && words+=('')
        CURRENT=$#words PREFIX=$words[-1]
        _supervisorctl"#;
    let config = fake.config();
    for (line, expected) in TABLE {
        let typed = format!("-c {} {line}", config.display());
        assert_eq!(sorted(&run("zsh", &["-f"], program, &["zsh", &typed])), *expected, "{line:?}");
    }
}

#[test]
fn fish_offers_actions_options_and_names() {
    if !is_installed("fish") {
        return;
    }
    let fake = daemon();
    let config = fake.config();
    for (line, expected) in TABLE {
        let typed = format!("supervisorctl -c {} {line}", config.display());
        let program = format!(
            "supervisorctl completion fish | source; complete -C '{typed}' | string replace -r '\\t.*' ''"
        );
        assert_eq!(sorted(&run("fish", &["--no-config"], &program, &[])), *expected, "{line:?}");
    }
}

#[test]
fn names_are_told_one_a_line_or_not_at_all() {
    let fake = daemon();
    let ended = fake.run(&["completion", "processes", "--", "cat:"]);
    assert_eq!((ended.out.as_str(), ended.err.as_str(), ended.code), ("cat:*\ncat:cat\n", "", Some(0)));
    let away = fake.run(&["-s", &fake.away(), "completion", "groups"]);
    assert_eq!((away.out.as_str(), away.err.as_str(), away.code), ("", "", Some(1)));
}

#[test]
fn a_script_needs_neither_daemon_nor_configuration() {
    let nowhere = tempfile::tempdir().unwrap();
    let mut ctl = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
    ctl.arg("-c").arg(nowhere.path().join("supervisord.conf")).args(["completion", "bash"]);
    let output = ctl.output().unwrap();
    assert!(
        output.status.success() && output.stdout.ends_with(b"complete -F _supervisorctl supervisorctl\n")
    );
    let fake = Script::new().serve();
    for words in [&["completion"][..], &["completion", "tcsh"], &["completion", "bash", "zsh"]] {
        let ended = fake.run(words);
        assert!(ended.out.starts_with("Error: completion requires the name of a shell"), "{}", ended.out);
        assert_eq!(ended.code, Some(2));
    }
}
