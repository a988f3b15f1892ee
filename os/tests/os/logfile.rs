//! Log files: appended to, rolled over, cleared; and what is no regular file left alone.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use treeherd_domain::rotation::Rotation;
use treeherd_os::logfile::{Doing, LogFile, clear_path};

fn scratch() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.log");
    (directory, path)
}

fn rolled(path: &Path, maxbytes: i64, backups: i64) -> LogFile {
    LogFile::open(path, Rotation { maxbytes, backups }).unwrap()
}

/// The files of a directory and what is in them, in order.
fn listing(directory: &TempDir) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let text = |name| fs::read_to_string(directory.path().join(name)).unwrap_or_else(|_| "?".to_owned());
    names.iter().map(|name| format!("{}={}", name.display(), text(name))).collect()
}

#[test]
fn bytes_are_appended_to_what_is_there() {
    let (directory, path) = scratch();
    fs::write(&path, "old ").unwrap();
    let mut log = LogFile::open(&path, Rotation::NEVER).unwrap();
    assert_eq!((log.size(), log.is_regular(), log.path()), (4, true, path.as_path()));
    log.write(b"new ").unwrap();
    File::options().append(true).open(&path).unwrap().write_all(b"other ").unwrap();
    log.write(b"\x00\xff\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"old new other \x00\xff\n");
    assert_eq!(listing(&directory).len(), 1);
}

#[test]
fn a_file_rolls_over_when_a_write_reaches_the_size_and_the_oldest_goes() {
    let (directory, path) = scratch();
    let mut log = rolled(&path, 4, 2);
    let mut seen = Vec::new();
    for chunk in ["aaa", "b", "cccccc", "dddd", "eeee", "f"] {
        log.write(chunk.as_bytes()).unwrap();
        seen.push(listing(&directory).join(" "));
    }
    assert_eq!(
        seen,
        [
            "app.log=aaa",
            "app.log= app.log.1=aaab",
            "app.log= app.log.1=cccccc app.log.2=aaab",
            "app.log= app.log.1=dddd app.log.2=cccccc",
            "app.log= app.log.1=eeee app.log.2=dddd",
            "app.log=f app.log.1=eeee app.log.2=dddd",
        ]
    );
}

#[test]
fn maxbytes_zero_never_rolls_over() {
    let (directory, path) = scratch();
    let mut log = rolled(&path, 0, 3);
    log.write(&[b'x'; 100_000]).unwrap();
    assert_eq!((listing(&directory).len(), log.size()), (1, 100_000));
}

#[test]
fn backups_zero_drops_the_content_and_keeps_the_file() {
    let (directory, path) = scratch();
    let mut log = rolled(&path, 4, 0);
    let inode = fs::metadata(&path).unwrap().ino();
    log.write(b"12345").unwrap();
    assert_eq!((listing(&directory), log.size()), (vec!["app.log=".to_owned()], 0));
    log.write(b"67").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"67");
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
}

#[test]
fn after_a_rollover_the_file_is_still_in_append_mode() {
    let (_directory, path) = scratch();
    let mut log = rolled(&path, 4, 1);
    log.write(b"1234").unwrap();
    log.write(b"ab").unwrap();
    File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    log.write(b"c").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"c", "no hole where ab had been");
}

#[test]
fn a_file_that_someone_truncated_is_not_rolled_over_too_early() {
    let (directory, path) = scratch();
    let mut log = rolled(&path, 8, 1);
    log.write(b"1234567").unwrap();
    File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    log.write(b"ab").unwrap();
    assert_eq!((listing(&directory), log.size()), (vec!["app.log=ab".to_owned()], 2));
}

#[test]
fn a_rollover_that_fails_loses_nothing_is_told_once_and_tried_again() {
    let (directory, path) = scratch();
    let obstacle = directory.path().join("app.log.1");
    fs::create_dir(&obstacle).unwrap();
    let mut log = rolled(&path, 4, 1);
    let failed = log.write(b"1234").unwrap_err();
    assert_eq!((failed.doing, failed.written, &failed.path), (Doing::RollingOver, 4, &path));
    assert!(failed.to_string().starts_with("cannot roll over "), "{failed}");
    assert!(failed.to_string().ends_with("app.log.1 is a directory: move it away"), "{failed}");
    log.write(b"56").unwrap();
    log.write(b"78").expect("the second failure is not told again");
    assert_eq!(fs::read(&path).unwrap(), b"12345678");
    fs::remove_dir(&obstacle).unwrap();
    log.write(b"9abc").unwrap();
    assert_eq!(listing(&directory), ["app.log=", "app.log.1=123456789abc"]);
}

