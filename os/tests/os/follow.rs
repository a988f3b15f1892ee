//! Following a log file: what a look finds, and what rings the bell.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::time::Duration;
use treeherd_os::follow::{Look, Reader};
use treeherd_os::watch::{Watch, Watcher};

const LONG: Duration = Duration::from_secs(20);

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// Looks until there is nothing new; the bytes, and a word for each other find.
fn all(reader: &mut Reader) -> String {
    let mut found = String::new();
    loop {
        match reader.look().unwrap() {
            Look::Bytes(bytes) => found.push_str(std::str::from_utf8(&bytes).unwrap()),
            Look::Truncated => found.push_str("<truncated>"),
            Look::Moved => found.push_str("<moved>"),
            Look::Nothing => return found,
        }
    }
}

#[test]
fn reading_begins_before_the_end_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "0123456789");
    assert_eq!(all(&mut Reader::open(&path, 4).unwrap().0), "6789");
    let (mut reader, modified_ms) = Reader::open(&path, 1024).unwrap();
    assert!(modified_ms > 1_700_000_000_000);
    assert_eq!(all(&mut reader), "0123456789");
    append(&path, "ab");
    assert_eq!(all(&mut reader), "ab");
    assert_eq!(all(&mut reader), "");
}

#[test]
fn a_file_that_was_emptied_is_read_from_its_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "0123456789");
    let (mut reader, _) = Reader::open(&path, 1024).unwrap();
    all(&mut reader);
    OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    append(&path, "new");
    assert_eq!(all(&mut reader), "<truncated>new");
}

#[test]
fn no_generation_that_is_kept_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    let numbered = |number: u32| dir.path().join(format!("a.log.{number}"));
    append(&path, "one ");
    let (mut reader, _) = Reader::open(&path, 1024).unwrap();
    assert_eq!(all(&mut reader), "one ");
    append(&path, "last ");
    for text in ["two ", "three ", "four "] {
        for number in (1..3).rev() {
            _ = fs::rename(numbered(number), numbered(number + 1));
        }
        fs::rename(&path, numbered(1)).unwrap();
        append(&path, text);
    }
    assert_eq!(all(&mut reader), "last <moved>two <moved>three <moved>four ");
    // one that is kept no longer is skipped
    fs::rename(&path, dir.path().join("elsewhere")).unwrap();
    append(&path, "five");
    assert_eq!(all(&mut reader), "<moved>five");
}

#[test]
fn a_rollover_that_is_under_way_makes_it_miss_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    let numbered = |number: u32| dir.path().join(format!("a.log.{number}"));
    append(&path, "one ");
    let (mut reader, _) = Reader::open(&path, 1024).unwrap();
    assert_eq!(all(&mut reader), "one ");
    // the older ones have their new names already, the newer ones not yet
    fs::rename(&path, numbered(3)).unwrap();
    append(&numbered(1), "two ");
    append(&path, "three ");
    assert_eq!(all(&mut reader), "<moved>two <moved>three ");
}

#[test]
fn a_file_that_vanished_stays_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "a");
    let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
    let (mut reader, _) = Reader::open(&path, 1024).unwrap();
    fs::remove_file(&path).unwrap();
    writer.write_all(b"b").unwrap();
    assert_eq!(all(&mut reader), "ab");
    append(&path, "c");
    assert_eq!(all(&mut reader), "<moved>c");
}

#[test]
fn what_is_no_file_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Reader::open(&dir.path().join("none"), 1).unwrap_err().raw_os_error(), Some(libc::ENOENT));
    for path in [dir.path(), Path::new("/dev/null")] {
        assert_eq!(Reader::open(path, 1).unwrap_err().raw_os_error(), Some(libc::ESPIPE), "{path:?}");
    }
}

#[test]
fn root_does_not_follow_a_log_to_where_somebody_else_leads() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: needs root");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (secret, adas) = (dir.path().join("secret"), dir.path().join("ada"));
    append(&secret, "the secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    fs::create_dir(&adas).unwrap();
    chown(&adas, Some(61234), Some(61234)).unwrap();
    let path = adas.join("out.log");
    append(&path, "hers");
    chown(&path, Some(61234), Some(61234)).unwrap();
    let (mut reader, _) = Reader::open(&path, 1024).unwrap();
    assert_eq!(all(&mut reader), "hers");
    fs::remove_file(&path).unwrap();
    symlink(&secret, &path).unwrap();
    assert!(reader.look().is_err(), "a link came in its place");
    assert!(Reader::open(&path, 1024).is_err());
}

async fn rings(watch: &Watch, what: &str) {
    tokio::time::timeout(LONG, watch.changed()).await.unwrap_or_else(|_| panic!("no bell: {what}"));
}

#[tokio::test]
async fn the_bell_rings_for_what_is_done_to_a_file_and_to_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let (path, other) = (dir.path().join("a.log"), dir.path().join("b.log"));
    append(&path, "1");
    append(&other, "1");
    let watcher = Watcher::default();
    let (mut watch, second) = (watcher.watch(&path).unwrap(), watcher.watch(&path).unwrap());
    append(&path, "2");
    rings(&watch, "written").await;
    rings(&second, "written, for another").await;
    OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    rings(&watch, "truncated").await;
    drop(second);
    fs::rename(&path, dir.path().join("a.log.1")).unwrap();
    append(&path, "3");
    rings(&watch, "made anew").await;
    watch.renew(&path).unwrap();
    // whatever rang for the new file before it was entered
    while tokio::time::timeout(Duration::from_millis(50), watch.changed()).await.is_ok() {}
    append(&path, "4");
    rings(&watch, "the new file written").await;
    append(&other, "2");
    append(&dir.path().join("c.log"), "1");
    let quiet = tokio::time::timeout(Duration::from_millis(100), watch.changed()).await;
    assert!(quiet.is_err(), "the bell rang for another file");
}

#[tokio::test]
async fn a_link_is_followed_to_what_it_names() {
    let dir = tempfile::tempdir().unwrap();
    let (link, target) = (dir.path().join("link"), dir.path().join("real/a.log"));
    fs::create_dir(dir.path().join("real")).unwrap();
    append(&target, "1");
    symlink(&target, &link).unwrap();
    let watch = Watcher::default().watch(&link).unwrap();
    fs::rename(&target, dir.path().join("real/a.log.1")).unwrap();
    append(&target, "2");
    rings(&watch, "the target made anew").await;
}
