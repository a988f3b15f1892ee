"""Values that supervisord refuses, section by section: its words, with the place they name, and its exit status."""

from scenario import table

SUPERVISORD = "[supervisord]\n"
PROGRAM = SUPERVISORD + "[program:a]\ncommand=cat\n"
LISTENER = SUPERVISORD + "[eventlistener:e]\ncommand=cat\n"
FCGI = SUPERVISORD + "[fcgi-program:f]\ncommand=cat\n"
INET = SUPERVISORD + "[inet_http_server]\n"
UNIX = SUPERVISORD + "[unix_http_server]\n"

# What no key of a type takes, by type.
INTEGERS = ["many", "1.5", "", "0x10", "1 2", "1__0", "_1", "--1", "1e3"]
BOOLEANS = ["maybe", "", "2", "y", "t", "truely", "-1"]
SIZES = ["1k", "1.5MB", "MB", "", "1TB", "50 M", "1MB1", "tenkb", "B"]
OCTALS = ["99", "8", "", "rw", "0x1", "1.7", "0b1"]
LEVELS = ["zip", "warning", "", "10", "information"]
SIGNALS = ["FOO", "999", "SIG", "", "SIGSIGTERM", "-1", "65", "RTMIN+1", "1.0"]
CODES = ["256", "-1", "a", "0,256", "0;1", "1 2", "0x1"]
RESTARTS = ["x", "Sometimes", "", "2"]
USERS = ["nosuch", "77777", "", "root root", "root:root"]
LOGS = ["/nope/x.log", "~nosuch/x.log", "nope/x.log"]


def rows(prefix, by_key):
    """A row for every bad value of every key."""
    return {
        f"{key}={value}": f"{prefix}{key}={value}\n" for key, values in by_key.items() for value in values
    }


@table(
    rows(
        SUPERVISORD,
        {
            "minfds": INTEGERS,
            "minprocs": INTEGERS[:2],
            "logfile_backups": INTEGERS[:3],
            "logfile_maxbytes": SIZES,
            "umask": OCTALS,
            "loglevel": LEVELS,
            "nodaemon": BOOLEANS,
            "silent": BOOLEANS[:2],
            "nocleanup": BOOLEANS[:2],
            "strip_ansi": BOOLEANS[:2],
            "user": USERS[:2],
            "directory": ["/nope", "/etc/passwd"],
            "childlogdir": ["/nope", "/etc/passwd", "nope"],
            "logfile": LOGS,
            "pidfile": ["/nope/pid", "nope/pid"],
        },
    )
)
def supervisord(s, name, conf):
    s.refuse(name, conf)


@table(
    rows(
        PROGRAM,
        {
            "priority": INTEGERS[:3],
            "numprocs": INTEGERS[:3],
            "numprocs_start": INTEGERS[:2],
            "startsecs": INTEGERS[:2],
            "startretries": INTEGERS[:2],
            "stopwaitsecs": INTEGERS[:2],
            "stdout_logfile_backups": INTEGERS[:2],
            "stderr_logfile_backups": INTEGERS[:2],
            "autostart": BOOLEANS,
            "stopasgroup": BOOLEANS[:2],
            "killasgroup": BOOLEANS[:2],
            "redirect_stderr": BOOLEANS[:2],
            "stdout_events_enabled": BOOLEANS[:2],
            "stderr_events_enabled": BOOLEANS[:2],
            "stdout_syslog": BOOLEANS[:2],
            "stderr_syslog": BOOLEANS[:2],
            "stdout_logfile_maxbytes": SIZES[:4],
            "stderr_logfile_maxbytes": SIZES[:2],
            "stdout_capture_maxbytes": SIZES[:2],
            "stderr_capture_maxbytes": SIZES[:2],
            "autorestart": RESTARTS,
            "exitcodes": CODES,
            "stopsignal": SIGNALS,
            "user": USERS,
            "umask": OCTALS[:4],
            "stdout_logfile": LOGS,
            "stderr_logfile": LOGS[:2],
        },
    )
)
def program(s, name, conf):
    s.refuse(name, conf)


