//! Programs that cannot begin: commands that are not there, directories that are not, users that are not.
//!
//! What is found out before the fork is told in the log and in `status` (`spawnerr`); what fails after it is
//! written by the child to its own standard error, and it ends with status 127.

use crate::harness::{Herd, root};

#[test]
fn a_command_that_cannot_be_run_is_told_by_name() {
    let herd = Herd::of(
        "[program:word]\ncommand=no-such-word\nstartretries=0\n\
         [program:path]\ncommand=/no/such/path arg\nstartretries=0\n\
         [program:dir]\ncommand={dir}/sub\nstartretries=0\n\
         [program:plain]\ncommand={dir}/plain\nstartretries=0\n\
         [program:quote]\ncommand=/bin/cat 'x\nstartretries=0\n",
    )
    .file("plain", "#!/bin/sh\n")
    .file("sub/there", "")
    .start();
    for name in ["word", "path", "dir", "plain", "quote"] {
        herd.wait_anywhere(&format!(
            "gave up: {name} entered FATAL state, too many start retries too quickly"
        ));
    }
    let dir = herd.dir().display().to_string();
    herd.ctl("status word path dir plain quote").is(
        &format!(
            "word                             FATAL     can't find command 'no-such-word'\n\
             path                             FATAL     can't find command '/no/such/path'\n\
             dir                              FATAL     command at '{dir}/sub' is a directory\n\
             plain                            FATAL     command at '{dir}/plain' is not executable\n\
             quote                            FATAL     can't parse command \"/bin/cat 'x\": No closing quotation\n"
        ),
        3,
    );
    herd.wait_anywhere("INFO spawnerr: can't find command 'no-such-word'");
    herd.ctl("start word").is("word: ERROR (no such file)\n", 1);
    herd.ctl("start dir").is("dir: ERROR (file is not executable)\n", 1);
    herd.ctl("start plain").is("plain: ERROR (file is not executable)\n", 1);
    herd.ctl("start quote").is("quote: ERROR (file is not executable)\n", 1);
    herd.end();
}

#[test]
fn a_missing_command_is_looked_for_again_at_every_retry() {
    let herd = Herd::start("[program:later]\ncommand={dir}/later\nstartsecs=0\nstartretries=20\n");
    herd.wait(&format!("INFO spawnerr: can't find command '{}'", herd.path("later").display()));
    std::os::unix::fs::symlink("/bin/cat", herd.path("later")).expect("the directory is ours");
    herd.wait("success: later entered RUNNING state");
    herd.end();
}

#[test]
fn what_fails_after_the_fork_is_written_to_the_programs_own_stderr() {
    let herd = Herd::of(
        "[program:nodir]\ncommand=/bin/cat\nstartsecs=5\ndirectory={dir}/nope\nstartretries=0\nstderr_logfile={dir}/nodir.err\n\
         [program:noexec]\ncommand={dir}/bare\nstartsecs=5\nstartretries=0\nstderr_logfile={dir}/noexec.err\n\
         [program:merged]\ncommand={dir}/bare\nstartsecs=5\nstartretries=0\nredirect_stderr=true\nstdout_logfile={dir}/merged.out\n",
    )
    .script("bare", "no interpreter line, no binary\n")
    .start();
    let bare = herd.path("bare").display().to_string();
    let last = "supervisor: child process was not spawned\n";
    assert_eq!(
        herd.wait_file("nodir.err", last),
        format!("supervisor: couldn't chdir to {}: ENOENT\n{last}", herd.path("nope").display())
    );
    let noexec = format!("supervisor: couldn't exec {bare}: ENOEXEC\n{last}");
    assert_eq!(herd.wait_file("noexec.err", last), noexec);
    assert_eq!(herd.wait_file("merged.out", last), noexec);
    for name in ["nodir", "noexec", "merged"] {
        herd.wait_anywhere(&format!("WARN exited: {name} (exit status 127; not expected)"));
        herd.wait_anywhere(&format!("gave up: {name} "));
    }
    herd.end();
}

#[test]
fn a_program_is_never_run_as_the_wrong_user() {
    if root() {
        return;
    }
    let herd = Herd::start(
        "[program:up]\ncommand=/bin/cat\nuser=root\nstartretries=0\nstderr_logfile={dir}/up.err\n",
    );
    let text = herd.wait_file("up.err", "supervisor: child process was not spawned\n");
    assert!(
        text.starts_with("supervisor: couldn't setuid to 0: Can't drop privilege as nonroot user\n"),
        "{text}"
    );
    herd.end();
}

#[test]
fn a_log_that_cannot_be_opened_fails_the_start_and_nothing_else() {
    let herd = Herd::of(
        "[program:bad]\ncommand=/bin/cat\nstdout_logfile={dir}/sub\nstartretries=0\n\
         [program:good]\ncommand=/bin/cat\nstartsecs=0\n",
    )
    .file("sub/there", "")
    .start();
    herd.wait_anywhere("INFO spawnerr: unknown error making dispatchers for 'bad': EISDIR");
    herd.wait_anywhere("success: good entered RUNNING state");
    herd.ctl("status bad").is(
        "bad                              FATAL     unknown error making dispatchers for 'bad': EISDIR\n",
        3,
    );
    herd.end();
}
