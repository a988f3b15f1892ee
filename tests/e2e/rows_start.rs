//! The start of the daemon, step by step: what the log says in which order, limits, users, umask, pid file.
//!
//! What needs another user or other limits is run through `setpriv` and `prlimit`, as root, and left out otherwise.

use crate::harness::{
    Herd, MARK, Plan, Said, free_port, names, program, reference, root, run, signal, until,
};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::process::{Command, Stdio};

/// The user that owns nothing.
const NOBODY: u32 = 65534;

/// The plan's daemon, started through another program, which is given it as its last words.
fn through(plan: &Plan, words: &[&str]) -> Command {
    let daemon = plan.command(&["-n"]);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(daemon.get_program()).args(daemon.get_args());
    command.current_dir(plan.dir()).env(MARK, plan.dir()).stdin(Stdio::null());
    command
}

/// The same as a user without privileges. The program is copied to where that user can reach it.
fn unprivileged(plan: &Plan) -> Said {
    let daemon = plan.command(&["-n"]);
    let ours = plan.dir().join("supervisord");
    // By another process: a file that this one is writing could not be executed while it forks elsewhere.
    run(Command::new("cp").arg(program("supervisord")).arg(&ours), "").is("", 0);
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&ours).args(daemon.get_args());
    run(command.current_dir(plan.dir()).env(MARK, plan.dir()), "")
}

#[test]
fn the_log_tells_the_start_step_by_step() {
    if !root() {
        return;
    }
    let port = free_port();
    let plan = Herd::of(&format!(
        "[inet_http_server]\nport=127.0.0.1:{port}\nusername=u\npassword=p\n[include]\nfiles=none.d/* more.conf\n\
         [program:b]\ncommand=/bin/cat\nstartsecs=0\nredirect_stderr=true\nstderr_logfile={{dir}}/b.err\n\
         [program:a]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile_maxbytes=0\n"
    ))
    .setting("user=root\nminfds=150\nminprocs=70")
    .file("more.conf", "[program:c]\ncommand=/bin/cat\nstartsecs=0\n");
    let mut command = through(&plan, &["prlimit", "--nofile=100:200", "--nproc=50:100"]);
    let mut child = command.stdout(Stdio::null()).spawn().expect("prlimit is there");
    let log = plan.dir().join("supervisord.log");
    let dir = plan.dir().display().to_string();
    let text =
        until("the start", || fs::read_to_string(&log).ok().filter(|text| text.contains("success: c ")));
    let lines: Vec<String> = text
        .lines()
        .map(|line| line[24..].replace(&format!(" {}", child.id()), " N").replace(&dir, "DIR"))
        .filter(|line| !line.contains("pid ") || line.contains("started"))
        .take_while(|line| !line.contains("success: "))
        .collect();
    assert_eq!(
        lines,
        [
            "WARN No file matches via include \"DIR/none.d/*\"",
            "WARN For [program:b], redirect_stderr=true but stderr_logfile has also been set to a filename, the filename \
             has been ignored",
            "WARN For [program:a], AUTO logging used for stdout_logfile without rollover, set maxbytes > 0 to avoid \
             filling up filesystem unintentionally",
            "INFO Included extra file \"DIR/more.conf\" during parsing",
            "INFO Set uid to user 0 succeeded",
            "INFO Increased RLIMIT_NOFILE limit to 150",
            "INFO Increased RLIMIT_NPROC limit to 70",
            "INFO RPC interface 'supervisor' initialized",
            "INFO RPC interface 'supervisor' initialized",
            "CRIT Server 'unix_http_server' running without any HTTP authentication checking",
            "INFO supervisord started with pid N",
        ]
    );
    signal(i32::try_from(child.id()).expect("a pid fits"), "TERM");
    assert_eq!(child.wait().expect("it is ours").code(), Some(0));
}

#[test]
fn a_limit_that_cannot_be_had_is_an_error() {
    if !root() {
        return;
    }
    let most: u64 = fs::read_to_string("/proc/sys/fs/nr_open")
        .expect("/proc is mounted")
        .trim()
        .parse()
        .expect("it is a number");
    let files = most + 1;
    let plan = Herd::of("").setting(&format!("minfds={files}"));
    let said = run(&mut through(&plan, &["prlimit", "--nofile=100:200"]), "");
    // The reference shows the number it wants in the place of the one it can have.
    let hard = if reference() { files } else { 200 };
    said.is_usage_error(
        &format!(
            "The minimum number of file descriptors required to run this process is {files} as per the \"minfds\" \
             command-line argument or config file setting. The current environment will only allow you to open {hard} \
             file descriptors.  Either raise the number of usable file descriptors in your environment (see \
             README.rst) or lower the minfds setting in the config file to allow the process to start."
        ),
        &program("supervisord"),
    );
    assert!(!plan.dir().join("supervisord.log").exists(), "nothing is touched");
    if reference() {
        // Its interpreter is not where everybody can reach it.
        return;
    }
    let plan = Herd::of("").setting("minprocs=1000000000");
    let said = unprivileged(&plan);
    assert!(
        said.stderr.starts_with(
            "Error: The minimum number of available processes required to run this program is 1000000000 as per the \
             \"minprocs\" command-line argument or config file setting. The current environment will only allow you \
             to open "
        ) && said.stderr.contains(
            " processes.  Either raise the number of usable processes in your environment (see README.rst) or lower \
             the minprocs setting in the config file to allow the program to start.\n"
        ) && said.code == 2,
        "{said:?}"
    );
}

