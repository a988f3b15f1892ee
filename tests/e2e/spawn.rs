//! What a program finds when it begins: environment, directory, umask, descriptors, user, command words.
//!
//! Refusals to begin are in `spawn_errors`.

use crate::harness::{Herd, root};

#[test]
fn the_environment_is_the_daemons_then_supervisors_then_the_configured() {
    let herd = Herd::of(
        "[program:one]\ncommand=/bin/sh -c 'env > {dir}/env.tmp; mv {dir}/env.tmp {dir}/env; exec cat'\nstartsecs=0\n\
         environment=FOO=\"prog %(ENV_BAR)s %(process_num)d\",QUOTED='a,b=c',SUPERVISOR_ENABLED=\"x\"\n\
         [program:two]\ncommand=/bin/sh -c 'env > {dir}/two.tmp; mv {dir}/two.tmp {dir}/two; exec cat'\nstartsecs=0\n\
         [group:pair]\nprograms=two\n",
    )
    .setting("environment=FOO=\"global\",BAR=\"g\"")
    .variable("HERD_PERCENT", "foo_%s_%_%%_%%%_%2_bar")
    .start();
    let one = herd.wait_file("env", "");
    let has = |text: &str, line: &str| assert!(text.lines().any(|l| l == line), "{line:?} in\n{text}");
    has(&one, "FOO=prog g 0");
    has(&one, "BAR=g");
    has(&one, "QUOTED=a,b=c");
    has(&one, "SUPERVISOR_ENABLED=x");
    has(&one, "SUPERVISOR_PROCESS_NAME=one");
    has(&one, "SUPERVISOR_GROUP_NAME=one");
    has(&one, &format!("SUPERVISOR_SERVER_URL=unix://{}", herd.path("s.sock").display()));
    has(&one, "HERD_PERCENT=foo_%s_%_%%_%%%_%2_bar");
    let two = herd.wait_file("two", "");
    has(&two, "FOO=global");
    has(&two, "SUPERVISOR_ENABLED=1");
    has(&two, "SUPERVISOR_GROUP_NAME=pair");
    has(&two, "SUPERVISOR_PROCESS_NAME=two");
    herd.end();
}

#[test]
fn directory_and_umask_are_set_for_the_program() {
    let herd = Herd::of(
        "[program:where]\ncommand=/bin/sh -c 'pwd; umask; : > {dir}/made; exec cat'\nstartsecs=0\n\
         directory={dir}/sub\numask=027\nstdout_logfile={dir}/where.log\n",
    )
    .file("sub/there", "")
    .start();
    let text = herd.wait_file("where.log", "\n0027\n");
    assert_eq!(text, format!("{}\n0027\n", herd.path("sub").display()));
    let mode = || {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(herd.path("made")).ok().map(|made| made.permissions().mode() & 0o777)
    };
    assert_eq!(crate::harness::until("the file the program makes", mode), 0o640);
    herd.end();
}

#[test]
fn descriptors_are_three_pipes_and_nothing_else() {
    let list =
        "for fd in /proc/self/fd/*; do test -e $fd && echo $(basename $fd) $(readlink $fd); done; exec cat";
    let herd = Herd::start(&format!(
        "[program:apart]\ncommand=/bin/sh -c '{list}'\nstartsecs=0\nstdout_logfile={{dir}}/apart.log\n\
         [program:both]\ncommand=/bin/sh -c 'readlink /proc/$$/fd/1 /proc/$$/fd/2; exec cat'\nstartsecs=0\n\
         redirect_stderr=true\nstdout_logfile={{dir}}/both.log\n"
    ));
    let text = herd.wait_file("apart.log", "2 pipe:");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    for (fd, line) in lines.iter().enumerate() {
        assert!(line.starts_with(&format!("{fd} pipe:[")), "{text}");
    }
    assert_ne!(lines[1].split(' ').next_back(), lines[2].split(' ').next_back(), "{text}");
    let text = crate::harness::until("two lines", || {
        let text = std::fs::read_to_string(herd.path("both.log")).ok()?;
        (text.lines().count() == 2).then_some(text)
    });
    let mut pipes = text.lines();
    assert_eq!(pipes.next(), pipes.next(), "{text}");
    herd.end();
}

#[test]
fn a_program_leads_a_process_group_in_the_daemons_session() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n");
    herd.wait("success: cat");
    let stat = |pid: i32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        let rest = text.rsplit(") ").next().expect("the name is in parentheses").to_owned();
        let fields: Vec<i32> =
            rest.split(' ').skip(1).take(3).map(|n| n.parse().expect("a number")).collect();
        (fields[0], fields[1], fields[2])
    };
    let pid = herd.pid("cat");
    let (parent, group, session) = stat(pid);
    assert_eq!((parent, group, session), (herd.daemon(), pid, stat(herd.daemon()).2));
    herd.end();
}

#[test]
fn command_words_are_split_as_a_shell_would_and_never_given_to_one() {
    let herd = Herd::of(
        "[program:words]\ncommand={dir}/args \"a b\" 'c \"d\"' e\\ f $HOME | g > h %%i \"\" j;k\nstartsecs=0\n\
         autorestart=false\nstdout_logfile={dir}/words.log\n",
    )
    .script("args", "#!/bin/sh\nfor word; do echo \"<$word>\"; done\n")
    .start();
    let text = herd.wait_file("words.log", "<j;k>");
    assert_eq!(text, "<a b>\n<c \"d\">\n<e f>\n<$HOME>\n<|>\n<g>\n<>>\n<h>\n<%i>\n<>\n<j;k>\n");
    herd.end();
}

#[test]
fn expansions_know_the_program_and_its_number() {
    let herd = Herd::start(
        "[program:many]\ncommand=/bin/sh -c 'echo %(program_name)s %(group_name)s %(process_num)02d %(numprocs)d; exec cat'\n\
         process_name=%(program_name)s_%(process_num)02d\nnumprocs=2\nnumprocs_start=5\nstartsecs=0\n\
         stdout_logfile=%(here)s/many-%(process_num)d.log\n",
    );
    assert_eq!(herd.wait_file("many-5.log", "\n"), "many many 05 2\n");
    assert_eq!(herd.wait_file("many-6.log", "\n"), "many many 06 2\n");
    herd.wait_status("many:many_06", "RUNNING");
    herd.end();
}

#[test]
fn the_search_path_is_the_programs_own() {
    let herd = Herd::of(
        "[program:found]\ncommand=mine\nenvironment=PATH=\"{dir}/bin:/usr/bin:/bin\"\nstartsecs=0\nautorestart=false\n\
         stdout_logfile={dir}/found.log\n",
    )
    .script("bin/mine", "#!/bin/sh\necho mine, as $0\n")
    .start();
    let text = herd.wait_file("found.log", "\n");
    assert_eq!(text, format!("mine, as {}\n", herd.path("bin/mine").display()));
    herd.end();
}

#[test]
fn standard_input_is_a_pipe_that_stays_open() {
    let herd = Herd::start("[program:cat]\ncommand=/bin/cat\nstartsecs=1\n");
    herd.wait("success: cat entered RUNNING state");
    herd.end();
}

#[test]
fn a_program_with_a_user_runs_as_that_user() {
    if !root() {
        return;
    }
    let herd = Herd::start(
        "[program:who]\ncommand=/bin/sh -c 'id -un; id -G; grep Groups: /proc/self/status; exec cat'\nuser=nobody\nstartsecs=0\n\
         stdout_logfile={dir}/who.log\n",
    );
    let text = herd.wait_file("who.log", "Groups:");
    assert!(text.starts_with("nobody\n65534\n"), "{text}");
    herd.end();
}
