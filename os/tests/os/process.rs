//! The end of a process: told once, remembered, awaited anywhere; and signals.

use crate::support::{block_on, sh};
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::exit::ExitStatus;
use treeherd_domain::signal::Signal;
use treeherd_os::pipe::{PipeReader, Read};
use treeherd_os::process::{Process, Scope, SignalError};
use treeherd_os::spawn::{Spawned, spawn};

fn ended(script: &str) -> ExitStatus {
    block_on(spawn(&sh(script)).unwrap().process.wait()).unwrap()
}

fn killed(number: i32) -> ExitStatus {
    ExitStatus::Signaled { signal: Signal::from_number(number), core_dumped: false }
}

#[test]
fn codes_and_signals_come_back_as_they_were() {
    for code in [0, 1, 127, 255] {
        assert_eq!(ended(&format!("exit {code}")), ExitStatus::Code(code));
    }
    for number in [9, 13, 15] {
        assert_eq!(ended(&format!("kill -{number} $$")), killed(number));
    }
    let aborted = ended("kill -6 $$");
    assert!(matches!(aborted, ExitStatus::Signaled { signal, .. } if signal.number() == 6), "{aborted:?}");
}

#[test]
fn a_status_is_remembered_for_everyone_who_asks_later() {
    let process = spawn(&sh("exit 7")).unwrap().process;
    assert_eq!(block_on(process.wait()).unwrap(), ExitStatus::Code(7));
    assert_eq!(process.try_wait().unwrap(), Some(ExitStatus::Code(7)));
    let clone = process.clone();
    let elsewhere = std::thread::spawn(move || block_on(clone.wait()).unwrap()).join().unwrap();
    assert_eq!(elsewhere, ExitStatus::Code(7));
}

#[test]
fn a_wait_may_move_between_threads() {
    fn moves<T: Send + 'static>(_: impl Fn(Process) -> T) {}
    moves(|process| async move { process.wait().await });
}

#[test]
fn a_wait_that_was_given_up_can_be_begun_anew_on_another_thread() {
    let Spawned { process, stdin, .. } = spawn(&sh("read line; exit 3")).unwrap();
    block_on(async {
        let wait = tokio::time::timeout(Duration::from_millis(10), process.wait());
        assert!(wait.await.is_err(), "it still reads");
    });
    assert_eq!(process.try_wait().unwrap(), None);
    let clone = process.clone();
    let successor = std::thread::spawn(move || block_on(clone.wait()).unwrap());
    drop(stdin);
    assert_eq!(successor.join().unwrap(), ExitStatus::Code(3));
    assert_eq!(process.try_wait().unwrap(), Some(ExitStatus::Code(3)));
}

#[test]
fn several_may_wait_in_one_runtime_and_in_two() {
    let Spawned { process, stdin, .. } = spawn(&sh("read line; exit 4")).unwrap();
    let clone = process.clone();
    let other = std::thread::spawn(move || block_on(clone.wait()).unwrap());
    let both = block_on(async {
        let release = async {
            tokio::task::yield_now().await;
            drop(stdin);
        };
        let (a, b, ()) = tokio::join!(process.wait(), process.wait(), release);
        [a.unwrap(), b.unwrap()]
    });
    assert_eq!(both, [ExitStatus::Code(4); 2]);
    assert_eq!(other.join().unwrap(), ExitStatus::Code(4));
}

#[test]
fn a_signal_reaches_the_process_and_only_while_there_is_one() {
    let process = spawn(&sh("read line")).map(|spawned| (spawned.process, spawned.stdin)).unwrap();
    let (process, _stdin) = process;
    process.signal(Signal::from_number(0), Scope::Process).unwrap();
    process.signal(Signal::TERM, Scope::Process).unwrap();
    assert_eq!(block_on(process.wait()).unwrap(), killed(15));
    for scope in [Scope::Process, Scope::Group] {
        let refused = process.signal(Signal::TERM, scope).unwrap_err();
        assert_eq!(refused, SignalError::NoSuchProcess { pid: process.pid() });
    }
}

#[test]
fn a_signal_to_the_group_reaches_grandchildren() {
    let Spawned { process, stdin: _stdin, stdout, .. } = spawn(&sh("sleep 1000 & echo up; wait")).unwrap();
    let stdout = Arc::new(stdout);
    let status = block_on(async {
        let reader = PipeReader::new(&stdout).unwrap();
        let mut buffer = [0; 8];
        reader.readable().await.unwrap();
        assert_eq!(reader.try_read(&mut buffer).unwrap(), Read::Bytes(3));
        process.signal(Signal::TERM, Scope::Group).unwrap();
        // both hold the pipe, so its end means that both are gone
        while reader.try_read(&mut buffer).unwrap() != Read::Closed {
            reader.readable().await.unwrap();
        }
        process.wait().await.unwrap()
    });
    assert_eq!(status, killed(15));
}

#[test]
fn a_signal_that_does_not_exist_is_refused() {
    let Spawned { process, stdin: _stdin, .. } = spawn(&sh("read line")).unwrap();
    let refused = process.signal(Signal::from_number(99), Scope::Process).unwrap_err();
    assert!(matches!(refused, SignalError::Refused { errno: libc::EINVAL, .. }), "{refused}");
    process.signal(Signal::KILL, Scope::Group).unwrap();
    assert_eq!(block_on(process.wait()).unwrap(), killed(9));
}

#[test]
fn a_start_time_is_read_while_the_process_lives_and_kept() {
    let Spawned { process, stdin, .. } = spawn(&sh("read line")).unwrap();
    let started = process.start_time().expect("a living process on Linux has one");
    drop(stdin);
    block_on(process.wait()).unwrap();
    assert_eq!(process.start_time(), Some(started));
    let late = spawn(&sh("exit 0")).unwrap().process;
    block_on(late.wait()).unwrap();
    assert_eq!(late.start_time(), None);
}

#[test]
fn two_hundred_children_at_once_keep_their_own_statuses() {
    let spawners = (0..10).map(|batch| {
        std::thread::spawn(move || {
            let scripts = (0..20).map(|i| (batch * 20 + i, format!("exit {}", batch * 20 + i)));
            let children: Vec<(i32, Process)> =
                scripts.map(|(code, script)| (code, spawn(&sh(&script)).unwrap().process)).collect();
            block_on(async {
                for (code, process) in &children {
                    assert_eq!(process.wait().await.unwrap(), ExitStatus::Code(*code));
                }
            });
            children.len()
        })
    });
    let spawners: Vec<_> = spawners.collect();
    let total: usize = spawners.into_iter().map(|spawner| spawner.join().unwrap()).sum();
    assert_eq!(total, 200);
}
