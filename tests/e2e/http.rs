//! What a script sees over plain HTTP: pages and their actions, errors, passwords, log streams.

use crate::harness::http::{Answer, Server};
use crate::harness::{Herd, free_port, reference, until};
use serde_json::json;
use std::fs;
use std::path::Path;

/// One row of each kind.
const PROGRAMS: &str = "[program:cat]\ncommand=cat\nstartsecs=0\n\
    [program:off]\ncommand=cat\nautostart=false\nstartsecs=0\nstdout_logfile={dir}/off.log\n\
    [program:absent]\ncommand={dir}/absent\nautostart=false\n\
    [program:plain]\ncommand={dir}/plain\nautostart=false\n\
    [program:quick]\ncommand=sh -c 'exit 1'\nautostart=false\nstartretries=0\nstartsecs=5\n\
    [program:mute]\ncommand=cat\nstartsecs=0\nstdout_logfile=NONE\nredirect_stderr=true\n\
    [group:pair]\nprograms=a\n[program:a]\ncommand=cat\nstartsecs=0\n";

fn herd() -> (Herd, Server) {
    let herd = Herd::of(PROGRAMS).file("plain", "no program\n").start();
    herd.wait_status("pair:a", "RUNNING");
    let server = Server::Unix(herd.path("s.sock"));
    (herd, server)
}

/// The message that an action ends with.
#[track_caller]
fn message(answer: &Answer) -> String {
    let expected = if reference() { 301 } else { 303 };
    assert_eq!(answer.status, expected, "{answer:?}");
    let location = answer.header("Location").expect("there is a Location");
    let text = location.strip_prefix("http://herd:1/?message=").unwrap_or_else(|| panic!("{location}"));
    let mut plain = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut digit = || bytes.next().and_then(|c| char::from(c).to_digit(16)).expect("two digits");
        plain.push(match byte {
            b'%' => u8::try_from(digit() * 16 + digit()).expect("a byte"),
            byte => byte,
        });
    }
    String::from_utf8(plain).expect("a message is text")
}

/// The message with the time in it as `N`.
fn timeless(message: &str) -> String {
    let Some((what, time)) = message.split_once(" at ") else { return message.to_owned() };
    let words: Vec<&str> = time.split_whitespace().collect();
    assert_eq!(words.len(), 5, "{message}");
    assert_eq!((words[0].len(), words[1].len(), words[3].len(), words[4].len()), (3, 3, 8, 4), "{message}");
    format!("{what} at N")
}

#[test]
fn every_socket_serves_the_same_pages() {
    let port = free_port();
    let text = format!(
        "[inet_http_server]\nport=127.0.0.1:{port}\n[inet_http_server:all]\nport=*:{}\n{PROGRAMS}",
        free_port()
    );
    let herd = Herd::start(&text);
    herd.wait_status("cat", "RUNNING");
    let pages: Vec<String> = [Server::Unix(herd.path("s.sock")), Server::Inet(port)]
        .iter()
        .map(|server| {
            let ok = server.get("/ok.html");
            assert_eq!((ok.status, ok.header("Content-Type"), &*ok.body), (200, Some("text/plain"), "OK"));
            let page = server.get("/");
            assert_eq!(page.status, 200);
            for (name, value) in [
                ("Content-Type", "text/html;charset=utf-8"),
                ("Pragma", "no-cache"),
                ("Cache-Control", "no-cache"),
                ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ] {
                assert_eq!(page.header(name), Some(value), "{name}");
            }
            let style = server.get("/stylesheets/supervisor.css");
            assert_eq!((style.status, style.header("Content-Type")), (200, Some("text/css")));
            page.body.split("uptime").next().unwrap_or_default().to_owned()
        })
        .collect();
    assert_eq!(pages[0], pages[1]);
    let page = Server::Inet(port).get("/index.html").body;
    let place = |name: &str| {
        page.find(&format!("tail.html?processname={name}\"")).unwrap_or_else(|| panic!("{name}: {page}"))
    };
    let places: Vec<usize> =
        ["absent", "cat", "mute", "off", "pair%3Aa", "plain", "quick"].map(place).into();
    assert!(places.is_sorted(), "by group, then by process: {places:?}");
    herd.end();
}

