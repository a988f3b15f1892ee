//! What is of a whole process: session, user, umask, limits, reaping, standard streams.
//!
//! ```text
//! driver --runs itself--> subject (one case, one thread) --> exit status 0, or a panic's text
//! ```
//!
//! Each case is a function that panics if it finds something wrong; the driver runs every case in a
//! process of its own and looks only at how that ended. Cases that need root say so when skipped.
#![allow(clippy::unwrap_used, reason = "a case that cannot go on panics")]
#![allow(clippy::print_stdout, reason = "the driver reports like the usual harness")]
#![allow(unsafe_code, reason = "a case closes its standard streams, another ignores a signal")]

mod daemon;
mod limits;
mod reaping;
mod streams;
mod users;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, ExitCode, Stdio};

struct Case {
    name: &'static str,
    needs_root: bool,
    run: fn(),
}

macro_rules! cases {
    ($($module:ident::$name:ident $(($root:ident))?,)+) => {
        &[$(Case {
            name: concat!(stringify!($module), "::", stringify!($name)),
            needs_root: !(&[$(stringify!($root))?] as &[&str]).is_empty(),
            run: $module::$name,
        },)+]
    };
}

const CASES: &[Case] = cases![
    daemon::a_daemon_has_its_own_session_and_no_terminal,
    daemon::a_process_with_threads_is_not_daemonized,
    daemon::files_are_made_with_the_umask,
    daemon::a_pid_file_is_not_removed_by_a_forked_child,
    limits::a_soft_limit_is_raised_up_to_the_hard_one,
    limits::a_hard_limit_in_the_way_is_told_with_its_real_value(root),
    limits::the_daemon_takes_all_files_and_its_programs_what_it_was_given,
    limits::running_out_of_descriptors_is_told_and_leaks_none,
    limits::a_full_process_table_is_told(root),
    reaping::a_strangers_status_is_taken_and_told,
    reaping::a_child_of_ours_keeps_its_status,
    reaping::a_managed_child_is_not_touched,
    reaping::no_status_is_lost_if_we_were_started_with_sigchld_ignored,
    reaping::spawning_and_reaping_at_once_lose_no_status,
    streams::our_own_streams_are_log_files_even_if_they_are_sockets,
    streams::a_child_has_its_pipes_even_if_we_have_no_streams,
    streams::sockets_at_the_very_places_of_others_come_to_theirs,
    streams::a_child_of_many_files_has_three_and_ours_stay_open,
    users::a_user_is_become_for_good(root),
    users::only_root_can_change_the_user(root),
    users::what_an_ordinary_user_may_not_do_is_told(root),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [marker, name] = arguments.as_slice()
        && marker == "--subject"
    {
        CASES.iter().find(|case| case.name == name).map(|case| (case.run)()).unwrap();
        return ExitCode::SUCCESS;
    }
    let wanted = |case: &&Case| {
        let filters: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
        filters.is_empty() || filters.iter().any(|filter| case.name.contains(filter.as_str()))
    };
    let failed = CASES.iter().filter(wanted).filter(|case| !passes(case)).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn passes(case: &Case) -> bool {
    if case.needs_root && treeherd_os::user::current_uid() != 0 {
        println!("test {} ... skipped: needs root", case.name);
        return true;
    }
    let mut subject = Command::new(std::env::current_exe().unwrap());
    subject.args(["--subject", case.name]).stdin(Stdio::null()).stdout(Stdio::null());
    // a case that has become another user cannot remove its files
    let scratch = tempfile::tempdir().unwrap();
    std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).unwrap();
    subject.env("TMPDIR", scratch.path());
    let output = subject.output().unwrap();
    let passed = output.status.success();
    println!("test {} ... {}", case.name, if passed { "ok" } else { "FAILED" });
    if !passed {
        println!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    passed
}
