//! Resource limits: raised at the start, and run into by a spawn.

use crate::users::become_nobody;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::sync::Arc;
use treeherd_domain::exit::ExitStatus;
use treeherd_os::daemon::{raise_limits, use_all_files};
use treeherd_os::environment::BaseEnvironment;
use treeherd_os::fd::count_open;
use treeherd_os::spawn::{Launch, SpawnStage, spawn};

pub(crate) fn a_soft_limit_is_raised_up_to_the_hard_one() {
    setrlimit(Resource::RLIMIT_NOFILE, 64, 128).unwrap();
    assert_eq!(raise_limits(100, -1).unwrap(), ["Increased RLIMIT_NOFILE limit to 100"]);
    assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (100, 128));
    assert!(raise_limits(100, 0).unwrap().is_empty(), "what is high enough is left alone");
    assert!(raise_limits(10, 0).unwrap().is_empty());
}

pub(crate) fn a_hard_limit_in_the_way_is_told_with_its_real_value() {
    become_nobody();
    setrlimit(Resource::RLIMIT_NOFILE, 64, 128).unwrap();
    let refused = raise_limits(1000, 0).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "The minimum number of file descriptors required to run this process is 1000 as per the \
         \"minfds\" command-line argument or config file setting. The current environment will only \
         allow you to open 128 file descriptors.  Either raise the number of usable file descriptors in \
         your environment (see README.rst) or lower the minfds setting in the config file to allow the \
         process to start."
    );
    let hint = refused.hint();
    assert!(hint.contains("minfds=128") && hint.contains("LimitNOFILE=1000"), "{hint}");
    setrlimit(Resource::RLIMIT_NPROC, 10, 20).unwrap();
    let refused = raise_limits(0, 200).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "The minimum number of available processes required to run this program is 200 as per the \
         \"minprocs\" command-line argument or config file setting. The current environment will only \
         allow you to open 20 processes.  Either raise the number of usable processes in your \
         environment (see README.rst) or lower the minprocs setting in the config file to allow the \
         program to start."
    );
}

pub(crate) fn the_daemon_takes_all_files_and_its_programs_what_it_was_given() {
    setrlimit(Resource::RLIMIT_NOFILE, 64, 128).unwrap();
    let given = use_all_files().unwrap();
    assert_eq!(given.soft(), 64);
    assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (128, 128));
    let shown = |files| {
        let base = Arc::new(BaseEnvironment::of_this_process().with_files(files));
        let script = "[ $(ulimit -Sn) = 64 ] && [ $(ulimit -Hn) = 128 ]";
        let words = ["sh", "-c", script].map(str::to_owned).to_vec();
        wait_code(spawn(&Launch::new("/bin/sh", words, base)).unwrap())
    };
    assert_eq!(shown(Some(given)), ExitStatus::Code(0));
    assert_eq!(shown(None), ExitStatus::Code(1), "without it the daemon's own limit is inherited");
}

fn launch() -> Launch {
    let base = Arc::new(BaseEnvironment::of_this_process());
    Launch::new("/bin/true", vec!["true".to_owned()], base)
}

pub(crate) fn running_out_of_descriptors_is_told_and_leaks_none() {
    let before = count_open().unwrap();
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let mut failures = 0;
    for spare in 0..12 {
        setrlimit(Resource::RLIMIT_NOFILE, (before + spare) as u64, hard).unwrap();
        let spawned = spawn(&launch());
        setrlimit(Resource::RLIMIT_NOFILE, 256, hard).unwrap();
        match spawned {
            Ok(spawned) => wait(spawned),
            Err(error) => {
                failures += 1;
                assert_eq!(error.message("web"), "too many open files to spawn 'web'", "{error}");
            }
        }
        assert_eq!(count_open().unwrap(), before, "with {spare} to spare");
    }
    // how many fail depends on the gaps among the descriptors that this process was born with
    assert!((1..12).contains(&failures), "{failures} spawns failed");
}

fn wait(spawned: treeherd_os::spawn::Spawned) {
    wait_code(spawned);
}

fn wait_code(spawned: treeherd_os::spawn::Spawned) -> ExitStatus {
    let process = spawned.process;
    nix::sys::wait::waitid(
        nix::sys::wait::Id::Pid(nix::unistd::Pid::from_raw(process.pid())),
        nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT,
    )
    .unwrap();
    process.try_wait().unwrap().unwrap()
}

pub(crate) fn a_full_process_table_is_told() {
    become_nobody();
    let before = count_open().unwrap();
    setrlimit(Resource::RLIMIT_NPROC, 0, 0).unwrap();
    let refused = spawn(&launch()).unwrap_err();
    assert_eq!(refused.stage, SpawnStage::Fork);
    assert_eq!(refused.message("web"), "Too many processes in process table to spawn 'web'");
    assert_eq!(count_open().unwrap(), before);
}