#[test]
fn the_actions_of_the_page_are_carried_out_and_told() {
    let (herd, server) = herd();
    let act = |query: &str| timeless(&message(&server.get(&format!("/index.html?{query}"))));
    let table = [
        ("action=refresh", "Page refreshed at N"),
        ("action=stop&processname=cat", "Process cat stopped"),
        ("action=stop&processname=cat", "unexpected rpc fault [70] NOT_RUNNING: cat"),
        ("action=start&processname=cat", "Process cat started"),
        ("action=start&processname=cat", "ERROR: Process cat: already started"),
        ("action=start&processname=absent", "ERROR: Process absent: no such file"),
        ("action=start&processname=plain", "ERROR: Process plain: file not executable"),
        ("action=start&processname=quick", "ERROR: Process quick: spawn error"),
        ("action=restart&processname=off", "Process off restarted"),
        ("action=clearlog&processname=pair%3Aa", "Log for pair:a cleared"),
        ("action=start&processname=nobody", "No such process named nobody"),
        ("action=start&processname=pair%3A*", "No such process named pair:*"),
        ("action=start&processname=pair", "No such process named pair"),
        ("action=bogus&processname=nobody", "No such process named nobody"),
    ];
    for (query, expected) in table {
        assert_eq!(act(query), expected, "{query}");
    }
    herd.wait_status("off", "RUNNING");
    let before = herd.pid("cat");
    assert_eq!(act("action=stopall"), "All stopped at N");
    assert_eq!(herd.ctl("status cat off pair:a").stdout.matches("STOPPED").count(), 3);
    assert_eq!(act("action=restartall"), "All restarted at N");
    herd.wait_status("cat", "RUNNING");
    assert_ne!(herd.pid("cat"), before);
    for query in ["action=bogus", "action=start", "action=bogus&processname=cat"] {
        assert_eq!(server.get(&format!("/?{query}")).status, 500, "{query}");
    }
    herd.end();
}

#[test]
fn parameters_may_be_posted_and_win() {
    let (herd, server) = herd();
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let post = |path: &str, body: &str| message(&server.send("POST", path, form, body));
    assert_eq!(post("/", "action=stop&processname=cat"), "Process cat stopped");
    assert_eq!(
        post("/index.html?action=stop&processname=off", "action=start&processname=cat"),
        "Process cat started"
    );
    assert_eq!(
        post("/?action=stop&action=start&processname=cat&processname=off", "x=1"),
        "Process cat stopped"
    );
    let bare = server.raw("POST / HTTP/1.0\r\n\r\n");
    assert_eq!(bare.status, 411);
    herd.end();
}

#[test]
fn the_end_of_a_log_is_a_page() {
    let (herd, server) = herd();
    let lines: String = (0..1000).map(|n| format!("{n:04} <\n")).collect();
    fs::write(herd.path("off.log"), &lines).expect("the directory is ours");
    let escaped = |text: &str| text.replace('<', "&lt;");
    for (query, bytes) in [("", 1024), ("&limit=10", 1024), ("&limit=x", 1024), ("&limit=3500", 3500)] {
        let page = server.get(&format!("/tail.html?processname=off{query}"));
        assert_eq!((page.status, page.header("Cache-Control")), (200, Some("no-cache")));
        let wanted = escaped(&lines[lines.len() - bytes..]);
        assert!(page.body.contains("<title>Supervisor tail of process off</title>"), "{query}");
        assert!(page.body.contains(&format!("{wanted}</pre>")), "{query}: {}", page.body);
        assert!(!page.body.contains(&escaped(&lines[lines.len() - bytes - 7..])), "{query}");
        assert!(page.body.contains(&format!("tail.html?processname=off&amp;limit={bytes}\"")), "{query}");
    }
    let table = [
        ("", "No process name found", "None"),
        ("processname=mute", "No file for mute", "mute"),
        ("processname=nobody", "ERROR: unexpected rpc fault [10] BAD_NAME: nobody", "nobody"),
    ];
    for (query, text, name) in table {
        let page = server.get(&format!("/tail.html?{query}")).body;
        assert!(page.contains(&format!("{text}</pre>")), "{query}: {page}");
        assert!(
            page.contains(&format!("<title>Supervisor tail of process {name}</title>")),
            "{query}: {page}"
        );
    }
    herd.end();
}

#[test]
fn errors_are_pages_with_the_status_in_words() {
    let (herd, server) = herd();
    let table = [
        ("GET", "/nope", 404, "Not Found"),
        ("GET", "/images/", 404, "Not Found"),
        ("GET", "/images/../../web.py", 404, "Not Found"),
        ("PUT", "/", 400, "Bad Request"),
        ("DELETE", "/nope", 400, "Bad Request"),
        ("OPTIONS", "/index.html", 400, "Bad Request"),
        ("POST", "/nope", 400, "Bad Request"),
        ("POST", "/logtail/cat", 400, "Bad Request"),
        ("PUT", "/mainlogtail", 400, "Bad Request"),
        ("GET", "/?action=bogus", 500, "Internal Server Error"),
    ];
    for (method, path, status, words) in table {
        let answer = server.send(method, path, "", "");
        assert_eq!(answer.status, status, "{method} {path}");
        let body = format!(
            "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n\
             <p>Error code {status}.\r\n<p>Message: {words}.\r\n</body>\r\n"
        );
        assert_eq!(
            (answer.header("Content-Type"), &answer.body),
            (Some("text/html"), &body),
            "{method} {path}"
        );
        assert!(answer.header("Server").is_some() && answer.header("Date").is_some(), "{answer:?}");
    }
    for path in ["/", "/index.html", "/ok.html"] {
        assert_eq!(server.send("HEAD", path, "", "").status, 404, "HEAD {path}");
    }
    herd.end();
}

