//! What is told when there is no child, or the child cannot become its program.

use crate::support::{Ran, is_root, program, run, sh};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use treeherd_domain::exit::ExitStatus;
use treeherd_os::spawn::{Launch, SetupFailure, SetupStage, SpawnError, SpawnStage, spawn};
use treeherd_os::user;

fn failing(launch: &Launch, stage: SetupStage, errno: i32, text: &str) {
    let Ran { status, stdout, stderr, failure, .. } = run(launch);
    assert_eq!(failure, Some(SetupFailure { stage, errno }));
    assert_eq!(stderr, format!("supervisor: {text}\nsupervisor: child process was not spawned\n"));
    assert_eq!((status, stdout.as_str()), (ExitStatus::Code(127), ""));
}

#[test]
fn a_directory_that_is_not_there_is_told_as_supervisor_tells_it() {
    let mut launch = sh("echo never");
    launch.directory = Some("/no/such/place".to_owned());
    failing(&launch, SetupStage::Directory, libc::ENOENT, "couldn't chdir to /no/such/place: ENOENT");
}

#[test]
fn a_program_that_cannot_be_executed_is_told_by_its_first_word() {
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("script");
    fs::write(&script, "echo no shebang\n").unwrap();
    let script = script.to_str().unwrap();
    let tell = |errno, text| failing(&program(script, &["web", "x"]), SetupStage::Exec, errno, text);
    tell(libc::EACCES, "couldn't exec web: EACCES");
    fs::set_permissions(script, Permissions::from_mode(0o755)).unwrap();
    tell(libc::ENOEXEC, "couldn't exec web: ENOEXEC");
    fs::remove_file(script).unwrap();
    tell(libc::ENOENT, "couldn't exec web: ENOENT");
}

#[test]
fn failure_texts_follow_standard_error_to_where_it_is_redirected() {
    let mut launch = program("/no/such/program", &["web"]);
    launch.stderr = treeherd_os::spawn::StderrTo::Stdout;
    let ran = run(&launch);
    let told = "supervisor: couldn't exec web: ENOENT\nsupervisor: child process was not spawned\n";
    assert_eq!(ran.stdout, told);
}

#[test]
fn a_program_without_words_is_told_by_its_path() {
    let text = "couldn't exec /no/such/program: ENOENT";
    failing(&program("/no/such/program", &[]), SetupStage::Exec, libc::ENOENT, text);
}

#[test]
fn a_child_never_runs_as_another_user_than_the_one_asked_for() {
    if !is_root() {
        return;
    }
    let nobody = user::lookup("nobody").unwrap().unwrap();
    let mut launch = sh("echo never");
    let mut fails = |account, stage, reason: &str| {
        launch.credentials = Some(account);
        let uid = launch.credentials.as_ref().unwrap().uid;
        failing(&launch, stage, libc::EINVAL, &format!("couldn't setuid to {uid}: {reason}"));
    };
    let mut crowded = nobody.clone();
    crowded.groups = (0..70_000).collect();
    fails(crowded, SetupStage::Groups, "Could not set groups of effective user");
    let mut no_group = nobody.clone();
    no_group.gid = u32::MAX;
    fails(no_group, SetupStage::Gid, "Could not set group id of effective user");
    let mut no_user = nobody;
    no_user.uid = u32::MAX;
    fails(no_user, SetupStage::Uid, "Could not set user id of effective user");
}

#[test]
fn the_directory_is_entered_as_the_new_user() {
    if !is_root() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let closed = directory.path().to_str().unwrap();
    fs::set_permissions(closed, Permissions::from_mode(0o700)).unwrap();
    let mut launch = sh("echo never");
    launch.credentials = user::lookup("nobody").unwrap();
    launch.directory = Some(closed.to_owned());
    let text = format!("couldn't chdir to {closed}: EACCES");
    failing(&launch, SetupStage::Directory, libc::EACCES, &text);
}

#[test]
fn a_nul_byte_is_refused_before_anything_is_made() {
    let launches = [
        program("/bin/true", &["a\0b"]),
        program("/bin/t\0rue", &["true"]),
        Launch { directory: Some("/\0".to_owned()), ..sh("true") },
        Launch { overrides: vec![("A".to_owned(), "\0".to_owned())], ..sh("true") },
    ];
    for launch in launches {
        let refused = spawn(&launch).unwrap_err();
        assert_eq!(refused, SpawnError { stage: SpawnStage::Argument, errno: libc::EINVAL });
    }
}

#[test]
fn spawn_errors_have_supervisors_words() {
    let cases = [
        (SpawnStage::Pipe, libc::EMFILE, "too many open files to spawn 'web'"),
        (SpawnStage::Fork, libc::EMFILE, "too many open files to spawn 'web'"),
        (SpawnStage::Pipe, libc::EISDIR, "unknown error making dispatchers for 'web': EISDIR"),
        (SpawnStage::Fork, libc::EAGAIN, "Too many processes in process table to spawn 'web'"),
        (SpawnStage::Fork, libc::ENOMEM, "unknown error during fork for 'web': ENOMEM"),
    ];
    for (stage, errno, message) in cases {
        assert_eq!(SpawnError { stage, errno }.message("web"), message);
    }
}