#[test]
fn as_root_without_a_user_the_log_warns() {
    let herd = Herd::start("");
    let warned = herd.count(
        "CRIT Supervisor is running as root.  Privileges were not dropped because no user is specified in the config \
         file.  If you intend to run as root, you can set user=root in the config file to avoid this message.",
    );
    assert_eq!(warned, usize::from(root()));
    herd.end();
}

#[test]
fn with_a_user_the_daemon_and_its_files_are_that_users() {
    if !root() {
        return;
    }
    let plan = Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n").setting("user=nobody");
    chown(plan.dir(), Some(NOBODY), Some(NOBODY)).expect("we are root");
    let herd = plan.start();
    herd.wait("success: cat");
    herd.assert_count("INFO Set uid to user 65534 succeeded", 1);
    assert_eq!(herd.count("CRIT Supervisor is running as root"), 0);
    for pid in [herd.daemon(), herd.spawned("cat")] {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let ids = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("a status has ids");
            line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(ids("Uid:"), ["65534"; 4]);
        assert_eq!(ids("Gid:"), ["65534"; 4]);
        assert_eq!(ids("Groups:"), ["65534"]);
    }
    let own = names(herd.dir()).into_iter().filter(|name| name != "supervisord.conf");
    for name in own {
        assert_eq!(fs::metadata(herd.path(&name)).expect("it is there").uid(), NOBODY, "{name}");
    }
    herd.end();
}

#[test]
fn a_user_that_cannot_be_become_is_an_error() {
    if !root() || reference() {
        return;
    }
    let plan = Herd::of("").setting("user=root");
    unprivileged(&plan)
        .is_usage_error("Can't drop privilege as nonroot user", &plan.dir().join("supervisord"));
    // To be who one is already is no change.
    let plan = Herd::of("").setting("user=nobody").setting("logfile=/no/such/place");
    let said = unprivileged(&plan);
    assert!(said.stderr.contains("The directory named as part of the path"), "{said:?}");
}

#[test]
fn in_the_foreground_umask_and_directory_stay_as_they_are() {
    let plan = Herd::of(
        "[program:where]\ncommand=/bin/sh -c 'umask; pwd; exec cat'\nstartsecs=0\nstdout_logfile={dir}/where.log\n",
    )
    .setting("umask=077")
    .setting("directory={dir}/sub")
    .file("sub/there", "");
    let daemon = plan.command(&["-n"]);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "umask 013; exec \"$@\"", "sh"]).arg(daemon.get_program()).args(daemon.get_args());
    shell.current_dir(plan.dir()).env(MARK, plan.dir()).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = shell.spawn().expect("a shell is there");
    let wanted = format!("0013\n{}\n", plan.dir().display());
    until("its words", || {
        fs::read_to_string(plan.dir().join("where.log")).ok().filter(|text| *text == wanted)
    });
    let mode = fs::metadata(plan.dir().join("supervisord.log")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o664);
    let cwd = fs::read_link(format!("/proc/{}/cwd", child.id())).expect("it runs");
    assert_eq!(cwd, plan.dir());
    signal(i32::try_from(child.id()).expect("a pid fits"), "TERM");
    assert_eq!(child.wait().expect("it is ours").code(), Some(0));
}

#[test]
fn silent_keeps_the_log_from_standard_output_and_nothing_else() {
    for silent in [true, false] {
        let plan =
            Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n").setting(&format!("silent={silent}"));
        let child = plan.command(&["-n"]).stdout(Stdio::piped()).spawn().expect("it can be started");
        let log = plan.dir().join("supervisord.log");
        until("the program", || fs::read_to_string(&log).ok().filter(|text| text.contains("success: cat")));
        signal(i32::try_from(child.id()).expect("a pid fits"), "TERM");
        let ended = child.wait_with_output().expect("it is ours");
        assert_eq!(ended.status.code(), Some(0));
        let shown = String::from_utf8_lossy(&ended.stdout).into_owned();
        let written = fs::read_to_string(&log).expect("it is there");
        assert!(written.contains("stopped: cat"), "{written}");
        assert_eq!(shown, if silent { String::new() } else { written });
    }
}