#[test]
fn files_that_someone_removed_are_passed_over() {
    let (directory, path) = scratch();
    let mut log = rolled(&path, 4, 3);
    log.write(b"aaaa").unwrap();
    log.write(b"bbbb").unwrap();
    fs::remove_file(directory.path().join("app.log.1")).unwrap();
    fs::remove_file(&path).unwrap();
    log.write(b"cccc").unwrap();
    assert_eq!(listing(&directory), ["app.log=", "app.log.3=aaaa"]);
}

#[test]
fn a_successor_is_not_readable_by_more_than_its_predecessor() {
    let (directory, path) = scratch();
    File::options().write(true).create_new(true).mode(0o600).open(&path).unwrap();
    let mut log = rolled(&path, 4, 1);
    log.write(b"1234").unwrap();
    log.clear().unwrap();
    for name in ["app.log", "app.log.1"] {
        let mode = fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn reopening_goes_on_in_what_the_path_names_now() {
    let (directory, path) = scratch();
    let mut log = LogFile::open(&path, Rotation::default()).unwrap();
    log.write(b"before").unwrap();
    assert!(log.is_current());
    fs::rename(&path, directory.path().join("moved")).unwrap();
    assert!(!log.is_current());
    log.write(b" and on").unwrap();
    log.reopen().unwrap();
    assert!(log.is_current());
    log.write(b"after").unwrap();
    assert_eq!(listing(&directory), ["app.log=after", "moved=before and on"]);
    assert_eq!(log.size(), 5);
}

#[test]
fn reopening_that_fails_keeps_the_file() {
    let (directory, path) = scratch();
    let mut log = LogFile::open(&path, Rotation::default()).unwrap();
    fs::rename(&path, directory.path().join("moved")).unwrap();
    fs::create_dir(&path).unwrap();
    let failed = log.reopen().unwrap_err();
    assert_eq!(failed.errno(), libc::EISDIR);
    log.write(b"still here").unwrap();
    assert_eq!(fs::read(directory.path().join("moved")).unwrap(), b"still here");
}

#[test]
fn clearing_makes_a_new_empty_file_and_keeps_old_generations() {
    let (directory, path) = scratch();
    let mut log = rolled(&path, 4, 1);
    log.write(b"1234").unwrap();
    log.write(b"56").unwrap();
    let inode = fs::metadata(&path).unwrap().ino();
    let reader = File::open(&path).unwrap();
    log.clear().unwrap();
    assert_ne!(fs::metadata(&path).unwrap().ino(), inode, "the reader's inode is still taken");
    drop(reader);
    assert_eq!(
        (listing(&directory), log.size()),
        (vec!["app.log=".to_owned(), "app.log.1=1234".to_owned()], 0)
    );
    fs::remove_file(&path).unwrap();
    log.clear().expect("also when it had been removed");
    log.write(b"7").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"7");
}

#[test]
fn a_path_without_a_writer_is_emptied_in_place() {
    let (directory, path) = scratch();
    clear_path(&path).expect("nothing there is no error");
    assert_eq!(listing(&directory).len(), 0);
    fs::write(&path, "text").unwrap();
    clear_path(&path).unwrap();
    assert_eq!(listing(&directory), ["app.log="]);
    clear_path(Path::new("/dev/null")).unwrap();
    assert!(clear_path(directory.path()).is_err());
}

#[test]
fn a_device_is_written_to_and_never_touched() {
    let (_directory, _) = scratch();
    let mut log = rolled(Path::new("/dev/null"), 4, 2);
    log.write(b"much more than four").unwrap();
    log.clear().unwrap();
    log.reopen().unwrap();
    assert_eq!((log.size(), log.is_regular(), log.is_current()), (0, false, true));
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert!(!Path::new("/dev/null.1").exists());
}

#[test]
fn a_full_disk_tells_how_much_is_in() {
    let mut log = rolled(Path::new("/dev/full"), 4, 2);
    let failed = log.write(b"bytes").unwrap_err();
    assert_eq!((failed.doing, failed.written), (Doing::Writing, 0));
    assert_eq!(failed.source.raw_os_error(), Some(libc::ENOSPC));
    assert!(failed.to_string().starts_with("cannot write to /dev/full: "), "{failed}");
}

#[test]
fn a_fifo_opens_without_a_reader_never_blocks_and_stays_a_fifo() {
    let (_directory, path) = scratch();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut log = rolled(&path, 4, 2);
    log.write(b"12345678").unwrap();
    log.clear().unwrap();
    clear_path(&path).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
    let mut reader = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
    let mut buffer = [0; 8];
    reader.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"12345678");
    let much = vec![b'x'; 1 << 20];
    let failed = log.write(&much).unwrap_err();
    assert_eq!(failed.source.kind(), io::ErrorKind::WouldBlock);
    assert!(failed.written > 0 && failed.written < much.len());
    assert_eq!(log.write(b"x").unwrap_err().written, 0);
}

