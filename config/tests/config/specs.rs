//! Text of a file in, the specs out.

use crate::support::Site;
use expect_test::{Expect, expect};
use std::path::PathBuf;
use treeherd_config::{Overrides, value};
use treeherd_domain::level::Level;
use treeherd_domain::spec::{MainLog, StopOrder};

#[track_caller]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&Site::new(text).shown());
}

#[test]
fn a_program_has_supervisors_defaults() {
    check(
        "[supervisord]\n[program:cat]\ncommand=/bin/cat\n",
        expect![[r#"
        program cat priority 999
          process cat: "/bin/cat"
    "#]],
    );
}

#[test]
fn every_key_of_a_program_is_read() {
    check(
        "[supervisord]
environment=LANG=C
[program:web]
command=/srv/web --port=80%(process_num)02d
process_name=%(program_name)s_%(process_num)02d
numprocs=2
numprocs_start=1
priority=5
autostart=no
autorestart=on
startsecs=0
startretries=7
exitcodes=2, 0
stopsignal=quit
stopwaitsecs=30
stopasgroup=yes
user=chrism
umask=002
directory=~/%(process_num)d
environment=N=\"%(process_num)d\",LANG=de
serverurl=http://x:1
stdout_logfile=/tmp/%(program_name)s-%(process_num)d.log
stdout_logfile_maxbytes=2MB
stdout_logfile_backups=3
stdout_capture_maxbytes=1KB
stdout_events_enabled=1
stdout_syslog=true
stderr_logfile=NONE
stderr_logfile_maxbytes=0
stderr_logfile_backups=0
stderr_capture_maxbytes=5
stderr_events_enabled=on
stderr_syslog=on
pipe_size=1MB
",
        expect![[r#"
            program web priority 5
              process web_01: "/srv/web --port=8001"
                priority 5
                autostart false
                autorestart Always
                startsecs 0
                startretries 7
                exitcodes [2, 0]
                stopsignal SIGQUIT
                stopwaitsecs 30
                stopasgroup true
                killasgroup true
                user Some(1000)
                umask Some("002")
                directory Some("~/1")
                environment {"LANG": "de", "N": "1"}
                serverurl Some("http://x:1")
                pipe_size Some(1048576)
                stdout_logfile /tmp/web-1.log
                stdout_logfile_maxbytes 2097152
                stdout_logfile_backups 3
                stdout_capture_maxbytes 1024
                stdout_events_enabled true
                stdout_syslog true
                stderr_logfile NONE
                stderr_logfile_maxbytes 0
                stderr_logfile_backups 0
                stderr_capture_maxbytes 5
                stderr_events_enabled true
                stderr_syslog true
              process web_02: "/srv/web --port=8002"
                priority 5
                autostart false
                autorestart Always
                startsecs 0
                startretries 7
                exitcodes [2, 0]
                stopsignal SIGQUIT
                stopwaitsecs 30
                stopasgroup true
                killasgroup true
                user Some(1000)
                umask Some("002")
                directory Some("~/2")
                environment {"LANG": "de", "N": "2"}
                serverurl Some("http://x:1")
                pipe_size Some(1048576)
                stdout_logfile /tmp/web-2.log
                stdout_logfile_maxbytes 2097152
                stdout_logfile_backups 3
                stdout_capture_maxbytes 1024
                stdout_events_enabled true
                stdout_syslog true
                stderr_logfile NONE
                stderr_logfile_maxbytes 0
                stderr_logfile_backups 0
                stderr_capture_maxbytes 5
                stderr_events_enabled true
                stderr_syslog true
        "#]],
    );
}

#[test]
fn processes_are_sorted_by_name_as_text() {
    check(
        "[supervisord]\n[program:p]\ncommand=c\nnumprocs=3\nnumprocs_start=9\nprocess_name=p_%(process_num)d\n",
        expect![[r#"
            program p priority 999
              process p_10: "c"
              process p_11: "c"
              process p_9: "c"
        "#]],
    );
}

#[test]
fn no_processes_make_an_empty_group() {
    check(
        "[supervisord]\n[program:p]\ncommand=c\nnumprocs=0\n[group:g]\n[program:q]\ncommand=c\nnumprocs=-1\n",
        expect![[r#"
        group g priority 999
        program p priority 999
        program q priority 999
    "#]],
    );
}

#[test]
fn a_group_claims_its_programs_and_keeps_their_order() {
    check(
        "[supervisord]
[program:b]
command=%(group_name)s
priority=9
[program:a]
command=a
[program:alone]
command=x
priority=10
[group:g]
programs=b, a,
priority=20
[group:h]
programs=a
priority=20
",
        expect![[r#"
            program alone priority 10
              process alone: "x"
                priority 10
            group g priority 20
              process b: "g"
                priority 9
              process a: "a"
            group h priority 20
              process a: "a"
        "#]],
    );
}

#[test]
fn of_processes_of_one_name_the_last_one_runs() {
    check(
        "[supervisord]\n[program:a]\ncommand=1\nprocess_name=x\n[program:b]\ncommand=2\n\
         [program:c]\ncommand=3\nprocess_name=x\n[group:g]\nprograms=a,b,c\n",
        expect![[r#"
            group g priority 999
              process x: "3"
              process b: "2"
            WARN [group:g] has more than one process of the name x, only the last one is run
        "#]],
    );
}

#[test]
fn doubtful_log_settings_leave_warnings() {
    check(
        "[supervisord]
[program:a]
command=a
stdout_logfile=syslog
stderr_logfile_maxbytes=0
numprocs=3
process_name=%(process_num)d
[program:b]
command=b
redirect_stderr=true
stderr_logfile=/tmp/b.err
",
        expect![[r#"
            program a priority 999
              process 0: "a"
                stdout_logfile NONE
                stdout_syslog true
                stderr_logfile_maxbytes 0
              process 1: "a"
                stdout_logfile NONE
                stdout_syslog true
                stderr_logfile_maxbytes 0
              process 2: "a"
                stdout_logfile NONE
                stdout_syslog true
                stderr_logfile_maxbytes 0
            program b priority 999
              process b: "b"
                redirect_stderr true
                stderr_logfile NONE
            WARN For [program:a], stdout_logfile=syslog but this is deprecated and will be removed.  Use stdout_syslog=true to enable syslog instead.
            WARN For [program:a], AUTO logging used for stderr_logfile without rollover, set maxbytes > 0 to avoid filling up filesystem unintentionally
            WARN For [program:b], redirect_stderr=true but stderr_logfile has also been set to a filename, the filename has been ignored
        "#]],
    );
}

#[test]
fn event_listeners_are_groups_that_come_first() {
    check(
        "[supervisord]\n[program:a]\ncommand=a\n[eventlistener:e]\ncommand=e\nnumprocs=2\n\
         process_name=%(program_name)s_%(process_num)d\nevents=tick, TICK,process_state_fatal\n\
         [eventlistener:late]\ncommand=l\nevents=EVENT\npriority=1000\nbuffer_size=3\nprotocol_error=Unknown\n\
         result_handler=supervisor.dispatchers:default_handler\n",
        expect![[r#"
            eventlistener e priority -1
              events PROCESS_STATE_FATAL,TICK buffer_size 10 protocol_error restart
              process e_0: "e"
              process e_1: "e"
            program a priority 999
              process a: "a"
            eventlistener late priority 1000
              events EVENT buffer_size 3 protocol_error unknown
              process late: "l"
                priority 1000
        "#]],
    );
}

#[test]
fn subscribers_are_groups_that_come_first() {
    check(
        "[supervisord]\n[program:a]\ncommand=a\n[subscriber:s]\ncommand=s %(group_name)s\nnumprocs=2\n\
         process_name=%(program_name)s_%(process_num)d\nevents=tick, TICK,process_state_fatal,Actor_Restarted\n\
         [subscriber:late]\ncommand=l\nevents=EVENT\npriority=1000\nbuffer_size=3\nredirect_stderr=true\n",
        expect![[r#"
            subscriber s priority -1
              events ACTOR_RESTARTED,PROCESS_STATE_FATAL,TICK buffer_size 1024
              process s_0: "s s"
              process s_1: "s s"
            program a priority 999
              process a: "a"
            subscriber late priority 1000
              events EVENT buffer_size 3
              process late: "l"
                priority 1000
                redirect_stderr true
                stderr_logfile NONE
        "#]],
    );
}

#[test]
fn fcgi_programs_have_a_socket_also_in_a_group() {
    check(
        "[supervisord]\n[fcgi-program:t]\ncommand=t\nsocket=tcp://LocalHost:9\nsocket_backlog=7\n\
         [fcgi-program:u]\ncommand=u\nsocket=unix:///run/../%(program_name)s.sock\nuser=chrism\n\
         [fcgi-program:o]\ncommand=o\nsocket=unix:///o.sock\nsocket_owner=chrism:www\nsocket_mode=0660\nuser=chrism\n\
         [fcgi-program:a]\ncommand=a\nsocket=unix://@a\n\
         [program:p]\ncommand=p\n[group:g]\nprograms=p,a\n",
        expect![[r#"
            group g priority 999
              process p: "p"
              process a: "a"
                socket unix://@a
            fcgi-program o priority 999
              process o: "o"
                user Some(1000)
                socket unix:///o.sock owner 1000:33 mode 660
            fcgi-program t priority 999
              process t: "t"
                socket tcp://localhost:9 backlog 7
            fcgi-program u priority 999
              process u: "u"
                user Some(1000)
                socket unix:///u.sock owner 1000:1000 mode 700
        "#]],
    );
}

#[test]
fn endpoints_and_interfaces_are_read() {
    check(
        "[supervisord]
[unix_http_server]
file=%(here)s/./run/../s.sock
chmod=0770
chown=chrism:www
username=u
password={SHA}abc
[unix_http_server:home]
file = ~/x.sock
chown = 0
[inet_http_server]
port=*:9001
[inet_http_server:two]
port=LocalHost:9002
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
retries=1
",
        expect![[r#"
            [inet_http_server] http://localhost:9001
            [inet_http_server:two] http://localhost:9002
            [unix_http_server] unix://DIR/s.sock chmod 770 chown Some(Owner { uid: Some(1000), gid: Some(33) }) as u with {SHA}abc
            [unix_http_server:home] unix:///home/me/x.sock chmod 700 chown Some(Owner { uid: Some(0), gid: None })
            rpcinterface supervisor
        "#]],
    );
}

#[test]
fn an_empty_daemon_section_is_all_defaults() {
    let site = Site::new("[supervisord]\n");
    let config = site.load().unwrap();
    let daemon = &config.daemon;
    assert_eq!(config.file, site.path().join("s.conf"));
    assert_eq!(daemon.logfile, MainLog::File(site.path().join("supervisord.log")));
    assert_eq!(daemon.pidfile, site.path().join("supervisord.pid"));
    assert_eq!((daemon.rotation.maxbytes, daemon.rotation.backups), (52_428_800, 10));
    assert_eq!((daemon.umask, daemon.minfds, daemon.minprocs), (0o022, 1024, 200));
    assert_eq!((daemon.loglevel, daemon.identifier.as_str()), (Level::Info, "supervisor"));
    assert_eq!((daemon.stop_order, daemon.fault_injection), (StopOrder::Sequential, false));
    assert_eq!((daemon.user.clone(), daemon.directory.clone()), (None, None));
    assert!(!daemon.nodaemon && !daemon.silent && !daemon.nocleanup && !daemon.strip_ansi);
    assert!(daemon.childlogdir.is_absolute());
}

#[test]
fn every_key_of_the_daemon_is_read() {
    let site = Site::new(
        "[supervisord]\nlogfile=syslog\nlogfile_maxbytes=1KB\nlogfile_backups=2\nloglevel=DEBUG\npidfile=sub/p.pid\n\
         umask=077\nnodaemon=true\nsilent=true\nminfds=10\nminprocs=20\nnocleanup=true\nchildlogdir=sub\n\
         user=chrism\ndirectory=sub\nstrip_ansi=true\nenvironment=A=1\nidentifier=me\nstop_order=Parallel\n\
         fault_injection=yes\n",
    );
    std::fs::create_dir(site.path().join("sub")).unwrap();
    let daemon = site.load().unwrap().daemon;
    let sub = site.path().join("sub");
    assert_eq!(daemon.logfile, MainLog::Syslog);
    assert_eq!((daemon.rotation.maxbytes, daemon.rotation.backups), (1024, 2));
    assert_eq!((daemon.loglevel, daemon.umask), (Level::Debug, 0o077));
    assert_eq!(daemon.pidfile, sub.join("p.pid"));
    assert_eq!((daemon.minfds, daemon.minprocs), (10, 20));
    assert_eq!((daemon.childlogdir, daemon.directory), (sub.clone(), Some(sub)));
    assert_eq!(daemon.user.map(|user| user.uid), Some(1000));
    assert_eq!((daemon.environment["A"].as_str(), daemon.identifier.as_str()), ("1", "me"));
    assert_eq!((daemon.stop_order, daemon.fault_injection), (StopOrder::Parallel, true));
    assert!(daemon.nodaemon && daemon.silent && daemon.nocleanup && daemon.strip_ansi);
}

#[test]
fn the_command_line_beats_the_file() {
    let mut site =
        Site::new("[supervisord]\nidentifier=file\nuser=nosuch\nloglevel=info\nlogfile_backups=1\n");
    site.overrides = Overrides {
        identifier: Some("line".to_owned()),
        user: Some("root".to_owned()),
        loglevel: Some(Level::Trace),
        nodaemon: true,
        pidfile: Some(PathBuf::from("/tmp/x.pid")),
        ..Overrides::default()
    };
    let daemon = site.load().unwrap().daemon;
    assert_eq!(daemon.identifier, "line");
    assert_eq!(daemon.user.map(|user| user.uid), Some(0));
    assert_eq!((daemon.loglevel, daemon.nodaemon, daemon.rotation.backups), (Level::Trace, true, 1));
    assert_eq!(daemon.pidfile, PathBuf::from("/tmp/x.pid"));
    site.overrides.user = Some("stranger".to_owned());
    assert_eq!(site.first(), "Invalid user name stranger");
}

#[test]
fn relative_logs_are_where_the_daemon_will_be() {
    let text = "[supervisord]\ndirectory=sub\n[program:a]\ncommand=a\nstdout_logfile=a.log\n";
    let mut site = Site::new(text);
    std::fs::create_dir(site.path().join("sub")).unwrap();
    assert!(site.shown().contains("stdout_logfile DIR/sub/a.log"));
    site.overrides.nodaemon = true;
    assert!(site.shown().contains("stdout_logfile DIR/a.log"));
}

#[test]
fn numbers_are_read_as_python_reads_them() {
    let cases = [
        ("010", Some(10)),
        (" -3 ", Some(-3)),
        ("+1_000", Some(1000)),
        ("0x1", None),
        ("1__0", None),
        ("", None),
    ];
    for (text, number) in cases {
        assert_eq!(value::integer(text).ok(), number, "{text}");
    }
    let sizes =
        [("5 MB", Some(5 << 20)), ("1Gb", Some(1 << 30)), ("-1", Some(-1)), ("1TB", None), ("kb", None)];
    for (text, size) in sizes {
        assert_eq!(value::byte_size(text).ok(), size, "{text}");
    }
    for (text, mask) in [("022", Some(18)), ("0o17", Some(15)), ("8", None), ("-1", None)] {
        assert_eq!(value::octal(text).ok(), mask, "{text}");
    }
    assert_eq!(
        value::integer("99999999999999999999").unwrap_err().to_string(),
        "99999999999999999999 is out of range"
    );
}

#[test]
fn a_url_has_a_scheme_and_something_behind_it() {
    for text in ["http://localhost:9001", "unix:///x.sock", "x:y"] {
        assert_eq!(value::url(text), Ok(text));
    }
    assert_eq!(value::url("foo").unwrap_err().to_string(), "value 'foo' is not a URL");
    assert!(value::url("http://").is_err() && value::url(":x").is_err() && value::url("1x:y").is_err());
}

#[test]
fn programs_inherit_the_sockets_that_they_name() {
    check(
        "[supervisord]\n[socket:web]\nsocket=tcp://LocalHost:80\nsocket_backlog=7\n\
         [socket:admin]\nsocket=unix://%(here)s/%(ENV_HOST)s/admin.sock\nsocket_owner=chrism:www\nsocket_mode=0660\n\
         [socket:w0]\nsocket=unix://@w0\n[socket:w1]\nsocket=unix://@w1\n\
         [program:p]\ncommand=p\nsockets = web , admin\n\
         [program:q]\ncommand=q\nsockets=%(program_name)s%(process_num)d,\n\
         [program:w]\ncommand=w\nnumprocs=2\nprocess_name=%(process_num)d\nsockets=w%(process_num)d,web\n\
         [socket:q0]\nsocket=unix://@q0\n\
         [eventlistener:e]\ncommand=e\nevents=TICK_5\nsockets=web\n\
         [fcgi-program:f]\ncommand=f\nsocket=unix:///f.sock\nsockets=web\n[group:g]\nprograms=p\n",
        expect![[r#"
            eventlistener e priority -1
              events TICK_5 buffer_size 10 protocol_error restart
              process e: "e"
                sockets web tcp://localhost:80 backlog 7
            fcgi-program f priority 999
              process f: "f"
                socket unix:///f.sock mode 700
                sockets web tcp://localhost:80 backlog 7
            group g priority 999
              process p: "p"
                sockets web tcp://localhost:80 backlog 7, admin unix://DIR/example/admin.sock owner 1000:33 mode 660
            program q priority 999
              process q: "q"
                sockets q0 unix://@q0
            program w priority 999
              process 0: "w"
                sockets w0 unix://@w0, web tcp://localhost:80 backlog 7
              process 1: "w"
                sockets w1 unix://@w1, web tcp://localhost:80 backlog 7
        "#]],
    );
}