#[test]
fn a_pid_file_that_cannot_be_written_is_told_and_survived() {
    let plan = Herd::of("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    let dir = plan.dir().display().to_string();
    fs::create_dir(plan.dir().join("sub")).expect("the directory is ours");
    let plan = plan.argument(&format!("--pidfile={dir}/sub"));
    let mut child = plan.command(&["-n"]).stdout(Stdio::null()).spawn().expect("it can be started");
    let log = plan.dir().join("supervisord.log");
    let text =
        until("the program", || fs::read_to_string(&log).ok().filter(|text| text.contains("success: cat")));
    assert!(text.contains(&format!("CRIT could not write pidfile {dir}/sub\n")), "{text}");
    assert!(!text.contains("supervisord started with pid"), "{text}");
    signal(i32::try_from(child.id()).expect("a pid fits"), "TERM");
    assert_eq!(child.wait().expect("it is ours").code(), Some(0));
    assert!(plan.dir().join("sub").is_dir());
}

#[test]
fn automatic_logs_are_where_temporary_files_are() {
    for variable in ["TMPDIR", "TEMP", "TMP"] {
        let plan = Herd::exactly(
            "[supervisord]\nlogfile={dir}/supervisord.log\npidfile={dir}/supervisord.pid\n\
             [program:cat]\ncommand=/bin/cat\nautostart=false\n",
        )
        .file("tmp/there", "");
        let mut command = plan.command(&["-n"]);
        for name in ["TMPDIR", "TEMP", "TMP"] {
            command.env_remove(name);
        }
        let place = plan.dir().join("tmp");
        let mut child =
            command.env(variable, &place).stdout(Stdio::null()).spawn().expect("it can be started");
        let log = |names: &[String]| names.iter().any(|name| name.starts_with("cat-stdout---supervisor-"));
        until(variable, || log(&names(&place)).then_some(()));
        until("the start", || plan.dir().join("supervisord.pid").exists().then_some(()));
        signal(i32::try_from(child.id()).expect("a pid fits"), "TERM");
        assert_eq!(child.wait().expect("it is ours").code(), Some(0));
    }
}

#[test]
fn without_any_server_the_daemon_runs_programs_all_the_same() {
    let plan = Herd::exactly(
        "[supervisord]\nlogfile={dir}/supervisord.log\npidfile={dir}/supervisord.pid\nchildlogdir={dir}\n\
         [program:env]\ncommand=/bin/sh -c 'env; exec cat'\nstartsecs=0\nstdout_logfile={dir}/env\n",
    );
    let herd = plan.start();
    herd.wait("success: env entered RUNNING state");
    let text = herd.wait_file("env", "SUPERVISOR_ENABLED=1");
    assert!(!text.contains("SUPERVISOR_SERVER_URL"), "{text}");
    assert_eq!(herd.count("RPC interface"), 0);
    herd.end();
}

#[test]
fn a_log_that_cannot_be_opened_ends_the_start_with_status_one() {
    let plan = Herd::of("").setting("logfile={dir}/sub").file("sub/there", "");
    let said = plan.refused();
    assert_eq!(said.code, 1, "{said:?}");
    assert!(!plan.dir().join("s.sock").exists() && !plan.dir().join("supervisord.pid").exists());
}

#[test]
fn an_ordinary_user_runs_what_it_may_and_becomes_nobody_else() {
    if !root() || reference() {
        return;
    }
    let plan = Herd::of(
        "[program:closed]\ncommand={dir}/closed\nstartretries=0\n\
         [program:up]\ncommand=/bin/cat\nuser=root\nstartsecs=5\nstartretries=0\nstderr_logfile={dir}/up.err\n\
         [program:own]\ncommand=/bin/sh -c 'kill -TERM $PPID'\nuser=nobody\nstartsecs=0\nautorestart=false\npriority=1000\n",
    )
    .script("closed", "#!/bin/sh\nexec cat\n");
    fs::set_permissions(plan.dir().join("closed"), fs::Permissions::from_mode(0o700)).expect("it is ours");
    chown(plan.dir(), Some(NOBODY), Some(NOBODY)).expect("we are root");
    let said = unprivileged(&plan);
    assert_eq!(said.code, 0, "{said:?}");
    let closed = plan.dir().join("closed").display().to_string();
    assert!(
        said.stdout.contains(&format!("INFO spawnerr: no permission to run command '{closed}'\n")),
        "{said:?}"
    );
    assert_eq!(
        fs::read_to_string(plan.dir().join("up.err")).expect("it is there"),
        "supervisor: couldn't setuid to 0: Can't drop privilege as nonroot user\n\
         supervisor: child process was not spawned\n"
    );
}
