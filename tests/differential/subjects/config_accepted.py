"""Configurations that are accepted: what each makes of it, as `getAllConfigInfo` tells, and what is logged.

One daemon reads them all: each is written over its file and read again.
"""

import pprint

from scenario import scenario
from side import BASE

PROGRAM = "[program:a]\ncommand=cat\nautostart=false\n"


def rows(by_key):
    """A program for every value of every key."""
    shown = lambda value: value.replace("\n", "\\n")
    return {f"{key}={shown(value)}": f"{PROGRAM}{key}={value}\n" for key, values in by_key.items() for value in values}


VALUES = rows(
    {
        "priority": ["1", "-5", " 7 ", "+3", "010", "1_000", "0"],
        "startsecs": ["0", "5", "-1"],
        "startretries": ["0", "100"],
        "stopwaitsecs": ["0", "60"],
        "numprocs": ["1", "0", "-1"],
        "autostart": ["true", "TRUE", "Yes", "on", "1", "false", "No", "oFF", "0"],
        "autorestart": ["true", "false", "unexpected", "Unexpected", "1", "off"],
        "exitcodes": ["", "0", "0,2", "1, 2 ,3", "255", "0,0", "2,0", "01"],
        "stopsignal": ["TERM", "term", "SIGTERM", "sigterm", "15", "9", "KILL", "HUP", "USR1", "0", "CLD", "IOT", "POLL", " INT ", "34", "RTMIN", "64"],
        "redirect_stderr": ["true", "false"],
        "stopasgroup": ["true", "false"],
        "killasgroup": ["true", "false"],
        "umask": ["022", "0o77", "000", "7", "777"],
        "directory": ["/", "/nonexistent", "~", "relative", "%(here)s/x"],
        "user": ["root", "0"],
        "serverurl": ["AUTO", "auto", "http://x:1", "", "unix:///x"],
        "environment": ["A=1", 'A="x,y",B=2', "A='x y'", "A=1,", 'A=""', "A = 1 , B = 2", "A=/x/y.z+w-v:(u)", "A=1\n B=2", "A=1,\n B=2", "A=1;B=2", "A=a b", "A=x!", "A=$HOME", "A=~/x", "A=1,A=2", "A=%(ENV_HOME)s", "A=%(program_name)s", "a=1", "A_1=x", 'A="%%"', "A=&", 'A="x" "y"', "A=http://h/?q=1"],
        "stdout_logfile": ["AUTO", "auto", "NONE", "none", "off", "", "/tmp/x.log", "~/x.log", "%(here)s/y.log", "x.log", "/dev/stdout", "%(program_name)s.log"],
        "stderr_logfile": ["AUTO", "NONE", "/tmp/x.log", "/dev/null"],
        "stdout_logfile_maxbytes": ["0", "1KB", "1 kb", "2MB", "1GB", "1024", "-1", "10mB"],
        "stderr_logfile_maxbytes": ["0", "1KB"],
        "stdout_logfile_backups": ["0", "3", "-1"],
        "stderr_logfile_backups": ["0", "3"],
        "stdout_capture_maxbytes": ["0", "1KB"],
        "stderr_capture_maxbytes": ["1KB"],
        "stdout_events_enabled": ["true"],
        "stderr_events_enabled": ["true"],
        "stdout_syslog": ["true"],
        "stderr_syslog": ["true"],
        "command": ["", "a", "  a  b ", "%(program_name)s", "a %%", "a %(process_num)d %(process_num)03d", "a %(numprocs)s", "a %(group_name)s", "a %(here)s", "a %(program_name)5s|%(program_name)-5s|%(program_name).0s", "a %(program_name)r", "a %(process_num)x", "a %(ENV_HOME)s", "a %(program_name)c", "a %(process_num)+d % d", "a;b", "a ;b", "a #b", "a#b", "bash -c \"a ; b\"", "a\n b\n  c", "a\n\n b", "a\n ; c\n b", "a = b : c"],
        "process_name": ["x", "%(program_name)s", "%(program_name)s_%(process_num)02d", "%(group_name)s-x", "%(ENV_LANG)s", " x "],
        "numprocs_start": ["3", "-2"],
        "unknown_key": ["1"],
        "Priority": ["5"],
        "PRIORITY": ["5"],
    }
)  # fmt: skip