#[test]
fn a_password_guards_every_path() {
    let (clear, hashed) = (free_port(), free_port());
    let text = format!(
        "[inet_http_server]\nport=127.0.0.1:{clear}\nusername=ann\npassword=p:w\n\
         [inet_http_server:hashed]\nport=127.0.0.1:{hashed}\nusername=ann\n\
         password={{SHA}}{SHA_OF_PASSWORD}\n{PROGRAMS}"
    );
    let herd = Herd::start(&text);
    for server in [Server::Inet(clear), Server::Inet(hashed)] {
        let ask = |path: &str, value: &str| {
            let header =
                if value.is_empty() { String::new() } else { format!("Authorization: {value}\r\n") };
            server.send("GET", path, &header, "")
        };
        // ann:p:w
        let right = "Basic YW5uOnA6dw==";
        for path in [
            "/",
            "/ok.html",
            "/tail.html",
            "/nope",
            "/images/icon.png",
            "/logtail/cat",
            "/mainlogtail",
            "/RPC2",
        ] {
            // nothing; ann:x; Ann:p:w; another scheme
            for value in ["", "Basic YW5uOng=", "Basic QW5uOnA6dw==", "Digest YW5uOnA6dw=="] {
                let answer = ask(path, value);
                assert_eq!(answer.status, 401, "{path} {value}");
                assert_eq!(answer.header("WWW-Authenticate"), Some("Basic realm=\"default\""), "{path}");
                assert_eq!(answer.header("Connection"), Some("close"), "{path}");
            }
        }
        assert_eq!(ask("/ok.html", right).status, 200);
        assert_eq!(ask("/ok.html", "bAsIC YW5uOnA6dw==").status, 200, "the scheme in any case");
        // bytes that are no base64; `ann` without a colon
        if !reference() {
            assert_eq!(ask("/ok.html", "Basic %%%").status, 400);
            assert_eq!(ask("/ok.html", "Basic YW5u").status, 401);
        }
    }
    assert_eq!(Server::Unix(herd.path("s.sock")).get("/ok.html").status, 200, "the socket has no password");
    herd.end();
}

/// Of `p:w`.
const SHA_OF_PASSWORD: &str = "0d12071cce00577433f114f08a44003c2a352b0d";

fn append(path: &Path, text: &str) {
    use std::io::Write as _;
    let mut file =
        fs::OpenOptions::new().append(true).create(true).open(path).expect("the directory is ours");
    file.write_all(text.as_bytes()).expect("the file is ours");
}

#[test]
fn a_log_is_streamed_from_its_last_kilobyte_on() {
    let (herd, server) = herd();
    let path = herd.path("off.log");
    let lines: String = (0..1000).map(|n| format!("line {n}\n")).collect();
    append(&path, &lines);
    let mut stream = server.follow("/logtail/off");
    let head = stream.answer();
    assert_eq!((head.status, head.header("Content-Type")), (200, Some("text/plain;charset=utf-8")));
    assert_eq!(head.header("Transfer-Encoding"), Some("chunked"));
    assert_eq!(head.header("X-Accel-Buffering"), Some("no"));
    assert!(head.header("Last-Modified").is_some_and(|date| date.ends_with(" GMT")));
    assert_eq!(stream.until_end("line 999\n"), lines[lines.len() - 1024..]);
    // the program does not run: somebody else writes
    append(&path, "one more\n");
    stream.until_end("one more\n");
    for path in
        ["/logtail/off/stdout", "/logtail/o%66f/std%6Fut", "/logtail/pair:a", "/logtail/pair%3Aa/stderr"]
    {
        assert_eq!(server.follow(path).answer().status, 200, "{path}");
    }
    herd.end();
}

#[test]
fn a_stream_goes_on_in_the_file_that_takes_the_place_of_the_log() {
    let (herd, server) = herd();
    let path = herd.path("off.log");
    append(&path, "old\n");
    let mut stream = server.follow("/logtail/off");
    stream.until_end("old\n");
    fs::rename(&path, herd.path("off.log.1")).expect("the file is ours");
    append(&path, "new\n");
    assert_eq!(stream.until_end("new\n"), "old\nnew\n");
    fs::remove_file(&path).expect("the file is ours");
    append(&path, "newer\n");
    assert_eq!(stream.until_end("newer\n"), "old\nnew\nnewer\n");
    herd.end();
}

