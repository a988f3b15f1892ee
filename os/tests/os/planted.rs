//! What a program's user plants in a directory of theirs, for a daemon that is root: links, hard links, FIFOs.

use crate::support::is_root;
use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tempfile::TempDir;
use treeherd_domain::rotation::Rotation;
use treeherd_domain::stream::Stream;
use treeherd_os::autolog::{clean_up, create_auto};
use treeherd_os::logfile::{LogFile, clear_path};
use treeherd_os::pidfile::PidFile;
use treeherd_os::tail;

/// A user, and another one; nobody runs anything as them.
const ADA: u32 = 61_234;
const BOB: u32 = 61_235;

/// A home of ada's, and places of root's beside it.
struct Host {
    root: TempDir,
}

impl Host {
    fn new() -> Self {
        let host = Self { root: tempfile::tempdir().unwrap() };
        open_to_all(host.root.path(), 0o755);
        for directory in ["ada", "ada/log", "bob"] {
            fs::create_dir(host.path(directory)).unwrap();
        }
        fs::create_dir(host.path("etc")).unwrap();
        fs::write(host.path("etc/passwd"), "precious").unwrap();
        chown(host.path("ada"), Some(ADA), Some(ADA)).unwrap();
        chown(host.path("ada/log"), Some(ADA), Some(ADA)).unwrap();
        chown(host.path("bob"), Some(BOB), Some(BOB)).unwrap();
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A link that this user made.
    fn link(&self, user: u32, target: &str, name: &str) {
        symlink(self.path(target), self.path(name)).unwrap();
        lchown(self.path(name), Some(user), Some(user)).unwrap();
    }

    /// A file that this user made.
    fn file(&self, user: u32, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        chown(self.path(name), Some(user), Some(user)).unwrap();
    }

    fn is_intact(&self) {
        assert_eq!(fs::read_to_string(self.path("etc/passwd")).unwrap(), "precious");
        let names: Vec<_> =
            fs::read_dir(self.path("etc")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["passwd"]);
    }

    /// Everything that is done with a log's path is refused.
    #[track_caller]
    fn refuses(&self, name: &str, words: &str) {
        let path = self.path(name);
        let refused = LogFile::open(&path, Rotation::default()).unwrap_err();
        assert!(refused.is_refusal() && refused.errno() == libc::EACCES, "{refused}");
        let text = refused.to_string();
        assert!(text.contains(&path.display().to_string()) && text.contains(words), "{text}");
        assert!(text.contains("name the file itself"), "it says what to do: {text}");
        if fs::metadata(&path).is_ok() {
            clear_path(&path).unwrap_err();
            tail::read(&path, 0, 0).unwrap_err();
            assert_eq!(tail::tail(&path, 0, 100).data, b"");
        }
        PidFile::write(&path).unwrap_err();
        self.is_intact();
    }

    /// A log can be opened by this path, and these files hold what was written.
    #[track_caller]
    fn takes(&self, name: &str, file: &str) {
        let mut log = LogFile::open(&self.path(name), Rotation::NEVER).unwrap();
        log.write(b"line\n").unwrap();
        assert!(fs::read_to_string(self.path(file)).unwrap().ends_with("line\n"));
        assert!(tail::read(&self.path(name), 0, 0).unwrap().ends_with(b"line\n"));
        clear_path(&self.path(name)).unwrap();
        assert_eq!(fs::metadata(self.path(file)).unwrap().len(), 0);
    }
}

fn open_to_all(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_log_in_a_users_directory_is_made_written_rolled_and_cleared() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    host.takes("ada/log/out.log", "ada/log/out.log");
    assert_eq!(fs::metadata(host.path("ada/log/out.log")).unwrap().uid(), 0, "it is root's, as ever");
    let mut log =
        LogFile::open(&host.path("ada/log/out.log"), Rotation { maxbytes: 4, backups: 2 }).unwrap();
    log.write(b"1234").unwrap();
    log.write(b"56").unwrap();
    log.clear().unwrap();
    log.reopen().unwrap();
    assert_eq!(fs::read(host.path("ada/log/out.log.1")).unwrap(), b"1234");
    host.file(ADA, "ada/own.log", "");
    host.takes("ada/own.log", "ada/own.log");
}

#[test]
fn a_link_that_a_user_planted_leads_nowhere() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    host.link(ADA, "etc/passwd", "ada/log/out.log");
    host.refuses("ada/log/out.log", &format!("the user with uid {ADA} could have put it there"));
    host.link(ADA, "etc/new", "ada/log/new.log");
    host.refuses("ada/log/new.log", "etc/new");
    host.link(ADA, "etc", "ada/dir");
    host.refuses("ada/dir/passwd", "is a symbolic link that leads to");
    host.refuses("ada/dir/made", "is a symbolic link that leads to");
    host.link(ADA, "ada/dir/passwd", "ada/twice.log");
    host.refuses("ada/twice.log", "etc/passwd");
    symlink("../../etc/passwd", host.path("ada/log/relative.log")).unwrap();
    host.refuses("ada/log/relative.log", "etc/passwd");
    host.link(ADA, "bob/new", "ada/other.log");
    host.refuses("ada/other.log", "bob/new");
    symlink("/proc/1/environ", host.path("ada/proc.log")).unwrap();
    host.refuses("ada/proc.log", "/proc/1/environ");
    host.link(ADA, "ada/round.log", "ada/round.log");
    assert_eq!(
        LogFile::open(&host.path("ada/round.log"), Rotation::NEVER).unwrap_err().errno(),
        libc::ELOOP
    );
}

