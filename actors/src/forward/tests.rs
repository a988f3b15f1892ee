//! The ways to syslog targets, against receivers of the test.

use super::*;
use slog::{Drain, Never, OwnedKVList, Record, o};
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use treeherd_domain::stream::Stream;

const WHO: Who<'_> = Who { host: "box", name: "web", pid: 7, stream: Stream::Stdout };
const LONG: Duration = Duration::from_secs(20);

/// What was told in the daemon's log.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Drain for Told {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), Never> {
        lock(&self.0).push(record.msg().to_string());
        Ok(())
    }
}

impl Told {
    fn all(&self) -> Vec<String> {
        lock(&self.0).clone()
    }
}

struct Bench {
    forwards: Forwards,
    forward: Arc<Forward>,
    target: SyslogTarget,
    told: Told,
}

fn bench(target: &str) -> Bench {
    let told = Told::default();
    let target = SyslogTarget::parse(target).unwrap();
    let forwards = Forwards::new("box");
    let forward = forwards.to(&target, &Logger::root(told.clone(), o!()));
    Bench { forwards, forward, target, told }
}

impl Bench {
    fn write(&self, line: &str) {
        self.forward.send_line(&self.target, WHO, 0, line);
    }
}

/// The text of a message: what follows its head.
fn text(message: &[u8]) -> String {
    let message = String::from_utf8(message.to_vec()).unwrap();
    let (head, text) = message.split_once(" web 7 stdout -").unwrap();
    assert!(head.starts_with("<14>1 1970-01-01T00:00:00.000Z box"), "{message}");
    text.trim_start().to_owned()
}

/// A port that was free a moment ago. What tried it did not listen, so that a copy of it in a process that another test
/// just starts is in nobody's way.
fn free_port() -> u16 {
    let probe = tokio::net::TcpSocket::new_v4().unwrap();
    probe.set_reuseaddr(true).unwrap();
    probe.bind(([127, 0, 0, 1], 0).into()).unwrap();
    probe.local_addr().unwrap().port()
}

async fn listen(port: u16) -> tokio::net::TcpListener {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], port).into()).unwrap();
    socket.listen(8).unwrap()
}

/// The next message of a connection, by its length.
async fn framed(stream: &mut BufReader<tokio::net::TcpStream>) -> String {
    let mut length = Vec::new();
    tokio::time::timeout(LONG, stream.read_until(b' ', &mut length)).await.unwrap().unwrap();
    let length: usize = String::from_utf8(length).unwrap().trim_end().parse().unwrap();
    let mut message = vec![0; length];
    tokio::time::timeout(LONG, stream.read_exact(&mut message)).await.unwrap().unwrap();
    text(&message)
}

#[tokio::test]
async fn lines_come_by_udp_one_in_a_datagram_and_a_long_one_in_pieces() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(LONG)).unwrap();
    let bench = bench(&format!("udp://{}", receiver.local_addr().unwrap()));
    let long = "\u{f6}".repeat(1500);
    for line in ["one", "", &long] {
        bench.write(line);
    }
    bench.forwards.settle(LONG).await;
    let received = || {
        let mut buffer = [0; 4096];
        let size = receiver.recv(&mut buffer).unwrap();
        assert!(size <= 2048);
        text(&buffer[..size])
    };
    assert_eq!((received(), received()), ("one".to_owned(), String::new()));
    let pieces = [received(), received()].map(|piece| piece.trim_start_matches('\u{feff}').to_owned());
    assert_eq!(pieces.concat(), long);
    assert!(bench.told.all().is_empty());
}

#[tokio::test]
async fn lines_come_to_a_unix_socket_and_to_the_one_that_takes_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let listen = || {
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        socket
    };
    let received = |socket: &UnixDatagram| {
        let mut buffer = [0; 4096];
        let size = socket.recv(&mut buffer).unwrap();
        text(&buffer[..size])
    };
    let bench = bench(&format!("unix://{}", path.display()));
    let first = listen();
    bench.write("one");
    bench.forwards.settle(LONG).await;
    assert_eq!(received(&first), "one");
    drop(first);
    std::fs::remove_file(&path).unwrap();
    let second = listen();
    bench.write("two");
    bench.forwards.settle(LONG).await;
    assert_eq!(received(&second), "two");
    assert!(bench.told.all().is_empty());
}