TEXTS = {
    "numprocs with a number": PROGRAM + "numprocs=3\nprocess_name=%(program_name)s_%(process_num)02d\n",
    "numprocs from ten": PROGRAM + "numprocs=3\nnumprocs_start=9\nprocess_name=%(process_num)s\n",
    "a command for each": PROGRAM + "numprocs=2\nprocess_name=p%(process_num)s\ncommand=cat %(process_num)d of %(numprocs)d\n",
    "an environment for each": PROGRAM + "numprocs=2\nprocess_name=p%(process_num)s\nenvironment=N=%(process_num)d\nstdout_logfile=/tmp/%(ENV_N)s.log\n",
    "two processes of one name": PROGRAM + "[program:b]\ncommand=x\nprocess_name=a\nautostart=false\n[group:g]\nprograms=a,b\n",
    "a group": PROGRAM + "[group:g]\nprograms=a\npriority=3\n",
    "a group of two in another order": PROGRAM + "[program:b]\ncommand=cat\nautostart=false\n[group:g]\nprograms=b,a\n",
    "a program of two groups": PROGRAM + "[group:g]\nprograms=a\n[group:h]\nprograms=a\n",
    "an empty group": PROGRAM + "[group:g]\n",
    "priorities": PROGRAM + "priority=5\n[program:b]\ncommand=cat\nautostart=false\npriority=1\n",
    "the same priorities": "[program:b]\ncommand=cat\nautostart=false\n" + PROGRAM,
    "a name with a dot, a dash and a letter": "[program:a.b-c_\u00fc]\ncommand=cat\nautostart=false\n",
    "blanks around a name": "[program: a ]\ncommand=cat\nautostart=false\n",
    "DEFAULT": "[DEFAULT]\nautostart=false\npriority=4\n[program:a]\ncommand=cat\n",
    "DEFAULT behind": "[program:a]\ncommand=cat\n[DEFAULT]\nautostart=false\n",
    "the environment of all": "[supervisord]\nenvironment=B=1,A=global\n" + PROGRAM + "environment=A=own,C=%(ENV_B)s\n",
    "the environment of all, expanded": "[supervisord]\nenvironment=B=%(ENV_HOME)s\n" + PROGRAM + "command=x %(ENV_B)s\n",
    "its own environment in the command": PROGRAM + "environment=X=1\ncommand=x %(ENV_X)s\n",
    "its own environment in the directory": PROGRAM + "environment=X=/tmp\ndirectory=%(ENV_X)s\n",
    "its own environment in the log": PROGRAM + "environment=X=/tmp\nstdout_logfile=%(ENV_X)s/x.log\n",
    "a comment behind a value": PROGRAM + "priority=5 ; five\n",
    "a comment behind a value, with a number sign": PROGRAM + "priority=5 # five\n",
    "comments between": PROGRAM + "; c\n# d\n  ; e\npriority=5\n",
    "colons": "[program:a]\ncommand: cat\nautostart : false\n",
    "blanks and tabs around": "[program:a]\ncommand\t=\tcat\t\nautostart   =   false   \n",
    "an indented section": "  [program:a]\n  command=cat\n  autostart=false\n",
    "text behind a header": "[program:a] text\ncommand=cat\nautostart=false\n",
    "a bracket in a header": "[program:a]b]\ncommand=cat\nautostart=false\n",
    "a section twice": PROGRAM + "[program:b]\ncommand=cat\nautostart=false\n[program:a]\npriority=3\n",
    "a key twice": PROGRAM + "priority=3\npriority=4\n",
    "an unknown section": PROGRAM + "[unknown]\nx=1\n[x:y]\n",
    "a header without an end": PROGRAM + "[program:b\ncommand=x\n",
    "a header within another line": PROGRAM + "x [program:b]\n",
    "a ctlplugin": PROGRAM + "[ctlplugin:x]\nsupervisor.ctl_factory=nosuch:x\n",
    "another interface": PROGRAM + "[rpcinterface:other]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
    "stopasgroup implies killasgroup": PROGRAM + "stopasgroup=true\n",
    "stopasgroup and killasgroup": PROGRAM + "stopasgroup=true\nkillasgroup=true\n",
    "killasgroup alone": PROGRAM + "killasgroup=true\n",
    "redirect_stderr with a file": PROGRAM + "redirect_stderr=true\nstderr_logfile=/tmp/x.log\n",
    "logfile=syslog": PROGRAM + "stdout_logfile=syslog\nstderr_logfile=Syslog\n",
    "no sections beside": "",
    "CRLF": PROGRAM.replace("\n", "\r\n"),
    "CR": PROGRAM.replace("\n", "\r"),
    "no end of the last line": PROGRAM.rstrip("\n"),
    "a no-break space": PROGRAM + "command=\u00a0a\u00a0\n",
    "letters beyond ASCII": PROGRAM + "command=gr\u00fcn \u20ac\n",
    "a long line": PROGRAM + "command=" + "x" * 5000 + "\n",
}