#[test]
fn a_link_of_roots_that_a_user_could_have_moved_is_theirs() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    symlink(host.path("etc/passwd"), host.path("ada/log/out.log")).unwrap();
    host.refuses("ada/log/out.log", "could have put it there");
    // where everyone may rename, too
    fs::create_dir(host.path("shared")).unwrap();
    open_to_all(&host.path("shared"), 0o777);
    symlink(host.path("etc/passwd"), host.path("shared/out.log")).unwrap();
    host.refuses("shared/out.log", "any user could have put it there");
}

#[test]
fn links_that_lead_where_their_maker_could_write_are_followed() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    fs::create_dir(host.path("data")).unwrap();
    // root's link in root's directory leads anywhere
    symlink(host.path("data"), host.path("etc-log")).unwrap();
    host.takes("etc-log/out.log", "data/out.log");
    // also if a group may write there, as on /var/log
    chown(host.path("data"), Some(0), Some(BOB)).unwrap();
    open_to_all(&host.path("data"), 0o775);
    fs::create_dir(host.path("data/root")).unwrap();
    symlink(host.path("data/root/x.log"), host.path("data/x.log")).unwrap();
    host.takes("data/x.log", "data/root/x.log");
    // a user's link to what is theirs, or everyone's
    host.link(ADA, "ada/log", "ada/logs");
    host.takes("ada/logs/out.log", "ada/log/out.log");
    host.file(ADA, "data/ada.log", "");
    host.link(ADA, "data/ada.log", "ada/elsewhere.log");
    host.takes("ada/elsewhere.log", "data/ada.log");
    fs::create_dir(host.path("open")).unwrap();
    open_to_all(&host.path("open"), 0o1777);
    host.link(ADA, "open/new.log", "ada/new.log");
    LogFile::open(&host.path("ada/new.log"), Rotation::NEVER).unwrap();
    symlink("/dev/null", host.path("ada/null.log")).unwrap();
    let mut log = LogFile::open(&host.path("ada/null.log"), Rotation::default()).unwrap();
    log.write(b"gone").unwrap();
    log.clear().unwrap();
    clear_path(&host.path("ada/null.log")).unwrap();
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert!(fs::symlink_metadata(host.path("ada/null.log")).unwrap().is_symlink());
    // root's link to the daemon's own stream, but not a user's
    symlink("/dev/stderr", host.path("ada/err.log")).unwrap();
    assert!(!LogFile::open(&host.path("ada/err.log"), Rotation::NEVER).unwrap().is_regular());
    lchown(host.path("ada/err.log"), Some(ADA), Some(ADA)).unwrap();
    host.refuses("ada/err.log", "/dev/stderr");
}

#[test]
fn in_a_sticky_directory_each_link_is_its_owners() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    fs::create_dir(host.path("tmp")).unwrap();
    open_to_all(&host.path("tmp"), 0o1777);
    symlink(host.path("etc/passwd"), host.path("tmp/roots.log")).unwrap();
    LogFile::open(&host.path("tmp/roots.log"), Rotation::NEVER).expect("nobody but root can have made it");
    host.link(ADA, "etc/passwd", "tmp/adas.log");
    host.refuses("tmp/adas.log", "could have put it there");
    host.file(0, "tmp/roots", "");
    host.link(ADA, "tmp/roots", "tmp/other.log");
    host.refuses("tmp/other.log", "tmp/roots");
}

