//! Supervisor's rules for a piece of a file, as tables.

use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;
use treeherd_os::tail::{ReadError, Tail, read, tail};

fn eight_bytes() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    fs::write(&path, "out\nout\n").unwrap();
    (directory, path)
}

#[test]
fn tail_follows_the_check_table() {
    let (_directory, path) = eight_bytes();
    let table: [(i64, i64, &str, bool); 16] = [
        (0, 20, "out\nout\n", false),
        (0, 0, "", true),
        (0, 4, "out\n", true),
        (0, 3, "ut\n", true),
        (4, 4, "out\n", false),
        (100, 10, "", false),
        (8, 10, "", false),
        (-4, 4, "out\n", true),
        (0, -1, "", true),
        (-100, 10, "out\nout\n", true),
        (7, 1, "\n", false),
        (5, 2, "t\n", true),
        (i64::MAX, i64::MAX, "", false),
        (i64::MIN, i64::MIN, "", true),
        (i64::MIN, i64::MAX, "out\nout\n", true),
        (0, i64::MAX, "out\nout\n", false),
    ];
    for (offset, length, data, overflow) in table {
        let expected = Tail { data: data.into(), offset: 8, overflow };
        assert_eq!(tail(&path, offset, length), expected, "({offset}, {length})");
    }
}

#[test]
fn tail_of_nothing_gives_nothing_and_the_offset_back() {
    let (_directory, path) = eight_bytes();
    for path in [path.with_file_name("none"), path.parent().unwrap().to_owned(), "/dev/zero".into()] {
        assert_eq!(tail(&path, 5, 3), Tail { data: Vec::new(), offset: 5, overflow: false });
    }
}

#[test]
fn read_follows_its_table() {
    let (_directory, path) = eight_bytes();
    let table: [(i64, i64, Option<&str>); 13] = [
        (0, 0, Some("out\nout\n")),
        (4, 0, Some("out\n")),
        (0, 3, Some("out")),
        (4, 100, Some("out\n")),
        (8, 0, Some("")),
        (100, 0, Some("")),
        (100, 10, Some("")),
        (-4, 0, Some("out\n")),
        (-100, 0, Some("out\nout\n")),
        (i64::MIN, 0, Some("out\nout\n")),
        (0, -1, None),
        (-4, 4, None),
        (-4, -4, None),
    ];
    for (offset, length, expected) in table {
        match (read(&path, offset, length), expected) {
            (Ok(data), Some(expected)) => assert_eq!(data, expected.as_bytes(), "({offset}, {length})"),
            (Err(ReadError::BadArguments), None) => {}
            (other, _) => panic!("({offset}, {length}): {other:?}"),
        }
    }
}

#[test]
fn read_of_what_is_no_file_fails_at_once() {
    let (directory, path) = eight_bytes();
    let fifo = directory.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for path in [fifo, path.with_file_name("none"), "/dev/zero".into()] {
        let failed = read(&path, 0, 0).unwrap_err();
        assert!(matches!(failed, ReadError::Failed { .. }), "{failed}");
    }
}

#[test]
fn dev_null_is_an_empty_log() {
    assert_eq!(read("/dev/null".as_ref(), -1600, 0).unwrap(), b"");
    assert_eq!(tail("/dev/null".as_ref(), 0, 100), Tail { data: Vec::new(), offset: 0, overflow: false });
}

#[test]
fn too_much_at_once_is_refused_with_a_hint() {
    let (_directory, path) = eight_bytes();
    fs::File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    let refused = read(&path, 0, 0).unwrap_err();
    assert!(matches!(refused, ReadError::TooMuch { .. }), "{refused}");
    assert_eq!(read(&path, 4, 4).unwrap(), b"out\n");
}
