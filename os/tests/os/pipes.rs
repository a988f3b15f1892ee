//! Pipe ends in a reactor: readiness, reads and writes that never block.

use crate::support::{block_on, program, sh};
use std::sync::Arc;
use treeherd_os::pipe::{PipeReader, Read, StdinWriter, bytes_waiting, read_now, write_now};
use treeherd_os::spawn::{Spawned, spawn};

/// What comes next, or the end. A child that another test is just starting holds every pipe until its
/// `execve`, so an end may come a moment late.
async fn next(reader: &PipeReader, buffer: &mut [u8]) -> Read {
    loop {
        match reader.try_read(buffer).unwrap() {
            Read::Empty => reader.readable().await.unwrap(),
            read => return read,
        }
    }
}

#[test]
fn bytes_come_in_pieces_and_then_the_end() {
    let Spawned { process, stdin, stdout, .. } = spawn(&sh("echo one; read line; echo $line")).unwrap();
    let stdin = Arc::new(stdin.unwrap());
    block_on(async {
        let reader = PipeReader::new(&Arc::new(stdout)).unwrap();
        let mut buffer = [0; 64];
        reader.readable().await.unwrap();
        assert_eq!(reader.try_read(&mut buffer).unwrap(), Read::Bytes(4));
        assert_eq!(&buffer[..4], b"one\n");
        assert_eq!(reader.try_read(&mut buffer).unwrap(), Read::Empty);
        let writer = StdinWriter::new(&stdin).unwrap();
        writer.writable().await.unwrap();
        assert_eq!(writer.try_write(b"two\n").unwrap(), 4);
        reader.readable().await.unwrap();
        assert_eq!(reader.try_read(&mut buffer).unwrap(), Read::Bytes(4));
        process.wait().await.unwrap();
        assert_eq!(next(&reader, &mut buffer).await, Read::Closed);
    });
}

#[test]
fn a_successor_reads_on_where_the_predecessor_stopped_on_any_thread() {
    let Spawned { process, stdout, .. } = spawn(&sh("printf abcdef")).unwrap();
    let fd = Arc::new(stdout);
    let mut buffer = [0; 3];
    block_on(async {
        let first = PipeReader::new(&fd).unwrap();
        process.wait().await.unwrap();
        assert_eq!(bytes_waiting(&*fd).unwrap(), 6);
        assert_eq!(first.try_read(&mut buffer).unwrap(), Read::Bytes(3));
        let second = PipeReader::new(&fd).expect("beside the first, in the same reactor");
        second.readable().await.unwrap();
    });
    let lent = Arc::clone(&fd);
    let rest = std::thread::spawn(move || {
        block_on(async {
            let reader = PipeReader::new(&lent).unwrap();
            let mut rest = [0; 16];
            assert_eq!(reader.try_read(&mut rest).unwrap(), Read::Bytes(3));
            assert_eq!(&rest[..3], b"def");
            next(&reader, &mut rest).await
        })
    });
    assert_eq!(&buffer, b"abc");
    assert_eq!(rest.join().unwrap(), Read::Closed);
    assert_eq!(read_now(&*fd, &mut buffer).unwrap(), Read::Closed);
}

#[test]
fn a_full_pipe_takes_nothing_and_a_closed_one_says_so() {
    let Spawned { process, stdin, .. } = spawn(&program("/bin/sleep", &["sleep", "1000"])).unwrap();
    let stdin = stdin.unwrap();
    let much = vec![b'x'; 1 << 20];
    let taken = write_now(&stdin, &much).unwrap();
    assert!(taken > 0 && taken < much.len());
    assert_eq!(write_now(&stdin, b"x").unwrap(), 0);
    process.signal(treeherd_domain::signal::Signal::KILL, treeherd_os::process::Scope::Process).unwrap();
    let stdin = Arc::new(stdin);
    let broken = block_on(async {
        process.wait().await.unwrap();
        let writer = StdinWriter::new(&stdin).unwrap();
        loop {
            match writer.try_write(b"x") {
                Ok(_) => writer.writable().await.unwrap(),
                Err(error) => break error,
            }
        }
    });
    assert_eq!(broken.raw_os_error(), Some(libc::EPIPE));
}