#[test]
fn a_hard_link_to_a_file_of_roots_is_refused() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    fs::hard_link(host.path("etc/passwd"), host.path("ada/log/out.log")).unwrap();
    host.refuses("ada/log/out.log", "has other names (hard links)");
    fs::create_dir(host.path("tmp")).unwrap();
    open_to_all(&host.path("tmp"), 0o1777);
    fs::hard_link(host.path("etc/passwd"), host.path("tmp/out.log")).unwrap();
    host.refuses("tmp/out.log", "any user could have put it there");
    // root's own, and a user's own
    fs::remove_file(host.path("tmp/out.log")).unwrap();
    fs::create_dir(host.path("own")).unwrap();
    host.file(0, "own/a.log", "");
    fs::hard_link(host.path("own/a.log"), host.path("own/b.log")).unwrap();
    host.takes("own/b.log", "own/a.log");
    host.file(ADA, "ada/a.log", "");
    fs::hard_link(host.path("ada/a.log"), host.path("ada/b.log")).unwrap();
    host.takes("ada/b.log", "ada/a.log");
}

#[test]
fn a_rollover_a_reopening_and_a_clearing_do_not_go_through_a_planted_directory() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    let path = host.path("ada/log/passwd");
    let mut log = LogFile::open(&path, Rotation { maxbytes: 4, backups: 1 }).unwrap();
    fs::rename(host.path("ada/log"), host.path("ada/moved")).unwrap();
    host.link(ADA, "etc", "ada/log");
    let failed = log.write(b"12345").unwrap_err();
    assert_eq!(failed.written, 5);
    assert!(failed.to_string().contains("is a symbolic link that leads to"), "{failed}");
    assert!(log.clear().unwrap_err().is_refusal());
    assert!(log.reopen().unwrap_err().is_refusal());
    log.write(b"6").unwrap();
    assert_eq!(fs::read(host.path("ada/moved/passwd")).unwrap(), b"123456", "it goes on where it was");
    host.is_intact();
}

#[test]
fn auto_logs_are_neither_made_nor_removed_through_a_planted_directory() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    let made = create_auto("cat", Stream::Stdout, "supervisor", &host.path("ada/log")).unwrap();
    assert_eq!(clean_up("supervisor", &host.path("ada/log")).unwrap().removed, [made]);
    host.link(ADA, "etc", "ada/logs");
    create_auto("cat", Stream::Stdout, "supervisor", &host.path("ada/logs")).unwrap_err();
    host.is_intact();
    let name = "cat-stdout---supervisor-abcdefgh.log";
    host.file(0, &format!("etc/{name}"), "");
    clean_up("supervisor", &host.path("ada/logs")).unwrap_err();
    assert!(host.path(&format!("etc/{name}")).exists());
    // a planted link among the files is no file
    host.link(ADA, "etc/passwd", &format!("ada/log/{name}"));
    assert!(clean_up("supervisor", &host.path("ada/log")).unwrap().removed.is_empty());
}

#[test]
fn a_planted_fifo_blocks_nobody() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    let path = host.path("ada/log/out.log");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    chown(&path, Some(ADA), Some(ADA)).unwrap();
    let mut log = LogFile::open(&path, Rotation { maxbytes: 1, backups: 1 }).unwrap();
    log.write(b"text").unwrap();
    log.clear().unwrap();
    tail::read(&path, 0, 0).unwrap_err();
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
}

/// Swaps a name between a log and a trap as fast as it can, until told to end.
fn swap(host: &Host, over: &AtomicBool) {
    let log = host.path("ada/log/out.log");
    let mut round = 0_u32;
    while !over.load(Ordering::Relaxed) {
        round += 1;
        let trap = host.path("ada/trap");
        let laid = match round % 3 {
            0 => symlink(host.path("etc/passwd"), &trap),
            1 => fs::hard_link(host.path("etc/passwd"), &trap),
            _ => fs::write(&trap, ""),
        };
        if laid.is_ok() {
            fs::rename(&trap, &log).unwrap();
            drop(fs::remove_file(&log));
        }
        // and the directory
        fs::rename(host.path("ada/log"), host.path("ada/away")).unwrap();
        symlink(host.path("etc"), host.path("ada/log")).unwrap();
        fs::remove_file(host.path("ada/log")).unwrap();
        fs::rename(host.path("ada/away"), host.path("ada/log")).unwrap();
    }
}

#[test]
fn no_swap_is_quick_enough() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    let over = AtomicBool::new(false);
    let (mut opened, mut failed) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| swap(&host, &over));
        for _ in 0..3_000 {
            match LogFile::open(&host.path("ada/log/out.log"), Rotation { maxbytes: 8, backups: 1 }) {
                Ok(mut log) => {
                    opened += 1;
                    drop(log.write(b"injected"));
                    drop(log.clear());
                }
                Err(_) => failed += 1,
            }
            drop(clear_path(&host.path("ada/log/passwd")));
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(opened > 0 && failed > 0, "both were met: {opened} and {failed}");
    host.is_intact();
    assert!(File::open(host.path("etc/passwd")).unwrap().metadata().unwrap().is_file());
}
