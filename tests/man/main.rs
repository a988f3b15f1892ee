//! `docs/man`: the pages are what the tables of options and actions and the documents say.
//!
//! ```text
//! rules of supervisord, rules and actions of supervisorctl --.
//! docs/configuration.md --markdown--------------------------+--> pages --roff--> docs/man/*
//! ```
//!
//! `UPDATE_EXPECT=1 cargo test --test man` writes them. Where `mandoc` and `groff` are installed, they have to find
//! nothing wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod markdown;
mod pages;
mod roff;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/man")
}

#[test]
fn the_pages_are_what_the_tables_say() {
    for (file, text) in pages::all() {
        expect_test::expect_file![dir().join(file)].assert_eq(&text);
    }
    let known: Vec<String> = pages::all().into_iter().map(|(file, _)| file.to_owned()).collect();
    for entry in std::fs::read_dir(dir()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name), "docs/man/{name} is written by nobody");
    }
}

#[test]
fn the_program_prints_them() {
    let print = |words: &[&str]| {
        let mut ctl = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
        ctl.arg("man").args(words).stdin(Stdio::null()).output().unwrap()
    };
    for name in treeherd::ctl::man::NAMES {
        let (_, text) =
            pages::all().into_iter().find(|(file, _)| file[..file.len() - 2] == **name).unwrap();
        assert_eq!(String::from_utf8(print(&[name]).stdout).unwrap(), text);
    }
    assert_eq!(treeherd::ctl::man::NAMES.len(), pages::all().len());
    assert_eq!(print(&[]).stdout, print(&["supervisorctl"]).stdout);
    let refused = print(&["nope"]);
    assert!(refused.stdout.starts_with(b"Error: man knows these pages: supervisorctl, "));
    assert_eq!(refused.status.code(), Some(2));
}

/// What a checker has to say; nothing, if it is not installed.
fn complaints(program: &str, options: &[&str], file: &str) -> String {
    let file = dir().join(file);
    match Command::new(program).args(options).arg(file).stdin(Stdio::null()).output() {
        Ok(output) if options.contains(&"-Tlint") => String::from_utf8(output.stdout).unwrap(),
        Ok(output) => String::from_utf8(output.stderr).unwrap(),
        Err(_) => String::new(),
    }
}

#[test]
fn mandoc_and_groff_find_nothing_wrong() {
    for (file, _) in pages::all() {
        assert_eq!(complaints("mandoc", &["-Tlint", "-Wwarning"], file), "", "{file}");
        assert_eq!(complaints("groff", &["-man", "-ww", "-Tutf8", "-Kutf8"], file), "", "{file}");
    }
}