def tell(s, d, name, text):
    """Reads a text and notes what came of it."""
    d.rewrite(text)
    answer = d.rpc("supervisor.reloadConfig")
    if not isinstance(answer, list):
        s.note(name, f"refused: {answer!r}")
        return
    info = d.rpc("supervisor.getAllConfigInfo")
    for process in info:
        # There in 4.4 only; `fields` compares it.
        process.pop("autorestart", None)
    s.note(name, pprint.pformat(info, width=100))


@scenario
def fields(s):
    d = s.daemon(BASE + PROGRAM)
    s.note("what is told of a process", pprint.pformat(d.rpc("supervisor.getAllConfigInfo"), width=100))


@scenario(weight=3)
def values(s):
    d = s.daemon(BASE)
    for name, text in VALUES.items():
        tell(s, d, name, BASE + text)


@scenario(weight=3)
def texts(s):
    d = s.daemon(BASE)
    for name, text in TEXTS.items():
        tell(s, d, name, BASE + text)


LISTENER = "[eventlistener:e]\ncommand=cat\nautostart=false\n"
LISTENERS = {
    "events": LISTENER + "events=TICK_5\n",
    "events in small letters": LISTENER + "events=tick_5,process_state\n",
    "every event": LISTENER + "events=EVENT\n",
    "classes": LISTENER + "events=PROCESS_STATE,PROCESS_COMMUNICATION,PROCESS_LOG,SUPERVISOR_STATE_CHANGE,TICK,PROCESS_GROUP,REMOTE_COMMUNICATION\n",
    "buffer_size": LISTENER + "events=TICK\nbuffer_size=1\n",
    "priority": LISTENER + "events=TICK\npriority=5\n",
    "numprocs": LISTENER + "events=TICK\nnumprocs=2\nprocess_name=e_%(process_num)d\n",
    "the standard handler": LISTENER + "events=TICK\nresult_handler=supervisor.dispatchers:default_handler\n",
    "redirect_stderr=false": LISTENER + "events=TICK\nredirect_stderr=false\n",
    "beside programs": PROGRAM + LISTENER + "events=TICK\n[group:g]\nprograms=a\n",
    "logs": LISTENER + "events=TICK\nstdout_logfile=/tmp/x.log\nstderr_logfile=NONE\n",
    "a trailing comma in a group": PROGRAM + LISTENER + "events=TICK_5 , TICK_60\n",
}


@scenario(weight=2)
def listeners(s):
    d = s.daemon(BASE)
    for name, text in LISTENERS.items():
        tell(s, d, name, BASE + text)
    d.rewrite(BASE + PROGRAM + LISTENER + "events=TICK\n")
    d.ctls("update", "avail", "status", "remove e", "add e")
    for line in ["priority=3", "buffer_size=7", "events=EVENT", "startsecs=9", "stdout_logfile=NONE"]:
        d.rewrite(BASE + PROGRAM + LISTENER + "events=TICK\n" + line + "\n")
        s.note(f"changed by {line}", repr(d.rpc("supervisor.reloadConfig")))


