//! A file that is replaced as a whole or not at all.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use treeherd_os::keep::{read, replace, set_aside};

#[test]
fn what_is_written_is_read_and_nothing_else_is_left() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("made/state");
    assert_eq!(read(&path).expect("no file is no error"), None);
    for text in ["one\n", "two\n", ""] {
        replace(&path, text).expect("it can be written");
        assert_eq!(read(&path).expect("it can be read").as_deref(), Some(text));
    }
    let names: Vec<_> = fs::read_dir(dir.path().join("made")).expect("it is there").collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_write_that_fails_leaves_the_old_content() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("state");
    // a directory cannot be replaced by a file, whoever tries
    fs::create_dir(&path).expect("a directory");
    replace(&path, "new").expect_err("it is a directory");
    let names: Vec<_> = fs::read_dir(dir.path()).expect("it is there").collect();
    assert_eq!(names.len(), 1, "{names:?}");
    replace(&dir.path().join("no/such/state"), "new").expect_err("two directories are missing");
    // the device that is always full
    replace(std::path::Path::new("/proc/state"), "new").expect_err("nothing can be made there");
}

#[test]
fn what_others_could_have_written_is_not_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("state");
    replace(&path, "text").expect("it can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("it is ours");
    assert!(read(&path).expect_err("others can write").to_string().contains("others can write to it"));
    let link = dir.path().join("link");
    symlink(&path, &link).expect("a link");
    read(&link).expect_err("it is a link");
    replace(&link, "text").expect("the link gives way");
    assert!(fs::symlink_metadata(&link).expect("it is there").is_file());
    assert_eq!(fs::read_to_string(&path).expect("untouched"), "text");
    read(dir.path()).expect_err("it is a directory");
}

#[test]
fn what_is_of_no_use_is_put_aside() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("state");
    fs::write(&path, "bad").expect("it can be written");
    let aside = set_aside(&path).expect("it can be renamed");
    assert_eq!(aside, dir.path().join("state.bad"));
    assert!(!path.exists() && aside.exists());
}
