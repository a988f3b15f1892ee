//! Where output goes beside its log file: syslog targets, and further files.
//!
//! Both are ours alone; the reference ignores the one key and refuses the other value.

use crate::harness::{DEADLINE, Herd, reference, until};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;

#[track_caller]
fn datagram(receive: impl FnOnce(&mut [u8]) -> std::io::Result<usize>) -> String {
    let mut buffer = [0; 4096];
    let size = receive(&mut buffer).expect("a datagram comes");
    String::from_utf8_lossy(&buffer[..size]).into_owned()
}

#[test]
fn lines_go_to_every_syslog_target_and_to_the_file() {
    if reference() {
        return;
    }
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    udp.set_read_timeout(Some(DEADLINE)).expect("a socket has time-outs");
    let place = |address: std::io::Result<std::net::SocketAddr>| address.expect("it is bound");
    let plan = Herd::of(&format!(
        "[program:say]\ncommand=/bin/sh -c 'echo one; printf \"t\"; sleep 0.2; echo wo; printf end'\nstartsecs=0\n\
         autorestart=false\nstdout_logfile={{dir}}/say.log\n\
         stdout_syslog_target=udp://{}, tcp://{}?format=rfc3164&facility=local3&severity=notice&tag=shop, \
         unix://{{dir}}/log?format=rfc3164\n",
        place(udp.local_addr()),
        place(tcp.local_addr())
    ));
    let local = UnixDatagram::bind(plan.dir().join("log")).expect("the directory is ours");
    local.set_read_timeout(Some(DEADLINE)).expect("a socket has time-outs");
    let herd = plan.start();
    let pid = herd.spawned("say");
    let (stream, _) = tcp.accept().expect("it connects");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket has time-outs");
    let mut stream = BufReader::new(stream);
    for text in ["one", "two", "end"] {
        let message = datagram(|buffer| udp.recv(buffer));
        assert!(message.starts_with("<14>1 20"), "{message}");
        assert!(message.ends_with(&format!(" say {pid} stdout - {text}")), "{message}");
        let mut line = String::new();
        stream.read_line(&mut line).expect("a line comes");
        assert!(line.starts_with("<157>") && line.ends_with(&format!(" shop[{pid}]: {text}\n")), "{line}");
        let message = datagram(|buffer| local.recv(buffer));
        assert!(
            message.starts_with("<14>") && message[19..] == format!(" say[{pid}]: {text}"),
            "{message}"
        );
    }
    assert_eq!(fs::read_to_string(herd.path("say.log")).expect("it is there"), "one\ntwo\nend");
    fs::remove_file(herd.path("log")).expect("it is ours");
    herd.end();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("it is closed");
    assert_eq!(rest, "");
}

#[test]
fn a_target_that_takes_nothing_costs_the_program_no_time_and_the_file_no_byte() {
    if reference() {
        return;
    }
    // it connects, for the kernel accepts, and then nobody reads
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let herd = Herd::start(&format!(
        "[program:much]\ncommand=/bin/sh -c 'yes 0123456789012345678901234567890123456789 | head -c 20000000; echo; echo over; exec cat'\n\
         startsecs=0\nstdout_logfile={{dir}}/much.log\nstdout_logfile_maxbytes=0\n\
         stdout_syslog_target=tcp://{}, udp://nowhere.invalid, unix://{{dir}}/nobody\n",
        tcp.local_addr().expect("it is bound")
    ));
    let log = herd.wait_file("much.log", "over\n");
    assert_eq!(log.len(), 20_000_006);
    herd.wait_anywhere("WARN the syslog target tcp://");
    herd.wait_anywhere("cannot send to the syslog target udp://nowhere.invalid:514: ");
    herd.wait_anywhere("cannot send to the syslog target unix://");
    herd.wait_status("much", "RUNNING");
    herd.ctl("stop much").is("much: stopped\n", 0);
    herd.end();
}

#[test]
fn a_list_of_files_is_written_file_by_file_and_the_first_is_the_log() {
    if reference() {
        return;
    }
    let herd = Herd::of(
        "[program:say]\ncommand=/bin/sh -c 'echo one; exec cat'\nstartsecs=0\n\
         stdout_logfile={dir}/a.log, {dir}/b.log, {dir}/full\nstdout_logfile_maxbytes=0\n",
    );
    std::os::unix::fs::symlink("/dev/full", herd.dir().join("full")).expect("the directory is ours");
    let herd = herd.start();
    herd.wait_file("a.log", "one\n");
    herd.wait_file("b.log", "one\n");
    herd.wait_anywhere("output is missing there and nowhere else");
    herd.ctl("tail say").is("one\n\n", 0);
    herd.ctl("clear say").is("say: cleared\n", 0);
    assert_eq!(fs::read_to_string(herd.path("b.log")).expect("it is there"), "");
    fs::rename(herd.path("b.log"), herd.path("b.old")).expect("it is there");
    herd.signal("USR2");
    herd.wait("INFO supervisord logreopen");
    herd.ctl("restart say").is("say: stopped\nsay: started\n", 0);
    herd.wait_file("b.log", "one\n");
    assert_eq!(fs::read_to_string(herd.path("b.old")).expect("it is there"), "");
    herd.end();
}

#[test]
fn a_name_with_a_comma_that_the_reference_takes_is_one_file() {
    let herd = Herd::start(
        "[program:say]\ncommand=/bin/sh -c 'echo one; exec cat'\nstartsecs=0\nstdout_logfile={dir}/a.log, b.log\n",
    );
    herd.wait_file("a.log, b.log", "one\n");
    until("the file is alone", || (!herd.path("a.log").exists()).then_some(()));
    herd.end();
    if !reference() {
        let said =
            Herd::of("[program:say]\ncommand=/bin/cat\nstdout_logfile={dir}/a.log, NONE, {dir}/no/b.log\n")
                .refused();
        assert!(
            said.stderr.contains("The directory named as part of the path ")
                && said.stderr.contains("as a list of files it fails at 'NONE'"),
            "{}",
            said.stderr
        );
    }
}
