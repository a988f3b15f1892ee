"""Which variable is known in which key: each is put into each, and what comes of it is compared.

A key whose value cannot be seen is given one that is refused with its expanded text.
"""

from config_accepted import tell
from scenario import scenario
from side import BASE

VARIABLES = ["here", "program_name", "group_name", "host_node_name", "process_num", "numprocs", "ENV_LANG", "ENV_GLOBAL", "nope"]

PROGRAM = "[program:p]\ncommand=cat\nautostart=false\n"
FCGI = "[fcgi-program:f]\ncommand=cat\nautostart=false\n"
LISTENER = "[eventlistener:e]\ncommand=cat\nautostart=false\nevents=TICK_5\n"
# Expanded once a process, and shown.
SHOWN = ["command", "directory", "stdout_logfile", "stderr_logfile", "process_name", "serverurl"]
ONCE = (
    "priority autostart autorestart startsecs startretries stopsignal stopwaitsecs stopasgroup killasgroup exitcodes "
    "redirect_stderr numprocs numprocs_start stdout_capture_maxbytes stderr_capture_maxbytes stdout_events_enabled "
    "stderr_events_enabled user umask stdout_logfile_maxbytes stderr_logfile_maxbytes stdout_logfile_backups "
    "stderr_logfile_backups stdout_syslog stderr_syslog"
).split()

PLACES = {
    **{f"program {key}": PROGRAM + f"{key}=/tmp/%(V)s\n" for key in SHOWN if "name" not in key},
    "program process_name": PROGRAM + "process_name=x-%(V)s\n",
    "program environment": PROGRAM + 'environment=X="%(V)s"\nserverurl=set\ncommand=cat %(ENV_X)s\n',
    **{f"program {key}": PROGRAM + f"{key}=%(V)s!\n" for key in ONCE},
    "group programs": PROGRAM + "[group:g]\nprograms=%(V)s!\n",
    "group priority": PROGRAM + "[group:g]\nprograms=p\npriority=%(V)s!\n",
    "a key of a program in a group": PROGRAM + "command=cat %(V)s\n[group:g]\nprograms=p\n",
    "eventlistener events": LISTENER + "events=%(V)s!\n",
    "eventlistener buffer_size": LISTENER + "buffer_size=%(V)s!\n",
    "eventlistener result_handler": LISTENER + "result_handler=%(V)s!\n",
    "eventlistener startsecs": LISTENER + "startsecs=%(V)s!\n",
    "eventlistener priority": LISTENER + "priority=%(V)s!\n",
    "fcgi-program socket_backlog": FCGI + "socket=unix:///x\nsocket_backlog=%(V)s!\n",
    "fcgi-program socket_owner": FCGI + "socket=unix:///x\nsocket_owner=%(V)s!\n",
    "fcgi-program socket_mode": FCGI + "socket=unix:///x\nsocket_mode=%(V)s!\n",
    "fcgi-program user": FCGI + "socket=unix:///x\nuser=%(V)s!\n",
    "fcgi-program priority": FCGI + "socket=unix:///x\npriority=%(V)s!\n",
    "fcgi-program startsecs": FCGI + "socket=unix:///x\nstartsecs=%(V)s!\n",
}
DAEMON = {
    "supervisord minfds": "[supervisord]\nminfds=%(V)s!\n",
    "supervisord umask": "[supervisord]\numask=%(V)s!\n",
    "supervisord directory": "[supervisord]\ndirectory=/%(V)s!\n",
    "supervisord loglevel": "[supervisord]\nloglevel=%(V)s!\n",
    "supervisord logfile": "[supervisord]\nlogfile=/%(V)s!/x\n",
    "supervisord pidfile": "[supervisord]\npidfile=/%(V)s!/x\n",
    "supervisord childlogdir": "[supervisord]\nchildlogdir=/%(V)s!\n",
    "supervisord nodaemon": "[supervisord]\nnodaemon=%(V)s!\n",
    "supervisord user": "[supervisord]\nuser=%(V)s!\n",
}
SERVERS = {
    "unix_http_server chmod": "[unix_http_server:x]\nfile=/x\nchmod=%(V)s!\n",
    "unix_http_server chown": "[unix_http_server:x]\nfile=/x\nchown=%(V)s!\n",
    "inet_http_server port": "[inet_http_server:x]\nport=%(V)s!\n",
    "rpcinterface factory": "[rpcinterface:x]\nsupervisor.rpcinterface_factory=%(V)s!\n",
}


@scenario(weight=6)
def programs(s):
    base = BASE.replace("identifier=same", "identifier=same\nenvironment=GLOBAL=x")
    d = s.daemon(base)
    for place, text in PLACES.items():
        for variable in VARIABLES:
            # The directory's name is shown in capitals there.
            if (place, variable) != ("eventlistener events", "here"):
                tell(s, d, f"{variable} in {place}", base + text.replace("%(V)", f"%({variable})"))


def without_environment(s, places):
    """Variables that an earlier configuration has set stay set in Supervisor, so there must not have been any."""
    d = s.daemon(BASE)
    for place, text in places.items():
        for variable in VARIABLES:
            if variable != "ENV_GLOBAL":
                tell(s, d, f"{variable} in {place}", BASE + text.replace("%(V)", f"%({variable})"))


@scenario
def daemon(s):
    without_environment(s, DAEMON)


@scenario
def servers(s):
    without_environment(s, SERVERS)


@scenario
def what_stays(s):
    """What the environment of an earlier configuration defines."""
    base = BASE.replace("identifier=same", "identifier=same\nenvironment=GLOBAL=x")
    d = s.daemon(base)
    tell(s, d, "a variable that is gone", BASE + PROGRAM + "directory=/%(ENV_GLOBAL)s\n")
