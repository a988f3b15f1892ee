//! Logs that are no regular files: nothing about them is ever renamed, truncated or removed, whatever is asked.
//! And logs in a user's directory, where that user laid a trap for a daemon that is root.
//!
//! The reference removes such files on `clear` (as root even `/dev/null`) and follows every link: most of this is
//! ours alone.

use crate::harness::{Herd, MARK, Plan, names, reference, root, signal, until};
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, chown, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

/// Says twenty bytes at the start and at each USR1; by `maxbytes` each time is enough to roll a file over.
const SAY: &str = "/bin/sh -c 'trap \"echo 0123456789012345678\" USR1; echo 0123456789012345678; \
                   while sleep 0.05; do :; done'";

/// One program, whose log this is, and which is rolled at ten bytes.
fn program(name: &str, log: &str) -> String {
    format!(
        "[program:{name}]\ncommand={SAY}\nstartsecs=0\nredirect_stderr=true\nstdout_logfile={log}\n\
         stdout_logfile_maxbytes=10\nstdout_logfile_backups=2\n"
    )
}

/// Everything that touches a log, while the program runs and after it was stopped.
#[track_caller]
fn handle(herd: &Herd, name: &str) {
    herd.wait_status(name, "RUNNING");
    // what it says first, it says with its trap set
    herd.wait_anywhere("0123456789012345678");
    herd.ctl(&format!("signal USR1 {name}")).is(&format!("{name}: signalled\n"), 0);
    herd.ctl(&format!("clear {name}")).is(&format!("{name}: cleared\n"), 0);
    herd.signal("USR2");
    herd.wait("INFO supervisord logreopen");
    herd.ctl(&format!("restart {name}")).is(&format!("{name}: stopped\n{name}: started\n"), 0);
    herd.ctl(&format!("stop {name}")).is(&format!("{name}: stopped\n"), 0);
    herd.ctl(&format!("clear {name}")).is(&format!("{name}: cleared\n"), 0);
    herd.ctl("clear all").has(&format!("{name}: cleared\n"), 0);
}

fn is_alone(herd: &Herd, name: &str) {
    let generations: Vec<String> =
        names(herd.dir()).into_iter().filter(|file| file.starts_with(&format!("{name}."))).collect();
    assert!(generations.is_empty(), "nothing was rolled: {generations:?}");
}

#[test]
fn a_fifo_without_a_reader_is_a_log_and_stays_a_fifo() {
    if reference() {
        return;
    }
    let plan = Herd::of(&program("say", "{dir}/fifo"));
    nix::unistd::mkfifo(&plan.dir().join("fifo"), nix::sys::stat::Mode::S_IRWXU)
        .expect("the directory is ours");
    let herd = plan.start();
    handle(&herd, "say");
    is_alone(&herd, "fifo");
    let path = herd.path("fifo");
    assert!(fs::symlink_metadata(&path).expect("it stays").file_type().is_fifo());
    // what was written while nobody read is gone with the last who held it; a reader gets what comes
    let mut reader =
        OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).expect("a FIFO opens");
    herd.ctl("start say").is("say: started\n", 0);
    until("a line from the FIFO", || {
        let mut text = [0; 20];
        reader.read(&mut text).ok().filter(|count| *count == 20).map(|_| ())
    });
    herd.end();
}

#[test]
fn devices_are_logs_and_stay_devices() {
    if reference() {
        return;
    }
    let herd = Herd::start(&program("null", "/dev/null"));
    handle(&herd, "null");
    assert!(fs::metadata("/dev/null").expect("it stays").file_type().is_char_device());
    assert!(!Path::new("/dev/null.1").exists());
    herd.ctl("tail null").is("\n", 0);
    herd.end();
}

#[test]
fn a_full_device_holds_its_program_up_and_nobody_else() {
    if reference() {
        return;
    }
    let herd = Herd::start(&program("full", "/dev/full"));
    herd.wait_anywhere("cannot write to /dev/full: No space left on device");
    handle(&herd, "full");
    assert!(fs::metadata("/dev/full").expect("it stays").file_type().is_char_device());
    assert!(!Path::new("/dev/full.1").exists());
    herd.end();
}