NAMES = {
    "no command": SUPERVISORD + "[program:a]\nautostart=true\n",
    "no command with numprocs": SUPERVISORD + "[program:a]\nnumprocs=2\nprocess_name=%(process_num)s\n",
    "a blank in the name": SUPERVISORD + "[program:a b]\ncommand=cat\n",
    "a colon in the name": SUPERVISORD + "[program:a:b]\ncommand=cat\n",
    "a slash in the name": SUPERVISORD + "[program:a/b]\ncommand=cat\n",
    "a blank in the process name": PROGRAM + "process_name=a b\n",
    "a colon in the process name": PROGRAM + "process_name=a:b\n",
    "a slash in the process name": PROGRAM + "process_name=a/b\n",
    "numprocs without a number": PROGRAM + "numprocs=2\n",
    "numprocs without a number in the process name": PROGRAM + "numprocs=2\nprocess_name=%(program_name)s\n",
    "numprocs with a number of another name": PROGRAM + "numprocs=2\nprocess_name=%(numprocs)s\n",
    "stopasgroup without killasgroup": PROGRAM + "stopasgroup=true\nkillasgroup=false\n",
    "two errors": PROGRAM + "startsecs=x\nautostart=y\n",
    "the error of the first program by order": SUPERVISORD
    + "[program:b]\ncommand=cat\nstartsecs=b\n[program:a]\ncommand=cat\nstartsecs=a\n",
    "supervisord before programs": "[program:a]\ncommand=cat\nstartsecs=a\n[supervisord]\nminfds=x\n",
    "groups before programs": PROGRAM + "startsecs=x\n[group:g]\nprograms=nope\n",
    "programs before listeners": PROGRAM + "startsecs=x\n[eventlistener:e]\ncommand=cat\n",
    "listeners before fcgi": LISTENER + "[fcgi-program:f]\ncommand=cat\n",
    "programs before servers": PROGRAM + "startsecs=x\n[inet_http_server]\nport=x\n",
    "inet servers before unix servers": UNIX + "[inet_http_server]\n",
    "interfaces before groups": PROGRAM + "startsecs=x\n[rpcinterface:x]\n",
    "an included file before everything": "[include]\nfiles=%(nope)s\n[supervisord]\nminfds=x\n",
    "no supervisord section": "[program:a]\ncommand=cat\n",
    "an empty file": "",
    "comments only": "# a\n; b\n\n",
    "a section of capitals": "[Supervisord]\n[SUPERVISORD]\n",
    "a section with blanks": "[ supervisord ]\n",
    "a program in DEFAULT": "[DEFAULT]\nstartsecs=x\n[supervisord]\n[program:a]\ncommand=cat\n",
}


@table(NAMES)
def rules(s, name, conf):
    s.refuse(name, conf)


GROUPS = {
    "an unknown program": PROGRAM + "[group:g]\nprograms=b\n",
    "an unknown first of two": PROGRAM + "[group:g]\nprograms=b,a\n",
    "an unknown second of two": PROGRAM + "[group:g]\nprograms=a,b\n",
    "a trailing comma": PROGRAM + "[group:g]\nprograms=a,\n",
    "an ambiguous name": PROGRAM + "[fcgi-program:a]\ncommand=cat\nsocket=tcp://localhost:1\n[group:g]\nprograms=a\n",
    "priority": PROGRAM + "[group:g]\nprograms=a\npriority=high\n",
    "a blank in the name": PROGRAM + "[group:g h]\nprograms=a\n",
    "a colon in the name": PROGRAM + "[group:g:h]\nprograms=a\n",
    "a slash in the name": PROGRAM + "[group:g/h]\nprograms=a\n",
    "a listener": LISTENER + "events=TICK_5\n[group:g]\nprograms=e\n",
    "an error in a program of it": PROGRAM + "startsecs=x\n[group:g]\nprograms=a\n",
    "an expansion": PROGRAM + "[group:g]\nprograms=%(nope)s\n",
    "an expansion of priority": PROGRAM + "[group:g]\nprograms=a\npriority=%(program_name)s\n",
}


@table(GROUPS)
def group(s, name, conf):
    s.refuse(name, conf)


LISTENERS = {
    "no events": LISTENER,
    "empty events": LISTENER + "events=\n",
    "an unknown event": LISTENER + "events=FOO\n",
    "an unknown event of two": LISTENER + "events=TICK_5,foo\n",
    "a trailing comma": LISTENER + "events=TICK_5,\n",
    "buffer_size=0": LISTENER + "events=TICK_5\nbuffer_size=0\n",
    "buffer_size=-1": LISTENER + "events=TICK_5\nbuffer_size=-1\n",
    "buffer_size=x": LISTENER + "events=TICK_5\nbuffer_size=x\n",
    "redirect_stderr=true": LISTENER + "events=TICK_5\nredirect_stderr=true\n",
    "redirect_stderr=x": LISTENER + "events=TICK_5\nredirect_stderr=x\n",
    "priority=x": LISTENER + "events=TICK_5\npriority=x\n",
    "startsecs=x": LISTENER + "events=TICK_5\nstartsecs=x\n",
    "result_handler of no module": LISTENER + "events=TICK_5\nresult_handler=nosuch:x\n",
    "result_handler without a colon": LISTENER + "events=TICK_5\nresult_handler=nosuch\n",
    "no command": SUPERVISORD + "[eventlistener:e]\nevents=TICK_5\n",
    "a blank in the name": SUPERVISORD + "[eventlistener:e f]\ncommand=cat\nevents=TICK_5\n",
    "numprocs": LISTENER + "events=TICK_5\nnumprocs=2\n",
    "an expansion of events": LISTENER + "events=%(program_name)s\n",
    "an expansion of buffer_size": LISTENER + "events=TICK_5\nbuffer_size=%(nope)s\n",
}


@table(LISTENERS)
def eventlistener(s, name, conf):
    s.refuse(name, conf)