#[tokio::test]
async fn a_tcp_target_that_comes_late_gets_all_that_had_room_and_one_that_is_restarted_the_rest() {
    let port = free_port();
    let bench = bench(&format!("tcp://127.0.0.1:{port}"));
    for line in ["one", "two"] {
        bench.write(line);
    }
    bench.forwards.settle(Duration::from_millis(200)).await;
    let target = format!("the syslog target tcp://127.0.0.1:{port}");
    let told = bench.told.all();
    assert!(told[0].starts_with(&format!("cannot send to {target}: ")), "{told:?}");
    assert_eq!(told[1], format!("2 lines were not sent to {target}"));

    let listener = listen(port).await;
    let (stream, _) = tokio::time::timeout(LONG, listener.accept()).await.unwrap().unwrap();
    let mut stream = BufReader::new(stream);
    assert_eq!((framed(&mut stream).await, framed(&mut stream).await), ("one".into(), "two".into()));
    bench.forwards.settle(LONG).await;
    assert_eq!(bench.told.all()[2..], [format!("{target} takes lines again; 0 were dropped")]);

    drop(stream);
    bench.write("three");
    let (stream, _) = tokio::time::timeout(LONG, listener.accept()).await.unwrap().unwrap();
    assert_eq!(framed(&mut BufReader::new(stream)).await, "three");
    assert_eq!(bench.told.all().len(), 3, "a restart costs nothing and is not told");
}

#[tokio::test]
async fn a_receiver_that_does_not_read_costs_bounded_memory_and_no_time() {
    let listener = listen(0).await;
    let bench = bench(&format!("tcp://{}", listener.local_addr().unwrap()));
    let line = "x".repeat(7000);
    let written = 3000;
    for number in 0..written {
        bench.write(&format!("{number} {line}"));
        tokio::task::yield_now().await;
    }
    let bytes = lock(&bench.forward.queue).bytes;
    assert!(bytes <= ROOM, "{bytes} bytes wait");
    let dropped = lock(&bench.forward.queue).dropped;
    assert!(dropped > 0);
    let told = bench.told.all();
    assert!(told.len() == 1 && told[0].contains("takes too little"), "{told:?}");

    // it reads at last: what it gets is in order, and nothing is missing but what was counted
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    let mut numbers = Vec::new();
    for _ in 0..written - dropped {
        let line = framed(&mut stream).await;
        numbers.push(line.split_once(' ').unwrap().0.parse::<u64>().unwrap());
    }
    assert!(numbers.is_sorted_by(|a, b| a < b));
    bench.forwards.settle(LONG).await;
    assert!(bench.told.all()[1].ends_with(&format!("takes lines again; {dropped} were dropped")));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_not_there_is_tried_again_ever_more_seldom() {
    let dir = tempfile::tempdir().unwrap();
    let bench = bench(&format!("unix://{}", dir.path().join("none").display()));
    bench.write("one");
    let begun = clock::now();
    bench.forwards.settle(Duration::from_secs(3600)).await;
    assert_eq!(clock::now() - begun, Duration::from_secs(3600));
    assert_eq!(bench.told.all().len(), 2, "the failure once, and what is left");
}

#[tokio::test]
async fn one_target_that_fails_does_not_touch_another() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(LONG)).unwrap();
    let bench = bench(&format!("unix://{}", dir.path().join("none").display()));
    let well = SyslogTarget::parse(&format!("udp://{}", receiver.local_addr().unwrap())).unwrap();
    let way = bench.forwards.to(&well, &bench.forward.log);
    bench.write("one");
    way.send_line(&well, WHO, 0, "one");
    tokio::time::timeout(LONG, way.settled()).await.unwrap();
    let mut buffer = [0; 4096];
    let size = receiver.recv(&mut buffer).unwrap();
    assert_eq!(text(&buffer[..size]), "one");
}

#[tokio::test]
async fn after_a_bug_in_the_task_the_next_line_begins_another() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(LONG)).unwrap();
    let bench = bench(&format!("udp://{}", receiver.local_addr().unwrap()));
    lock(&bench.forward.queue).runs = true;
    drop(Running { forward: Arc::clone(&bench.forward), failed: true });
    bench.write("one");
    bench.forwards.settle(LONG).await;
    let mut buffer = [0; 4096];
    assert_eq!(receiver.recv(&mut buffer).map(|size| text(&buffer[..size])).unwrap(), "one");
}

#[test]
fn who_sends_to_the_same_place_in_the_same_form_shares_the_way() {
    let bench = bench("udp://logs");
    let to = |text: &str| bench.forwards.to(&SyslogTarget::parse(text).unwrap(), &bench.forward.log);
    assert!(Arc::ptr_eq(&to("udp://logs:514?tag=x&facility=local1"), &bench.forward));
    assert!(!Arc::ptr_eq(&to("udp://logs:514?format=rfc3164"), &bench.forward));
}
