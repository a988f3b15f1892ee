//! Which file a command names, or why none.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use treeherd_os::resolve::{ResolveError, resolve};

fn file(path: &Path, mode: u32) {
    fs::write(path, "").unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_word_is_found_in_path_and_a_path_is_taken_as_it_is() {
    assert_eq!(resolve("sh", Some("/nowhere:/bin")).unwrap(), Path::new("/bin/sh"));
    assert_eq!(resolve("/bin/sh", Some("")).unwrap(), Path::new("/bin/sh"));
    assert!(resolve("sh", None).unwrap().ends_with("sh"));
}

#[test]
fn the_first_entry_that_exists_counts_whatever_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for (name, mode) in [("plain", 0o644), ("good", 0o755)] {
        fs::create_dir(root.join(name)).unwrap();
        file(&root.join(name).join("tool"), mode);
    }
    fs::create_dir_all(root.join("folder/tool")).unwrap();
    let path = |names: &[&str]| {
        let parts: Vec<_> = names.iter().map(|name| root.join(name).display().to_string()).collect();
        parts.join(":")
    };
    let at = |name: &str| root.join(name).join("tool").display().to_string();
    assert_eq!(resolve("tool", Some(&path(&["none", "good", "plain"]))).unwrap(), Path::new(&at("good")));
    let refused = resolve("tool", Some(&path(&["plain", "good"]))).unwrap_err();
    assert_eq!(refused.to_string(), format!("command at '{}' is not executable", at("plain")));
    let refused = resolve("tool", Some(&path(&["folder", "good"]))).unwrap_err();
    assert_eq!(refused, ResolveError::Directory(at("folder")));
    assert_eq!(refused.to_string(), format!("command at '{}' is a directory", at("folder")));
}

#[test]
fn what_is_not_there_is_told_by_the_word_as_written() {
    let cases = [
        ("nosuchtool", "can't find command 'nosuchtool'"),
        ("./no/such", "can't find command './no/such'"),
        ("it's", "can't find command \"it's\""),
        ("~/x", "can't find command '~/x'"),
    ];
    for (word, message) in cases {
        assert_eq!(resolve(word, Some("/bin")).unwrap_err().to_string(), message);
    }
}

#[test]
fn an_empty_part_of_path_is_the_working_directory() {
    // the tests of this crate run in its directory, where a Cargo.toml is
    let refused = resolve("Cargo.toml", Some("/nowhere:")).unwrap_err();
    assert_eq!(refused, ResolveError::NotExecutable("Cargo.toml".to_owned()));
}