#[test]
fn a_rollover_replaces_nothing_but_files() {
    let (directory, path) = scratch();
    let obstacle = directory.path().join("app.log.2");
    nix::unistd::mkfifo(&obstacle, nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::write(directory.path().join("app.log.1"), "older").unwrap();
    let mut log = rolled(&path, 4, 3);
    let failed = log.write(b"1234").unwrap_err();
    assert_eq!(failed.doing, Doing::RollingOver);
    assert!(failed.to_string().ends_with("app.log.2 is a FIFO: move it away"), "{failed}");
    log.write(b"5").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"12345");
    assert_eq!(fs::read(directory.path().join("app.log.1")).unwrap(), b"older", "all or nothing is moved");
    assert!(fs::symlink_metadata(&obstacle).unwrap().file_type().is_fifo());
}

#[test]
fn what_took_the_place_of_a_log_is_not_moved() {
    let (directory, path) = scratch();
    let mut log = rolled(&path, 4, 1);
    log.write(b"1").unwrap();
    fs::remove_file(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    log.write(b"234").unwrap();
    assert!(!log.is_regular() && fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
    assert!(!directory.path().join("app.log.1").exists());
    log.clear().unwrap();
    clear_path(&path).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
}

#[test]
fn a_terminal_is_written_to_and_never_touched() {
    let terminal = nix::pty::openpty(None, None).unwrap();
    let path = nix::unistd::ttyname(&terminal.slave).unwrap();
    let mut log = rolled(&path, 4, 2);
    log.write(b"hello\n").unwrap();
    log.clear().unwrap();
    log.reopen().unwrap();
    clear_path(&path).unwrap();
    log.write(b"again\n").unwrap();
    assert_eq!((log.size(), log.is_regular(), log.is_current()), (0, false, true));
    let mut shown = [0; 14];
    let mut screen = File::from(terminal.master);
    screen.read_exact(&mut shown).unwrap();
    assert_eq!(&shown, b"hello\r\nagain\r\n");
    assert!(fs::metadata(&path).unwrap().file_type().is_char_device());
}

#[test]
fn a_socket_is_refused_and_stays() {
    let (_directory, path) = scratch();
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert_eq!(LogFile::open(&path, Rotation::default()).unwrap_err().errno(), libc::ENXIO);
    clear_path(&path).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
}

#[test]
fn clearing_empties_what_a_link_names_and_the_link_stays() {
    let (directory, path) = scratch();
    let target = directory.path().join("elsewhere");
    symlink(&target, &path).unwrap();
    let mut log = rolled(&path, 100, 1);
    log.write(b"1234").unwrap();
    log.clear().unwrap();
    log.write(b"5").unwrap();
    assert_eq!(listing(&directory), ["app.log=5", "elsewhere=5"]);
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    drop(log);
    clear_path(&path).unwrap();
    assert_eq!(listing(&directory), ["app.log=", "elsewhere="]);
}

#[test]
fn a_link_to_a_file_is_moved_and_its_file_stays() {
    let (directory, path) = scratch();
    let target = directory.path().join("elsewhere");
    symlink(&target, &path).unwrap();
    let mut log = rolled(&path, 4, 1);
    log.write(b"1234").unwrap();
    log.write(b"5").unwrap();
    assert_eq!(listing(&directory), ["app.log=5", "app.log.1=1234", "elsewhere=1234"]);
    assert!(fs::symlink_metadata(directory.path().join("app.log.1")).unwrap().is_symlink());
}

#[test]
fn what_cannot_be_opened_is_told_with_its_errno() {
    let (directory, path) = scratch();
    let errno = |path: &Path| LogFile::open(path, Rotation::NEVER).unwrap_err().errno();
    assert_eq!(errno(directory.path()), libc::EISDIR);
    assert_eq!(errno(&path.join("x/y")), libc::ENOENT);
}