FCGIS = {
    "no socket": FCGI,
    "an empty socket": FCGI + "socket=\n",
    "a bare word": FCGI + "socket=foo\n",
    "another scheme": FCGI + "socket=http://localhost:80\n",
    "a relative path": FCGI + "socket=unix://rel/x\n",
    "no port": FCGI + "socket=tcp://localhost\n",
    "port 0": FCGI + "socket=tcp://localhost:0\n",
    "port 65536": FCGI + "socket=tcp://localhost:65536\n",
    "port of letters": FCGI + "socket=tcp://localhost:http\n",
    "no host": FCGI + "socket=tcp://:80\n",
    "socket_mode with tcp": FCGI + "socket=tcp://localhost:80\nsocket_mode=0600\n",
    "socket_owner with tcp": FCGI + "socket=tcp://localhost:80\nsocket_owner=root\n",
    "socket_mode=99": FCGI + "socket=unix:///tmp/x\nsocket_mode=99\n",
    "socket_mode=x": FCGI + "socket=unix:///tmp/x\nsocket_mode=x\n",
    "socket_owner=nosuch": FCGI + "socket=unix:///tmp/x\nsocket_owner=nosuch\n",
    "socket_owner=root:nosuch": FCGI + "socket=unix:///tmp/x\nsocket_owner=root:nosuch\n",
    "socket_owner=77777": FCGI + "socket=unix:///tmp/x\nsocket_owner=77777\n",
    "socket_backlog=0": FCGI + "socket=unix:///tmp/x\nsocket_backlog=0\n",
    "socket_backlog=65536": FCGI + "socket=unix:///tmp/x\nsocket_backlog=65536\n",
    "socket_backlog=-1": FCGI + "socket=unix:///tmp/x\nsocket_backlog=-1\n",
    "socket_backlog=x": FCGI + "socket=unix:///tmp/x\nsocket_backlog=x\n",
    "user=nosuch": FCGI + "socket=unix:///tmp/x\nuser=nosuch\n",
    "priority=x": FCGI + "socket=unix:///tmp/x\npriority=x\n",
    "startsecs=x": FCGI + "socket=unix:///tmp/x\nstartsecs=x\n",
    "no command": SUPERVISORD + "[fcgi-program:f]\nsocket=unix:///tmp/x\n",
    "an expansion of socket": FCGI + "socket=unix:///tmp/%(nope)s\n",
    "an expansion of socket_mode": FCGI + "socket=unix:///tmp/x\nsocket_mode=%(nope)s\n",
    "a slash in the name": SUPERVISORD + "[fcgi-program:f/g]\ncommand=cat\nsocket=unix:///tmp/x\n",
}


@table(FCGIS)
def fcgi(s, name, conf):
    s.refuse(name, conf)


SERVERS = {
    "no file": UNIX,
    "no port": INET,
    "no port in a named one": SUPERVISORD + "[inet_http_server:x]\n",
    "no file in a named one": SUPERVISORD + "[unix_http_server:x]\n",
    "port=": INET + "port=\n",
    "port=abc": INET + "port=abc\n",
    "port=localhost:abc": INET + "port=localhost:abc\n",
    "port=0": INET + "port=0\n",
    "port=99999": INET + "port=99999\n",
    "port=-1": INET + "port=-1\n",
    "port=localhost:": INET + "port=localhost:\n",
    "port=:": INET + "port=:\n",
    "port=*:99999": INET + "port=*:99999\n",
    "a user without a password": INET + "port=127.0.0.1:9999\nusername=a\n",
    "a password without a user": INET + "port=127.0.0.1:9999\npassword=a\n",
    "a user without a password in unix": UNIX + "file=/tmp/x\nusername=a\n",
    "a password without a user in unix": UNIX + "file=/tmp/x\npassword=a\n",
    "chmod=99": UNIX + "file=/tmp/x\nchmod=99\n",
    "chmod=rwx": UNIX + "file=/tmp/x\nchmod=rwx\n",
    "chown=nosuch": UNIX + "file=/tmp/x\nchown=nosuch\n",
    "chown=77777": UNIX + "file=/tmp/x\nchown=77777\n",
    "chown=root:nosuch": UNIX + "file=/tmp/x\nchown=root:nosuch\n",
    "an expansion of port": INET + "port=%(here)s\n",
    "an expansion of username": INET + "port=127.0.0.1:9999\nusername=%(nope)s\n",
    "an expansion of file": UNIX + "file=%(nope)s\n",
    "an expansion of chmod": UNIX + "file=/tmp/x\nchmod=%(here)s\n",
    "rpcinterface without a factory": SUPERVISORD + "[rpcinterface:x]\n",
    "rpcinterface of no module": SUPERVISORD + "[rpcinterface:x]\nsupervisor.rpcinterface_factory=nosuch.mod:foo\n",
    "rpcinterface without a colon": SUPERVISORD + "[rpcinterface:x]\nsupervisor.rpcinterface_factory=nosuch\n",
    "rpcinterface of an empty name": SUPERVISORD + "[rpcinterface:x]\nsupervisor.rpcinterface_factory=\n",
    "rpcinterface with an expansion": SUPERVISORD + "[rpcinterface:x]\nsupervisor.rpcinterface_factory=%(nope)s\n",
}


@table(SERVERS)
def server(s, name, conf):
    s.refuse(name, conf)
