//! Text of a file in, the report out: every error at once, with its line and a caret.

use crate::support::{Site, first_error};
use expect_test::{Expect, expect};

#[track_caller]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&Site::new(text).report());
}

#[test]
fn every_bad_key_of_every_section_is_shown() {
    check(
        "[supervisord]\nminfds = many\nloglevel = warning\numask=99\n\n\
         [program:a]\ncommand = a\nautostart = perhaps   ; really\nstopsignal\t=\tFOO\nuser=nosuch\n\n\
         [inet_http_server]\nport = localhost:http\n",
        expect![[r#"
            error: invalid literal for int() with base 10: 'many'
             --> s.conf:2
              |
            2 | minfds = many
              |          ^^^^
              help: write a whole number, such as 10

            error: 99 can not be converted to an octal type
             --> s.conf:4
              |
            4 | umask=99
              |       ^^
              help: write the digits 0 to 7 only, such as 022 or 0700

            error: bad logging level name 'warning'
             --> s.conf:3
              |
            3 | loglevel = warning
              |            ^^^^^^^
              help: write critical, error, warn, info, debug, trace or blather

            error: not a valid boolean value: 'perhaps' in section 'program:a' (file: 's.conf')
             --> s.conf:8
              |
            8 | autostart = perhaps   ; really
              |             ^^^^^^^
              help: write true or false (yes, no, on, off, 1, 0 do as well)

            error: value 'FOO' is not a valid signal name in section 'program:a' (file: 's.conf')
             --> s.conf:9
              |
            9 | stopsignal	=	FOO
              |           	 	^^^
              help: write a signal such as TERM, HUP, INT, QUIT, KILL, USR1 or USR2

            error: Invalid user name nosuch in section 'program:a' (file: 's.conf')
              --> s.conf:10
               |
            10 | user=nosuch
               |      ^^^^^^
               help: name a user of this system (see `getent passwd`)

            error: invalid literal for int() with base 10: 'http'
              --> s.conf:13
               |
            13 | port = localhost:http
               |        ^^^^^^^^^^^^^^
               help: write a whole number, such as 10
        "#]],
    );
}

#[test]
fn a_missing_key_is_shown_at_its_section() {
    check(
        "[supervisord]\n[program:a]\nautostart=true\n[unix_http_server]\n[inet_http_server:x]\n",
        expect![[r#"
            error: program section program:a does not specify a command in section 'program:a' (file: 's.conf')
             --> s.conf:2
              |
            2 | [program:a]
              | ^^^^^^^^^^^
              help: write command = and the program with its arguments

            error: section [inet_http_server:x] has no port value
             --> s.conf:5
              |
            5 | [inet_http_server:x]
              | ^^^^^^^^^^^^^^^^^^^^
              help: write port = 127.0.0.1:9001

            error: section [unix_http_server] has no file value
             --> s.conf:4
              |
            4 | [unix_http_server]
              | ^^^^^^^^^^^^^^^^^^
              help: write file = /run/supervisor.sock
        "#]],
    );
}

#[test]
fn a_value_of_several_lines_is_shown_at_its_first() {
    check(
        "[supervisord]\nenvironment =\n    A=1,\n    B=x=y\n[program:a]\ncommand = run\n  --with=%(nope)s\n",
        expect![[r#"
            error: Unexpected end of key/value pairs in value '
            A=1,
            B=x=y'
             --> s.conf:3
              |
            3 |     A=1,
              |     ^^^^
              help: write KEY="value",OTHER="value"; quote a value that holds anything but letters, digits and _/.+-():

            error: Format string 'run\n--with=%(nope)s' for 'program:a.command' contains names ('nope') which cannot be expanded. Available names: ENV_HOST, ENV_PERCENT, group_name, here, host_node_name, numprocs, process_num, program_name in section 'program:a' (file: 's.conf')
             --> s.conf:7
              |
            7 |   --with=%(nope)s
              |          ^^^^^^^
              help: use one of the available names, or write %% for a percent sign
        "#]],
    );
}

#[test]
fn syntax_errors_come_alone() {
    check(
        "[supervisord]\nminfds=x\n  fine\nbad one\n\tworse\n= nothing\n",
        expect![[r#"
        error: Source contains parsing errors: 's.conf'
        	[line  4]: 'bad one\n'
        	[line  6]: '= nothing\n'
         --> s.conf:4
          |
        4 | bad one
          | ^^^^^^^
         --> s.conf:6
          |
        6 | = nothing
          | ^^^^^^^^^
          help: write key=value; a line that goes on with a value is indented more than its key; a comment begins with ; or #
    "#]],
    );
}

#[test]
fn a_missing_section_is_an_error_of_the_whole_file() {
    check(
        "[program:a]\n",
        expect![[r#"
        error: .ini file does not include supervisord section
         --> s.conf
          help: add a line [supervisord]; the section may be empty
    "#]],
    );
}

#[test]
fn a_key_that_is_read_for_many_processes_is_reported_once() {
    check(
        "[supervisord]\n[program:a]\ncommand=x\nnumprocs=40\nprocess_name=a%(process_num)d\nstdout_syslog=si\n\
         priority=low\n",
        expect![[r#"
            error: invalid literal for int() with base 10: 'low'
             --> s.conf:7
              |
            7 | priority=low
              |          ^^^
              help: write a whole number, such as 10

            error: not a valid boolean value: 'si' in section 'program:a' (file: 's.conf')
             --> s.conf:6
              |
            6 | stdout_syslog=si
              |               ^^
              help: write true or false (yes, no, on, off, 1, 0 do as well)
        "#]],
    );
}

#[test]
fn names_and_groups_are_checked() {
    check(
        "[supervisord]\n[program:]\ncommand=c\n[program:a b]\ncommand=c\n\
         [fcgi-program:f]\ncommand=c\nsocket=unix:///x\n[program:p]\ncommand=c\n\
         [group:x/y]\nprograms=p\n[group:g]\nprograms=p,ghost, f,\n[program:q]\ncommand=q\n[group:q]\n",
        expect![[r#"
            error: Invalid name: 'x/y' because of character: '/'
              --> s.conf:11
               |
            11 | [group:x/y]
               | ^^^^^^^^^^^
               help: a name has no space, colon or slash in it

            error: [group:g] names unknown program or fcgi-program ghost
              --> s.conf:14
               |
            14 | programs=p,ghost, f,
               |            ^^^^^
               help: add a section [program:ghost], or take the name out of programs

            error: Invalid name: 'a b' because of character: ' '
             --> s.conf:4
              |
            4 | [program:a b]
              | ^^^^^^^^^^^^^
              help: a name has no space, colon or slash in it

            error: section [program:] has no name
             --> s.conf:2
              |
            2 | [program:]
              | ^^^^^^^^^^
              help: write a name, such as [program:web]

            error: [group:q] and [program:q] make two groups of the name q
              --> s.conf:15
               |
            15 | [program:q]
               | ^^^^^^^^^^^
               help: rename one of the two, or list the program in the programs of the group
        "#]],
    );
}

#[test]
fn the_same_mistake_in_two_places_is_shown_twice() {
    check(
        "[supervisord]\n[inet_http_server]\nport=x\n[inet_http_server:b]\nport=x\n",
        expect![[r#"
        error: not a valid port number: 'x' 
         --> s.conf:3
          |
        3 | port=x
          |      ^
          help: write a port, or host:port, such as 127.0.0.1:9001

        error: not a valid port number: 'x' 
         --> s.conf:5
          |
        5 | port=x
          |      ^
          help: write a port, or host:port, such as 127.0.0.1:9001
    "#]],
    );
}

#[test]
fn what_only_treeherd_refuses_comes_last() {
    let text = "[supervisord]\n[group:a]\n[program:a]\ncommand=c\n[inet_http_server]\nport=x\n";
    assert_eq!(first_error(text), "not a valid port number: 'x' ");
}

#[test]
fn subscribers_are_checked_as_listeners_are() {
    let subscriber = |line: &str| format!("[supervisord]\n[subscriber:s]\ncommand=c\n{line}\n");
    let cases = [
        (subscriber(""), "[subscriber:s] section requires an \"events\" line"),
        (subscriber("events=TICK_5,foo"), "Unknown event type FOO in [subscriber:s] events"),
        (subscriber("events=TICK\nbuffer_size=0"), "[subscriber:s] section sets invalid buffer_size (0)"),
        (
            "[supervisord]\n[subscriber:]\ncommand=c\nevents=TICK\n".to_owned(),
            "section [subscriber:] has no name",
        ),
        (
            subscriber("events=TICK\n[program:s]\ncommand=c"),
            "[program:s] and [subscriber:s] make two groups of the name s",
        ),
    ];
    for (text, words) in cases {
        assert_eq!(first_error(&text), words, "{text}");
    }
}

#[test]
fn listeners_and_fcgi_programs_are_checked_as_supervisor_does() {
    let listener = |line: &str| format!("[supervisord]\n[eventlistener:e]\ncommand=c\n{line}\n");
    let fcgi = |line: &str| format!("[supervisord]\n[fcgi-program:f]\ncommand=c\n{line}\n");
    let bad = "Bad socket format";
    let cases = [
        (listener(""), "[eventlistener:e] section requires an \"events\" line"),
        (listener("events=TICK_5,foo"), "Unknown event type FOO in [eventlistener:e] events"),
        (listener("events=PROCESS"), "Unknown event type PROCESS in [eventlistener:e] events"),
        (listener("events=TICK\nbuffer_size=0"), "[eventlistener:e] section sets invalid buffer_size (0)"),
        (listener("events=TICK\nprotocol_error=stop"), "not a valid answer to a protocol error: 'stop'"),
        (listener("events=TICK\nresult_handler=a:b"), "a:b cannot be resolved within [eventlistener:e]"),
        (
            listener("events=TICK\nredirect_stderr=on"),
            "[eventlistener:e] section sets redirect_stderr=true but this is not allowed because it will \
             interfere with the eventlistener protocol",
        ),
        (fcgi(""), "[fcgi-program:f] section requires a \"socket\" line"),
        (fcgi("socket=foo"), &format!("{bad} foo in [fcgi-program:f] socket")),
        (fcgi("socket=tcp://:80"), &format!("{bad} tcp://:80 in [fcgi-program:f] socket")),
        (fcgi("socket=tcp://h:0"), "0 is below lower bound (1) in [fcgi-program:f] socket"),
        (fcgi("socket=unix://x"), "Unix socket path x is not an absolute path in [fcgi-program:f] socket"),
        (fcgi("socket=unix:///x\nsocket_mode=9"), "Invalid socket_mode value 9"),
        (fcgi("socket=unix:///x\nsocket_owner=nosuch"), "Invalid socket_owner value nosuch"),
        (fcgi("socket=unix:///x\nsocket_backlog=0"), "Invalid socket_backlog value 0"),
        (
            fcgi("socket=tcp://h:80\nsocket_mode=700"),
            "socket_owner and socket_mode params should only be used with a Unix domain socket in \
             [fcgi-program:f] socket",
        ),
    ];
    for (text, words) in cases {
        assert_eq!(first_error(&text), words, "{text}");
    }
}

#[test]
fn the_words_are_supervisors() {
    let daemon = |line: &str| format!("[supervisord]\n{line}\n");
    let program = |line: &str| format!("[supervisord]\n[program:a]\ncommand=c\n{line}\n");
    let suffixed = |words: &str| format!("{words} in section 'program:a' (file: 's.conf')");
    let inet = |line: &str| format!("[supervisord]\n[inet_http_server]\n{line}\n");
    let unix = |line: &str| format!("[supervisord]\n[unix_http_server]\nfile=s\n{line}\n");
    let int = |text: &str| format!("invalid literal for int() with base 10: '{text}'");
    let cases = [
        (daemon("minprocs=1.5"), int("1.5")),
        (daemon("logfile_maxbytes=1K"), int("1k")),
        (daemon("logfile_maxbytes=1.5MB"), int("1.5")),
        (daemon("nodaemon="), "not a valid boolean value: ''".to_owned()),
        (daemon("loglevel=zip"), "bad logging level name 'zip'".to_owned()),
        (daemon("umask=99"), "99 can not be converted to an octal type".to_owned()),
        (daemon("directory=/nope"), "/nope is not an existing directory".to_owned()),
        (
            daemon("logfile=/nope/x.log"),
            "The directory named as part of the path /nope/x.log does not exist".to_owned(),
        ),
        (daemon("user=nosuch"), "Invalid user name nosuch".to_owned()),
        (daemon("user=77777"), "Invalid user id 77777".to_owned()),
        (program("stopsignal=FOO"), suffixed("value 'FOO' is not a valid signal name")),
        (program("stopsignal=999"), suffixed("value '999' is not a valid signal number")),
        (program("exitcodes=0,256"), suffixed("not a valid list of exit codes: '0,256'")),
        (program("autorestart=Bogus"), suffixed("invalid 'autorestart' value 'bogus'")),
        (program("process_name=a b"), suffixed("Invalid name: 'a b' because of character: ' '")),
        (program("user=77777"), suffixed("Invalid user id 77777")),
        (
            program("numprocs=2"),
            suffixed("%(process_num) must be present within process_name when numprocs > 1"),
        ),
        (
            program("stopasgroup=true\nkillasgroup=false"),
            suffixed("Cannot set stopasgroup=true and killasgroup=false"),
        ),
        (program("priority=x"), int("x")),
        (
            "[supervisord]\n[program:a]\n".to_owned(),
            suffixed("program section program:a does not specify a command"),
        ),
        (inet(""), "section [inet_http_server] has no port value".to_owned()),
        (inet("port=abc"), "not a valid port number: 'abc' ".to_owned()),
        (inet("port=h:"), "no port number specified in ''".to_owned()),
        (inet("port=h:99999"), "99999 is above upper bound (65535)".to_owned()),
        (inet("port=h:0"), "0 is below lower bound (1)".to_owned()),
        (inet("port=h:abc"), int("abc")),
        (
            inet("port=1\nusername=u"),
            "Section [inet_http_server] contains incomplete authentication: If a username or a password is \
             specified, both the username and password must be specified"
                .to_owned(),
        ),
        ("[supervisord]\n[unix_http_server]\n".to_owned(), "section [unix_http_server] has no file value".to_owned()),
        (unix("chmod=99"), "Invalid chmod value 99".to_owned()),
        (unix("chown=nosuch"), "Invalid sockchown value nosuch".to_owned()),
        (unix("chown=root:nosuch"), "Invalid sockchown value root:nosuch".to_owned()),
        (
            "[supervisord]\n[rpcinterface:x]\n".to_owned(),
            "section [rpcinterface:x] does not specify a supervisor.rpcinterface_factory".to_owned(),
        ),
        (
            "[supervisord]\n[rpcinterface:x]\nsupervisor.rpcinterface_factory=nosuch.mod:foo\n".to_owned(),
            "nosuch.mod:foo cannot be resolved within [rpcinterface:x]".to_owned(),
        ),
    ];
    for (text, words) in cases {
        assert_eq!(first_error(&text), words, "{text}");
    }
}

#[test]
fn sockets_are_checked_and_told_after_what_supervisor_tells() {
    check(
        "[supervisord]\n[socket:a]\nsocket=tcp://h:80\n[socket:b]\nsocket=tcp://H:80\n[socket: a]\nsocket=unix:///x\n\
         [socket:none]\n[socket:bad]\nsocket=here\nsocket_backlog=0\nsocket_mode=9\n[socket:var]\nsocket=%(nope)s\n\
         [program:p]\ncommand=p\nsockets = a, ghost, a, bad\nstartsecs=soon\n\
         [program:q]\ncommand=q\nsockets = a, ghost, a, bad\n\
         [fcgi-program:f]\ncommand=f\nsocket=unix:///x\n",
        expect![[r#"
            error: invalid literal for int() with base 10: 'soon' in section 'program:p' (file: 's.conf')
              --> s.conf:18
               |
            18 | startsecs=soon
               |           ^^^^
               help: write a whole number, such as 10

            error: [socket:a] and [socket:b] have one address, tcp://h:80
             --> s.conf:3
              |
            3 | socket=tcp://h:80
              |        ^^^^^^^^^^
             --> s.conf:5
              |
            5 | socket=tcp://H:80
              |        ^^^^^^^^^^
              help: let the programs name one of the two, or change an address

            error: [socket:a] and [socket: a] make two sockets of one name
             --> s.conf:3
              |
            3 | socket=tcp://h:80
              |        ^^^^^^^^^^
             --> s.conf:7
              |
            7 | socket=unix:///x
              |        ^^^^^^^^^
              help: rename one of the two

            error: [socket:none] section requires a "socket" line
             --> s.conf:8
              |
            8 | [socket:none]
              | ^^^^^^^^^^^^^
              help: write socket = unix:///run/web.sock or socket = tcp://127.0.0.1:9000

            error: [socket:bad] Invalid socket_backlog value 0
              --> s.conf:11
               |
            11 | socket_backlog=0
               |                ^
               help: write a number from 1 to 65535

            error: [socket:bad] Invalid socket_mode value 9
              --> s.conf:12
               |
            12 | socket_mode=9
               |             ^
               help: write the digits 0 to 7 only, such as 022 or 0700

            error: socket_owner and socket_mode params should only be used with a Unix domain socket in [socket:bad] socket
              --> s.conf:10
               |
            10 | socket=here
               |        ^^^^
               help: write socket = unix:///run/web.sock or socket = tcp://127.0.0.1:9000

            error: Format string '%(nope)s' for 'socket:var.socket' contains names ('nope') which cannot be expanded. Available names: ENV_HOST, ENV_PERCENT, here, host_node_name
              --> s.conf:14
               |
            14 | socket=%(nope)s
               |        ^^^^^^^
               help: use one of the available names, or write %% for a percent sign

            error: [program:p] names unknown socket ghost
              --> s.conf:17
               |
            17 | sockets = a, ghost, a, bad
               |              ^^^^^
               help: add a section [socket:ghost], or take the name out of sockets

            error: [program:p] names socket a twice
              --> s.conf:17
               |
            17 | sockets = a, ghost, a, bad
               |           ^
               help: name it once: its place is its number

            error: [program:q] names unknown socket ghost
              --> s.conf:21
               |
            21 | sockets = a, ghost, a, bad
               |              ^^^^^
               help: add a section [socket:ghost], or take the name out of sockets

            error: [program:q] names socket a twice
              --> s.conf:21
               |
            21 | sockets = a, ghost, a, bad
               |           ^
               help: name it once: its place is its number

            error: [socket: a] has the address of an fcgi-program in f, unix:///x
             --> s.conf:7
              |
            7 | socket=unix:///x
              |        ^^^^^^^^^
              help: give one of the two another address
        "#]],
    );
}

#[test]
fn no_program_has_more_than_64_sockets() {
    let sections: String = (0..65).map(|n| format!("[socket:s{n}]\nsocket=unix://@s{n}\n")).collect();
    let names = |most: usize| (0..most).map(|n| format!("s{n}")).collect::<Vec<_>>().join(",");
    let text = |most| format!("[supervisord]\n{sections}[program:p]\ncommand=p\nsockets={}\n", names(most));
    assert!(Site::new(&text(64)).load().is_ok());
    assert_eq!(first_error(&text(65)), "[program:p] has more than 64 sockets");
}