#[test]
fn a_limit_for_the_size_of_files_is_an_error_of_one_log_and_not_the_end_of_the_daemon() {
    if reference() {
        return;
    }
    let plan = Herd::of(
        "[program:much]\ncommand=/bin/sh -c 'trap \"\" XFSZ; yes 0123456789 | head -c 400000; exec cat'\nstartsecs=0\n\
         stdout_logfile=%(here)s/much.log\nstdout_logfile_maxbytes=0\nstderr_logfile=NONE\n",
    )
    .setting("loglevel=info");
    let mut shell = Command::new("/bin/sh");
    // blocks of 512 bytes
    shell.args(["-c", "ulimit -f 200; exec \"$@\"", "sh"]).env(MARK, plan.dir()).current_dir(plan.dir());
    let command = plan.command(&["-n"]);
    shell.arg(command.get_program()).args(command.get_args()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut daemon = shell.spawn().expect("there is a shell");
    until("it is told", || {
        let text = fs::read_to_string(plan.dir().join("supervisord.log")).ok()?;
        text.contains("much.log: File too large").then_some(())
    });
    assert_eq!(daemon.try_wait().expect("it is ours"), None, "it runs on");
    signal(i32::try_from(daemon.id()).expect("a pid fits"), "TERM");
    assert_eq!(daemon.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_terminal_is_a_log_and_stays_a_terminal() {
    if reference() {
        return;
    }
    let terminal = nix::pty::openpty(None, None).expect("there is a terminal");
    let path = nix::unistd::ttyname(&terminal.slave).expect("it has a name");
    let herd = Herd::start(&program("say", &path.display().to_string()));
    handle(&herd, "say");
    assert!(fs::metadata(&path).expect("it stays").file_type().is_char_device());
    let mut text = [0; 21];
    File::from(terminal.master).read_exact(&mut text).expect("it was written to");
    assert_eq!(&text, b"0123456789012345678\r\n");
    herd.end();
}

#[test]
fn a_socket_or_a_directory_as_a_log_fails_the_start_and_stays() {
    let text = [program("sock", "{dir}/a-socket"), program("dir", "{dir}/a-directory")]
        .map(|text| text + "startretries=0\n")
        .concat();
    let plan = Herd::of(&text).file("a-directory/there", "");
    let _listener = UnixListener::bind(plan.dir().join("a-socket")).expect("the directory is ours");
    let herd = plan.start();
    herd.wait_anywhere("INFO spawnerr: unknown error making dispatchers for 'sock': ENXIO");
    herd.wait_anywhere("INFO spawnerr: unknown error making dispatchers for 'dir': EISDIR");
    for name in ["sock", "dir"] {
        herd.wait_status(name, "FATAL");
    }
    herd.ctl("clear sock").is("sock: cleared\n", 0);
    if !reference() {
        herd.ctl("clear dir").has("dir: ERROR", 1);
    }
    herd.signal("USR2");
    herd.wait("INFO supervisord logreopen");
    assert!(fs::symlink_metadata(herd.path("a-socket")).expect("it stays").file_type().is_socket());
    assert_eq!(names(herd.path("a-directory")), ["there"]);
    herd.end();
}

#[test]
fn the_daemons_own_output_is_a_log_and_goes_on() {
    if reference() {
        return;
    }
    let text = program("say", "/dev/stdout").replace("maxbytes=10", "maxbytes=0");
    let herd = Herd::of(&text).setting("logfile_maxbytes=0").start();
    herd.wait_anywhere("0123456789012345678");
    handle(&herd, "say");
    let before = herd.count("0123456789012345678");
    herd.ctl("start say").is("say: started\n", 0);
    until("another line", || (herd.count("0123456789012345678") > before).then_some(()));
    herd.end();
}

/// A user who exists nowhere.
const ADA: u32 = 61_234;

/// A plan of a program whose log is in a directory of ada's, with a file of root's beside it.
fn at_adas(more: &str) -> Plan {
    let plan = Herd::of(&format!("{}startretries=0\n{more}", program("app", "{dir}/ada/out.log")))
        .file("ada/notes", "")
        .file("root/secret", "the secret\n");
    chown(plan.dir().join("ada"), Some(ADA), Some(ADA)).expect("we are root");
    plan
}

/// Puts a link in the place of the log, in one step: the daemon finds the log or the link.
fn plant(dir: &Path) {
    let link = dir.join("ada/link");
    symlink(dir.join("root/secret"), &link).expect("we are root");
    lchown(&link, Some(ADA), Some(ADA)).expect("we are root");
    fs::rename(&link, dir.join("ada/out.log")).expect("we are root");
}

#[test]
fn a_planted_link_fails_the_start_and_says_whose_it_is_and_what_to_do() {
    if reference() || !root() {
        return;
    }
    for user in ["", "user=nobody\n"] {
        let plan = at_adas(user);
        plant(plan.dir());
        let herd = plan.start();
        herd.wait_anywhere("INFO spawnerr: unknown error making dispatchers for 'app': EACCES");
        let told = herd.wait_anywhere("WARN app was not spawned: cannot open log file");
        let link = herd.path("ada/out.log").display().to_string();
        for piece in [&link, "is a symbolic link", "root/secret", "uid 61234", "remove the link"] {
            assert!(told.contains(piece), "{piece}: {told}");
        }
        herd.wait_status("app", "FATAL");
        herd.ctl("tail app").is("app: ERROR (unknown error reading log)\n", 1);
        herd.ctl("clear app").has("app: ERROR", 1);
        fs::remove_file(herd.path("ada/out.log")).expect("we are root");
        herd.ctl("start app").is("app: started\n", 0);
        assert_eq!(herd.wait_file("root/secret", ""), "the secret\n");
        herd.end();
    }
}

#[test]
fn a_link_planted_under_a_running_program_is_not_followed() {
    if reference() || !root() {
        return;
    }
    let herd = at_adas("").start();
    herd.wait_status("app", "RUNNING");
    herd.wait_file("ada/out.log.1", "0123456789");
    // rolled over, and open again
    until("the new log", || herd.path("ada/out.log").exists().then_some(()));
    plant(herd.dir());
    herd.ctl("tail app").is("app: ERROR (unknown error reading log)\n", 1);
    herd.signal("USR2");
    herd.wait("ERRO cannot reopen a log of app: cannot open log file");
    plant(herd.dir());
    // before the program says more: by that the log is rolled over, and the link with it
    herd.ctl("clear app").has("app: ERROR", 1);
    herd.ctl("signal USR1 app").is("app: signalled\n", 0);
    until("another line", || (herd.count("0123456789012345678") == 2).then_some(()));
    assert_eq!(herd.wait_file("root/secret", ""), "the secret\n");
    herd.end();
}