#[test]
fn a_log_that_is_emptied_says_so() {
    if reference() {
        // the connection is dropped there
        return;
    }
    let (herd, server) = herd();
    let path = herd.path("off.log");
    append(&path, "something long\n");
    let mut stream = server.follow("/logtail/off");
    stream.until_end("long\n");
    let file = fs::OpenOptions::new().write(true).open(&path).expect("the file is ours");
    file.set_len(0).expect("the file is ours");
    assert_eq!(stream.until_end("<==\n"), "something long\n==> File truncated <==\n");
    append(&path, "again\n");
    stream.until_end("==> File truncated <==\nagain\n");
    herd.end();
}

#[test]
fn a_slow_reader_misses_nothing_that_is_kept() {
    if reference() {
        // it goes on in the newest file and leaves out the rest
        return;
    }
    let text = "[program:loud]\ncommand=sh -c 'read go; seq 100000 299999; echo done; echo yes >{dir}/finished; exec cat'\nstartsecs=0\n\
        stdout_logfile={dir}/loud.log\nstdout_logfile_maxbytes=20KB\nstdout_logfile_backups=200\n";
    let herd = Herd::start(text);
    herd.wait_status("loud", "RUNNING");
    let mut stream = Server::Unix(herd.path("s.sock")).follow("/logtail/loud");
    // nobody reads while the file is rolled over again and again
    herd.call("supervisor.sendProcessStdin", json!(["loud", "go\n"])).expect("it takes it");
    herd.wait_file("finished", "yes");
    assert!(herd.path("loud.log.5").exists(), "the file was rolled over");
    let lines: String = (100_000..300_000).map(|n| format!("{n}\n")).chain(["done\n".to_owned()]).collect();
    assert!(stream.until_end("done\n") == lines, "a line is missing or doubled");
    herd.end();
}

#[test]
fn what_goes_to_standard_output_can_be_followed_too() {
    if reference() {
        // nothing comes there
        return;
    }
    let text =
        "[program:loud]\ncommand=cat\nstartsecs=0\nstdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0\n";
    let herd = Herd::start(text);
    herd.wait_status("loud", "RUNNING");
    let mut stream = Server::Unix(herd.path("s.sock")).follow("/logtail/loud");
    let said = json!(["loud", "hello\n"]);
    herd.call("supervisor.sendProcessStdin", said).expect("it takes it");
    assert_eq!(stream.until_end("hello\n"), "hello\n");
    herd.wait("hello");
    herd.end();
}

#[test]
fn a_log_that_is_not_there_is_not_found() {
    let (herd, server) = herd();
    for path in [
        "/logtail/nobody",
        "/logtail/pair:nobody",
        "/logtail/pair:*",
        "/logtail/pair",
        "/logtail/cat/stdin",
        "/logtail/cat/stdout/x",
        "/logtail/mute",
        "/logtail/mute/stderr",
        // configured, and not there yet
        "/logtail/off",
    ] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    let without_name = if reference() { 500 } else { 404 };
    assert_eq!(server.get("/logtail").status, without_name);
    herd.end();
}

#[test]
fn the_daemons_own_log_is_streamed() {
    let (herd, server) = herd();
    let mut stream = server.follow("/mainlogtail");
    let head = stream.answer();
    assert_eq!((head.status, head.header("X-Accel-Buffering")), (200, None));
    herd.ctl("stop cat");
    stream.until_shows("WARN stopped: cat (terminated by SIGTERM)\n");
    herd.end();
    stream.wait_over();
}

#[test]
fn clients_that_leave_leave_nothing_behind() {
    if reference() {
        // the files stay open there
        return;
    }
    let (herd, server) = herd();
    append(&herd.path("off.log"), "x\n");
    let files = || fs::read_dir(format!("/proc/{}/fd", herd.daemon())).expect("the daemon lives").count();
    server.get("/ok.html");
    let before = files();
    for _ in 0..20 {
        let mut stream = server.follow("/logtail/off");
        stream.until_end("x\n");
        drop(stream);
        drop(server.follow("/mainlogtail"));
    }
    // whoever has left is noticed by the next bytes at the latest
    append(&herd.path("off.log"), "y\n");
    herd.ctl("stop cat");
    until("the files of the readers to be closed", || (files() <= before).then_some(()));
    assert_eq!(server.get("/").status, 200);
    herd.end();
}
