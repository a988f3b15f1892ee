//! A state file that cannot be written for want of room: the old one stays as it is, whoever asked is told, the daemon
//! goes on.
//!
//! ```text
//!   unshare --mount ─► tmpfs of 64 KB on {dir}/disk, in a namespace of its own ─► supervisord
//!                          └── seen from here through /proc/PID/root
//! ```

use crate::harness::{Herd, MARK, Plan, reference, root};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

const PROGRAMS: &str = "[program:web]\nnumprocs=2\nprocess_name=%(process_num)d\ncommand=/bin/cat\nstartsecs=0\n\
    [program:db]\ncommand=/bin/cat\nstartsecs=0\n";

/// A daemon with a small disk of its own at `disk`.
fn with_disk() -> Herd {
    let plan = Herd::of(PROGRAMS).setting("state_file=%(here)s/disk/state").file("disk/below", "");
    let script = "mount -t tmpfs -o size=64k,mode=755 none \"$1/disk\" && shift && exec \"$@\"";
    let daemon = plan.command(&["-n"]);
    let mut command = Command::new("unshare");
    command.args(["--mount", "/bin/sh", "-c", script, "sh"]).arg(plan.dir());
    command.arg(daemon.get_program()).args(daemon.get_args());
    started(plan, command)
}

fn started(plan: Plan, mut command: Command) -> Herd {
    command.current_dir(plan.dir()).env(MARK, plan.dir()).stdin(Stdio::null());
    plan.start_by(command)
}

/// A file on that disk.
fn on_disk(herd: &Herd, name: &str) -> PathBuf {
    let dir = herd.dir().strip_prefix("/").expect("it is absolute").display();
    PathBuf::from(format!("/proc/{}/root/{dir}/disk/{name}", herd.daemon()))
}

fn names(herd: &Herd) -> Vec<String> {
    let all = fs::read_dir(on_disk(herd, "")).expect("the disk is there").flatten();
    let mut names: Vec<String> =
        all.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Writes until nothing more fits.
fn fill(herd: &Herd) {
    let mut file = File::create(on_disk(herd, "filler")).expect("there is room for a name");
    let error = loop {
        if let Err(error) = file.write_all(&[0; 512]) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::StorageFull);
}

#[test]
#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn a_full_disk_leaves_the_old_state_and_the_daemon_as_they_are() {
    if reference() || !root() {
        eprintln!("left out: only root can mount a file system");
        return;
    }
    let herd = with_disk();
    herd.ctl("wait all");
    herd.ctl("disable --now db").is("db: disabled\ndb: stopped\n", 0);
    let state = || fs::read_to_string(on_disk(&herd, "state")).expect("it is there");
    let (kept, pids) = (state(), [herd.pid("web:0"), herd.pid("web:1")]);
    fill(&herd);
    let full = format!(
        "{} cannot be written: No space left on device (os error 28); this could not be kept, and nothing is changed: \
         make room there, then say it again",
        herd.path("disk/state").display()
    );
    for (line, told) in [
        ("disable --now web:0", format!("web:0: ERROR ({full})\n")),
        ("disable web:*", format!("web:*: ERROR ({full})\n")),
        ("enable --now db", format!("db: ERROR ({full})\n")),
        ("scale web=4", format!("web: ERROR ({full})\n")),
    ] {
        herd.ctl(line).is(&told, 1);
    }
    assert_eq!((state(), names(&herd)), (kept, vec!["filler".to_owned(), "state".to_owned()]));
    assert_eq!([herd.pid("web:0"), herd.pid("web:1")], pids);
    let refused = herd.ctl("start db");
    assert!(refused.stderr.contains("db is disabled"), "{refused:?}");
    // what needs no room is done
    herd.ctl("restart web:0").has("web:0: started", 0);
    fs::remove_file(on_disk(&herd, "filler")).expect("it is ours");
    herd.ctl("enable --now db").is("db: enabled\ndb: started\n", 0);
    assert!(!state().contains("disabled db"), "{}", state());
    herd.ctl("scale web=3").has("web: 2 -> 3 processes (the file says 2)\n", 0);
    herd.end();
}

#[test]
fn a_limit_of_the_size_of_files_does_the_same() {
    if reference() {
        return;
    }
    let many =
        "[program:many]\nnumprocs=500\nprocess_name=%(process_num)d\ncommand=/bin/cat\nautostart=false\n";
    let plan =
        Herd::of(&format!("{PROGRAMS}{many}")).setting("logfile_maxbytes=8KB").setting("logfile_backups=1");
    let daemon = plan.command(&["-n"]);
    // in blocks of 512 or of 1024 bytes: less than the lines of 500 processes in either case
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "ulimit -f 24; exec \"$@\"", "sh"])
        .arg(daemon.get_program())
        .args(daemon.get_args());
    let herd = started(plan, command);
    herd.ctl("wait db web:*");
    herd.ctl("disable --now db").is("db: disabled\ndb: stopped\n", 0);
    let state = || fs::read_to_string(herd.path("supervisord.state")).expect("it is there");
    let kept = state();
    let refused = herd.ctl("disable many:*");
    let told = "supervisord.state cannot be written: File too large (os error 27); this could not be kept, and nothing is \
                changed: the daemon may not write files of that size: raise its limit (ulimit -f), and restart it)\n";
    refused.has(told, 1);
    assert_eq!(state(), kept);
    herd.ctl("disable web:0").is("web:0: disabled\n", 0);
    herd.ctl("status many:7").has("STOPPED", 3);
    herd.end();
}