MAIN = BASE + "[include]\nfiles="
INCLUDES = {
    "one": ("i/a.conf\n", {"a.conf": PROGRAM}),
    "a pattern": ("i/*.conf\n", {"b.conf": PROGRAM.replace(":a]", ":b]"), "a.conf": PROGRAM}),
    "two words": ("i/b.conf i/a.conf\n", {"b.conf": PROGRAM + "priority=2\n", "a.conf": PROGRAM + "priority=1\n"}),
    "two lines": ("i/a.conf\n  i/b.conf\n", {"b.conf": PROGRAM + "priority=2\n", "a.conf": PROGRAM + "priority=1\n"}),
    "a merged section": ("i/a.conf\n[program:a]\nautostart=false\npriority=3\n", {"a.conf": "[program:a]\ncommand=cat\npriority=4\n"}),
    "a section that goes on": ("i/a.conf\n" + PROGRAM, {"a.conf": "[program:a]\npriority=4\n"}),
    "DEFAULT": ("i/a.conf\n" + PROGRAM, {"a.conf": "[DEFAULT]\npriority=4\n"}),
    "its own here": ("i/a.conf\n", {"a.conf": PROGRAM + "directory=%(here)s\n"}),
    "the main file's here": ("i/a.conf\n" + PROGRAM + "directory=%(here)s\n", {"a.conf": ""}),
    "here in both": ("i/a.conf\n" + PROGRAM + "directory=%(here)s\n", {"a.conf": "[program:a]\ncommand=%(here)s\n"}),
    "an include in it": ("i/a.conf\n", {"a.conf": PROGRAM + "[include]\nfiles=b.conf\n", "b.conf": PROGRAM.replace(":a]", ":b]")}),
    "a hidden file": ("i/*\n", {".a.conf": PROGRAM, "b.conf": PROGRAM.replace(":a]", ":b]")}),
    "a hidden file by its name": ("i/.*\n", {".a.conf": PROGRAM}),
    "a class": ("i/[a-b].conf\n", {"a.conf": PROGRAM, "c.conf": PROGRAM.replace(":a]", ":c]")}),
    "a class that excludes": ("i/[!a].conf\n", {"a.conf": PROGRAM, "c.conf": PROGRAM.replace(":a]", ":c]")}),
    "a question mark": ("i/?.conf\n", {"a.conf": PROGRAM, "bb.conf": PROGRAM.replace(":a]", ":b]")}),
    "a pattern for the directory": ("*/a.conf\n", {"a.conf": PROGRAM}),
    "two stars": ("**/a.conf\n", {"a.conf": PROGRAM}),
    "two stars below": ("**/*.deep\n", {"x/y/a.deep": PROGRAM, "b.deep": PROGRAM.replace(":a]", ":b]")}),
    "an environment variable": ("%(ENV_DIFFERENTIAL_SITE)s/i/a.conf\n", {"a.conf": PROGRAM}),
    "the host's name": ("i/%(host_node_name)s.conf\n" + PROGRAM, {}),
    "nothing": ("\n" + PROGRAM, {}),
    "no match": ("i/none*\n" + PROGRAM, {}),
    "the same file twice": ("i/a.conf i/a.conf\n", {"a.conf": PROGRAM}),
    "quotes": ("'i/a.conf'\n" + PROGRAM.replace(":a]", ":b]"), {"a.conf": PROGRAM}),
    "a comment": ("i/a.conf ; i/b.conf\n", {"a.conf": PROGRAM, "b.conf": PROGRAM.replace(":a]", ":b]")}),
    "a home": ("~/none.conf\n" + PROGRAM, {}),
    "dots": ("i/../i/./a.conf\n", {"a.conf": PROGRAM + "directory=%(here)s\n"}),
    "an empty file": ("i/a.conf\n" + PROGRAM.replace(":a]", ":b]"), {"a.conf": ""}),
    "capitals": ("i/A.conf\n" + PROGRAM.replace(":a]", ":b]"), {"a.conf": PROGRAM}),
    "a group of an included program": ("i/a.conf\n[group:g]\nprograms=a\n", {"a.conf": PROGRAM}),
}


@scenario(weight=2)
def includes(s):
    d = s.daemon(BASE)
    for name, (lines, files) in INCLUDES.items():
        for path, text in files.items():
            s.write(f"i/{path}", text)
        tell(s, d, name, MAIN + lines)
        for path in files:
            s.path(f"i/{path}").unlink()
